package model

import (
	"net/netip"
	"slices"
	"strings"

	"vnet/lang/diag"
	"vnet/runtime/host"
)

func (c *checker) addrSet(o host.AddrSet) {
	s, l := c.end(o.Addr.NS, o.Addr.Link, host.FieldName)
	if l == nil {
		return
	}
	at := slices.IndexFunc(l.addrs, func(b host.Addr) bool { return sameAddr(o.Addr, b) })
	if o.Verb == host.Del {
		if at < 0 && !s.opaque {
			c.noAddr(l, o.Addr)
		}
		return
	}
	if at >= 0 {
		if o.Verb == host.Add {
			f := c.add(diag.AddressTwice, host.FieldAddr, "%s is on %s already", o.Addr.Prefix.Addr(), l.End())
			relate(f, keyAddr(l.addrs[at]), "given here")
		}
		return
	}
	if c.impossible(l, o.Addr) || c.edge(l, o.Addr) {
		return
	}
	c.ipv6(s, l, o.Addr)
	if !c.duplicate(s, l, o.Addr) {
		c.sameSubnet(s, l, o.Addr)
	}
}

// noAddr reports an address that is to go and is not there.
func (c *checker) noAddr(l *link, a host.Addr) {
	f := c.add(diag.NoSuchAddress, host.FieldAddr, "%s is not on %s", a.Prefix, l.End())
	var have []string
	for _, b := range l.addrs {
		if b.Prefix.Addr() == a.Prefix.Addr() {
			help(f, "it is there as %s", b.Prefix)
			return
		}
		have = append(have, b.Prefix.String())
	}
	if len(have) == 0 {
		f.Label = "it has no address"
		return
	}
	help(f, "there: %s", list(have))
}

// impossible reports an address that no interface can bear.
func (c *checker) impossible(l *link, a host.Addr) bool {
	ip := a.Prefix.Addr()
	why := ""
	switch {
	case ip.IsUnspecified():
		why = "the unspecified address"
	case ip.IsMulticast():
		why = "a group address"
	case ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		why = "the broadcast address"
	case ip.Is6() && ip.IsLoopback() && l.Name != "lo":
		why = "the loopback address"
	default:
		return false
	}
	f := c.add(diag.NotAnInterface, host.FieldAddr, "%s cannot be the address of an interface", ip)
	f.Label = why
	return true
}

// edge reports the first or last address of an IPv4 subnet.
func (c *checker) edge(l *link, a host.Addr) bool {
	p := a.Prefix
	if is6(p) || p.Bits() >= 31 || l.Name == "lo" || a.Peer.IsValid() {
		return false
	}
	first, final := p.Masked().Addr(), last(p.Masked())
	what := ""
	switch p.Addr() {
	case first:
		what = "network"
	case final:
		what = "broadcast"
	default:
		return false
	}
	f := c.add(diag.EdgeAddress, host.FieldAddr, "%s is the %s address of %s", p.Addr(), what, p.Masked())
	f.Label = "hosts are " + first.Next().String() + " to " + final.Prev().String()
	if c.n.spaces[l.NS].links[l.Name] == l {
		if free, ok := firstFree(c.n.segment(l), p.Masked()); ok {
			help(f, "the first free one here: %s", free)
		}
	}
	return true
}

func (c *checker) ipv6(s *space, l *link, a host.Addr) {
	if !is6(a.Prefix) {
		return
	}
	if s.no6(l) {
		f := c.add(diag.NoIPv6, host.FieldAddr, "IPv6 is switched off on %s", l.End())
		help(f, "switch it on: sysctl net.ipv6.conf.%s.disable_ipv6 = 0", l.Name)
		return
	}
	if l.MTU > 0 && l.MTU < minMTU6 && l.Kind != "" {
		f := c.add(diag.SmallMTU, host.FieldAddr, "the mtu of %s is too small for IPv6", l.End())
		f.Label = "mtu " + itoa(l.MTU) + "; IPv6 needs 1280"
		relate(f, keyLink(l.End()), "`%s` is created here", l.Name)
	}
}

// duplicate reports an address that the segment or the namespace has already.
func (c *checker) duplicate(s *space, l *link, a host.Addr) bool {
	ip := a.Prefix.Addr()
	if l.Name == "lo" {
		return false
	}
	g := c.n.segment(l)
	for _, m := range g.addrs[ip] {
		if m == l || m.NS == l.NS || g.filtered() {
			continue
		}
		f := c.add(diag.DuplicateAddress, host.FieldAddr, "%s is there twice on one segment", ip)
		f.Label = "`" + m.End().String() + "` has it already"
		relate(f, keyAddr(bears(m, ip)), "%s has it from here", m.End())
		if free, ok := firstFree(g, a.Prefix.Masked()); ok {
			help(f, "the first free one here: %s", free)
		}
		return true
	}
	for _, m := range s.owners[ip] {
		old := bears(m, ip)
		if m == l || ip.IsLinkLocalUnicast() || a.Prefix.IsSingleIP() || old.Prefix.IsSingleIP() || m.Master != l.Master {
			continue
		}
		f := c.warn(diag.AddressTwice, host.FieldAddr, "%s has the address %s twice", spaceName(s.name), ip)
		f.Label = "`" + m.Name + "` has it already"
		relate(f, keyAddr(old), "%s has it from here", m.Name)
		return true
	}
	return false
}

// filtered reports whether a bridge of the segment may keep its ports apart.
func (g *segment) filtered() bool {
	return slices.ContainsFunc(g.members, func(l *link) bool {
		return isBridge(l) && (l.Bridge == nil || on(l.Bridge.VLANFiltering))
	})
}

// bears is the address of a link with that IP.
func bears(l *link, ip netip.Addr) host.Addr {
	for _, a := range l.addrs {
		if a.Prefix.Addr() == ip {
			return a
		}
	}
	return host.Addr{}
}

// sameSubnet warns when two interfaces of a namespace lead into what both
// take for the same subnet, so that one of them is never used.
func (c *checker) sameSubnet(s *space, l *link, a host.Addr) {
	net := subnet(a)
	if net.Bits() >= net.Addr().BitLen()-1 || net.Addr().IsLinkLocalUnicast() || l.Name == "lo" || !l.Up || l.Master != "" {
		return
	}
	for _, r := range s.routes.groups[groupKey{tableMain, net}] {
		m := s.links[r.Dev]
		if r.Proto != protoKernel || m == nil || m == l || m.Master != "" || c.n.segment(m) == c.n.segment(l) {
			continue
		}
		at := slices.IndexFunc(m.addrs, func(b host.Addr) bool { return subnet(b) == net })
		if at < 0 {
			continue
		}
		f := c.warn(diag.SameSubnet, host.FieldAddr, "%s is on two interfaces of %s", net, spaceName(s.name))
		f.Label = "packets to it leave through `" + m.Name + "`"
		relate(f, keyAddr(m.addrs[at]), "%s is in it already", m.Name)
		help(f, "give each interface a subnet of its own, or join them with a bridge")
		return
	}
}

func (c *checker) ruleSet(o host.RuleSet) {
	s := c.space(o.Rule.NS, host.FieldNS)
	if s == nil {
		return
	}
	r := o.Rule
	if o.Verb == host.Del {
		if !s.opaque && !slices.ContainsFunc(s.rules, func(g host.Rule) bool { return ruleMeant(r, g) }) {
			f := c.add(diag.NoSuchRule, host.FieldNone, "no such rule%s", inSpace(s.name))
			help(f, "see what is there: show rules in %s", s.name)
		}
		return
	}
	if r.From.IsValid() && r.To.IsValid() && is6(r.From) != is6(r.To) {
		f := c.add(diag.MixedFamilies, host.FieldTo, "a rule from %s to %s", r.From, r.To)
		f.Label = "one is IPv4, the other IPv6"
	}
	if r.Action == "" && r.Table == 0 {
		r.Table = tableMain
	}
	if r.Priority != 0 && slices.Contains(s.rules, r) {
		c.add(diag.DuplicateRule, host.FieldNone, "the rule is there already%s", inSpace(s.name))
	}
}

func (c *checker) neighSet(o host.NeighSet) {
	g := o.Neigh
	s, l := c.end(g.NS, g.Dev, host.FieldDev)
	if l == nil {
		return
	}
	_, have := s.neighs[neighKey{g.Dev, g.IP, g.Proxy}]
	switch {
	case o.Verb == host.Add && have && !g.Proxy:
		f := c.add(diag.DuplicateNeighbour, host.FieldAddr, "%s is a neighbour on %s already", g.IP, l.End())
		help(f, "neigh replace %s lladdr %s dev %s", g.IP, g.MAC, g.Dev)
	case o.Verb == host.Del && !have && !s.opaque && !s.loaded:
		f := c.add(diag.NoSuchNeighbour, host.FieldAddr, "%s is no neighbour on %s", g.IP, l.End())
		var known []string
		for k := range s.neighs {
			if k.dev == g.Dev {
				known = append(known, k.ip.String())
			}
		}
		slices.Sort(known)
		if len(known) > 0 {
			help(f, "there: %s", strings.Join(known, " "))
		}
	}
	if o.Verb != host.Del && g.MAC != "" && !g.Proxy && !goodMAC(g.MAC) && !g.IP.IsMulticast() {
		c.mac(s, host.End{}, g.MAC)
	}
}

func (c *checker) sysctlSet(o host.SysctlSet) {
	s := c.space(o.NS, host.FieldNS)
	if s == nil {
		return
	}
	if dev := sysctlDevice(sysctlKey(o.Key)); dev != "" {
		c.link(s, dev, host.FieldKey)
	}
}
