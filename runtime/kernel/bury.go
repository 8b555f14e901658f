package kernel

import (
	"context"
	"slices"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// A body is an interface to be buried, or one that stays and loses something.
type body struct {
	link
	sp    *space
	stays bool
}

// A funeral finds all that goes with an interface, and buries it: the kernel
// would delete it too.
type funeral struct {
	q      *queue
	reach  *reach
	bodies []*body // what others stand on first
	at     map[place]*body
	dying  map[*space]bool // namespaces that are parked whole
}

// A place is where an interface is.
type place struct {
	sp    *space
	index int
}

func (q *queue) funeral(r *reach) *funeral {
	return &funeral{q: q, reach: r, at: map[place]*body{}, dying: map[*space]bool{}}
}

// linkDel removes an interface: that very one at once, and one that is only
// named so that it can be brought back.
func (q *queue) linkDel(op host.LinkDel) error {
	if op.Index != 0 || op.MAC != "" || op.Made {
		return q.linkDelNow()
	}
	sp, err := q.h.space(op.NS)
	if err != nil {
		return err
	}
	l, err := sp.link(op.Name)
	if err != nil {
		return err
	}
	if l == nil {
		sp.unlearn(op.Name)
		return noLink(op.NS, op.Name, host.FieldName)
	}
	r := q.h.reach()
	defer r.close()
	f := q.funeral(r)
	if err := f.add(r.one(sp), l); err != nil {
		return err
	}
	undo, final, err := f.write()
	if err != nil {
		return err
	}
	q.results[q.at].Final = final
	if err := q.foretell(undo...); err != nil {
		q.results[q.at].Final = nil
		return err
	}
	if err := f.bury(); err != nil {
		newQueue(q.h, undo).run(context.Background())
		q.results[q.at].Final = nil
		return err
	}
	q.undo(undo...)
	return nil
}

// add takes an interface into the funeral, with what goes with it.
func (f *funeral) add(sp *space, l *link) error {
	if b := f.at[place{sp, l.index}]; b != nil {
		if !b.stays {
			return nil
		}
		f.bodies = slices.DeleteFunc(f.bodies, func(o *body) bool { return o == b })
	}
	if err := l.deletable(sp.where()); err != nil {
		return err
	}
	f.take(&body{*l, sp, false})
	if _, err := f.addPeer(sp, l); err != nil {
		return err
	}
	near, err := f.links(sp)
	if err != nil {
		return err
	}
	for i := range near {
		n := &near[i]
		if n.stands() != l.index && n.master != l.index && n.index != l.master {
			continue
		}
		if n, err = sp.linkAt(n.index); err != nil {
			return err
		}
		switch {
		case n == nil:
		case n.peerSpace < 0 && n.stands() == l.index:
			err = f.add(sp, n)
		case n.master == l.index || n.index == l.master:
			err = f.mourn(sp, n)
		}
		if err != nil {
			return err
		}
	}
	return f.addAbroad(sp, l)
}

func (f *funeral) take(b *body) {
	f.bodies = append(f.bodies, b)
	f.at[place{b.sp, b.index}] = b
}

// mourn takes note of an interface that stays, but loses its master, a port or
// its carrier: with it may go its neighbours and nexthop objects, and those of
// what stands on it.
func (f *funeral) mourn(sp *space, l *link) error {
	if f.at[place{sp, l.index}] != nil {
		return nil
	}
	f.take(&body{*l, sp, true})
	near, err := f.links(sp)
	for i := range near {
		if err != nil || near[i].peerSpace >= 0 || near[i].stands() != l.index {
			continue
		}
		var n *link
		if n, err = sp.linkAt(near[i].index); err == nil && n != nil && n.stands() == l.index {
			err = f.mourn(sp, n)
		}
	}
	return err
}

// addPeer takes the other end of a pair, and tells whether there is one that does
// not go with its namespace.
func (f *funeral) addPeer(sp *space, l *link) (taken bool, err error) {
	if !l.paired() || l.parent == 0 {
		return false, nil
	}
	other := sp
	if l.peerSpace >= 0 {
		if other = f.reach.otherEnd(sp, l); other == nil {
			return false, failed(unix.EOPNOTSUPP, host.FieldName, "%s in %s: its other end is in a namespace that cannot be found, and could not be brought back",
				name.Quote(l.name), sp.where())
		}
	}
	if f.dying[other] {
		return false, nil
	}
	peer, err := other.linkAt(l.parent)
	if err != nil || peer == nil {
		return false, err
	}
	if peer.peerSpace >= 0 {
		f.reach.across[number{other, peer.peerSpace}] = sp
	}
	return true, f.add(other, peer)
}

// addAbroad takes what stands on the interface from other namespaces. Those
// that nobody but us has been in have nothing that was moved there.
func (f *funeral) addAbroad(sp *space, l *link) error {
	if f.q.abroad == nil {
		f.q.abroad = []foreigner{}
		f.reach.each(false, func(other *space) bool {
			if other.untouched() {
				return true
			}
			links, err := f.reach.links(other)
			for i := range links {
				if err == nil && links[i].peerSpace >= 0 && links[i].stands() != 0 {
					id, _ := other.id()
					f.q.abroad = append(f.q.abroad, foreigner{id, other.name, links[i]})
				}
			}
			return true
		})
	}
	for _, x := range f.q.abroad {
		if x.link.stands() != l.index {
			continue
		}
		other, err := f.reach.space(x.space, x.ns)
		if err != nil || other == sp || f.dying[other] {
			continue
		}
		now, err := other.linkAt(x.link.index)
		if err != nil || now == nil || now.stands() != l.index {
			continue
		}
		if id, err := other.numberOf(sp); err != nil || id != now.peerSpace {
			continue
		}
		if err := f.add(other, now); err != nil {
			return err
		}
	}
	return nil
}

// A foreigner stands on an interface in another namespace.
type foreigner struct {
	space uint64
	ns    string
	link  link
}

// links lists the interfaces of a namespace, once for all deletions that stand
// next to each other in the queue. What they say of each other may be out of
// date by then: a match has to be looked at again.
func (f *funeral) links(sp *space) ([]link, error) {
	id, err := sp.id()
	if err != nil {
		return nil, err
	}
	if list, ok := f.q.seen[id]; ok {
		return list, nil
	}
	list, err := f.reach.links(sp)
	if err == nil {
		if f.q.seen == nil {
			f.q.seen = map[uint64][]link{}
		}
		f.q.seen[id] = list
	}
	return list, err
}

// paired says whether an interface never lives without its other end.
func (l *link) paired() bool {
	return l.kind == "veth" || l.kind == "netkit" || l.kind == "vxcan"
}

// stands returns what an interface stands on and goes with; 0 for nothing. A
// tunnel that is bound to an interface outlives it.
func (l *link) stands() int {
	switch {
	case !stacked[l.kind]:
		return 0
	case l.kind == "vxlan":
		return int(l.data.u32(nl.IFLA_VXLAN_LINK))
	}
	return l.parent
}

// stacked are the kinds of those that may stand on another.
var stacked = map[string]bool{"vlan": true, "macvlan": true, "macvtap": true, "ipvlan": true, "ipvtap": true, "macsec": true, "ipoib": true,
	"rmnet": true, "virt_wifi": true, "vxlan": true}

// stackedLinks lists the interfaces of those kinds. Of the others, which may be
// many, only the kind is read.
func (sp *space) stackedLinks() ([]link, error) {
	list, err := sp.rawLinks()
	if err != nil {
		return nil, err
	}
	var links []link
	for _, b := range list {
		eachAttr(b[unix.SizeofIfInfomsg:], func(kind uint16, info []byte) {
			if kind == unix.IFLA_LINKINFO && stacked[parseAttrs(info).text(nl.IFLA_INFO_KIND)] {
				links = append(links, parseLink(b))
			}
		})
	}
	return links, nil
}

// write puts down what brings everything back, and what removes it for good.
func (f *funeral) write() (undo, final []host.Op, err error) {
	exhume := host.LinkExhume{Taken: time.Now().Round(0)}
	var tombs []host.Tomb
	bySpace := map[*space][]*body{}
	var order []*space
	for _, b := range f.bodies {
		if bySpace[b.sp] == nil {
			order = append(order, b.sp)
		}
		bySpace[b.sp] = append(bySpace[b.sp], b)
	}
	graves := map[*body]host.Grave{}
	for _, sp := range order {
		table, err := f.survey(sp, bySpace[sp], graves)
		if err != nil {
			return nil, nil, err
		}
		if len(table.Routes)+len(table.Nexthops) > 0 {
			exhume.Tables = append(exhume.Tables, table)
		}
	}
	for _, b := range f.bodies {
		exhume.Graves = append(exhume.Graves, graves[b])
		if !b.stays {
			tombs = append(tombs, graves[b].Tomb)
		}
	}
	if len(tombs) == 0 {
		return nil, nil, nil
	}
	return []host.Op{exhume}, []host.Op{host.LinkPurge{Tombs: tombs}}, nil
}

// bury carries it out, the upmost first. The steps can be done again.
func (f *funeral) bury() error {
	for _, b := range f.bodies {
		if m := f.at[place{b.sp, b.master}]; b.stays && m != nil && !m.stays {
			if err := f.release(b); err != nil {
				return err
			}
		}
	}
	for _, step := range []func(*body) error{f.lower, f.strip} {
		for _, b := range slices.Backward(f.bodies) {
			if b.stays {
				continue
			}
			if err := step(b); err != nil {
				return err
			}
		}
	}
	if err := f.stripRoutes(); err != nil {
		return err
	}
	for _, b := range slices.Backward(f.bodies) {
		if b.stays {
			continue
		}
		if err := f.rename(b); err != nil {
			return err
		}
		b.sp.unlearn(b.name)
	}
	return nil
}

func (f *funeral) point(step, what string) { f.q.h.point("bury: " + step + " " + what) }

func (f *funeral) release(b *body) error {
	f.point("release", b.name)
	return b.sp.tell(setLink(b.index, host.FieldNone, unix.IFLA_MASTER, make([]byte, 4)))
}

// lower takes an interface down, and out of its master.
func (f *funeral) lower(b *body) error {
	if b.flags&unix.IFF_UP != 0 {
		f.point("down", b.name)
		if err := b.sp.tell(setFlags(b.index, 0, unix.IFF_UP)); err != nil {
			return err
		}
	}
	if b.master == 0 {
		return nil
	}
	return f.release(b)
}

// strip takes its addresses.
func (f *funeral) strip(b *body) error {
	f.point("addresses", b.name)
	return b.sp.stripAddrs(b.index)
}

// stripRoutes takes what still leads through the interfaces, namespace by
// namespace: to list the routes for each would take the square of them.
func (f *funeral) stripRoutes() error {
	indexes := map[*space]map[int]bool{}
	var spaces []*space
	for _, b := range f.bodies {
		if b.stays {
			continue
		}
		if indexes[b.sp] == nil {
			indexes[b.sp] = map[int]bool{}
			spaces = append(spaces, b.sp)
		}
		indexes[b.sp][b.index] = true
	}
	for _, sp := range spaces {
		f.point("routes", sp.where())
		if err := sp.stripRoutes(indexes[sp]); err != nil {
			return err
		}
	}
	return nil
}

// rename gives an interface the name of a tombstone, and no other.
func (f *funeral) rename(b *body) error {
	if alt := b.alt(); len(alt) > 0 {
		f.point("alternative names", b.name)
		if err := b.sp.tell(altNames(unix.RTM_DELLINKPROP, b.index, alt)); err != nil {
			return err
		}
	}
	f.point("rename", b.name)
	tomb := host.Tomb{Index: b.index}
	if err := b.sp.tell(setLink(b.index, host.FieldName, unix.IFLA_IFNAME, append([]byte(tomb.Alias()), 0))); err != nil {
		return err
	}
	f.point("end", b.name)
	return nil
}

// buried says whether an interface is a tombstone: not to be shown.
func (l *link) buried() bool {
	return l.flags&unix.IFF_UP == 0 && l.name == host.Tomb{Index: l.index}.Alias()
}
