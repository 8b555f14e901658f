package image

import (
	"bytes"
	"errors"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// ifinfo builds struct ifinfomsg.
func ifinfo(index int32, flags, change uint32) []byte {
	b := header(unix.SizeofIfInfomsg, unix.AF_UNSPEC)
	native.PutUint32(b[4:], uint32(index))
	native.PutUint32(b[8:], flags)
	native.PutUint32(b[12:], change)
	return b
}

// change changes a link. Some drivers do some changes only while the link is down
// (EBUSY): then it is taken down, and the goal brings it up again.
func (r *restorer) change(l link, thing string, body []byte) bool {
	_, err := r.route.do(unix.RTM_SETLINK, 0, body)
	if errors.Is(err, unix.EBUSY) && l.flags&unix.IFF_UP != 0 {
		if _, down := r.route.do(unix.RTM_SETLINK, 0, ifinfo(l.index, 0, unix.IFF_UP)); down == nil {
			_, err = r.route.do(unix.RTM_SETLINK, 0, body)
		}
	}
	return r.result("link "+l.name+" "+thing, err)
}

// eachLink calls f with each link that is there, as it shall be and as it
// is.
func (r *restorer) eachLink(f func(want, is link)) {
	there := map[int32]link{}
	for _, l := range r.now.links() {
		there[l.index] = l
	}
	for _, want := range r.goal.links() {
		if is, ok := there[want.index]; ok {
			f(want, is)
		}
	}
}

// restoreNames gives links their names and altnames back. Names that others
// bear are freed first: two may have been exchanged.
func (r *restorer) restoreNames() {
	taken := map[string]bool{}
	for _, l := range r.now.links() {
		taken[l.name] = true
	}
	r.eachLink(func(want, is link) {
		if want.name != is.name && taken[want.name] {
			r.rename(is, "~"+strconv.Itoa(int(is.index)))
		}
	})
	r.eachLink(func(want, is link) {
		if want.name != is.name {
			r.rename(is, want.name)
		}
		r.restoreAltnames(want, is)
	})
}

// rename renames a link.
func (r *restorer) rename(l link, to string) bool {
	return r.change(l, "name", putText(ifinfo(l.index, 0, 0), unix.IFLA_IFNAME, to))
}

// Messages and attributes of other names (linux/rtnetlink.h, if_link.h).
const (
	rtmNewLinkProp = 108
	rtmDelLinkProp = 109
	iflaPropList   = 52
	iflaAltName    = 53
)

func altnames(l link) []string {
	var list []string
	each(find(l.attrs, iflaPropList), func(_ uint16, b []byte) { list = append(list, cString(b)) })
	return list
}

func (r *restorer) restoreAltnames(want, is link) {
	was, now := altnames(want), altnames(is)
	send := func(kind, flags uint16, names []string) {
		if len(names) == 0 {
			return
		}
		var list []byte
		for _, n := range names {
			list = putText(list, iflaAltName, n)
		}
		r.request("link "+want.name+" altnames", kind, flags, put(ifinfo(is.index, 0, 0), iflaPropList|nested, list))
	}
	send(rtmDelLinkProp, 0, subtract(now, was))
	send(rtmNewLinkProp, unix.NLM_F_EXCL|unix.NLM_F_CREATE|unix.NLM_F_APPEND, subtract(was, now))
}

// settable are attributes of links that are set as they are shown.
var settable = []uint16{unix.IFLA_MTU, unix.IFLA_TXQLEN, unix.IFLA_GROUP, unix.IFLA_LINKMODE, unix.IFLA_BROADCAST,
	unix.IFLA_GSO_MAX_SEGS, unix.IFLA_GSO_MAX_SIZE, 58, 63, 64, unix.IFLA_PROTO_DOWN}

// Flags of links that can be set (rtnetlink.c: do_setlink). IFF_UP comes last.
const settableFlags = unix.IFF_NOARP | unix.IFF_PROMISC | unix.IFF_ALLMULTI | unix.IFF_MULTICAST | unix.IFF_DEBUG | unix.IFF_NOTRAILERS | unix.IFF_DYNAMIC

func (r *restorer) restoreLinks() {
	r.eachLink(func(want, is link) {
		if want.flags&unix.IFF_UP == 0 && is.flags&unix.IFF_UP != 0 {
			r.change(is, "flags", ifinfo(is.index, 0, unix.IFF_UP))
		}
	})
	// Masters first: their options decide which a port may have.
	list := func(masters bool) {
		r.eachLink(func(want, is link) {
			if (want.master == 0) == masters {
				r.restoreLink(want, is)
			}
		})
	}
	list(true)
	if r.restorePorts() && r.look(0) != nil {
		return
	}
	list(false)
	r.eachLink(func(want, is link) {
		if want.flags&unix.IFF_UP != 0 && is.flags&unix.IFF_UP == 0 {
			r.change(is, "flags", ifinfo(is.index, unix.IFF_UP, unix.IFF_UP))
		}
	})
}

func (r *restorer) restoreLink(want, is link) {
	if want.flags == is.flags && bytes.Equal(want.attrs, is.attrs) {
		return
	}
	for _, kind := range settable {
		if a, b := find(want.attrs, kind), find(is.attrs, kind); a != nil && string(a) != string(b) {
			r.change(is, linkTable[kind].name, put(ifinfo(is.index, 0, 0), kind, a))
		}
	}
	if a, b := find(want.attrs, unix.IFLA_IFALIAS), find(is.attrs, unix.IFLA_IFALIAS); string(a) != string(b) {
		r.change(is, "alias", put(ifinfo(is.index, 0, 0), unix.IFLA_IFALIAS, a))
	}
	if diff := (want.flags ^ is.flags) & settableFlags; diff != 0 {
		r.change(is, "flags", ifinfo(is.index, want.flags&diff, diff))
	}
	if want.master != is.master {
		r.change(is, "master", put32(ifinfo(is.index, 0, 0), unix.IFLA_MASTER, uint32(want.master)))
	}
	r.restoreInet6(want, is)
	r.restoreOptions(want, is, unix.IFLA_INFO_KIND, unix.IFLA_INFO_DATA, kindTables[want.kind])
	if want.master != 0 {
		r.restoreOptions(want, is, unix.IFLA_INFO_SLAVE_KIND, unix.IFLA_INFO_SLAVE_DATA, slaveTables[want.slaveKind()])
	}
}

// restoreInet6 restores how a link makes its IPv6 addresses.
func (r *restorer) restoreInet6(want, is link) {
	for _, kind := range []uint16{unix.IFLA_INET6_ADDR_GEN_MODE, unix.IFLA_INET6_TOKEN} {
		a := find(want.attrs, unix.IFLA_AF_SPEC, unix.AF_INET6, kind)
		if a == nil || string(a) == string(find(is.attrs, unix.IFLA_AF_SPEC, unix.AF_INET6, kind)) {
			continue
		}
		spec := put(nil, unix.AF_INET6|nested, put(nil, kind, a))
		r.change(is, "inet6 "+inet6Table[kind].name, put(ifinfo(is.index, 0, 0), unix.IFLA_AF_SPEC|nested, spec))
	}
}

// restoreOptions restores the options of a kind of link, or of the port of a
// kind of master: only those that differ, one by one, for some cannot be
// changed, and one refusal would keep the rest from being set.
func (r *restorer) restoreOptions(want, is link, kindAttr, dataAttr uint16, t table) {
	kind := find(want.attrs, unix.IFLA_LINKINFO, kindAttr)
	now := find(is.attrs, unix.IFLA_LINKINFO, dataAttr)
	each(find(want.attrs, unix.IFLA_LINKINFO, dataAttr), func(a uint16, data []byte) {
		s, known := t[a]
		if known && s.omit&settings != 0 || string(find(now, a)) == string(data) {
			return
		}
		if !known {
			s.name = "attr" + strconv.Itoa(int(a))
		}
		info := put(nil, kindAttr, kind)
		info = put(info, dataAttr|nested, put(nil, a, data))
		r.request("link "+is.name+" "+cString(kind)+" "+s.name, unix.RTM_NEWLINK, 0, put(ifinfo(is.index, 0, 0), unix.IFLA_LINKINFO|nested, info))
	})
}

// restoreMACs comes after the masters: the MAC of a bridge follows that of its
// ports until it is set once (br_stp_if.c: br_stp_recalculate_bridge_id), so it
// is set only if it did not come back by itself.
func (r *restorer) restoreMACs() {
	r.eachLink(func(want, is link) {
		a, b := find(want.attrs, unix.IFLA_ADDRESS), find(is.attrs, unix.IFLA_ADDRESS)
		if len(a) > 0 && !slices.Equal(a, b) && !(want.kind == "bridge" && want.blank()) {
			r.change(is, "mac", put(ifinfo(is.index, 0, 0), unix.IFLA_ADDRESS, a))
		}
	})
	// A link that had to go down for it comes up again.
	if r.fresh(0) == nil {
		r.eachLink(func(want, is link) {
			if want.flags&unix.IFF_UP != 0 && is.flags&unix.IFF_UP == 0 {
				r.change(is, "flags", ifinfo(is.index, unix.IFF_UP, unix.IFF_UP))
			}
		})
	}
}
