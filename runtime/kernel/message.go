package kernel

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A message is one netlink request (netlink(7)) as it goes out. It remembers
// which field of the operation each attribute was made from, so that the
// kernel's "this attribute" (NLMSGERR_ATTR_OFFS) finds its way back.
type message struct {
	buf   []byte
	marks []mark

	sp      *space             // whose connection it goes out on
	with    *space             // the other namespace in which it makes an end; nil for none
	rank    rank               // what it may wait for
	along   bool               // it goes first in its namespace, whenever that is
	op      int                // the place of its operation in the queue
	field   host.Field         // what an error is about when the kernel does not say
	then    func(*reply) error // reads the answer
	explain func(*host.Error)  // puts an error into words
}

type mark struct {
	offset int
	field  host.Field
}

var native = binary.NativeEndian

// newMessage begins a request; size is that of the fixed header behind
// struct nlmsghdr, to be filled through head.
func newMessage(kind uint16, flags uint16, size int) *message {
	m := &message{buf: make([]byte, unix.SizeofNlMsghdr+size, 256)}
	native.PutUint16(m.buf[4:], kind)
	native.PutUint16(m.buf[6:], flags|unix.NLM_F_REQUEST)
	return m
}

func (m *message) head() []byte { return m.buf[unix.SizeofNlMsghdr:] }

func (m *message) kind() uint16 { return native.Uint16(m.buf[4:]) }

// asks says whether the request only asks (RTM_GET…).
func (m *message) asks() bool { return m.kind()%4 == 2 }

func (m *message) flags() uint16 { return native.Uint16(m.buf[6:]) }

// put adds an attribute made from a field of the operation.
func (m *message) put(f host.Field, kind int, data []byte) {
	if f != host.FieldNone {
		m.marks = append(m.marks, mark{len(m.buf), f})
	}
	m.buf = native.AppendUint16(m.buf, uint16(unix.SizeofRtAttr+len(data)))
	m.buf = native.AppendUint16(m.buf, uint16(kind))
	m.buf = append(m.buf, data...)
	m.pad()
}

func (m *message) pad() {
	for len(m.buf)%unix.NLMSG_ALIGNTO != 0 {
		m.buf = append(m.buf, 0)
	}
}

func (m *message) text(f host.Field, kind int, s string) {
	m.put(f, kind, append([]byte(s), 0))
}

func (m *message) u8(f host.Field, kind int, v uint8) { m.put(f, kind, []byte{v}) }

func (m *message) u32(f host.Field, kind int, v uint32) {
	m.put(f, kind, native.AppendUint32(nil, v))
}

// nest adds an attribute that holds others.
func (m *message) nest(kind int, inner func()) {
	start := len(m.buf)
	m.buf = append(m.buf, 0, 0, 0, 0)
	native.PutUint16(m.buf[start+2:], uint16(kind))
	inner()
	native.PutUint16(m.buf[start:], uint16(len(m.buf)-start))
}

// raw adds bytes that are no attribute: the header inside VETH_INFO_PEER, a
// struct rtnexthop.
func (m *message) raw(b []byte) {
	m.buf = append(m.buf, b...)
	m.pad()
}

// about finds the field that the attribute at an offset was made from.
func (m *message) about(offset int) host.Field {
	found := host.FieldNone
	for _, k := range m.marks {
		if k.offset <= offset {
			found = k.field
		}
	}
	return found
}

// attrs are the attributes of an answer, by kind.
type attrs map[uint16][]byte

func parseAttrs(b []byte) attrs {
	out := attrs{}
	eachAttr(b, func(kind uint16, data []byte) { out[kind] = data })
	return out
}

func eachAttr(b []byte, see func(kind uint16, data []byte)) {
	for len(b) >= unix.SizeofRtAttr {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			return
		}
		see(native.Uint16(b[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[unix.SizeofRtAttr:size])
		b = b[min(align(size), len(b)):]
	}
}

func align(n int) int { return (n + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1) }

func (a attrs) has(kind int) bool { _, ok := a[uint16(kind)]; return ok }

func (a attrs) u8(kind int) int {
	if b := a[uint16(kind)]; len(b) >= 1 {
		return int(b[0])
	}
	return 0
}

func (a attrs) u32(kind int) uint32 {
	if b := a[uint16(kind)]; len(b) >= 4 {
		return native.Uint32(b)
	}
	return 0
}

func (a attrs) i32(kind int) int { return int(int32(a.u32(kind))) }

func (a attrs) text(kind int) string { return cString(a[uint16(kind)]) }

func (a attrs) nest(kind int) attrs { return parseAttrs(a[uint16(kind)]) }

func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
