package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Attributes that golang.org/x/sys/unix does not have (linux/if_link.h,
// linux/veth.h).
const (
	infoKind       = 1  // IFLA_INFO_KIND
	infoData       = 2  // IFLA_INFO_DATA
	vethPeer       = 1  // VETH_INFO_PEER
	bridgeSnooping = 23 // IFLA_BR_MCAST_SNOOPING
)

var native = binary.NativeEndian

// A socket is a NETLINK_ROUTE socket of the namespace it was opened in.
type socket struct{ fd int }

func openSocket() (socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	return socket{fd}, err
}

func (s socket) close() { unix.Close(s.fd) }

// A batch is messages for one namespace that go out together.
type batch struct {
	buf   []byte
	begun int   // where the message being written began
	ends  []int // where each ended
}

// sendBytes is how much goes out at once. Nothing but errors and the last
// message is answered, so that no answer can be lost.
const sendBytes = 64 << 10

// send sends a batch, with one acknowledgement for each piece of it.
func (s socket) send(b *batch) error {
	from, begun := 0, 0
	for i, end := range b.ends {
		if i+1 == len(b.ends) || b.ends[i+1]-from > sendBytes {
			if err := s.piece(b.buf[from:end], begun-from, i); err != nil {
				return err
			}
			from = end
		}
		begun = end
	}
	return nil
}

// piece sends some messages, the last of which begins at last.
func (s socket) piece(buf []byte, last, seq int) error {
	native.PutUint16(buf[last+6:], native.Uint16(buf[last+6:])|unix.NLM_F_ACK)
	if err := unix.Sendto(s.fd, buf, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("netlink: %w", err)
	}
	var answer [8192]byte
	for {
		n, err := unix.Read(s.fd, answer[:])
		if err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		for a := answer[:n]; len(a) >= unix.SizeofNlMsghdr; {
			size := int(native.Uint32(a))
			if native.Uint16(a[4:]) == unix.NLMSG_ERROR {
				if code := int32(native.Uint32(a[16:])); code != 0 {
					return fmt.Errorf("netlink: message %d: %w", native.Uint32(a[8:]), unix.Errno(-code))
				}
				if int(native.Uint32(a[8:])) == seq {
					return nil
				}
			}
			a = a[min(len(a), (size+3)&^3):]
		}
	}
}

// begin starts a message with the fixed header body.
func (b *batch) begin(kind, flags uint16, body []byte) {
	b.begun = len(b.buf)
	b.buf = native.AppendUint32(b.buf, 0)
	b.buf = native.AppendUint16(b.buf, kind)
	b.buf = native.AppendUint16(b.buf, flags|unix.NLM_F_REQUEST)
	b.buf = native.AppendUint32(b.buf, uint32(len(b.ends)))
	b.buf = native.AppendUint32(b.buf, 0)
	b.buf = append(b.buf, body...)
}

func (b *batch) end() {
	native.PutUint32(b.buf[b.begun:], uint32(len(b.buf)-b.begun))
	b.ends = append(b.ends, len(b.buf))
}

func (b *batch) put(kind uint16, data []byte) {
	b.buf = native.AppendUint16(b.buf, uint16(unix.SizeofRtAttr+len(data)))
	b.buf = native.AppendUint16(b.buf, kind)
	b.buf = append(b.buf, data...)
	for len(b.buf)%4 != 0 {
		b.buf = append(b.buf, 0)
	}
}

func (b *batch) u32(kind uint16, v uint32) { b.put(kind, native.AppendUint32(nil, v)) }

func (b *batch) text(kind uint16, s string) { b.put(kind, append([]byte(s), 0)) }

func (b *batch) nest(kind uint16, inner func()) {
	at := len(b.buf)
	b.buf = native.AppendUint16(b.buf, 0)
	b.buf = native.AppendUint16(b.buf, kind|unix.NLA_F_NESTED)
	inner()
	native.PutUint16(b.buf[at:], uint16(len(b.buf)-at))
}

// ifinfo is a struct ifinfomsg.
func ifinfo(index int, flags uint32) []byte {
	body := make([]byte, unix.SizeofIfInfomsg)
	native.PutUint32(body[4:], uint32(index))
	native.PutUint32(body[8:], flags)
	native.PutUint32(body[12:], flags)
	return body
}

// A side is one end of a veth to be made.
type side struct {
	name  string
	index int // 0 leaves it to the kernel
	fd    int // its namespace; 0 for that of the socket
	port  int // the index of the bridge it belongs to; 0 for none
	up    bool
}

// veth makes both ends of a cable in their places. Only the first may be a
// port, or up.
func (b *batch) veth(one, two side) {
	var flags uint32
	if one.up {
		flags = unix.IFF_UP
	}
	b.begin(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ifinfo(one.index, flags))
	b.text(unix.IFLA_IFNAME, one.name)
	b.queues()
	if one.port != 0 {
		b.u32(unix.IFLA_MASTER, uint32(one.port))
	}
	b.nest(unix.IFLA_LINKINFO, func() {
		b.text(infoKind, "veth")
		b.nest(infoData, func() {
			b.nest(vethPeer, func() {
				b.buf = append(b.buf, ifinfo(two.index, 0)...)
				b.text(unix.IFLA_IFNAME, two.name)
				b.queues()
				if two.fd != 0 {
					b.u32(unix.IFLA_NET_NS_FD, uint32(two.fd))
				}
			})
		})
	})
	b.end()
}

// queues asks for one queue each way, and not one for each CPU.
func (b *batch) queues() {
	b.u32(unix.IFLA_NUM_TX_QUEUES, 1)
	b.u32(unix.IFLA_NUM_RX_QUEUES, 1)
}

// bridge makes a bridge, down, or changes whether it snoops on multicast.
func (b *batch) bridge(name string, index int, create bool, snooping byte) {
	flags := uint16(0)
	if create {
		flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	}
	b.begin(unix.RTM_NEWLINK, flags, ifinfo(index, 0))
	b.text(unix.IFLA_IFNAME, name)
	b.nest(unix.IFLA_LINKINFO, func() {
		b.text(infoKind, "bridge")
		b.nest(infoData, func() { b.put(bridgeSnooping, []byte{snooping}) })
	})
	b.end()
}

func (b *batch) up(index int) {
	b.begin(unix.RTM_NEWLINK, 0, ifinfo(index, unix.IFF_UP))
	b.end()
}

// getLink asks for a link; the answer is an error when there is none.
func (b *batch) getLink(name string) {
	b.begin(unix.RTM_GETLINK, 0, ifinfo(0, 0))
	b.text(unix.IFLA_IFNAME, name)
	b.end()
}

// address gives a link an IPv4 address.
func (b *batch) address(index int, p netip.Prefix) {
	body := make([]byte, unix.SizeofIfAddrmsg)
	body[0], body[1] = unix.AF_INET, byte(p.Bits())
	native.PutUint32(body[4:], uint32(index))
	b.begin(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body)
	b.put(unix.IFA_LOCAL, p.Addr().AsSlice())
	b.put(unix.IFA_ADDRESS, p.Addr().AsSlice())
	b.end()
}

// route adds a static IPv4 route by way of a neighbour.
func (b *batch) route(r route) {
	b.begin(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, []byte{
		unix.AF_INET, byte(r.Dest.Bits()), 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0})
	if r.Dest.Bits() > 0 {
		b.put(unix.RTA_DST, r.Dest.Addr().AsSlice())
	}
	b.put(unix.RTA_GATEWAY, r.Via.AsSlice())
	b.end()
}
