package image

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// foreignAttrs are settings of a link that are left one by one when somebody
// else changed them.
var foreignAttrs = []uint16{unix.IFLA_ADDRESS, unix.IFLA_MTU, unix.IFLA_MASTER, unix.IFLA_TXQLEN, unix.IFLA_IFALIAS, unix.IFLA_GROUP}

// planLinks takes touched links as they were. Those that the transaction made
// are not in the goal: to take them away is not the business of Restore.
func (p *planner) planLinks() {
	was := byIndex(p.pre)
	var list []Message
	seen := map[int32]bool{}
	for _, m := range p.now.Dumps[secLink] {
		index := dev(m)
		seen[index] = true
		old, known := was[index]
		name := p.preView.link(index)
		switch {
		case known && p.link(name):
			list = append(list, p.spare(name, old, m))
		case known || !p.link(p.nowView.link(index)):
			list = append(list, m)
		}
	}
	for _, m := range p.pre.Dumps[secLink] {
		if index := dev(m); !seen[index] && p.link(p.preView.link(index)) {
			list = append(list, m)
		}
	}
	p.goal.Dumps[secLink] = list
}

func byIndex(img *Image) map[int32]Message {
	out := map[int32]Message{}
	for _, m := range img.Dumps[secLink] {
		out[dev(m)] = m
	}
	return out
}

// spare returns the link as it was, but for the settings that somebody else has
// changed, and for a master that is gone.
func (p *planner) spare(name string, was, is Message) Message {
	const head = unix.SizeofIfInfomsg
	attrs, up := p.verdict.Attrs[name], p.verdict.Flags
	if master := u32of(find(was.Data[head:], unix.IFLA_MASTER)); p.nowView.names[int32(master)] == "" {
		attrs = maps.Clone(attrs)
		if attrs == nil {
			attrs = map[uint16][]byte{}
		}
		attrs[unix.IFLA_MASTER] = find(is.Data[head:], unix.IFLA_MASTER)
	}
	if _, ok := up[name]; !ok && len(attrs) == 0 {
		return was
	}
	if _, ok := attrs[unix.IFLA_MASTER]; ok { // what it is as a port goes by that
		attrs = maps.Clone(attrs)
		attrs[unix.IFLA_LINKINFO] = portInfo(was.Data[head:], is.Data[head:])
		attrs[unix.IFLA_PROMISCUITY] = find(is.Data[head:], unix.IFLA_PROMISCUITY)
		attrs[iflaAllMulti] = find(is.Data[head:], iflaAllMulti)
	}
	out := Message{was.Type, slices.Clone(was.Data)}
	for kind, now := range attrs {
		out.Data = append(slices.Clone(out.Data[:head]), without(out.Data[head:], kind)...)
		if now != nil {
			out.Data = put(out.Data, kind, now)
		}
	}
	if flag, ok := up[name]; ok {
		native.PutUint32(out.Data[8:], native.Uint32(out.Data[8:])&^unix.IFF_UP|flag)
	}
	return out
}

// portInfo returns what a link was, by its kind, with what it is as a port.
func portInfo(was, is []byte) []byte {
	info := without(find(was, unix.IFLA_LINKINFO), unix.IFLA_INFO_SLAVE_KIND, unix.IFLA_INFO_SLAVE_DATA)
	each(find(is, unix.IFLA_LINKINFO), func(kind uint16, data []byte) {
		if kind == unix.IFLA_INFO_SLAVE_KIND || kind == unix.IFLA_INFO_SLAVE_DATA {
			info = put(info, kind, data)
		}
	})
	return info
}

// iflaAllMulti is IFLA_ALLMULTI (linux/if_link.h).
const iflaAllMulti = 61

// renumbered returns an image with the numbers that its links have now: a link
// that left the namespace and came back may have got another one.
func renumbered(img, now *Image) *Image {
	there, names := map[int32]link{}, map[string]link{}
	for _, l := range now.links() {
		there[l.index] = l
		names[l.name] = l
	}
	moved := map[int32]int32{}
	for _, l := range img.links() {
		here, at := there[l.index]
		named, ok := names[l.name]
		if at && here.kind == l.kind && (here.name == l.name || !ok || named.kind != l.kind || l.sameMAC(here)) {
			continue
		}
		if ok && named.kind == l.kind {
			moved[l.index] = named.index
		}
	}
	if len(moved) == 0 {
		return img
	}
	out := *img
	out.Dumps = map[section][]Message{}
	for s, list := range img.Dumps {
		for _, m := range list {
			out.Dumps[s] = append(out.Dumps[s], renumber(s, m, moved))
		}
	}
	return &out
}

func (l link) sameMAC(other link) bool {
	return string(find(l.attrs, unix.IFLA_ADDRESS)) == string(find(other.attrs, unix.IFLA_ADDRESS))
}

// indexed are the attributes of each section that hold the number of a link;
// the fixed headers hold one at the same place, but for routes and what has
// none.
var indexed = map[section]struct {
	head  int
	fixed int // place of the number in the header, 0 for none
	attrs []uint16
}{
	secLink:    {unix.SizeofIfInfomsg, 4, []uint16{unix.IFLA_MASTER}},
	secPort:    {unix.SizeofIfInfomsg, 4, []uint16{unix.IFLA_MASTER}},
	secAddr:    {unix.SizeofIfAddrmsg, 4, nil},
	secRoute4:  {unix.SizeofRtMsg, 0, []uint16{unix.RTA_OIF, unix.RTA_IIF}},
	secRoute6:  {unix.SizeofRtMsg, 0, []uint16{unix.RTA_OIF, unix.RTA_IIF}},
	secMPLS:    {unix.SizeofRtMsg, 0, []uint16{unix.RTA_OIF}},
	secNexthop: {8, 0, []uint16{nhaOIF}},
	secNeigh:   {unix.SizeofNdMsg, 4, []uint16{unix.NDA_MASTER, unix.NDA_IFINDEX}},
	secProxy:   {unix.SizeofNdMsg, 4, nil},
	secFDB:     {unix.SizeofNdMsg, 4, []uint16{unix.NDA_MASTER, unix.NDA_IFINDEX}},
	secVLAN:    {8, 4, nil},
	secMDB:     {8, 4, nil},
	secQdisc:   {20, 4, nil},
	secClass:   {20, 4, nil},
	secFilter:  {20, 4, nil},
	secLabel:   {12, 4, nil},
}

func renumber(s section, m Message, moved map[int32]int32) Message {
	at, ok := indexed[s]
	if !ok || len(m.Data) < at.head {
		return m
	}
	swap := func(b []byte) {
		if len(b) >= 4 {
			if to, ok := moved[int32(native.Uint32(b))]; ok {
				native.PutUint32(b, uint32(to))
			}
		}
	}
	out := Message{m.Type, slices.Clone(m.Data)}
	if at.fixed > 0 {
		swap(out.Data[at.fixed:])
	}
	each(out.Data[at.head:], func(kind uint16, data []byte) {
		if slices.Contains(at.attrs, kind) {
			swap(data)
		}
		if kind == unix.RTA_MULTIPATH && (s == secRoute4 || s == secRoute6 || s == secMPLS) {
			eachHop(data, func(hop, _ []byte) { swap(hop[4:]) })
		}
	})
	switch s {
	case secMDB:
		for _, e := range mdbsOf(out) {
			swap(e.entry)
		}
	case secFilter:
		eachMirror(out, func(_, parms []byte) { swap(parms[24:]) })
	}
	return out
}

// Without takes links out of an image, with all that is theirs: a transaction
// had made them before.
func (img *Image) Without(names []string) {
	gone := map[int32]bool{}
	for _, l := range img.links() {
		if slices.Contains(names, l.name) {
			gone[l.index] = true
		}
	}
	if len(gone) > 0 {
		img.leave(gone, names)
	}
}

// leave leaves links out, by their numbers and names.
func (img *Image) leave(gone map[int32]bool, names []string) {
	for s, list := range img.Dumps {
		img.Dumps[s] = slices.DeleteFunc(list, func(m Message) bool { return about(s, m, gone) })
	}
	maps.DeleteFunc(img.Sysctl, func(key, _ string) bool { return slices.Contains(names, sysctlDevice(key)) })
	maps.DeleteFunc(img.Sysfs, func(key, _ string) bool {
		name, _, _ := strings.Cut(key, "/")
		return slices.Contains(names, name)
	})
	for _, name := range names {
		delete(img.Far, name)
	}
}

// about reports whether a message is about one of the links.
func about(s section, m Message, links map[int32]bool) bool {
	at, ok := indexed[s]
	if !ok || len(m.Data) < at.head {
		return false
	}
	if at.fixed > 0 && links[dev(m)] {
		return true
	}
	found := false
	each(m.Data[at.head:], func(kind uint16, data []byte) {
		if slices.Contains(at.attrs, kind) && kind != unix.IFLA_MASTER && len(data) >= 4 {
			found = found || links[int32(native.Uint32(data))]
		}
	})
	return found
}
