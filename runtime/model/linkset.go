package model

import (
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"vnet/lang/name"
	"vnet/runtime/host"
)

func (n *Net) linkSet(o host.LinkSet) error {
	s, l, err := n.needLink(o, o.NS, o.Name, host.FieldName)
	if err != nil {
		return err
	}
	if o.Down {
		n.setDown(s, l)
	}
	if o.NewName != nil {
		if err := n.rename(o, s, l, *o.NewName); err != nil {
			return err
		}
	}
	if o.MAC != nil {
		if err := n.setMAC(o, s, l, *o.MAC); err != nil {
			return err
		}
	}
	if o.MTU != nil {
		if err := n.setMTU(o, s, l, *o.MTU); err != nil {
			return err
		}
	}
	if o.Master != nil {
		if err := n.setMaster(o, s, l, *o.Master); err != nil {
			return err
		}
	}
	if o.Alias != nil {
		n.change(l, func(l *host.Link) { l.Alias = *o.Alias })
	}
	if o.Promisc != nil {
		n.change(l, func(l *host.Link) { l.Promisc = *o.Promisc })
	}
	if o.Up {
		n.setUp(s, l)
	}
	if o.Bridge != nil {
		return n.setBridge(o, l)
	}
	return nil
}

func (n *Net) setBridge(o host.LinkSet, l *link) error {
	if !isBridge(l) && !l.assumed {
		return refuse(o, syscall.EOPNOTSUPP, host.FieldName, "%s in %s is no bridge", l.Name, l.NS)
	}
	n.change(l, func(l *host.Link) { l.Bridge = mergeBridge(l.Bridge, o.Bridge) })
	l.leaveSegment()
	return nil
}

// setDown takes a link down: its routes go, its IPv6 addresses and its
// neighbours.
func (n *Net) setDown(s *space, l *link) {
	if !l.Up {
		return
	}
	n.change(l, func(l *host.Link) { l.Up = false })
	n.dropRoutes(s, l.Name, nil)
	n.dropNeighs(s, l.Name, nil)
	n.drop6(s, l)
}

// drop6 removes the IPv6 addresses of a link with what depends on them.
func (n *Net) drop6(s *space, l *link) {
	for i := len(l.addrs) - 1; i >= 0; i-- {
		if a := l.addrs[i]; is6(a.Prefix) {
			n.removeAddr(l, i)
			n.unprefer(s, a)
		}
	}
}

func (n *Net) setUp(s *space, l *link) {
	if l.Up {
		return
	}
	n.change(l, func(l *host.Link) { l.Up = true })
	loop := netip.PrefixFrom(netip.IPv6Loopback(), 128)
	if l.Name == "lo" && !slices.ContainsFunc(l.addrs, func(a host.Addr) bool { return a.Prefix == loop }) {
		n.insertAddr(l, len(l.addrs), host.Addr{NS: s.name, Link: "lo", Prefix: loop, Scope: "host"})
	}
	for i := range l.addrs {
		n.connect(s, l, i)
	}
}

func (n *Net) setMAC(o host.LinkSet, s *space, l *link, mac string) error {
	if strings.EqualFold(l.MAC, mac) {
		return nil
	}
	if l.Name != "lo" && mac != "" && !goodMAC(mac) {
		return refuse(o, syscall.EADDRNOTAVAIL, host.FieldMAC, "mac %s for %s in %s", mac, l.Name, s.name)
	}
	n.change(l, func(l *host.Link) { l.MAC = mac })
	n.dropNeighs(s, l.Name, func(ip netip.Addr) bool { return !ip.Is6() })
	l.leaveSegment()
	return nil
}

func (n *Net) setMTU(o host.LinkSet, s *space, l *link, mtu int) error {
	if low, high := n.limits(l); mtu < low || mtu > high {
		return refuse(o, syscall.EINVAL, host.FieldMTU, "mtu %d for %s in %s", mtu, l.Name, s.name)
	}
	n.change(l, func(l *host.Link) { l.MTU = mtu })
	if mtu < minMTU6 {
		n.drop6(s, l)
		n.dropRoutes(s, l.Name, func(r host.Route) bool { return !is6(r.Dest) })
		n.dropNeighs(s, l.Name, netip.Addr.Is6)
	}
	for _, u := range sortedLinks(l.uppers) {
		if sameMedium(u.Kind) && u.MTU > mtu {
			n.change(u, func(l *host.Link) { l.MTU = mtu })
		}
	}
	return nil
}

func (n *Net) limits(l *link) (low, high int) {
	if l.assumed {
		return 0, 1<<31 - 1
	}
	low, high = mtuLimits(l.Kind, l.lower)
	if l.Kind == "" && l.MaxMTU > 0 {
		low, high = l.MinMTU, l.MaxMTU
	}
	return low, high
}

func (n *Net) setMaster(o host.LinkSet, s *space, l *link, master string) error {
	if master == l.Master {
		return nil
	}
	if l.Master != "" {
		n.release(s, l)
	}
	if master == "" {
		return nil
	}
	return n.enslave(o, s, l, master)
}

// enslave makes a link a port of a bridge.
func (n *Net) enslave(op host.Op, s *space, l *link, master string) error {
	b := n.link(s, master)
	if b == nil {
		return refuse(op, syscall.ENODEV, host.FieldMaster, "%s in %s", master, s.name)
	}
	switch {
	case b.assumed:
	case b.Kind == "vrf":
	case host.Aggregates(b.Kind) && l.Up:
		return refuse(op, syscall.EPERM, host.FieldMaster, "%s in %s is up", l.Name, s.name)
	case host.Aggregates(b.Kind):
	case !isBridge(b):
		return refuse(op, syscall.EOPNOTSUPP, host.FieldMaster, "%s in %s is no bridge", master, s.name)
	case isBridge(l):
		return refuse(op, syscall.ELOOP, host.FieldMaster, "bridge %s in %s", l.Name, s.name)
	case !canBePort(l):
		return refuse(op, syscall.EINVAL, host.FieldMaster, "%s in %s", l.Name, s.name)
	case l.carriesMacvlan():
		return refuse(op, syscall.EBUSY, host.FieldMaster, "%s in %s", l.Name, s.name)
	}
	n.change(l, func(l *host.Link) { l.Master = master })
	n.putPort(b, l)
	if host.Aggregates(b.Kind) {
		n.setUp(s, l)
	}
	return nil
}

func (l *link) carriesMacvlan() bool {
	for u := range l.uppers {
		if sameMedium(u.Kind) {
			return true
		}
	}
	return false
}

// release takes a port out of its bridge.
func (n *Net) release(s *space, l *link) {
	if b := s.links[l.Master]; b != nil {
		n.dropPort(b, l)
		if host.Aggregates(b.Kind) {
			n.setDown(s, l)
		}
	}
	n.change(l, func(l *host.Link) { l.Master = "" })
}

func (n *Net) rename(o host.LinkSet, s *space, l *link, to string) error {
	if to == l.Name {
		return nil
	}
	if name.Link(to) != nil {
		return refuse(o, syscall.EINVAL, host.FieldValue, "name %s", to)
	}
	if old := s.links[to]; old != nil && !old.assumed {
		return refuse(o, syscall.EEXIST, host.FieldValue, "%s in %s", to, s.name)
	}
	if old := s.links[to]; old != nil {
		n.dropLink(s, old)
	}
	from := l.Name
	routes := n.takeRoutes(s, from)
	neighs := n.takeNeighs(s, from)
	addrs := slices.Clone(l.addrs)
	for i := len(l.addrs) - 1; i >= 0; i-- {
		n.removeAddr(l, i)
	}
	n.relocate(s, s, l, to, l.Index)
	for i, a := range addrs {
		a.Link = to
		n.insertAddr(l, i, a)
	}
	n.giveRoutes(s, routes, from, to)
	n.giveNeighs(s, neighs, to)
	n.renameSysctls(s, from, to)
	return nil
}

// relocate gives a link that carries nothing another name, or another
// namespace, and tells those that refer to it: its other end, its ports and
// what is stacked on it.
func (n *Net) relocate(s, t *space, l *link, to string, index int) {
	from := l.End()
	n.dropLink(s, l)
	n.change(l, func(l *host.Link) { l.NS, l.Name, l.Index = t.name, to, index })
	n.setNext(t, max(t.next, index+1))
	n.putLink(t, l)
	if l.lower != nil {
		n.change(l, func(o *host.Link) { o.Parent = parentName(l.lower, t.name) })
	}
	for _, u := range sortedLinks(l.uppers) {
		n.change(u, func(o *host.Link) { o.Parent = parentName(l, u.NS) })
	}
	for _, p := range sortedLinks(l.ports) {
		n.change(p, func(p *host.Link) { p.Master = to })
	}
	n.tellPeer(l, from)
}

// parentName is how a namespace calls what a link is stacked on: not at all
// when that is elsewhere.
func parentName(lower *link, ns string) string {
	if lower.NS != ns {
		return ""
	}
	return lower.Name
}

func (n *Net) tellPeer(l *link, from host.End) {
	if l.Peer == nil {
		return
	}
	far := *l.Peer
	if far.NS == from.NS && far.Name == from.Name {
		return
	}
	if p := n.at(far); p != nil && p.Peer != nil && *p.Peer == from {
		end := l.End()
		n.change(p, func(p *host.Link) { p.Peer = &end })
	}
}

func (n *Net) renameSysctls(s *space, from, to string) {
	for key, v := range s.sysctls {
		if sysctlDevice(key) == from {
			parts := strings.Split(key, ".")
			parts[3] = to
			n.setSysctl(s, key, nil)
			n.setSysctl(s, strings.Join(parts, "."), &v)
		}
	}
}

// takeRoutes removes the routes through a link and returns them.
func (n *Net) takeRoutes(s *space, dev string) []host.Route {
	var out []host.Route
	for _, k := range s.routes.through(dev) {
		group := s.routes.groups[k]
		for _, r := range group {
			if leads(r, dev) {
				out = append(out, r)
			}
		}
		n.setGroup(s, k, slices.DeleteFunc(slices.Clone(group), func(r host.Route) bool { return leads(r, dev) }))
	}
	return out
}

// giveRoutes puts routes back under the new name of their link.
func (n *Net) giveRoutes(s *space, routes []host.Route, from, to string) {
	for _, r := range routes {
		if r.Dev == from {
			r.Dev = to
		}
		r.Nexthop = slices.Clone(r.Nexthop)
		for i := range r.Nexthop {
			if r.Nexthop[i].Dev == from {
				r.Nexthop[i].Dev = to
			}
		}
		k := keyOf(r)
		n.setGroup(s, k, insert(s.routes.groups[k], r))
	}
}
