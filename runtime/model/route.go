package model

import (
	"net/netip"
	"slices"
	"syscall"

	"vnet/runtime/host"
)

func (n *Net) routeSet(o host.RouteSet) error {
	s, err := n.need(o, o.Route.NS, host.FieldNS)
	if err != nil {
		return err
	}
	if !o.Route.Dest.IsValid() || !is6(o.Route.Dest) && o.Route.Dest != o.Route.Dest.Masked() {
		return refuse(o, syscall.EINVAL, host.FieldDest, "route to %s", host.Dest(o.Route.Dest))
	}
	r := o.Route
	r.Dest = r.Dest.Masked()
	if o.Verb == host.Del {
		return n.routeDel(o, s, r)
	}
	if r, err = n.resolve(o, s, r); err != nil {
		return err
	}
	return n.routePut(o, s, canonical(r))
}

// routePut adds, changes, replaces or appends a route that is complete.
func (n *Net) routePut(o host.RouteSet, s *space, r host.Route) error {
	k := keyOf(r)
	group := s.routes.groups[k]
	at := slices.IndexFunc(group, func(g host.Route) bool { return g.Metric == r.Metric })
	exists := refuse(o, syscall.EEXIST, host.FieldDest, "route to %s in %s", host.Dest(r.Dest), r.NS)
	switch {
	case o.Verb == host.Add && at >= 0:
		return exists
	case o.Verb == host.Change && at < 0:
		if s.opaque {
			return nil
		}
		return refuse(o, syscall.ENOENT, host.FieldDest, "route to %s in %s", host.Dest(r.Dest), r.NS)
	case (o.Verb == host.Change || o.Verb == host.Replace) && at >= 0:
		group = slices.Clone(group)
		group[at] = r
		n.setGroup(s, k, group)
		return nil
	case slices.ContainsFunc(group, func(g host.Route) bool { return sameRoute(g, r) }):
		return exists
	case o.Verb == host.Append && at >= 0 && is6(r.Dest) && merges(group[at]) && merges(r):
		group = slices.Clone(group)
		group[at] = merged(group[at], r)
		n.setGroup(s, k, group)
		return nil
	}
	n.setGroup(s, k, insert(group, r))
	return nil
}

// merges reports whether IPv6 would join a route with another of the same
// metric to one of several ways.
func merges(r host.Route) bool {
	return r.Type == "" && (r.Via.IsValid() || len(r.Nexthop) > 0)
}

func merged(a, b host.Route) host.Route {
	hops := slices.Concat(ways(a), ways(b))
	a.Via, a.Dev, a.OnLink = netip.Addr{}, "", false
	a.Nexthop = hops
	return canonical(a)
}

func (n *Net) routeDel(o host.RouteSet, s *space, r host.Route) error {
	k := keyOf(r)
	group := s.routes.groups[k]
	at := slices.IndexFunc(group, func(g host.Route) bool { return meant(r, g) })
	if at < 0 {
		if s.opaque {
			return nil
		}
		return refuse(o, syscall.ESRCH, host.FieldDest, "route to %s in %s", host.Dest(r.Dest), r.NS)
	}
	n.setGroup(s, k, slices.Delete(slices.Clone(group), at, at+1))
	return nil
}

// meant reports whether r, of which only some parts may be given, names g.
func meant(r, g host.Route) bool {
	switch {
	case r.Type != "" && r.Type != g.Type,
		r.Metric != 0 && r.Metric != g.Metric,
		r.Proto != 0 && r.Proto != g.Proto,
		r.Src.IsValid() && r.Src != g.Src:
		return false
	case len(r.Nexthop) > 1:
		return slices.EqualFunc(ways(canonical(r)), ways(g), func(a, b host.Nexthop) bool {
			return a.Via == b.Via && (a.Dev == "" || a.Dev == b.Dev)
		})
	}
	return slices.ContainsFunc(ways(g), func(h host.Nexthop) bool {
		return (!r.Via.IsValid() || r.Via == h.Via) && (r.Dev == "" || r.Dev == h.Dev)
	})
}

// resolve does what the kernel does with a new route: it finds the links of
// its gateways, and refuses what leads nowhere.
func (n *Net) resolve(o host.RouteSet, s *space, r host.Route) (host.Route, error) {
	if r.Type != "" {
		return r, nil
	}
	if r.Src.IsValid() && !s.hasAddr(r.Src) && !s.opaque {
		return r, refuse(o, syscall.EINVAL, host.FieldSrc, "source %s in %s", r.Src, r.NS)
	}
	if len(r.Nexthop) == 0 {
		h, err := n.resolveWay(o, s, r, host.Nexthop{Via: r.Via, Dev: r.Dev, OnLink: r.OnLink})
		r.Dev = h.Dev
		return r, err
	}
	hops := slices.Clone(r.Nexthop)
	for i, h := range hops {
		var err error
		if hops[i], err = n.resolveWay(o, s, r, h); err != nil {
			return r, err
		}
	}
	r.Nexthop = hops
	return r, nil
}

func (n *Net) resolveWay(o host.RouteSet, s *space, r host.Route, h host.Nexthop) (host.Nexthop, error) {
	var dev *link
	if h.Dev != "" {
		if dev = n.link(s, h.Dev); dev == nil {
			return h, refuse(o, syscall.ENODEV, host.FieldDev, "%s in %s", h.Dev, s.name)
		}
	}
	switch {
	case !h.Via.IsValid() && dev == nil:
		return h, refuse(o, syscall.ENODEV, host.FieldDest, "route to %s in %s without a device", host.Dest(r.Dest), s.name)
	case !h.Via.IsValid() || h.OnLink && dev != nil:
		if !dev.Up {
			return h, refuse(o, syscall.ENETDOWN, host.FieldDev, "%s in %s", h.Dev, s.name)
		}
		return h, nil
	case h.OnLink:
		return h, refuse(o, syscall.ENODEV, host.FieldVia, "gateway %s without a device", h.Via)
	case r.Scope == "link" || r.Scope == "host":
		return h, refuse(o, syscall.EINVAL, host.FieldVia, "gateway %s", h.Via)
	case h.Via.Is6():
		return n.resolve6(o, s, r, h, dev)
	}
	return n.resolve4(o, s, r, h, dev)
}

func (n *Net) resolve4(o host.RouteSet, s *space, r host.Route, h host.Nexthop, dev *link) (host.Nexthop, error) {
	if s.broadcast(h.Via) {
		return h, refuse(o, syscall.EINVAL, host.FieldVia, "gateway %s", h.Via)
	}
	if l := s.bearer(h.Via); l != nil && (dev == nil || dev == l) {
		h.Dev = l.Name
		return h, nil
	}
	if way, ok := n.onLink(s, r.Table, h.Via, h.Dev); ok {
		h.Dev = way
		return h, nil
	}
	if s.opaque {
		return h, nil
	}
	return h, refuse(o, syscall.ENETUNREACH, host.FieldVia, "gateway %s in %s", h.Via, s.name)
}

func (n *Net) resolve6(o host.RouteSet, s *space, r host.Route, h host.Nexthop, dev *link) (host.Nexthop, error) {
	bad := refuse(o, syscall.EINVAL, host.FieldVia, "gateway %s", h.Via)
	switch {
	case h.Via.IsLinkLocalUnicast() && dev == nil && !s.opaque:
		return h, bad
	case s.hasAddr(h.Via):
		return h, bad
	case dev != nil && !dev.Up:
		return h, refuse(o, syscall.ENETDOWN, host.FieldDev, "%s in %s", h.Dev, s.name)
	case h.Via.IsLinkLocalUnicast():
		return h, nil
	}
	if way, ok := n.onLink(s, r.Table, h.Via, h.Dev); ok {
		h.Dev = way
		return h, nil
	}
	if s.opaque {
		return h, nil
	}
	return h, refuse(o, syscall.EHOSTUNREACH, host.FieldVia, "gateway %s in %s", h.Via, s.name)
}

// bearer finds the link that bears an address.
func (s *space) bearer(a netip.Addr) *link {
	if ls := s.owners[a]; len(ls) > 0 {
		return ls[0]
	}
	return nil
}

// broadcast reports whether an address is the last of a connected subnet.
func (s *space) broadcast(a netip.Addr) bool {
	found := false
	s.routes.match(tableMain, a, func(group []host.Route) bool {
		for _, r := range group {
			if r.Proto == protoKernel && r.Dest.Bits() < 31 && last(r.Dest) == a {
				found = true
			}
		}
		return false
	})
	return found
}

// last returns the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// onLink finds the link on which an address is a neighbour: the best route to
// it leads there without a gateway.
func (n *Net) onLink(s *space, table int, a netip.Addr, dev string) (string, bool) {
	for _, t := range tables(table) {
		way, reached, ok := "", false, false
		s.routes.match(t, a, func(group []host.Route) bool {
			for _, r := range group {
				if dev != "" && !leads(r, dev) {
					continue
				}
				reached = true
				if h := ways(r)[0]; r.Type == "" && !h.Via.IsValid() && h.Dev != "" {
					way, ok = h.Dev, true
				}
				return true
			}
			return false
		})
		if reached {
			return way, ok
		}
	}
	return "", false
}

func tables(first int) []int {
	if first == 0 || first == tableMain {
		return []int{tableMain}
	}
	return []int{first, tableMain}
}

func leads(r host.Route, dev string) bool {
	return slices.ContainsFunc(ways(r), func(h host.Nexthop) bool { return h.Dev == dev })
}

// dropRoutes removes every route through a link but those to keep. Of a route
// of several ways only this one goes, for IPv6; for IPv4 the route stays whole
// as long as one way is left.
func (n *Net) dropRoutes(s *space, dev string, keep func(host.Route) bool) {
	for _, k := range s.routes.through(dev) {
		var left []host.Route
		for _, r := range s.routes.groups[k] {
			if !leads(r, dev) || keep != nil && keep(r) {
				left = append(left, r)
				continue
			}
			if rest, ok := n.withoutWay(s, r, dev); ok {
				left = append(left, rest)
			}
		}
		n.setGroup(s, k, left)
	}
}

// withoutWay returns what is left of a route when a link no longer carries it.
func (n *Net) withoutWay(s *space, r host.Route, dev string) (host.Route, bool) {
	if len(r.Nexthop) == 0 {
		return r, false
	}
	hops := slices.DeleteFunc(slices.Clone(r.Nexthop), func(h host.Nexthop) bool { return h.Dev == dev })
	if len(hops) == 0 {
		return r, false
	}
	if is6(r.Dest) {
		r.Nexthop = hops
		return canonical(r), true
	}
	alive := slices.ContainsFunc(hops, func(h host.Nexthop) bool {
		l := s.links[h.Dev]
		return l != nil && l.Up
	})
	return r, alive
}
