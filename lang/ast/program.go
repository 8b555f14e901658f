package ast

import "vnet/lang/token"

// Programs and checks.

// An Exec runs a program, a list of programs or a shell text:  exec in h1 ping -c 1 10.0.0.2
// Exactly one of Args, Sh and Lines is set.
type Exec struct {
	token.Span
	Opts  Options  // timeout status as dir env (repeated; Args: one K=V) quiet
	In    Expr     // nil: the innermost in
	Args  []Expr   // program and arguments
	Sh    Expr     // text for /bin/sh
	Lines [][]Expr // a block of one command a line
}

// A Spawn starts a program in the background; as a value it is a map:
// spawn as web ready 80 in h1 httpd -f
// The program has no Lines.
type Spawn struct {
	token.Span
	Program *Exec // Opts: as ready timeout restart user dir env quiet
}

// A Stop ends programs in the background:  stop web
type Stop struct {
	token.Span
	Names []Expr
}

// A Logs prints what programs in the background have printed:  logs web
type Logs struct {
	token.Span
	Names []Expr
}

// An Expect fails the script unless a condition holds:  expect ping a -> b
type Expect struct {
	token.Span
	No   bool
	Cond Cond
	Why  Expr // what to say instead, for an expression; may be nil
}

// A Wait pauses, or waits for a condition:  wait until tcp a -> b port 80 timeout 5s
type Wait struct {
	token.Span
	For   Expr // a duration, or nil
	No    bool
	Until Cond    // or nil
	Opts  Options // timeout every
}

// A Ping sends echo requests:  ping h1 -> h2 within 2s
type Ping struct {
	token.Span
	From, To Expr
	Opts     Options // within count loss rtt size (loss and rtt: Args hold the comparison word and the value)
}

// A Dial connects:  tcp h1 -> h2 port 80
type Dial struct {
	token.Span
	Proto    string // tcp udp
	From, To Expr
	Port     Expr
	Opts     Options // within
}

// A Path follows the way of a packet:  path h1 -> h5 via r1, r2
type Path struct {
	token.Span
	From, To Expr
	Via      []Expr
	Opts     Options // within
}

// A RouteTo looks into a routing table:  route h1 -> 10.2.0.0/24 via 10.0.0.1
type RouteTo struct {
	token.Span
	NS   Expr
	Dest Expr
	Via  Expr    // nil when not asked
	Opts Options // within dev
}

// An ExecCond runs a program and looks at its status:  exec in h1 test -e /x
type ExecCond struct {
	token.Span
	Exec *Exec
}

// An ExprCond is an expression that must be true:  $r.status == 0
type ExprCond struct {
	token.Span
	X Expr
}

// A Show prints a part of the network:  show routes in h1
type Show struct {
	token.Span
	What   string // ns links addrs routes neigh rules lab
	Spaces []Expr
	Opts   Options // table
}
