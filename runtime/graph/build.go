package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"vnet/runtime/host"
)

// Of draws what a host shows: all its namespaces, and the starting one where
// it has more than the machine's own devices.
func Of(ctx context.Context, look host.Looker) (*Graph, error) {
	names, err := look.Namespaces(ctx)
	if err != nil {
		return nil, err
	}
	var states []*host.State
	for _, ns := range append([]string{host.Start}, names...) {
		s, err := look.State(ctx, ns)
		switch {
		case s != nil && (err == nil || errors.Is(err, host.ErrUnknown)):
			states = append(states, s)
		case err == nil || errors.Is(err, host.ErrUnknown):
		case gone(err): // removed since they were listed
		default:
			return nil, fmt.Errorf("namespace %s: %w", ns, err)
		}
	}
	return From(states), nil
}

func gone(err error) bool {
	e := (*host.Error)(nil)
	return errors.As(err, &e) && e.Field == host.FieldNS && errors.Is(err, syscall.ENOENT)
}

// From draws the states of namespaces.
func From(states []*host.State) *Graph {
	b := &builder{at: map[host.End]string{}, owner: map[netip.Addr]*host.State{}}
	for _, s := range states {
		if s.NS != host.Start || ours(s) {
			b.states = append(b.states, s)
		}
	}
	slices.SortFunc(b.states, func(x, y *host.State) int { return Natural(x.NS, y.NS) })
	for _, s := range b.states {
		b.nodes(s)
	}
	for _, s := range b.states {
		for i := range s.Links {
			b.cables(s, &s.Links[i])
		}
	}
	b.groups()
	b.g.Cables = slices.DeleteFunc(b.g.Cables, func(c Cable) bool { return c.A.Node == "" || c.B.Node == "" })
	slices.SortFunc(b.g.Nodes, func(x, y Node) int { return Natural(x.ID, y.ID) })
	slices.SortFunc(b.g.Cables, func(x, y Cable) int {
		return cmp.Or(Natural(x.A.Node, y.A.Node), Natural(x.A.Interface, y.A.Interface),
			Natural(x.B.Node, y.B.Node), Natural(x.B.Interface, y.B.Interface), cmp.Compare(x.Text, y.Text))
	})
	return &b.g
}

// ours reports whether the starting namespace takes part in a network: it has
// an interface that is none of the machine's own.
func ours(s *host.State) bool {
	return slices.ContainsFunc(s.Links, func(l host.Link) bool { return l.Kind != "" && l.Name != "lo" && !fallback(l) })
}

// fallback reports whether an interface is one that a tunnel module puts into
// every namespace (net.core.fb_tunnels_only_for_init_net).
func fallback(l host.Link) bool {
	return !l.Up && slices.Contains([]string{"erspan0", "gre0", "gretap0", "ip6_vti0", "ip6gre0", "ip6tnl0", "ip_vti0", "sit0", "tunl0"}, l.Name)
}

// A builder makes a graph of states.
type builder struct {
	g      Graph
	states []*host.State
	at     map[host.End]string // the node an interface is drawn at
	owner  map[netip.Addr]*host.State
	meets  map[string][]End // groups of tunnels
}

// nodes makes the nodes of a namespace: its own, and one for each bridge.
func (b *builder) nodes(s *host.State) {
	var rest []Interface
	bridges := map[string]*Node{}
	var order []string
	for _, l := range s.Links {
		if l.Kind == "bridge" {
			bridges[l.Name] = &Node{ID: host.End{NS: s.NS, Name: l.Name}.String(), Kind: Bridge, Namespace: s.NS, Name: l.Name}
			order = append(order, l.Name)
		}
	}
	for _, l := range s.Links {
		i := face(s, l)
		for _, a := range i.Addresses {
			b.own(s, a)
		}
		if fallback(l) || l.Name == "lo" && len(i.Addresses) == 0 {
			continue
		}
		node := s.NS
		switch master := bridges[l.Master]; {
		case master != nil && l.Kind != "bridge":
			node = master.ID
			master.Interfaces = append(master.Interfaces, i)
		default:
			rest = append(rest, i)
		}
		b.at[l.End()] = node
	}
	if needsBox(s, rest) {
		b.g.Nodes = append(b.g.Nodes, Node{ID: s.NS, Kind: Namespace, Namespace: s.NS, Name: s.NS, Interfaces: sorted(rest)})
	} else {
		for _, i := range rest {
			e := host.End{NS: s.NS, Name: i.Name}
			delete(b.at, e)
			if br := bridges[i.Name]; br != nil { // it stands for its namespace
				br.Interfaces = append(br.Interfaces, i)
				b.at[e] = br.ID
			}
		}
	}
	for _, name := range order {
		bridges[name].Interfaces = sorted(bridges[name].Interfaces)
		b.g.Nodes = append(b.g.Nodes, *bridges[name])
	}
}

// needsBox reports whether a namespace is more than its bridges. The starting
// one need not be drawn for the machine's own devices, others are when empty.
func needsBox(s *host.State, rest []Interface) bool {
	bridges := 0
	for _, i := range rest {
		switch {
		case i.Kind != "bridge" && (i.Kind != "" || i.Name == "lo" || s.NS != host.Start):
			return true
		case i.Kind == "bridge" && len(i.Addresses) > 0:
			return true
		case i.Kind == "bridge":
			bridges++
		}
	}
	return bridges == 0 && s.NS != host.Start
}

func (b *builder) own(s *host.State, addr string) {
	if p, err := netip.ParsePrefix(addr); err == nil && b.owner[p.Addr()] == nil {
		b.owner[p.Addr()] = s
	}
}

// face describes an interface. The kernel's own addresses are left out: those
// of lo, and link-local ones.
func face(s *host.State, l host.Link) Interface {
	i := Interface{Name: l.Name, Kind: l.Kind, MAC: l.MAC, MTU: l.MTU, Up: l.Up, Details: l.Details()}
	if l.Peer != nil && l.Kind == "veth" {
		i.To = l.Peer.String()
	}
	for _, a := range s.Addrs {
		ip := a.Prefix.Addr()
		if a.Link != l.Name || ip.IsLinkLocalUnicast() && ip.Is6() || l.Name == "lo" && ip.IsLoopback() {
			continue
		}
		i.Addresses = append(i.Addresses, a.Prefix.String())
	}
	return i
}

func sorted(list []Interface) []Interface {
	slices.SortStableFunc(list, func(x, y Interface) int { return Natural(x.Name, y.Name) })
	if list == nil {
		return []Interface{}
	}
	return list
}

// cables makes the cables that an interface is an end of, each from its first.
func (b *builder) cables(s *host.State, l *host.Link) {
	end := b.end(l.End())
	switch {
	case l.Kind == "bridge" && end.Node == s.NS:
		b.join(Own, end, End{Node: l.End().String()}, l.Up, "")
	case l.Kind == "veth" && l.Peer != nil:
		far := b.end(*l.Peer)
		if far.Node == "" || far.Node == end.Node {
			return // it is written down at the interface
		}
		b.drawn(l.End())
		if l.Peer.NS+"\x00"+l.Peer.Name > l.NS+"\x00"+l.Name {
			b.join("veth", end, far, l.Up && b.up(*l.Peer), "")
		}
	case l.VXLAN != nil:
		b.tunnel(s, l, end)
	}
	if l.Parent != "" && l.VXLAN == nil {
		if below := b.end(host.End{NS: l.NS, Name: l.Parent}); below.Node != "" && below.Node != end.Node {
			b.join(Stack, end, below, l.Up, l.Kind)
		}
	}
}

// drawn forgets the words for a cable's other end: the cable is there.
func (b *builder) drawn(e host.End) {
	for i := range b.g.Nodes {
		if n := &b.g.Nodes[i]; n.ID == b.at[e] {
			if f := n.find(e.Name); f != nil {
				f.To = ""
			}
		}
	}
}

func (b *builder) join(kind string, from, to End, up bool, text string) {
	b.g.Cables = append(b.g.Cables, Cable{Kind: kind, A: from, B: to, Up: up, Text: text})
}

func (b *builder) end(e host.End) End { return End{b.at[e], e.Name} }

func (b *builder) up(e host.End) bool {
	for _, s := range b.states {
		if s.NS == e.NS {
			l, ok := s.Link(e.Name)
			return ok && l.Up
		}
	}
	return false
}

// tunnel joins a VXLAN interface to the one that has its remote address, once
// where both name each other.
func (b *builder) tunnel(s *host.State, l *host.Link, end End) {
	v := l.VXLAN
	text := fmt.Sprintf("vxlan %d", v.ID)
	if v.Remote.IsMulticast() {
		if b.meets == nil {
			b.meets = map[string][]End{}
		}
		id := text + " " + v.Remote.String()
		b.meets[id] = append(b.meets[id], end)
		return
	}
	other := b.owner[v.Remote]
	if !v.Remote.IsValid() || other == nil {
		return
	}
	for _, m := range other.Links {
		if m.VXLAN == nil || m.VXLAN.ID != v.ID || b.end(m.End()).Node == end.Node {
			continue
		}
		mutual := m.VXLAN.Remote.IsValid() && b.owner[m.VXLAN.Remote] == s
		if !mutual || s.NS < m.NS {
			b.join("vxlan", end, b.end(m.End()), l.Up && m.Up, text)
		}
	}
}

// groups makes a node for each multicast group that tunnels meet in.
func (b *builder) groups() {
	for id, ends := range b.meets {
		if len(ends) < 2 {
			continue
		}
		b.g.Nodes = append(b.g.Nodes, Node{ID: id, Kind: Group, Name: id, Interfaces: []Interface{}})
		for _, e := range ends {
			b.join("vxlan", e, End{Node: id}, true, "")
		}
	}
}

// Natural compares names as people do: h2 before h10.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m > 0 && n > 0 {
			p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if c := cmp.Or(len(p)-len(q), strings.Compare(p, q)); c != 0 {
				return c
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(len(x)-len(y), strings.Compare(a, b))
}

func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}
