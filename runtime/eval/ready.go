package eval

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

// defaultReady is how long a program may take to become ready.
const defaultReady = 30 * time.Second

// A ready says when a program is taken to be ready; the zero value, at once.
type ready struct {
	at      token.Span
	port    int
	pattern *regexp.Regexp
	lasts   time.Duration
	link    *host.End // of an uplink: a tap it is to open
	timeout time.Duration
}

// readiness works out what a program has to do to be ready. Quotes make a
// pattern of a number, too.
func (t *thread) readiness(o *ast.Option, r *ready) error {
	a, err := t.one(o.Args[0])
	if err != nil {
		return err
	}
	r.at = a.at
	if value.IsUnknown(a.v) {
		return nil
	}
	switch a.v.(type) {
	case value.Int:
		n, err := value.AsInt(a.v)
		if err == nil && (n < 1 || n > 65535) {
			err = t.fail(diag.OutOfBounds, a.at, "a port is from 1 to 65535, and this is %d", n)
		}
		r.port = int(n)
		return err
	case value.Duration:
		r.lasts, err = value.AsDuration(a.v)
		return err
	}
	text, err := value.AsText(a.v)
	if err != nil {
		return t.wrong(a.at, err)
	}
	if r.pattern, err = regexp.Compile(text); err != nil {
		return t.fail(diag.Malformed, a.at, "`%s` is not a pattern: %s", name.Quote(text), name.Quote(err.Error())).
			help("patterns are those of RE2: https://github.com/google/re2/wiki/Syntax")
	}
	return nil
}

// listeners gives the sockets that wait on the port of a program before it is
// started.
func (t *thread) listeners(st start) ([]uint64, error) {
	if st.ready.port == 0 {
		return nil, nil
	}
	list, err := t.cfg.Host.Listeners(t.ctx, st.ns, st.ready.port)
	if err != nil {
		return nil, t.notMeasured(err)
	}
	return list, nil
}

// await waits until a program is ready.
func (t *thread) await(b *background, proc host.Program, st start, taken []uint64) error {
	r := st.ready
	began := time.Now()
	for rest := 2 * time.Millisecond; ; rest = min(2*rest, 100*time.Millisecond) {
		isReady, err := t.isReady(b, proc, st, taken, began)
		if err != nil || isReady {
			return err
		}
		left := r.timeout - time.Since(began)
		if r.lasts > 0 {
			left = r.lasts - time.Since(began)
		}
		switch {
		case !proc.Alive():
			return t.endedEarly(b, proc, st)
		case left <= 0 && r.lasts == 0:
			f := t.fail(diag.NotReady, cmp.Or(r.at, st.at), "%s is not ready after %s: %s", b.name, r.timeout, r.lacks())
			f.Diag.Output = b.out.tail()
			return f
		}
		done := proc.Done()
		select {
		case <-done:
			done = nil
		default:
		}
		timer := time.NewTimer(min(rest, max(left, time.Millisecond)))
		select {
		case <-timer.C:
		case <-b.out.matched:
		case <-done:
		case <-t.ctx.Done():
			timer.Stop()
			return context.Cause(t.ctx)
		}
		timer.Stop()
	}
}

// isReady looks once.
func (t *thread) isReady(b *background, proc host.Program, st start, taken []uint64, began time.Time) (bool, error) {
	r := st.ready
	switch {
	case r.port > 0:
		now, err := t.cfg.Host.Listeners(t.ctx, st.ns, r.port)
		if err != nil {
			return false, t.notMeasured(err)
		}
		return fresh(now, taken), nil
	case r.pattern != nil:
		select {
		case <-b.out.matched:
			return true, nil
		default:
			return false, nil
		}
	case r.link != nil:
		state, err := t.cfg.Host.State(t.ctx, r.link.NS)
		if err != nil {
			return false, err
		}
		l, ok := state.Link(r.link.Name)
		return ok && isOpen(l) && proc.Alive(), nil
	case r.lasts > 0:
		return proc.Alive() && time.Since(began) >= r.lasts, nil
	}
	return true, nil
}

// isOpen reports whether a program has a tap open, and packets pass, which they
// may do a moment later.
func isOpen(l *host.Link) bool { return l.Carrier && l.Oper == "UP" }

// fresh reports whether there is a socket that was not there before.
func fresh(now, before []uint64) bool {
	return slices.ContainsFunc(now, func(s uint64) bool { return !slices.Contains(before, s) })
}

// lacks says what a program has not done.
func (r ready) lacks() string {
	if r.port > 0 {
		return fmt.Sprintf("nothing listens on port %d", r.port)
	}
	if r.link != nil {
		return fmt.Sprintf("it has not opened %s", r.link)
	}
	return fmt.Sprintf("no line of its output matches `%s`", name.Quote(r.pattern.String()))
}

// endedEarly is the failure of a program that ended before it was ready.
func (t *thread) endedEarly(b *background, proc host.Program, st start) error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	exit, _ := proc.Exit()
	f := t.fail(diag.NotReady, st.argvAt[0], "%s %s before it was ready", b.name, endedHow(exit))
	f.Diag.Output = b.out.tail()
	return f
}

func endedHow(exit host.Exit) string {
	if exit.Signal != "" {
		return "was killed by " + exit.Signal
	}
	return fmt.Sprintf("ended with status %d", exit.Status)
}
