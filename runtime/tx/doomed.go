package tx

import "vnet/runtime/host"

// A doom is what a rollback destroys whole, each with the place in the log
// where it was made.
type doom struct {
	spaces map[string]int
	links  map[host.End]int
	oldest int // entries from here on are undone one by one: a handler looks at them
}

func doomed(back []entry, handlers bool) doom {
	d := doom{map[string]int{}, map[host.End]int{}, len(back)}
	stay := true // every link made is where it was made, under its name
	for i, e := range back {
		if e.handler != nil {
			if handlers {
				d.oldest = min(d.oldest, i)
			}
			continue
		}
		switch op := e.step.Op.(type) {
		case host.NamespaceAdd:
			d.spaces[op.Name] = i
		case host.NamespaceDel:
			delete(d.spaces, op.Name)
		case host.LinkAdd:
			d.links[op.Link.End()] = i
			if op.Peer != nil {
				d.links[op.Peer.End()] = i
			}
		case host.LinkSet:
			stay = stay && op.NewName == nil
		case host.LinkMove:
			stay = false
		case host.LinkDel:
			// Its other end, in a namespace that stays, went with it, and what
			// was done to that end before needs it back.
			d.oldest = 0
		}
	}
	if !stay {
		clear(d.links)
	}
	for i, e := range back {
		if move, ok := e.step.Op.(host.LinkMove); ok && !d.within(i, move) {
			d.oldest = 0 // what came from outside has to go back there
		}
	}
	return d
}

// cover reports whether the undo of an entry is done by the end of what it
// wrote to. Files in /etc/netns outlive their namespace.
func (d doom) cover(i int, e entry) bool {
	if i >= d.oldest {
		return false
	}
	switch e.step.Op.(type) {
	case host.NamespaceAdd, host.NamespaceDel, host.HostsAdd, host.DNSSet, host.GroupAdd:
		return false
	}
	return d.within(i, e.step.Op) || d.onLink(i, e.step.Op)
}

// within reports whether an operation wrote only to namespaces that were made
// before it and are destroyed.
func (d doom) within(i int, op host.Op) bool {
	for _, ns := range op.Spaces() {
		made, ok := d.spaces[ns]
		if !ok || made > i {
			return false
		}
	}
	return true
}

// onLink reports whether all that an operation did is a part of a link that
// was made before it and is destroyed.
func (d doom) onLink(i int, op host.Op) bool {
	var end host.End
	switch op := op.(type) {
	case host.LinkSet:
		end = host.End{NS: op.NS, Name: op.Name}
	case host.AddrSet:
		if op.Verb == host.Add {
			end = host.End{NS: op.Addr.NS, Name: op.Addr.Link}
		}
	case host.NeighSet:
		if op.Verb == host.Add {
			end = host.End{NS: op.Neigh.NS, Name: op.Neigh.Dev}
		}
	case host.RouteSet:
		if op.Verb == host.Add {
			end = host.End{NS: op.Route.NS, Name: op.Route.Dev}
		}
	}
	made, ok := d.links[end]
	return ok && made < i
}

// ends reports whether an entry made a cable that goes with a namespace at one
// of its ends.
func (d doom) ends(i int, e entry, going map[string]bool) bool {
	add, ok := e.step.Op.(host.LinkAdd)
	if !ok || add.Peer == nil || i >= d.oldest {
		return false
	}
	if _, stays := d.links[add.Link.End()]; !stays {
		return false
	}
	for _, ns := range add.Spaces() {
		if made, ok := d.spaces[ns]; ok && made < i && going[ns] {
			return true
		}
	}
	return false
}
