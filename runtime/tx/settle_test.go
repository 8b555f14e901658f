package tx

import (
	"context"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A graveyard buries what is deleted, and refuses to remove some of it for
// good. What is done after a refusal is skipped, as on any host.
type graveyard struct {
	host.Host
	refused []string
	purged  []string
}

func (g *graveyard) Apply(_ context.Context, ops []host.Op, intend host.Intend) []host.Result {
	results := make([]host.Result, len(ops))
	failed := false
	for i, op := range ops {
		if failed {
			results[i].Skipped = true
			continue
		}
		switch op := op.(type) {
		case host.NamespaceDel:
			results[i].Final = []host.Op{host.NamespacePurge{Name: op.Name}}
			if err := intend([]host.Intention{{At: i, Undo: results[i].Undo, Final: results[i].Final}}); err != nil {
				results[i].Err = err
			}
		case host.NamespacePurge:
			if failed = slices.Contains(g.refused, op.Name); failed {
				results[i].Err = unix.EBUSY
				continue
			}
			g.purged = append(g.purged, op.Name)
		}
	}
	return results
}

// One thing that cannot be removed does not keep the others from it; all that
// could not be is told, and tried again by a recovery.
func TestSettleEach(t *testing.T) {
	g := &graveyard{refused: []string{"b", "d"}}
	x := journalled(t, g)
	for _, ns := range []string{"a", "b", "c", "d", "e"} {
		if err := x.Do(t.Context(), Step{Op: host.NamespaceDel{Name: ns}}); err != nil {
			t.Fatal(err)
		}
	}
	dir := x.journal.Dir()
	if err := x.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.purged, []string{"a", "c", "e"}) || len(x.Late()) != 2 {
		t.Errorf("purged %v, late %v", g.purged, x.Late())
	}
	g.refused = []string{"d"}
	for _, want := range []int{1, 0} {
		j, records, err := journal.Take(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !journal.Ended(records) {
			t.Error("its program is said to have died")
		}
		heir, committed := Resume(g, j, records)
		if left := heir.Settle(t.Context()); !committed || len(left) != want {
			t.Errorf("committed %v, left %v, want %d", committed, left, want)
		}
		g.refused = nil
	}
	if !slices.Contains(g.purged, "b") || !slices.Contains(g.purged, "d") {
		t.Errorf("purged %v", g.purged)
	}
	if _, _, err := journal.Take(dir); err == nil {
		t.Error("the journal stays")
	}
}
