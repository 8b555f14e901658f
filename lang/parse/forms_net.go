package parse

import (
	"vnet/lang/ast"
	"vnet/lang/token"
)

// The forms of the network. Their tags are the grammar.

type ns struct {
	First   namespace     `parser:"'ns' @@"`
	More    []moreNames   `parser:"@@*"`
	Options options       `parser:"@@"`
	Body    optionalBlock `parser:"@@?"`
}

func (f *ns) build(s *session, at token.Span) (ast.Stmt, error) {
	for i, name := range f.More {
		if text, _ := ast.Lit(name); i > 0 && (text == "on" || text == "off") {
			return nil, misspeltOption(s.tokenAt(f.More[i-1].Where().Pos.Offset), "ns")
		}
	}
	n := &ast.NS{Span: at, Names: list(f.First, f.More), Opts: f.Options.list()}
	if f.Body != nil {
		n.Body = f.Body.block()
	}
	return n, nil
}

type nsDel struct {
	First namespace    `parser:"'ns' 'del' @@"`
	More  []moreValues `parser:"@@*"`
}

func (f *nsDel) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.NSDel{Span: at, Names: list(f.First, f.More)}, nil
}

type in struct {
	Spaces namespaces       `parser:"'in' @@"`
	Body   blockOrStatement `parser:"@@"`
}

func (f *in) build(_ *session, at token.Span) (ast.Stmt, error) {
	b := f.Body.(body)
	return &ast.In{Span: at, Spaces: f.Spaces.exprs(), Body: b.Block, Single: b.single}, nil
}

type veth struct {
	A     endpoint        `parser:"'veth' @@"`
	AddrA []moreAddresses `parser:"@@*"`
	OptsA sideOptions     `parser:"@@"`
	Arrow arrow           `parser:"@@"`
	B     endpoint        `parser:"@@"`
	AddrB []moreAddresses `parser:"@@*"`
	Tail  tailOptions     `parser:"@@"`
}

func (f *veth) build(_ *session, at token.Span) (ast.Stmt, error) {
	a := ast.Side{End: f.A, Addrs: exprsOf(f.AddrA), Opts: f.OptsA.list()}
	b := ast.Side{End: f.B, Addrs: exprsOf(f.AddrB)}
	var cable ast.Options
	b.Opts, cable = f.Tail.(*optionList).split()
	a.Span = sideSpan(&a)
	b.Span = sideSpan(&b)
	return &ast.Veth{Span: at, A: a, B: b, Opts: cable}, nil
}

func sideSpan(s *ast.Side) token.Span {
	return token.Join(s.End.Where(), token.Join(spanOf(s.Addrs), spanOf(s.Opts)))
}

type device struct {
	Kind    string          `parser:"@( 'bridge' | 'dummy' | 'ifb' | 'macvlan' | 'tap' | 'tun' | 'uplink' | 'vxlan' )"`
	End     endpoint        `parser:"@@"`
	Addrs   []moreAddresses `parser:"@@*"`
	Options options         `parser:"@@"`
}

func (f *device) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Link{Span: at, Kind: f.Kind, End: f.End, Addrs: exprsOf(f.Addrs), Opts: f.Options.list()}, nil
}

type addr struct {
	Verb  optionalVerb    `parser:"'addr' @@?"`
	End   endpoint        `parser:"@@"`
	First address         `parser:"@@"`
	More  []moreAddresses `parser:"@@*"`
}

func (f *addr) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Addr{Span: at, Verb: verbOr(f.Verb, "add"), End: f.End, CIDRs: list(f.First, f.More)}, nil
}

type linkSet struct {
	End     endpoint `parser:"'link' 'set' @@"`
	Options options  `parser:"@@"`
}

func (f *linkSet) build(s *session, at token.Span) (ast.Stmt, error) {
	l := &ast.LinkSet{Span: at, End: f.End, Changes: f.Options.list()}
	if len(l.Changes) == 0 {
		return nil, wanted(s.tokenAt(at.End.Offset), "something to change, such as `up` or `mtu 1400`")
	}
	return l, nil
}

type linkDel struct {
	First endpoint     `parser:"'link' 'del' @@"`
	More  []moreValues `parser:"@@*"`
}

func (f *linkDel) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.LinkDel{Span: at, Ends: list(f.First, f.More)}, nil
}

type route struct {
	Verb    optionalVerb `parser:"'route' @@?"`
	Type    routeType    `parser:"@@?"`
	Dest    destination  `parser:"@@"`
	Options routeOptions `parser:"@@"`
}

func (f *route) build(_ *session, at token.Span) (ast.Stmt, error) {
	r := &ast.Route{Span: at, Verb: verbOr(f.Verb, "add"), Dest: f.Dest, Opts: f.Options.list()}
	r.Hops = f.Options.(*optionList).hops
	if f.Type != nil {
		r.Type = f.Type.text()
	}
	return r, nil
}

type rule struct {
	Verb    verb    `parser:"'rule' @@"`
	Options options `parser:"@@"`
}

func (f *rule) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Rule{Span: at, Verb: f.Verb.text(), Opts: f.Options.list()}, nil
}

type neigh struct {
	Verb    verb    `parser:"'neigh' @@"`
	IP      address `parser:"@@"`
	Options options `parser:"@@"`
}

func (f *neigh) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Neigh{Span: at, Verb: f.Verb.text(), IP: f.IP, Opts: f.Options.list()}, nil
}

type sysctl struct {
	Key    value  `parser:"'sysctl' @@"`
	Equals equals `parser:"@@"`
	Value  value  `parser:"@@"`
}

func (f *sysctl) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Sysctl{Span: at, Key: f.Key, Value: f.Value}, nil
}

type forward struct {
	Switch onOff `parser:"'forward' @@"`
}

func (f *forward) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Forward{Span: at, Switch: f.Switch}, nil
}

type hosts struct {
	IP    address      `parser:"'hosts' @@"`
	First value        `parser:"@@"`
	More  []moreValues `parser:"@@*"`
}

func (f *hosts) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Hosts{Span: at, IP: f.IP, Names: list(f.First, f.More)}, nil
}

type dns struct {
	First address         `parser:"'dns' @@"`
	More  []moreAddresses `parser:"@@*"`
}

func (f *dns) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.DNS{Span: at, Servers: list(f.First, f.More)}, nil
}

type lab struct {
	Name value `parser:"'lab' @@"`
}

func (f *lab) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Lab{Span: at, Name: f.Name}, nil
}

// list puts the first and the further values of a role together.
func list[T ast.Expr](first ast.Expr, more []T) []ast.Expr {
	return append([]ast.Expr{first}, exprsOf(more)...)
}

func exprsOf[T ast.Expr](xs []T) []ast.Expr {
	if len(xs) == 0 {
		return nil
	}
	out := make([]ast.Expr, len(xs))
	for i, x := range xs {
		out[i] = x
	}
	return out
}

func verbOr(v optionalVerb, other string) string {
	if v == nil {
		return other
	}
	return v.text()
}
