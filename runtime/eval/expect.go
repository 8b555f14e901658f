package eval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/path"
	"vnet/runtime/value"
)

// The patience of checks that say nothing about it.
const (
	defaultWithin = 5 * time.Second  // for what should become so: a link comes up, IPv6 looks for duplicates
	defaultWait   = 30 * time.Second // for wait until
	probeTimeout  = time.Second      // for one answer to one packet
	whyTimeout    = time.Second      // for finding out what stops a packet
	shortestLook  = 100 * time.Millisecond
	firstPause    = 20 * time.Millisecond
	longestPause  = 250 * time.Millisecond
	mostProbes    = 16 // checks of one expect that run at the same time
)

// A probe is one thing to look at: a ping from here to there, a program.
type probe struct {
	what string // as it was asked for, with its ends: "ping h1 -> h2"
	once func(context.Context) (verdict, error)
	way  *path.Query // that its packets take; nil: it sends none
}

// A verdict is what one look at it came to.
type verdict struct {
	holds  bool
	why    string // what was seen
	output string // what a program printed
}

// A question is a condition worked out: its probes and how long to ask.
type question struct {
	probes []probe
	within time.Duration
	given  bool // within was written
}

// expect fails the script unless its condition holds.
func (t *thread) expect(s *ast.Expect) error {
	q, err := t.question(s.Cond)
	if err != nil {
		return err
	}
	if t.cfg.Rehearse {
		return nil
	}
	if err := t.tx().Flush(t.ctx); err != nil {
		return err
	}
	if s.No && !q.given {
		q.within = 0
		if _, ok := s.Cond.(*ast.Ping); ok {
			for i := range q.probes {
				q.probes[i].once = denied(q.probes[i].once)
			}
		}
	}
	if err := t.ask(q, s.No, 0, func(p probe, v verdict) error { return t.disappointed(s, p, v) }); err != nil {
		return err
	}
	t.mu.Lock()
	t.tally.Checks++
	t.mu.Unlock()
	return nil
}

// denied looks several times for what should not be: a link that has just been
// made carries nothing for a moment, and silence then would prove nothing.
func denied(once func(context.Context) (verdict, error)) func(context.Context) (verdict, error) {
	const looks = 4
	return func(ctx context.Context) (v verdict, err error) {
		for range looks {
			began := time.Now()
			until := began.Add(probeTimeout / looks)
			v, err = once(context.WithValue(ctx, deadlineKey{}, until))
			if err != nil || v.holds {
				return v, err
			}
			if err := pause(ctx, time.Until(until)); err != nil {
				return v, err
			}
		}
		return v, nil
	}
}

// disappointed is the failure of an expect.
func (t *thread) disappointed(s *ast.Expect, p probe, v verdict) error {
	no := ""
	if s.No {
		no = "no "
	}
	f := t.fail(diag.ExpectFailed, s.Span, "expect %s%s: %s", no, p.what, v.why)
	f.Diag.Output = tail(v.output)
	if !s.No {
		t.tellWhy(f, p)
	}
	if s.Why == nil {
		return f
	}
	why, _, err := t.text(s.Why)
	if err != nil {
		return err
	}
	f.Diag.Summary = name.Quote(why)
	f.Diag.WithLabel("%s", v.why)
	return f
}

// tellWhy adds to a check that failed what stops its packets, where that can
// be found quickly. It never stands in the way of the failure itself.
func (t *thread) tellWhy(f *Failure, p probe) {
	if p.way == nil {
		return
	}
	ctx, cancel := context.WithTimeout(t.ctx, whyTimeout)
	defer cancel()
	r, err := path.Find(ctx, t.cfg.Host, *p.way)
	if err != nil || r.Stop == nil {
		return
	}
	f.help("%s", name.Quote(r.Stop.String()))
	if r.Stop.Repair != "" {
		f.help("this would repair it: `%s`", name.Quote(r.Stop.Repair))
	}
}

// wait pauses, or waits until a condition holds.
func (t *thread) wait(s *ast.Wait) error {
	if s.For != nil {
		d, _, err := t.duration(s.For)
		if err != nil || t.cfg.Rehearse {
			return err
		}
		if err := t.tx().Flush(t.ctx); err != nil {
			return err
		}
		return pause(t.ctx, d)
	}
	q, err := t.question(s.Until)
	if err != nil {
		return err
	}
	if !q.given {
		q.within = defaultWait
	}
	var every time.Duration
	for _, o := range s.Opts {
		switch o.Name {
		case "timeout":
			q.within, _, err = t.duration(o.Args[0])
		case "every":
			every, _, err = t.duration(o.Args[0])
		}
		if err != nil {
			return err
		}
	}
	if t.cfg.Rehearse {
		return nil
	}
	if err := t.tx().Flush(t.ctx); err != nil {
		return err
	}
	return t.ask(q, s.No, every, func(p probe, v verdict) error {
		f := t.fail(diag.WaitTimeout, s.Span, "waited %s for %s: %s", q.within, p.what, v.why)
		f.Diag.Output = tail(v.output)
		return f
	})
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// question works out a condition.
func (t *thread) question(c ast.Cond) (question, error) {
	q := question{within: defaultWithin}
	var opts ast.Options
	var err error
	switch c := c.(type) {
	case *ast.Ping:
		opts = c.Opts
		q.probes, err = t.pings(c)
	case *ast.Dial:
		opts = c.Opts
		q.probes, err = t.dials(c)
	case *ast.Path:
		opts = c.Opts
		q.probes, err = t.paths(c)
	case *ast.RouteTo:
		opts = c.Opts
		q.probes, err = t.routesTo(c)
	case *ast.ExecCond:
		q.within = 0
		q.probes, err = t.execProbe(c)
	case *ast.ExprCond:
		q.within = 0
		q.probes, err = t.exprProbe(c)
	}
	if err != nil {
		return q, err
	}
	if o := opts.Get("within"); o != nil {
		q.given = true
		q.within, _, err = t.duration(o.Args[0])
	}
	return q, err
}

// ask looks at every probe until it is as wanted or the time is over, several
// at once. The first that stays otherwise is the answer.
func (t *thread) ask(q question, no bool, every time.Duration, failed func(probe, verdict) error) error {
	if len(q.probes) == 1 {
		return t.insist(t.ctx, q.probes[0], q.within, no, every, failed)
	}
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	errs := make([]error, len(q.probes))
	turns := make(chan struct{}, mostProbes)
	var looks strands
	for i, p := range q.probes {
		turns <- struct{}{}
		looks.start(func() {
			defer func() { <-turns }()
			if ctx.Err() != nil {
				return
			}
			if errs[i] = t.insist(ctx, p, q.within, no, every, failed); errs[i] != nil {
				cancel()
			}
		}, cancel)
	}
	looks.wait()
	return firstCause(t.ctx, errs)
}

// insist looks at a probe until it is as wanted or the time is over.
func (t *thread) insist(ctx context.Context, p probe, within time.Duration, no bool, every time.Duration, failed func(probe, verdict) error) error {
	deadline := time.Now().Add(within)
	rest := firstPause
	for {
		look := ctx
		if within > 0 {
			look = context.WithValue(ctx, deadlineKey{}, deadline)
		}
		v, err := p.once(look)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case v.holds != no:
			return nil
		}
		if every > 0 {
			rest = every
		}
		if time.Now().Add(rest).After(deadline) {
			if within > 0 && !no {
				v.why += fmt.Sprintf(" (tried for %s)", within)
			}
			return failed(p, v)
		}
		if err := pause(ctx, rest); err != nil {
			return err
		}
		rest = min(2*rest, longestPause)
	}
}

// deadlineKey is where a look finds the end of its time. It is no deadline of
// the context: what is late is an answer, not an error.
type deadlineKey struct{}

// patience is how long a look may wait for an answer: as long as it always
// does, or for what is left of its time, but long enough for a packet.
func patience(ctx context.Context, usual time.Duration) time.Duration {
	deadline, ok := ctx.Value(deadlineKey{}).(time.Time)
	if !ok {
		return usual
	}
	return max(min(usual, time.Until(deadline).Round(time.Millisecond)), shortestLook)
}

func (t *thread) execProbe(c *ast.ExecCond) ([]probe, error) {
	programs, err := t.programs(c.Exec)
	if err != nil {
		return nil, err
	}
	var out []probe
	for _, p := range programs {
		out = append(out, probe{what: "exec in " + p.ns, once: func(ctx context.Context) (verdict, error) {
			sub := *t
			sub.ctx = ctx
			got, err := sub.run(p, true)
			if err != nil {
				return verdict{}, err
			}
			v := verdict{holds: p.any || got.exit.Status == p.status, output: got.err + got.out}
			v.why = fmt.Sprintf("`%s` ended with status %d", name.Quote(got.failed), got.exit.Status)
			return v, nil
		}})
	}
	return out, nil
}

func (t *thread) exprProbe(c *ast.ExprCond) ([]probe, error) {
	if t.cfg.Rehearse {
		if _, _, err := t.truth(c.X); err != nil {
			return nil, err
		}
	}
	text := t.sourceOf(c.Span)
	return []probe{{what: text, once: func(ctx context.Context) (verdict, error) {
		sub := *t
		sub.ctx = ctx
		v := verdict{}
		var err error
		if v.holds, _, err = sub.truth(c.X); err == nil && !v.holds {
			v.why = "it is not so" + sub.sides(c.X)
		}
		return v, err
	}}}, nil
}

// sides shows the values of a comparison that does not hold.
func (t *thread) sides(x ast.Expr) string {
	if p, ok := x.(*ast.Paren); ok {
		return t.sides(p.X)
	}
	b, ok := x.(*ast.Binary)
	if !ok || b.Op == "and" || b.Op == "or" {
		return ""
	}
	left, errL := t.eval(b.X)
	right, errR := t.eval(b.Y)
	if errors.Join(errL, errR) != nil {
		return ""
	}
	return fmt.Sprintf(": `%s` %s `%s`", value.Show(left), b.Op, value.Show(right))
}

// sourceOf is the text of a stretch of the script.
func (t *thread) sourceOf(s token.Span) string {
	t.mu.Lock()
	text := t.sources[s.Pos.Filename]
	t.mu.Unlock()
	if s.Pos.Offset < 0 || s.End.Offset > len(text) || s.Pos.Offset > s.End.Offset {
		return "the condition"
	}
	return name.Quote(text[s.Pos.Offset:s.End.Offset])
}
