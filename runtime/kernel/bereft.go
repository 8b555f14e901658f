package kernel

import (
	"time"

	"vnet/runtime/host"
)

// bereft gives what brings back what the other end of a pair loses with its
// carrier, when this one goes down or elsewhere: nexthop objects, and the
// routes that lead by them (nh_netdev_event in net/ipv4/nexthop.c). It loses
// them when the kernel gets round to it, up to a second later; lose makes it do
// that now, so that what is put back is not lost after that (linkwatch_sync_dev
// in rtnl_getlink). Other things follow from a carrier as well; that the other
// end was touched is all that is said of those.
func (q *queue) bereft(sp *space, l *link) (back []host.Op, lose func(), err error) {
	lose = func() {}
	if !l.paired() || l.parent == 0 {
		return nil, lose, nil
	}
	r := q.h.reach()
	defer r.close()
	other := r.one(sp)
	if l.peerSpace >= 0 {
		if other, err = r.number(other, l.peerSpace); err != nil || other == nil {
			return nil, lose, err
		}
	}
	peer, err := other.linkAt(l.parent)
	if err != nil || peer == nil {
		return nil, lose, err
	}
	id, err := other.id()
	if err != nil {
		return nil, lose, err
	}
	undo := host.LinkExhume{Taken: time.Now(), Dark: []host.Tomb{{NS: other.name, Space: id, Name: peer.name, Kind: peer.kind, Index: peer.index}}}
	nexthops, routes, err := other.lostRoutes(map[int]bool{l.parent: true}, nil)
	if err != nil {
		return nil, lose, err
	}
	if len(nexthops) > 0 {
		undo.Tables = []host.Table{{NS: other.name, Space: id, Nexthops: nexthops, Routes: routes}}
		lose = func() { _, _ = other.linkAt(l.parent) }
	}
	return []host.Op{undo}, lose, nil
}
