// Package tx makes a transaction of the operations on a host: it keeps the
// order in which they were done and what takes each back, and undoes them
// newest first.
//
// Operations wait in a queue and go out together when somebody looks at the
// network (Flush). A mirror, when there is one, is kept in step at once, so
// that questions about the network need not wait for the host.
package tx

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A Step is an operation with what a message about it needs to know.
type Step struct {
	Op     host.Op
	At     token.Span                // the statement
	Where  map[host.Field]token.Span // the words that wrote its parts
	Inside []string                  // the blocks and calls round the statement, innermost first
}

// A StepError is an operation that the host refused.
type StepError struct {
	Step Step
	Err  error
}

func (e *StepError) Error() string { return e.Err.Error() }
func (e *StepError) Unwrap() error { return e.Err }

// A Handler is something a script wants done at its place of the undo.
type Handler struct {
	At token.Span
	Do func(context.Context) error
}

// An entry of the log is an operation that stands, or a handler.
type entry struct {
	seq     int // its number, also in the journal
	strand  *strand
	step    Step
	undo    []host.Op
	final   []host.Op // what is left to do for it after the commit
	mirror  []host.Op // what takes it back in the mirror
	handler *Handler
}

// A Mark is a place in the log to roll back to: the number of the last entry
// before it.
type Mark int

// A Tx is a transaction on a host, as one strand of a script sees it. What
// several strands do is one transaction, but each has its own queue and takes
// back only what it did itself.
type Tx struct {
	*shared
	strand *strand
}

// A strand is one of several goroutines that work on a transaction.
type strand struct {
	up    *strand
	queue []entry // not sent yet; undo still empty
	group group   // of the programs it starts
}

// inside reports whether s is up, or was forked from it.
func (s *strand) inside(up *strand) bool {
	for ; s != nil; s = s.up {
		if s == up {
			return true
		}
	}
	return false
}

// shared is what the strands of a transaction have together.
type shared struct {
	host   host.Host
	mirror host.Host // nil for none

	// Trace is called for every operation before it goes out; may be nil.
	Trace func(Step)
	// Limit is how many operations may wait in the queue before they are sent;
	// 0 sends each at once.
	Limit int
	// Open begins a journal, before the first operation and after each commit;
	// nil keeps none.
	Open func() (*journal.Journal, error)
	// Claim is called with the namespaces that an operation writes to, before
	// it goes out, and may wait until they are free; may be nil.
	Claim func(context.Context, []string) error
	// Temporary says that all of it will be taken down: no commit is final.
	Temporary bool
	// Held is given what Commit has made permanent, to take it back or settle it
	// later; nil settles at once.
	Held func(*Held)

	mu      sync.Mutex
	seq     int
	journal *journal.Journal // nil until there is something to write
	log     []entry
	stand   []entry // committed by a commit statement; TakeDown takes them back too
	late    []error // what could not be done after a commit
	past    past
	name    string // the one of all its strands; see ID
	groups  int    // of programs, so far
}

// New begins a transaction. With a mirror, every operation is carried out on
// it as well.
func New(h, mirror host.Host) *Tx {
	return &Tx{&shared{host: h, mirror: mirror, past: newPast()}, &strand{}}
}

// Fork returns the transaction for another strand, which begins with all done
// so far.
func (t *Tx) Fork(ctx context.Context) (*Tx, error) {
	err := t.Flush(ctx)
	return &Tx{t.shared, &strand{up: t.strand}}, err
}

// Do takes an operation. Its refusal may come with a later one, from Flush;
// the error is a *StepError that names the operation it belongs to.
func (t *Tx) Do(ctx context.Context, step Step) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if t.Claim != nil {
		if err := t.Claim(ctx, step.Op.Spaces()); err != nil {
			return err
		}
	}
	if t.Trace != nil {
		t.Trace(step)
	}
	t.seq++
	e := entry{seq: t.seq, strand: t.strand, step: step}
	doubtful := false
	if t.mirror != nil {
		res := t.mirror.Apply(ctx, []host.Op{step.Op}, nil)[0]
		e.mirror, doubtful = res.Undo, res.Err != nil
	}
	t.strand.queue = append(t.strand.queue, e)
	// What the mirror refuses the host may know better; it shall say so now,
	// while the statement is at hand.
	if doubtful || len(t.strand.queue) > t.Limit {
		return t.flush(ctx)
	}
	return nil
}

// Flush sends what waits in the queue. All that stands behind a refused
// operation is not in force.
func (t *Tx) Flush(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flush(ctx)
}

func (t *Tx) flush(ctx context.Context) error {
	if len(t.strand.queue) == 0 {
		return nil
	}
	queue := t.strand.queue
	t.strand.queue = nil
	ops := make([]host.Op, len(queue))
	for i, e := range queue {
		ops[i] = e.step.Op
	}
	intend, err := t.witness(ctx, queue)
	if err != nil {
		return err
	}
	var failure error
	var lost []entry
	for i, res := range t.host.Apply(ctx, ops, intend) {
		queue[i].undo, queue[i].final = res.Undo, res.Final
		switch {
		case res.Err != nil && failure == nil:
			failure = &StepError{queue[i].step, res.Err}
			lost = append(lost, queue[i])
		case res.Skipped || res.Err != nil:
			lost = append(lost, queue[i])
		default:
			t.log = append(t.log, queue[i])
			t.past.learn(queue[i].step.Op)
		}
	}
	for _, e := range slices.Backward(lost) {
		t.reflect(ctx, e.mirror)
		forget(t.journal, e)
		t.past.unlearn(e.step.Op)
	}
	if failure == nil && len(lost) > 0 {
		failure = context.Cause(ctx)
	}
	return failure
}

// reflect brings the mirror back in step; it may disagree only about what is
// gone already.
func (t *Tx) reflect(ctx context.Context, ops []host.Op) {
	if t.mirror != nil && len(ops) > 0 {
		t.mirror.Apply(context.WithoutCancel(ctx), ops, nil)
	}
}

// OnRollback registers something to do at this place of an undo.
func (t *Tx) OnRollback(ctx context.Context, h Handler) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return err
	}
	t.seq++
	t.log = append(t.log, entry{seq: t.seq, strand: t.strand, handler: &h})
	return nil
}

// Mark returns the present place in the log. Operations in the queue are sent
// first, so that they lie before it.
func (t *Tx) Mark(ctx context.Context) (Mark, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.flush(ctx)
	t.strand.group = group{}
	return Mark(t.seq), err
}

// Len returns how many operations stand or wait.
func (t *Tx) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.log) + len(t.strand.queue)
}

// Commit makes what stands so far permanent. Handlers are dropped. What is
// left to do then, such as the real removal of what was deleted, is no longer
// part of the transaction: see Late.
func (t *Tx) Commit(ctx context.Context) error {
	if t.Held != nil {
		held, err := t.Hold(ctx)
		if held != nil {
			t.Held(held)
		}
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(ctx); err != nil {
		return err
	}
	done := slices.DeleteFunc(t.log, func(e entry) bool { return e.handler != nil })
	if !t.Temporary {
		if err := t.close(ctx, done); err != nil {
			return err
		}
	}
	if !t.Temporary {
		t.past.pictures, t.past.touched = map[string][]byte{}, map[string]host.Ops{}
	}
	t.stand = append(t.stand, done...)
	t.log = nil
	t.strand.group = group{}
	return nil
}

// Late tells what could not be done after commits; a recovery will try again.
func (t *Tx) Late() []error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.late
}

// Committed reports how many operations a commit has made permanent.
func (t *Tx) Committed() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.stand)
}

// Steps returns the operations that stand, in order, the committed ones first.
func (t *Tx) Steps() []Step {
	t.mu.Lock()
	defer t.mu.Unlock()
	var steps []Step
	for _, e := range slices.Concat(t.stand, t.log) {
		if e.handler == nil && !ofPrograms(e) {
			steps = append(steps, e.step)
		}
	}
	return steps
}

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

func (t *Tx) takeBack(ctx context.Context, mark int, handlers bool, progress func(Step, int)) Undo {
	ctx = context.WithoutCancel(ctx)
	began := time.Now()
	t.mu.Lock()
	queue := t.strand.queue
	t.strand.queue = nil
	var back []entry
	t.log = slices.DeleteFunc(t.log, func(e entry) bool {
		ours := e.seq > mark && e.strand.inside(t.strand)
		if ours {
			back = append(back, e)
		}
		return ours
	})
	kept := t.journal
	t.strand.group = group{}
	t.mu.Unlock()
	for _, e := range slices.Backward(queue) {
		t.reflect(ctx, e.mirror)
	}
	var u Undo
	// What a commit has made permanent is another transaction, unless all will
	// be taken down.
	whole := mark == 0 && t.strand.up == nil && (len(t.stand) == 0 || !t.Temporary)
	if whole {
		t.judge(ctx, &u)
	}
	doomed := doomedSpaces(back, handlers)
	var removals []entry // not sent yet
	send := func() {
		u.remove(ctx, t.host, kept, removals)
		removals = nil
	}
	for i, e := range slices.Backward(back) {
		if e.handler != nil {
			if handlers {
				send()
				u.guard(Step{At: e.handler.At}, func() { u.run(ctx, e.handler) })
			}
			continue
		}
		if !ofPrograms(e) {
			if progress != nil {
				progress(e.step, u.Undone)
			}
			u.Undone++
		}
		switch {
		case removesSpace(e):
			removals = append(removals, e)
		case doomed.cover(i, e):
			forget(kept, e)
		default:
			send()
			troubles := len(u.Left)
			u.guard(e.step, func() { u.undo(ctx, t.host, e, t.spare) })
			if len(u.Left) == troubles { // else a recovery shall try again
				forget(kept, e)
			}
		}
		t.unlearn(e.step.Op)
		t.reflect(ctx, e.mirror)
	}
	send()
	if whole {
		t.develop(ctx, &u)
		t.over(u.clean())
	}
	u.Time = time.Since(began)
	return u
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
		if err != nil && !gone(op, err) {
			step := e.step
			step.Op = op
			u.Left = append(u.Left, &StepError{step, err})
		}
	}
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

// spaces are the namespaces that a rollback destroys whole, each with the
// place in the log where it was made.
type spaces struct {
	made   map[string]int
	oldest int // entries from here on are undone one by one: a handler looks at them
}

func doomedSpaces(back []entry, handlers bool) spaces {
	s := spaces{made: map[string]int{}, oldest: len(back)}
	for i, e := range back {
		if e.handler != nil {
			if handlers {
				s.oldest = min(s.oldest, i)
			}
			continue
		}
		switch op := e.step.Op.(type) {
		case host.NamespaceAdd:
			s.made[op.Name] = i
		case host.NamespaceDel:
			delete(s.made, op.Name)
		case host.LinkDel:
			// Its other end, in a namespace that stays, went with it, and what
			// was done to that end before needs it back.
			s.oldest = 0
		}
	}
	for i, e := range back {
		if move, ok := e.step.Op.(host.LinkMove); ok && !s.doomed(i, move) {
			s.oldest = 0 // what came from outside has to go back there
		}
	}
	return s
}

// cover reports whether the undo of an entry is done by the end of the
// namespaces it wrote to. Files in /etc/netns outlive their namespace.
func (s spaces) cover(i int, e entry) bool {
	if i >= s.oldest {
		return false
	}
	switch e.step.Op.(type) {
	case host.NamespaceAdd, host.NamespaceDel, host.HostsAdd, host.DNSSet, host.GroupAdd:
		return false
	}
	return s.doomed(i, e.step.Op)
}

// doomed reports whether an operation wrote only to namespaces that were made
// before it and are destroyed.
func (s spaces) doomed(i int, op host.Op) bool {
	for _, ns := range op.Spaces() {
		made, ok := s.made[ns]
		if !ok || made > i {
			return false
		}
	}
	return true
}
