package kernel

import (
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// routes lists the routes of all tables but local.
func (sp *space) routes(names func(int) string) ([]host.Route, error) {
	var out []host.Route
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		list, err := sp.rawRoutes(family)
		if err != nil {
			return nil, err
		}
		for _, b := range list {
			if r, ok := parseRoute(sp.name, b, names); ok {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

func leaves(r host.Route, link string) bool {
	return r.Dev == link || slices.ContainsFunc(r.Nexthop, func(n host.Nexthop) bool { return n.Dev == link })
}

func (sp *space) rawRoutes(family uint8) ([][]byte, error) {
	c, err := sp.netlink()
	if err != nil {
		return nil, err
	}
	m := newMessage(unix.RTM_GETROUTE, 0, unix.SizeofRtMsg)
	m.head()[0] = family
	list, err := c.dump(m, unix.RTM_NEWROUTE)
	if err != nil {
		return nil, fmt.Errorf("list the routes of %s: %w", sp.name, err)
	}
	return list, nil
}

// parseRoute gives a route in its shortest form: what the kernel would choose
// by itself is left out. ok is false for what is no entry of the user's: the
// local table, broadcast and multicast, and caches.
func parseRoute(ns string, b []byte, names func(int) string) (r host.Route, ok bool) {
	a := parseAttrs(b[unix.SizeofRtMsg:])
	table := int(b[4])
	if a.has(unix.RTA_TABLE) {
		table = int(a.u32(unix.RTA_TABLE))
	}
	flags := native.Uint32(b[8:])
	if table == unix.RT_TABLE_LOCAL || flags&unix.RTM_F_CLONED != 0 {
		return r, false
	}
	switch b[7] {
	case unix.RTN_LOCAL, unix.RTN_BROADCAST, unix.RTN_ANYCAST, unix.RTN_MULTICAST:
		return r, false
	}
	return routeOf(ns, b, a, table, names), true
}

func routeOf(ns string, b []byte, a attrs, table int, names func(int) string) host.Route {
	four := b[0] == unix.AF_INET
	r := host.Route{
		NS: ns, Dest: destOf(a, b[0], int(b[1])),
		Src:    firstAddr(a, unix.RTA_PREFSRC),
		Metric: int(a.u32(unix.RTA_PRIORITY)),
		Proto:  int(b[5]),
	}
	if table != unix.RT_TABLE_MAIN {
		r.Table = table
	}
	for name, kind := range routeTypes {
		if kind == b[7] && kind != unix.RTN_UNICAST {
			r.Type = name
		}
	}
	if r.Type == "" {
		r.Via = viaOf(a)
		r.OnLink = native.Uint32(b[8:])&unix.RTNH_F_ONLINK != 0
		if index := int(a.u32(unix.RTA_OIF)); index != 0 {
			r.Dev = names(index)
		}
	}
	for hops := a[unix.RTA_MULTIPATH]; len(hops) >= unix.SizeofRtNexthop; {
		size := int(native.Uint16(hops))
		if size < unix.SizeofRtNexthop || size > len(hops) {
			break
		}
		r.Nexthop = append(r.Nexthop, host.Nexthop{
			Via:    viaOf(parseAttrs(hops[unix.SizeofRtNexthop:size])),
			Dev:    names(int(native.Uint32(hops[4:]))),
			Weight: int(hops[3]) + 1,
			OnLink: hops[2]&unix.RTNH_F_ONLINK != 0,
		})
		hops = hops[min(align(size), len(hops)):]
	}
	usual, _, _ := scopeAndType(host.Add, r)
	if four && b[6] != usual {
		r.Scope = scopeName(b[6])
	}
	return r
}

func destOf(a attrs, family uint8, bits int) netip.Prefix {
	dest, ok := netip.AddrFromSlice(a[unix.RTA_DST])
	switch {
	case ok:
	case family == unix.AF_INET:
		dest = netip.IPv4Unspecified()
	default:
		dest = netip.IPv6Unspecified()
	}
	return netip.PrefixFrom(dest, bits)
}

func viaOf(a attrs) netip.Addr {
	if via := a[unix.RTA_VIA]; len(via) > 2 {
		addr, _ := netip.AddrFromSlice(via[2:])
		return addr
	}
	addr, _ := netip.AddrFromSlice(a[unix.RTA_GATEWAY])
	return addr
}

// routeLike finds the route that a change or removal is about, and says
// whether it is the only one to its destination with its metric.
func (sp *space) routeLike(want host.Route, removal bool) (old *host.Route, alone bool, err error) {
	links, err := sp.allLinks()
	if err != nil {
		return nil, false, err
	}
	all, err := sp.routes(byIndex(links))
	if err != nil {
		return nil, false, err
	}
	table := want.Table
	if table == unix.RT_TABLE_MAIN {
		table = 0
	}
	metric := want.Metric
	if metric == 0 && want.Dest.Addr().Is6() && !removal {
		metric = 1024 // IP6_RT_PRIO_USER
	}
	same := 0
	for i, r := range all {
		if r.Dest != want.Dest.Masked() || r.Table != table {
			continue
		}
		if old == nil && (r.Metric == metric || removal && metric == 0) && (!removal || matches(want, r)) {
			old = &all[i]
		}
		if old != nil && r.Metric == old.Metric {
			same++
		}
	}
	return old, same <= 1, nil
}

// matches says whether a removal that names only some of a route's parts means
// this route (fib_table_delete, ip6_route_del).
func matches(want, r host.Route) bool {
	return (want.Type == "" || want.Type == r.Type || want.Type == "unicast" && r.Type == "") &&
		(!want.Via.IsValid() || want.Via == r.Via || slices.ContainsFunc(r.Nexthop, func(n host.Nexthop) bool { return n.Via == want.Via })) &&
		(want.Dev == "" || leaves(r, want.Dev)) &&
		(!want.Src.IsValid() || want.Src == r.Src) &&
		(want.Proto == 0 || want.Proto == r.Proto)
}
