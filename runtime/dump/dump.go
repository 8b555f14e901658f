// Package dump writes a network that is there as a script that makes it anew:
// as a person would write it, grouped by namespace. What the language cannot
// express is said in a comment.
package dump

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// Options say what is written.
type Options struct {
	MACs bool // the hardware addresses of interfaces, too
}

// A Line is a statement, or a comment about what is none.
type Line struct {
	Text string
	Lost string // why the statement is only a comment; empty: it is one
}

// lose makes a comment of a statement.
func (l *Line) lose(why string) {
	if l.Lost == "" {
		l.Lost = why
	}
}

// A part is what a script says of one namespace: what comes before the cables,
// and after.
type part struct {
	ns            string
	first, second []*Line
}

// A Script is a dump in the making.
type Script struct {
	opts   Options
	states []*host.State
	parts  []*part
	cables []*Line
	rest   []*Line             // remarks at the end
	made   map[host.End]string // interfaces the script makes, with their kind
	known  map[string]bool     // namespaces of the script
	seen   map[string]bool     // remarks
}

// From writes the states of namespaces. Of the starting one only what takes
// part in the network is written: its cables, and its bridges.
func From(states []*host.State, opts Options) *Script {
	s := &Script{opts: opts, made: map[host.End]string{}, known: map[string]bool{}, seen: map[string]bool{}}
	for _, st := range states {
		if err := name.Namespace(st.NS); err != nil && st.NS != host.Start {
			s.Remark(fmt.Sprintf("namespace %s: %v", name.Quote(st.NS), err))
			continue
		}
		s.states = append(s.states, st)
		s.known[st.NS] = true
		s.parts = append(s.parts, &part{ns: st.NS})
	}
	for i, st := range s.states {
		s.loopback(s.parts[i], st)
		s.simple(s.parts[i], st)
	}
	for i, st := range s.states {
		s.veths(s.parts[i], st)
	}
	for i, st := range s.states {
		s.stacked(s.parts[i], st)
		s.details(s.parts[i], st)
		s.addrs(s.parts[i], st)
		s.routes(s.parts[i], st)
		s.policies(s.parts[i], st)
		s.neighbours(s.parts[i], st)
	}
	return s
}

// Spaces are the namespaces of the script, without the starting one.
func (s *Script) Spaces() []string {
	var out []string
	for _, p := range s.parts {
		if p.ns != host.Start {
			out = append(out, p.ns)
		}
	}
	return out
}

// Makes reports whether the script makes an interface.
func (s *Script) Makes(e host.End) bool { return s.made[e] != "" }

// Remark says what the script does not.
func (s *Script) Remark(text string) {
	if !s.seen[text] {
		s.seen[text] = true
		s.rest = append(s.rest, &Line{Text: text, Lost: "not expressible"})
	}
}

// Lose makes a comment of a line of the script that Text wrote.
func (s *Script) Lose(number int, why string) bool {
	if line := s.numbered()[number]; line != nil && line.Lost == "" {
		line.lose(why)
		return true
	}
	return false
}

// Text is the script.
func (s *Script) Text() string {
	text, _ := s.write()
	return text
}

func (s *Script) numbered() map[int]*Line {
	_, lines := s.write()
	return lines
}

// write gives the text, and the lines by their numbers.
func (s *Script) write() (string, map[int]*Line) {
	var b strings.Builder
	lines := map[int]*Line{}
	number := 1
	put := func(text string, l *Line) {
		lines[number] = l
		b.WriteString(text + "\n")
		number++
	}
	statement := func(indent string, l *Line) {
		if l.Lost != "" {
			put(indent+"# "+name.Quote(l.Lost+": "+l.Text), nil)
			return
		}
		put(indent+l.Text, l)
	}
	block := func(ns string, list []*Line) {
		if len(list) == 0 {
			return
		}
		put("", nil)
		put("in "+ns+" {", nil)
		for _, l := range list {
			statement("  ", l)
		}
		put("}", nil)
	}
	if spaces := s.Spaces(); len(spaces) > 0 {
		put("ns "+strings.Join(spaces, " "), nil)
	}
	for _, p := range s.parts {
		block(p.ns, p.first)
	}
	if len(s.cables) > 0 {
		put("", nil)
	}
	for _, l := range s.cables {
		statement("", l)
	}
	for _, p := range s.parts {
		block(p.ns, p.second)
	}
	if len(s.rest) > 0 {
		put("", nil)
	}
	for _, l := range s.rest {
		statement("", l)
	}
	return strings.TrimPrefix(b.String(), "\n"), lines
}

// loopback writes what is not as vnet makes it: `ip netns add` leaves lo down,
// and so without addresses.
func (s *Script) loopback(p *part, st *host.State) {
	lo, ok := st.Link("lo")
	if !ok || st.NS == host.Start {
		return
	}
	for _, a := range []string{"127.0.0.1/8", "::1/128"} {
		has := func(b host.Addr) bool { return b.Link == "lo" && b.Prefix.String() == a }
		if !slices.ContainsFunc(st.Addrs, has) && (lo.Up || a == "127.0.0.1/8") {
			p.first = append(p.first, &Line{Text: "addr del lo " + a})
		}
	}
	if !lo.Up {
		p.first = append(p.first, &Line{Text: "link set lo down"})
	}
}

// simple are the kinds that stand for themselves.
var simple = []string{"bridge", "dummy", "ifb", "tap", "tun"}

// simple writes the interfaces that need no others.
func (s *Script) simple(p *part, st *host.State) {
	for _, kind := range simple {
		for _, l := range st.Links {
			if l.Kind == kind && l.Name != "lo" && s.sayable(l) {
				s.made[l.End()] = l.Kind
				p.first = append(p.first, &Line{Text: Link(l, s.plain(st, l), s.opts.MACs)})
			}
		}
	}
}

// sayable reports whether the language can name an interface.
func (s *Script) sayable(l host.Link) bool {
	if err := name.Link(l.Name); err != nil {
		s.Remark(fmt.Sprintf("%s %s in %s: %v", l.Kind, name.Quote(l.Name), l.NS, err))
		return false
	}
	return true
}

// plain are the addresses that can stand behind an interface where it is made.
func (s *Script) plain(st *host.State, l host.Link) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range st.Addrs {
		if a.Link == l.Name && ours(a) && !a.Peer.IsValid() {
			out = append(out, a.Prefix)
		}
	}
	return out
}

// ours reports whether somebody gave an address: it was neither made of a MAC
// nor heard of a router.
func ours(a host.Addr) bool { return !a.Dynamic }

// veths writes cables, each from its first end.
func (s *Script) veths(p *part, st *host.State) {
	for _, l := range st.Links {
		if l.Kind != "veth" || s.made[l.End()] != "" || !s.sayable(l) {
			continue
		}
		switch {
		case l.Peer == nil:
			s.Remark(fmt.Sprintf("veth %s: its other end is in a namespace without a name", l.End()))
			continue
		case !s.known[l.Peer.NS]:
			s.Remark(fmt.Sprintf("veth %s <-> %s: the other end is in a namespace that is not written", l.End(), name.Quote(l.Peer.String())))
			continue
		}
		far, ok := s.link(*l.Peer)
		if !ok || !s.sayable(far) {
			continue
		}
		s.made[l.End()], s.made[far.End()] = "veth", "veth"
		s.cables = append(s.cables, &Line{Text: s.cable(l, far)})
	}
}

func (s *Script) link(e host.End) (host.Link, bool) {
	for _, st := range s.states {
		if st.NS == e.NS {
			if l, ok := st.Link(e.Name); ok {
				return *l, true
			}
		}
	}
	return host.Link{}, false
}

func (s *Script) state(ns string) *host.State {
	for _, st := range s.states {
		if st.NS == ns {
			return st
		}
	}
	return &host.State{}
}

// cable writes a veth. An end that is a port of a bridge is written as one,
// behind the other.
func (s *Script) cable(a, b host.Link) string {
	port := func(l host.Link) bool {
		return s.made[host.End{NS: l.NS, Name: l.Master}] == "bridge" && len(s.plain(s.state(l.NS), l)) == 0
	}
	if port(a) && !port(b) {
		a, b = b, a
	}
	c := Cable{A: a, B: b, AddrsA: s.plain(s.state(a.NS), a), AddrsB: s.plain(s.state(b.NS), b), MACs: s.opts.MACs}
	c.Port = port(b) && !port(a)
	return c.String()
}

// stacked writes the interfaces that stand on others, those below first, and
// names the ones that the language does not have.
func (s *Script) stacked(p *part, st *host.State) {
	var left []host.Link
	for _, l := range st.Links {
		if s.made[l.End()] == "" && l.Name != "lo" && (l.Kind == "macvlan" || l.Kind == "vxlan") && s.sayable(l) {
			left = append(left, l)
		}
	}
	for grown := true; grown; {
		grown = false
		for i, l := range left {
			if l.Parent != "" && !s.there(host.End{NS: l.NS, Name: l.Parent}) || l.Kind == "macvlan" && l.Parent == "" {
				continue
			}
			s.made[l.End()] = l.Kind
			p.second = append(p.second, &Line{Text: Link(l, s.plain(st, l), s.opts.MACs)})
			left = slices.Delete(left, i, i+1)
			grown = true
			break
		}
	}
}

// there reports whether an interface is there when the script has run: it is
// made, or one of the machine's own.
func (s *Script) there(e host.End) bool {
	if s.made[e] != "" || e.Name == "lo" {
		return true
	}
	l, ok := s.link(e)
	return ok && e.NS == host.Start && l.Kind == ""
}

// details sets what cannot be said where an interface is made.
func (s *Script) details(p *part, st *host.State) {
	for _, l := range st.Links {
		end := l.End()
		if s.made[end] == "" {
			continue
		}
		far := host.Link{MTU: l.MTU, Up: l.Up}
		if l.Peer != nil && l.Kind == "veth" {
			far, _ = s.link(*l.Peer)
		}
		var words []string
		if l.Kind == "veth" && l.MTU != far.MTU && l.MTU != 1500 {
			words = append(words, "mtu "+strconv.Itoa(l.MTU))
		}
		if l.Master != "" && !(l.Kind == "veth" && s.portOf(l)) {
			if s.made[host.End{NS: l.NS, Name: l.Master}] == "" {
				s.Remark(fmt.Sprintf("%s is a port of %s", end, name.Quote(l.Master)))
			} else {
				words = append(words, "master "+l.Master)
			}
		}
		if l.Alias != "" {
			words = append(words, "alias "+text(l.Alias))
		}
		if l.Promisc {
			words = append(words, "promisc on")
		}
		if l.Kind == "veth" && l.Up && !far.Up {
			words = append(words, "up")
		}
		if len(words) > 0 {
			p.second = append(p.second, &Line{Text: "link set " + l.Name + " " + strings.Join(words, " ")})
		}
	}
}

// portOf reports whether a cable was written with its end as a port.
func (s *Script) portOf(l host.Link) bool {
	far, _ := s.link(*l.Peer)
	port := func(l host.Link) bool {
		return s.made[host.End{NS: l.NS, Name: l.Master}] == "bridge" && len(s.plain(s.state(l.NS), l)) == 0
	}
	return port(l) && !port(far)
}

// addrs writes the addresses that stand at no interface the script makes.
func (s *Script) addrs(p *part, st *host.State) {
	for _, a := range st.Addrs {
		end := host.End{NS: a.NS, Name: a.Link}
		switch {
		case a.Link == "lo" && a.Prefix.Addr().IsLoopback(), !ours(a):
		case a.Link == "lo" && st.NS != host.Start:
			p.second = append(p.second, &Line{Text: "addr add lo " + a.Prefix.String()})
		case s.made[end] != "" && a.Peer.IsValid():
			s.Remark(fmt.Sprintf("address %s of %s has a peer, %s", a.Prefix, end, a.Peer))
		}
	}
}

// routes writes what addresses do not bring along.
func (s *Script) routes(p *part, st *host.State) {
	unconnected := s.unconnected(st)
	for _, r := range st.Routes {
		const kernel, router = 2, 9 // RTPROT_KERNEL, RTPROT_RA (linux/rtnetlink.h)
		if r.Proto == kernel || st.NS == host.Start && !s.within(r) {
			continue
		}
		line := &Line{Text: Route(r)}
		if bare := unconnected[r.Dest]; bare != "" && r.Dest.Addr().Is4() && r.Metric == 0 && (r.Table == 0 || r.Table == 254) {
			line.Text = strings.Replace(line.Text, " add ", " change ", 1)
			delete(unconnected, r.Dest)
		}
		switch {
		case r.Proto == router:
			line.lose("heard of a router")
		case !s.leads(r):
			line.lose("not expressible")
		}
		p.second = append(p.second, line)
	}
	for _, dest := range slices.SortedFunc(maps.Keys(unconnected), func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) }) {
		p.second = append(p.second, &Line{Text: "route del " + dest.String() + " dev " + unconnected[dest]})
	}
}

// unconnected are the subnets of addresses whose routes somebody has taken
// away or replaced, with the interfaces.
func (s *Script) unconnected(st *host.State) map[netip.Prefix]string {
	out := map[netip.Prefix]string{}
	for _, l := range st.Links {
		if s.made[l.End()] == "" || !l.Up {
			continue
		}
		for _, a := range s.plain(st, l) {
			there := func(r host.Route) bool { return r.Dest == a.Masked() && r.Dev == l.Name && r.Proto == 2 }
			if !a.IsSingleIP() && !slices.ContainsFunc(st.Routes, there) {
				out[a.Masked()] = l.Name
			}
		}
	}
	return out
}

// devices are the interfaces that a route leads through.
func devices(r host.Route) []string {
	var out []string
	if r.Dev != "" {
		out = append(out, r.Dev)
	}
	for _, h := range r.Nexthop {
		out = append(out, h.Dev)
	}
	return out
}

// within reports whether a route of the starting namespace is one of the
// network: it leads through what the script makes.
func (s *Script) within(r host.Route) bool {
	return slices.ContainsFunc(devices(r), func(d string) bool { return s.made[host.End{NS: r.NS, Name: d}] != "" })
}

// leads reports whether all interfaces that a route needs are there.
func (s *Script) leads(r host.Route) bool {
	return !slices.ContainsFunc(devices(r), func(d string) bool { return !s.there(host.End{NS: r.NS, Name: d}) })
}

// policies writes the rules that not every namespace has.
func (s *Script) policies(p *part, st *host.State) {
	if st.NS == host.Start {
		return
	}
	for _, r := range st.Rules {
		if r.Priority == 0 && r.Table == 255 || r.Priority == 32766 && r.Table == 254 || r.Priority == 32767 && r.Table == 253 {
			continue
		}
		p.second = append(p.second, &Line{Text: "rule add " + r.String()})
	}
}

// neighbours writes the entries that somebody made.
func (s *Script) neighbours(p *part, st *host.State) {
	for _, n := range st.Neighs {
		if s.made[host.End{NS: n.NS, Name: n.Dev}] != "" && (n.Proxy || strings.EqualFold(n.State, "permanent")) {
			p.second = append(p.second, &Line{Text: Neighbour(n)})
		}
	}
}

// Set adds a kernel parameter: before the interfaces are made, or behind.
func (s *Script) Set(ns, key, value string, early bool) {
	line := &Line{Text: "sysctl " + key + " = " + text(value)}
	for _, p := range s.parts {
		switch {
		case p.ns != ns:
		case early:
			at := 0 // in order, before what is made
			for at < len(p.first) && strings.HasPrefix(p.first[at].Text, "sysctl ") || at < len(p.first) && p.first[at].Text == "forward on" {
				at++
			}
			p.first = slices.Insert(p.first, at, line)
		default:
			p.second = append(p.second, line)
		}
	}
}

// Forward has a namespace route.
func (s *Script) Forward(ns string) {
	for _, p := range s.parts {
		if p.ns == ns {
			p.first = slices.Insert(p.first, 0, &Line{Text: "forward on"})
		}
	}
}

// Adjust sets the MTU of an interface that would have another.
func (s *Script) Adjust(e host.End, mtu int) {
	for _, p := range s.parts {
		if p.ns == e.NS {
			p.second = append(p.second, &Line{Text: fmt.Sprintf("link set %s mtu %d", e.Name, mtu)})
		}
	}
}
