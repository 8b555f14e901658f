package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

func (r *restorer) restoreNeighs() {
	of := func(m Message) neigh { n, _ := neighOf(m); return n }
	say := func(v *view, m Message) string { return v.neigh(of(m)) }
	for _, s := range []section{secNeigh, secProxy} {
		key := func(v *view, m Message) string {
			if n := of(m); s == secProxy || n.set() && n.family != afBridge {
				return v.neighKey(n)
			}
			return ""
		}
		r.differences(s, key, say, func(key string, want, is []Message) {
			if len(want) == 0 {
				r.request(key, unix.RTM_DELNEIGH, 0, neighBody(is[0]))
				return
			}
			r.request(key, unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, neighBody(want[0]))
		})
	}
}

// ntfOffloaded is what drivers say of an entry (NTF_OFFLOADED).
const ntfOffloaded = 0x20

// neighBody makes a request of a neighbour as it was shown.
func neighBody(m Message) []byte {
	body := slices.Clone(m.Data[:unix.SizeofNdMsg])
	body[10] &^= ntfOffloaded
	if body[10]&ntfProxy != 0 {
		native.PutUint16(body[8:], unix.NUD_PERMANENT) // which is not shown of one
	}
	return append(body, without(m.Data[unix.SizeofNdMsg:], unix.NDA_CACHEINFO, unix.NDA_PROBES, unix.NDA_MASTER)...)
}

// restoreBridges restores forwarding entries, groups and VLANs of bridges.
func (r *restorer) restoreBridges() {
	of := func(m Message) neigh { n, _ := neighOf(m); return n }
	macs := map[string]bool{}
	for _, l := range r.now.links() {
		macs[string(find(l.attrs, unix.IFLA_ADDRESS))] = true
	}
	key := func(v *view, m Message) string {
		n := of(m)
		// The kernel keeps those of the ports and bridges themselves (br_fdb.c:
		// br_fdb_change_mac_address).
		local := n.state&unix.NUD_PERMANENT != 0 && find(n.attrs, unix.NDA_MASTER) != nil && macs[string(find(n.attrs, unix.NDA_LLADDR))]
		if !n.set() || n.derived() || local {
			return ""
		}
		return v.fdbKey(n)
	}
	say := func(v *view, m Message) string { return v.fdb(of(m)) }
	r.differences(secFDB, key, say, func(key string, want, is []Message) {
		add, del := loose(r.goal.view, r.view, say, want, is)
		for _, m := range del {
			r.request(key, unix.RTM_DELNEIGH, 0, fdbBody(m))
		}
		for _, m := range add {
			how := uint16(unix.NLM_F_CREATE | unix.NLM_F_REPLACE)
			if len(want) > 1 {
				how = unix.NLM_F_CREATE | unix.NLM_F_APPEND // a vxlan sends to each
			}
			r.request(key, unix.RTM_NEWNEIGH, how, fdbBody(m))
		}
	})
	r.restoreMDB()
	r.restoreVLANs()
	r.restoreSnoopers()
}

// snoopers is the MAC of the group that a bridge joins when it comes up and
// listens to multicast (RFC 4286 section 3; br_multicast.c:
// br_multicast_join_snoopers). It loses the group with IPv6, and joins again
// when listening begins anew.
const snoopers = "\x33\x33\x00\x00\x00\x6a"

const brMcastSnooping = 23 // IFLA_BR_MCAST_SNOOPING (linux/if_link.h)

func (r *restorer) restoreSnoopers() {
	shall, have := r.goal.joined(snoopers), r.now.joined(snoopers)
	for _, l := range r.now.links() {
		if l.kind != "bridge" || l.flags&unix.IFF_UP == 0 || !shall[l.index] || have[l.index] {
			continue
		}
		for _, on := range []byte{0, 1} {
			info := put(nil, unix.IFLA_INFO_KIND, []byte(l.kind))
			info = put(info, unix.IFLA_INFO_DATA|unix.NLA_F_NESTED, put(nil, brMcastSnooping, []byte{on}))
			r.request("link "+l.name+" bridge mcast_snooping", unix.RTM_NEWLINK, 0, put(ifinfo(l.index, 0, 0), unix.IFLA_LINKINFO|unix.NLA_F_NESTED, info))
		}
	}
}

// fdbBody makes a request of a forwarding entry: whose it is, the port's or
// the bridge's, is asked for by a flag that is not shown (br_fdb.c:
// fdb_fill_info).
func fdbBody(m Message) []byte {
	body := neighBody(m)
	master := find(m.Data[unix.SizeofNdMsg:], unix.NDA_MASTER)
	switch {
	case master == nil:
	case int32(u32of(master)) == dev(m):
		body[10] |= ntfSelf
	default:
		body[10] |= ntfMaster
	}
	return body
}

// mdbaSetEntry is MDBA_SET_ENTRY.
const mdbaSetEntry = 1

func (r *restorer) restoreMDB() {
	list := func(v *view) map[string]mdb {
		out := map[string]mdb{}
		for _, m := range v.img.Dumps[secMDB] {
			for _, e := range mdbsOf(m) {
				if e.permanent() {
					out[v.mdbKey(e)] = e
				}
			}
		}
		return out
	}
	send := func(key string, kind, flags uint16, e mdb) {
		body := header(8, afBridge)
		native.PutUint32(body[4:], uint32(e.bridge))
		entry := slices.Clone(e.entry)
		entry[5] = 0 // flags are shown only
		r.request(key, kind, flags, put(body, mdbaSetEntry, entry))
	}
	want, is := list(r.goal.view), list(r.view)
	for key, e := range is {
		if _, ok := want[key]; !ok {
			send(key, rtmDelMDB, 0, e)
		}
	}
	for key, e := range want {
		if _, ok := is[key]; !ok {
			send(key, rtmNewMDB, unix.NLM_F_CREATE, e)
		}
	}
}

// A portVLAN is a VLAN of a port, or of a bridge itself.
type portVLAN struct {
	index int32
	id    uint16
}

// portVLANs lists them with their struct bridge_vlan_info.
func (img *Image) portVLANs() map[portVLAN][]byte {
	out := map[portVLAN][]byte{}
	for _, m := range img.Dumps[secPort] {
		if len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		each(find(m.Data[unix.SizeofIfInfomsg:], unix.IFLA_AF_SPEC), func(kind uint16, b []byte) {
			if kind == bridgeVLANInfo && len(b) == 4 {
				out[portVLAN{dev(m), native.Uint16(b[2:])}] = b
			}
		})
	}
	return out
}

// restoreVLANs restores the VLANs of ports (IFLA_BRIDGE_VLAN_INFO): a port that
// joins a bridge anew has only the default one.
//
// Where a bridge has the address of a port, its own entry in the forwarding
// table takes the place of the port's while the port lacks the VLAN, and goes
// back when the bridge leaves the VLAN (br_fdb.c: fdb_delete_local).
func (r *restorer) restoreVLANs() {
	want, is := r.goal.portVLANs(), r.now.portVLANs()
	for k, info := range is {
		if want[k] == nil {
			r.setVLAN(unix.RTM_DELLINK, k, info)
		}
	}
	var bridges []portVLAN
	for k, info := range want {
		if r.bridge(k.index) {
			bridges = append(bridges, k)
			continue
		}
		if string(is[k]) != string(info) {
			r.setVLAN(unix.RTM_SETLINK, k, info)
		}
		if own := (portVLAN{r.namesake(k.index), k.id}); is[k] == nil && is[own] != nil && want[own] != nil {
			r.setVLAN(unix.RTM_DELLINK, own, is[own])
			delete(is, own)
		}
	}
	for _, k := range bridges {
		if string(is[k]) != string(want[k]) {
			r.setVLAN(unix.RTM_SETLINK, k, want[k])
		}
	}
}

// setVLAN gives a port or a bridge a VLAN, or takes it.
func (r *restorer) setVLAN(kind uint16, k portVLAN, info []byte) {
	body := ifinfo(k.index, 0, 0)
	body[0] = afBridge
	spec := put(nil, bridgeVLANInfo, info)
	if r.bridge(k.index) {
		spec = put(put(nil, 0, native.AppendUint16(nil, bridgeFlagSelf)), bridgeVLANInfo, info)
	}
	r.request("vlans "+r.view.link(k.index), kind, 0, put(body, unix.IFLA_AF_SPEC|nested, spec))
}

// namesake is the bridge of a port if both have one address, else 0.
func (r *restorer) namesake(port int32) int32 {
	address := map[int32]string{}
	var master int32
	for _, l := range r.now.links() {
		address[l.index] = string(find(l.attrs, unix.IFLA_ADDRESS))
		if l.index == port {
			master = l.master
		}
	}
	if address[master] != address[port] {
		return 0
	}
	return master
}

// bridgeFlagSelf is BRIDGE_FLAGS_SELF: the VLANs of the bridge itself.
const bridgeFlagSelf = 2

func (r *restorer) bridge(index int32) bool {
	return slices.ContainsFunc(r.now.links(), func(l link) bool { return l.index == index && l.kind == "bridge" })
}

func (r *restorer) restoreLabels() {
	key := func(v *view, m Message) string { return string(m.Data[:12]) + string(find(m.Data[12:], 1)) }
	say := func(v *view, m Message) string { return string(find(m.Data[12:], 2)) }
	r.differences(secLabel, key, say, func(_ string, want, is []Message) {
		for _, m := range is {
			r.request("addrlabel", unix.RTM_DELADDRLABEL, 0, m.Data)
		}
		for _, m := range want {
			r.request("addrlabel", unix.RTM_NEWADDRLABEL, unix.NLM_F_CREATE|unix.NLM_F_EXCL, m.Data)
		}
	})
}
