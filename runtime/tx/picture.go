package tx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A Difference is something that a rollback did not bring back.
type Difference struct {
	Space   string
	Line    string
	Foreign bool // it is somebody else's doing, and shall stay
}

func (d *Difference) Error() string { return d.Space + ": " + d.Line }

// picture saves what a namespace is like before an operation that may disturb
// what was there before the transaction, or at the last mark. All operations
// from the first of the queue on are yet to be sent.
func (t *Tx) picture(ctx context.Context, e entry, first int) error {
	saver, ok := t.host.(host.Saver)
	if !ok || t.journal == nil {
		return nil
	}
	mark := t.past.newest(e.strand)
	if host.Disturbs(e.step.Op, func(end host.End) bool { return t.past.made(end, mark, e.seq) }) {
		for _, ns := range e.step.Op.Spaces() {
			if err := t.take(ctx, saver, e, ns, e.step.Op, first); err != nil {
				return err
			}
		}
	}
	t.past.touch(e)
	return nil
}

// pictureAlong saves what the other namespaces are like that an operation
// reaches into, by what takes it back. All operations from one on are yet to be
// sent.
func (t *Tx) pictureAlong(ctx context.Context, e entry, undo []host.Op, unsent int) error {
	saver, ok := t.host.(host.Saver)
	if !ok {
		return nil
	}
	mark := t.past.newest(e.strand)
	for _, op := range undo {
		back, ok := op.(host.LinkExhume)
		if !ok {
			continue
		}
		reached := map[string]bool{"": true} // without a name there is nobody to take one for
		for _, tomb := range back.Tombs() {
			if reached[tomb.NS] || t.past.made(host.End{NS: tomb.NS, Name: tomb.Name}, mark, e.seq) {
				continue
			}
			reached[tomb.NS] = true
			if err := t.take(ctx, saver, e, tomb.NS, back, unsent); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes a picture of a namespace that was there before, unless there is one
// since the last mark, and closeups of what an operation touches. All operations
// from one on are yet to be sent.
func (t *Tx) take(ctx context.Context, saver host.Saver, e entry, ns string, op host.Op, unsent int) error {
	if t.past.leaving[ns] || t.past.madeSpace(ns, e.seq) {
		return nil
	}
	if _, taken := t.past.plate(ns, t.past.newest(e.strand)); !taken {
		data, err := saver.Save(ctx, ns)
		if err != nil {
			return fmt.Errorf("save what %s is like: %w", ns, err)
		}
		if err := t.keep(ns, plate{before: e.seq, data: data, made: t.past.madeIn(ns, unsent)}); err != nil {
			return err
		}
	}
	return t.closeup(ctx, saver, e, ns, op)
}

// closeup takes closeups of what an operation touches and there are none of since
// the last mark. What was made since needs none.
func (t *Tx) closeup(ctx context.Context, saver host.Saver, e entry, ns string, op host.Op) error {
	mark, shown := t.past.newest(e.strand), t.past.shown[ns]
	var these []string
	pieces, err := saver.Closeup(ctx, ns, op, func(what, link string) bool {
		if shown[what] > mark || link != "" && t.past.made(host.End{NS: ns, Name: link}, mark, e.seq) {
			return false
		}
		these = append(these, what)
		return true
	})
	if err != nil {
		return fmt.Errorf("save what %s is like: %w", ns, err)
	}
	for _, data := range pieces {
		if err := t.journal.Write(journal.Record{Kind: journal.Closeup, Space: ns, Before: e.seq, Data: data}); err != nil {
			return err
		}
		t.past.closeups[ns] = append(t.past.closeups[ns], closeup{e.seq, data})
	}
	if len(these) > 0 && shown == nil {
		shown = map[string]int{}
		t.past.shown[ns] = shown
	}
	for _, what := range these {
		shown[what] = e.seq
	}
	return nil
}

// keep notes a picture in the journal.
func (t *Tx) keep(ns string, pl plate) error {
	pl.file = fmt.Sprintf("image-%d", t.past.files)
	if err := t.journal.Save(pl.file, pl.data); err != nil {
		return err
	}
	t.past.files++
	t.past.plates[ns] = append(t.past.plates[ns], pl)
	return t.journal.Write(journal.Record{Kind: journal.Image, Space: ns, File: pl.file, Before: pl.before, Made: pl.made})
}

// Release says that no rollback will go to a mark any more.
func (t *Tx) Release(m Mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	once := false
	t.leave(func(o mark) bool {
		this := !once && o == mark{int(m), t.strand}
		once = once || this
		return this
	})
}

// leave forgets marks with what is kept for them alone.
func (t *Tx) leave(gone func(mark) bool) {
	for _, file := range t.past.leave(gone) {
		if t.journal != nil {
			_ = t.journal.Drop(file) // it ends with the journal at the latest
		}
	}
}

// judge looks, before a rollback begins, what others have done meanwhile to
// what was touched, so that it stays. A recovery of all goes by what was found
// then: later it cannot be told from what the rollback itself does.
func (r *retreat) judge() {
	saver, ok := r.t.host.(host.Saver)
	if !ok {
		return
	}
	for _, w := range r.views {
		v, judged := r.verdicts[w.ns]
		if !judged {
			var err error
			if v, err = saver.Judge(r.ctx, w.ns, w.picture, w.ops); err != nil {
				continue // it cannot be looked at: Restore will say so
			}
			r.verdicts[w.ns] = v
			if r.whole && r.kept != nil {
				_ = r.kept.Write(journal.Record{Kind: journal.Judged, Space: w.ns, Verdict: &v})
			}
		}
		for _, line := range v.Lines {
			r.Left = append(r.Left, &Difference{w.ns, "changed by someone else, left as it is: " + line, true})
		}
	}
}

// spare leaves out of an undo what others have changed.
func (r *retreat) spare(op host.Op) host.Op {
	saver, ok := r.t.host.(host.Saver)
	for ns, v := range r.verdicts {
		if ok && op != nil && v.Data != nil {
			op = saver.Spare(ns, v, op)
		}
	}
	return op
}

// Clean reports whether all was brought back that shall be.
func (u *Undo) Clean() bool {
	return !slices.ContainsFunc(u.Left, func(err error) bool {
		var d *Difference
		return !errors.As(err, &d) || !d.Foreign
	})
}

// develop brings the namespaces of which there is a picture back to it, as far
// as the transaction touched them.
func (r *retreat) develop() {
	saver, ok := r.t.host.(host.Saver)
	if !ok {
		return
	}
	exact := map[string]bool{}
	for _, w := range r.views {
		left, err := saver.Restore(r.ctx, w.ns, w.picture, r.verdicts[w.ns], w.ops)
		if spaceAbsent(err) {
			r.spaceGone(w.ns)
			continue
		}
		if err != nil {
			left = append(left, err.Error())
		}
		for _, line := range left {
			r.Left = append(r.Left, &Difference{w.ns, line, false})
		}
		exact[w.ns] = len(left) == 0
	}
	r.forgive(exact)
}

// spaceGone says in one line what could not be put back in a namespace that
// somebody has removed.
func (u *Undo) spaceGone(ns string) {
	u.Left = slices.DeleteFunc(u.Left, func(err error) bool {
		step, ok := err.(*StepError)
		if !ok || !spaceAbsent(step.Err) {
			return false
		}
		switch step.Step.Op.(type) {
		case host.AddrSet, host.LinkSet, host.NeighSet, host.RouteSet, host.RuleSet, host.SysctlSet:
			return slices.Contains(step.Step.Op.Spaces(), ns)
		}
		return false
	})
	u.Left = append(u.Left, &Difference{ns, "gone, with all that was in it", true})
}

// spaceAbsent reports whether there is no namespace of the name.
func spaceAbsent(err error) bool {
	var refusal *host.Error
	return errors.As(err, &refusal) && refusal.Field == host.FieldNS && errors.Is(err, syscall.ENOENT)
}

// forgive drops the troubles that were had with putting back one thing alone,
// such as a route whose gateway was not there yet, where a picture tells that
// it is there now.
func (u *Undo) forgive(exact map[string]bool) {
	u.Left = slices.DeleteFunc(u.Left, func(err error) bool {
		step, ok := err.(*StepError)
		if !ok {
			return false
		}
		switch step.Step.Op.(type) {
		case host.LinkExhume: // but for the interfaces themselves
			var refusal *host.Error
			return errors.As(step.Err, &refusal) && refusal.Field == host.FieldDest &&
				!slices.ContainsFunc(refusal.In, func(ns string) bool { return !exact[ns] })
		case host.AddrSet, host.LinkSet, host.NeighSet, host.RouteSet, host.RuleSet, host.SysctlSet:
			return !slices.ContainsFunc(step.Step.Op.Spaces(), func(ns string) bool { return !exact[ns] })
		}
		return false
	})
}
