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
	"slices"
	"sync"

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
	settled []host.Op // what is left to do for it in the mirror after the commit
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
	// Keep is asked, before a commit of something that lasts, for the lab that it
	// is a part of: its journal is kept under that name. It may save more beside
	// the records. nil keeps none.
	Keep func(*journal.Journal, Kept) (lab string, err error)
	// Held is given what Commit has made permanent, to take it back or settle it
	// later; nil settles at once.
	Held func(*Held)

	mu      sync.Mutex
	seq     int
	journal *journal.Journal // nil until there is something to write
	log     []entry
	stand   []entry // committed by a commit statement; TakeDown takes them back too
	late    []error // what could not be done after a commit
	lab     string  // what was committed is a part of it
	lost    []string

	replaced int    // the last operation that took down the lab that it replaces
	replaces string // that lab
	restores bool   // and what was there before that comes back with an undo
	ended    bool   // the commit was written, and its journal is not over

	past   past
	name   string // the one of all its strands; see ID
	groups int    // of programs, so far
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
		e.mirror, e.settled, doubtful = res.Undo, res.Final, res.Err != nil
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
	t.log = slices.Grow(t.log, len(queue))
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
		}
	}
	slices.Reverse(lost)
	for _, e := range lost {
		t.reflect(ctx, e.mirror)
		t.past.unlearn(e)
	}
	forget(t.journal, lost...)
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

// Mark returns the present place in the log, to roll back to until Release.
// Operations in the queue are sent first, so that they lie before it.
func (t *Tx) Mark(ctx context.Context) (Mark, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	err := t.flush(ctx)
	t.strand.group = group{}
	if t.seq > 0 {
		t.past.marks = append(t.past.marks, mark{t.seq, t.strand})
	}
	return Mark(t.seq), err
}

// Undoing returns what a rollback to mark would do, newest first. What waits in
// the queue is not among it.
func (t *Tx) Undoing(mark Mark) []host.Op {
	t.mu.Lock()
	defer t.mu.Unlock()
	var ops []host.Op
	for _, e := range slices.Backward(t.log) {
		if e.seq <= int(mark) {
			break
		}
		ops = append(ops, e.undo...)
	}
	return ops
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
		t.past = newPast()
	}
	if len(t.stand) == 0 {
		t.stand = done
	} else {
		t.stand = append(t.stand, done...)
	}
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
	return stepsOf(t.fresh(t.stand), t.fresh(t.log))
}

func stepsOf(lists ...[]entry) []Step {
	n := 0
	for _, entries := range lists {
		n += len(entries)
	}
	steps := make([]Step, 0, n)
	for _, entries := range lists {
		for _, e := range entries {
			if e.handler == nil && !ofPrograms(e) {
				steps = append(steps, e.step)
			}
		}
	}
	return steps
}
