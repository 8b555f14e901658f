package capture

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"

	"vnet/runtime/host"
)

// LinkTypes of the registry of pcap that interfaces have here.
const (
	Ethernet = 1
	RawIP    = 101
)

// EtherTypes (IEEE 802).
const (
	typeIPv4 = 0x0800
	typeARP  = 0x0806
	typeVLAN = 0x8100
	typeIPv6 = 0x86DD
)

// Line tells a frame in a few words:  ICMP 10.0.0.1 > 10.0.0.2: echo request
func Line(linkType int, f host.Frame) string {
	b := f.Data
	if linkType == RawIP {
		return packetLine(b, f.Size)
	}
	if len(b) < 14 {
		return fmt.Sprintf("%d bytes", f.Size)
	}
	kind, tag := binary.BigEndian.Uint16(b[12:]), ""
	dst, src := net.HardwareAddr(b[0:6]), net.HardwareAddr(b[6:12])
	b = b[14:]
	if kind == typeVLAN && len(b) >= 4 {
		tag = fmt.Sprintf("vlan %d ", binary.BigEndian.Uint16(b)&0xFFF)
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	switch {
	case kind == typeARP && len(b) >= 28:
		return tag + arpLine(b)
	case kind == typeIPv4, kind == typeIPv6:
		return tag + packetLine(b, f.Size)
	}
	return fmt.Sprintf("%s%s > %s type 0x%04x, %d bytes", tag, src, dst, kind, f.Size)
}

// arpLine reads RFC 826.
func arpLine(b []byte) string {
	from, to := netip.AddrFrom4([4]byte(b[14:18])), netip.AddrFrom4([4]byte(b[24:28]))
	if binary.BigEndian.Uint16(b[6:]) == 1 {
		return fmt.Sprintf("ARP who has %s? tell %s", to, from)
	}
	return fmt.Sprintf("ARP %s is at %s", from, net.HardwareAddr(b[8:14]))
}

func packetLine(b []byte, size int) string {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4 && int(b[0]&15)*4 <= len(b):
		from, to := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
		if binary.BigEndian.Uint16(b[6:])&0x1FFF != 0 {
			return fmt.Sprintf("IP %s > %s: a fragment, %d bytes", from, to, size)
		}
		return transportLine(b[9], from, to, b[int(b[0]&15)*4:], size)
	case len(b) >= 40 && b[0]>>4 == 6:
		from, to := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
		proto, rest, fragment := beyondOptions(b[6], b[40:])
		if fragment {
			return fmt.Sprintf("IP %s > %s: a fragment, %d bytes", from, to, size)
		}
		return transportLine(proto, from, to, rest, size)
	}
	return fmt.Sprintf("%d bytes", size)
}

// beyondOptions passes over the headers between that of IPv6 and the transport's
// (RFC 8200 section 4), and tells a fragment that has no such.
func beyondOptions(proto uint8, b []byte) (next uint8, rest []byte, fragment bool) {
	const hopByHop, routing, fragmented, destination = 0, 43, 44, 60
	for len(b) >= 8 {
		size := 8
		switch proto {
		case hopByHop, routing, destination:
			size += 8 * int(b[1])
		case fragmented:
			if binary.BigEndian.Uint16(b[2:])&0xFFF8 != 0 {
				return proto, b, true
			}
		default:
			return proto, b, false
		}
		if size > len(b) {
			break
		}
		proto, b = b[0], b[size:]
	}
	return proto, b, false
}

var echoes = map[uint8]map[uint8]string{
	1:  {0: "echo reply", 3: "destination unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded"},
	58: {1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 128: "echo request", 129: "echo reply", 133: "router solicitation", 134: "router advertisement", 135: "neighbour solicitation", 136: "neighbour advertisement", 143: "multicast listener report"},
}

func transportLine(proto uint8, from, to netip.Addr, b []byte, size int) string {
	switch {
	case (proto == 1 || proto == 58) && len(b) >= 8:
		name := map[uint8]string{1: "ICMP", 58: "ICMPv6"}[proto]
		what, ok := echoes[proto][b[0]]
		if !ok {
			what = fmt.Sprintf("type %d code %d", b[0], b[1])
		}
		if what == "echo request" || what == "echo reply" {
			what += fmt.Sprintf(", seq %d", binary.BigEndian.Uint16(b[6:]))
		}
		return fmt.Sprintf("%s %s > %s: %s, %d bytes", name, from, to, what, size)
	case (proto == 6 || proto == 17) && len(b) >= 8:
		src, dst := netip.AddrPortFrom(from, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:]))
		if proto == 6 && len(b) >= 14 {
			return fmt.Sprintf("TCP %s > %s: [%s], %d bytes", src, dst, tcpFlags(b[13]), size)
		}
		return fmt.Sprintf("UDP %s > %s, %d bytes", src, dst, size)
	}
	return fmt.Sprintf("IP %s > %s: protocol %d, %d bytes", from, to, proto, size)
}

// tcpFlags writes the flags of RFC 9293 as tcpdump(8) does.
func tcpFlags(f byte) string {
	out := ""
	for i, c := range []string{"F", "S", "R", "P", ".", "U"} {
		if f&(1<<i) != 0 {
			out += c
		}
	}
	return out
}
