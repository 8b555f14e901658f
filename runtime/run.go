package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"vnet/lang/ast"
	"vnet/lang/check"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/parse"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// A Signal is the cause of a context's end when the user or the system wants
// the script to stop.
type Signal struct{ os.Signal }

func (s Signal) Error() string { return s.String() }

// errTimeout is the cause of a context's end when Settings.Timeout is over.
var errTimeout = errors.New("the time is over")

// queueLimit is how many operations wait before they are sent without being
// asked for; a batch that large gains nothing more.
const queueLimit = 256

// Check says what is wrong with a script, wherever it may run: it looks at
// nothing of this machine but the modules it imports.
func Check(ctx context.Context, s Script) diag.List {
	_, found := rehearse(ctx, s, nil)
	return found
}

// Plan rehearses a script on what is alive here, and returns what it would do.
func Plan(ctx context.Context, s Script) ([]Step, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	defer k.Close()
	steps, found := rehearse(ctx, s, k)
	return steps, found
}

// rehearse runs a script on a model of what source shows; nil for another
// machine's network.
func rehearse(ctx context.Context, s Script, source host.Looker) ([]Step, diag.List) {
	file, found := parse.File(s.Name, s.Text)
	if file == nil {
		return nil, found.Tidy()
	}
	found = append(found, check.File(file, stdlibKnows)...)
	net := model.New(model.Options{Source: source, Foreign: source == nil})
	t := tx.New(net, nil)
	in := eval.New(eval.Config{Host: net, Tx: t, Net: net, Rehearse: true, Foreign: source == nil,
		Dir: s.Dir, Args: s.Args, Module: stdlib.Module})
	if err := in.Run(ctx, file); err != nil && !errors.Is(err, context.Cause(ctx)) {
		found = append(found, bug(err))
	}
	found = append(found, in.Diags()...)
	found = append(found, unknownArgs(s, file, in.Tally().Params)...)
	var steps []Step
	for _, step := range t.Steps() {
		steps = append(steps, Step{Op: step.Op, At: step.At})
	}
	return steps, found.Tidy()
}

// stdlibKnows tells the checker which functions there are without a def.
func stdlibKnows(fn string) bool {
	_, ok := stdlib.Lookup(fn)
	return ok
}

// unknownArgs reports values given for params the script does not have.
func unknownArgs(s Script, file *ast.File, params []eval.Param) diag.List {
	var names []string
	for _, p := range params {
		names = append(names, p.Name)
	}
	for _, stmt := range file.Stmts { // those behind a failure as well
		if p, ok := stmt.(*ast.Param); ok {
			names = append(names, p.Name.Text)
		}
	}
	if usesArg(s.Text) {
		return nil
	}
	var out diag.List
	for given := range s.Args {
		if slices.Contains(names, given) {
			continue
		}
		at := token.Span{Pos: token.Pos{Filename: file.Name}, End: token.Pos{Filename: file.Name}}
		d := diag.New(diag.UnknownParam, at, "the script has no param `%s`", name.Quote(given))
		if near, ok := name.Near(given, names); ok {
			d.WithHelp("did you mean `%s`?", near)
		} else if len(names) > 0 {
			slices.Sort(names)
			d.WithHelp("its params: %s", strings.Join(slices.Compact(names), " "))
		}
		out = append(out, d)
	}
	return out
}

// usesArg reports whether the script may look for values by name itself.
func usesArg(text string) bool { return strings.Contains(text, "arg(") }

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
	_, r.Diags = rehearse(ctx, s, h)
	if r.Diags.Failed() {
		r.Ending = Invalid
		return r
	}
	file, _ := parse.File(s.Name, s.Text)
	newRun(h, s, set, r).script(ctx, file)
	return r
}

// A run is one script at work on the kernel.
type run struct {
	set    Settings
	report *Report
	tx     *tx.Tx
	interp *eval.Interp
	done   int
}

func newRun(k host.Host, s Script, set Settings, r *Report) *run {
	w := &run{set: set, report: r}
	net := model.New(model.Options{Source: k})
	w.tx = tx.New(k, net)
	w.tx.Limit = queueLimit
	w.tx.Trace = w.trace
	cfg := eval.Config{Host: k, Tx: w.tx, Net: net, Dir: s.Dir, Args: s.Args, Module: stdlib.Module,
		Stdin: set.Stdin, Stdout: set.Stdout, Stderr: set.Stderr}
	if set.Progress != nil {
		cfg.Statement = func(st ast.Stmt) {
			at := st.Where()
			set.Progress(Progress{At: at, Text: firstLine(s.Text, at), Done: w.done})
		}
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

// script runs the script and ends the transaction one way or the other.
func (w *run) script(ctx context.Context, file *ast.File) {
	err := w.guarded(ctx, file)
	tally := w.interp.Tally()
	r := w.report
	r.Lab, r.Checks, r.Programs = tally.Lab, tally.Checks, tally.Programs
	r.Diags = append(r.Diags, w.interp.Diags()...).Tidy()
	if err == nil {
		err = w.tx.Commit(ctx)
	}
	if err == nil {
		r.Made = made(w.tx.Steps())
		if w.set.Remove {
			w.takeDown(ctx, nil)
		}
		return
	}
	w.blame(ctx, err)
	seen := map[token.Span]bool{}
	for _, at := range tally.Outside {
		if !seen[at] {
			r.Outside = append(r.Outside, "exec at "+at.Pos.ShortString())
		}
		seen[at] = true
	}
	r.RolledBack = true
	w.undone(w.tx.Rollback(ctx, 0, w.undoing), err)
	switch {
	case w.set.Remove:
		w.takeDown(ctx, nil)
	case w.tx.Committed() > 0:
		r.Committed = tally.Kept.Pos.ShortString()
	}
}

// guarded turns a panic into an error: a mistake in vnet must not leave a half
// built network behind.
func (w *run) guarded(ctx context.Context, file *ast.File) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &eval.Failure{Diag: bug(fmt.Errorf("%v\n%s", p, debug.Stack()))}
		}
	}()
	return w.interp.Run(ctx, file)
}

func bug(err error) *diag.Diagnostic {
	return diag.New(diag.Bug, token.Span{}, "a mistake in vnet itself: %s", err).
		WithHelp("please report it with the script that shows it")
}

func machine(err error) *diag.Diagnostic {
	return diag.New(diag.MachineLacks, token.Span{}, "cannot reach the kernel: %s", err)
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

// undone reports how the undo went.
func (w *run) undone(u tx.Undo, cause error) {
	r := w.report
	r.Undone += u.Undone
	r.UndoTime += u.Time
	left := u.Left
	var inner *eval.Incomplete
	if errors.As(cause, &inner) {
		left = append(left, inner.Undo.Left...)
	}
	for _, err := range left {
		var step *tx.StepError
		if errors.As(err, &step) {
			r.Left = append(r.Left, fmt.Sprintf("%s: %v", step.Step.Op, step.Err))
			continue
		}
		r.Diags = append(r.Diags, handlerFailed(err))
	}
	if len(r.Left) > 0 {
		r.Ending = Incomplete
	}
}

// handlerFailed is the warning that an `on rollback` did not do what it should.
func handlerFailed(err error) *diag.Diagnostic {
	var f *eval.Failure
	if errors.As(err, &f) {
		d := *f.Diag
		d.Severity = diag.Warning
		return &d
	}
	return diag.Warn(diag.HandlerFailed, token.Span{}, "on rollback failed: %s", err)
}

// blame reports why the script failed and chooses the exit status.
func (w *run) blame(ctx context.Context, err error) {
	r := w.report
	var f *eval.Failure
	if errors.As(err, &f) {
		r.Diags = append(r.Diags, f.Diag)
	} else if ctx.Err() == nil {
		r.Diags = append(r.Diags, bug(err))
	}
	r.Ending = ending(ctx, f, err)
}

// ending chooses the exit status of a failure.
func ending(ctx context.Context, f *eval.Failure, err error) Ending {
	var sig Signal
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errTimeout):
		return TimedOut
	case errors.As(cause, &sig) && sig.Signal != os.Interrupt:
		return Terminated
	case ctx.Err() != nil, errors.Is(err, eval.ErrInterrupted):
		return Interrupted
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return Forbidden
	case f != nil && f.Diag.Code == diag.RefusedUnsupported:
		return Unsupported
	case f != nil && f.Diag.Code == diag.ExpectFailed:
		return Unexpected
	}
	return Failed
}

// made counts what stands after a run, by kind.
func made(steps []tx.Step) map[string]int {
	count := map[string]int{}
	for _, s := range steps {
		switch op := s.Op.(type) {
		case host.NamespaceAdd, host.NamespaceAdopt:
			count["namespace"]++
		case host.NamespaceDel:
			count["namespace"]--
		case host.LinkAdd:
			count[linkKind(op)]++
		case host.AddrSet:
			count["address"] += sign(op.Verb)
		case host.RouteSet:
			count["route"] += sign(op.Verb)
		case host.RuleSet:
			count["rule"] += sign(op.Verb)
		case host.NeighSet:
			count["neighbour"] += sign(op.Verb)
		case host.SysctlSet:
			count["sysctl"]++
		}
	}
	return count
}

func linkKind(op host.LinkAdd) string {
	switch op.Link.Kind {
	case "veth", "bridge":
		return op.Link.Kind
	}
	return "link"
}

func sign(v host.Verb) int {
	switch v {
	case host.Del:
		return -1
	case host.Change:
		return 0
	}
	return 1
}
