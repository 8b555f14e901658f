package kernel

import (
	"bytes"
	"net"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// The kernel gives an interface its IPv6 link-local address once it is up and
// has carrier, up to a second later. A bridge got it from the address of its
// first port, and has that of another since; then the kernel must not give it
// a second one when it comes back.
const (
	ifla6AddrGenMode = 8 // IFLA_INET6_ADDR_GEN_MODE (linux/if_link.h)

	operUnknown = 0 // IF_OPER_UNKNOWN: of kinds that do not say, at once
	operUp      = 6

	genEUI64 = 0
	genNone  = 1
	noIPv6   = -1 // nor any other way: the interface has no IPv6

	patience = 2 * time.Second
)

// genMode reads how an interface gets its link-local address.
func (l *link) genMode() int {
	inet6 := parseAttrs(l.raw[unix.SizeofIfInfomsg:]).nest(unix.IFLA_AF_SPEC).nest(unix.AF_INET6)
	if !inet6.has(ifla6AddrGenMode) {
		return noIPv6
	}
	return inet6.u8(ifla6AddrGenMode)
}

func genMode(index, mode int) *message {
	m := newMessage(unix.RTM_SETLINK, 0, unix.SizeofIfInfomsg)
	native.PutUint32(m.head()[4:], uint32(index))
	m.nest(unix.IFLA_AF_SPEC|unix.NLA_F_NESTED, func() {
		m.nest(unix.AF_INET6|unix.NLA_F_NESTED, func() { m.u8(host.FieldNone, ifla6AddrGenMode, uint8(mode)) })
	})
	return m
}

// otherwise says whether an interface had settled with other link-local
// addresses than the kernel would give it now.
func otherwise(g host.Grave, now *link) bool {
	mac, err := net.ParseMAC(now.mac)
	if !g.Ready || g.GenMode != genEUI64 || err != nil || len(mac) != 6 {
		return false
	}
	eui := []byte{0xfe, 0x80, 0, 0, 0, 0, 0, 0, mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]}
	return !slices.ContainsFunc(g.Addrs, func(b []byte) bool {
		return bytes.Equal(parseAttrs(b[unix.SizeofIfAddrmsg:])[unix.IFA_ADDRESS], eui)
	})
}

// settle lets the kernel give link-local addresses again, when the moment at
// which it would have done so is over.
func (sp *space) settle(g host.Grave) error {
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		l, err := sp.linkAt(g.Index)
		if err != nil || l == nil || g.GenMode == noIPv6 || l.genMode() == g.GenMode {
			return err
		}
		if l.oper == operUp || l.oper == operUnknown || time.Now().After(deadline) {
			return sp.tell(genMode(g.Index, g.GenMode))
		}
	}
}
