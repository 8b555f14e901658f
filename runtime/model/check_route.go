package model

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"vnet/lang/diag"
	"vnet/runtime/host"
)

func (c *checker) routeSet(o host.RouteSet) {
	r := o.Route
	s := c.space(r.NS, host.FieldNS)
	if s == nil || !r.Dest.IsValid() {
		return
	}
	if r.Dest != r.Dest.Masked() {
		c.hostBits(r)
		return
	}
	before := len(c.found)
	c.devices(s, r)
	if len(c.found) > before || c.families(r) {
		return
	}
	if o.Verb == host.Del {
		if !s.opaque && !c.has(s, r) {
			c.noRoute(s, o)
		}
		return
	}
	c.source(s, r)
	c.gateways(s, o)
	if len(c.found) == before {
		c.presence(s, o)
	}
}

func (c *checker) hostBits(r host.Route) {
	f := c.add(diag.HostBits, host.FieldDest, "%s is not the beginning of a /%d subnet", r.Dest.Addr(), r.Dest.Bits())
	f.Label = "bits behind the prefix are set"
	help(f, "the subnet it is in: %s", r.Dest.Masked())
	help(f, "that one address: %s", netip.PrefixFrom(r.Dest.Addr(), r.Dest.Addr().BitLen()))
}

func (c *checker) devices(s *space, r host.Route) {
	for _, h := range ways(r) {
		if h.Dev != "" {
			c.link(s, h.Dev, host.FieldDev)
		}
	}
}

// families reports a mixture of IPv4 and IPv6.
func (c *checker) families(r host.Route) bool {
	for i, h := range ways(r) {
		if h.Via.IsValid() && h.Via.Is6() != is6(r.Dest) {
			f := c.add(diag.MixedFamilies, host.FieldVia, "the gateway %s cannot lead to %s", h.Via, host.Dest(r.Dest))
			f.Label, f.Index = "one is IPv4, the other IPv6", i
			return true
		}
	}
	if r.Src.IsValid() && r.Src.Is6() != is6(r.Dest) {
		f := c.add(diag.MixedFamilies, host.FieldSrc, "packets to %s cannot come from %s", host.Dest(r.Dest), r.Src)
		f.Label = "one is IPv4, the other IPv6"
		return true
	}
	return false
}

func (c *checker) source(s *space, r host.Route) {
	if !r.Src.IsValid() || s.opaque || s.local(r.Src) {
		return
	}
	f := c.add(diag.ForeignSource, host.FieldSrc, "%s is no address of %s", r.Src, spaceName(s.name))
	if have := s.addresses(is6(r.Dest)); len(have) > 0 {
		help(f, "there: %s", list(have))
	}
	if end, ok := c.n.owner(r.Src); ok {
		relate(f, keyAddr(bears(c.n.at(end), r.Src)), "%s has it", end)
	}
}

// addresses lists the addresses of a family, those of lo not among them.
func (s *space) addresses(v6 bool) []string {
	var out []string
	for _, l := range s.ordered() {
		for _, a := range l.addrs {
			if l.Name != "lo" && is6(a.Prefix) == v6 && !a.Prefix.Addr().IsLinkLocalUnicast() {
				out = append(out, a.Prefix.Addr().String())
			}
		}
	}
	return out
}

// gateways asks the same questions as the kernel will, and puts the answers
// into words.
func (c *checker) gateways(s *space, o host.RouteSet) {
	r := o.Route
	if s.opaque || r.Type != "" {
		return
	}
	for i, h := range ways(r) {
		if h.Via.IsValid() && s.hasAddr(h.Via) {
			c.own(s, h.Via, i)
			continue
		}
		one := r
		one.Src, one.Nexthop = netip.Addr{}, nil
		_, err := c.n.resolveWay(o, s, one, h)
		var e *host.Error
		if !errors.As(err, &e) {
			continue
		}
		before := len(c.found)
		c.noWay(s, r, h, e.Errno)
		if len(c.found) > before {
			c.found[before].Index = i
		}
	}
}

func (c *checker) noWay(s *space, r host.Route, h host.Nexthop, errno syscall.Errno) {
	dev := s.links[h.Dev]
	switch {
	case errno == syscall.ENETDOWN, dev != nil && !dev.Up:
		f := c.add(diag.DeviceDown, host.FieldDev, "`%s`%s is down", h.Dev, inSpace(s.name))
		help(f, "link set %s:%s up", s.name, h.Dev)
	case !h.Via.IsValid():
		f := c.add(diag.NoDevice, host.FieldDest, "the route to %s leads nowhere", host.Dest(r.Dest))
		help(f, "say through what: via a gateway, or dev an interface")
	case errno == syscall.ENODEV || h.Via.IsLinkLocalUnicast():
		f := c.add(diag.NoDevice, host.FieldVia, "the gateway %s needs dev", h.Via)
		f.Label = "its address does not say on which interface it is"
	case errno == syscall.ENETUNREACH || errno == syscall.EHOSTUNREACH:
		c.unreachable(s, h)
	case s.broadcast(h.Via):
		f := c.add(diag.GatewayUnreachable, host.FieldVia, "the gateway %s is a broadcast address", h.Via)
		f.Label = "no host has it"
	}
}

func (c *checker) own(s *space, via netip.Addr, i int) {
	f := c.add(diag.OwnGateway, host.FieldVia, "the gateway %s is %s itself", via, spaceName(s.name))
	l := s.bearer(via)
	f.Label, f.Index = "the address of `"+l.Name+"`", i
	relate(f, keyAddr(bears(l, via)), "given here")
	help(f, "the gateway is the address of the next router on the link")
}

// unreachable says why nothing leads to a gateway: its interface is down, it
// is on another one, or on none of the subnets.
func (c *checker) unreachable(s *space, h host.Nexthop) {
	nets := s.subnets(h.Via.Is6(), h.Dev)
	for _, n := range nets {
		if !n.l.Up && n.net.Contains(h.Via) {
			f := c.add(diag.DeviceDown, host.FieldVia, "`%s`, which leads to %s, is down", n.l.End(), h.Via)
			help(f, "link set %s up", n.l.End())
			return
		}
	}
	where := "none of the subnets of " + spaceName(s.name)
	if h.Dev != "" {
		where = "no subnet of " + s.name + ":" + h.Dev
	}
	f := c.add(diag.GatewayUnreachable, host.FieldVia, "the gateway %s is on %s", h.Via, where)
	var words []string
	for _, n := range nets {
		words = append(words, n.net.String()+" on "+n.l.Name)
	}
	switch {
	case len(words) > 0:
		f.Label = "connected: " + strings.Join(words[:min(len(words), 4)], ", ")
		if len(words) > 4 {
			f.Label += " …"
		}
	case h.Dev != "":
		f.Label = "`" + h.Dev + "` has no address of that family"
	default:
		f.Label = "it has no subnet of that family"
	}
	c.helpGateway(f, s, h, nets)
}

// helpGateway proposes a neighbour that could be meant, or how to go on.
func (c *checker) helpGateway(f *host.Finding, s *space, h host.Nexthop, nets []connectedNet) {
	if end, ok := c.n.owner(h.Via); ok && c.n.at(end) != nil {
		relate(f, keyAddr(bears(c.n.at(end), h.Via)), "%s has it", end)
	}
	var near []string
	for _, n := range nets {
		for _, m := range c.n.segment(n.l).members {
			for _, a := range m.addrs {
				if ip := a.Prefix.Addr(); m.NS != s.name && n.net.Contains(ip) && len(near) < 4 {
					near = append(near, ip.String()+" ("+m.NS+")")
				}
			}
			if len(near) >= 4 {
				break
			}
		}
	}
	if len(near) > 0 {
		help(f, "neighbours: %s", strings.Join(near, ", "))
	}
	if h.Dev != "" {
		help(f, "if it is on that link all the same: add onlink")
	}
}

type connectedNet struct {
	net netip.Prefix
	l   *link
}

// subnets lists what a namespace is connected to, through one interface or
// all.
func (s *space) subnets(v6 bool, dev string) []connectedNet {
	var out []connectedNet
	for _, l := range s.ordered() {
		if l.Name == "lo" || dev != "" && l.Name != dev {
			continue
		}
		for _, a := range l.addrs {
			net := subnet(a)
			if is6(net) == v6 && !net.Addr().IsLinkLocalUnicast() && !slices.Contains(out, connectedNet{net, l}) {
				out = append(out, connectedNet{net, l})
			}
		}
	}
	return out
}

func (c *checker) has(s *space, r host.Route) bool {
	return slices.ContainsFunc(s.routes.groups[keyOf(r)], func(g host.Route) bool { return meant(r, g) })
}

// presence checks that a route to be added is not there, and that one to be
// changed is.
func (c *checker) presence(s *space, o host.RouteSet) {
	r := canonical(o.Route)
	at := slices.IndexFunc(s.routes.groups[keyOf(r)], func(g host.Route) bool { return g.Metric == r.Metric })
	switch {
	case o.Verb == host.Add && at >= 0:
		c.routeTwice(s, o, s.routes.groups[keyOf(r)][at])
	case o.Verb == host.Change && at < 0 && !s.opaque:
		c.noRoute(s, o)
	}
}

func (c *checker) routeTwice(s *space, o host.RouteSet, old host.Route) {
	f := c.add(diag.DuplicateRoute, host.FieldDest, "%s has a route to %s already", spaceName(s.name), host.Dest(o.Route.Dest))
	h := ways(old)[0]
	switch {
	case old.Proto == protoKernel:
		f.Label = "it comes with the address of `" + old.Dev + "`"
		if l := s.links[old.Dev]; l != nil {
			for _, a := range l.addrs {
				if subnet(a) == old.Dest {
					relate(f, keyAddr(a), "with this address")
					break
				}
			}
		}
	case h.Via.IsValid():
		f.Label = "via " + h.Via.String() + " dev " + h.Dev
	case h.Dev != "":
		f.Label = "dev " + h.Dev
	}
	other := o
	other.Verb = host.Replace
	help(f, "put it in its place: %s", line(s, other))
	if o.Route.Metric == 0 {
		help(f, "keep both: give this one a metric")
	}
}

func (c *checker) noRoute(s *space, o host.RouteSet) {
	f := c.add(diag.NoSuchRoute, host.FieldDest, "%s has no such route to %s", spaceName(s.name), host.Dest(o.Route.Dest))
	var have []string
	for _, r := range s.routes.groups[keyOf(o.Route)] {
		have = append(have, r.String())
	}
	if len(have) > 0 {
		help(f, "there: %s", strings.Join(have, "; "))
	}
	if o.Verb == host.Change {
		other := o
		other.Verb = host.Add
		help(f, "make it: %s", line(s, other))
	}
}

// line is a route statement as the script would write it.
func line(s *space, o host.RouteSet) string {
	text := "route " + string(o.Verb) + " " + o.Route.String()
	if s.name == host.Start {
		return text
	}
	return "in " + s.name + " " + text
}
