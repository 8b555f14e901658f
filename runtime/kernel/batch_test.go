package kernel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// TestNamesInTheMidst: a namespace is made without what waits being sent; when
// that is refused the namespace goes, and one that is refused leaves what was
// queued before it.
func TestNamesInTheMidst(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	results := h.Apply(context.Background(), []host.Op{
		veth("kt-a:x", "kt-b:x"), veth("kt-a:x", "kt-b:y"), host.NamespaceAdd{Name: "kt-late"}, veth("kt-late:z", "kt-a:z")}, nil)
	if results[0].Err != nil || !errors.Is(results[1].Err, unix.EEXIST) || !results[2].Skipped || !results[3].Skipped {
		t.Errorf("%+v", results)
	}
	if there, err := h.Exists(context.Background(), "kt-late"); there || err != nil {
		t.Errorf("kt-late is there: %v %v", there, err)
	}
	results = h.Apply(context.Background(), []host.Op{
		host.NamespaceAdd{Name: "kt-late"}, veth("kt-late:z", "kt-a:z"), host.NamespaceAdd{Name: "kt-a"}, host.NamespaceAdd{Name: "kt-never"}}, nil)
	t.Cleanup(func() { apply(t, h, slices.Concat(results[1].Undo, results[0].Undo)...) })
	if results[1].Err != nil || !errors.Is(results[2].Err, unix.EEXIST) || !results[3].Skipped {
		t.Errorf("%+v", results)
	}
	for _, ns := range []string{"kt-a", "kt-late"} {
		if got := linkList(t, h, ns); got != "lo x z" && got != "lo z" {
			t.Errorf("%s: %s", ns, got)
		}
	}
	if there, err := h.Exists(context.Background(), "kt-never"); there || err != nil {
		t.Errorf("kt-never is there: %v %v", there, err)
	}
}

// TestExpected: namespaces that were made before they were asked for are as
// others, and those that nobody asks for leave nothing.
func TestExpected(t *testing.T) {
	h := open(t)
	h.Expect(3)
	results := h.Apply(context.Background(), []host.Op{host.NamespaceAdd{Name: "kt-a"}, veth("kt-a:x", "kt-a:y")}, nil)
	t.Cleanup(func() { apply(t, h, results[0].Undo...) })
	if results[0].Err != nil || results[1].Err != nil {
		t.Fatalf("%+v", results)
	}
	if up, err := h.spaces["kt-a"].link("lo"); err != nil || up.flags&unix.IFF_UP == 0 {
		t.Errorf("lo: %+v %v", up, err)
	}
	if h.nursery == nil {
		t.Error("the others are not waiting")
	}
	h.Rest()
	if h.nursery != nil {
		t.Error("the others wait on")
	}
}

// TestOwnIndexes: also in a namespace of others indexes are chosen, so that
// cables there go out together; one that another has taken meanwhile is no
// trouble, nor is a bridge that another has made.
func TestOwnIndexes(t *testing.T) {
	const many = 6
	other, h := open(t), open(t)
	spaces(t, other, "kt-a")
	for i := range many {
		spaces(t, h, fmt.Sprint("kt-b", i))
	}
	apply(t, other, host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "br0", Kind: "bridge", Up: true}})
	last := 0
	for _, round := range []struct {
		name  string
		taken bool // by another, since h has looked
		sends int  // that this may take
	}{{"free", false, many + 8}, {"taken", true, 9 * many}} {
		if round.taken {
			if out, exit := run(t, other, "kt-a", "ip", "link", "add", "x", "index", fmt.Sprint(last+2), "type", "ifb"); exit.Status != 0 {
				t.Fatal(out)
			}
		}
		var ops []host.Op
		for i := range many {
			op := veth(fmt.Sprintf("kt-a:%s%d", round.name, i), fmt.Sprintf("kt-b%d:%s", i, round.name))
			op.Link.Master = "br0"
			ops = append(ops, op)
		}
		sends := 0
		Failpoint = func(string) { sends++ }
		results := apply(t, h, ops...)
		Failpoint = nil
		if sends > round.sends {
			t.Errorf("%s: %d sends", round.name, sends)
		}
		s, err := h.State(t.Context(), "kt-a")
		if err != nil {
			t.Fatal(err)
		}
		at := map[int]string{}
		for _, l := range s.Links {
			at[l.Index] = l.Name
		}
		for i, r := range results {
			del := r.Undo[0].(host.LinkDel)
			if last = max(last, del.Index); at[del.Index] != del.Name || del.NS != "kt-a" {
				t.Errorf("%s %d: undo %+v, there is %q", round.name, i, del, at[del.Index])
			}
		}
		for _, r := range results {
			apply(t, h, r.Undo...)
		}
	}
}

// TestSettingsTogether: parameters that are written together are read before,
// each interface's own included, and what stands behind a refusal is not done.
func TestSettingsTogether(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	const four, six, one = "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.lo.forwarding"
	set := func(ns, key, value string) host.Op { return host.SysctlSet{NS: ns, Key: key, Value: value} }
	apply(t, h, set("kt-b", one, "1"))
	ops := []host.Op{set("kt-a", four, "1"), set("kt-a", six, "1"), set("kt-b", four, "1"), set("kt-b", one, "0"),
		set("kt-b", four, "nonsense"), set("kt-a", four, "0")}
	told := map[int]int{}
	results := h.Apply(context.Background(), ops, func(list []host.Intention) error {
		for _, in := range list {
			told[in.At] = len(in.Undo)
		}
		return nil
	})
	want := [][]host.Op{{set("kt-a", four, "0")}, {set("kt-a", six, "0")},
		{set("kt-b", four, "0"), set("kt-b", "net/ipv4/conf/lo/forwarding", "1")}, {set("kt-b", one, "1")}}
	for i, r := range results {
		if i < len(want) && (r.Err != nil || !slices.Equal(r.Undo, want[i]) || told[i] != len(r.Undo)) {
			t.Errorf("%s: %+v, told of %d", ops[i], r, told[i])
		}
	}
	if !errors.Is(results[4].Err, unix.EINVAL) || !results[5].Skipped {
		t.Errorf("%+v", results[4:])
	}
	value := func(ns, key string) string {
		v, err := h.Sysctl(context.Background(), ns, key)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	if got := value("kt-a", four) + value("kt-a", six) + value("kt-b", four) + value("kt-b", one); got != "1110" {
		t.Errorf("they are %s", got)
	}
	for i := range slices.Backward(want) {
		apply(t, h, results[i].Undo...)
	}
	if got := value("kt-a", four) + value("kt-a", six) + value("kt-b", four) + value("kt-b", one); got != "0001" {
		t.Errorf("they are %s again", got)
	}
}

// TestFlushEnds: a flush that takes many sends stops between two when ctx ends:
// what stands is the first operations, whole.
func TestFlushEnds(t *testing.T) {
	h := open(t)
	names := []string{"kt-a", "kt-b", "kt-c"}
	spaces(t, h, names...)
	ctx, cancel := context.WithCancelCause(context.Background())
	over := errors.New("the time is over")
	sends := 0
	Failpoint = func(string) {
		if sends++; sends == 2 {
			cancel(over)
		}
	}
	defer func() { Failpoint = nil }()
	results := h.Apply(ctx, []host.Op{
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "b1", Kind: "bridge"}}, host.LinkAdd{Link: host.Link{NS: "kt-b", Name: "b2", Kind: "bridge"}},
		host.LinkAdd{Link: host.Link{NS: "kt-c", Name: "b3", Kind: "bridge"}}, host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "b4", Kind: "bridge"}}}, nil)
	for i, r := range results {
		if r.Err != nil || r.Skipped != (i >= 2) {
			t.Errorf("%d: %+v", i, r)
		}
	}
	for i, want := range []string{"b1 lo", "b2 lo", "lo"} {
		if got := linkList(t, h, names[i]); got != want {
			t.Errorf("%s has %s, not %s", names[i], got, want)
		}
	}
}
