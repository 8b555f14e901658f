package tx_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A recorder is a model that remembers which groups were ended, and in what
// order with the removal of namespaces.
type recorder struct {
	*model.Net
	ended []string
}

func (r *recorder) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	results := r.Net.Apply(ctx, ops, intend)
	for i, op := range ops {
		switch op := op.(type) {
		case host.GroupAdd:
			results[i].Undo = []host.Op{host.GroupKill{ID: op.ID}}
		case host.GroupKill:
			r.ended = append(r.ended, op.ID)
		case host.NamespaceDel:
			r.ended = append(r.ended, "ns "+op.Name)
		}
	}
	return results
}

// Programs with nothing between them share a group; each savepoint and each
// operation begins another. An undo ends them where they stand.
func TestGroups(t *testing.T) {
	net := &recorder{Net: model.New(model.Options{})}
	log := tx.New(net, nil)
	group := func() string {
		t.Helper()
		id, err := log.Group(t.Context(), token.Span{})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	do := func(op host.Op) {
		t.Helper()
		if err := log.Do(t.Context(), tx.Step{Op: op}); err != nil {
			t.Fatal(err)
		}
	}
	do(host.NamespaceAdd{Name: "a"})
	zero := group()
	do(host.NamespaceAdd{Name: "c"})
	one := group()
	if one != zero {
		t.Error("a group that nothing runs in is left behind")
	}
	log.Left(one)
	do(host.NamespaceAdd{Name: "d"})
	if one == group() {
		t.Error("a group with something in it is in two places")
	}
	one = group()
	if again := group(); again != one {
		t.Errorf("%s, then %s", one, again)
	}
	mark, _ := log.Mark(t.Context())
	two := group()
	do(host.NamespaceAdd{Name: "b"})
	three := group()
	own, err := log.OwnGroup(t.Context(), tx.Step{}, "")
	if err != nil {
		t.Fatal(err)
	}
	u := log.Rollback(t.Context(), mark, nil)
	if want := []string{own, three, "ns b", two}; !slices.Equal(net.ended, want) {
		t.Errorf("ended %q, want %q", net.ended, want)
	}
	if u.Undone != 1 || len(log.Steps()) != 3 {
		t.Errorf("counts programs: %d undone, %d steps", u.Undone, len(log.Steps()))
	}
	if four := group(); slices.Contains([]string{one, two, three, own}, four) {
		t.Errorf("%s is used once more", four)
	}
	if err := log.EndPrograms(t.Context()); err != nil || !slices.Contains(net.ended, one) || slices.Contains(net.ended, "ns a") {
		t.Errorf("ended %q: %v", net.ended, err)
	}
}

// Who may keep no journal may run programs all the same: it can change nothing.
func TestGroupWithoutJournal(t *testing.T) {
	log := tx.New(&recorder{Net: model.New(model.Options{})}, nil)
	log.Open = func() (*journal.Journal, error) { return nil, os.ErrPermission }
	if id, err := log.Group(t.Context(), token.Span{}); id != "" || err != nil {
		t.Errorf("%q %v", id, err)
	}
	if _, err := log.OwnGroup(t.Context(), tx.Step{}, ""); err == nil {
		t.Error("a program in the background without a journal")
	}
}
