package model

import (
	"cmp"
	"slices"
	"syscall"

	"vnet/runtime/host"
)

// linkMove moves a link as the kernel does: it leaves all that it carries, and
// gets it anew where it goes. Not all of that has a place there.
func (n *Net) linkMove(o host.LinkMove) error {
	s, l, err := n.needLink(o, o.NS, o.Name, host.FieldName)
	if err != nil {
		return err
	}
	t, err := n.need(o, o.To, host.FieldTo)
	if err != nil {
		return err
	}
	if !moves(l) {
		return refuse(o, syscall.EINVAL, host.FieldName, "%s in %s", o.Name, o.NS)
	}
	if s == t {
		return nil
	}
	if old := t.links[o.Name]; old != nil && !old.assumed {
		return refuse(o, syscall.EEXIST, host.FieldName, "%s in %s", o.Name, o.To)
	}
	for _, u := range sortedLinks(l.uppers) {
		if !sameMedium(u.Kind) {
			n.unlink(n.spaces[u.NS], u)
		}
	}
	carried := n.carried(s, l, t.name)
	if l.Master != "" {
		n.release(s, l)
	}
	n.strip(s, l)
	if old := t.links[o.Name]; old != nil {
		n.dropLink(t, old)
	}
	n.relocate(s, t, l, l.Name, t.index(cmp.Or(o.Index, l.Index)))
	for _, op := range carried {
		if err := n.do(op); err != nil && o.Index == 0 {
			return o.Misplaced(op, err)
		}
	}
	return nil
}

// carried lists the operations that give a link in another namespace what it
// has here: addresses, routes that lead by it alone, gateways last, and
// neighbours. A connected route comes with its address.
//
// A gateway of IPv6 that nobody reaches any more may be the last of several,
// whose route the kernel keeps whole while the others are down, and does not lay
// anew (net/ipv6/route.c: fib6_ifdown). The kernel shall say what becomes of it.
func (n *Net) carried(s *space, l *link, to string) []host.Op {
	var ops []host.Op
	for _, a := range l.addrs {
		if !a.Dynamic {
			a.NS = to
			ops = append(ops, host.AddrSet{Verb: host.Add, Addr: a})
		}
	}
	groups := s.routes.through(l.Name)
	slices.SortStableFunc(groups, func(a, b groupKey) int { return order(s.routes.groups[a]) - order(s.routes.groups[b]) })
	for _, k := range groups {
		verb := map[int]host.Verb{} // by metric: a second route is no mistake, but stands behind the first
		for _, r := range s.routes.groups[k] {
			if r.Proto == protoKernel || slices.ContainsFunc(ways(r), func(h host.Nexthop) bool { return h.Dev != l.Name }) {
				continue
			}
			if _, reached := n.onLink(s, r.Table, r.Via, r.Dev); r.Via.Is6() && !r.Via.IsLinkLocalUnicast() && !reached && !s.opaque {
				continue
			}
			metric := r.Metric
			r.NS = to
			ops = append(ops, host.RouteSet{Verb: cmp.Or(verb[metric], host.Add), Route: r})
			verb[metric] = host.Append
		}
	}
	for _, k := range sortedRefs(s.neighs, func(k neighKey) string { return k.ip.String() }) {
		if g := s.neighs[k]; k.dev == l.Name {
			g.NS = to
			ops = append(ops, host.NeighSet{Verb: host.Replace, Neigh: g})
		}
	}
	return ops
}
