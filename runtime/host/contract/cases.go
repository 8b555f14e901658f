package contract

import (
	"net/netip"
	"strings"

	"vnet/runtime/host"
)

// A testCase is an operation on a network.
type testCase struct {
	name  string
	setup []host.Op
	op    host.Op
}

// ops writes operations shortly. Interfaces are a:x.
type ops struct{ ns func(string) string }

func (o ops) end(s string) (ns, name string) {
	ns, name, _ = strings.Cut(s, ":")
	return o.ns(ns), name
}

func (o ops) link(kind, s string) host.Link {
	ns, name := o.end(s)
	return host.Link{NS: ns, Name: name, Kind: kind, Up: true}
}

func (o ops) veth(a, b string) host.LinkAdd {
	peer := o.link("veth", b)
	return host.LinkAdd{Link: o.link("veth", a), Peer: &peer}
}

func (o ops) add(kind, s string, edit ...func(*host.Link)) host.LinkAdd {
	l := o.link(kind, s)
	switch kind {
	case "tap", "tun":
		l.Tun = &host.Tun{}
	case "macvlan":
		l.Macvlan = &host.Macvlan{Mode: "bridge"}
	}
	for _, f := range edit {
		f(&l)
	}
	return host.LinkAdd{Link: l}
}

func on(parent string) func(*host.Link) { return func(l *host.Link) { l.Parent = parent } }
func mtu(n int) func(*host.Link)        { return func(l *host.Link) { l.MTU = n } }
func vni(id int) func(*host.Link) {
	return func(l *host.Link) { l.VXLAN = &host.VXLAN{ID: id, Port: 4789} }
}

func (o ops) set(s string, edit func(*host.LinkSet)) host.LinkSet {
	ns, name := o.end(s)
	set := host.LinkSet{NS: ns, Name: name}
	edit(&set)
	return set
}

func up(s *host.LinkSet)   { s.Up = true }
func down(s *host.LinkSet) { s.Down = true }
func setMTU(n int) func(*host.LinkSet) {
	return func(s *host.LinkSet) { s.MTU = &n }
}
func master(m string) func(*host.LinkSet)  { return func(s *host.LinkSet) { s.Master = &m } }
func newName(n string) func(*host.LinkSet) { return func(s *host.LinkSet) { s.NewName = &n } }
func mac(m string) func(*host.LinkSet)     { return func(s *host.LinkSet) { s.MAC = &m } }
func alias(a string) func(*host.LinkSet)   { return func(s *host.LinkSet) { s.Alias = &a } }
func promisc(on bool) func(*host.LinkSet)  { return func(s *host.LinkSet) { s.Promisc = &on } }
func stp(on bool) func(*host.LinkSet) {
	return func(s *host.LinkSet) { s.Bridge = &host.Bridge{STP: &on} }
}

func (o ops) del(s string) host.LinkDel {
	ns, name := o.end(s)
	return host.LinkDel{NS: ns, Name: name}
}

func (o ops) move(s, to string) host.LinkMove {
	ns, name := o.end(s)
	return host.LinkMove{NS: ns, Name: name, To: o.ns(to)}
}

func (o ops) addr(verb host.Verb, s, prefix string) host.AddrSet {
	ns, name := o.end(s)
	return host.AddrSet{Verb: verb, Addr: host.Addr{NS: ns, Link: name, Prefix: netip.MustParsePrefix(prefix), NoDAD: strings.Contains(prefix, ":")}}
}

// route reads "10.9.0.0/24 via 10.0.0.2 dev x src 10.0.0.1".
func (o ops) route(verb host.Verb, ns, text string) host.RouteSet {
	words := strings.Fields(text)
	r := host.Route{NS: o.ns(ns)}
	if words[0] == "blackhole" || words[0] == "unreachable" {
		r.Type, words = words[0], words[1:]
	}
	r.Dest = netip.MustParsePrefix(words[0])
	for i := 1; i < len(words); i++ {
		arg := ""
		if i+1 < len(words) {
			arg = words[i+1]
		}
		switch words[i] {
		case "via":
			r.Via = netip.MustParseAddr(arg)
		case "dev":
			r.Dev = arg
		case "src":
			r.Src = netip.MustParseAddr(arg)
		case "metric":
			r.Metric = number(arg)
		case "table":
			r.Table = number(arg)
		case "nexthop":
			r.Nexthop = append(r.Nexthop, host.Nexthop{Via: netip.MustParseAddr(arg), Weight: 1})
		case "onlink":
			r.OnLink = true
			continue
		}
		i++
	}
	return host.RouteSet{Verb: verb, Route: r}
}

func number(s string) int {
	n := 0
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

func (o ops) rule(verb host.Verb, ns, from string, priority, table int) host.RuleSet {
	r := host.Rule{NS: o.ns(ns), Family: 4, Priority: priority, Table: table}
	if from != "" {
		r.From = netip.MustParsePrefix(from)
	}
	return host.RuleSet{Verb: verb, Rule: r}
}

func (o ops) neigh(verb host.Verb, s, ip string) host.NeighSet {
	ns, name := o.end(s)
	return host.NeighSet{Verb: verb, Neigh: host.Neigh{NS: ns, Dev: name, IP: netip.MustParseAddr(ip), MAC: "02:00:00:00:00:09"}}
}

func (o ops) sysctl(ns, key, value string) host.SysctlSet {
	return host.SysctlSet{NS: o.ns(ns), Key: key, Value: value}
}

func cases(o ops) []testCase {
	return concat(o.spaceCases(), o.linkCases(), o.moveCases(), o.setCases(), o.addrCases(), o.routeCases(), o.otherCases())
}

func concat(lists ...[]testCase) []testCase {
	var out []testCase
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}
