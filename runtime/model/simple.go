package model

import "vnet/runtime/host"

// simpleUndo knows what undoes an operation that only added something. The
// kernel's consequences of the undo must then be those of the operation
// reversed; where they might not be, it says so.
func (n *Net) simpleUndo(op host.Op) ([]host.Op, bool) {
	switch o := op.(type) {
	case host.NamespaceAdd:
		return []host.Op{host.NamespaceDel{Name: o.Name}}, true
	case host.NamespaceAdopt:
		return []host.Op{host.NamespaceDel{Name: o.Name}}, true
	case host.LinkAdd:
		return []host.Op{host.LinkDel{NS: o.Link.NS, Name: o.Link.Name, Made: true}}, len(n.jr.links) == 0
	case host.AddrSet:
		s := n.spaces[o.Addr.NS]
		l := s.links[o.Addr.Link]
		del := o
		del.Verb = host.Del
		return []host.Op{del}, o.Verb == host.Add && len(l.addrs) > 0 && n.plainAddr(s, l)
	case host.RouteSet:
		if len(n.jr.groups) != 1 || o.Verb == host.Del {
			return nil, false
		}
		for ref, before := range n.jr.groups {
			now := n.spaces[ref.ns].routes.groups[ref.key]
			if len(before) == 0 && len(now) == 1 {
				return []host.Op{host.RouteSet{Verb: host.Del, Route: now[0]}}, true
			}
		}
	}
	return nil, false
}

// plainAddr reports whether removing the last address of a link takes nothing
// along but the route that came with it.
func (n *Net) plainAddr(s *space, l *link) bool {
	i := len(l.addrs) - 1
	a := l.addrs[i]
	switch {
	case secondary(l, i):
		return true
	case len(n.jr.groups) == 0 && l.Up:
		return false
	case is6(a.Prefix):
		return true
	}
	return len(s.routes.byDev[l.Name]) <= 1 && len(s.neighs) == 0
}
