package runtime

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"vnet/lang/ast"
	"vnet/lang/check"
	"vnet/lang/diag"
	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/model"
	"vnet/runtime/sandbox"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// A Session carries out what is typed, entry by entry. Variables and functions
// last as long as the session. Every entry is a transaction of its own, or a
// part of the one that Begin has opened.
//
// Locks are held while an entry is at work and while a transaction is open,
// never by a session that is idle.
type Session struct {
	set    Settings
	host   host.Host
	interp *eval.Interp
	config eval.Config
	ledger *ledger // nil until something is to be changed

	open   *opened    // nil: each entry is a transaction of its own
	done   []*entry   // what was committed and stands, oldest first
	kept   []*tx.Held // what the transaction at work has committed so far
	scopes []string   // entered with Enter, innermost last
	cache  cache
}

// An opened is the transaction that Begin has opened.
type opened struct {
	tx      *tx.Tx
	before  *eval.Memory
	entries []*entry
	points  []savepoint
}

// An entry is something typed that was carried out; or, with parts, a
// transaction of several.
type entry struct {
	name, text, scope string
	parts             []*entry

	byHand  bool         // a program that somebody runs to look at something, or to work with it
	before  *eval.Memory // what was known then
	held    []*tx.Held   // what it did, oldest first
	learnt  bool         // it made or changed a variable or function
	settled bool         // it cannot be taken back any more
}

// NewSession opens a session on the kernel.
func NewSession(dir string, set Settings) (*Session, error) {
	k, err := kernel.New()
	if err != nil {
		return nil, fmt.Errorf("cannot reach the kernel: %w", err)
	}
	s := &Session{set: set, host: k}
	s.config = eval.Config{Host: k, Net: s.look(), Dir: dir, Module: stdlib.Module,
		Outward: sandbox.Outward(), Stdin: set.Stdin, Stdout: set.Stdout, Stderr: set.Stderr, Before: s.standing}
	s.interp = eval.New(s.config)
	return s, nil
}

// look returns a model of the network as it is now: another program may have
// been at work as well.
func (s *Session) look() *model.Net {
	return model.New(model.Options{Source: s.host, Elsewhere: sandbox.Elsewhere})
}

// standing are the operations of earlier entries that stand.
func (s *Session) standing() []tx.Step {
	var steps []tx.Step
	for _, e := range s.done {
		for _, h := range e.held {
			steps = append(steps, h.Steps()...)
		}
	}
	return steps
}

// Close rolls back a transaction that is open, does what is left to do for
// those that were committed, and gives back what the session holds of the
// kernel.
func (s *Session) Close() error {
	ctx := context.Background()
	var errs []error
	if s.open != nil {
		for _, line := range s.Rollback(ctx).Left {
			errs = append(errs, errors.New(line))
		}
	}
	for _, e := range s.done {
		errs = append(errs, s.settle(ctx, e))
	}
	if s.ledger != nil {
		s.ledger.close()
	}
	s.cache.stale()
	return errors.Join(append(errs, s.host.Close())...)
}

// Do carries out one entry. Name is what messages call it.
func (s *Session) Do(ctx context.Context, name, text string) *Report {
	return s.do(ctx, &entry{name: name, text: text})
}

// RunProgram carries out the statement that Program gives. Script does not
// repeat it: it may be one that waits for keys, or never ends by itself.
func (s *Session) RunProgram(ctx context.Context, name, statement string) *Report {
	return s.do(ctx, &entry{name: name, text: statement, byHand: true})
}

// Load carries out a script as one entry.
func (s *Session) Load(ctx context.Context, path string) (*Report, string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	defer s.in(s.config.Dir)
	s.in(filepath.Dir(path))
	return s.do(ctx, &entry{name: path, text: string(text)}), string(text), nil
}

// in sets the folder where an entry looks for files.
func (s *Session) in(dir string) {
	s.config.Dir = dir
	s.interp.In(dir)
}

func (s *Session) do(ctx context.Context, e *entry) *Report {
	began := time.Now()
	r := &Report{Made: map[string]int{}}
	defer func() { r.Elapsed = time.Since(began) }()
	if err := finishOthers(ctx, s.host, s.set, s.ledger); err != nil {
		r.Diags, r.Ending = diag.List{err.Diag}, Failed
		return r
	}
	file, steps, found := s.rehearse(ctx, e.name, e.text)
	if r.Diags = found; found.Failed() {
		r.Ending = unfit(found)
		return r
	}
	w := s.work(e.name, r)
	if err := w.prepare(ctx, foreseen(steps, func(s Step) host.Op { return s.Op })); err != nil {
		w.blame(ctx, err)
	} else {
		s.carryOut(ctx, w, file, e)
	}
	s.rest(w)
	return r
}

// rehearse reads an entry and tries it out on a model of what is alive now.
// What it learns is forgotten.
func (s *Session) rehearse(ctx context.Context, name, text string) (*ast.File, []Step, diag.List) {
	file, found := parse.File(name, text)
	if file == nil {
		return nil, nil, found.Tidy()
	}
	found = append(found, check.Entry(file, stdlibKnows, s.earlier())...)
	defer s.interp.Recall(s.interp.Remember())
	cfg := s.config
	cfg.Net = s.look()
	cfg.Host, cfg.Tx, cfg.Rehearse = cfg.Net, tx.New(cfg.Net, nil), true
	in := s.interp.Rehearsal(cfg)
	if err := in.Run(ctx, file); err != nil && ctx.Err() == nil {
		found = append(found, bug(err))
	}
	return file, planned(cfg.Tx), append(found, in.Diags()...).Tidy()
}

// earlier names what entries before have made.
func (s *Session) earlier() check.Earlier {
	return check.Earlier{Variables: slices.Collect(maps.Keys(s.interp.Variables())),
		Functions: slices.Collect(maps.Keys(s.interp.Functions())), Modules: s.interp.Modules()}
}

// work prepares the run of an entry in the transaction it belongs to.
func (s *Session) work(name string, r *Report) *run {
	w := &run{name: name, host: s.host, set: s.set, report: r, interp: s.interp, ledger: s.ledger}
	net := s.look()
	if s.open == nil {
		w.begin(net)
	} else {
		w.tx = s.open.tx
		w.tx.Reflect(net)
		w.tx.Trace, w.tx.Claim, w.tx.Open = w.trace, w.claim, w.open
	}
	w.tx.Held = func(h *tx.Held) { s.kept = append(s.kept, h) }
	s.interp.Use(w.tx, net, s.open != nil)
	return w
}

// rest takes over what a run has acquired, and lets others have the
// namespaces unless a transaction is open.
func (s *Session) rest(w *run) {
	s.ledger = w.ledger
	if s.ledger != nil && s.open == nil {
		s.ledger.release()
	}
	s.idle()
	s.leaveTheGone()
	s.cache.stale()
}

// carryOut runs an entry. One that fails is undone alone.
func (s *Session) carryOut(ctx context.Context, w *run, file *ast.File, e *entry) {
	e.before, e.scope = s.interp.Remember(), s.Scope()
	mark, err := w.tx.Mark(ctx)
	defer w.tx.Release(mark)
	if err == nil {
		err = guarded(func() error { return w.interp.Run(ctx, file) })
	}
	w.count()
	if err == nil && s.open == nil {
		err = w.tx.Commit(ctx)
	}
	e.held, s.kept = s.kept, nil
	if err != nil {
		w.blame(ctx, err)
		w.outside()
		w.report.RolledBack = true
		w.undone(w.tx.Rollback(ctx, mark, w.undoing), err)
		s.failed(w, e)
		return
	}
	w.report.Made = made(w.tx.Steps())
	e.learnt = !s.interp.Remember().Same(e.before)
	s.keep(ctx, e)
}

// failed keeps what an entry that failed had committed before.
func (s *Session) failed(w *run, e *entry) {
	kept := w.interp.Tally().Kept
	if len(e.held) == 0 {
		s.interp.Recall(e.before)
		return
	}
	w.report.Committed = kept.Pos.ShortString()
	e.text = upTo(e, kept.End.Offset)
	e.learnt = true
	s.keep(context.Background(), e)
}

// upTo is what an entry has committed: its text up to there, or a remark if
// that is no whole script.
func upTo(e *entry, offset int) string {
	if offset > 0 && offset <= len(e.text) {
		if r := parse.Text(e.name, e.text[:offset]); !r.Incomplete && !r.Diags.Failed() {
			return e.text[:offset] + "\n"
		}
	}
	return "# what " + e.name + " did before it failed\n"
}

// undoLimit is how many entries can be taken back.
const undoLimit = 20

// keep remembers an entry that was carried out, and settles the one that falls
// out of the undo history.
func (s *Session) keep(ctx context.Context, e *entry) {
	if s.open != nil {
		s.open.entries = append(s.open.entries, e)
		return
	}
	s.done = append(s.done, e)
	var undoable []*entry
	for _, e := range s.done {
		if e.undoable() {
			undoable = append(undoable, e)
		}
	}
	for len(undoable) > undoLimit {
		_ = s.settle(ctx, undoable[0]) // what is left stands in its journal
		undoable = undoable[1:]
	}
}

// undoable reports whether there is something of an entry to take back.
func (e *entry) undoable() bool { return !e.settled && (len(e.held) > 0 || e.learnt) }

// settle does what is left to do for an entry: it stays for good.
func (s *Session) settle(ctx context.Context, e *entry) error {
	if e.settled {
		return nil
	}
	e.settled = true
	var errs []error
	for _, h := range e.held {
		errs = append(errs, h.Settle(ctx))
	}
	return errors.Join(errs...)
}

// Undo takes back the last entries that changed something, newest first, and
// returns what was typed for them.
func (s *Session) Undo(ctx context.Context, n int) ([]string, *Report, error) {
	if s.open != nil {
		return nil, nil, errors.New("a transaction is open: `rollback`, or `rollback to` a savepoint of it")
	}
	began := time.Now()
	r := &Report{Made: map[string]int{}}
	var texts []string
	for len(texts) < n {
		i := len(s.done) - 1
		for i >= 0 && !s.done[i].undoable() {
			i--
		}
		if i < 0 {
			break
		}
		if !s.takeBack(ctx, s.done[i], r) {
			break
		}
		texts = append(texts, s.done[i].Text())
		s.done = s.done[:i] // what came after it only looked
	}
	r.Elapsed = time.Since(began)
	if len(texts) == 0 && r.Ending == Done {
		return nil, nil, Notice("nothing to undo")
	}
	return texts, r, nil
}

// takeBack undoes one entry. It is not begun when its namespaces cannot be had.
func (s *Session) takeBack(ctx context.Context, e *entry, r *Report) bool {
	w := s.work(e.name, r)
	defer s.rest(w)
	var spaces []string
	for _, h := range e.held {
		spaces = append(spaces, h.Spaces()...)
	}
	if len(e.held) > 0 {
		if err := w.claim(ctx, spaces); err != nil {
			w.blame(ctx, err)
			return false
		}
	}
	r.RolledBack = true
	for _, h := range slices.Backward(e.held) {
		w.undone(h.TakeBack(ctx, w.undoing), nil)
	}
	s.interp.Recall(e.before)
	return true
}

// Text is what was typed for an entry.
func (e *entry) Text() string {
	text := e.text
	if e.name != promptName {
		text = ":load " + e.name + "\n"
	}
	if len(e.parts) > 0 {
		text = ""
	}
	for _, p := range e.parts {
		text += p.Text()
	}
	return text
}
