package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/tx"
	"vnet/runtime/value"
)

// transaction is a savepoint: undone alone if it fails, then it fails outward.
func (t *thread) transaction(s *ast.Transaction) error {
	title := "transaction"
	if s.Name != nil {
		text, _, err := t.text(s.Name)
		if err != nil {
			return err
		}
		title = fmt.Sprintf("transaction %q", text)
	}
	sub := t.enter(title, s.Span)
	sub.points++
	_, err := sub.savepoint(s.Span, func() error { return sub.block(s.Body) })
	return err
}

// savepoint runs do, and takes back what it did when it fails.
func (t *thread) savepoint(at token.Span, do func() error) (*tx.Undo, error) {
	mark, err := t.tx().Mark(t.ctx)
	if err != nil {
		return nil, err
	}
	defer t.tx().Release(mark)
	err = do()
	if err == nil || isControl(err) {
		if late := t.tx().Flush(t.ctx); late != nil {
			err = t.explain(late)
		}
	}
	if err == nil || isControl(err) || t.cfg.Rehearse || t.ctx.Err() != nil {
		return nil, err
	}
	undo := t.tx().Rollback(t.ctx, mark, nil)
	if !undo.Clean() {
		return &undo, t.incomplete(err, undo)
	}
	for _, left := range undo.Left { // somebody else's, and no debris
		t.warn(diag.Warn(diag.ChangedMeanwhile, at, "%s", left))
	}
	return &undo, err
}

func isControl(err error) bool {
	var c control
	return errors.As(err, &c)
}

// An Incomplete failure is one whose savepoint could not be taken back whole;
// no try contains it, because what follows would stand on debris.
type Incomplete struct {
	Failure error
	Undo    tx.Undo
}

func (e *Incomplete) Error() string { return e.Failure.Error() }
func (e *Incomplete) Unwrap() error { return e.Failure }

func (t *thread) incomplete(err error, undo tx.Undo) error {
	return &Incomplete{err, undo}
}

// try is a savepoint whose failure is contained.
func (t *thread) try(s *ast.Try) error {
	sub := *t
	sub.trying++
	sub.points++
	sub.since = t.seenBranches()
	mark, err := t.tx().Mark(t.ctx)
	if err != nil {
		return err
	}
	_, err = sub.savepoint(s.Span, func() error { return sub.body(s.Body, s.Single) })
	t.tx().Release(mark)
	switch {
	case t.cfg.Rehearse && errors.Is(err, errFails):
		t.tx().Rollback(t.ctx, mark, nil)
		return t.rehearseCatch(s, t)
	case t.cfg.Rehearse && (err == nil || errors.Is(err, errEnough)):
		t.doubt(mark)
		return t.rehearseCatch(s, t.perhaps())
	}
	var f *Failure
	var left *Incomplete
	if err == nil || errors.As(err, &left) || !errors.As(err, &f) || t.ctx.Err() != nil {
		return err
	}
	if s.Catch == nil {
		fmt.Fprintf(t.cfg.Stderr, "%s: tried, and failed: %s\n", s.Pos.ShortString(), oneLine(f.Diag))
		return nil
	}
	caught := t.fork()
	if s.Err != nil {
		caught.scope.define(s.Err.Text, failureValue(f.Diag), s.Err.Span)
	}
	return caught.block(s.Catch)
}

// doubt notes that what was taken away since mark may be there all the same:
// that it is not is no mistake of the script.
func (t *thread) doubt(mark tx.Mark) {
	for _, op := range t.tx().Undoing(mark) {
		switch op := op.(type) {
		case host.NamespaceAdd:
			t.silenceName(op.Name)
		case host.NamespaceAdopt:
			t.silenceName(op.Name)
		case host.LinkAdd:
			t.silenceName(op.Link.End().String())
			if op.Peer != nil {
				t.silenceName(op.Peer.End().String())
			}
		}
	}
}

// rehearseCatch rehearses what follows on a failure, on a thread that is sure of
// it or not.
func (t *thread) rehearseCatch(s *ast.Try, on *thread) error {
	if s.Catch == nil {
		return nil
	}
	sub := on.fork()
	if s.Err != nil {
		sub.scope.define(s.Err.Text, unknownFailure(), s.Err.Span)
	}
	return sub.settle(sub.block(s.Catch))
}

func oneLine(d *diag.Diagnostic) string {
	if d.Kernel == "" {
		return d.Summary
	}
	return d.Summary + ": " + d.Kernel
}

// failureValue is what `catch e` gives: e.text e.code e.kernel e.line.
func failureValue(d *diag.Diagnostic) value.Value {
	m := value.NewMap()
	m.Set("text", value.NewText(oneLine(d)))
	m.Set("code", value.NewText(string(d.Code)))
	m.Set("kernel", value.NewText(d.Kernel))
	m.Set("file", value.NewText(d.Span.Pos.Filename))
	m.Set("line", value.NewInt(d.Span.Pos.Line))
	return m
}

func unknownFailure() value.Value {
	m := value.NewMap()
	for _, k := range []string{"text", "code", "kernel", "file", "line"} {
		m.Set(k, value.Unknown{})
	}
	return m
}

// tx is the transaction that operations go to: the script's, or its own part
// in that of a strand of parallel. A handler has one of its own, since what it
// does while things are taken back is not taken back itself.
func (t *thread) tx() *tx.Tx {
	if t.own != nil {
		return t.own
	}
	return t.cfg.Tx
}

// onRollback registers a body to run at its place of the undo.
func (t *thread) onRollback(s *ast.OnRollback) error {
	sub := *t.enter("on rollback", s.Span)
	if t.cfg.Rehearse {
		once := sub.perhaps()
		return once.settle(once.body(s.Body, s.Single))
	}
	return t.tx().OnRollback(t.ctx, tx.Handler{At: s.Span, Do: func(ctx context.Context) error {
		sub := sub
		sub.ctx = ctx
		sub.own = tx.New(sub.cfg.Host, sub.cfg.Net)
		err := sub.body(s.Body, s.Single)
		if err == nil {
			err = sub.tx().Flush(ctx)
		}
		// There is nobody left who would end them.
		return cmp.Or(err, sub.tx().EndPrograms(ctx))
	}})
}

// commit makes what stands so far permanent.
func (t *thread) commit(s *ast.Commit) error {
	if t.open && t.points == 1 {
		return t.fail(diag.CommitInside, s.Span, "`commit` among other statements, with a transaction open").
			help("enter it by itself: it ends the transaction")
	}
	if t.points > 0 {
		return t.fail(diag.CommitInside, s.Span, "`commit` inside a transaction or try").
			help("commit at top level, behind the block")
	}
	if err := t.tx().Commit(t.ctx); err != nil {
		return err
	}
	t.mu.Lock()
	t.tally.Kept = s.Span
	t.mu.Unlock()
	return nil
}

// parallel runs the statements of a block at the same time. The first failure
// stops the others.
func (t *thread) parallel(s *ast.Parallel) error {
	most := len(s.Body.Stmts)
	if s.Max != nil {
		n, at, err := t.number(s.Max)
		if err != nil {
			return err
		}
		if n < 1 {
			return t.fail(diag.OutOfBounds, at, "at least one statement must run at a time")
		}
		most = int(min(n, int64(most)))
	}
	outer := t.fork()
	outer.hoist(s.Body.Stmts)
	if t.cfg.Rehearse {
		return outer.stmts(s.Body.Stmts)
	}
	ctx, cancel := context.WithCancelCause(t.ctx)
	defer cancel(nil)
	turns := make(chan struct{}, max(most, 1))
	errs := make([]error, len(s.Body.Stmts))
	var branches strands
	for i, stmt := range s.Body.Stmts {
		turns <- struct{}{}
		branches.start(func() {
			defer func() { <-turns }()
			sub := outer.fork()
			sub.ctx = ctx
			if errs[i] = sub.branch(stmt, t.tx()); errs[i] != nil {
				cancel(errs[i])
			}
		}, func() { cancel(nil) })
	}
	branches.wait()
	return firstCause(t.ctx, errs)
}

// branch runs one statement of a parallel block as a strand of its own.
func (t *thread) branch(s ast.Stmt, around *tx.Tx) error {
	var err error
	if t.own, err = around.Fork(t.ctx); err != nil {
		return t.explain(err)
	}
	t.begin()
	err = t.finish(t.stmts([]ast.Stmt{s}))
	if err == nil {
		err = t.explain(t.own.Flush(t.ctx))
	}
	return err
}

// firstCause picks the failure that stopped the others.
func firstCause(ctx context.Context, errs []error) error {
	var stopped error
	for _, err := range errs {
		var f *Failure
		switch {
		case err == nil:
		case errors.As(err, &f) && !errors.Is(err, context.Canceled):
			return err
		default:
			stopped = err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return stopped
}
