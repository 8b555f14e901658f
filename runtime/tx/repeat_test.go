package tx_test

import (
	"context"
	"fmt"
	"reflect"
	"syscall"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A refusing host is a network that refuses one operation.
type refusing struct {
	*model.Net
	at int // counted from 0; less: none
}

func (r *refusing) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	if r.at < 0 || r.at >= len(ops) {
		return r.Net.Apply(ctx, ops, intend)
	}
	results := append(r.Net.Apply(ctx, ops[:r.at], intend), host.Result{Err: syscall.ENOBUFS})
	for range ops[r.at+1:] {
		results = append(results, host.Result{Skipped: true})
	}
	return results
}

func states(t *testing.T, net *model.Net) map[string]*host.State {
	t.Helper()
	all := map[string]*host.State{}
	names, err := net.Namespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ns := range names {
		if all[ns], err = net.State(t.Context(), ns); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// What is repeated is on the host what it is on the mirror, wherever it is
// refused, and a rollback leaves nothing on either.
func TestRepeat(t *testing.T) {
	ops := []host.Op{
		host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"}, cable("a", "x", "b", "y"),
		host.LinkAdd{Link: host.Link{NS: "b", Name: "br0", Kind: "bridge", Up: true}},
		host.LinkSet{NS: "b", Name: "y", Master: ptr("br0")}, host.LinkMove{NS: "a", Name: "x", To: "b"},
		host.LinkSet{NS: "b", Name: "x", NewName: ptr("z"), MTU: ptr(1400)},
	}
	for refused := -1; refused < len(ops); refused++ {
		t.Run(fmt.Sprint(refused), func(t *testing.T) {
			mirror := model.New(model.Options{})
			rehearsed := tx.New(mirror, nil)
			for _, op := range ops {
				if err := rehearsed.Do(t.Context(), tx.Step{Op: op}); err != nil {
					t.Fatal(err)
				}
			}
			h := &refusing{model.New(model.Options{}), refused}
			run := tx.New(h, mirror)
			var traced []host.Op
			run.Trace = func(s tx.Step) { traced = append(traced, s.Op) }
			var claimed [][]string
			run.Claim = func(_ context.Context, spaces []string) error {
				claimed = append(claimed, spaces)
				return nil
			}
			err := run.Repeat(t.Context(), rehearsed)
			if (err == nil) != (refused < 0) {
				t.Fatalf("error %v", err)
			}
			if step, ok := err.(*tx.StepError); err != nil && (!ok || !reflect.DeepEqual(step.Step.Op, ops[refused])) {
				t.Errorf("%v is laid to another operation", err)
			}
			if !reflect.DeepEqual(traced, ops) || !reflect.DeepEqual(claimed, [][]string{{"a", "b"}}) {
				t.Errorf("traced %v, claimed %v", traced, claimed)
			}
			if got, want := states(t, mirror), states(t, h.Net); !reflect.DeepEqual(got, want) {
				t.Errorf("the mirror has\n%v\nthe host\n%v", got, want)
			}
			h.at = -1
			for _, err := range run.Rollback(t.Context(), 0, nil).Left {
				t.Error(err)
			}
			for name, net := range map[string]*model.Net{"host": h.Net, "mirror": mirror} {
				if left := states(t, net); len(left) > 0 {
					t.Errorf("on the %s there is left %v", name, left)
				}
			}
		})
	}
}

func TestRepeatIsRefusedItsNamespaces(t *testing.T) {
	mirror := model.New(model.Options{})
	rehearsed := tx.New(mirror, nil)
	if err := rehearsed.Do(t.Context(), tx.Step{Op: host.NamespaceAdd{Name: "a"}}); err != nil {
		t.Fatal(err)
	}
	net := model.New(model.Options{})
	run := tx.New(net, mirror)
	run.Claim = func(context.Context, []string) error { return syscall.EBUSY }
	if err := run.Repeat(t.Context(), rehearsed); err != syscall.EBUSY {
		t.Errorf("error %v", err)
	}
	if left := states(t, net); len(left) > 0 {
		t.Errorf("done nevertheless: %v", left)
	}
}
