package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Busy says what the kernel can be seen to have yet to do in a namespace, ""
// for nothing. It does that in work queues, so that on a machine with much to
// do nothing may change for long, and a pre-image that is taken then lacks what
// comes after it.
func (img *Image) Busy() string {
	all := func(string) bool { return true }
	switch {
	case img.pending(all):
		return "a link has a carrier, or none, that was not acted upon"
	case slices.ContainsFunc(img.links(), link.waits):
		return "a link is up, and not ready for IPv6"
	case img.tentative(all):
		return "an address is looked for elsewhere"
	case img.unrouted(all):
		return "an address has no local route"
	}
	return ""
}

// pending reports whether there is a link on whose carrier the kernel has not
// yet acted.
func (img *Image) pending(in func(link string) bool) bool {
	return slices.ContainsFunc(img.links(), func(l link) bool { return in(l.name) && l.pending() })
}

func (l link) pending() bool {
	const down, below, up = 2, 3, 6 // IF_OPER_DOWN, IF_OPER_LOWERLAYERDOWN, IF_OPER_UP (linux/if.h); 0 is unknown
	carrier, state := find(l.attrs, unix.IFLA_CARRIER), find(l.attrs, unix.IFLA_OPERSTATE)
	if l.flags&unix.IFF_UP == 0 || len(carrier) == 0 || len(state) == 0 {
		return false
	}
	return carrier[0] == 0 && (state[0] == 0 || state[0] == up) || carrier[0] != 0 && (state[0] == down || state[0] == below)
}

// waits reports whether IPv6 has yet to begin on a link that has a carrier. It
// never does on one that it is switched off on, or that is a part of another
// (addrconf.c: addrconf_notify).
func (l link) waits() bool {
	conf := find(l.attrs, unix.IFLA_AF_SPEC, unix.AF_INET6, unix.IFLA_INET6_CONF)
	off := len(conf) > 4*devconfDisableIPv6 && native.Uint32(conf[4*devconfDisableIPv6:]) != 0
	return l.flags&(unix.IFF_UP|unix.IFF_RUNNING|unix.IFF_SLAVE) == unix.IFF_UP|unix.IFF_RUNNING && !off && !l.ready()
}

// devconfDisableIPv6 is DEVCONF_DISABLE_IPV6 (linux/ipv6.h).
const devconfDisableIPv6 = 26

// tentative reports whether IPv6 is still looking for duplicates of an address
// (RFC 4862 section 5.4), which it does to the end where the carrier is lost
// meanwhile. What comes with the address comes then.
func (img *Image) tentative(in func(link string) bool) bool {
	ready := map[int32]bool{}
	for _, l := range img.links() {
		ready[l.index] = l.begun() && in(l.name)
	}
	return slices.ContainsFunc(img.Dumps[secAddr], func(m Message) bool {
		flags := u32of(find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_FLAGS))
		return ready[dev(m)] && flags&(unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) == unix.IFA_F_TENTATIVE
	})
}

// unrouted reports whether IPv6 has yet to make the local route of an address:
// it does so in a work queue, which waits for its turn on a machine with much
// to do (addrconf.c: addrconf_dad_work).
func (img *Image) unrouted(in func(link string) bool) bool {
	type local struct {
		dev int32
		ip  string
	}
	routed := map[local]bool{}
	for _, m := range img.Dumps[secRoute6] {
		// That of a port of a VRF is in the table of that (net/ipv6/route.c:
		// addrconf_f6i_alloc).
		if route := routeOf(m); route.made() || route.kind == unix.RTN_LOCAL {
			routed[local{int32(u32of(find(route.attrs, unix.RTA_OIF))), string(route.dst)}] = true
		}
	}
	up := map[int32]bool{}
	for _, l := range img.links() {
		up[l.index] = l.flags&unix.IFF_UP != 0 && in(l.name)
	}
	return slices.ContainsFunc(img.Dumps[secAddr], func(m Message) bool {
		waits := u32of(find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_FLAGS)) & (unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED)
		return m.Data[0] == unix.AF_INET6 && up[dev(m)] && waits == 0 && !routed[local{dev(m), string(localOf(m))}]
	})
}
