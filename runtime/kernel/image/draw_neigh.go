package image

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Flags of neighbours (linux/neighbour.h): what marks an entry that did not
// come from traffic.
const (
	ntfSelf       = 0x02
	ntfMaster     = 0x04
	ntfExtLearned = 0x10
	ntfSticky     = 0x40
)

// A neigh is a message about a neighbour or an entry of a forwarding table
// (struct ndmsg).
type neigh struct {
	family, flags, kind byte
	index               int32
	state               uint16
	attrs               []byte
}

func neighOf(m Message) (neigh, bool) {
	d := m.Data
	if len(d) < unix.SizeofNdMsg {
		return neigh{}, false
	}
	return neigh{d[0], d[10], d[11], int32(native.Uint32(d[4:])), native.Uint16(d[8:]), d[unix.SizeofNdMsg:]}, true
}

// set reports whether somebody set the entry. What the kernel found out comes
// and goes; its own entries for broadcasts (NUD_NOARP) come with traffic too.
func (n neigh) set() bool {
	if n.family == afBridge {
		return n.state&(unix.NUD_PERMANENT|unix.NUD_NOARP) != 0 || n.flags&(ntfExtLearned|ntfSticky) != 0
	}
	return n.state&unix.NUD_PERMANENT != 0 || n.flags&ntfExtLearned != 0
}

func (v *view) neigh(n neigh) string {
	a := n.attrs
	if v.form&Portable != 0 && n.family != afBridge {
		a = without(a, unix.NDA_LLADDR)
	}
	return strings.TrimSpace(fmt.Sprintf("state=%#x flags=%#x type=%d %s", n.state, n.flags, n.kind, v.words(neighTable, without(a, unix.NDA_DST))))
}

func (v *view) neighKey(n neigh) string {
	return fmt.Sprintf("neigh %s %s %s", v.link(n.index), familyName(n.family), address(nil, find(n.attrs, unix.NDA_DST)))
}

func (c *canvas) drawNeighs() {
	for _, m := range c.img.Dumps[secNeigh] {
		if n, ok := neighOf(m); ok && n.set() && n.family != afBridge {
			c.add(secNeigh, c.neighKey(n), c.neigh(n), c.link(n.index))
		}
	}
}

func (c *canvas) drawProxies() {
	for _, m := range c.img.Dumps[secProxy] {
		if n, ok := neighOf(m); ok {
			c.add(secProxy, "proxy "+c.neighKey(n), c.neigh(n), c.link(n.index))
		}
	}
}

func (v *view) fdbKey(n neigh) string {
	return fmt.Sprintf("fdb %s %s vlan %d", v.link(n.index), mac(nil, find(n.attrs, unix.NDA_LLADDR)), vlanOf(n))
}

func vlanOf(n neigh) int {
	if b := find(n.attrs, unix.NDA_VLAN); len(b) >= 2 {
		return int(native.Uint16(b))
	}
	return 0
}

func (v *view) fdb(n neigh) string {
	return strings.TrimSpace(fmt.Sprintf("state=%#x flags=%#x %s", n.state, n.flags, v.words(neighTable, without(n.attrs, unix.NDA_LLADDR, unix.NDA_VLAN))))
}

// derived reports whether the kernel keeps an entry of a forwarding table by
// itself: the MACs of ports, and the groups a link listens to.
func (n neigh) derived() bool {
	lladdr := n.mac()
	return len(lladdr) == 6 && n.flags&ntfSelf != 0 && lladdr[0]&1 != 0 && lladdr[0] != 0xff
}

func (n neigh) mac() string { return string(find(n.attrs, unix.NDA_LLADDR)) }

func (c *canvas) drawFDB() {
	for _, m := range c.img.Dumps[secFDB] {
		n, ok := neighOf(m)
		if !ok || !n.set() || c.form&Portable != 0 && (n.derived() || n.state&unix.NUD_PERMANENT != 0) {
			continue
		}
		key := c.fdbKey(n)
		c.add(secFDB, key, c.fdb(n), c.link(n.index))
		c.loose[key] = true
	}
}

// An mdb is an entry of a bridge's table of multicast groups (struct
// br_mdb_entry and its attributes).
type mdb struct {
	bridge int32
	entry  []byte
	attrs  []byte
}

// Attributes of MDB messages, and the size of struct br_mdb_entry
// (linux/if_bridge.h).
const (
	mdbaMDB      = 1
	sizeofMDB    = 28
	mdbPermanent = 1
)

func mdbsOf(m Message) []mdb {
	if len(m.Data) < 8 {
		return nil
	}
	var list []mdb
	bridge := int32(native.Uint32(m.Data[4:]))
	each(find(m.Data[8:], mdbaMDB), func(_ uint16, entry []byte) {
		each(entry, func(_ uint16, info []byte) {
			if len(info) >= sizeofMDB {
				list = append(list, mdb{bridge, info[:sizeofMDB], info[sizeofMDB:]})
			}
		})
	})
	return list
}

func (e mdb) port() int32     { return int32(native.Uint32(e.entry)) }
func (e mdb) permanent() bool { return e.entry[4] == mdbPermanent }

func (v *view) mdbKey(e mdb) string {
	group := address(nil, e.entry[8:24])
	switch uint16(e.entry[24])<<8 | uint16(e.entry[25]) {
	case unix.ETH_P_IP:
		group = address(nil, e.entry[8:12])
	case 0:
		group = mac(nil, e.entry[8:14])
	}
	return fmt.Sprintf("mdb %s port %s %s vlan %d", v.link(e.bridge), v.link(e.port()), group, native.Uint16(e.entry[6:]))
}

func (v *view) mdb(e mdb) string {
	return fmt.Sprintf("flags=%#x %s", e.entry[5], v.words(table{1: {"timer", num, always}}, e.attrs))
}

func (c *canvas) drawMDB() {
	for _, m := range c.img.Dumps[secMDB] {
		for _, e := range mdbsOf(m) {
			if e.permanent() { // the others were heard of, and are forgotten again
				c.add(secMDB, c.mdbKey(e), c.mdb(e), c.link(e.bridge), c.link(e.port()))
			}
		}
	}
}

func (c *canvas) drawLabels() {
	for _, m := range c.img.Dumps[secLabel] {
		if len(m.Data) < 12 {
			continue
		}
		d := m.Data // struct ifaddrlblmsg
		thing := fmt.Sprintf("addrlabel %s/%d", address(nil, find(d[12:], 1)), d[2])
		dev := int32(native.Uint32(d[4:]))
		if dev != 0 {
			thing += " dev " + c.link(dev)
		}
		c.add(secLabel, thing, fmt.Sprint(u32of(find(d[12:], 2))), c.link(dev))
	}
}

// neighTblTable are the attributes of neighbour tables (enum of NDTA_UNSPEC).
var neighTblTable = table{
	1: {"name", text, always}, 5: {"config", hexed, always}, 7: {"stats", hexed, always}, 8: {"gc_interval", num, 0},
	6: {"parms", nest(table{1: {"dev", linkName, always}, 2: {"users", num, always}, 3: {"reachable_time", num, always}}), 0},
}

func (c *canvas) drawNeighTables() {
	for _, m := range c.img.Dumps[secNeighTbl] {
		if len(m.Data) < 4 {
			continue
		}
		a := m.Data[4:]
		thing := "neightbl " + cString(find(a, 1))
		dev := ""
		if index := find(a, 6, 1); index != nil {
			dev = linkName(c.view, index)
			thing += " " + dev
		}
		c.add(secNeighTbl, thing, c.words(neighTblTable, a), dev)
	}
}

func (c *canvas) drawNetconf() {
	for _, m := range c.img.Dumps[secNetconf] {
		if len(m.Data) < 4 {
			continue
		}
		a := m.Data[4:]
		index := int32(u32of(find(a, 1)))
		name := map[int32]string{-1: "all", -2: "default"}[index]
		dev := ""
		if name == "" {
			name = c.link(index)
			dev = name
		}
		c.add(secNetconf, "netconf "+familyName(m.Data[0])+" "+name, c.words(table{1: {"dev", num, always}}, a), dev)
	}
}
