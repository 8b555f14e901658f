package image

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Flags of IPv6 addresses that may be asked for (addrconf.c:
// inet6_rtm_newaddr), and the one of addresses that the kernel invents.
const (
	addr6Flags = unix.IFA_F_NODAD | unix.IFA_F_HOMEADDRESS | unix.IFA_F_MANAGETEMPADDR | unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_MCAUTOJOIN | unix.IFA_F_OPTIMISTIC
	temporary  = unix.IFA_F_TEMPORARY
)

// restoreAddrs makes the lists of addresses equal, in order.
func (r *restorer) restoreAddrs() {
	type list struct {
		index  int32
		family byte
		scope  int // of IPv6: the kernel sorts by it
	}
	group := func(img *Image) (map[list][]Message, []list) {
		out := map[list][]Message{}
		var order []list
		for _, m := range img.Dumps[secAddr] {
			k := list{dev(m), m.Data[0], 0}
			if k.family == unix.AF_INET6 {
				k.scope = scopeOf(m)
			}
			if out[k] == nil {
				order = append(order, k)
			}
			out[k] = append(out[k], m)
		}
		return out, order
	}
	want, keys := group(r.goal.Image)
	is, others := group(r.now)
	bare := r.bareAddrs()
	for _, k := range others {
		if want[k] == nil {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		if k.family == unix.AF_INET6 {
			r.restoreAddrs6(want[k], is[k], bare)
		} else {
			r.restoreAddrs4(want[k], is[k])
		}
	}
}

// scopeOf tells where an IPv6 address stands in its list (ipv6_addr_src_scope).
func scopeOf(m Message) int {
	a, _ := netip.AddrFromSlice(find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_ADDRESS))
	switch {
	case a.IsLinkLocalUnicast():
		return 2
	case a.IsLoopback():
		return 1
	}
	return 14
}

// restoreAddrs4 keeps what both lists begin with. The rest is taken away from
// the end on, so that no primary takes its secondaries along or leaves its
// place to one of them, and added in order.
func (r *restorer) restoreAddrs4(want, is []Message) {
	same := 0
	for same < len(want) && same < len(is) && r.goal.view.addr(want[same]) == r.view.addr(is[same]) {
		same++
	}
	for _, m := range slices.Backward(is[same:]) {
		r.delAddr(m)
	}
	for _, m := range want[same:] {
		r.addAddr(m, unix.NLM_F_CREATE|unix.NLM_F_EXCL, u32of(find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_FLAGS)))
	}
}

// restoreAddrs6 keeps what both lists end with: a new address is put before
// the others (addrconf.c: ipv6_link_dev_addr).
func (r *restorer) restoreAddrs6(want, is []Message, bare map[string]bool) {
	same := 0
	for same < len(want) && same < len(is) {
		m, n := want[len(want)-1-same], is[len(is)-1-same]
		if r.goal.view.addr(m) != r.view.addr(n) || bare[localKey(dev(m), find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_ADDRESS))] {
			break
		}
		same++
	}
	for _, m := range is[:len(is)-same] {
		r.delAddr(m)
	}
	for _, m := range slices.Backward(want[:len(want)-same]) {
		flags := u32of(find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_FLAGS))
		if flags&temporary != 0 {
			r.lost["addr "+r.view.link(dev(m))] = "temporary addresses are made by the kernel"
			continue
		}
		// Without duplicate address detection: it was there before. Replacing it
		// takes the mark away that it was not checked.
		if r.addAddr(m, unix.NLM_F_CREATE|unix.NLM_F_EXCL, flags&addr6Flags|unix.IFA_F_NODAD) && flags&unix.IFA_F_NODAD == 0 {
			r.addAddr(m, unix.NLM_F_REPLACE, flags&addr6Flags)
		}
	}
}

// bareAddrs finds the addresses that have lost the route to themselves. It can
// only be had by adding the address anew.
func (r *restorer) bareAddrs() map[string]bool {
	list := func(img *Image) map[string]bool {
		out := map[string]bool{}
		for _, m := range img.Dumps[secRoute6] {
			if route := routeOf(m); route.made() && route.bits == 128 {
				out[localKey(int32(u32of(find(route.attrs, unix.RTA_OIF))), route.dst)] = true
			}
		}
		return out
	}
	bare := list(r.goal.Image)
	for key := range list(r.now) {
		delete(bare, key)
	}
	return bare
}

func localKey(index int32, addr []byte) string { return strconv.Itoa(int(index)) + " " + string(addr) }

func (r *restorer) delAddr(m Message) {
	const head = unix.SizeofIfAddrmsg
	body := slices.Clone(m.Data[:head])
	for _, kind := range []uint16{unix.IFA_LOCAL, unix.IFA_ADDRESS} {
		if a := find(m.Data[head:], kind); a != nil {
			body = put(body, kind, a)
		}
	}
	r.request("addr "+r.view.link(dev(m))+" "+familyName(m.Data[0]), unix.RTM_DELADDR, 0, body)
}

// addAddr adds an address as it was shown. Its lifetimes have gone on.
func (r *restorer) addAddr(m Message, how uint16, flags uint32) bool {
	const head = unix.SizeofIfAddrmsg
	body := slices.Clone(m.Data[:head])
	body[2] = 0 // the old place of the flags
	passed := uint32(time.Since(r.pre.Taken) / time.Second)
	body = append(body, edit(m.Data[head:], func(kind uint16, data []byte) ([]byte, bool) {
		switch kind {
		case unix.IFA_FLAGS:
			return native.AppendUint32(nil, flags), true
		case unix.IFA_CACHEINFO:
			data = slices.Clone(data)
			for i := 0; i+4 <= min(8, len(data)); i += 4 {
				if left := native.Uint32(data[i:]); left != forever {
					native.PutUint32(data[i:], max(left, passed+1)-passed)
				}
			}
			if len(data) >= 8 && native.Uint32(data) > native.Uint32(data[4:]) {
				copy(data, data[4:8]) // preferred no longer than valid
			}
		}
		return data, true
	})...)
	return r.request("addr "+r.view.link(dev(m))+" "+familyName(m.Data[0]), unix.RTM_NEWADDR, how, body)
}
