package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/tx"
)

func bug(err error) *diag.Diagnostic {
	return diag.New(diag.Bug, token.Span{}, "a mistake in vnet itself: %s", err).
		WithHelp("please report it with the script that shows it")
}

func machine(err error) *diag.Diagnostic {
	return diag.New(diag.MachineLacks, token.Span{}, "cannot reach the kernel: %s", err)
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
		if line, ok := leftover(err); ok {
			r.Left = append(r.Left, line)
			continue
		}
		r.Diags = append(r.Diags, handlerFailed(err))
	}
	if len(r.Left) > 0 {
		r.Ending = Incomplete
	}
}

// leftover says what an undo could not take back; ok is false for the trouble
// of a handler, which leaves nothing.
func leftover(err error) (line string, ok bool) {
	var step *tx.StepError
	if errors.As(err, &step) {
		return fmt.Sprintf("%s: %v", step.Step.Op, step.Err), true
	}
	var differs *tx.Difference
	if errors.As(err, &differs) {
		if differs.Foreign {
			return fmt.Sprintf("%s [%s]", differs, diag.ChangedMeanwhile), true
		}
		return differs.Error(), true
	}
	return err.Error(), false
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

// unfit chooses the exit status where the rehearsal found errors: the script
// is not valid, unless all it is short of is something of the machine.
func unfit(found diag.List) Ending {
	for _, d := range found {
		if d.Severity == diag.Error && d.Code != diag.MachineLacks {
			return Invalid
		}
	}
	return Unsupported
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
	case f != nil && f.Diag.Code == diag.NotConfirmed:
		return TimedOut
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
