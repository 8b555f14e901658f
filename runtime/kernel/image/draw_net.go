package image

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

var families = map[byte]string{unix.AF_INET: "inet", unix.AF_INET6: "inet6", afMPLS: "mpls", 128: "ipmr", 129: "ip6mr"}

func familyName(b byte) string {
	if s, ok := families[b]; ok {
		return s
	}
	return fmt.Sprintf("family%d", b)
}

func (c *canvas) drawAddrs() {
	for _, m := range c.img.Dumps[secAddr] {
		if len(m.Data) < unix.SizeofIfAddrmsg || c.form&Portable != 0 && kernelLinkLocal(m) {
			continue
		}
		name := c.link(int32(native.Uint32(m.Data[4:])))
		c.add(secAddr, "addr "+name+" "+familyName(m.Data[0]), c.addr(m), name)
	}
}

// kernelLinkLocal reports whether an address was made from a MAC (IFA_PROTO is
// kernel_ll).
func kernelLinkLocal(m Message) bool {
	proto := find(m.Data[unix.SizeofIfAddrmsg:], ifaProto)
	return len(proto) > 0 && proto[0] == ifaProtoLinkLocal
}

// Attributes of addresses (linux/if_addr.h).
const (
	ifaRTPriority     = 9
	ifaProto          = 11
	ifaProtoLo        = 1
	ifaProtoRA        = 2
	ifaProtoLinkLocal = 3
)

func (v *view) addr(m Message) string {
	a := m.Data[unix.SizeofIfAddrmsg:]
	return strings.TrimSpace(fmt.Sprintf("%s scope=%d %s", addrKey(m), m.Data[3], v.words(addrTable, a)))
}

// addrKey is what tells the addresses of a link apart.
func addrKey(m Message) string {
	a := m.Data[unix.SizeofIfAddrmsg:]
	local, other := find(a, unix.IFA_LOCAL), find(a, unix.IFA_ADDRESS)
	if local == nil {
		local = other
	}
	key := address(nil, local)
	if string(local) != string(other) {
		key += "->" + address(nil, other)
	}
	return fmt.Sprintf("%s/%d", key, m.Data[1])
}

// localOf is an address's own side.
func localOf(m Message) []byte {
	attrs := m.Data[unix.SizeofIfAddrmsg:]
	if local := find(attrs, unix.IFA_LOCAL); local != nil {
		return local
	}
	return find(attrs, unix.IFA_ADDRESS)
}

// A route is a message about one (struct rtmsg).
type route struct {
	family, bits, srcBits, tos, proto, scope, kind byte
	flags, table, metric                           uint32
	dst                                            []byte
	attrs                                          []byte
}

func routeOf(m Message) route {
	d := m.Data
	if len(d) < unix.SizeofRtMsg {
		return route{}
	}
	r := route{family: d[0], bits: d[1], srcBits: d[2], tos: d[3], table: uint32(d[4]), proto: d[5], scope: d[6], kind: d[7],
		flags: native.Uint32(d[8:]), attrs: d[unix.SizeofRtMsg:]}
	if t := find(r.attrs, unix.RTA_TABLE); t != nil {
		r.table = u32of(t)
	}
	r.metric = u32of(find(r.attrs, unix.RTA_PRIORITY))
	r.dst = find(r.attrs, unix.RTA_DST)
	return r
}

func (r route) prefix() string {
	switch {
	case r.family == afMPLS:
		return hexed(nil, r.dst)
	case r.bits == 0:
		return "default"
	}
	return fmt.Sprintf("%s/%d", address(nil, r.dst), r.bits)
}

// key is what routes have in common whose order decides.
func (r route) key() string {
	return fmt.Sprintf("route %s table %d %s metric %d tos %d", familyName(r.family), r.table, r.prefix(), r.metric, r.tos)
}

// unordered reports whether the kernel makes one such route for each link, in
// an order that is chance.
func (r route) unordered() bool {
	if r.family != unix.AF_INET6 {
		return false
	}
	return r.table == unix.RT_TABLE_LOCAL || r.proto == unix.RTPROT_KERNEL && linkLocal(r.dst)
}

func linkLocal(dst []byte) bool {
	a, ok := netip.AddrFromSlice(dst)
	return ok && (a.IsLinkLocalUnicast() || a.IsMulticast())
}

func (c *canvas) drawRoutes() {
	for _, s := range []section{secRoute4, secRoute6, secMPLS} {
		for _, m := range c.img.Dumps[s] {
			r := routeOf(m)
			if c.form&Portable != 0 && r.proto == unix.RTPROT_KERNEL && (linkLocal(r.dst) || r.table == unix.RT_TABLE_LOCAL) {
				continue
			}
			key := r.key()
			c.add(s, key, c.route(r), c.routeLinks(r)...)
			if r.unordered() {
				c.loose[key] = true
			}
		}
	}
}

func (v *view) route(r route) string {
	t := routeTable
	if r.family == afMPLS {
		t = mplsTable
	}
	flags := r.flags &^ (routeDecorate | v.passingHop())
	if find(r.attrs, unix.RTA_MULTIPATH) != nil {
		flags &^= hopDead // each hop says; of the whole it tells how they came to it
	}
	return strings.TrimSpace(fmt.Sprintf("type=%d proto=%d scope=%d flags=%#x %s", r.kind, r.proto, r.scope, flags, v.words(t, r.attrs)))
}

// partOf reports whether all ways of a route are among those of another: IPv6
// takes single ways out of a route when their link goes (ip6_fib.c).
func (r route) partOf(other route) bool {
	ways := func(r route) map[string]bool {
		out := map[string]bool{}
		if dev := find(r.attrs, unix.RTA_OIF); dev != nil {
			out[string(dev)+string(find(r.attrs, unix.RTA_GATEWAY))] = true
		}
		eachHop(find(r.attrs, unix.RTA_MULTIPATH), func(hop, attrs []byte) {
			out[string(hop[4:8])+string(find(attrs, unix.RTA_GATEWAY))] = true
		})
		return out
	}
	mine, theirs := ways(r), ways(other)
	for way := range mine {
		if !theirs[way] {
			return false
		}
	}
	return len(mine) > 0 && len(mine) < len(theirs) && r.proto == other.proto && r.kind == other.kind
}

// routeLinks are the links a route leads through.
func (v *view) routeLinks(r route) []string {
	var list []string
	if out := find(r.attrs, unix.RTA_OIF); out != nil {
		list = append(list, linkName(v, out))
	}
	eachHop(find(r.attrs, unix.RTA_MULTIPATH), func(hop, _ []byte) {
		list = append(list, v.link(int32(native.Uint32(hop[4:]))))
	})
	return list
}

func (c *canvas) drawRules() {
	for _, m := range c.img.Dumps[secRule] {
		if len(m.Data) < 12 {
			continue
		}
		a := m.Data[12:]
		c.add(secRule, ruleKey(m), c.rule(m), cString(find(a, unix.FRA_IIFNAME)), cString(find(a, unix.FRA_OIFNAME)))
	}
}

// ruleKey is what rules have in common whose order decides.
func ruleKey(m Message) string {
	return fmt.Sprintf("rule %s %d", familyName(m.Data[0]), u32of(find(m.Data[12:], unix.FRA_PRIORITY)))
}

// Flags of rules that follow from the links there are (FIB_RULE_UNRESOLVED,
// IIF_DETACHED, OIF_DETACHED).
const rulePassing = 0x4 | 0x8 | 0x10

func (v *view) rule(m Message) string {
	d := m.Data // struct fib_rule_hdr
	flags := native.Uint32(d[8:])
	if v.form&settings != 0 {
		flags &^= rulePassing
	}
	return strings.TrimSpace(fmt.Sprintf("to/%d from/%d tos=%d action=%d flags=%#x %s", d[1], d[2], d[3], d[7], flags, v.words(ruleTable, d[12:])))
}

func (c *canvas) drawNexthops() {
	for _, m := range c.img.Dumps[secNexthop] {
		if len(m.Data) < 8 {
			continue
		}
		c.add(secNexthop, nexthopKey(m), c.nexthop(m), c.nexthopLink(m))
	}
}

func nexthopKey(m Message) string { return fmt.Sprintf("nexthop %d", u32of(find(m.Data[8:], nhaID))) }

func (v *view) nexthopLink(m Message) string {
	if dev := find(m.Data[8:], nhaOIF); dev != nil {
		return linkName(v, dev)
	}
	return ""
}

// Attributes of nexthops (linux/nexthop.h).
const (
	nhaID    = 1
	nhaGroup = 2
	nhaOIF   = 5
)

func (v *view) nexthop(m Message) string {
	d := m.Data // struct nhmsg
	return strings.TrimSpace(fmt.Sprintf("family=%d proto=%d scope=%d flags=%#x %s", d[0], d[2], d[1], native.Uint32(d[4:])&^v.passingHop(), v.words(nexthopTable, d[8:])))
}
