package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A pre-image may be taken while the kernel is still at work: of a link that was
// only just set up, it does not show what comes with its carrier, nor the local
// route of an address that was only just added. That they are there by now is no
// harm, and nobody's doing.

// early reports whether something came that the pre-image is too early to show.
func (p *planner) early(v *view, s section, m Message) bool {
	if v != p.nowView {
		return false
	}
	switch s {
	case secAddr:
		return kernelLinkLocal(m) && p.gained[v.link(dev(m))]
	case secFDB:
		n, _ := neighOf(m)
		return n.derived() && (p.gained[v.link(n.index)] || p.asked[n.mac()])
	case secRoute4, secRoute6:
		r := routeOf(m)
		return r.proto == unix.RTPROT_KERNEL && slices.ContainsFunc(v.routeLinks(r), func(l string) bool {
			return p.gained[l] || p.bare[addrOf{l, string(r.dst)}] && r.made() && r.bits == 128
		})
	}
	return false
}

// findGained collects the links that the kernel was not done with setting up,
// and is now. One that looks so but has no carrier had one in between, which the
// transaction brought and took: the kernel says so later (link_watch.c).
func (p *planner) findGained() {
	now := map[string]link{}
	for _, l := range p.now.links() {
		now[p.nowView.link(l.index)] = l
	}
	for _, was := range p.pre.links() {
		is := now[was.name]
		if was.flags&is.flags&unix.IFF_UP != 0 && !was.ready() && is.ready() && is.carrier() {
			p.gained[was.name] = true
		}
	}
}

// ready reports whether a link is set up, for IPv6 as well: that waits for the
// queue of the link to work (addrconf.c: addrconf_link_ready), also where it
// still bears the mark of a carrier that it had before it went down.
func (l link) ready() bool { return l.flags&unix.IFF_RUNNING != 0 && l.begun() }

// begun reports whether IPv6 works on a link, or is not there at all.
func (l link) begun() bool {
	flags := find(l.attrs, unix.IFLA_AF_SPEC, unix.AF_INET6, unix.IFLA_INET6_FLAGS)
	return flags == nil || u32of(flags)&inet6Ready != 0
}

// carrier reports whether a link has one; what does not say has.
func (l link) carrier() bool {
	b := find(l.attrs, unix.IFLA_CARRIER)
	return len(b) == 0 || b[0] != 0
}

// An addrOf is an IPv6 address of a link.
type addrOf struct{ link, ip string }

// findBare collects the addresses that the pre-image shows without their local
// routes: the kernel makes those in a work queue, and joins the groups in which
// others ask for the addresses.
func (p *planner) findBare() {
	for _, m := range p.pre.Dumps[secAddr] {
		if m.Data[0] == unix.AF_INET6 {
			p.bare[addrOf{p.preView.link(dev(m)), string(localOf(m))}] = true
		}
	}
	for _, m := range p.pre.Dumps[secRoute6] {
		if r := routeOf(m); r.made() {
			for _, l := range p.preView.routeLinks(r) {
				delete(p.bare, addrOf{l, string(r.dst)})
			}
		}
	}
	for a := range p.bare {
		p.asked[solicited(a.ip)] = true
	}
}

// solicited gives the MAC of the group in which others ask for an IPv6 address
// (RFC 4291 section 2.7.1, RFC 2464 section 7). A link listens to the groups of
// those that stand on it as well.
func solicited(ip string) string { return "\x33\x33\xff" + ip[len(ip)-3:] }
