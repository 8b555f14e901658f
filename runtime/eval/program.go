package eval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/shell"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

// ErrInterrupted is the cause of a failure when Ctrl-C reached the program in
// the foreground and not vnet.
var ErrInterrupted = errors.New("interrupted")

// A program is an exec with its words worked out.
type program struct {
	at      token.Span
	argv    [][]string // one for a list or sh, several for a block
	argvAt  []token.Span
	ns      string
	env     []string
	dir     string
	user    string
	quiet   bool
	timeout time.Duration
	status  int  // the status wanted
	any     bool // any status will do
}

// An outcome is what a program left behind.
type outcome struct {
	exit     host.Exit
	out, err string // what was captured
	failed   string // the command that ended it, as it was run
	failedAt token.Span
}

// exec runs a program; what it prints passes through.
func (t *thread) exec(s *ast.Exec) error {
	programs, err := t.programs(s)
	if err != nil {
		return err
	}
	for _, p := range programs {
		got, err := t.run(p, p.quiet)
		if err != nil {
			return err
		}
		if err := t.judge(p, got); err != nil {
			return err
		}
	}
	return nil
}

// runValue runs a program for its result:  out err status ok time
func (t *thread) runValue(s *ast.Exec) (value.Value, error) {
	programs, err := t.programs(s)
	if err != nil {
		return nil, err
	}
	if len(programs) != 1 {
		return nil, t.fail(diag.WrongKind, s.In.Where(), "a program whose result is a value runs in one namespace")
	}
	p := programs[0]
	got, err := t.run(p, true)
	if err != nil {
		return nil, err
	}
	if err := t.judge(p, got); err != nil {
		return nil, err
	}
	return t.result(p, got), nil
}

// result is a program's outcome as a script sees it.
func (t *thread) result(p program, got outcome) value.Value {
	m := value.NewMap()
	if t.cfg.Rehearse {
		for _, k := range []string{"out", "err", "status", "ok", "time"} {
			m.Set(k, value.Unknown{})
		}
		return m
	}
	m.Set("out", value.NewText(strings.TrimRight(got.out, "\n")))
	m.Set("err", value.NewText(strings.TrimRight(got.err, "\n")))
	m.Set("status", value.NewInt(got.exit.Status))
	m.Set("ok", value.Bool(got.exit.Status == p.status))
	m.Set("time", value.NewDuration(got.exit.Time.Round(time.Microsecond)))
	return m
}

// programs works out the words of an exec, once for each namespace it names.
func (t *thread) programs(s *ast.Exec) ([]program, error) {
	p := program{at: s.Span, ns: t.space}
	for _, o := range s.Opts {
		if err := t.programOption(o, &p); err != nil {
			return nil, err
		}
	}
	if err := t.commands(s, &p); err != nil {
		return nil, err
	}
	if s.In == nil {
		return []program{p}, nil
	}
	spaces, err := t.flat(s.In)
	if err != nil {
		return nil, err
	}
	out := make([]program, len(spaces))
	for i, a := range spaces {
		out[i] = p
		if out[i].ns, err = t.existingSpace(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *thread) programOption(o *ast.Option, p *program) (err error) {
	switch o.Name {
	case "quiet":
		p.quiet = true
	case "timeout":
		p.timeout, _, err = t.duration(o.Args[0])
	case "as":
		p.user, _, err = t.text(o.Args[0])
	case "dir":
		p.dir, _, err = t.text(o.Args[0])
		if err == nil && !filepath.IsAbs(p.dir) {
			p.dir = filepath.Join(t.cfg.Dir, p.dir)
		}
	case "env":
		text, at, err := t.text(o.Args[0])
		if err != nil {
			return err
		}
		if k, _, ok := strings.Cut(text, "="); !ok || k == "" || strings.ContainsRune(text, 0) {
			return t.fail(diag.WrongKind, at, "`%s` is no environment variable", name.Quote(text)).help("write env NAME=VALUE")
		}
		p.env = append(p.env, text)
	case "status":
		text, at, err := t.text(o.Args[0])
		if err != nil || text == "any" {
			p.any = err == nil
			return err
		}
		n, err := value.AsInt(value.Parse(text))
		if err != nil || n < 0 || n > 255 {
			return t.fail(diag.WrongKind, at, "`%s` is no exit status", name.Quote(text)).help("write any, or a number from 0 to 255")
		}
		p.status = int(n)
	default:
		return t.notYet(o)
	}
	return err
}

// commands works out what is to be run.
func (t *thread) commands(s *ast.Exec, p *program) error {
	switch {
	case s.Sh != nil:
		text, at, err := t.text(s.Sh)
		if err != nil && !errors.Is(err, value.ErrUnknown) {
			return err
		}
		if bad := shell.Check(text); bad != nil {
			return t.fail(diag.ShellSyntax, at, "the shell text does not parse: %s", bad.Text).
				help("it is at line %d, column %d of the text", bad.Line, bad.Column)
		}
		p.argv, p.argvAt = [][]string{{"/bin/sh", "-c", text, "sh"}}, []token.Span{s.Span}
		p.env = append(t.environment(), p.env...)
	case s.Lines != nil:
		for _, line := range s.Lines {
			if err := t.command(line, p); err != nil {
				return err
			}
		}
	default:
		return t.command(s.Args, p)
	}
	return nil
}

func (t *thread) command(words []ast.Expr, p *program) error {
	argv, err := t.argv(words)
	if err != nil {
		return err
	}
	if len(argv) == 0 || argv[0] == "" {
		return t.fail(diag.ProgramAbsent, p.at, "no program to run").help("exec in NS PROGRAM ARG…")
	}
	p.argv = append(p.argv, argv)
	p.argvAt = append(p.argvAt, token.Join(words[0].Where(), words[len(words)-1].Where()))
	return nil
}

// argv writes the words of a command as they go to the program: a word keeps
// its spelling, a list variable that is a whole word gives one for each element.
func (t *thread) argv(words []ast.Expr) ([]string, error) {
	argv := make([]string, 0, len(words))
	for _, x := range words {
		if text, ok := ast.Lit(x); ok {
			argv = append(argv, text)
			continue
		}
		args, err := t.args([]ast.Expr{x})
		if err != nil {
			return nil, err
		}
		for _, a := range args {
			text, err := value.AsText(a.v)
			if errors.Is(err, value.ErrUnknown) {
				text = "…"
			} else if err != nil {
				return nil, t.wrong(a.at, err)
			}
			argv = append(argv, text)
		}
	}
	for i, a := range argv {
		if strings.ContainsRune(a, 0) {
			return nil, t.fail(diag.WrongKind, words[min(i, len(words)-1)].Where(), "an argument of a program cannot hold a NUL byte")
		}
	}
	return argv, nil
}

// environment gives the script's variables to a shell text: single values,
// and lists with spaces between.
func (t *thread) environment() []string {
	names := t.scope.variables()
	slices.Sort(names)
	var env []string
	for _, n := range slices.Compact(names) {
		v, _ := t.scope.lookup(n)
		if text, ok := plain(v); ok {
			env = append(env, n+"="+text)
		}
	}
	return env
}

func plain(v value.Value) (string, bool) {
	if list, ok := v.(value.List); ok {
		words := make([]string, 0, len(list))
		for _, e := range list {
			text, err := value.AsText(e)
			if err != nil {
				return "", false
			}
			words = append(words, text)
		}
		return strings.Join(words, " "), true
	}
	text, err := value.AsText(v)
	return text, err == nil && !strings.ContainsRune(text, 0)
}

// run runs the commands of a program until one does not end as wanted.
func (t *thread) run(p program, capture bool) (outcome, error) {
	var got outcome
	if t.cfg.Rehearse {
		t.mu.Lock()
		t.tally.Programs++
		t.mu.Unlock()
		t.cfg.Net.Doubt(p.ns)
		return got, nil
	}
	if err := t.tx().Flush(t.ctx); err != nil {
		return got, err
	}
	ctx := t.ctx
	if p.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	defer t.cfg.Net.Invalidate(p.ns)
	t.mu.Lock()
	t.tally.Programs++
	t.mu.Unlock()
	var out, errs bytes.Buffer
	for i, argv := range p.argv {
		cmd := t.cmd(p, argv)
		group, err := t.tx().Group(t.ctx, p.at)
		if err != nil {
			return got, err
		}
		cmd.Group = group
		back := func() {}
		if capture {
			cmd.Stdout, cmd.Stderr = &out, &errs
		} else {
			back = lend(cmd)
		}
		exit, err := t.cfg.Host.Exec(ctx, cmd)
		back()
		if exit.Left || err != nil {
			t.tx().Left(group)
		}
		got = outcome{exit, out.String(), errs.String(), strings.Join(argv, " "), p.argvAt[i]}
		var unborn *host.ProgramError
		if i == 0 && !errors.As(err, &unborn) {
			t.mu.Lock()
			t.tally.Outside = append(t.tally.Outside, Outside{"exec", p.at})
			t.mu.Unlock()
		}
		if err != nil {
			return got, t.notRun(ctx, p, argv, p.argvAt[i], err)
		}
		if t.ctx.Err() != nil {
			return got, context.Cause(t.ctx)
		}
		if ctx.Err() != nil {
			return got, t.tooSlow(p, got)
		}
		if exit.Status != p.status && i < len(p.argv)-1 && !p.any {
			break
		}
	}
	return got, nil
}

func (t *thread) cmd(p program, argv []string) *host.Cmd {
	return &host.Cmd{NS: p.ns, Argv: argv, Env: p.env, Dir: p.dir, User: p.user,
		Stdin: t.cfg.Stdin, Stdout: t.cfg.Stdout, Stderr: t.cfg.Stderr}
}

// judge fails the script when a program did not end as wanted.
func (t *thread) judge(p program, got outcome) error {
	if t.cfg.Rehearse || p.any || got.exit.Status == p.status && got.exit.Signal == "" {
		return nil
	}
	prog := name.Quote(filepath.Base(strings.SplitN(got.failed, " ", 2)[0]))
	if got.exit.Signal != "" {
		f := t.fail(diag.ProgramKilled, got.failedAt, "%s was killed by %s", prog, got.exit.Signal)
		if got.exit.Signal == "SIGINT" {
			f.Cause = ErrInterrupted
		}
		return f
	}
	f := t.fail(diag.ProgramFailed, got.failedAt, "%s ended with status %d", prog, got.exit.Status)
	f.Diag.Output = tail(got.err + got.out)
	return f.help("to go on whatever it returns: exec status any …")
}

// tail keeps the last lines of what a program printed.
func tail(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(lines) > 12 {
		lines = append([]string{fmt.Sprintf("… %d lines before", len(lines)-12)}, lines[len(lines)-12:]...)
	}
	return strings.Join(lines, "\n")
}

func (t *thread) tooSlow(p program, got outcome) error {
	f := t.fail(diag.ProgramTimeout, got.failedAt, "still running after %s, and killed", p.timeout)
	f.Diag.Output = tail(got.err + got.out)
	return f
}

// notRun explains a program that could not be started.
func (t *thread) notRun(ctx context.Context, p program, argv []string, at token.Span, err error) error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	if ctx.Err() != nil {
		return t.tooSlow(p, outcome{failedAt: at})
	}
	f := t.fail(diag.ProgramAbsent, at, "cannot run `%s`: %s", name.Quote(argv[0]), name.Quote(err.Error()))
	f.Cause = err
	if there, _ := t.cfg.Net.Exists(ctx, argv[0]); there && len(argv) > 1 && p.ns == host.Start {
		return f.help("`%s` is a namespace: exec in %s …", argv[0], strings.Join(argv[:2], " "))
	}
	return f
}
