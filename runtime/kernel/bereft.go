package kernel

import (
	"time"

	"vnet/runtime/host"
)

// A company is what depends on the carrier of an interface, or on its being
// up: the other end of a pair, the master of either, and what stands on them.
type company struct {
	reach *reach
	order []*space
	links map[*space][]*link
	above map[*space][]link // those that may stand on others
}

// bereft gives what brings back what others lose when an interface goes down,
// to another master or elsewhere, or get when it comes up: nexthop objects, and the
// routes that lead by them (nh_netdev_event in net/ipv4/nexthop.c). They lose
// them when the kernel gets round to it, up to a second later; lose makes it do
// that now, so that what is put back is not lost after that (linkwatch_sync_dev
// in rtnl_getlink). Other things follow from a carrier as well, and a VLAN goes
// up and down with what it stands on; that they were touched is all that is said
// of those.
func (q *queue) bereft(sp *space, l *link) (back []host.Op, lose func(), err error) {
	c := company{reach: q.h.reach(), links: map[*space][]*link{}, above: map[*space][]link{}}
	defer c.reach.close()
	lose = func() {}
	if err := c.gather(c.reach.one(sp), l); err != nil {
		return nil, lose, err
	}
	undo := host.LinkExhume{Taken: time.Now()}
	waiting := map[*space][]*link{}
	for _, sp := range c.order {
		id, err := sp.id()
		if err != nil {
			return nil, lose, err
		}
		indexes := map[int]bool{}
		for _, n := range c.links[sp] {
			if n == l {
				continue
			}
			indexes[n.index] = true
			undo.Dark = append(undo.Dark, host.Tomb{NS: sp.name, Space: id, Name: n.name, Kind: n.kind, Index: n.index})
		}
		if len(indexes) == 0 {
			continue
		}
		nexthops, routes, err := sp.lostRoutes(indexes, nil)
		if err != nil {
			return nil, lose, err
		}
		if len(nexthops) > 0 {
			undo.Tables = append(undo.Tables, host.Table{NS: sp.name, Space: id, Nexthops: nexthops, Routes: routes})
			waiting[sp] = c.links[sp]
		}
	}
	if len(undo.Dark) == 0 {
		return nil, lose, nil
	}
	return []host.Op{undo}, func() {
		for sp, links := range waiting {
			for _, n := range links {
				_, _ = sp.linkAt(n.index)
			}
		}
	}, nil
}

// gather takes an interface into the company, with its own.
func (c *company) gather(sp *space, l *link) error {
	for _, n := range c.links[sp] {
		if n.index == l.index {
			return nil
		}
	}
	if c.links[sp] == nil {
		c.order = append(c.order, sp)
	}
	c.links[sp] = append(c.links[sp], l)
	if l.paired() && l.parent != 0 {
		if err := c.gatherPeer(sp, l); err != nil {
			return err
		}
	}
	if l.master != 0 {
		master, err := sp.linkAt(l.master)
		if err == nil && master != nil {
			err = c.gather(sp, master)
		}
		if err != nil {
			return err
		}
	}
	if _, listed := c.above[sp]; !listed {
		var err error
		if c.above[sp], err = sp.stackedLinks(); err != nil {
			return err
		}
	}
	for i := range c.above[sp] {
		if n := &c.above[sp][i]; n.peerSpace < 0 && n.stands() == l.index {
			if err := c.gather(sp, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *company) gatherPeer(sp *space, l *link) error {
	other := sp
	if l.peerSpace >= 0 {
		if other = c.reach.otherEnd(sp, l); other == nil {
			return nil
		}
	}
	peer, err := other.linkAt(l.parent)
	if err != nil || peer == nil {
		return err
	}
	return c.gather(other, peer)
}
