package kernel

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// What is buried is kept as the kernel told it. To be told back, and to be
// compared, it loses what the kernel only reports.

// editAttrs copies attributes, each as change returns it; false leaves it out.
// The flags of its type stay.
func editAttrs(b []byte, change func(kind uint16, data []byte) ([]byte, bool)) []byte {
	m := &message{}
	for len(b) >= unix.SizeofRtAttr {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		kind := native.Uint16(b[2:])
		if data, ok := change(kind&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[unix.SizeofRtAttr:size]); ok {
			m.put(host.FieldNone, int(kind), data)
		}
		b = b[min(align(size), len(b)):]
	}
	return m.buf
}

// onlyAttrs keeps attributes of some kinds.
func onlyAttrs(b []byte, kinds ...uint16) []byte {
	return editAttrs(b, func(kind uint16, data []byte) ([]byte, bool) { return data, slices.Contains(kinds, kind) })
}

// told makes a request of a message that the kernel sent.
func told(kind, flags uint16, body []byte) *message {
	m := newMessage(kind, flags, 0)
	m.buf = append(m.buf, body...)
	return m
}

// list asks for all of something; a kernel that does not know it has none.
func (sp *space) list(kind, answer uint16, body []byte) ([][]byte, error) {
	c, err := sp.netlink()
	if err != nil {
		return nil, err
	}
	out, err := c.dump(told(kind, 0, body), answer)
	switch errnoOf(err) {
	case unix.EOPNOTSUPP, unix.EAFNOSUPPORT:
		if err != nil {
			return nil, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", sp.where(), err)
	}
	return out, nil
}

// tell sends one message and forgives some answers.
func (sp *space) tell(m *message, forgiven ...unix.Errno) error {
	c, err := sp.netlink()
	if err != nil {
		return err
	}
	r, err := c.ask(m)
	if err != nil {
		return err
	}
	for _, errno := range forgiven {
		if r.errno == errno {
			return nil
		}
	}
	if r.errno == 0 {
		return nil
	}
	return refused(nil, m, r)
}

// Flags of addresses that can be set; the others the kernel reports.
const addrFlags = unix.IFA_F_NODAD | unix.IFA_F_HOMEADDRESS | unix.IFA_F_MANAGETEMPADDR | unix.IFA_F_NOPREFIXROUTE | unix.IFA_F_MCAUTOJOIN

// plainAddr is an address without what the kernel only reports; its lifetimes
// are left out too.
func plainAddr(b []byte) []byte {
	head := bytes.Clone(b[:unix.SizeofIfAddrmsg])
	head[2] = 0
	return append(head, editAttrs(b[unix.SizeofIfAddrmsg:], func(kind uint16, data []byte) ([]byte, bool) {
		switch {
		case kind == unix.IFA_CACHEINFO:
			return nil, false
		case kind == unix.IFA_FLAGS && len(data) == 4:
			flags := native.Uint32(data) & addrFlags
			return native.AppendUint32(nil, flags), true
		}
		return data, true
	})...)
}

// plainRoute is a route without what the kernel only reports. A route by a
// nexthop object names nothing but that.
func plainRoute(b []byte) []byte {
	head := bytes.Clone(b[:unix.SizeofRtMsg])
	native.PutUint32(head[8:], native.Uint32(head[8:])&unix.RTNH_F_ONLINK)
	object := parseAttrs(b[unix.SizeofRtMsg:]).has(rtaNhID)
	return append(head, editAttrs(b[unix.SizeofRtMsg:], func(kind uint16, data []byte) ([]byte, bool) {
		switch kind {
		case unix.RTA_CACHEINFO:
			return nil, false
		case unix.RTA_OIF, unix.RTA_GATEWAY, unix.RTA_VIA:
			return data, !object
		case unix.RTA_MULTIPATH:
			return plainWays(data), !object
		}
		return data, true
	})...)
}

// plainWays does the same for the ways of a multipath route (struct rtnexthop).
func plainWays(b []byte) []byte {
	b = bytes.Clone(b)
	for at := 0; at+unix.SizeofRtNexthop <= len(b); {
		size := int(native.Uint16(b[at:]))
		if size < unix.SizeofRtNexthop || at+size > len(b) {
			break
		}
		b[at+2] &= unix.RTNH_F_ONLINK
		at += align(size)
	}
	return b
}

// eachWay goes through the ways of a multipath route.
func eachWay(b []byte, see func(index int, whole []byte)) {
	for len(b) >= unix.SizeofRtNexthop {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtNexthop || size > len(b) {
			return
		}
		see(int(native.Uint32(b[4:])), b[:size])
		b = b[min(align(size), len(b)):]
	}
}

// Nexthop objects (linux/nexthop.h), and attributes that name them
// (linux/rtnetlink.h, linux/neighbour.h).
const (
	rtaNhID     = 30
	ndaProtocol = 12
	ndaNhID     = 13

	sizeofNhMsg = 8

	nhaID        = 1
	nhaGroup     = 2
	nhaGroupType = 3
	nhaBlackhole = 4
	nhaOIF       = 5
	nhaGateway   = 6
	nhaEncapType = 7
	nhaEncap     = 8
	nhaFDB       = 11
	nhaResGroup  = 12
)

// plainNexthop is a nexthop object without what the kernel only reports.
func plainNexthop(b []byte) []byte {
	head := make([]byte, sizeofNhMsg)
	head[0], head[2] = b[0], b[2]
	native.PutUint32(head[4:], native.Uint32(b[4:])&unix.RTNH_F_ONLINK)
	kept := onlyAttrs(b[sizeofNhMsg:], nhaID, nhaGroup, nhaGroupType, nhaBlackhole, nhaOIF, nhaGateway, nhaEncapType, nhaEncap, nhaFDB, nhaResGroup)
	return append(head, editAttrs(kept, func(kind uint16, data []byte) ([]byte, bool) {
		if kind == nhaResGroup {
			return onlyAttrs(data, 1, 2, 3), true // buckets and timers; the last is how long it was unbalanced
		}
		if kind == nhaGroup || kind == nhaGroupType {
			return data, true
		}
		return data, kind != nhaFDB || len(data) == 0
	})...)
}
