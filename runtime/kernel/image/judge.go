package image

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A Verdict is what somebody else has changed of what a transaction touched. It
// stays.
type Verdict struct {
	Lines   []string                     // for the user
	Things  map[string]bool              `json:",omitempty"` // by their IDs; "sysctl ipv4/ip_forward"
	Kept    map[string]bool              `json:",omitempty"` // objects of theirs, by section, key and what is said of them
	Gone    map[string]bool              `json:",omitempty"` // objects they took away
	Attrs   map[string]map[uint16][]byte `json:",omitempty"` // settings of links; nil for none
	Flags   map[string]uint32            `json:",omitempty"` // IFF_UP, as it is
	Traffic map[string]bool              `json:",omitempty"` // links whose traffic control they changed
	Params  map[string]bool              `json:",omitempty"` // sysctls
	Names   map[string]string            `json:",omitempty"` // what links were called before that are called otherwise
}

// Judge tells what of the things in a write set somebody else has changed, before
// they are restored: what is neither as the pre-image shows nor as the
// transaction made it. It is nil when there is nothing.
//
// What the kernel does on its own account must not be taken for somebody else's
// doing: in doubt it is ours, and will be restored.
func Judge(ctx context.Context, ns int, pre *Image, set WriteSet) (*Verdict, error) {
	var v *Verdict
	err := inside(ns, func() error {
		r := &restorer{ctx: ctx, pre: pre, set: set}
		var err error
		if r.camera, err = open(); err != nil {
			return err
		}
		defer r.close()
		if err := r.look(Sysctls); err != nil {
			return err
		}
		v = judge(set, pre, r.now)
		return nil
	})
	return v, err
}

// A judgement compares what is there with what was, under the names of then.
type judgement struct {
	*planner
	*Verdict
	ours  Ours
	known map[string]bool // links of the pre-image; the others are nobody's to restore
	come  []place         // addresses of theirs
	went  []place         // and those they took away
}

// A place is an address of a link.
type place struct {
	link string
	netip.Prefix
}

func judge(set WriteSet, pre, now *Image) *Verdict {
	j := &judgement{
		planner: newPlanner(set, pre, now),
		Verdict: &Verdict{Things: map[string]bool{}, Kept: map[string]bool{}, Gone: map[string]bool{}, Attrs: map[string]map[uint16][]byte{},
			Flags: map[string]uint32{}, Traffic: map[string]bool{}, Params: map[string]bool{}, Names: map[string]string{}},
		ours: set.Ours, known: map[string]bool{},
	}
	for index, name := range j.preView.names {
		j.known[name] = true
		if is, ok := j.nowView.names[index]; ok && is != name {
			j.Names[is] = name
			j.nowView.names[index] = name
		}
	}
	j.find()
	j.judgeLinks()
	kinds := j.kinds()
	for _, s := range []section{secAddr, secRoute4, secRoute6, secRule, secNeigh, secProxy, secFDB} {
		j.judgeObjects(s, kinds[s])
	}
	j.judgeParams()
	if len(j.Lines) == 0 {
		return nil
	}
	return j.Verdict
}

// foreign notes something.
func (j *judgement) foreign(id, line string) {
	j.Things[id] = true
	j.Lines = append(j.Lines, line)
}

// attrNames are those of the settings that are judged.
var attrNames = map[uint16]string{unix.IFLA_ADDRESS: "mac", unix.IFLA_MTU: "mtu", unix.IFLA_MASTER: "master",
	unix.IFLA_TXQLEN: "txqlen", unix.IFLA_IFALIAS: "alias", unix.IFLA_GROUP: "group"}

func (j *judgement) judgeLinks() {
	was := map[int32]link{}
	for _, l := range j.pre.links() {
		was[l.index] = l
	}
	for _, is := range j.now.links() {
		name := j.preView.link(is.index)
		before, known := was[is.index]
		if known && j.tc(name) && !j.ours.Whole[name] && !j.ours.Lossy[name] && !j.sameTraffic(name) {
			j.Traffic[name] = true
			j.foreign("traffic "+name, "traffic control of "+name)
		}
		if !known || !j.link(name) || j.ours.Whole[name] {
			continue
		}
		aggregated := j.aggregated(name, before, is)
		for _, kind := range foreignAttrs {
			a, b := find(before.attrs, kind), find(is.attrs, kind)
			said := j.setting(kind, b)
			if string(a) == string(b) || j.ours.wrote(LinkID(name, attrNames[kind]), said) || follows(is, kind, aggregated) {
				continue
			}
			if j.Attrs[name] == nil {
				j.Attrs[name] = map[uint16][]byte{}
			}
			j.Attrs[name][kind] = b
			j.foreign(LinkID(name, attrNames[kind]), "link "+name+" "+attrNames[kind]+": "+said)
		}
		up := map[bool]string{true: "up", false: "down"}[is.flags&unix.IFF_UP != 0]
		if (is.flags^before.flags)&unix.IFF_UP != 0 && !j.ours.wrote(LinkID(name, "up"), up) && !aggregated && !j.carried(before) {
			j.Flags[name] = is.flags & unix.IFF_UP
			j.foreign(LinkID(name, "up"), "link "+name+": "+up)
		}
	}
}

// setting shows a setting as a script writes it.
func (j *judgement) setting(kind uint16, b []byte) string {
	switch {
	case kind == unix.IFLA_IFALIAS:
		return cString(b)
	case kind == unix.IFLA_MASTER && u32of(b) == 0:
		return ""
	}
	return linkTable[kind].show(j.nowView, b)
}

// follows reports whether the kernel derives a setting from other links: that
// of a master from its ports, that of a bond's port from the bond.
func follows(l link, kind uint16, aggregated bool) bool {
	if kind != unix.IFLA_ADDRESS && kind != unix.IFLA_MTU {
		return false
	}
	return aggregated || slices.Contains([]string{"bridge", "vlan", "macvlan"}, l.kind) || host.Aggregates(l.kind) || host.Aggregates(l.slaveKind())
}

// aggregated reports whether the transaction put a link into a bond or took it
// out of one, which does more to it than that (host.Aggregates).
func (j *judgement) aggregated(name string, was, is link) bool {
	masters := j.ours.Values[LinkID(name, "master")]
	return len(masters) > 0 && (host.Aggregates(was.slaveKind()) || host.Aggregates(is.slaveKind()) ||
		slices.ContainsFunc(append(j.pre.links(), j.now.links()...), func(l link) bool {
			return host.Aggregates(l.kind) && slices.Contains(masters, l.name)
		}))
}

// carried reports whether the kernel set a VLAN up or down with the link it
// stands on (net/8021q/vlan.c: vlan_device_event).
func (j *judgement) carried(l link) bool {
	if l.kind != "vlan" || l.peer >= 0 {
		return false
	}
	index := int32(u32of(find(l.attrs, unix.IFLA_LINK)))
	lower := j.preView.link(index)
	return len(j.ours.Values[LinkID(lower, "up")]) > 0 || j.ours.Whole[lower] ||
		slices.ContainsFunc(j.pre.links(), func(l link) bool { return l.index == index && j.carried(l) })
}

// judgeObjects judges what there is any number of.
func (j *judgement) judgeObjects(s section, k kind) {
	type said struct{ full, id string }
	list := func(v *view) map[said]Message {
		out := map[said]Message{}
		for _, m := range v.img.Dumps[s] {
			if k.in(v, m) {
				full := k.key(v, m) + "\x00" + k.say(v, m)
				out[said{full, j.identity(v, s, m)}] = m
			}
		}
		return out
	}
	was, is := list(j.preView), list(j.nowView)
	ids := map[string]bool{}                              // of what is not there as it was
	stands, taken := map[string]bool{}, map[string]bool{} // of what we made and is there; of what is theirs
	for what := range was {
		if _, ok := is[what]; !ok {
			ids[what.id] = true
		}
	}
	for what, m := range is {
		if j.follows(j.nowView, s, m, j.come) {
			j.Kept[string(s)+"\x00"+what.full] = true
		}
		if j.made(s, what.id, m) {
			stands[what.id] = true
			continue
		}
		if _, ok := was[what]; ok || k.own != nil && k.own(m) {
			continue
		}
		loss := j.loss(j.nowView, s, m)
		if loss == whole || loss == some && (ids[what.id] || s == secFDB) { // a port has its MAC there
			continue
		}
		if k.bit != nil && slices.ContainsFunc(slices.Collect(maps.Keys(was)), func(w said) bool {
			return w.id == what.id && k.bit(m, was[w]) && j.loss(j.preView, s, was[w]) != none
		}) {
			continue // what is left of a route of several ways
		}
		j.Kept[string(s)+"\x00"+what.full] = true
		taken[what.id] = true
		if s == secAddr {
			j.come = append(j.come, j.place(j.nowView, m))
		}
		j.foreign(what.id, strings.ReplaceAll(what.full, "\x00", ": "))
	}
	for what, m := range was {
		if j.follows(j.preView, s, m, j.went) {
			j.Gone[string(s)+"\x00"+what.full] = true
		}
		if _, ok := is[what]; !ok && taken[what.id] && !stands[what.id] {
			j.Gone[string(s)+"\x00"+what.full] = true // they have put theirs in its place
			continue
		}
		if _, ok := is[what]; ok || taken[what.id] || k.own != nil && k.own(m) || j.touched(what.id) ||
			j.loss(j.preView, s, m) != none || expires(s, m) {
			continue
		}
		j.Gone[string(s)+"\x00"+what.full] = true
		if s == secAddr {
			j.went = append(j.went, j.place(j.preView, m))
		}
		j.foreign(what.id, "gone: "+strings.ReplaceAll(what.full, "\x00", ": "))
	}
}

// place gives the address that a message is about.
func (j *judgement) place(v *view, m Message) place {
	ip, _ := netip.AddrFromSlice(localOf(m))
	return place{v.link(dev(m)), netip.PrefixFrom(ip, int(m.Data[1]))}
}

// follows reports whether the kernel made a route for one of the addresses.
func (j *judgement) follows(v *view, s section, m Message, of []place) bool {
	if len(of) == 0 || s != secRoute4 && s != secRoute6 {
		return false
	}
	r := routeOf(m)
	src, _ := netip.AddrFromSlice(find(r.attrs, unix.RTA_PREFSRC))
	dst, _ := netip.AddrFromSlice(r.dst)
	links := v.routeLinks(r)
	return r.proto == unix.RTPROT_KERNEL && slices.ContainsFunc(of, func(p place) bool {
		return slices.Contains(links, p.link) && (src == p.Addr() || dst == p.Addr() || r.family == unix.AF_INET6 && dst == p.Masked().Addr())
	})
}

// How much the kernel did to a link besides.
const (
	none = iota
	some
	whole
)

func (j *judgement) loss(v *view, s section, m Message) int {
	var links []string
	switch s {
	case secRule:
		return none
	case secRoute4, secRoute6:
		r := routeOf(m)
		links = v.routeLinks(r)
		if find(r.attrs, rtaNHID) != nil {
			return whole
		}
	default:
		links = []string{v.link(dev(m))}
	}
	most := none
	if j.ours.Everywhere {
		most = some
	}
	for _, l := range links {
		switch {
		case j.ours.Whole[l], !j.known[l]:
			most = whole
		case j.ours.Lossy[l]:
			most = max(most, some)
		}
	}
	return most
}

// expires reports whether something goes by itself, when its time is over.
func expires(s section, m Message) bool {
	switch s {
	case secAddr:
		life := find(m.Data[unix.SizeofIfAddrmsg:], unix.IFA_CACHEINFO)
		return len(life) >= 8 && native.Uint32(life[4:]) != forever
	case secRoute6:
		life := find(m.Data[unix.SizeofRtMsg:], unix.RTA_CACHEINFO)
		return len(life) >= 12 && native.Uint32(life[8:]) != 0
	}
	return false
}

// identity is the ID of an object.
func (j *judgement) identity(v *view, s section, m Message) string {
	ip := func(b []byte) netip.Addr { a, _ := netip.AddrFromSlice(b); return a }
	switch s {
	case secAddr:
		p := j.place(v, m)
		return AddrID(p.link, p.Prefix)
	case secRoute4, secRoute6:
		r := routeOf(m)
		dst := ip(r.dst)
		if !dst.IsValid() {
			dst = map[bool]netip.Addr{false: netip.IPv4Unspecified(), true: netip.IPv6Unspecified()}[r.family == unix.AF_INET6]
		}
		return RouteID(r.table, netip.PrefixFrom(dst, int(r.bits)), r.metric)
	case secNeigh, secProxy:
		n, _ := neighOf(m)
		return NeighID(v.link(dev(m)), ip(find(n.attrs, unix.NDA_DST)))
	case secRule:
		a := m.Data[12:]
		from := netip.PrefixFrom(ip(find(a, unix.FRA_SRC)), int(m.Data[2]))
		to := netip.PrefixFrom(ip(find(a, unix.FRA_DST)), int(m.Data[1]))
		return RuleID(u32of(find(a, unix.FRA_PRIORITY)), from, to, u32of(find(a, unix.FRA_TABLE)))
	}
	return v.fdbKey(func() neigh { n, _ := neighOf(m); return n }())
}

// touched reports whether the transaction wrote an object itself.
func (j *judgement) touched(id string) bool { return j.ours.Objects[id] }

// made reports whether the transaction made an object as it is.
func (j *judgement) made(s section, id string, m Message) bool {
	switch s {
	case secRoute4, secRoute6:
		r := routeOf(m)
		var gateways []netip.Addr
		add := func(attrs []byte) {
			a, _ := netip.AddrFromSlice(find(attrs, unix.RTA_GATEWAY))
			if via := find(attrs, unix.RTA_VIA); len(via) > 2 {
				a, _ = netip.AddrFromSlice(via[2:])
			}
			gateways = append(gateways, a)
		}
		hops := find(r.attrs, unix.RTA_MULTIPATH)
		eachHop(hops, func(_, attrs []byte) { add(attrs) })
		if hops == nil {
			add(r.attrs)
		}
		return j.ours.Objects[WayID(id, gateways)]
	case secNeigh:
		return j.ours.wrote(id, mac(nil, find(m.Data[unix.SizeofNdMsg:], unix.NDA_LLADDR)))
	}
	return j.ours.Objects[id]
}

// Was translates the name that a link has now into the one it had.
func (v *Verdict) Was(link string) string {
	if was, ok := v.Names[link]; ok {
		return was
	}
	return link
}
