package rollback

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// described says in lines what there is in a network.
func described(t testing.TB, net *model.Net) []string {
	t.Helper()
	names, err := net.Namespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, ns := range append(names, host.Start) {
		st, err := twin{net}.State(t.Context(), ns)
		if err != nil {
			t.Fatal(ns, err)
		}
		// Links and their addresses are told in the order in which they came.
		slices.SortFunc(st.Links, func(a, b host.Link) int { return cmp.Compare(a.Name, b.Name) })
		slices.SortStableFunc(st.Addrs, func(a, b host.Addr) int { return cmp.Compare(a.Link, b.Link) })
		for i := range st.Links {
			st.Links[i].Index = 0 // it may not be free any more when a link comes back
		}
		for what, things := range map[string]any{"link": st.Links, "address": st.Addrs, "route": st.Routes, "rule": st.Rules, "neighbour": st.Neighs} {
			list := reflect.ValueOf(things)
			for i := range list.Len() {
				text, err := json.Marshal(list.Index(i).Interface())
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, fmt.Sprintf("%s %s %d: %s", ns, what, i, text))
			}
		}
	}
	slices.Sort(out)
	return out
}

// A fault is a host on which one operation of many fails, as the kernel refuses
// what the model has no rule for.
type fault struct {
	*model.Net
	left int // operations until then, those that take back left out: signals do not stop them
}

func (f *fault) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	if ctx.Done() == nil || f.left == 0 || f.left > len(ops) {
		if ctx.Done() != nil {
			f.left = max(0, f.left-len(ops))
		}
		return f.Net.Apply(ctx, ops, intend)
	}
	n := f.left - 1
	f.left = 0
	results := append(f.Net.Apply(ctx, ops[:n], intend), host.Result{Err: &host.Error{What: "no more"}})
	for range ops[n+1:] {
		results = append(results, host.Result{Skipped: true})
	}
	return results
}

// What a script does to the model is taken back there as exactly, wherever it
// fails: a rehearsal goes on behind a `try` with what that leaves. Which programs,
// and how many, is as with TestRollbackOfRandomPrograms, which sets the flags of
// rapid too: so this one is not parallel.
func TestModelRollbackOfRandomPrograms(t *testing.T) {
	n := times(t, "VNET_TEST_PROGRAMS", 0)
	if n == 0 {
		n = 300
		_ = flag.Set("rapid.seed", "1")
	}
	if err := flag.Set("rapid.checks", fmt.Sprint(n)); err != nil {
		t.Fatal(err)
	}
	_ = flag.Set("rapid.nofailfile", "true")
	w := newTwin(t)
	rapid.Check(t, func(rt *rapid.T) {
		text := (&scribe{T: rt, twin: w, templates: templates}).program()
		net := newTwin(t)
		before := described(t, net.Net)
		f := &fault{net.Net, rapid.IntRange(0, 12).Draw(rt, "fault")}
		x := tx.New(f, nil)
		_ = carryOut(t.Context(), text+"fail \"the end\"\n", eval.Config{Host: f, Tx: x, Net: net.Net, Rehearse: rapid.Bool().Draw(rt, "rehearse")})
		undo := x.Rollback(context.WithoutCancel(t.Context()), 0, nil)
		after := described(t, net.Net)
		if !slices.Equal(before, after) || len(undo.Left) > 0 {
			rt.Fatalf("%s\nleaves\n%s\nof\n%s\n%v", text, strings.Join(without(after, before), "\n"), strings.Join(without(before, after), "\n"), undo.Left)
		}
	})
}

// without returns the lines of a that b has not.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(l string) bool { return slices.Contains(b, l) })
}
