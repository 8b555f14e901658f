package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/lab"
	"vnet/runtime/model"
	"vnet/runtime/sandbox"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// A Signal is the cause of a context's end when the user or the system wants
// the script to stop.
type Signal struct{ os.Signal }

func (s Signal) Error() string { return s.String() }

// errTimeout is the cause of a context's end when Settings.Timeout is over.
var errTimeout = errors.New("the time is over")

// QueueLimit is how many operations wait before they are sent without being
// asked for. A bridge comes up when all its ports in the queue have joined, so
// that a large queue is worth much to it.
const QueueLimit = 2048

// Run carries out a script on the kernel, as one transaction.
func Run(ctx context.Context, s Script, set Settings) *Report {
	k, err := kernel.New()
	if err != nil {
		return &Report{Ending: Unsupported, Diags: diag.List{machine(err)}, Made: map[string]int{}}
	}
	defer k.Close()
	return RunOn(ctx, k, s, set)
}

// RunOn carries out a script on a host that the caller closes.
func RunOn(ctx context.Context, h host.Host, s Script, set Settings) *Report {
	began := time.Now()
	r := &Report{Made: map[string]int{}}
	defer func() { r.Elapsed = time.Since(began) }()
	if set.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, set.Timeout, errTimeout)
		defer cancel()
	}
	if err := finishOthers(ctx, h, set, nil); err != nil {
		r.Diags, r.Ending = diag.List{err.Diag}, Failed
		return r
	}
	tried, ok := r.rehearse(ctx, h, s, set)
	if !ok {
		return r
	}
	will := foreseen(tried.tx.Steps(), func(s tx.Step) host.Op { return s.Op })
	repeat := will.change && tried.in.Repeatable()
	if !repeat {
		tried.net, tried.tx, tried.in = nil, nil, nil // they may be large
	}
	w := newRun(h, s, set, r)
	defer w.close()
	err := w.prepare(ctx, will)
	if err == nil && w.ledger != nil && w.ledger.waited {
		// Another has changed the network in the meantime.
		repeat = false
		if _, ok = r.rehearse(ctx, h, s, set); !ok {
			return r
		}
	}
	if err != nil {
		w.blame(ctx, err)
		return r
	}
	if !repeat {
		w.carryOut(ctx, func() error { return w.interp.Run(ctx, tried.file) })
		return r
	}
	w.net, w.interp = tried.net, tried.in
	w.begin(tried.net)
	w.keepAs()
	w.carryOut(ctx, func() error { return w.repeat(ctx, tried, will) })
	return r
}

// repeat does what the rehearsal did, without going through the script again.
func (w *run) repeat(ctx context.Context, tried *rehearsed, will prospect) error {
	w.tx.Trace = func(step tx.Step) {
		w.progress(step.At)
		w.trace(step)
	}
	w.foretell(will.spaces)
	return tried.in.Repeat(ctx, w.tx)
}

// progress tells how far the run has come.
func (w *run) progress(at token.Span) {
	if w.set.Progress != nil {
		w.set.Progress(Progress{At: at, Text: firstLine(w.script.Text, at), Done: w.done})
	}
}

// A prospect is what a rehearsal tells of what a run will do.
type prospect struct {
	change bool     // something
	spaces []string // writes to these, sorted
}

func foreseen[S any](steps []S, op func(S) host.Op) prospect {
	p := prospect{change: len(steps) > 0}
	for _, s := range steps {
		p.spaces = append(p.spaces, op(s).Spaces()...)
	}
	slices.Sort(p.spaces)
	p.spaces = slices.Compact(p.spaces)
	return p
}

// expect has the namespaces made that a rehearsal is told to make, while it goes
// on: nobody sees one that has no name yet, and what is not asked for is given up.
func expect(h host.Host) func(tx.Step) {
	k, ok := h.(interface{ Expect(namespaces int) })
	if !ok {
		return nil
	}
	n := 0
	return func(s tx.Step) {
		if _, ok := s.Op.(host.NamespaceAdd); ok {
			n++
			k.Expect(n)
		}
	}
}

// rehearse says what a script would do, and whether it can be begun.
func (r *Report) rehearse(ctx context.Context, h host.Host, s Script, set Settings) (tried *rehearsed, ok bool) {
	var try *rehearsed
	if set.Replace {
		try = rehearseReplacing(ctx, h, s)
	} else if try = rehearsalOn(ctx, s, h, nil, expect(h)); try.tx != nil && try.found.Failed() {
		if l, up := stands(h, s, try.lab); up && !slices.ContainsFunc(try.found, unlike) {
			try.found = diag.List{isUp(l)}
		}
	}
	r.Diags, r.Lab = try.found, try.lab
	if err := ctx.Err(); err != nil { // what was found goes no further than that
		r.Ending = ending(ctx, nil, err)
		return nil, false
	}
	if try.found.Failed() {
		r.Ending = unfit(try.found)
		return nil, false
	}
	return try, true
}

// rehearseReplacing rehearses as if the lab of a script were not up. Which lab that
// is, the text tells before it is carried out; where it does not, that is done
// once more.
func rehearseReplacing(ctx context.Context, h host.Host, s Script) *rehearsed {
	var old lab.Lab
	var up bool
	try := rehearsalOn(ctx, s, h, func(file *ast.File, net *model.Net) {
		if old, up = stands(h, s, foretold(file)); up {
			without(ctx, h, &old)(file, net)
		}
	}, expect(h))
	if try.tx == nil {
		return try
	}
	l, there := stands(h, s, try.lab)
	switch {
	case !there && !up, there && up && l.Name == old.Name:
		return try
	case there:
		return rehearsalOn(ctx, s, h, without(ctx, h, &l), expect(h))
	}
	return rehearsalOn(ctx, s, h, nil, expect(h))
}

// prepare locks what the script is going to write to, as far as the rehearsal
// tells, and finishes what others left there.
func (w *run) prepare(ctx context.Context, will prospect) error {
	if !will.change && !w.set.Replace {
		return nil
	}
	if err := w.begun(ctx); err != nil {
		return err
	}
	if err := w.enter(ctx); err != nil {
		return err
	}
	return w.claim(ctx, will.spaces)
}

// enter locks the lab that is to be built, and clears away what is left of one
// of that name that others have removed.
func (w *run) enter(ctx context.Context) error {
	if w.set.Remove {
		return nil
	}
	if err := w.begun(ctx); err != nil {
		return err
	}
	called := w.labName(w.report.Lab)
	l, there := lab.Named(w.ledger.store, called)
	switch {
	case there && bygone(&l):
		settleLab(ctx, w.host, w.ledger.store, called)
	case there && void(w.host, &l):
		if err := takeDownLab(ctx, w.host, &TakenDown{Lab: called}, w.set); err != nil {
			return err
		}
	}
	w.called = called
	if err := w.ledger.claimLab(ctx, called); err != nil {
		return err
	}
	return w.takeOld(called)
}

// claim locks namespaces before they are written to.
func (w *run) claim(ctx context.Context, spaces []string) error {
	if err := w.begun(ctx); err != nil {
		return err
	}
	return w.ledger.claim(ctx, w.host, spaces)
}

// begun sees to it that there is a ledger.
func (w *run) begun(ctx context.Context) error {
	if w.ledger != nil {
		return nil
	}
	l, err := openLedger(ctx, w.host, w.name, w.set)
	if err == nil {
		w.ledger = l
	}
	return err
}

// open begins the journal of what is about to be done.
func (w *run) open() (*journal.Journal, error) { return w.ledger.open() }

// close gives back the locks.
func (w *run) close() {
	for _, p := range w.old {
		p.Close()
	}
	if w.ledger != nil {
		w.ledger.close()
	}
}

// A run is one script at work on the kernel.
type run struct {
	name   string // of the script
	script Script // of a run that is one
	host   host.Host
	set    Settings
	report *Report
	tx     *tx.Tx
	ledger *ledger // nil until something is to be changed
	interp *eval.Interp
	done   int
	net    *model.Net
	called string          // its lab, as the rehearsal had it
	old    []journal.Taken // that lab, if it is to be replaced
	failed bool            // and what it did is to be kept
	told   <-chan prophecy // what it will leave; nil when that is not known before
}

// begin makes the transaction of a run.
func (w *run) begin(net *model.Net) {
	w.tx = tx.New(w.host, net)
	w.tx.Limit = QueueLimit
	w.tx.Trace = w.trace
	w.tx.Claim = w.claim
	w.tx.Open = w.open
	w.tx.Temporary = w.set.Remove
}

func newRun(k host.Host, s Script, set Settings, r *Report) *run {
	w := &run{name: s.Name, script: s, host: k, set: set, report: r}
	net := model.New(model.Options{Source: k, Elsewhere: sandbox.Elsewhere})
	w.net = net
	w.begin(net)
	w.keepAs()
	cfg := eval.Config{Host: k, Tx: w.tx, Net: net, Dir: s.Dir, Args: s.Args, Test: s.Test, Module: stdlib.Module,
		Outward: sandbox.Outward(), Stdin: set.Stdin, Stdout: set.Stdout, Stderr: set.Stderr, JSON: set.JSON}
	if set.Progress != nil {
		cfg.Statement = func(st ast.Stmt) { w.progress(st.Where()) }
	}
	w.interp = eval.New(cfg)
	return w
}

// trace counts an operation, and tells whoever wants to know of it.
func (w *run) trace(step tx.Step) {
	w.done++
	if w.set.Trace != nil {
		w.set.Trace(Step{Op: step.Op, At: step.At})
	}
}

func firstLine(text string, at token.Span) string {
	if at.Pos.Offset < 0 || at.Pos.Offset >= len(text) {
		return ""
	}
	line, _, _ := strings.Cut(text[at.Pos.Offset:], "\n")
	return line
}

// carryOut does what the script says and ends the transaction one way or the
// other.
func (w *run) carryOut(ctx context.Context, script func() error) {
	err := w.replace(ctx)
	if err == nil {
		err = guarded(script)
	}
	w.count()
	r := w.report
	if err == nil {
		err = w.confirmed(ctx)
	}
	if err == nil {
		err = w.tx.Commit(ctx)
	}
	if err == nil {
		for _, late := range w.tx.Late() {
			r.Left = append(r.Left, late.Error())
			r.Ending = Incomplete
		}
		r.Made = made(w.tx.Steps())
		if w.set.Remove {
			w.takeDown(ctx, nil)
		}
		return
	}
	w.blame(ctx, err)
	w.outside()
	if w.keepFailed(ctx) {
		return
	}
	r.RolledBack = true
	w.undone(w.tx.Rollback(ctx, 0, w.undoing), err)
	switch {
	case w.set.Remove:
		w.takeDown(ctx, nil)
	case w.tx.Committed() > 0:
		r.Committed = w.interp.Tally().Kept.Pos.ShortString()
	}
}

// count reports what the script did beside its operations.
func (w *run) count() {
	tally, r := w.interp.Tally(), w.report
	r.Lab, r.Checks, r.Programs = tally.Lab, tally.Checks, tally.Programs
	r.Diags = append(r.Diags, w.interp.Diags()...).Tidy()
}

// outside reports what no undo reaches.
func (w *run) outside() {
	seen := map[eval.Outside]bool{}
	for _, o := range w.interp.Tally().Outside {
		if !seen[o] {
			w.report.Outside = append(w.report.Outside, o.What+" at "+o.At.Pos.ShortString())
		}
		seen[o] = true
	}
}

// guarded turns a panic into an error: a mistake in vnet must not leave a half
// built network behind.
func guarded(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &eval.Failure{Diag: bug(fmt.Errorf("%v\n%s", p, debug.Stack()))}
		}
	}()
	return do()
}

// takeDown removes what the script made, for --rm, after success or failure.
func (w *run) takeDown(ctx context.Context, cause error) {
	w.undone(w.tx.TakeDown(ctx, w.undoing), cause)
}

func (w *run) undoing(s tx.Step, n int) {
	if w.set.Progress != nil {
		w.set.Progress(Progress{At: s.At, Text: s.Op.String(), Done: n, Undoing: true})
	}
}
