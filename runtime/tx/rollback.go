package tx

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// An Undo says how taking back went.
type Undo struct {
	Undone int     // operations taken back
	Left   []error // what could not be, or failed while trying; *StepError or a handler's error
	Time   time.Duration
}

// Rollback takes back everything since mark, newest first. It goes on past
// failures and is not stopped by the end of ctx.
func (t *Tx) Rollback(ctx context.Context, mark Mark, progress func(Step, int)) Undo {
	return t.takeBack(ctx, int(mark), true, progress)
}

// TakeDown takes back everything, committed or not, without the handlers.
func (t *Tx) TakeDown(ctx context.Context, progress func(Step, int)) Undo {
	t.mu.Lock()
	t.log = append(t.stand, t.log...)
	t.stand = nil
	t.mu.Unlock()
	return t.takeBack(ctx, 0, false, progress)
}

// takeBack takes back what this strand did since mark.
func (t *Tx) takeBack(ctx context.Context, mark int, handlers bool, progress func(Step, int)) Undo {
	began := time.Now()
	r := &retreat{t: t, ctx: context.WithoutCancel(ctx), handlers: handlers, progress: progress}
	r.begin(mark)
	r.judge()
	r.doomed = doomed(r.back, handlers)
	for i, e := range slices.Backward(r.back) {
		r.step(i, e)
	}
	r.send()
	r.develop()
	if r.whole {
		t.over(r.Clean())
		t.past = newPast()
	}
	r.Time = time.Since(began)
	return r.Undo
}

// A retreat is a rollback under way.
type retreat struct {
	Undo
	t        *Tx
	ctx      context.Context
	handlers bool // are run
	progress func(Step, int)
	whole    bool // of all there is
	kept     *journal.Journal
	back     []entry // is taken back, oldest first
	views    []view
	verdicts map[string]host.Verdict // by namespace
	doomed   doom
	removals removals // not sent yet
	covered  []entry  // are done by them; not noted yet
}

// begin takes what is to be taken back out of the log.
func (r *retreat) begin(to int) {
	t := r.t
	t.mu.Lock()
	queue := t.strand.queue
	t.strand.queue = nil
	t.log = slices.DeleteFunc(t.log, func(e entry) bool {
		ours := e.seq > to && e.strand.inside(t.strand)
		if ours {
			r.back = append(r.back, e)
		}
		return ours
	})
	r.kept = t.journal
	t.strand.group = group{}
	// What a commit has made permanent is another transaction, unless all will
	// be taken down.
	r.whole = to == 0 && t.strand.up == nil && (len(t.stand) == 0 || !t.Temporary)
	r.verdicts = map[string]host.Verdict{}
	if r.whole {
		r.verdicts = t.past.verdicts
	}
	if r.whole || to > 0 || t.strand.up != nil {
		r.views = t.past.views(to, t.strand)
	}
	t.leave(func(m mark) bool { return m.at > to && m.strand.inside(t.strand) })
	t.mu.Unlock()
	for _, e := range slices.Backward(queue) {
		t.reflect(r.ctx, e.mirror)
	}
}

// step takes back one entry.
func (r *retreat) step(i int, e entry) {
	if e.handler != nil {
		if r.handlers {
			r.send()
			r.guard(Step{At: e.handler.At}, func() { r.run(r.ctx, e.handler) })
		}
		return
	}
	if !ofPrograms(e) {
		if r.progress != nil {
			r.progress(e.step, r.Undone)
		}
		r.Undone++
	}
	switch {
	case r.doomed.cover(i, e):
		r.covered = append(r.covered, e)
	case r.removals.add(e):
	default:
		r.send()
		troubles := len(r.Left)
		r.guard(e.step, func() { r.undo(r.ctx, r.t.host, e, r.spare) })
		if len(r.Left) == troubles { // else a recovery shall try again
			forget(r.kept, e)
		}
	}
	r.unlearn(e)
	r.t.reflect(r.ctx, e.mirror)
}

func (r *retreat) unlearn(e entry) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	r.t.past.unlearn(e)
}

// send removes what waits for it.
func (r *retreat) send() {
	forget(r.kept, r.covered...)
	r.remove(r.ctx, r.t.host, r.kept, r.removals.links)
	r.remove(r.ctx, r.t.host, r.kept, r.removals.spaces)
	r.removals, r.covered = removals{}, nil
}

// guard turns a panic into something left: a mistake in vnet must not keep the
// rest from being taken back.
func (u *Undo) guard(step Step, do func()) {
	defer func() {
		if p := recover(); p != nil {
			u.Left = append(u.Left, &StepError{step, fmt.Errorf("a mistake in vnet itself: %v\n%s", p, debug.Stack())})
		}
	}()
	do()
}

func (u *Undo) run(ctx context.Context, h *Handler) {
	if err := h.Do(ctx); err != nil {
		u.Left = append(u.Left, err)
	}
}

// undo applies an entry's undo one by one, so that one trouble does not keep
// the rest from being tried.
func (u *Undo) undo(ctx context.Context, h host.Host, e entry, spare func(host.Op) host.Op) {
	for _, op := range e.undo {
		if op = spare(op); op == nil {
			continue
		}
		err := h.Apply(ctx, []host.Op{op}, nil)[0].Err
		switch {
		case err == nil || gone(op, err):
		case removes(op) && errors.Is(err, syscall.ESTALE):
			u.Left = append(u.Left, usurped(op))
		default:
			step := e.step
			step.Op = op
			u.Left = append(u.Left, &StepError{step, err})
		}
	}
}

// usurped says that what was to be removed is gone already, and that somebody
// else has made something of its name.
func usurped(op host.Op) *Difference {
	d := &Difference{Space: op.Spaces()[0], Line: "made anew by someone else, left as it is", Foreign: true}
	if link, ok := op.(host.LinkDel); ok {
		d.Line = "changed by someone else, left as it is: link " + link.Name + " is another one"
	}
	return d
}

// gone reports whether an operation that removes something failed because it
// is not there any more, which is as good.
func gone(op host.Op, err error) bool {
	if !removes(op) {
		return false
	}
	for _, absent := range []syscall.Errno{syscall.ENOENT, syscall.ENODEV, syscall.ESRCH, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, absent) {
			return true
		}
	}
	return false
}

func removes(op host.Op) bool {
	switch op := op.(type) {
	case host.NamespaceDel, host.LinkDel:
		return true
	case host.AddrSet:
		return op.Verb == host.Del
	case host.RouteSet:
		return op.Verb == host.Del
	case host.RuleSet:
		return op.Verb == host.Del
	case host.NeighSet:
		return op.Verb == host.Del
	}
	return false
}
