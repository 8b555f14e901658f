package tx

import (
	"context"
	"slices"

	"vnet/runtime/host"
)

// Own reports whether all that stands was done in namespaces that were made
// before, here.
func (t *Tx) Own() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	made := map[string]bool{}
	for _, e := range t.log {
		if e.handler != nil {
			return false
		}
		if add, ok := e.step.Op.(host.NamespaceAdd); ok {
			made[add.Name] = true
		} else if slices.ContainsFunc(e.step.Op.Spaces(), func(ns string) bool { return !made[ns] }) {
			return false
		}
	}
	return true
}

// Repeat does what was done on the mirror already, in a transaction of its own
// there, all together. Of an operation that is refused, and of those behind it,
// nothing stands in the mirror either.
func (t *Tx) Repeat(ctx context.Context, rehearsed *Tx) error {
	rehearsed.mu.Lock()
	done := rehearsed.log
	rehearsed.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Claim != nil {
		var spaces []string
		for _, e := range done {
			spaces = append(spaces, e.step.Op.Spaces()...)
		}
		slices.Sort(spaces)
		if err := t.Claim(ctx, slices.Compact(spaces)); err != nil {
			return err
		}
	}
	t.strand.queue = slices.Grow(t.strand.queue, len(done))
	for _, e := range done {
		if t.Trace != nil {
			t.Trace(e.step)
		}
		t.seq++
		t.strand.queue = append(t.strand.queue, entry{seq: t.seq, strand: t.strand, step: e.step, mirror: e.undo})
	}
	return t.flush(ctx)
}
