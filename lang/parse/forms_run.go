package parse

import (
	"vnet/lang/ast"
	"vnet/lang/token"
)

// The forms of programs, checks and transactions.

type exec struct {
	Program program `parser:"'exec' @@"`
}

func (f *exec) build(_ *session, at token.Span) (ast.Stmt, error) {
	e := f.Program.exec()
	e.Span = at
	return e, nil
}

type spawn struct {
	Program background `parser:"'spawn' @@"`
}

func (f *spawn) build(_ *session, at token.Span) (ast.Stmt, error) {
	e := f.Program.exec()
	e.Span = at
	return &ast.Spawn{Span: at, Program: e}, nil
}

type stop struct {
	First value        `parser:"'stop' @@"`
	More  []moreValues `parser:"@@*"`
}

func (f *stop) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Stop{Span: at, Names: append([]ast.Expr{f.First}, exprsOf(f.More)...)}, nil
}

type logs struct {
	First value        `parser:"'logs' @@"`
	More  []moreValues `parser:"@@*"`
}

func (f *logs) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Logs{Span: at, Names: append([]ast.Expr{f.First}, exprsOf(f.More)...)}, nil
}

// A look is what expect and wait until look at.
type look struct {
	Pos, EndPos token.Pos

	No   bool       `parser:"@'no'?"`
	Ping *pingLook  `parser:"( 'ping' @@"`
	Dial *dialLook  `parser:"| @@"`
	Path *pathLook  `parser:"| 'path' @@"`
	To   *routeLook `parser:"| 'route' @@"`
	Exec program    `parser:"| 'exec' @@"`
	Expr expression `parser:"| @@ )"`
}

type pingLook struct {
	From    value       `parser:"@@"`
	Towards towards     `parser:"@@"`
	To      target      `parser:"@@"`
	Options pingOptions `parser:"@@"`
}

type dialLook struct {
	Proto   string      `parser:"@( 'tcp' | 'udp' )"`
	From    value       `parser:"@@"`
	Towards towards     `parser:"@@"`
	To      target      `parser:"@@"`
	Options dialOptions `parser:"@@"`
}

type pathLook struct {
	From    value       `parser:"@@"`
	Towards towards     `parser:"@@"`
	To      target      `parser:"@@"`
	Via     viaWord     `parser:"@@"`
	Hops    targets     `parser:"@@"`
	Options pathOptions `parser:"@@"`
}

type routeLook struct {
	NS      value          `parser:"@@"`
	Towards towards        `parser:"@@"`
	Dest    destination    `parser:"@@"`
	Options routeToOptions `parser:"@@"`
}

// cond makes the condition.
func (l *look) cond(s *session) (ast.Cond, error) {
	at := s.upTo(l.Pos, l.EndPos)
	switch {
	case l.Ping != nil:
		p := l.Ping
		return &ast.Ping{Span: at, From: p.From, To: p.To, Opts: p.Options.list()}, nil
	case l.Dial != nil:
		return l.Dial.cond(at), nil
	case l.Path != nil:
		p := l.Path
		return &ast.Path{Span: at, From: p.From, To: p.To, Via: p.Hops.exprs(), Opts: p.Options.list()}, nil
	case l.To != nil:
		r := &ast.RouteTo{Span: at, NS: l.To.NS, Dest: l.To.Dest}
		r.Via, r.Opts = take(l.To.Options.list(), "via")
		return r, nil
	case l.Exec != nil:
		e := l.Exec.exec()
		e.Span = at
		return &ast.ExecCond{Span: at, Exec: e}, nil
	}
	if l.No {
		return nil, noExpression(l.Expr)
	}
	return &ast.ExprCond{Span: l.Expr.Where(), X: l.Expr}, nil
}

func (d *dialLook) cond(at token.Span) ast.Cond {
	c := &ast.Dial{Span: at, Proto: d.Proto, From: d.From, To: d.To}
	c.Port, c.Opts = take(d.Options.list(), "port")
	return c
}

// take parts an option with one argument from the others.
func take(opts ast.Options, name string) (x ast.Expr, rest ast.Options) {
	for _, o := range opts {
		if o.Name == name {
			x = o.Args[0]
		} else {
			rest = append(rest, o)
		}
	}
	return x, rest
}

type expect struct {
	Look look  `parser:"'expect' @@"`
	Why  title `parser:"@@?"`
}

func (f *expect) build(s *session, at token.Span) (ast.Stmt, error) {
	cond, err := f.Look.cond(s)
	return &ast.Expect{Span: at, No: f.Look.No, Cond: cond, Why: f.Why}, err
}

type wait struct {
	Early options  `parser:"'wait' @@"`
	Until *look    `parser:"( 'until' @@"`
	For   duration `parser:"| @@ )"`
	Late  options  `parser:"@@"`
}

func (f *wait) build(s *session, at token.Span) (ast.Stmt, error) {
	opts := append(f.Early.list(), f.Late.list()...)
	w := &ast.Wait{Span: at, Opts: opts}
	if f.Until == nil {
		w.For = f.For
		if len(opts) > 0 {
			return nil, waitOptions(s, opts[0])
		}
		return w, nil
	}
	var err error
	w.No = f.Until.No
	w.Until, err = f.Until.cond(s)
	return w, err
}

type show struct {
	What    verb        `parser:"'show' @@"`
	Options options     `parser:"@@"`
	In      bool        `parser:"@'in'?"`
	Spaces  []moreNames `parser:"@@*"`
}

func (f *show) build(s *session, at token.Span) (ast.Stmt, error) {
	if f.In && len(f.Spaces) == 0 {
		return nil, wanted(s.tokenAt(at.End.Offset), "the name of a namespace")
	}
	if !f.In && len(f.Spaces) > 0 {
		return nil, showWhere(s, f.Spaces[0])
	}
	return &ast.Show{Span: at, What: f.What.text(), Spaces: exprsOf(f.Spaces), Opts: f.Options.list()}, nil
}

type test struct {
	Name testName `parser:"'test' @@"`
	Body block    `parser:"@@"`
}

func (f *test) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Test{Span: at, Name: f.Name, Body: f.Body.block()}, nil
}

type transaction struct {
	Name title `parser:"'transaction' @@?"`
	Body block `parser:"@@"`
}

func (f *transaction) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Transaction{Span: at, Name: f.Name, Body: f.Body.block()}, nil
}

type try struct {
	Body  blockOrStatement `parser:"'try' @@"`
	Catch *catch           `parser:"@@?"`
}

type catch struct {
	Err  catchName `parser:"'catch' @@?"`
	Body block     `parser:"@@"`
}

func (f *try) build(s *session, at token.Span) (ast.Stmt, error) {
	b := f.Body.(body)
	t := &ast.Try{Span: at, Body: b.Block, Single: b.single}
	if f.Catch == nil {
		return t, nil
	}
	t.Catch = f.Catch.Body.block()
	if f.Catch.Err != nil {
		t.Err = &ast.Name{}
		*t.Err = f.Catch.Err.(ident).Name
	}
	if b.single {
		return nil, catchAlone(s, t.Catch.Pos)
	}
	return t, nil
}

type onRollback struct {
	Body blockOrStatement `parser:"'on' 'rollback' @@"`
}

func (f *onRollback) build(_ *session, at token.Span) (ast.Stmt, error) {
	b := f.Body.(body)
	return &ast.OnRollback{Span: at, Body: b.Block, Single: b.single}, nil
}

type wrapper struct {
	Word string           `parser:"@( 'defer' | 'ensure' )"`
	Body blockOrStatement `parser:"@@"`
}

func (f *wrapper) build(_ *session, at token.Span) (ast.Stmt, error) {
	b := f.Body.(body)
	if f.Word == "defer" {
		return &ast.Defer{Span: at, Body: b.Block, Single: b.single}, nil
	}
	return &ast.Ensure{Span: at, Body: b.Block, Single: b.single}, nil
}

type commit struct {
	Word string `parser:"@'commit'"`
}

func (f *commit) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Commit{Span: at}, nil
}

type parallel struct {
	Max  []moreValues `parser:"'parallel' @@*"`
	Body block        `parser:"@@"`
}

func (f *parallel) build(s *session, at token.Span) (ast.Stmt, error) {
	p := &ast.Parallel{Span: at, Body: f.Body.block()}
	if len(f.Max) > 1 {
		return nil, s.tooMuchAt(f.Max[1].Where(), "parallel")
	}
	if len(f.Max) == 1 {
		p.Max = f.Max[0]
	}
	return p, nil
}
