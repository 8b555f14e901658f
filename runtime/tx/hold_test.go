package tx

import (
	"slices"
	"strings"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/model"
)

func held(t *testing.T, x *Tx, ops ...host.Op) *Held {
	t.Helper()
	for _, op := range ops {
		if err := x.Do(t.Context(), Step{Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	h, err := x.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func spacesOf(t *testing.T, h host.Looker) string {
	t.Helper()
	names, err := h.Namespaces(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// Transactions that are held are taken back newest first, each alone, and the
// journal of each says at any moment what a recovery would do.
func TestHold(t *testing.T) {
	net := model.New(model.Options{})
	x := journalled(t, net)
	one := held(t, x, host.NamespaceAdd{Name: "a"})
	two := held(t, x, host.NamespaceAdd{Name: "b"}, host.NamespaceAdd{Name: "c"})
	if one.t.journal == two.t.journal || x.journal != nil {
		t.Fatal("they share a journal")
	}
	for h, want := range map[*Held]string{one: "a", two: "b c"} {
		if got := strings.Join(h.Spaces(), " "); got != want {
			t.Errorf("wrote to %q, want %q", got, want)
		}
		if records := journal.Peek(h.t.journal.Dir()); !journal.Held(records) {
			t.Errorf("%s is not at rest: %+v", want, records)
		}
	}
	dir := two.t.journal.Dir()
	if u := two.TakeBack(t.Context(), nil); len(u.Left) > 0 || u.Undone != 2 {
		t.Errorf("%+v", u)
	}
	if got := spacesOf(t, net); got != "a" {
		t.Errorf("there is %q", got)
	}
	if journal.Peek(dir) != nil {
		t.Error("its journal stays")
	}
	dir = one.t.journal.Dir()
	if err := one.Settle(t.Context()); err != nil {
		t.Error(err)
	}
	if journal.Peek(dir) != nil || spacesOf(t, net) != "a" {
		t.Error("settling is no end")
	}
}

// What leaves nothing is not held, and leaves no journal.
func TestHoldOfNothing(t *testing.T) {
	x := journalled(t, model.New(model.Options{}))
	if h := held(t, x); h != nil {
		t.Error("an empty transaction is held")
	}
	mark, err := x.Mark(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Do(t.Context(), Step{Op: host.NamespaceAdd{Name: "a"}}); err != nil {
		t.Fatal(err)
	}
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := x.journal.Dir()
	x.Rollback(t.Context(), mark, nil)
	if h := held(t, x); h != nil || journal.Peek(dir) != nil {
		t.Error("what was taken back is held")
	}
}

// A commit in the middle hands over what stands so far, and a failure behind
// it takes back only the rest.
func TestCommitIsHeld(t *testing.T) {
	net := model.New(model.Options{})
	x := journalled(t, net)
	var kept []*Held
	x.Held = func(h *Held) { kept = append(kept, h) }
	if err := x.Do(t.Context(), Step{Op: host.NamespaceAdd{Name: "a"}}); err != nil {
		t.Fatal(err)
	}
	if err := x.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := x.Do(t.Context(), Step{Op: host.NamespaceAdd{Name: "b"}}); err != nil {
		t.Fatal(err)
	}
	if err := x.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := x.journal.Dir()
	x.Rollback(t.Context(), 0, nil)
	if journal.Peek(dir) != nil {
		t.Error("the journal of what was taken back stays")
	}
	if got := spacesOf(t, net); got != "a" || len(kept) != 1 || x.Committed() != 1 {
		t.Fatalf("there is %q, %d held", got, len(kept))
	}
	if u := kept[0].TakeBack(t.Context(), nil); len(u.Left) > 0 || spacesOf(t, net) != "" {
		t.Errorf("%+v, there is %q", u, spacesOf(t, net))
	}
}

// The records of a dead program say which way it goes: forward when it was
// held, back when it had been reopened.
func TestResumeHeld(t *testing.T) {
	for _, c := range []struct {
		kinds []journal.Kind
		want  bool
	}{
		{nil, false},
		{[]journal.Kind{journal.Hold}, true},
		{[]journal.Kind{journal.Commit}, true},
		{[]journal.Kind{journal.Hold, journal.Reopen}, false},
		{[]journal.Kind{journal.Hold, journal.Commit}, true},
	} {
		x := journalled(t, model.New(model.Options{}))
		if err := x.Do(t.Context(), Step{Op: host.NamespaceAdd{Name: "a"}}); err != nil {
			t.Fatal(err)
		}
		j := x.journal
		for _, k := range c.kinds {
			if err := j.Write(journal.Record{Kind: k}); err != nil {
				t.Fatal(err)
			}
		}
		records := journal.Peek(j.Dir())
		if _, committed := Resume(model.New(model.Options{}), j, records); committed != c.want {
			t.Errorf("%v: committed %t", c.kinds, committed)
		}
		rest := len(c.kinds) > 0 && c.kinds[len(c.kinds)-1] == journal.Hold
		if journal.Held(records) != rest {
			t.Errorf("%v: at rest %t", c.kinds, !rest)
		}
		if !slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Intend }) {
			t.Error("no operation was written down")
		}
	}
}
