package eval

import (
	"slices"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/tx"
	"vnet/runtime/value"
)

// A background is a program that was spawned.
type background struct {
	name string
	at   token.Span
	cmd  host.Cmd
	out  *lines
	pid  int // of the first start

	maybe   bool         // rehearsal: in a branch that may not be taken, or be taken back
	proc    host.Program // nil in a rehearsal
	stopped bool
}

// A start is a spawn with its words worked out.
type start struct {
	program
	name    string // empty: one is chosen
	nameAt  token.Span
	base    string // what to choose it from; empty: what the program is called
	ready   ready
	restart int
}

// spawn starts a program in the background, in each namespace it names.
func (t *thread) spawn(s *ast.Spawn) error {
	starts, err := t.starts(s)
	if err != nil {
		return err
	}
	for _, st := range starts {
		if _, err := t.start(st); err != nil {
			return err
		}
	}
	return nil
}

// spawnValue starts a program for what is known of it:  name pid log
func (t *thread) spawnValue(s *ast.Spawn) (value.Value, error) {
	starts, err := t.starts(s)
	if err != nil {
		return nil, err
	}
	if len(starts) != 1 {
		return nil, t.fail(diag.WrongKind, s.Program.In.Where(), "a program whose result is a value runs in one namespace")
	}
	b, err := t.start(starts[0])
	if err != nil {
		return nil, err
	}
	m := value.NewMap()
	m.Set("name", value.NewText(b.name))
	if t.cfg.Rehearse {
		m.Set("pid", value.Unknown{})
		m.Set("log", value.Unknown{})
		return m, nil
	}
	m.Set("pid", value.NewInt(b.pid))
	m.Set("log", value.NewText(b.cmd.Log))
	return m, nil
}

// starts works out the words of a spawn, once for each namespace it names.
func (t *thread) starts(s *ast.Spawn) ([]start, error) {
	st := start{}
	st.ready.timeout = defaultReady
	var rest ast.Options
	for _, o := range s.Program.Opts {
		var err error
		switch o.Name {
		case "as":
			st.name, st.nameAt, err = t.text(o.Args[0])
			if bad := name.Program(st.name); err == nil && bad != nil {
				err = t.badName(st.nameAt, bad)
			}
		case "ready":
			err = t.readiness(o, &st.ready)
		case "restart":
			var n int64
			var at token.Span
			if n, at, err = t.number(o.Args[0]); err == nil && (n < 1 || n > 1000) {
				err = t.fail(diag.OutOfBounds, at, "restart is from 1 to 1000, and this is %d", n)
			}
			st.restart = int(n)
		case "timeout":
			st.ready.timeout, _, err = t.duration(o.Args[0])
		case "user":
			st.user, _, err = t.text(o.Args[0])
		default:
			rest = append(rest, o)
		}
		if err != nil {
			return nil, err
		}
	}
	plain := *s.Program
	plain.Opts = rest
	programs, err := t.programs(&plain)
	if err != nil {
		return nil, err
	}
	starts := make([]start, len(programs))
	for i, p := range programs {
		p.user = st.user
		starts[i] = st
		starts[i].program = p
	}
	return starts, nil
}

// start starts one program, and waits until it is ready.
func (t *thread) start(st start) (*background, error) {
	b, err := t.nameIt(st)
	if err != nil {
		return nil, err
	}
	b.cmd = *t.cmd(st.program, st.argv[0])
	if st.ready.link != nil && len(t.cfg.Outward) > 0 {
		b.cmd.Path, b.cmd.Argv = "/proc/self/exe", slices.Concat(t.cfg.Outward, b.cmd.Argv)
	}
	if t.cfg.Rehearse {
		if st.ready.link == nil {
			t.cfg.Net.Doubt(st.ns)
		}
		return b, nil
	}
	log := t.logOf(b)
	group, err := t.tx().OwnGroup(t.ctx, tx.Step{At: st.at, Inside: t.surroundings()}, log)
	if err != nil {
		return nil, err
	}
	if l := st.ready.link; l != nil {
		defer t.cfg.Net.Invalidate(l.NS)
	} else {
		defer t.cfg.Net.Invalidate(st.ns)
	}
	b.out = &lines{prefix: b.name + " | ", w: t.cfg.Stdout}
	if st.quiet {
		b.out.w = nil
	}
	b.out.expect(st.ready.pattern)
	b.cmd.Stdin, b.cmd.Stderr, b.cmd.Stdout = nil, nil, b.out
	b.cmd.Group, b.cmd.Log = group, log
	taken, err := t.listeners(st)
	if err != nil {
		return nil, err
	}
	proc, err := t.cfg.Host.Spawn(t.ctx, &b.cmd)
	if err != nil {
		return nil, t.notRun(t.ctx, st.program, st.argv[0], st.argvAt[0], err)
	}
	t.mu.Lock()
	b.proc, b.pid = proc, proc.PID()
	if st.ready.link == nil {
		t.tally.Outside = append(t.tally.Outside, Outside{"spawn", st.at})
	}
	t.mu.Unlock()
	if err := t.await(b, proc, st, taken); err != nil {
		return nil, err
	}
	go t.supervise(b, proc, st.restart)
	return b, nil
}
