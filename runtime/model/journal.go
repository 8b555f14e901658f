package model

import (
	"net/netip"
	"slices"

	"vnet/runtime/host"
)

// A journal holds what an operation changed: how to take each change back,
// newest last, and how the things it touched looked before.
type journal struct {
	back   []func()
	groups map[groupRef][]host.Route
	neighs map[neighRef]host.Neigh // zero for none
	sysct  map[sysctlRef]*string
	files  map[fileRef]*file
	rules  map[string][]host.Rule
	spaces map[string]bool       // whether it was there
	opaque map[string]bool       // of those that went, which were not known to the last
	links  map[*link]host.Link   // of every link that was there
	lowers map[*link]*link       // what they were stacked on
	order  []*link               // in the order they were touched
	made   map[*link]bool        // links that were not there
	addrs  map[*link][]host.Addr // of links whose addresses changed
	buried []host.Tomb           // links that were deleted, and hold something until that is committed
}

type groupRef struct {
	ns  string
	key groupKey
}

type neighRef struct {
	ns  string
	key neighKey
}

type sysctlRef struct{ ns, key string }

type fileRef struct{ ns, name string }

func newJournal() *journal { return &journal{} }

// revert takes all changes back.
func (j *journal) revert() {
	for _, f := range slices.Backward(j.back) {
		f()
	}
	j.back = nil
}

func remember[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	if _, have := (*m)[k]; !have {
		(*m)[k] = v
	}
}

// The primitives below are all that changes a Net; each says how it is taken
// back.

func (n *Net) putSpace(s *space) {
	remember(&n.jr.spaces, s.name, false)
	gone, absent := n.gone[s.name], n.absent[s.name]
	n.spaces[s.name] = s
	delete(n.gone, s.name)
	delete(n.absent, s.name)
	n.jr.back = append(n.jr.back, func() {
		delete(n.spaces, s.name)
		if gone {
			n.gone[s.name] = true
		}
		if absent {
			n.absent[s.name] = true
		}
	})
}

func (n *Net) dropSpace(s *space) {
	remember(&n.jr.spaces, s.name, true)
	remember(&n.jr.opaque, s.name, s.opaque)
	delete(n.spaces, s.name)
	n.gone[s.name] = true
	n.jr.back = append(n.jr.back, func() {
		n.spaces[s.name] = s
		delete(n.gone, s.name)
	})
}

// touch remembers how a link looked before the operation.
func (n *Net) touch(l *link) {
	if n.jr.made[l] {
		return
	}
	if _, have := n.jr.links[l]; have {
		return
	}
	remember(&n.jr.links, l, l.Link)
	remember(&n.jr.lowers, l, l.lower)
	n.jr.order = append(n.jr.order, l)
}

func (n *Net) putLink(s *space, l *link) {
	if _, known := n.jr.links[l]; !known {
		remember(&n.jr.made, l, true)
	}
	name, index := l.Name, l.Index
	s.links[name] = l
	s.taken[index] = true
	n.jr.back = append(n.jr.back, func() { delete(s.links, name); delete(s.taken, index); clear(s.hints) })
}

func (n *Net) setBuried(s *space, list []*link) {
	if was := s.buried; len(was) != len(list) {
		s.buried = list
		n.jr.back = append(n.jr.back, func() { s.buried = was })
	}
}

func (n *Net) dropLink(s *space, l *link) {
	n.touch(l)
	name, index := l.Name, l.Index
	delete(s.links, name)
	delete(s.taken, index)
	clear(s.hints)
	n.jr.back = append(n.jr.back, func() { s.links[name] = l; s.taken[index] = true })
}

// change edits what a link says of itself.
func (n *Net) change(l *link, edit func(*host.Link)) {
	n.touch(l)
	before := l.Link
	edit(&l.Link)
	n.jr.back = append(n.jr.back, func() { l.Link = before })
}

func (n *Net) setNext(s *space, next int) {
	before := s.next
	s.next = next
	n.jr.back = append(n.jr.back, func() { s.next = before })
}

func (n *Net) putPort(bridge, port *link) {
	bridge.addPort(port)
	n.jr.back = append(n.jr.back, func() { delete(bridge.ports, port); port.leaveSegment(); bridge.leaveSegment() })
	join(port, bridge)
}

func (n *Net) dropPort(bridge, port *link) {
	delete(bridge.ports, port)
	n.jr.back = append(n.jr.back, func() { bridge.addPort(port); port.leaveSegment(); bridge.leaveSegment() })
	port.leaveSegment()
	bridge.leaveSegment()
}

// stack puts a link on another one, or on none.
func (n *Net) stack(l, on *link) {
	n.touch(l)
	was := l.lower
	l.tie(on)
	n.jr.back = append(n.jr.back, func() { l.tie(was) })
}

func (l *link) tie(on *link) {
	if old := l.lower; old != nil {
		delete(old.uppers, l)
		old.leaveSegment()
		l.leaveSegment()
	}
	l.lower = on
	if on == nil {
		return
	}
	on.addUpper(l)
	if sameMedium(l.Kind) {
		join(l, on)
	}
}

func (n *Net) insertAddr(l *link, i int, a host.Addr) {
	n.touchAddrs(l)
	n.addAddr(l, i, a)
	n.jr.back = append(n.jr.back, func() { n.cutAddr(l, i) })
}

func (n *Net) removeAddr(l *link, i int) {
	n.touchAddrs(l)
	a := l.addrs[i]
	n.cutAddr(l, i)
	n.jr.back = append(n.jr.back, func() { n.addAddr(l, i, a) })
}

func (n *Net) touchAddrs(l *link) {
	n.touch(l)
	if _, have := n.jr.addrs[l]; !have {
		// capped, not copied: nothing below this length is written in place
		remember(&n.jr.addrs, l, l.addrs[:len(l.addrs):len(l.addrs)])
	}
}

func (n *Net) addAddr(l *link, i int, a host.Addr) {
	if i < len(l.addrs) {
		l.addrs = slices.Clone(l.addrs)
	}
	l.addrs = slices.Insert(l.addrs, i, a)
	n.spaces[l.NS].own(a.Prefix.Addr(), l)
	l.seg.putAddr(a.Prefix.Addr(), l)
}

func (n *Net) cutAddr(l *link, i int) {
	a := l.addrs[i].Prefix.Addr()
	if rest := l.addrs[i+1:]; len(rest) == 0 {
		l.addrs = l.addrs[:i:i]
	} else {
		l.addrs = slices.Concat(l.addrs[:i], rest)
	}
	n.spaces[l.NS].disown(a, l)
	l.seg.dropAddr(a, l)
}

func (n *Net) setGroup(s *space, k groupKey, group []host.Route) {
	before := s.routes.groups[k]
	remember(&n.jr.groups, groupRef{s.name, k}, before)
	s.routes.set(k, group)
	n.jr.back = append(n.jr.back, func() { s.routes.set(k, before) })
}

func (n *Net) setRules(s *space, rules []host.Rule) {
	before := s.rules
	remember(&n.jr.rules, s.name, before)
	s.rules = rules
	n.jr.back = append(n.jr.back, func() { s.rules = before })
}

func (n *Net) setNeigh(s *space, k neighKey, g *host.Neigh) {
	before, have := s.neighs[k]
	remember(&n.jr.neighs, neighRef{s.name, k}, before)
	if g == nil {
		delete(s.neighs, k)
	} else {
		s.neighs[k] = *g
	}
	n.jr.back = append(n.jr.back, func() {
		delete(s.neighs, k)
		if have {
			s.neighs[k] = before
		}
	})
}

func (n *Net) setSysctl(s *space, key string, value *string) {
	before, have := s.sysctls[key]
	var was *string
	if have {
		was = &before
	}
	remember(&n.jr.sysct, sysctlRef{s.name, key}, was)
	write := func(v *string) {
		if v == nil {
			delete(s.sysctls, key)
			return
		}
		s.sysctls[key] = *v
	}
	write(value)
	n.jr.back = append(n.jr.back, func() { write(was) })
}

func (n *Net) setFile(s *space, name string, f *file) {
	before, have := s.files[name]
	var was *file
	if have {
		was = &before
	}
	remember(&n.jr.files, fileRef{s.name, name}, was)
	write := func(f *file) {
		if f == nil {
			delete(s.files, name)
			return
		}
		s.files[name] = *f
	}
	write(f)
	n.jr.back = append(n.jr.back, func() { write(was) })
}

// hasAddr reports whether any link of the namespace bears the address.
func (s *space) hasAddr(a netip.Addr) bool { return len(s.owners[a]) > 0 }
