package tx

import "vnet/runtime/host"

// spaces are the namespaces that a rollback destroys whole, each with the
// place in the log where it was made.
type spaces struct {
	made   map[string]int
	oldest int // entries from here on are undone one by one: a handler looks at them
}

func doomedSpaces(back []entry, handlers bool) spaces {
	s := spaces{made: map[string]int{}, oldest: len(back)}
	for i, e := range back {
		if e.handler != nil {
			if handlers {
				s.oldest = min(s.oldest, i)
			}
			continue
		}
		switch op := e.step.Op.(type) {
		case host.NamespaceAdd:
			s.made[op.Name] = i
		case host.NamespaceDel:
			delete(s.made, op.Name)
		case host.LinkDel:
			// Its other end, in a namespace that stays, went with it, and what
			// was done to that end before needs it back.
			s.oldest = 0
		}
	}
	for i, e := range back {
		if move, ok := e.step.Op.(host.LinkMove); ok && !s.doomed(i, move) {
			s.oldest = 0 // what came from outside has to go back there
		}
	}
	return s
}

// cover reports whether the undo of an entry is done by the end of the
// namespaces it wrote to. Files in /etc/netns outlive their namespace.
func (s spaces) cover(i int, e entry) bool {
	if i >= s.oldest {
		return false
	}
	switch e.step.Op.(type) {
	case host.NamespaceAdd, host.NamespaceDel, host.HostsAdd, host.DNSSet, host.GroupAdd:
		return false
	}
	return s.doomed(i, e.step.Op)
}

// doomed reports whether an operation wrote only to namespaces that were made
// before it and are destroyed.
func (s spaces) doomed(i int, op host.Op) bool {
	for _, ns := range op.Spaces() {
		made, ok := s.made[ns]
		if !ok || made > i {
			return false
		}
	}
	return true
}
