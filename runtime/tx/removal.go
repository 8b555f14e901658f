package tx

import (
	"context"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// Removals are entries that are taken back by removing a link or a namespace,
// and by nothing else. Where nothing has to be done between them, such go out
// together: the host removes many links in the time of one (16 ms), waits once
// for all namespaces (45 ms), and leaves the cables from one to another to
// themselves.
type removals struct {
	links, spaces []entry // each newest first
}

// add takes an entry in, if it is one.
func (r *removals) add(e entry) bool {
	switch {
	case removesSpace(e):
		r.spaces = append(r.spaces, e)
	case removesLink(e):
		r.links = append(r.links, e)
	default:
		return false
	}
	return true
}

func removesSpace(e entry) bool {
	if len(e.undo) != 1 {
		return false
	}
	_, ok := e.undo[0].(host.NamespaceDel)
	return ok
}

func removesLink(e entry) bool {
	if len(e.undo) != 1 {
		return false
	}
	_, made := e.step.Op.(host.LinkAdd)
	_, removed := e.undo[0].(host.LinkDel)
	return made && removed
}

// remove takes back entries of one kind, in their order. When there is trouble
// each is tried alone, so that it is known whose it is and does not keep the
// rest from being removed; what is gone by then does no harm.
func (u *Undo) remove(ctx context.Context, h host.Host, kept *journal.Journal, entries []entry) {
	if len(entries) > 1 && removed(ctx, h, entries) {
		forget(kept, entries...)
		return
	}
	for _, e := range entries {
		troubles := len(u.Left)
		u.guard(e.step, func() { u.undo(ctx, h, e, asIs) })
		if len(u.Left) == troubles { // else a recovery shall try again
			forget(kept, e)
		}
	}
}

func removed(ctx context.Context, h host.Host, entries []entry) (all bool) {
	ops := make([]host.Op, len(entries))
	for i, e := range entries {
		ops[i] = e.undo[0]
	}
	var trouble Undo
	trouble.guard(entries[0].step, func() {
		for _, res := range h.Apply(ctx, ops, nil) {
			if res.Err != nil || res.Skipped {
				return
			}
		}
		all = true
	})
	return all
}

// asIs spares nothing: what the transaction made is nobody else's.
func asIs(op host.Op) host.Op { return op }
