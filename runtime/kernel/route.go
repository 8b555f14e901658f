package kernel

import (
	"fmt"
	"net/netip"
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
	var back host.RouteSet
	switch {
	case old == nil:
		back = host.RouteSet{Verb: host.Del, Route: r}
	case op.Verb != host.Del:
		back = host.RouteSet{Verb: host.Replace, Route: *old}
	case alone:
		back = host.RouteSet{Verb: host.Add, Route: *old}
	default:
		back = host.RouteSet{Verb: host.Append, Route: *old}
	}
	return q.change(sp, m, back)
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
