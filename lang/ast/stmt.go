package ast

import "vnet/lang/token"

// The network.

// A Lab names the lab:  lab office
type Lab struct {
	token.Span
	Name Expr
}

// An NS makes namespaces:  ns h1 h2 { forward on }
// From adopts one that something else made:  ns web from pid 4711
type NS struct {
	token.Span
	Names []Expr
	Opts  Options // forward, sysctl (Args: key, value), private, from (Args: ["pid",] value)
	Body  *Block  // statements that run inside; may be nil
}

// An NSDel removes namespaces:  ns del h1
type NSDel struct {
	token.Span
	Names []Expr
}

// An In runs statements inside namespaces:  in r1 r2 forward on
type In struct {
	token.Span
	Spaces []Expr
	Body   *Block
	Single bool // one statement without braces; Body holds just it
}

// A Veth joins two namespaces with a cable:  veth a:x 10.0.0.1/24 <-> b:y 10.0.0.2/24 mtu 1400
type Veth struct {
	token.Span
	A, B Side
	Opts Options // of the cable: net mtu delay jitter loss rate down
}

// A Side is one end of a cable with what belongs to it:  br0 as port1
type Side struct {
	token.Span
	End   Expr
	Addrs []Expr
	Opts  Options // mac as access trunk
}

// A Link makes an interface of any other kind:  bridge br0 stp off
type Link struct {
	token.Span
	Kind  string // bridge tap tun dummy ifb macvlan uplink vxlan …
	End   Expr
	Addrs []Expr
	Opts  Options
}

// An Addr adds, replaces or removes addresses:  addr add h1:eth0 10.0.0.1/24
type Addr struct {
	token.Span
	Verb  string // add replace del; add when left out
	End   Expr
	CIDRs []Expr
	Opts  Options
}

// A LinkSet changes an interface:  link set h1:eth0 mtu 1400 up
type LinkSet struct {
	token.Span
	End     Expr
	Changes Options // up down mtu mac master nomaster netns name promisc alias
}

// A LinkDel removes interfaces:  link del h1:eth0
type LinkDel struct {
	token.Span
	Ends []Expr
}

// A Route changes a routing table:  route add default via 10.0.0.1
type Route struct {
	token.Span
	Verb string // add change replace append del; add when left out
	Type string // blackhole unreachable prohibit throw; empty for unicast
	Dest Expr
	Opts Options // via dev src metric table proto scope onlink
	Hops []*Nexthop
}

// A Nexthop is one way of a multipath route:  nexthop via 10.0.0.1 weight 2
type Nexthop struct {
	token.Span
	Opts Options // via dev weight onlink
}

// A Rule changes the routing policy:  rule add from 10.1.0.0/16 table 100
type Rule struct {
	token.Span
	Verb string  // add del
	Opts Options // from to iif oif fwmark priority table not tos lookup family blackhole unreachable prohibit
}

// A Neigh sets what the kernel believes about a neighbour:  neigh add 10.0.0.2 lladdr 02:00:00:00:00:01 dev eth0
type Neigh struct {
	token.Span
	Verb string // add replace del
	IP   Expr
	Opts Options // lladdr dev proxy
}

// A Sysctl sets a kernel parameter of the namespace:  sysctl net.ipv4.ip_forward = 1
type Sysctl struct {
	token.Span
	Key   Expr
	Value Expr
}

// A Forward turns routing of IPv4 and IPv6 on or off:  forward on
type Forward struct {
	token.Span
	Switch Expr
}

// A Hosts adds a line to the namespace's /etc/hosts:  hosts 10.0.0.2 web db
type Hosts struct {
	token.Span
	IP    Expr
	Names []Expr
}

// A DNS sets the namespace's name servers:  dns 10.0.0.53
type DNS struct {
	token.Span
	Servers []Expr
}

// Transactions.

// A Test is carried out by itself, behind the statements outside of tests:  test "uplink" { … }
type Test struct {
	token.Span
	Name Expr
	Body *Block
}

// A Transaction is a savepoint:  transaction "uplink" { … }
type Transaction struct {
	token.Span
	Name Expr // may be nil
	Body *Block
}

// A Try contains a failure:  try { … } catch e { … }
type Try struct {
	token.Span
	Body   *Block
	Single bool   // one statement without braces
	Err    *Name  // may be nil
	Catch  *Block // may be nil
}

// An OnRollback runs at its place of the undo:  on rollback echo gone
type OnRollback struct {
	token.Span
	Body   *Block
	Single bool
}

// A Defer runs at the end of its block, either way:  defer echo bye
type Defer struct {
	token.Span
	Body   *Block
	Single bool
}

// A Commit makes what stands so far permanent:  commit
type Commit struct{ token.Span }

// An Ensure converges what may be there already:  ensure ns h1
type Ensure struct {
	token.Span
	Body   *Block
	Single bool
}

// A Parallel runs the statements of a block at the same time:  parallel 4 { … }
type Parallel struct {
	token.Span
	Max  Expr // may be nil
	Body *Block
}

// General purpose.

// A Let makes variables; Set changes them:  let a, b = $pair
type Let struct {
	token.Span
	Set   bool
	Names []Name
	Value Expr
}

// A Param is a value the caller may give:  param nic = eth0 "the uplink"
type Param struct {
	token.Span
	Name    Name
	Default Expr // may be nil: the caller must give it
	Help    Expr // may be nil
}

// An If chooses; Else is another If, a Block, or nil.
type If struct {
	token.Span
	Cond   Expr
	Then   *Block
	ElseIf *If
	Else   *Block
}

// A For repeats for each element:  for i, h in enumerate($hosts) { … }
type For struct {
	token.Span
	Vars []Name
	In   Expr
	Body *Block
}

// A While repeats while a condition holds:  while $n < 5 { … }
type While struct {
	token.Span
	Cond Expr
	Body *Block
}

// A Break leaves the innermost loop.
type Break struct{ token.Span }

// A Continue begins the next round of the innermost loop.
type Continue struct{ token.Span }

// A Def makes a function:  def lan(name, net, count = 3) { … }
type Def struct {
	token.Span
	Name   Name
	Params []DefParam
	Body   *Block
}

// A DefParam is one parameter of a function; Rest takes what is left as a list.
type DefParam struct {
	Name    Name
	Default Expr
	Rest    bool
}

// A Return leaves a function, with a value or without.
type Return struct {
	token.Span
	Value Expr
}

// An Import brings in the functions of a module:  import "std/topo" as t
type Import struct {
	token.Span
	Path Expr
	As   *Name
}

// A Say prints, warns or fails:  echo "up in $t"
type Say struct {
	token.Span
	Verb string // echo warn fail
	Args []Expr
}

// A CallStmt calls a function of the script as a statement:  lan office 10.1.0.0/24 count=4
type CallStmt struct {
	token.Span
	Fn   Name // may hold a module:  topo.mesh
	Args []Arg
}

// A BadStmt stands where text did not parse; the parser has said why.
type BadStmt struct {
	token.Span
	Words []string // the words in it, so that names it would have made are known
	Body  *Block   // a block in it that did parse; may be nil
}

func (*Lab) stmt()         {}
func (*NS) stmt()          {}
func (*NSDel) stmt()       {}
func (*In) stmt()          {}
func (*Veth) stmt()        {}
func (*Link) stmt()        {}
func (*Addr) stmt()        {}
func (*LinkSet) stmt()     {}
func (*LinkDel) stmt()     {}
func (*Route) stmt()       {}
func (*Rule) stmt()        {}
func (*Neigh) stmt()       {}
func (*Sysctl) stmt()      {}
func (*Forward) stmt()     {}
func (*Hosts) stmt()       {}
func (*DNS) stmt()         {}
func (*Exec) stmt()        {}
func (*Spawn) stmt()       {}
func (*Stop) stmt()        {}
func (*Logs) stmt()        {}
func (*Expect) stmt()      {}
func (*Wait) stmt()        {}
func (*Show) stmt()        {}
func (*Test) stmt()        {}
func (*Transaction) stmt() {}
func (*Try) stmt()         {}
func (*OnRollback) stmt()  {}
func (*Defer) stmt()       {}
func (*Commit) stmt()      {}
func (*Ensure) stmt()      {}
func (*Parallel) stmt()    {}
func (*Let) stmt()         {}
func (*Param) stmt()       {}
func (*If) stmt()          {}
func (*For) stmt()         {}
func (*While) stmt()       {}
func (*Break) stmt()       {}
func (*Continue) stmt()    {}
func (*Def) stmt()         {}
func (*Return) stmt()      {}
func (*Import) stmt()      {}
func (*Say) stmt()         {}
func (*CallStmt) stmt()    {}
func (*BadStmt) stmt()     {}

func (*Ping) cond()     {}
func (*Dial) cond()     {}
func (*Path) cond()     {}
func (*RouteTo) cond()  {}
func (*ExecCond) cond() {}
func (*ExprCond) cond() {}
