package kernel

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// Attributes of RTM_GETNSID (linux/net_namespace.h), and its answer for a
// namespace that has no number here.
const (
	nsaID = 1
	nsaFD = 3
	noID  = -1
)

// Namespaces lists the named namespaces, sorted.
func (h *Host) Namespaces(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return spaceNames()
}

// Exists reports whether there is a namespace of that name.
func (h *Host) Exists(ctx context.Context, ns string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	h.life.RLock()
	defer h.life.RUnlock()
	_, err := h.space(ns)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return err == nil, err
}

// State shows one namespace.
func (h *Host) State(ctx context.Context, ns string) (*host.State, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	links, err := sp.allLinks()
	if err != nil {
		return nil, err
	}
	links = slices.DeleteFunc(links, func(l link) bool { return l.buried() })
	s := &host.State{NS: ns, Links: make([]host.Link, len(links))}
	names := byIndex(links)
	for i := range links {
		s.Links[i] = links[i].host(ns, names)
	}
	if err := h.peers(sp, links, s); err != nil {
		return nil, err
	}
	for _, part := range []func() error{
		func() (err error) { s.Addrs, err = sp.addrs(0, names); return },
		func() (err error) { s.Routes, err = sp.routes(names); return },
		func() (err error) { s.Rules, err = sp.rules(); return },
		func() (err error) { s.Neighs, err = sp.neighs(names); return },
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := part(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// peers fills in the other ends of veths. The kernel names an end in another
// namespace by its index there and a number for that namespace which only this
// one uses; such an end can be asked for from here.
func (h *Host) peers(sp *space, links []link, s *host.State) error {
	names := byIndex(links)
	far := map[int][]int{} // places in links by number of the namespace
	for i, l := range links {
		switch {
		case l.kind != "veth" || l.parent == 0:
		case l.peerSpace >= 0:
			far[l.peerSpace] = append(far[l.peerSpace], i)
		default:
			s.Links[i].Peer = &host.End{NS: sp.name, Name: names(l.parent)}
		}
	}
	if len(far) == 0 {
		return nil
	}
	c, err := sp.netlink()
	if err != nil {
		return err
	}
	return h.neighbours(sp, len(far), func(id int, other *space) bool {
		for _, i := range far[id] {
			m := newMessage(unix.RTM_GETLINK, 0, unix.SizeofIfInfomsg)
			native.PutUint32(m.head()[4:], uint32(links[i].parent))
			m.u32(host.FieldNone, unix.IFLA_TARGET_NETNSID, uint32(id))
			r, err := c.ask(m)
			if err == nil && r.errno == 0 && len(r.data) == 1 {
				s.Links[i].Peer = &host.End{NS: other.name, Name: parseLink(r.data[0]).name}
			}
		}
		return len(far[id]) > 0
	})
}

// RouteGet returns the entry of the routing tables that a packet to dst would
// follow; of an own address the entry of the local table.
func (h *Host) RouteGet(ctx context.Context, ns string, dst netip.Addr) (host.Route, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	if err := ctx.Err(); err != nil {
		return host.Route{}, err
	}
	sp, err := h.space(ns)
	if err != nil {
		return host.Route{}, err
	}
	c, err := sp.netlink()
	if err != nil {
		return host.Route{}, err
	}
	dst = dst.Unmap()
	lookup := uint32(unix.RTM_F_LOOKUP_TABLE)
	if dst.Is6() {
		lookup = 0 // IPv6 does so anyway, and refuses the flag
	}
	for _, flags := range []uint32{lookup | unix.RTM_F_FIB_MATCH, lookup} {
		m := newMessage(unix.RTM_GETROUTE, 0, unix.SizeofRtMsg)
		m.head()[0], m.head()[1] = family(dst), uint8(dst.BitLen())
		native.PutUint32(m.head()[8:], flags)
		m.put(host.FieldDest, unix.RTA_DST, dst.AsSlice())
		m.explain = func(e *host.Error) { e.Field, e.What = host.FieldDest, "no route to "+dst.String()+" in "+ns }
		r, err := c.ask(m)
		if err != nil {
			return host.Route{}, err
		}
		if r.errno != 0 {
			return host.Route{}, refused(nil, m, r)
		}
		if len(r.data) > 0 {
			return sp.taken(dst, r.data[0])
		}
	}
	return host.Route{}, errLost
}

// taken reads the answer to RTM_GETROUTE. A route that refuses packets is an
// answer for IPv6 and an error for IPv4: here it is an error for both.
func (sp *space) taken(dst netip.Addr, b []byte) (host.Route, error) {
	a := parseAttrs(b[unix.SizeofRtMsg:])
	table := int(b[4])
	if a.has(unix.RTA_TABLE) {
		table = int(a.u32(unix.RTA_TABLE))
	}
	if b[7] == unix.RTN_LOCAL {
		return host.Route{NS: sp.name, Dest: netip.PrefixFrom(dst, dst.BitLen()), Type: "local", Dev: "lo"}, nil
	}
	denial := map[byte]unix.Errno{unix.RTN_BLACKHOLE: unix.EINVAL, unix.RTN_UNREACHABLE: unix.EHOSTUNREACH,
		unix.RTN_PROHIBIT: unix.EACCES, unix.RTN_THROW: unix.ENETUNREACH}
	if errno, ok := denial[b[7]]; ok {
		return host.Route{}, failed(errno, host.FieldDest, "no route to %s in %s", dst, sp.name)
	}
	return routeOf(sp.name, b, a, table, sp.nameOf), nil
}
