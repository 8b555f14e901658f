package image

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Flags of links that follow from carrier.
const passingFlags = unix.IFF_RUNNING | 0x10000 | 0x20000 | 0x40000 // LOWER_UP, DORMANT, ECHO

func (c *canvas) drawLinks() {
	for _, l := range c.img.links() {
		c.drawLink(l)
	}
}

func (c *canvas) drawLink(l link) {
	about := "link " + l.name
	say := func(what, value string) { c.add(secLink, about+" "+what, value, l.name) }
	flags := l.flags
	if c.form&settings != 0 {
		flags &^= passingFlags
	}
	say("flags", fmt.Sprintf("%#x", flags))
	if c.form&Indexed != 0 {
		say("index", strconv.Itoa(int(l.index)))
	}
	if up := find(l.attrs, unix.IFLA_LINK); up != nil {
		say("parent", c.parent(l, int32(u32of(up))))
	}
	for _, p := range c.pairs(linkTable, without(l.attrs, unix.IFLA_LINKINFO, unix.IFLA_AF_SPEC)) {
		say(p.name, p.value)
	}
	say("kind", l.kind)
	info := find(l.attrs, unix.IFLA_LINKINFO)
	for _, p := range c.pairs(kindTables[l.kind], find(info, unix.IFLA_INFO_DATA)) {
		say(l.kind+" "+p.name, p.value)
	}
	slave := l.slaveKind()
	for _, p := range c.pairs(slaveTables[slave], find(info, unix.IFLA_INFO_SLAVE_DATA)) {
		say(slave+" port "+p.name, p.value)
	}
	for _, p := range c.pairs(inetTable, find(l.attrs, unix.IFLA_AF_SPEC, unix.AF_INET)) {
		say("inet "+p.name, p.value)
	}
	for _, p := range c.pairs(inet6Table, find(l.attrs, unix.IFLA_AF_SPEC, unix.AF_INET6)) {
		say("inet6 "+p.name, p.value)
	}
}

// parent names the link below one, or a veth's other end.
func (c *canvas) parent(l link, index int32) string {
	if l.peer < 0 {
		return c.link(index)
	}
	where, ok := c.img.Peers[l.peer]
	if !ok {
		where = "a namespace without a name"
	}
	far := c.img.Far[l.name]
	if c.form&Indexed != 0 {
		far += " #" + strconv.Itoa(int(index))
	}
	return strings.TrimSpace(far + " in " + where)
}

// drawVLANs shows the VLANs of a port (struct bridge_vlan_info).
func (c *canvas) drawVLANs() {
	for _, m := range c.img.Dumps[secPort] {
		if len(m.Data) < unix.SizeofIfInfomsg {
			continue
		}
		name := c.link(int32(native.Uint32(m.Data[4:])))
		each(find(m.Data[unix.SizeofIfInfomsg:], unix.IFLA_AF_SPEC), func(kind uint16, b []byte) {
			switch {
			case kind == bridgeVLANInfo && len(b) == 4:
				c.add(secPort, "vlans "+name, fmt.Sprintf("%d flags=%#x", native.Uint16(b[2:]), native.Uint16(b)), name)
			case kind > 1: // 0 and 1 say whose ports these are
				c.add(secPort, "vlans "+name, fmt.Sprintf("attr%d=%s", kind, hexed(c.view, b)), name)
			}
		})
	}
	for _, m := range c.img.Dumps[secVLAN] {
		if len(m.Data) < 8 {
			continue
		}
		name := c.link(int32(native.Uint32(m.Data[4:])))
		each(m.Data[8:], func(kind uint16, b []byte) {
			c.add(secVLAN, "vlan options "+name, c.words(table{5: {"stats", hexed, always}}, b), name)
		})
	}
}

// bridgeVLANInfo is IFLA_BRIDGE_VLAN_INFO (linux/if_bridge.h).
const bridgeVLANInfo = 2

func (c *canvas) drawFeatures() {
	if c.form == Portable {
		return
	}
	for _, m := range c.img.Dumps[secFeatures] {
		if len(m.Data) < sizeofGenlHdr {
			continue
		}
		a := m.Data[sizeofGenlHdr:]
		name := cString(find(a, ethtoolAHeader, ethtoolAHeaderName))
		for _, p := range c.pairs(featureTable, a) {
			c.add(secFeatures, "features "+name+" "+p.name, p.value, name)
		}
	}
}

// featureTable are the attributes of ETHTOOL_MSG_FEATURES_GET_REPLY.
var featureTable = table{1: {"of", hexed, always}, 2: {"hardware", hexed, settings}, 3: {"wanted", hexed, 0}, 4: {"active", hexed, settings}, 5: {"nochange", hexed, settings}}

func (c *canvas) drawSysfs() {
	if c.form == Portable {
		return
	}
	for path, value := range c.img.Sysfs {
		name, what, _ := strings.Cut(path, "/")
		if what == "name_assign_type" {
			continue // 3 becomes 4 with the first rename, for ever, and nothing looks at it
		}
		c.add("sysfs", "sysfs "+name+" "+what, value, name)
	}
}
