package kernel

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// Attributes of addresses newer than golang.org/x/sys knows, and who made an
// address (IFA_PROTO, Linux 5.18, linux/if_addr.h).
const (
	ifaProto     = 11
	protoRouter  = 2 // a router advertisement
	protoLink    = 3 // the kernel's link-local address
	foreverValid = 0xFFFFFFFF
)

// scopes are the names of address and route scopes (linux/rtnetlink.h).
var scopes = map[string]uint8{
	"global": unix.RT_SCOPE_UNIVERSE,
	"site":   unix.RT_SCOPE_SITE,
	"link":   unix.RT_SCOPE_LINK,
	"host":   unix.RT_SCOPE_HOST,
}

func scopeName(v uint8) string {
	for name, s := range scopes {
		if s == v {
			return name
		}
	}
	return fmt.Sprint(v)
}

func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// addrSet adds, replaces or removes an address (ip-address(8)).
func (q *queue) addrSet(op host.AddrSet) error {
	a := op.Addr
	a.Prefix = netip.PrefixFrom(a.Prefix.Addr().Unmap(), a.Prefix.Bits())
	if !a.Prefix.IsValid() {
		return failed(unix.EINVAL, host.FieldAddr, "no address given")
	}
	sp, err := q.h.space(a.NS)
	if err != nil {
		return err
	}
	index, err := q.index(sp, a.Link, host.FieldDev)
	if err != nil {
		return err
	}
	switch op.Verb {
	case host.Add:
		m, err := addrMessage(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, index, a)
		if err != nil {
			return err
		}
		m.explain = explainAddr(a)
		q.push(sp, m)
		q.undo(host.AddrSet{Verb: host.Del, Addr: op.Addr})
		return nil
	case host.Change, host.Replace, host.Del:
		return q.addrChange(sp, index, op.Verb, a)
	}
	return fmt.Errorf("addr %s: no such verb", op.Verb)
}

// addrChange replaces or removes an address, with the one that was there
// before as its undo.
func (q *queue) addrChange(sp *space, index int, verb host.Verb, a host.Addr) error {
	if err := q.flush(); err != nil {
		return err
	}
	old, err := sp.addrLike(index, a)
	if err != nil {
		return err
	}
	kind, flags := uint16(unix.RTM_NEWADDR), uint16(unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
	if verb == host.Change {
		flags = unix.NLM_F_REPLACE
	}
	if verb == host.Del {
		kind, flags = unix.RTM_DELADDR, 0
	}
	kept, err := q.subnetOf(sp, index, verb, old)
	if err != nil {
		return err
	}
	m, err := addrMessage(kind, flags, index, a)
	if err != nil {
		return err
	}
	m.explain = explainAddr(a)
	back := []host.Op{host.AddrSet{Verb: host.Del, Addr: a}}
	if old != nil {
		back = append([]host.Op{host.AddrSet{Verb: host.Replace, Addr: *old}}, kept...)
	}
	return q.change(sp, m, back...)
}

// subnetOf gives what goes with an IPv4 address that is removed: the
// secondaries of its subnet, and routes that need it. The other family stays as
// it is: to replace ::1 by itself makes a route that was not there.
func (q *queue) subnetOf(sp *space, index int, verb host.Verb, old *host.Addr) ([]host.Op, error) {
	if verb != host.Del || old == nil {
		return nil, nil
	}
	kept, err := sp.kept(index)
	is4 := old.Prefix.Addr().Is4()
	return slices.DeleteFunc(kept, func(op host.Op) bool {
		switch op := op.(type) {
		case host.AddrSet:
			return op.Addr.Prefix.Addr().Is4() != is4
		case host.RouteSet:
			return op.Route.Dest.Addr().Is4() != is4
		}
		return false
	}), err
}

// addrMessage builds RTM_NEWADDR and RTM_DELADDR.
func addrMessage(kind, flags uint16, index int, a host.Addr) (*message, error) {
	m := newMessage(kind, flags, unix.SizeofIfAddrmsg)
	ip := a.Prefix.Addr()
	h := m.head()
	h[0], h[1] = family(ip), uint8(a.Prefix.Bits())
	native.PutUint32(h[4:], uint32(index))
	if a.Scope != "" {
		scope, ok := scopes[a.Scope]
		if !ok {
			return nil, failed(unix.EINVAL, host.FieldAddr, "no scope is called %s", name.Quote(a.Scope))
		}
		h[3] = scope
	} else if ip.Is4() && ip.IsLoopback() {
		h[3] = unix.RT_SCOPE_HOST // as iproute2's default_scope
	}
	local, peer := ip.AsSlice(), ip.AsSlice()
	if a.Peer.IsValid() {
		peer = a.Peer.Unmap().AsSlice()
	}
	m.put(host.FieldAddr, unix.IFA_LOCAL, local)
	m.put(host.FieldAddr, unix.IFA_ADDRESS, peer)
	if kind == unix.RTM_DELADDR {
		m.field = host.FieldAddr
		return m, nil
	}
	if a.Broadcast.IsValid() {
		m.put(host.FieldAddr, unix.IFA_BROADCAST, a.Broadcast.Unmap().AsSlice())
	}
	if a.Label != "" {
		m.text(host.FieldNone, unix.IFA_LABEL, a.Label)
	}
	var bits uint32
	if a.NoDAD {
		bits |= unix.IFA_F_NODAD
	}
	if a.NoPrefixRoute {
		bits |= unix.IFA_F_NOPREFIXROUTE
	}
	if bits != 0 {
		m.u32(host.FieldNone, unix.IFA_FLAGS, bits)
	}
	if a.Metric != 0 {
		m.u32(host.FieldNone, unix.IFA_RT_PRIORITY, uint32(a.Metric))
	}
	if a.Valid != 0 || a.Preferred != 0 {
		info := make([]byte, unix.SizeofIfaCacheinfo)
		native.PutUint32(info, seconds(a.Preferred))
		native.PutUint32(info[4:], seconds(a.Valid))
		m.put(host.FieldNone, unix.IFA_CACHEINFO, info)
	}
	m.field = host.FieldAddr
	return m, nil
}

func seconds(d time.Duration) uint32 {
	if d == 0 {
		return foreverValid
	}
	return uint32((d + time.Second - 1) / time.Second)
}

func explainAddr(a host.Addr) func(*host.Error) {
	return func(e *host.Error) {
		where := fmt.Sprintf("%s on %s in %s", a.Prefix, a.Link, a.NS)
		switch e.Errno {
		case unix.EEXIST:
			e.Field, e.What = host.FieldAddr, where+": already there"
		case unix.EADDRNOTAVAIL:
			e.Field, e.What = host.FieldAddr, where+": not there"
		case unix.ENODEV:
			e.Field, e.What = host.FieldDev, fmt.Sprintf("no interface %s in %s", a.Link, a.NS)
		}
	}
}

// addrs lists addresses: of one interface, or of all for index 0.
func (sp *space) addrs(index int, names func(int) string) ([]host.Addr, error) {
	list, err := sp.rawAddrs(index)
	if err != nil {
		return nil, err
	}
	out := make([]host.Addr, 0, len(list))
	for _, b := range list {
		out = append(out, parseAddr(sp.name, b, names))
	}
	return out, nil
}

func (sp *space) rawAddrs(index int) ([][]byte, error) {
	c, err := sp.netlink()
	if err != nil {
		return nil, err
	}
	m := newMessage(unix.RTM_GETADDR, 0, unix.SizeofIfAddrmsg)
	native.PutUint32(m.head()[4:], uint32(index))
	list, err := c.dump(m, unix.RTM_NEWADDR)
	if err != nil {
		return nil, fmt.Errorf("list the addresses of %s: %w", sp.name, err)
	}
	if index == 0 {
		return list, nil
	}
	kept := list[:0] // a kernel before 4.20 does not filter
	for _, b := range list {
		if int(native.Uint32(b[4:])) == index {
			kept = append(kept, b)
		}
	}
	return kept, nil
}

func byIndex(links []link) func(int) string {
	names := make(map[int]string, len(links))
	for _, l := range links {
		names[l.index] = l.name
	}
	return func(i int) string { return names[i] }
}

func (sp *space) nameOf(index int) string {
	if l, err := sp.linkAt(index); err == nil && l != nil {
		return l.name
	}
	return ""
}

func parseAddr(ns string, b []byte, names func(int) string) host.Addr {
	a := parseAttrs(b[unix.SizeofIfAddrmsg:])
	flags := a.u32(unix.IFA_FLAGS)
	local := firstAddr(a, unix.IFA_LOCAL, unix.IFA_ADDRESS)
	out := host.Addr{
		NS: ns, Link: names(int(native.Uint32(b[4:]))),
		Prefix:        netip.PrefixFrom(local, int(b[1])),
		Broadcast:     firstAddr(a, unix.IFA_BROADCAST),
		Scope:         scopeName(b[3]),
		NoDAD:         flags&unix.IFA_F_NODAD != 0,
		NoPrefixRoute: flags&unix.IFA_F_NOPREFIXROUTE != 0,
		Metric:        int(a.u32(unix.IFA_RT_PRIORITY)),
		Tentative:     flags&unix.IFA_F_TENTATIVE != 0,
	}
	proto := a.u8(ifaProto)
	out.Dynamic = flags&unix.IFA_F_PERMANENT == 0 || proto == protoRouter || proto == protoLink
	if peer := firstAddr(a, unix.IFA_ADDRESS); peer != local {
		out.Peer = peer
	}
	if label := a.text(unix.IFA_LABEL); label != out.Link {
		out.Label = label
	}
	if info := a[unix.IFA_CACHEINFO]; len(info) >= 8 && flags&unix.IFA_F_PERMANENT == 0 {
		out.Preferred, out.Valid = lifetime(native.Uint32(info)), lifetime(native.Uint32(info[4:]))
	}
	return out
}

func lifetime(v uint32) time.Duration {
	if v == foreverValid {
		return 0
	}
	return time.Duration(v) * time.Second
}

// addrLike finds the address that an operation is about.
func (sp *space) addrLike(index int, want host.Addr) (*host.Addr, error) {
	list, err := sp.addrs(index, sp.nameOf)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		if a.Prefix == want.Prefix && (!want.Peer.IsValid() || a.Peer == want.Peer) {
			return &a, nil
		}
	}
	return nil, nil
}
