package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vnet/lang/name"
	"vnet/runtime/eval"
	"vnet/runtime/tx"
)

// A Notice says that there was nothing to do, which is no failure.
type Notice string

func (n Notice) Error() string { return string(n) }

// What the words of the prompt say when there is nothing for them to work on.
const (
	errOpen    = Notice("a transaction is open already")
	errNotOpen = Notice("no transaction is open")
)

// A savepoint is a place in an open transaction.
type savepoint struct {
	name    string
	mark    tx.Mark
	memory  *eval.Memory
	entries int // of the transaction, before it
}

// Begin opens a transaction: what is entered from then on stands or falls
// together.
func (s *Session) Begin() error {
	if s.open != nil {
		return errOpen
	}
	w := &run{name: promptName, host: s.host, set: s.set, report: &Report{}, interp: s.interp, ledger: s.ledger}
	w.begin(s.look())
	s.open = &opened{tx: w.tx, before: s.interp.Remember()}
	return nil
}

// promptName is what others who wait for an open transaction are told.
const promptName = "<prompt>"

// Commit makes the open transaction permanent.
func (s *Session) Commit(ctx context.Context) (*Report, error) {
	if s.open == nil {
		return nil, errNotOpen
	}
	r, o := &Report{Made: map[string]int{}}, s.open
	w := s.work(promptName, r)
	if err := o.tx.Commit(ctx); err != nil {
		w.blame(ctx, err)
		return r, nil
	}
	r.Made = made(o.tx.Steps())
	e := &entry{name: promptName, parts: o.entries, before: o.before, held: s.kept}
	s.open, s.kept = nil, nil
	e.learnt = slices.ContainsFunc(o.entries, func(e *entry) bool { return e.learnt })
	if len(o.entries) > 0 {
		s.keep(ctx, e)
	}
	s.rest(w)
	return r, nil
}

// Rollback takes back the open transaction.
func (s *Session) Rollback(ctx context.Context) *Report {
	if s.open == nil {
		return &Report{}
	}
	r, o := s.back(ctx, 0), s.open
	s.interp.Recall(o.before)
	s.open = nil
	s.rest(&run{ledger: s.ledger})
	return r
}

// back takes back what the open transaction did since a mark.
func (s *Session) back(ctx context.Context, mark tx.Mark) *Report {
	began := time.Now()
	r := &Report{RolledBack: true}
	w := s.work(promptName, r)
	w.undone(s.open.tx.Rollback(ctx, mark, w.undoing), nil)
	s.rest(w)
	r.Elapsed = time.Since(began)
	return r
}

// Savepoint marks a place in the open transaction. A newer one hides an older
// one of that name.
func (s *Session) Savepoint(ctx context.Context, as string) error {
	if s.open == nil {
		return errors.New("a savepoint is a place in a transaction, and none is open: `begin` opens one")
	}
	mark, err := s.open.tx.Mark(ctx)
	if err != nil {
		return err
	}
	s.open.points = append(s.open.points, savepoint{as, mark, s.interp.Remember(), len(s.open.entries)})
	return nil
}

// RollbackTo takes back what was entered since a savepoint, which stays.
func (s *Session) RollbackTo(ctx context.Context, as string) (*Report, error) {
	i, err := s.point(as)
	if err != nil {
		return nil, err
	}
	p := s.open.points[i]
	s.release(s.open.points[i+1:])
	r := s.back(ctx, p.mark)
	s.interp.Recall(p.memory)
	s.open.points, s.open.entries = s.open.points[:i+1], s.open.entries[:p.entries]
	return r, nil
}

// Release forgets a savepoint and those after it; what was entered stays in
// the transaction.
func (s *Session) Release(as string) error {
	i, err := s.point(as)
	if err == nil {
		s.release(s.open.points[i:])
		s.open.points = s.open.points[:i]
	}
	return err
}

// release says that no rollback will go to savepoints any more.
func (s *Session) release(points []savepoint) {
	for _, p := range points {
		s.open.tx.Release(p.mark)
	}
}

// point finds a savepoint of the open transaction, the newest of that name.
func (s *Session) point(as string) (int, error) {
	if s.open == nil {
		return 0, errors.New(string(errNotOpen))
	}
	var names []string
	for i, p := range slices.Backward(s.open.points) {
		if p.name == as {
			return i, nil
		}
		names = append(names, p.name)
	}
	if near, ok := name.Near(as, names); ok {
		return 0, fmt.Errorf("no savepoint `%s`: did you mean `%s`?", name.Quote(as), near)
	}
	return 0, fmt.Errorf("no savepoint `%s`", name.Quote(as))
}

// Transaction tells how many entries the open transaction has so far.
func (s *Session) Transaction() (entries int, open bool) {
	if s.open == nil {
		return 0, false
	}
	return len(s.open.entries), true
}
