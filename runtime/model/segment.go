package model

import (
	"net/netip"
	"slices"
	"strings"

	"vnet/runtime/host"
)

// A segment is the interfaces that hear each other's frames. It grows as
// cables are laid; when one is cut it is dead, and found anew when somebody
// asks.
type segment struct {
	members []*link
	addrs   map[netip.Addr][]*link
	dead    bool
}

func newSegment(l *link) *segment {
	g := &segment{members: []*link{l}}
	for _, a := range l.addrs {
		g.putAddr(a.Prefix.Addr(), l)
	}
	return g
}

func (g *segment) putAddr(a netip.Addr, l *link) {
	if g == nil || g.dead {
		return
	}
	if g.addrs == nil {
		g.addrs = map[netip.Addr][]*link{}
	}
	g.addrs[a] = append(g.addrs[a], l)
}

func (g *segment) dropAddr(a netip.Addr, l *link) {
	if g == nil || g.dead {
		return
	}
	left := g.addrs[a]
	if i := slices.Index(left, l); i >= 0 {
		left = slices.Delete(slices.Clone(left), i, i+1)
	}
	if len(left) == 0 {
		delete(g.addrs, a)
		return
	}
	g.addrs[a] = left
}

// leaveSegment says that what the link is joined to has changed.
func (l *link) leaveSegment() {
	if l.seg != nil {
		l.seg.dead = true
		l.seg = nil
	}
}

// join makes one segment of two that are known, the smaller moving into the
// larger.
func join(a, b *link) {
	x, y := a.seg, b.seg
	if x == nil || y == nil || x.dead || y.dead {
		a.leaveSegment()
		b.leaveSegment()
		return
	}
	if x == y {
		return
	}
	if len(x.members) < len(y.members) {
		x, y = y, x
	}
	for _, l := range y.members {
		l.seg = x
		for _, addr := range l.addrs {
			x.putAddr(addr.Prefix.Addr(), l)
		}
	}
	x.members = append(x.members, y.members...)
	y.dead = true
}

// segment returns the segment of a link.
func (n *Net) segment(l *link) *segment {
	if l.seg != nil && !l.seg.dead {
		return l.seg
	}
	g := &segment{}
	seen := map[*link]bool{l: true}
	for queue := []*link{l}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		at.seg = g
		g.members = append(g.members, at)
		for _, a := range at.addrs {
			g.putAddr(a.Prefix.Addr(), at)
		}
		for _, next := range n.beside(at) {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return g
}

// beside lists the links that share a medium with one.
func (n *Net) beside(l *link) []*link {
	var out []*link
	if l.Peer != nil {
		if p := n.at(*l.Peer); p != nil {
			out = append(out, p)
		}
	}
	if l.Master != "" {
		if b := n.spaces[l.NS].links[l.Master]; isBridge(b) {
			out = append(out, b)
		}
	}
	if isBridge(l) {
		out = append(out, sortedLinks(l.ports)...)
	}
	if sameMedium(l.Kind) && l.lower != nil {
		out = append(out, l.lower)
	}
	for _, u := range sortedLinks(l.uppers) {
		if sameMedium(u.Kind) {
			out = append(out, u)
		}
	}
	return out
}

// Segment lists the interfaces that hear frames sent at an end, itself among
// them, sorted.
func (n *Net) Segment(end host.End) []host.End {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.at(end)
	if l == nil {
		return nil
	}
	var out []host.End
	for _, m := range n.segment(l).members {
		out = append(out, m.End())
	}
	slices.SortFunc(out, func(a, b host.End) int { return strings.Compare(a.String(), b.String()) })
	return out
}
