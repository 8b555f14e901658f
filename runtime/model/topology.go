package model

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"vnet/runtime/host"
)

// Known reports whether there is a namespace of that name, made or alive.
func (n *Net) Known(ns string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ns == host.Start {
		return true
	}
	return n.exists(ns)
}

// Opaque reports whether a namespace may hold more than is known of it.
func (n *Net) Opaque(ns string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.space(ns)
	return s != nil && s.opaque
}

// Blur notes that a namespace may hold more than is known of it from now on.
func (n *Net) Blur(ns string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.spaces[ns]; s != nil {
		s.opaque = true
	} else if n.exists(ns) {
		n.doubted[ns] = true
	}
}

// HasLink reports whether an interface is known to be there.
func (n *Net) HasLink(ns, name string) bool {
	_, ok := n.Link(host.End{NS: ns, Name: name})
	return ok
}

// Link returns an interface that is known to be there.
func (n *Net) Link(end host.End) (host.Link, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.known(end)
	if l == nil {
		return host.Link{}, false
	}
	return l.Link, true
}

// IsBridge reports whether an interface is known to be a bridge.
func (n *Net) IsBridge(ns, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return isBridge(n.known(host.End{NS: ns, Name: name}))
}

// Bridges lists the bridges known in a namespace, in the order they were made.
func (n *Net) Bridges(ns string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	if s := n.existing(ns); s != nil {
		for _, l := range s.ordered() {
			if isBridge(l) {
				out = append(out, l.Name)
			}
		}
	}
	return out
}

// Addrs lists the addresses of an interface.
func (n *Net) Addrs(end host.End) []host.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l := n.known(end); l != nil {
		return slices.Clone(l.addrs)
	}
	return nil
}

// existing finds a namespace without assuming it is there.
func (n *Net) existing(ns string) *space {
	if s := n.spaces[ns]; s != nil || ns != host.Start && !n.exists(ns) {
		return s
	}
	return n.space(ns)
}

// known finds a link without assuming it is there.
func (n *Net) known(end host.End) *link {
	s := n.existing(end.NS)
	if s == nil {
		return nil
	}
	if l := s.links[end.Name]; l != nil && !l.assumed {
		return l
	}
	return nil
}

// FreeName returns the first of prefix0, prefix1 … that no link of the
// namespace bears and that is not among taken.
func (n *Net) FreeName(ns, prefix string, taken ...string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.existing(ns)
	if s == nil {
		s = newSpace(ns)
	}
	first := s.hints[prefix]
	for s.links[prefix+strconv.Itoa(first)] != nil {
		first++
	}
	if s.hints == nil {
		s.hints = map[string]int{}
	}
	s.hints[prefix] = first
	for i := first; ; i++ {
		if name := prefix + strconv.Itoa(i); s.links[name] == nil && !slices.Contains(taken, name) {
			return name
		}
	}
}

// A meeting is a pair of interfaces of two namespaces on one segment.
type meeting struct{ near, far *link }

// meetings lists where an address of b is on a segment with a, by the index of
// the near link, and tells whether they share a segment at all. The ports of a
// bridge have no addresses, and there may be thousands.
func (n *Net) meetings(a, b *space) (out []meeting, joined bool) {
	few, many := a, b
	swap := len(b.links) < len(a.links)
	if swap {
		few, many = b, a
	}
	for _, l := range few.ordered() {
		if l.Name == "lo" {
			continue
		}
		for _, m := range n.here(n.segment(l), many) {
			meet := meeting{l, m}
			if swap {
				meet = meeting{m, l}
			}
			if m == l {
				continue
			}
			joined = true
			if len(meet.far.addrs) > 0 {
				out = append(out, meet)
			}
		}
	}
	slices.SortStableFunc(out, func(x, y meeting) int {
		if x.near.Index != y.near.Index {
			return x.near.Index - y.near.Index
		}
		return x.far.Index - y.far.Index
	})
	return out, joined
}

// faced lists the meetings of interfaces that both have addresses. They are
// found among those alone: the ports of a bridge have none.
func (n *Net) faced(a, b *space) (out []meeting) {
	few, many := a, b
	swap := len(b.owners) < len(a.owners)
	if swap {
		few, many = b, a
	}
	others := many.addressed()
	for _, l := range few.addressed() {
		g := n.segment(l)
		found := others
		if len(g.members) < len(others) {
			found = g.members
		}
		for _, m := range found {
			if m == l || m.NS != many.name || len(m.addrs) == 0 || n.segment(m) != g {
				continue
			}
			if swap {
				out = append(out, meeting{m, l})
			} else {
				out = append(out, meeting{l, m})
			}
		}
	}
	slices.SortFunc(out, func(x, y meeting) int {
		return cmp.Or(x.near.Index-y.near.Index, x.far.Index-y.far.Index)
	})
	return out
}

// addressed lists the links with addresses, without lo.
func (s *space) addressed() []*link {
	seen := make(map[*link]bool, len(s.owners))
	var out []*link
	for _, links := range s.owners {
		for _, l := range links {
			if l.Name != "lo" && !seen[l] {
				seen[l] = true
				out = append(out, l)
			}
		}
	}
	return out
}

// here lists the members of a segment that are in a namespace, looking
// through whichever is the shorter list.
func (n *Net) here(g *segment, s *space) []*link {
	var out []*link
	if len(g.members) <= len(s.links) {
		for _, m := range g.members {
			if m.NS == s.name {
				out = append(out, m)
			}
		}
		return out
	}
	for _, m := range s.links {
		if n.segment(m) == g {
			out = append(out, m)
		}
	}
	return out
}

// Gateway finds the address that a namespace's name stands for as a gateway:
// that on a link it shares with ns, in a subnet of ns if there is one. The
// device is the one of ns.
func (n *Net) Gateway(ns, via string, v6 bool) (netip.Addr, string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b := n.space(ns), n.space(via)
	switch {
	case a == nil:
		return netip.Addr{}, "", fmt.Errorf("no namespace `%s`", ns)
	case b == nil:
		return netip.Addr{}, "", fmt.Errorf("no namespace `%s`", via)
	}
	for _, m := range n.faced(a, b) {
		if addr, exact := faces(m, v6); exact {
			return addr, m.near.Name, nil
		}
	}
	meet, joined := n.meetings(a, b)
	var second netip.Addr
	dev := ""
	for _, m := range meet {
		addr, _ := faces(m, v6)
		if addr.IsValid() && !second.IsValid() {
			second, dev = addr, m.near.Name
		}
	}
	switch {
	case second.IsValid():
		return second, dev, nil
	case a.opaque || b.opaque:
		return netip.Addr{}, "", host.ErrUnknown
	case !joined:
		return netip.Addr{}, "", fmt.Errorf("no link joins `%s` and `%s`", ns, via)
	}
	return netip.Addr{}, "", fmt.Errorf("`%s` has no %s address on the link it shares with `%s`", via, family(v6), ns)
}

func family(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

// faces finds the far address of a meeting: exactly when it is in a subnet of
// the near link.
func faces(m meeting, v6 bool) (addr netip.Addr, exact bool) {
	for _, f := range m.far.addrs {
		ip := f.Prefix.Addr()
		if ip.Is6() != v6 || ip.IsLinkLocalUnicast() || ip.IsLoopback() {
			continue
		}
		for _, a := range m.near.addrs {
			if subnet(a).Contains(ip) {
				return ip, true
			}
		}
		if !addr.IsValid() {
			addr = ip
		}
	}
	return addr, false
}

// Target lists the addresses at which `to` is looked for from `from`: for
// each family that both have, that on a shared segment, else the first global
// one.
func (n *Net) Target(from, to string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a, b := n.space(from), n.space(to)
	switch {
	case a == nil:
		return nil, fmt.Errorf("no namespace `%s`", from)
	case b == nil:
		return nil, fmt.Errorf("no namespace `%s`", to)
	}
	var out []netip.Addr
	meet := n.faced(a, b)
	for _, v6 := range []bool{false, true} {
		if from != to && !firstGlobal(a, v6).IsValid() && !a.opaque {
			continue
		}
		if addr := target(meet, b, v6); addr.IsValid() {
			out = append(out, addr)
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case a.opaque || b.opaque:
		return nil, host.ErrUnknown
	case !firstGlobal(b, false).IsValid() && !firstGlobal(b, true).IsValid():
		return nil, fmt.Errorf("`%s` has no address", to)
	}
	return nil, fmt.Errorf("`%s` has no address of a family that `%s` has", from, to)
}

func target(meet []meeting, b *space, v6 bool) netip.Addr {
	for _, m := range meet {
		if addr, exact := faces(m, v6); exact {
			return addr
		}
	}
	return firstGlobal(b, v6)
}

// firstGlobal is the first address of a namespace that others may reach.
func firstGlobal(s *space, v6 bool) netip.Addr {
	for _, l := range s.ordered() {
		for _, a := range l.addrs {
			ip := a.Prefix.Addr()
			if ip.Is6() == v6 && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && a.Scope != "host" && a.Scope != "link" {
				return ip
			}
		}
	}
	return netip.Addr{}
}

// Owner finds an interface that bears an address, the first by the name of
// its namespace.
func (n *Net) Owner(addr netip.Addr) (host.End, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.owner(addr)
}

func (n *Net) owner(addr netip.Addr) (host.End, bool) {
	best, found := host.End{}, false
	for name, s := range n.spaces {
		if l := s.bearer(addr); l != nil && (!found || name < best.NS) {
			best, found = l.End(), true
		}
	}
	return best, found
}

// NextFree returns the first address of the subnet used on a segment that
// nobody there bears.
func (n *Net) NextFree(end host.End) (netip.Prefix, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.known(end)
	if l == nil {
		return netip.Prefix{}, false
	}
	g := n.segment(l)
	for _, m := range g.members {
		for _, a := range m.addrs {
			p := a.Prefix.Masked()
			if p.Addr().IsLinkLocalUnicast() || p.IsSingleIP() {
				continue
			}
			return firstFree(g, p)
		}
	}
	return netip.Prefix{}, false
}

func firstFree(g *segment, p netip.Prefix) (netip.Prefix, bool) {
	a := p.Addr()
	if p.Bits() < a.BitLen()-1 {
		a = a.Next()
	}
	end := last(p)
	for ; p.Contains(a); a = a.Next() {
		if a == end && !a.Is6() && p.Bits() < 31 {
			break
		}
		if len(g.addrs[a]) == 0 {
			return netip.PrefixFrom(a, p.Bits()), true
		}
	}
	return netip.Prefix{}, false
}
