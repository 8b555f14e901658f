package kernel

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// stripAddrs removes the addresses of an interface, the last first: a
// secondary must not take the place of its primary.
func (sp *space) stripAddrs(index int) error {
	list, err := sp.rawAddrs(index)
	if err != nil {
		return err
	}
	for _, b := range slices.Backward(list) {
		if err := sp.dropAddr(b); err != nil {
			return err
		}
	}
	return nil
}

func (sp *space) dropAddr(b []byte) error {
	body := append(plainAddr(b)[:unix.SizeofIfAddrmsg:unix.SizeofIfAddrmsg],
		onlyAttrs(b[unix.SizeofIfAddrmsg:], unix.IFA_LOCAL, unix.IFA_ADDRESS, unix.IFA_LABEL)...)
	return sp.tell(told(unix.RTM_DELADDR, 0, body), unix.EADDRNOTAVAIL)
}

func addrBits(b []byte) uint32 {
	return parseAttrs(b[unix.SizeofIfAddrmsg:]).u32(unix.IFA_FLAGS)
}

func finite(b []byte) bool { return addrBits(b)&unix.IFA_F_PERMANENT == 0 }

func sameAddr(a, b []byte) bool {
	return bytes.Equal(plainAddr(a), plainAddr(b)) && finite(a) == finite(b)
}

// given says whether the kernel gives an interface this address by itself, at
// its own time.
func given(b []byte) bool {
	return b[0] == unix.AF_INET6 && parseAttrs(b[unix.SizeofIfAddrmsg:]).u8(ifaProto) == protoLink
}

// restoreAddrs puts addresses back in their order: those that are there from
// the first difference on are laid anew. IPv6 lists the newest first.
func (sp *space) restoreAddrs(index int, g host.Grave, taken elapsed) error {
	have, err := sp.rawAddrs(index)
	if err != nil {
		return err
	}
	for _, family := range families {
		other := func(b []byte) bool {
			return b[0] != family || family == unix.AF_INET6 && addrBits(b)&unix.IFA_F_TEMPORARY != 0
		}
		now := slices.DeleteFunc(slices.Clone(have), other)
		want := slices.DeleteFunc(slices.Clone(g.Addrs), other)
		if family == unix.AF_INET6 {
			slices.Reverse(now)
			slices.Reverse(want)
			if !g.Ready && !slices.ContainsFunc(want, given) {
				now = slices.DeleteFunc(now, given)
			}
		}
		same := 0
		for same < len(now) && same < len(want) && sameAddr(now[same], want[same]) {
			same++
		}
		for _, b := range slices.Backward(now[same:]) {
			if err := sp.dropAddr(b); err != nil {
				return trouble(g, "its addresses", err)
			}
		}
		for _, b := range want[same:] {
			if err := sp.putAddr(b, taken); err != nil {
				return trouble(g, "address "+parseAddr(g.NS, b, func(int) string { return g.Name }).Prefix.String(), err)
			}
		}
	}
	return nil
}

// putAddr adds an address as it was. Duplicate detection was over, and is not
// begun again: an address added without it may lose that flag afterwards.
func (sp *space) putAddr(b []byte, taken elapsed) error {
	plain := plainAddr(b)
	var life []byte
	if info := parseAttrs(b[unix.SizeofIfAddrmsg:])[unix.IFA_CACHEINFO]; finite(b) && len(info) >= unix.SizeofIfaCacheinfo {
		life = bytes.Clone(info)
		native.PutUint32(life, taken.left(native.Uint32(info)))
		native.PutUint32(life[4:], taken.left(native.Uint32(info[4:])))
		if native.Uint32(life[4:]) == 0 {
			return nil // it would be gone by now
		}
	}
	put := func(flags uint16, nodad bool) error {
		body := append(plain[:unix.SizeofIfAddrmsg:unix.SizeofIfAddrmsg], editAttrs(plain[unix.SizeofIfAddrmsg:], func(kind uint16, data []byte) ([]byte, bool) {
			if kind == unix.IFA_FLAGS && nodad {
				return native.AppendUint32(nil, native.Uint32(data)|unix.IFA_F_NODAD), true
			}
			return data, true
		})...)
		m := told(unix.RTM_NEWADDR, flags, body)
		if life != nil {
			m.put(host.FieldNone, unix.IFA_CACHEINFO, life)
		}
		return sp.tell(m, unix.EEXIST)
	}
	if b[0] != unix.AF_INET6 || addrBits(b)&unix.IFA_F_NODAD != 0 {
		return put(unix.NLM_F_CREATE|unix.NLM_F_EXCL, false)
	}
	if err := put(unix.NLM_F_CREATE|unix.NLM_F_EXCL, true); err != nil {
		return err
	}
	return put(unix.NLM_F_REPLACE, false)
}

// dropExtra removes routes that the kernel made for addresses where there were
// none: somebody had removed them.
func (sp *space) dropExtra(op host.LinkExhume, g host.Grave) error {
	wanted := map[string]bool{}
	for _, t := range op.Tables {
		for _, b := range t.Routes {
			if t.Space == g.Space {
				wanted[routeKey(b)] = true
			}
		}
	}
	list, err := sp.keptRoutes()
	if err != nil {
		return err
	}
	for _, b := range list {
		if b[5] != unix.RTPROT_KERNEL || wanted[routeKey(b)] || !leavesBy(b, map[int]bool{g.Index: true}) || !g.Ready && linkLocal(b) {
			continue
		}
		if err := sp.tell(told(unix.RTM_DELROUTE, 0, plainRoute(b)), unix.ESRCH); err != nil {
			return err
		}
	}
	return nil
}

// linkLocal says whether a route is one that the kernel makes once an
// interface is ready.
func linkLocal(b []byte) bool {
	dst, ok := netip.AddrFromSlice(parseAttrs(b[unix.SizeofRtMsg:])[unix.RTA_DST])
	return ok && dst.Is6() && (dst.IsLinkLocalUnicast() || dst.IsMulticast())
}

// plainNeigh is what asks for a neighbour. That a proxy is permanent is not
// shown.
func plainNeigh(b []byte) []byte {
	head := bytes.Clone(b[:unix.SizeofNdMsg])
	if head[10]&ntfProxy != 0 {
		native.PutUint16(head[8:], unix.NUD_PERMANENT)
	}
	return append(head, onlyAttrs(b[unix.SizeofNdMsg:], unix.NDA_DST, unix.NDA_LLADDR, unix.NDA_VLAN, unix.NDA_PORT, unix.NDA_VNI, ndaProtocol, ndaNhID)...)
}

// portSettings are the attributes of a bridge port that can be set
// (IFLA_BRPORT_, linux/if_link.h), but for its state.
var portSettings = []uint16{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 37, 39, 40, 42, 43, 44}

// restorePort sets the attributes of a port that differ.
func (sp *space) restorePort(index int, g host.Grave) error {
	l, err := sp.linkAt(index)
	if err != nil || l == nil {
		return err
	}
	_, data := l.port()
	now := parseAttrs(data)
	diff := editAttrs(g.Port, func(kind uint16, value []byte) ([]byte, bool) {
		settable := g.PortKind != "bridge" || slices.Contains(portSettings, kind)
		return value, settable && !bytes.Equal(now[kind], value)
	})
	if len(diff) == 0 || g.PortKind != "bridge" {
		return nil
	}
	m := newMessage(unix.RTM_NEWLINK, 0, unix.SizeofIfInfomsg)
	native.PutUint32(m.head()[4:], uint32(index))
	m.nest(unix.IFLA_LINKINFO|unix.NLA_F_NESTED, func() {
		m.text(host.FieldNone, unix.IFLA_INFO_SLAVE_KIND, g.PortKind)
		m.put(host.FieldNone, unix.IFLA_INFO_SLAVE_DATA|unix.NLA_F_NESTED, diff)
	})
	if err := sp.tell(m); err != nil {
		return trouble(g, "its settings as a port", err)
	}
	return nil
}

// restoreForwarding puts back what the bridge was told about a port.
func (sp *space) restoreForwarding(index int, g host.Grave) error {
	var failures []error
	if len(g.FDB) > 0 {
		have, err := sp.fdb()
		if err != nil {
			return err
		}
		have = about(have, index)
		for _, e := range g.FDB {
			if slices.ContainsFunc(have, func(h []byte) bool { return bytes.Equal(plainNeigh(h), plainNeigh(e)) }) {
				continue
			}
			m := told(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, plainNeigh(e))
			m.head()[10] |= ntfMaster
			failures = append(failures, sp.tell(m))
		}
	}
	for _, e := range g.MDB {
		m := newMessage(rtmNewMDB, unix.NLM_F_CREATE, sizeofBrPortMsg)
		m.head()[0] = unix.AF_BRIDGE
		native.PutUint32(m.head()[4:], uint32(g.Master))
		entry := bytes.Clone(e[:sizeofBrMDBEntry])
		entry[5] = 0 // flags are reported
		m.put(host.FieldNone, mdbaSetEntry, entry)
		failures = append(failures, sp.tell(m, unix.EEXIST))
	}
	return errors.Join(failures...)
}

// mdbaSetEntry is MDBA_SET_ENTRY (linux/if_bridge.h).
const mdbaSetEntry = 1
