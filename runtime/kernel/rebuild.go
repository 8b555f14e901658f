package kernel

import (
	"cmp"
	"slices"

	"vnet/runtime/host"
)

// rebuild gives the operations that make a namespace anew with what was in it:
// the undo of a deletion. What is beyond operations (queueing disciplines,
// firewall rules, kernel parameters, programs) does not come back.
func (q *queue) rebuild(sp *space, seen views) ([]host.Op, error) {
	links, err := sp.allLinks()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(links, func(a, b link) int { return cmp.Compare(a.rank(), b.rank()) })
	ops := []host.Op{host.NamespaceAdd{Name: sp.name}}
	var dress []host.Op
	done := map[int]bool{}
	for i := range links {
		l := &links[i]
		kept, err := seen.kept(sp, l.index)
		if err != nil {
			return nil, err
		}
		dress = append(dress, slices.DeleteFunc(kept, loopback)...)
		if done[l.index] || !makes(l.kind) {
			continue
		}
		add := host.LinkAdd{Link: l.plan(sp)}
		if l.kind == "veth" {
			other, peer, err := q.h.otherEnd(sp, l)
			if err != nil {
				return nil, err
			}
			if peer == nil {
				continue
			}
			far := peer.plan(other)
			add.Peer = &far
			if other == sp {
				done[peer.index] = true
			} else if kept, err = seen.kept(other, peer.index); err == nil {
				dress = append(dress, kept...)
			}
		}
		ops = append(ops, add)
	}
	for _, r := range seen[sp].routes {
		if r.Type != "" { // those of interfaces are in already
			dress = append(dress, host.RouteSet{Verb: host.Replace, Route: r})
		}
	}
	slices.SortStableFunc(dress, func(a, b host.Op) int { return cmp.Compare(dressRank(a), dressRank(b)) })
	ops = append(ops, dress...)
	rules, err := sp.rules()
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		if !usualRule(r) {
			ops = append(ops, host.RuleSet{Verb: host.Add, Rule: r})
		}
	}
	return ops, nil
}

// loopback says whether an operation gives lo an address that it has anyway.
func loopback(op host.Op) bool {
	a, ok := op.(host.AddrSet)
	return ok && a.Addr.Link == "lo" && a.Addr.Prefix.Addr().IsLoopback() && a.Addr.Label == "" &&
		(a.Addr.Prefix.Bits() == 8 || a.Addr.Prefix.Bits() == 128)
}

// rank puts what others stand on first.
func (l *link) rank() int {
	switch l.kind {
	case "bridge":
		return 0
	case "macvlan", "vxlan":
		return 2
	}
	return 1
}

// dressRank puts addresses before routes, and routes to subnets before those
// through gateways in them.
func dressRank(op host.Op) int {
	switch op := op.(type) {
	case host.RouteSet:
		return 1 + min(gateways(op.Route), 1)
	case host.NeighSet:
		return 3
	}
	return 0
}

// usualRule says whether the kernel makes the rule for every namespace.
func usualRule(r host.Rule) bool {
	switch r.Table {
	case 255:
		return r.Priority == 0
	case 254:
		return r.Priority == 32766
	case 253:
		return r.Priority == 32767 && r.Family == 4
	}
	return false
}
