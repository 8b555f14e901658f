package model

import (
	"math"
	"net"
	"time"

	"vnet/runtime/host"
)

// Limits of links.
const (
	minMTU    = 68 // RFC 791: every internet module must forward 68 octets
	maxMTU    = 65535
	minMTU6   = 1280 // RFC 8200
	maxVNI    = 1<<24 - 1
	portVXLAN = 4789
)

// mtuLimits are the smallest and largest MTU of a kind of link; its parent
// may set the largest.
func mtuLimits(kind string, parent *link) (low, high int) {
	switch kind {
	case "veth", "bridge", "tun":
		return minMTU, maxMTU
	case "tap":
		return minMTU, maxMTU - 14
	case "macvlan", "ipvlan":
		if parent != nil && parent.MTU > 0 {
			return minMTU, parent.MTU
		}
		return minMTU, maxMTU
	case "vxlan":
		if parent != nil && parent.MTU > 0 {
			return minMTU, parent.MTU - 50
		}
		return minMTU, maxMTU
	}
	return 0, math.MaxInt32
}

func defaultMTU(kind string, parent *link) int {
	switch {
	case kind == "macvlan" && parent != nil && parent.MTU > 0:
		return parent.MTU
	case kind == "vxlan" && parent != nil && parent.MTU > 0:
		return parent.MTU - 50
	}
	return 1500
}

// moves reports whether a kind of link may change its namespace.
func moves(l *link) bool {
	switch l.Kind {
	case "bridge", "vrf", "batadv":
		return false
	}
	return l.Name != "lo" && !host.Aggregates(l.Kind)
}

// goodMAC reports whether an interface may bear a MAC: it is neither zero nor
// a group address.
func goodMAC(s string) bool {
	mac, err := net.ParseMAC(s)
	if err != nil || len(mac) != 6 {
		return false
	}
	zero := true
	for _, b := range mac {
		zero = zero && b == 0
	}
	return !zero && mac[0]&1 == 0
}

// canBePort says whether a kind of link can be a port of a bridge.
func canBePort(l *link) bool {
	return l.Name != "lo" && l.Kind != "tun" && l.Kind != "ipip" && l.Kind != "wireguard"
}

func isBridge(l *link) bool { return l != nil && l.Kind == "bridge" }

// sameMedium reports whether a stacked link shares the medium of its parent.
func sameMedium(k string) bool { return k == "macvlan" || k == "ipvlan" || k == "macvtap" }

// bridgeDefaults fills in what the kernel chooses for a new bridge.
func bridgeDefaults(b *host.Bridge) *host.Bridge {
	off, ageing := false, 300*time.Second
	out := &host.Bridge{STP: &off, VLANFiltering: &off, Ageing: &ageing}
	if b != nil {
		out = mergeBridge(out, b)
	}
	return out
}

func mergeBridge(old, set *host.Bridge) *host.Bridge {
	out := host.Bridge{}
	if old != nil {
		out = *old
	}
	if set.STP != nil {
		out.STP = set.STP
	}
	if set.VLANFiltering != nil {
		out.VLANFiltering = set.VLANFiltering
	}
	if set.Ageing != nil {
		out.Ageing = set.Ageing
	}
	return &out
}
