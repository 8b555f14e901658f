package tx

import (
	"context"
	"errors"
	"slices"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A Held transaction is committed: it stands, whoever dies. But what is left
// to do for good, such as the real removal of what was deleted, was not done
// yet, so that it can still be taken back exactly.
type Held struct{ t *Tx }

// Hold commits what stands so far, as a transaction of its own that can be
// taken back until it is settled; t goes on empty. It is nil when nothing
// stands that could be taken back. As with Commit, handlers are dropped.
func (t *Tx) Hold(ctx context.Context) (*Held, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return nil, err
	}
	done := slices.DeleteFunc(t.log, func(e entry) bool { return e.handler != nil })
	t.log = done
	t.strand.group = group{}
	if !slices.ContainsFunc(done, t.lasts) {
		return nil, t.end(ctx, done)
	}
	if t.journal != nil {
		if err := t.journal.Write(journal.Record{Kind: journal.Hold}); err != nil {
			return nil, err
		}
	}
	h := New(t.host, nil)
	h.seq, h.name, h.groups = t.seq, t.ownName(), t.groups
	h.journal, h.log, h.past = t.journal, slices.Clone(done), t.past
	for i := range h.log {
		h.log[i].strand, h.log[i].mirror = h.strand, nil
	}
	h.past.marks = nil
	for _, deeds := range h.past.deeds {
		for i := range deeds {
			deeds[i].strand = h.strand
		}
	}
	t.stand = append(t.stand, done...)
	t.log, t.journal, t.past = nil, nil, newPast()
	return &Held{h}, nil
}

// end commits what leaves nothing that could be taken back.
func (t *Tx) end(ctx context.Context, done []entry) error {
	err := t.close(ctx, done)
	if err == nil {
		t.stand, t.log, t.past = append(t.stand, done...), nil, newPast()
	}
	return err
}

// lasts reports whether an entry has left something: a foreground program that
// is over, with all that it started, has not.
func (t *Tx) lasts(e entry) bool {
	g, ok := e.step.Op.(host.GroupAdd)
	if !ok || g.Log != "" {
		return true
	}
	runner, ok := t.host.(interface{ Runs(group string) bool })
	return ok && runner.Runs(g.ID)
}

// Steps returns the operations that stand, in order.
func (h *Held) Steps() []Step { return h.t.Steps() }

// Spaces returns the namespaces that the transaction has written to, sorted.
func (h *Held) Spaces() []string {
	var out []string
	for _, s := range h.Steps() {
		out = append(out, s.Op.Spaces()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TakeBack undoes it, newest first. From the first moment on a recovery would
// do the same.
func (h *Held) TakeBack(ctx context.Context, progress func(Step, int)) Undo {
	if h.t.journal != nil {
		if err := h.t.journal.Write(journal.Record{Kind: journal.Reopen}); err != nil {
			return Undo{Left: []error{err}}
		}
	}
	return h.t.Rollback(ctx, 0, progress)
}

// Settle does what is left to do for good: it cannot be taken back any more.
func (h *Held) Settle(ctx context.Context) error {
	t := h.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.close(ctx, t.log); err != nil {
		return err
	}
	return errors.Join(t.late...)
}

// Reflect sets another mirror, which shows the network as it is now.
func (t *Tx) Reflect(mirror host.Host) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mirror = mirror
	for i := range t.log {
		t.log[i].mirror = nil
	}
}
