package kernel

import (
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// operStates are the names of the operational states (RFC 2863, if.h) as
// ip-link(8) prints them.
var operStates = [...]string{"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"}

// host describes the interface in the words of the language. name finds the
// name of another interface of the namespace.
func (l *link) host(ns string, name func(int) string) host.Link {
	out := host.Link{
		NS: ns, Name: l.name, Kind: l.kind, MAC: l.mac, MTU: l.mtu, Alias: l.alias,
		Up: l.flags&unix.IFF_UP != 0, Promisc: l.flags&unix.IFF_PROMISC != 0, Carrier: l.flags&unix.IFF_LOWER_UP != 0,
		Index: l.index, MinMTU: l.minMTU, MaxMTU: l.maxMTU,
	}
	if l.oper < len(operStates) {
		out.Oper = operStates[l.oper]
	}
	if l.master != 0 {
		out.Master = name(l.master)
	}
	if l.kind != "veth" && l.parent != 0 && l.parent != l.index && l.peerSpace < 0 {
		out.Parent = name(l.parent)
	}
	switch l.kind {
	case "bridge":
		out.Bridge = l.bridge()
	case "tun", "tap":
		out.Tun = l.tun()
	case "macvlan":
		out.Macvlan = l.macvlan()
	case "vxlan":
		out.VXLAN = l.vxlan()
		if index := int(l.data.u32(nl.IFLA_VXLAN_LINK)); index != 0 {
			out.Parent = name(index)
		}
	}
	return out
}

func (l *link) bridge() *host.Bridge {
	stp := l.data.u32(nl.IFLA_BR_STP_STATE) != 0
	ageing := unclock(l.data.u32(nl.IFLA_BR_AGEING_TIME))
	b := &host.Bridge{STP: &stp, Ageing: &ageing}
	if l.data.has(nl.IFLA_BR_VLAN_FILTERING) { // a kernel without it says nothing
		filtering := l.data.u8(nl.IFLA_BR_VLAN_FILTERING) != 0
		b.VLANFiltering = &filtering
	}
	return b
}

// only leaves the attributes that another names too.
func only(b, named *host.Bridge) *host.Bridge {
	out := &host.Bridge{}
	if named.STP != nil {
		out.STP = b.STP
	}
	if named.VLANFiltering != nil {
		out.VLANFiltering = b.VLANFiltering
	}
	if named.Ageing != nil {
		out.Ageing = b.Ageing
	}
	return out
}

func (l *link) tun() *host.Tun {
	out := &host.Tun{MultiQueue: l.data.u8(tunMultiQueue) != 0}
	if l.data.has(tunOwner) {
		id := l.data.i32(tunOwner)
		out.User = &id
	}
	if l.data.has(tunGroup) {
		id := l.data.i32(tunGroup)
		out.Group = &id
	}
	return out
}

func (l *link) macvlan() *host.Macvlan {
	mode := l.data.u32(nl.IFLA_MACVLAN_MODE)
	for name, v := range macvlanModes {
		if v == mode {
			return &host.Macvlan{Mode: name}
		}
	}
	return &host.Macvlan{}
}

func (l *link) vxlan() *host.VXLAN {
	learning := l.data.u8(nl.IFLA_VXLAN_LEARNING) != 0
	port := l.data[nl.IFLA_VXLAN_PORT]
	out := &host.VXLAN{
		ID:       int(l.data.u32(nl.IFLA_VXLAN_ID)),
		Local:    firstAddr(l.data, nl.IFLA_VXLAN_LOCAL, nl.IFLA_VXLAN_LOCAL6),
		Remote:   firstAddr(l.data, nl.IFLA_VXLAN_GROUP, nl.IFLA_VXLAN_GROUP6),
		TTL:      l.data.u8(nl.IFLA_VXLAN_TTL),
		Learning: &learning,
	}
	if len(port) == 2 {
		out.Port = int(port[0])<<8 | int(port[1])
	}
	return out
}

// firstAddr takes the first of several attributes that holds an address other
// than zero.
func firstAddr(a attrs, kinds ...int) netip.Addr {
	for _, kind := range kinds {
		if addr, ok := netip.AddrFromSlice(a[uint16(kind)]); ok && !addr.IsUnspecified() {
			return addr
		}
	}
	return netip.Addr{}
}
