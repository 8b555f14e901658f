package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// routeTypes are the names of the types of routes (ip-route(8)).
var routeTypes = map[string]uint8{
	"":            unix.RTN_UNICAST,
	"anycast":     unix.RTN_ANYCAST,
	"blackhole":   unix.RTN_BLACKHOLE,
	"broadcast":   unix.RTN_BROADCAST,
	"local":       unix.RTN_LOCAL,
	"multicast":   unix.RTN_MULTICAST,
	"prohibit":    unix.RTN_PROHIBIT,
	"throw":       unix.RTN_THROW,
	"unicast":     unix.RTN_UNICAST,
	"unreachable": unix.RTN_UNREACHABLE,
}

// routeFlags says what a verb means in flags of RTM_NEWROUTE (rtnetlink(7)).
var routeFlags = map[host.Verb]uint16{
	host.Add:     unix.NLM_F_CREATE | unix.NLM_F_EXCL,
	host.Append:  unix.NLM_F_CREATE | unix.NLM_F_APPEND,
	host.Change:  unix.NLM_F_REPLACE,
	host.Replace: unix.NLM_F_CREATE | unix.NLM_F_REPLACE,
	host.Del:     0,
}

// routeSet adds, changes, replaces, appends or removes a route.
func (q *queue) routeSet(op host.RouteSet) error {
	r := op.Route
	sp, err := q.h.space(r.NS)
	if err != nil {
		return err
	}
	flags, ok := routeFlags[op.Verb]
	if !ok {
		return fmt.Errorf("route %s: no such verb", op.Verb)
	}
	if !r.Dest.IsValid() {
		return failed(unix.EINVAL, host.FieldDest, "no destination given")
	}
	m, err := q.routeMessage(sp, op.Verb, flags, r)
	if err != nil {
		return err
	}
	m.explain = explainRoute(op)
	if op.Verb == host.Add || op.Verb == host.Append {
		q.push(sp, m)
		q.undo(host.RouteSet{Verb: host.Del, Route: r})
		return nil
	}
	if err := q.flush(); err != nil {
		return err
	}
	old, alone, err := sp.routeLike(r, op.Verb == host.Del)
	if err != nil {
		return err
	}
	if _, err := q.now(sp, m); err != nil {
		return err
	}
	switch {
	case old == nil:
		q.undo(host.RouteSet{Verb: host.Del, Route: r})
	case op.Verb != host.Del:
		q.undo(host.RouteSet{Verb: host.Replace, Route: *old})
	case alone:
		q.undo(host.RouteSet{Verb: host.Add, Route: *old})
	default:
		q.undo(host.RouteSet{Verb: host.Append, Route: *old})
	}
	return nil
}

// routeMessage builds RTM_NEWROUTE or RTM_DELROUTE as iproute2's iproute_modify
// does, but for the protocol: what vnet makes is static.
func (q *queue) routeMessage(sp *space, verb host.Verb, flags uint16, r host.Route) (*message, error) {
	kind := uint16(unix.RTM_NEWROUTE)
	if verb == host.Del {
		kind = unix.RTM_DELROUTE
	}
	m := newMessage(kind, flags, unix.SizeofRtMsg)
	h := m.head()
	dest := r.Dest.Addr()
	h[0], h[1] = family(dest), uint8(r.Dest.Bits())
	table := r.Table
	if table == 0 {
		table = unix.RT_TABLE_MAIN
	}
	if h[4] = unix.RT_TABLE_UNSPEC; table < 256 {
		h[4] = uint8(table)
	}
	h[5] = uint8(r.Proto)
	if r.Proto == 0 && verb != host.Del {
		h[5] = unix.RTPROT_STATIC
	}
	var err error
	if h[6], h[7], err = scopeAndType(verb, r); err != nil {
		return nil, err
	}
	if r.OnLink {
		native.PutUint32(h[8:], unix.RTNH_F_ONLINK)
	}
	m.field = host.FieldDest
	if r.Dest.Bits() > 0 {
		m.put(host.FieldDest, unix.RTA_DST, dest.AsSlice())
	}
	if table >= 256 {
		m.u32(host.FieldTable, unix.RTA_TABLE, uint32(table))
	}
	if r.Src.IsValid() {
		m.put(host.FieldSrc, unix.RTA_PREFSRC, r.Src.Unmap().AsSlice())
	}
	if r.Metric != 0 {
		m.u32(host.FieldNone, unix.RTA_PRIORITY, uint32(r.Metric))
	}
	return m, q.ways(m, sp, r)
}

func scopeAndType(verb host.Verb, r host.Route) (scope, kind uint8, err error) {
	kind, ok := routeTypes[r.Type]
	if !ok {
		return 0, 0, failed(unix.EINVAL, host.FieldDest, "no route is called %s", name.Quote(r.Type))
	}
	if r.Scope != "" {
		if scope, ok = scopes[r.Scope]; !ok {
			return 0, 0, failed(unix.EINVAL, host.FieldDest, "no scope is called %s", name.Quote(r.Scope))
		}
		return scope, kind, nil
	}
	switch {
	case r.Dest.Addr().Is6():
		scope = unix.RT_SCOPE_UNIVERSE
	case r.Type == "local":
		scope = unix.RT_SCOPE_HOST
	case kind != unix.RTN_UNICAST:
		scope = defaultScope(kind)
	case verb == host.Del:
		scope = unix.RT_SCOPE_NOWHERE // any
	case !r.Via.IsValid() && len(r.Nexthop) == 0:
		scope = unix.RT_SCOPE_LINK
	}
	if verb == host.Del && r.Type == "" {
		kind = unix.RTN_UNSPEC // any
	}
	return scope, kind, nil
}

func defaultScope(kind uint8) uint8 {
	switch kind {
	case unix.RTN_BROADCAST, unix.RTN_MULTICAST, unix.RTN_ANYCAST:
		return unix.RT_SCOPE_LINK
	}
	return unix.RT_SCOPE_UNIVERSE
}

// ways writes where a route leads.
func (q *queue) ways(m *message, sp *space, r host.Route) error {
	if len(r.Nexthop) == 0 {
		m.gateway(r.Dest.Addr(), r.Via)
		if r.Dev == "" {
			return nil
		}
		index, err := q.index(sp, r.Dev, host.FieldDev)
		if err != nil {
			return err
		}
		m.u32(host.FieldDev, unix.RTA_OIF, uint32(index))
		return nil
	}
	indexes := make([]int, len(r.Nexthop))
	for i, n := range r.Nexthop {
		if n.Dev == "" {
			continue
		}
		var err error
		if indexes[i], err = q.index(sp, n.Dev, host.FieldDev); err != nil {
			return err
		}
	}
	m.nest(unix.RTA_MULTIPATH, func() {
		for i, n := range r.Nexthop {
			m.nexthop(r.Dest.Addr(), n, indexes[i])
		}
	})
	return nil
}

// gateway writes the next router, of the other family too (RFC 5549).
func (m *message) gateway(dest, via netip.Addr) {
	via = via.Unmap()
	switch {
	case !via.IsValid():
	case via.Is4() == dest.Is4():
		m.put(host.FieldVia, unix.RTA_GATEWAY, via.AsSlice())
	default:
		m.put(host.FieldVia, unix.RTA_VIA, append(native.AppendUint16(nil, uint16(family(via))), via.AsSlice()...))
	}
}

// nexthop writes a struct rtnexthop.
func (m *message) nexthop(dest netip.Addr, n host.Nexthop, index int) {
	start := len(m.buf)
	head := make([]byte, unix.SizeofRtNexthop)
	if n.OnLink {
		head[2] = unix.RTNH_F_ONLINK
	}
	if n.Weight > 0 {
		head[3] = uint8(n.Weight - 1)
	}
	native.PutUint32(head[4:], uint32(index))
	m.raw(head)
	m.gateway(dest, n.Via)
	native.PutUint16(m.buf[start:], uint16(len(m.buf)-start))
}

func explainRoute(op host.RouteSet) func(*host.Error) {
	return func(e *host.Error) {
		where := fmt.Sprintf("route to %s in %s", host.Dest(op.Route.Dest), op.Route.NS)
		text := strings.ToLower(e.Kernel)
		switch {
		case e.Errno == unix.EEXIST:
			e.Field, e.What = host.FieldDest, where+": already there"
		case e.Errno == unix.ESRCH:
			e.Field, e.What = host.FieldDest, where+": not there"
		case e.Errno == unix.ENOENT && op.Verb == host.Change:
			e.Field, e.What = host.FieldDest, where+": not there to be changed"
		case e.Errno == unix.ENETUNREACH, e.Errno == unix.EHOSTUNREACH, strings.Contains(text, "gateway"):
			e.Field = host.FieldVia
		case strings.Contains(text, "prefsrc"), strings.Contains(text, "source address"):
			e.Field = host.FieldSrc
		case e.Errno == unix.ENETDOWN, e.Errno == unix.ENODEV, strings.Contains(text, "device"):
			e.Field = host.FieldDev
		}
	}
}

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
