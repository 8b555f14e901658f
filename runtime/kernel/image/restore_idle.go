package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A link that comes up for the first time gets what it keeps when it goes
// down again; these take it back.

// allNodes is the MAC of the group that a link joins when IPv6 begins on it
// (mcast.c: __ipv6_dev_mc_inc), and leaves when it goes down.
const allNodes = "\x33\x33\x00\x00\x00\x01"

// restoreGroups has IPv6 begin anew on links that are down, by an MTU that is
// too small for it, where they shall be in the group of all nodes. It has IPv6
// end anew on links without it, by its being on for a moment, where they shall not:
// one that comes to a namespace where it is off for all is in the group
// (addrconf.c: ipv6_add_dev, addrconf_disable_ipv6).
func (r *restorer) restoreGroups() {
	shall, have := r.goal.joined(allNodes), r.now.joined(allNodes)
	r.eachLink(func(want, is link) {
		mtu := find(want.attrs, unix.IFLA_MTU)
		off := "ipv6/conf/" + is.name + "/disable_ipv6"
		switch {
		case shall[want.index] == have[want.index]:
		case have[want.index] && r.goal.Sysctl[off] == "1":
			r.writeSysctl(off, "0")
			r.writeSysctl(off, "1")
		case shall[want.index] && (want.flags|is.flags)&unix.IFF_UP == 0 && u32of(mtu) >= minIPv6:
			if r.change(is, "mtu", put32(ifinfo(is.index, 0, 0), unix.IFLA_MTU, minIPv6-1)) {
				r.change(is, "mtu", put(ifinfo(is.index, 0, 0), unix.IFLA_MTU, mtu))
			}
		}
	})
}

// restoreCarriers gives VLANs that are down, and never were up before, the carrier
// of what they stand on again: the kernel hands it on with any news of that, such
// as its alias (net/8021q/vlan.c: vlan_device_event).
func (r *restorer) restoreCarriers() {
	lowers := map[int32]link{}
	for _, l := range r.now.links() {
		lowers[l.index] = l
	}
	told := map[int32]bool{}
	r.eachLink(func(want, is link) {
		lower := lowers[int32(u32of(find(is.attrs, unix.IFLA_LINK)))]
		if is.kind != "vlan" || is.peer >= 0 || (want.flags|is.flags)&unix.IFF_UP != 0 || !want.carrier() || is.carrier() ||
			lower.flags&unix.IFF_UP == 0 || !lower.carrier() || told[lower.index] {
			return
		}
		told[lower.index] = true
		r.change(lower, "alias", put(ifinfo(lower.index, 0, 0), unix.IFLA_IFALIAS, find(lower.attrs, unix.IFLA_IFALIAS)))
	})
}

// minIPv6 is the smallest MTU of IPv6 (RFC 8200 section 5).
const minIPv6 = 1280

// joined finds the links that listen to a MAC.
func (img *Image) joined(mac string) map[int32]bool {
	out := map[int32]bool{}
	for _, m := range img.Dumps[secFDB] {
		n, _ := neighOf(m)
		out[n.index] = out[n.index] || n.flags&ntfSelf != 0 && string(find(n.attrs, unix.NDA_LLADDR)) == mac
	}
	return out
}

// dropDefaults takes from a link that is down the qdiscs that the kernel gave
// it when it came up: none is left behind one that is removed
// (sch_api.c: qdisc_graft).
func (r *restorer) dropDefaults(l link, want, is tree) {
	if l.flags&unix.IFF_UP != 0 || len(want.qdiscs) > 0 || !slices.ContainsFunc(is.qdiscs, byDefault) {
		return
	}
	const handle = 1 << 16
	about := "qdisc " + l.name
	body := append(tcHeader(uint32(l.index), handle, tcHRoot, 0), put(nil, tcaKind, []byte("pfifo\x00"))...)
	if r.request(about, unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body) {
		r.request(about, unix.RTM_DELQDISC, 0, tcHeader(uint32(l.index), 0, tcHRoot, 0))
	}
}

// byDefault reports whether the kernel has made a qdisc by itself.
func byDefault(m Message) bool { return tcOf(m).handle == 0 }
