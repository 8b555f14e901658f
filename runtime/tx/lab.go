package tx

import (
	"slices"

	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// Kept is what is about to be committed.
type Kept struct {
	Steps    []Step
	Spaces   []Space          // the namespaces that it has made
	Programs []host.GroupKill // the groups of programs that it has started
	Whole    bool             // all that takes it back is to remove them
}

// A Space is a namespace that a transaction has made.
type Space struct {
	Name string
	ID   uint64 // its cookie
}

// keptIn is the lab that what is about to be committed is a part of.
func (t *Tx) keptIn(done []entry) (lab string, err error) {
	done = t.fresh(done)
	if t.Keep == nil || !slices.ContainsFunc(done, t.lasts) {
		return "", nil
	}
	return t.Keep(t.journal, Kept{stepsOf(done), madeSpaces(done), programsOf(done), t.endsWithSpaces(done)})
}

// endsWithSpaces reports whether removing the namespaces that it has made takes
// back all of it: nothing else was touched, and nothing it started runs.
func (t *Tx) endsWithSpaces(done []entry) bool {
	if len(t.past.plates) > 0 || t.restores {
		return false
	}
	doomed := doomed(done, false)
	for i, e := range done {
		_, group := e.step.Op.(host.GroupAdd)
		switch {
		case e.handler != nil || len(e.final) > 0:
			return false
		case group && !t.lasts(e), doomed.cover(i, e):
		case !group && removesSpace(e) && doomed.spaces[madeBy(e)] == i:
		default:
			return false
		}
	}
	return true
}

// madeBy is the namespace that an operation has made, if it has made one.
func madeBy(e entry) string {
	op, _ := e.step.Op.(host.NamespaceAdd)
	return op.Name
}

// Journal is what is written of it so far; nil for nothing.
func (t *Tx) Journal() *journal.Journal {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.journal
}

// Spaces returns the namespaces that it has written to, sorted.
func (t *Tx) Spaces() []string {
	var out []string
	for _, s := range t.Steps() {
		out = append(out, s.Op.Spaces()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Made returns the namespaces that it has made, in order.
func (t *Tx) Made() []Space {
	t.mu.Lock()
	defer t.mu.Unlock()
	return madeSpaces(t.log)
}

func madeSpaces(log []entry) []Space {
	var out []Space
	for _, e := range log {
		switch op := e.step.Op.(type) {
		case host.NamespaceAdd:
			for _, undo := range e.undo {
				if del, ok := undo.(host.NamespaceDel); ok {
					out = append(out, Space{op.Name, del.ID})
				}
			}
		case host.NamespaceDel:
			out = slices.DeleteFunc(out, func(s Space) bool { return s.Name == op.Name })
		}
	}
	return out
}

// Earlier is what a kernel parameter was before it was written.
func (t *Tx) Earlier(ns, key string) (value string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.log {
		for _, op := range e.undo {
			if set, is := op.(host.SysctlSet); is && set.NS == ns && set.Key == key {
				return set.Value, true
			}
		}
	}
	return "", false
}

// Programs returns the groups of programs that it has started, in order.
func (t *Tx) Programs() []host.GroupKill {
	t.mu.Lock()
	defer t.mu.Unlock()
	return programsOf(t.log)
}

func programsOf(log []entry) []host.GroupKill {
	var out []host.GroupKill
	for _, e := range log {
		if !ofPrograms(e) {
			continue
		}
		for _, op := range e.undo {
			if kill, ok := op.(host.GroupKill); ok {
				out = append(out, kill)
			}
		}
	}
	return out
}

// Begun is the statement that has started a group of programs.
func (t *Tx) Begun(g host.GroupKill) token.Span {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.log {
		if add, ok := e.step.Op.(host.GroupAdd); ok && add.ID == g.ID {
			return e.step.At
		}
	}
	return token.Span{}
}

// Lost lists what was there before a transaction that is taken back after its
// commit, and went for good then.
func (t *Tx) Lost() []string { return t.lost }

// lose leaves out of the log what the commit made final: what was deleted went
// for good then, and with it all that was done to it before. What the
// transaction itself had made is no loss.
func (t *Tx) lose() {
	dead := grave{map[string]bool{}, map[host.End]bool{}}
	var kept []entry
	for _, e := range slices.Backward(t.log) {
		if dead.made(e.step.Op) || dead.hold(e.step.Op) {
			continue
		}
		if len(e.final) == 0 {
			kept = append(kept, e)
		}
		dead.bury(e.final)
	}
	slices.Reverse(kept)
	t.log = kept
	for ns := range dead.spaces {
		t.lost = append(t.lost, "ns "+ns)
	}
	for end := range dead.links {
		if !dead.spaces[end.NS] {
			t.lost = append(t.lost, "link "+end.String())
		}
	}
	slices.Sort(t.lost)
	for ns, deeds := range t.past.deeds {
		for i, d := range deeds {
			if back, ok := d.op.(host.LinkExhume); ok {
				deeds[i].op = dead.left(back)
			}
		}
		t.past.deeds[ns] = slices.DeleteFunc(deeds, func(d deed) bool { return d.op == nil || dead.holds(d.op) })
	}
}

// left is what a deletion has done to what is not in the grave; nil for
// nothing.
func (g grave) left(op host.LinkExhume) host.Op {
	var graves []host.Grave
	for _, b := range op.Graves {
		switch gone := g.link(host.End{NS: b.NS, Name: b.Name}); {
		case !gone:
			graves = append(graves, b)
		case !b.Stays:
			graves = append(graves, host.Grave{Tomb: b.Tomb, Gone: true})
		}
	}
	op.Graves = graves
	op.Dark = slices.DeleteFunc(slices.Clone(op.Dark), func(t host.Tomb) bool { return g.link(host.End{NS: t.NS, Name: t.Name}) })
	if len(op.Tombs()) == 0 {
		return nil
	}
	return op
}

// A grave is what is gone for good, by the names it had at some place of the
// log. It is followed from the end to the beginning.
type grave struct {
	spaces map[string]bool
	links  map[host.End]bool
}

// bury takes in what is removed when a transaction is committed.
func (g grave) bury(final []host.Op) {
	for _, op := range final {
		switch op := op.(type) {
		case host.NamespacePurge:
			g.spaces[op.Name] = true
		case host.LinkPurge:
			for _, t := range op.Tombs {
				if t.NS != "" {
					g.links[host.End{NS: t.NS, Name: t.Name}] = true
				}
			}
		}
	}
}

// made reports whether an operation made what is in the grave: then it was
// never somebody else's. One end of a cable takes the other along.
func (g grave) made(op host.Op) bool {
	switch op := op.(type) {
	case host.NamespaceAdd:
		was := g.spaces[op.Name]
		delete(g.spaces, op.Name)
		return was
	case host.LinkAdd:
		was := g.link(op.Link.End())
		delete(g.links, op.Link.End())
		if op.Peer != nil {
			was = g.link(op.Peer.End()) || was
			delete(g.links, op.Peer.End())
		}
		return was
	}
	return false
}

func (g grave) link(e host.End) bool { return g.links[e] || g.spaces[e.NS] }

// hold reports whether an operation was done to what is in the grave, and
// follows the names and places that it had.
func (g grave) hold(op host.Op) bool {
	switch op := op.(type) {
	case host.LinkSet:
		if op.NewName != nil && g.links[host.End{NS: op.NS, Name: *op.NewName}] {
			delete(g.links, host.End{NS: op.NS, Name: *op.NewName})
			g.links[host.End{NS: op.NS, Name: op.Name}] = true
		}
	case host.LinkMove:
		if g.links[host.End{NS: op.To, Name: op.Name}] {
			delete(g.links, host.End{NS: op.To, Name: op.Name})
			g.links[host.End{NS: op.NS, Name: op.Name}] = true
		}
	}
	return g.holds(op)
}

func (g grave) holds(op host.Op) bool {
	switch op := op.(type) {
	case host.NamespaceAdd, host.NamespaceAdopt, host.NamespaceDel, host.GroupAdd, host.LinkAdd:
		return false
	case host.LinkDel:
		return g.link(host.End{NS: op.NS, Name: op.Name})
	case host.LinkSet:
		return g.link(host.End{NS: op.NS, Name: op.Name})
	case host.LinkMove:
		return g.link(host.End{NS: op.NS, Name: op.Name})
	case host.AddrSet:
		return g.link(host.End{NS: op.Addr.NS, Name: op.Addr.Link})
	case host.RouteSet:
		return g.spaces[op.Route.NS] || op.Route.Dev != "" && g.link(host.End{NS: op.Route.NS, Name: op.Route.Dev})
	case host.NeighSet:
		return g.link(host.End{NS: op.Neigh.NS, Name: op.Neigh.Dev})
	}
	for _, ns := range op.Spaces() {
		if g.spaces[ns] {
			return true
		}
	}
	return false
}
