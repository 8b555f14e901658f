package image

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

var native = binary.NativeEndian

func align(n int) int { return (n + unix.NLMSG_ALIGNTO - 1) &^ (unix.NLMSG_ALIGNTO - 1) }

// typeMask takes the flags off an attribute's type (NLA_F_NESTED,
// NLA_F_NET_BYTEORDER).
const typeMask = 0x3fff

// each goes through attributes in their order.
func each(b []byte, see func(kind uint16, data []byte)) {
	for len(b) >= unix.SizeofRtAttr {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			return
		}
		see(native.Uint16(b[2:])&typeMask, b[unix.SizeofRtAttr:size])
		b = b[min(align(size), len(b)):]
	}
}

// find returns the first attribute of a kind, or what is in it by further kinds;
// nil when there is none.
func find(b []byte, kinds ...uint16) []byte {
	for _, kind := range kinds {
		if b = first(b, kind); b == nil {
			return nil
		}
	}
	return b
}

func first(b []byte, kind uint16) []byte {
	for len(b) >= unix.SizeofRtAttr {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		if native.Uint16(b[2:])&typeMask == kind {
			return b[unix.SizeofRtAttr:size]
		}
		b = b[min(align(size), len(b)):]
	}
	return nil
}

func u32of(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return native.Uint32(b)
}

func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// put adds an attribute.
func put(b []byte, kind uint16, data []byte) []byte {
	b = native.AppendUint16(b, uint16(unix.SizeofRtAttr+len(data)))
	b = native.AppendUint16(b, kind)
	b = append(b, data...)
	for len(b)%unix.NLMSG_ALIGNTO != 0 {
		b = append(b, 0)
	}
	return b
}

func put32(b []byte, kind uint16, v uint32) []byte {
	return put(b, kind, native.AppendUint32(nil, v))
}

func putText(b []byte, kind uint16, s string) []byte {
	return put(b, kind, append([]byte(s), 0))
}

// nested marks an attribute that holds others.
const nested = unix.NLA_F_NESTED

// edit copies attributes, each as change returns it; false leaves it out. The
// flags of the type are kept.
func edit(b []byte, change func(kind uint16, data []byte) ([]byte, bool)) []byte {
	var out []byte
	for len(b) >= unix.SizeofRtAttr {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		kind := native.Uint16(b[2:])
		if data, ok := change(kind&typeMask, b[unix.SizeofRtAttr:size]); ok {
			out = put(out, kind, data)
		}
		b = b[min(align(size), len(b)):]
	}
	return out
}

// without copies attributes but for some kinds.
func without(b []byte, kinds ...uint16) []byte {
	return edit(b, func(kind uint16, data []byte) ([]byte, bool) {
		for _, k := range kinds {
			if k == kind {
				return nil, false
			}
		}
		return data, true
	})
}
