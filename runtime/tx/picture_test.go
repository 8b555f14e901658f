package tx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/model"
)

// A darkroom is a host that notes which namespaces are saved, and which
// operations it is asked to restore them after.
type darkroom struct {
	host.Host
	saved    []string
	restored map[string][]host.Op
	without  map[string][]string // interfaces that the last picture was seen without
	closeups map[string]string   // with the last picture
	residue  []string
	verdict  host.Verdict
	judged   int
	theirs   host.Op // an undo that would overwrite what somebody else did
}

func (d *darkroom) Save(_ context.Context, ns string) ([]byte, error) {
	d.saved = append(d.saved, ns)
	return []byte(ns), nil
}

// Closeup tells of what, and after how many pictures.
func (d *darkroom) Closeup(_ context.Context, ns string, op host.Op, fresh func(what, link string) bool) ([]json.RawMessage, error) {
	set, ok := op.(host.LinkSet)
	if !ok || !fresh(set.Name, set.Name) {
		return nil, nil
	}
	return []json.RawMessage{json.RawMessage(fmt.Sprintf(`"%s %d"`, set.Name, len(d.saved)))}, nil
}

func (d *darkroom) Judge(context.Context, string, host.Picture, []host.Op) (host.Verdict, error) {
	d.judged++
	return d.verdict, nil
}

func (d *darkroom) Spare(_ string, _ host.Verdict, op host.Op) host.Op {
	if op == d.theirs {
		return nil
	}
	return op
}

func (d *darkroom) Restore(_ context.Context, ns string, picture host.Picture, v host.Verdict, ops []host.Op) ([]string, error) {
	if string(picture.Data) != ns {
		panic("the picture of another namespace")
	}
	if d.restored == nil {
		d.restored, d.without, d.closeups = map[string][]host.Op{}, map[string][]string{}, map[string]string{}
	}
	d.restored[ns], d.without[ns] = ops, picture.Without
	d.closeups[ns] = fmt.Sprintf("%s", picture.Closeups)
	return d.residue, nil
}

func journalled(t *testing.T, h host.Host) *Tx {
	store, err := journal.Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	x := New(h, nil)
	x.Open = func() (*journal.Journal, error) { return store.Create(store.NewDir(), "lab.vnet") }
	return x
}

// old is a network with a namespace that was there before.
func old(t *testing.T) *darkroom {
	net := model.New(model.Options{})
	for _, op := range []host.Op{
		host.NamespaceAdd{Name: "old"},
		host.LinkAdd{Link: host.Link{NS: "old", Name: "br0", Kind: "bridge", Up: true, Bridge: &host.Bridge{}}},
		host.LinkAdd{Link: host.Link{NS: "old", Name: "i0", Kind: "ifb", Up: true}},
	} {
		if err := net.Apply(t.Context(), []host.Op{op}, nil)[0].Err; err != nil {
			t.Fatal(err)
		}
	}
	return &darkroom{Host: net}
}

func cable(ns, name, master string) host.LinkAdd {
	return host.LinkAdd{Link: host.Link{NS: ns, Name: name, Kind: "veth", Master: master, Up: true},
		Peer: &host.Link{NS: "new", Name: name, Kind: "veth", Up: true}}
}

func TestPicturesOnlyOfWhatIsDisturbed(t *testing.T) {
	addr := host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "new", Link: "e0", Prefix: netip.MustParsePrefix("10.0.0.1/24")}}
	onCable := host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "old", Link: "e0", Prefix: netip.MustParsePrefix("10.0.0.2/24")}}
	onOld := host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "old", Link: "i0", Prefix: netip.MustParsePrefix("10.1.0.1/24")}}
	mtu := 1400
	for _, c := range []struct {
		name string
		ops  []host.Op
		want []string
	}{
		{"only new things", []host.Op{host.NamespaceAdd{Name: "new"}, cable("old", "e0", ""), addr, onCable}, nil},
		{"a port of an old bridge", []host.Op{host.NamespaceAdd{Name: "new"}, cable("old", "e0", "br0")}, []string{"old"}},
		{"an address on an old link", []host.Op{onOld}, []string{"old"}},
		{"an old link", []host.Op{host.LinkSet{NS: "old", Name: "i0", MTU: &mtu}}, []string{"old"}},
		{"a parameter", []host.Op{host.SysctlSet{NS: "old", Key: "net.ipv4.ip_forward", Value: "1"}}, []string{"old"}},
		{"in a new namespace", []host.Op{host.NamespaceAdd{Name: "new"},
			host.SysctlSet{NS: "new", Key: "net.ipv4.ip_forward", Value: "1"}}, nil},
		{"once", []host.Op{onOld, host.LinkSet{NS: "old", Name: "i0", MTU: &mtu}}, []string{"old"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := old(t)
			x := journalled(t, d)
			for _, op := range c.ops {
				if err := x.Do(t.Context(), Step{Op: op}); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(d.saved, c.want) {
				t.Errorf("saved %v, want %v", d.saved, c.want)
			}
			x.Rollback(t.Context(), 0, nil)
			if len(c.want) > 0 && len(d.restored["old"]) == 0 || len(c.want) == 0 && d.restored != nil {
				t.Errorf("restored after %v", d.restored)
			}
		})
	}
}

// A cabled host tells of an operation on i0 that it reaches another namespace.
type cabled struct {
	*darkroom
	far host.End
}

func (c cabled) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	return c.Host.Apply(ctx, ops, func(list []host.Intention) error {
		for i, in := range list {
			if set, ok := ops[in.At].(host.LinkSet); ok && set.Down {
				list[i].Undo = append(in.Undo, host.LinkExhume{Dark: []host.Tomb{{NS: c.far.NS, Name: c.far.Name}}})
			}
		}
		return intend(list)
	})
}

// Of a namespace that an operation reaches into there is a picture as well, if
// what it reaches was there before; it shows what the queue has made there up to
// then.
func TestPicturesAlong(t *testing.T) {
	addr := host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "far", Link: "e0", Prefix: netip.MustParsePrefix("10.0.0.2/24")}}
	down := host.LinkSet{NS: "old", Name: "i0", Down: true}
	name := "f0"
	for _, c := range []struct {
		name    string
		ops     []host.Op
		far     host.End
		want    []string
		without []string
	}{
		{"an old end", []host.Op{down}, host.End{NS: "far", Name: "i1"}, []string{"old", "far"}, nil},
		{"one without a name", []host.Op{down}, host.End{Name: "i1"}, []string{"old"}, nil},
		{"a new end", []host.Op{host.NamespaceAdd{Name: "new"}, cable("far", "e0", ""), down}, host.End{NS: "far", Name: "e0"}, []string{"old"}, nil},
		{"one that is renamed later", []host.Op{host.NamespaceAdd{Name: "new"}, cable("far", "e0", ""), down, host.LinkSet{NS: "far", Name: "e0", NewName: &name}},
			host.End{NS: "far", Name: "e0"}, []string{"old"}, nil},
		{"beside a new one", []host.Op{host.NamespaceAdd{Name: "new"}, cable("far", "e0", ""), addr, down, cable("far", "e1", "")},
			host.End{NS: "far", Name: "i1"}, []string{"old", "far"}, []string{"e0"}},
		{"in one made anew behind it", []host.Op{down, host.NamespaceDel{Name: "far"}, host.NamespaceAdd{Name: "far"}}, host.End{NS: "far", Name: "i1"}, []string{"old", "far"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := old(t)
			for _, op := range []host.Op{host.NamespaceAdd{Name: "far"}, host.LinkAdd{Link: host.Link{NS: "far", Name: "i1", Kind: "ifb"}}} {
				if err := d.Apply(t.Context(), []host.Op{op}, nil)[0].Err; err != nil {
					t.Fatal(err)
				}
			}
			x := journalled(t, cabled{d, c.far})
			x.Limit = 100 // all of them are one queue
			for _, op := range c.ops {
				if err := x.Do(t.Context(), Step{Op: op}); err != nil {
					t.Fatal(err)
				}
			}
			if err := x.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(d.saved, c.want) {
				t.Errorf("saved %v, want %v", d.saved, c.want)
			}
			x.Rollback(t.Context(), 0, nil)
			if is := len(d.restored["far"]) > 0; is != slices.Contains(c.want, "far") || !slices.Equal(d.without["far"], c.without) {
				t.Errorf("restored after %v, without %v", d.restored, d.without)
			}
		})
	}
}

func TestDifferenceIsLeft(t *testing.T) {
	d := old(t)
	d.residue = []string{"address 10.1.0.1/24 of i0 is gone"}
	x := journalled(t, d)
	if err := x.Do(t.Context(), Step{Op: host.SysctlSet{NS: "old", Key: "net.ipv4.ip_forward", Value: "1"}}); err != nil {
		t.Fatal(err)
	}
	u := x.Rollback(t.Context(), 0, nil)
	if len(u.Left) != 1 || u.Left[0].Error() != "old: address 10.1.0.1/24 of i0 is gone" {
		t.Errorf("left: %v", u.Left)
	}
}

// What a dead program saved is restored by whoever takes over.
func TestPictureSurvivesItsProgram(t *testing.T) {
	d := old(t)
	x := journalled(t, d)
	mtu := 1400
	for _, op := range []host.Op{host.SysctlSet{NS: "old", Key: "net.ipv4.ip_forward", Value: "1"}, host.LinkSet{NS: "old", Name: "i0", MTU: &mtu}} {
		if err := x.Do(t.Context(), Step{Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	dir := x.journal.Dir()
	x.journal.Close()
	j, records, err := journal.Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	heir, committed := Resume(d, j, records)
	if committed {
		t.Error("committed?")
	}
	if u := heir.Rollback(t.Context(), 0, nil); u.Undone != 2 || len(u.Left) > 0 {
		t.Errorf("undone %d, left %v", u.Undone, u.Left)
	}
	if len(d.restored["old"]) != 2 || d.closeups["old"] != `["i0 1"]` {
		t.Errorf("restored after %v with %v", d.restored, d.closeups)
	}
}

// What somebody else has done meanwhile is told, and spared by the undo; all is
// over then, and nothing is left for a recovery. One that takes over in the
// middle goes by what was found at first.
func TestForeignIsSpared(t *testing.T) {
	d := old(t)
	d.verdict = host.Verdict{Lines: []string{"sysctl ipv4/ip_forward: 2"}, Data: []byte(`{}`)}
	x := journalled(t, d)
	mtu := 1400
	for _, op := range []host.Op{host.SysctlSet{NS: "old", Key: "net.ipv4.ip_forward", Value: "1"}, host.LinkSet{NS: "old", Name: "i0", MTU: &mtu}} {
		if err := x.Do(t.Context(), Step{Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	d.theirs = x.log[0].undo[0]
	dir := x.journal.Dir()
	u := x.Rollback(t.Context(), 0, nil)
	if len(u.Left) != 1 || u.Left[0].Error() != "old: changed by someone else, left as it is: sysctl ipv4/ip_forward: 2" {
		t.Errorf("left: %v", u.Left)
	}
	if state, _ := d.State(t.Context(), "old"); state.Links[2].MTU == mtu {
		t.Error("what nobody else changed was spared too")
	}
	if value, _ := d.Sysctl(t.Context(), "old", "net.ipv4.ip_forward"); value != "1" {
		t.Errorf("what somebody else changed is %q", value)
	}
	if _, _, err := journal.Take(dir); err == nil {
		t.Error("a recovery is to do it again")
	}

	x = journalled(t, d)
	if err := x.Do(t.Context(), Step{Op: host.SysctlSet{NS: "old", Key: "net.ipv4.ip_forward", Value: "1"}}); err != nil {
		t.Fatal(err)
	}
	r := &retreat{t: x, ctx: t.Context()}
	r.begin(0)
	r.judge()
	dir = x.journal.Dir()
	x.journal.Close() // it dies while it rolls back
	d.judged = 0
	j, records, err := journal.Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	heir, _ := Resume(d, j, records)
	if u := heir.Rollback(t.Context(), 0, nil); len(u.Left) != 1 || d.judged != 0 {
		t.Errorf("left %v, judged %d times", u.Left, d.judged)
	}
}

// What was made before a commit is old behind it.
func TestPicturesBehindCommit(t *testing.T) {
	d := old(t)
	x := journalled(t, d)
	forward := Step{Op: host.SysctlSet{NS: "new", Key: "net.ipv4.ip_forward", Value: "1"}}
	for _, do := range []func() error{
		func() error { return x.Do(t.Context(), Step{Op: host.NamespaceAdd{Name: "new"}}) },
		func() error { return x.Do(t.Context(), forward) },
		func() error { return x.Commit(t.Context()) },
		func() error { return x.Do(t.Context(), forward) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(d.saved, []string{"new"}) {
		t.Errorf("saved %v", d.saved)
	}
}

// Behind a commit a transaction begins anew, with pictures and a journal of
// its own; its rollback ends both.
func TestRollbackBehindCommit(t *testing.T) {
	d := old(t)
	x := journalled(t, d)
	forward := Step{Op: host.SysctlSet{NS: "old", Key: "net.ipv4.ip_forward", Value: "1"}}
	for _, do := range []func() error{
		func() error { return x.Do(t.Context(), forward) },
		func() error { return x.Commit(t.Context()) },
		func() error { return x.Do(t.Context(), forward) },
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	dir := x.journal.Dir()
	if u := x.Rollback(t.Context(), 0, nil); u.Undone != 1 || len(u.Left) > 0 {
		t.Errorf("undone: %+v", u)
	}
	if len(d.restored["old"]) != 1 {
		t.Errorf("restored after %v", d.restored)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("the journal is still there")
	}
}

// A rollback to a mark goes by a picture taken behind it, that shows what the
// transaction had made by then, and knows only of what was done since. Pictures
// that no mark needs are dropped. Of what is touched there is one closeup behind
// each mark.
func TestPicturesOfMarks(t *testing.T) {
	d := old(t)
	x := journalled(t, d)
	do := func(ops ...host.Op) {
		t.Helper()
		for _, op := range ops {
			if err := x.Do(t.Context(), Step{Op: op}); err != nil {
				t.Fatal(err)
			}
		}
	}
	mark := func() Mark {
		t.Helper()
		m, err := x.Mark(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	files := func(want ...string) {
		t.Helper()
		found, _ := filepath.Glob(filepath.Join(x.journal.Dir(), "image-*"))
		for i := range found {
			found[i] = filepath.Base(found[i])
		}
		if !slices.Equal(found, want) {
			t.Errorf("keeps %v, want %v", found, want)
		}
	}
	mtu, less, least := 1400, 1300, 1290
	set := func(name string, mtu *int) host.Op { return host.LinkSet{NS: "old", Name: name, MTU: mtu} }
	do(host.NamespaceAdd{Name: "new"}, cable("old", "e0", ""), set("e0", &mtu))
	one := mark()
	files()
	do(host.LinkAdd{Link: host.Link{NS: "old", Name: "i1", Kind: "ifb"}}, set("i1", &mtu))
	two := mark()
	files()
	do(set("i1", &less)) // made by the transaction, but there at the second mark
	files("image-0")
	three := mark()
	do(set("i0", &mtu))
	files("image-0", "image-1")
	do(set("i0", &less), host.SysctlSet{NS: "new", Key: "net.ipv4.ip_forward", Value: "1"})
	files("image-0", "image-1")

	u := x.Rollback(t.Context(), three, nil)
	if len(u.Left) > 0 || len(d.restored["old"]) != 2 || !slices.Equal(d.without["old"], nil) {
		t.Errorf("to the third: left %v, after %v without %v", u.Left, d.restored, d.without)
	}
	closeups := func(want string) {
		t.Helper()
		if is := d.closeups["old"]; is != want {
			t.Errorf("closeups %s, want %s", is, want)
		}
	}
	closeups(`["i0 2"]`)
	x.Release(three)
	files("image-0")
	do(set("i0", &least))
	if len(d.saved) != 2 {
		t.Errorf("saved %v", d.saved)
	}
	x.Rollback(t.Context(), two, nil)
	if len(d.restored["old"]) != 4 || !slices.Equal(d.without["old"], nil) {
		t.Errorf("to the second: after %v without %v", d.restored, d.without)
	}
	closeups(`["i1 1" "i0 2"]`)
	x.Rollback(t.Context(), one, nil)
	if !slices.Equal(d.without["old"], []string{"i1"}) {
		t.Errorf("to the first: without %v", d.without)
	}
	x.Rollback(t.Context(), 0, nil)
	if !slices.Equal(d.without["old"], []string{"e0", "i1"}) {
		t.Errorf("of all: without %v", d.without)
	}
	closeups(`["i1 1" "i0 2"]`)
	if state, _ := d.State(t.Context(), "old"); len(state.Links) != 3 || state.Links[2].MTU != 1500 {
		t.Errorf("left: %+v", state.Links)
	}
}

// What somebody else did since a mark stays; what was done before it is nobody
// else's. A recovery of all goes by the first picture and judges anew.
func TestForeignSinceMark(t *testing.T) {
	d := old(t)
	x := journalled(t, d)
	mtu, less := 1400, 1300
	for _, op := range []host.Op{host.LinkSet{NS: "old", Name: "i0", MTU: &mtu}, nil, host.LinkSet{NS: "old", Name: "i0", MTU: &less}} {
		if op == nil {
			if _, err := x.Mark(t.Context()); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := x.Do(t.Context(), Step{Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.verdict = host.Verdict{Lines: []string{"link i0 mtu: 1290"}, Data: []byte(`{}`)}
	d.theirs = x.log[1].undo[0]
	u := x.Rollback(t.Context(), 1, nil)
	if len(u.Left) != 1 || !u.Clean() || len(d.restored["old"]) != 1 {
		t.Errorf("left %v, restored after %v", u.Left, d.restored)
	}
	if state, _ := d.State(t.Context(), "old"); state.Links[2].MTU != less {
		t.Error("what somebody else changed was taken back")
	}
	dir := x.journal.Dir()
	x.journal.Close()
	j, records, err := journal.Take(dir)
	if err != nil {
		t.Fatal(err)
	}
	d.judged, d.verdict, d.theirs = 0, host.Verdict{}, nil
	heir, _ := Resume(d, j, records)
	if u := heir.Rollback(t.Context(), 0, nil); len(u.Left) > 0 || d.judged != 1 || len(d.restored["old"]) != 2 {
		t.Errorf("left %v, judged %d times, restored after %v", u.Left, d.judged, d.restored)
	}
	if len(heir.past.plates) > 0 {
		t.Error("something is kept")
	}
}
