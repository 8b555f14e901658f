package kernel

import (
	"bytes"
	"slices"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// Attributes and messages newer than golang.org/x/sys/unix, or missing there
// (linux/if_link.h, if_bridge.h, neighbour.h).
const (
	rtmNewMDB = 84
	rtmGetMDB = 86

	sizeofBrPortMsg  = 8
	sizeofBrMDBEntry = 28
	mdbPermanent     = 1

	ntfMaster     = 1 << 2
	ntfProxy      = 1 << 3
	ntfExtLearned = 1 << 4
	ntfSticky     = 1 << 6
)

// alt lists the alternative names of an interface.
func (l *link) alt() []string {
	var out []string
	eachAttr(l.raw[unix.SizeofIfInfomsg:], func(kind uint16, data []byte) {
		if kind != unix.IFLA_PROP_LIST {
			return
		}
		eachAttr(data, func(kind uint16, data []byte) {
			if kind == unix.IFLA_ALT_IFNAME {
				out = append(out, cString(data))
			}
		})
	})
	return out
}

// altNames adds or removes alternative names (RTM_NEWLINKPROP, RTM_DELLINKPROP).
func altNames(kind uint16, index int, names []string) *message {
	flags := uint16(0)
	if kind == unix.RTM_NEWLINKPROP {
		flags = unix.NLM_F_CREATE | unix.NLM_F_APPEND | unix.NLM_F_EXCL
	}
	m := newMessage(kind, flags, unix.SizeofIfInfomsg)
	native.PutUint32(m.head()[4:], uint32(index))
	m.nest(unix.IFLA_PROP_LIST|unix.NLA_F_NESTED, func() {
		for _, n := range names {
			m.text(host.FieldNone, unix.IFLA_ALT_IFNAME, n)
		}
	})
	return m
}

// port gives the attributes that an interface has as a port.
func (l *link) port() (kind string, data []byte) {
	info := parseAttrs(l.raw[unix.SizeofIfInfomsg:]).nest(unix.IFLA_LINKINFO)
	return info.text(nl.IFLA_INFO_SLAVE_KIND), bytes.Clone(info[nl.IFLA_INFO_SLAVE_DATA])
}

// tomb is what tells an interface from others. The MAC that a bond gives to its
// ports is not their own.
func (b *body) tomb() (host.Tomb, error) {
	id, err := b.sp.id()
	t := host.Tomb{NS: b.sp.name, Space: id, Name: b.name, Kind: b.kind, Index: b.index, MAC: b.mac}
	if kind, _ := b.port(); host.Aggregates(kind) {
		t.MAC = ""
	}
	return t, err
}

// survey writes down what is lost in one namespace when bodies are buried.
func (f *funeral) survey(sp *space, bodies []*body, graves map[*body]host.Grave) (host.Table, error) {
	var table host.Table
	addrs, err := sp.rawAddrs(0)
	if err != nil {
		return table, err
	}
	neighs, err := sp.rawNeighs()
	if err != nil {
		return table, err
	}
	var ports bridgeTables
	if slices.ContainsFunc(bodies, func(b *body) bool { return b.master != 0 }) {
		if ports, err = sp.bridgeTables(); err != nil {
			return table, err
		}
	}
	addrsOf, neighsOf := byLink(addrs), byLink(neighs)
	indexes := map[int]bool{}
	var own [][]byte
	for _, b := range bodies {
		g, err := b.grave()
		if err != nil {
			return table, err
		}
		g.Addrs = addrsOf[b.index]
		for _, n := range neighsOf[b.index] {
			if state := native.Uint16(n[8:]); state&unix.NUD_PERMANENT != 0 || n[10]&ntfProxy != 0 {
				g.Neighs = append(g.Neighs, n)
			}
		}
		if b.master != 0 {
			g.FDB, g.MDB, g.VLANs = ports.of(b)
		}
		graves[b] = g
		indexes[b.index] = true
		own = append(own, g.Addrs...)
		table.NS, table.Space = g.NS, g.Space
	}
	table.Nexthops, table.Routes, err = sp.lostRoutes(indexes, own)
	return table, err
}

func (b *body) grave() (host.Grave, error) {
	t, err := b.tomb()
	up := b.flags&unix.IFF_UP != 0
	g := host.Grave{Tomb: t, Stays: b.stays, Up: up, Ready: up && (b.oper == operUp || b.oper == operUnknown),
		Alt: b.alt(), Master: b.master, GenMode: b.genMode()}
	if b.master != 0 {
		g.PortKind, g.Port = b.port()
	}
	return g, err
}

// about filters messages that have an interface's index behind four bytes.
func about(list [][]byte, index int) [][]byte {
	var out [][]byte
	for _, b := range list {
		if aboutLink(b) == index {
			out = append(out, b)
		}
	}
	return out
}

// byLink sorts such messages by their interface.
func byLink(list [][]byte) map[int][][]byte {
	out := map[int][][]byte{}
	for _, b := range list {
		out[aboutLink(b)] = append(out[aboutLink(b)], b)
	}
	return out
}

func aboutLink(b []byte) int { return int(native.Uint32(b[4:])) }

// rawNeighs lists neighbours and proxies.
func (sp *space) rawNeighs() ([][]byte, error) {
	list, err := sp.list(unix.RTM_GETNEIGH, unix.RTM_NEWNEIGH, make([]byte, unix.SizeofNdMsg))
	if err != nil {
		return nil, err
	}
	proxy := make([]byte, unix.SizeofNdMsg)
	proxy[10] = ntfProxy
	more, err := sp.list(unix.RTM_GETNEIGH, unix.RTM_NEWNEIGH, proxy)
	return append(list, more...), err
}

// bridgeTables are what the bridges of a namespace were told about their ports,
// by port.
type bridgeTables struct {
	fdb, mdb, vlans map[int][][]byte
}

func (sp *space) bridgeTables() (t bridgeTables, err error) {
	entries, err := sp.fdb()
	if err != nil {
		return t, err
	}
	t.fdb = byLink(entries)
	if t.mdb, err = sp.permanentGroups(); err != nil {
		return t, err
	}
	t.vlans, err = sp.portVLANs()
	return t, err
}

// of picks static entries of the forwarding table, permanent multicast groups
// and VLANs of a port.
func (t bridgeTables) of(b *body) (fdb, mdb, vlans [][]byte) {
	if kind, _ := b.port(); kind != "bridge" {
		return nil, nil, t.vlans[b.index]
	}
	for _, e := range t.fdb[b.index] {
		a := parseAttrs(e[unix.SizeofNdMsg:])
		still := native.Uint16(e[8:])&(unix.NUD_PERMANENT|unix.NUD_NOARP) != 0 || e[10]&(ntfExtLearned|ntfSticky) != 0
		if still && int(a.u32(unix.NDA_MASTER)) == b.master {
			fdb = append(fdb, e)
		}
	}
	return fdb, t.mdb[b.index], t.vlans[b.index]
}

func (sp *space) fdb() ([][]byte, error) {
	ask := make([]byte, unix.SizeofNdMsg)
	ask[0] = unix.AF_BRIDGE
	return sp.list(unix.RTM_GETNEIGH, unix.RTM_NEWNEIGH, ask)
}

// permanentGroups finds the permanent multicast groups of ports: MDBA_MDB holds
// MDBA_MDB_ENTRY holds MDBA_MDB_ENTRY_INFO, each of kind 1.
func (sp *space) permanentGroups() (map[int][][]byte, error) {
	ask := make([]byte, sizeofBrPortMsg)
	ask[0] = unix.AF_BRIDGE
	bridges, err := sp.list(rtmGetMDB, rtmGetMDB, ask)
	out := map[int][][]byte{}
	for _, m := range bridges {
		eachAttr(m[sizeofBrPortMsg:], func(kind uint16, mdb []byte) {
			if kind != 1 {
				return
			}
			eachAttr(mdb, func(_ uint16, entry []byte) {
				eachAttr(entry, func(_ uint16, info []byte) {
					if len(info) >= sizeofBrMDBEntry && info[4] == mdbPermanent {
						port := int(native.Uint32(info))
						out[port] = append(out[port], bytes.Clone(info))
					}
				})
			})
		})
	}
	return out, err
}
