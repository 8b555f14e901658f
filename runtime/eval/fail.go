package eval

import (
	"context"
	"errors"
	"syscall"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/tx"
	"vnet/runtime/value"
)

// A Failure is why a script failed, with the error behind it.
type Failure struct {
	Diag  *diag.Diagnostic
	Cause error // may be nil
}

func (f *Failure) Error() string { return f.Diag.Error() }
func (f *Failure) Unwrap() error { return f.Cause }

// help adds a remedy to a failure.
func (f *Failure) help(format string, args ...any) *Failure {
	f.Diag.WithHelp(format, args...)
	return f
}

// control is how break, continue and return leave the statements around them.
type control struct {
	what  string
	value value.Value
}

func (c control) Error() string { return c.what + " outside of what it leaves" }

// errTold stands for a failure that was reported already.
var errTold = errors.New("reported already")

// fail makes a failure of the script at a place of it.
func (t *thread) fail(code diag.Code, at token.Span, format string, args ...any) *Failure {
	d := diag.New(code, at, format, args...)
	d.Inside = t.surroundings()
	return &Failure{Diag: d}
}

// wrong reports what a value could not do, at the place where it stands.
func (t *thread) wrong(at token.Span, err error) error {
	var bad *value.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		f := t.fail(bad.Code, at, "%s", bad.Summary)
		f.Diag.WithHelp("%s", bad.Help)
		f.Cause = err
		return f
	}
	return err
}

// explain turns what came back from the transaction into a Failure.
func (t *thread) explain(err error) error {
	var step *tx.StepError
	if !errors.As(err, &step) {
		return err
	}
	if t.ctx.Err() != nil && errors.Is(step.Err, t.ctx.Err()) {
		return context.Cause(t.ctx)
	}
	d := refusal(step)
	for _, f := range t.cfg.Net.Check(step.Step.Op) {
		if !f.Warning {
			t.enrich(d, step.Step, f)
			break
		}
	}
	return &Failure{Diag: d, Cause: step.Err}
}

// refusal is the diagnostic of an operation that the network refused.
func refusal(step *tx.StepError) *diag.Diagnostic {
	s := step.Step
	d := diag.New(diag.Refused, s.At, "cannot do `%s`", s.Op)
	d.Inside = s.Inside
	var e *host.Error
	if !errors.As(step.Err, &e) {
		d.Kernel = step.Err.Error()
		return d
	}
	d.Code = codeOf(e.Errno)
	d.Kernel = e.Words()
	if e.Code != "" {
		d.Code, d.Kernel = e.Code, ""
	}
	d.Help = e.Help
	if e.What != "" {
		d.Summary = e.What
	}
	if at, ok := s.Where[e.Field]; ok {
		d.Span = at
	}
	return d
}

// codeOf gives the errors that users meet often a page of their own.
func codeOf(errno syscall.Errno) diag.Code {
	switch errno {
	case syscall.EEXIST:
		return diag.RefusedExists
	case syscall.ENODEV, syscall.ENOENT:
		return diag.RefusedAbsent
	case syscall.EPERM, syscall.EACCES:
		return diag.RefusedPermission
	case syscall.EOPNOTSUPP, syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT:
		return diag.RefusedUnsupported
	case syscall.EBUSY:
		return diag.RefusedBusy
	case syscall.EINVAL, syscall.ERANGE:
		return diag.RefusedInvalid
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH:
		return diag.RefusedUnreachable
	case syscall.ENOSPC, syscall.ENOBUFS, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM:
		return diag.RefusedFull
	}
	return diag.Refused
}

// enrich says with the words of a rule what the kernel refused.
func (t *thread) enrich(d *diag.Diagnostic, s tx.Step, f host.Finding) {
	found := t.finding(s, f)
	d.Summary, d.Label, d.Help, d.Notes = found.Summary, found.Label, found.Help, found.Notes
	d.Span = found.Span
}

// finding is the diagnostic of a rule that an operation breaks.
func (t *thread) finding(s tx.Step, f host.Finding) *diag.Diagnostic {
	at, ok := s.Where[f.Field]
	if !ok {
		at = s.At
	}
	d := diag.New(f.Code, at, "%s", f.Summary)
	if f.Warning {
		d.Severity = diag.Warning
	}
	d.Label, d.Help, d.Inside = f.Label, f.Help, s.Inside
	if f.Related != (host.Key{}) {
		t.mu.Lock()
		made := t.made[f.Related]
		t.mu.Unlock()
		d.WithNote(made, "%s", f.Remark)
	}
	return d
}

// note keeps a failure of a rehearsal for the report.
func (t *thread) note(err error) {
	var f *Failure
	if !errors.As(err, &f) {
		return
	}
	d := f.Diag
	if t.maybe > 0 && d.Severity == diag.Error {
		soft := *d
		soft.Severity = diag.Warning
		d = &soft
	}
	t.warn(d)
}

// warn keeps a warning; it does not stop anything. What a loop finds again
// and again is kept once.
func (t *thread) warn(d *diag.Diagnostic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen := told{d.Code, d.Severity, d.Span.Pos}
	if t.told[seen] && t.cfg.Rehearse {
		return
	}
	if t.told == nil {
		t.told = map[told]bool{}
	}
	t.told[seen] = true
	t.diags = append(t.diags, d)
}

// told is what makes one diagnostic the same as another.
type told struct {
	code     diag.Code
	severity diag.Severity
	at       token.Pos
}

// silence remembers the names in a statement that failed in a rehearsal, so
// that their absence is not reported a second time.
func (t *thread) silence(s ast.Stmt) {
	t.mu.Lock()
	for _, word := range namesIn(s) {
		t.silenced[word] = true
	}
	t.mu.Unlock()
	for _, x := range endsIn(s) {
		t.blurEnd(x)
	}
}

// blurEnd notes that an interface, or an address of it, is missing only since
// the statement that would have made it failed.
func (t *thread) blurEnd(x ast.Expr) {
	a, err := t.one(x)
	if err != nil {
		return
	}
	if e, err := value.AsEnd(a.v); err == nil {
		t.cfg.Net.Blur(e.NS)
		return
	}
	if text, err := value.AsText(a.v); err == nil {
		t.cfg.Net.Blur(text)
	}
	if t.space != host.Start {
		t.cfg.Net.Blur(t.space)
	}
}

// endsIn gives the interfaces that a statement makes or gives addresses.
func endsIn(s ast.Stmt) []ast.Expr {
	switch s := s.(type) {
	case *ast.Link:
		return []ast.Expr{s.End}
	case *ast.Veth:
		return []ast.Expr{s.A.End, s.B.End}
	case *ast.Addr:
		return []ast.Expr{s.End}
	case *ast.LinkSet:
		return []ast.Expr{s.End}
	}
	return nil
}

func (t *thread) isSilenced(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.silenced[name] || t.vague
}
