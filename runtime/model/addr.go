package model

import (
	"cmp"
	"net/netip"
	"slices"
	"syscall"

	"vnet/runtime/host"
)

func (n *Net) addrSet(o host.AddrSet) error {
	a := o.Addr
	s, l, err := n.needLink(o, a.NS, a.Link, host.FieldName)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(l.addrs, func(b host.Addr) bool { return sameAddr(a, b) })
	switch o.Verb {
	case host.Del:
		if at < 0 && s.opaque {
			return nil
		}
		if at < 0 {
			return refuse(o, syscall.EADDRNOTAVAIL, host.FieldAddr, "%s on %s in %s", a.Prefix, a.Link, a.NS)
		}
		n.addrDel(s, l, at)
		return nil
	case host.Replace, host.Change:
		if at >= 0 {
			return nil
		}
	}
	if at >= 0 {
		return refuse(o, syscall.EEXIST, host.FieldAddr, "%s on %s in %s", a.Prefix, a.Link, a.NS)
	}
	if err := n.addrRefusal(o, s, l); err != nil {
		return err
	}
	n.addrAdd(s, l, a)
	return nil
}

// sameAddr reports whether the kernel takes two addresses of a link for one:
// in IPv4 the prefix and peer count as well.
func sameAddr(a, b host.Addr) bool {
	if a.Prefix.Addr() != b.Prefix.Addr() {
		return false
	}
	return a.Prefix.Addr().Is6() || a.Prefix.Bits() == b.Prefix.Bits() && a.Peer == b.Peer
}

func (n *Net) addrRefusal(o host.AddrSet, s *space, l *link) error {
	a := o.Addr.Prefix.Addr()
	if !a.Is6() {
		return nil
	}
	switch {
	case a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() && l.Name != "lo":
		return refuse(o, syscall.EADDRNOTAVAIL, host.FieldAddr, "%s", a)
	case s.no6(l):
		return refuse(o, syscall.EACCES, host.FieldAddr, "IPv6 is switched off on %s in %s", l.Name, s.name)
	case l.MTU > 0 && l.MTU < minMTU6:
		return refuse(o, syscall.EINVAL, host.FieldAddr, "%s on %s in %s", o.Addr.Prefix, l.Name, s.name)
	}
	return nil
}

// no6 reports whether a sysctl has switched IPv6 off on a link.
func (s *space) no6(l *link) bool {
	if v, ok := s.sysctls["net.ipv6.conf."+l.Name+".disable_ipv6"]; ok {
		return v == "1"
	}
	return s.sysctls["net.ipv6.conf.all.disable_ipv6"] == "1"
}

func (n *Net) addrAdd(s *space, l *link, a host.Addr) {
	n.insertAddr(l, len(l.addrs), storedAddr(l, a))
	if l.Up {
		n.connect(s, l, len(l.addrs)-1)
	}
}

// storedAddr fills in what the kernel chooses.
func storedAddr(l *link, a host.Addr) host.Addr {
	a.NS, a.Link = l.NS, l.Name
	ip := a.Prefix.Addr()
	def := "global"
	switch {
	case ip.IsLoopback():
		def = "host"
	case ip.Is6() && ip.IsLinkLocalUnicast():
		def = "link"
	}
	a.Scope = cmp.Or(a.Scope, def)
	if a.Peer == ip {
		a.Peer = netip.Addr{}
	}
	return a
}

// secondary reports whether an IPv4 address is in the subnet of an earlier
// one of its link.
func secondary(l *link, i int) bool {
	if l.addrs[i].Prefix.Addr().Is6() {
		return false
	}
	return slices.ContainsFunc(l.addrs[:i], func(b host.Addr) bool { return sameNet(b, l.addrs[i]) })
}

func sameNet(a, b host.Addr) bool { return subnet(a) == subnet(b) }

// subnet is the prefix that an address makes reachable on its link.
func subnet(a host.Addr) netip.Prefix {
	if a.Peer.IsValid() {
		p, _ := a.Peer.Prefix(a.Prefix.Bits())
		return p
	}
	return a.Prefix.Masked()
}

// connected is the route that comes with an address, if any does.
func connected(l *link, a host.Addr) (host.Route, bool) {
	net := subnet(a)
	r := host.Route{NS: l.NS, Dest: net, Dev: l.Name, Proto: protoKernel}
	r.Metric = a.Metric
	if a.NoPrefixRoute {
		return r, false
	}
	if is6(net) {
		r.Metric = cmp.Or(a.Metric, metric6Conn)
		return r, a.Prefix.Addr() != netip.IPv6Loopback() || l.Name != "lo"
	}
	r.Src = a.Prefix.Addr()
	if l.Name == "lo" || net.Addr().IsUnspecified() || net.IsSingleIP() && !a.Peer.IsValid() {
		return r, false
	}
	return r, true
}

// connect adds the route that comes with an address of a link that is up.
func (n *Net) connect(s *space, l *link, i int) {
	if secondary(l, i) {
		return
	}
	r, ok := connected(l, l.addrs[i])
	if !ok {
		return
	}
	k := keyOf(r)
	group := s.routes.groups[k]
	if !slices.ContainsFunc(group, func(g host.Route) bool { return sameRoute(g, r) }) {
		n.setGroup(s, k, insert(group, r))
	}
}

// addrDel removes an address with what the kernel takes along: the secondary
// addresses of its subnet, its route, and the routes that prefer it.
func (n *Net) addrDel(s *space, l *link, at int) {
	a := l.addrs[at]
	was := secondary(l, at)
	n.removeAddr(l, at)
	if !was && !s.promotes(l) {
		for i := len(l.addrs) - 1; i >= at && !is6(a.Prefix); i-- {
			if b := l.addrs[i]; sameNet(a, b) {
				n.removeAddr(l, i)
				n.unprefer(s, b)
			}
		}
	}
	if !was {
		n.disconnect(s, l, a)
	}
	n.unprefer(s, a)
	if l.Up && !was && !is6(a.Prefix) {
		if i := slices.IndexFunc(l.addrs, func(b host.Addr) bool { return sameNet(a, b) }); i >= 0 {
			n.connect(s, l, i)
		}
	}
	if !is6(a.Prefix) && !slices.ContainsFunc(l.addrs, func(b host.Addr) bool { return !is6(b.Prefix) }) {
		n.silence(s, l)
	}
}

func (s *space) promotes(l *link) bool {
	return s.sysctls["net.ipv4.conf.all.promote_secondaries"] == "1" ||
		s.sysctls["net.ipv4.conf."+l.Name+".promote_secondaries"] == "1"
}

// silence takes IPv4 off a link that lost its last address of it.
func (n *Net) silence(s *space, l *link) {
	n.dropRoutes(s, l.Name, func(r host.Route) bool { return is6(r.Dest) })
	n.dropNeighs(s, l.Name, func(ip netip.Addr) bool { return !ip.Is6() })
}

// disconnect removes the route that came with an address, unless another
// address of the link still needs it.
func (n *Net) disconnect(s *space, l *link, a host.Addr) {
	r, ok := connected(l, a)
	if !ok {
		return
	}
	if is6(r.Dest) && slices.ContainsFunc(l.addrs, func(b host.Addr) bool { return sameNet(a, b) }) {
		return
	}
	k := keyOf(r)
	group := s.routes.groups[k]
	at := slices.IndexFunc(group, func(g host.Route) bool {
		return g.Proto == protoKernel && g.Dev == r.Dev && g.Src == r.Src && g.Type == ""
	})
	if at >= 0 {
		n.setGroup(s, k, slices.Delete(slices.Clone(group), at, at+1))
	}
}

// unprefer removes the routes that prefer an address nobody bears any more.
func (n *Net) unprefer(s *space, a host.Addr) {
	ip := a.Prefix.Addr()
	if s.hasAddr(ip) {
		return
	}
	for _, k := range s.routes.prefer(ip) {
		left := slices.DeleteFunc(slices.Clone(s.routes.groups[k]), func(r host.Route) bool { return r.Src == ip && !is6(r.Dest) })
		for i := range left {
			if left[i].Src == ip {
				left[i].Src = netip.Addr{}
			}
		}
		n.setGroup(s, k, left)
	}
}
