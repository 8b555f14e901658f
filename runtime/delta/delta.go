package delta

import (
	"context"
	"maps"
	"slices"

	"vnet/runtime/host"
	"vnet/runtime/model"
)

// Between lists the operations that lead from what there is to what is wanted:
// what is to go first, each thing once.
func Between(have, want Stock) []host.Op {
	d := &difference{have: maps.Clone(have), want: want, lost: map[host.End]bool{}}
	d.findLost()
	d.remove()
	d.make()
	return d.pairRoutes()
}

type difference struct {
	have, want Stock
	lost       map[host.End]bool // interfaces that go, or are made anew
	dels, adds []host.Op
}

// findLost finds the interfaces that cannot be made to what they should be.
func (d *difference) findLost() {
	for k, op := range d.have {
		if k.rank == link {
			want, ok := d.want[k]
			d.lost[k.end()] = !ok || !alike(linkOf(op), linkOf(want)) || !sameFar(op, want)
		}
	}
}

// goes reports whether a thing goes with what it stands on.
func (d *difference) goes(k Key) bool {
	if _, stays := d.want[Key{ns: k.ns}]; !stays && k.ns != host.Start && k.rank != space {
		if _, there := d.have[Key{ns: k.ns}]; there {
			return true
		}
	}
	return k.rank != link && k.link != "" && d.lost[k.end()]
}

func (d *difference) remove() {
	taken := map[host.End]bool{}
	for _, k := range d.have.keys() {
		op := d.have[k]
		if _, stays := d.want[k]; stays && !(k.rank == link && d.lost[k.end()]) || d.goes(k) {
			continue
		}
		switch op := op.(type) {
		case host.NamespaceAdd:
			d.dels = append(d.dels, host.NamespaceDel{Name: op.Name})
			continue
		case host.LinkAdd:
			if op.Peer != nil {
				taken[op.Peer.End()] = true
				if _, lost := d.lost[op.Peer.End()]; lost && d.goes(Key{ns: op.Peer.NS, rank: link}) {
					continue // with the namespace of its other end
				}
			}
			if !taken[op.Link.End()] {
				d.dels = append(d.dels, host.LinkDel{NS: op.Link.NS, Name: op.Link.Name})
			}
		case host.RouteSet:
			if !d.follows(op.Route) && op.Route.Proto < daemons {
				op.Verb, op.Route.Proto = host.Del, 0
				d.dels = append(d.dels, op)
			}
		default:
			if gone := without(op); gone != nil && !slices.ContainsFunc(d.dels, func(o host.Op) bool { return o.String() == gone.String() }) {
				d.dels = append(d.dels, gone)
			}
		}
	}
}

// without is the operation that takes a thing away.
func without(op host.Op) host.Op {
	switch op := op.(type) {
	case host.AddrSet:
		return host.AddrSet{Verb: host.Del, Addr: op.Addr}
	case host.RuleSet:
		return host.RuleSet{Verb: host.Del, Rule: op.Rule}
	case host.NeighSet:
		return host.NeighSet{Verb: host.Del, Neigh: op.Neigh}
	case host.HostsAdd:
		return host.FileRestore{NS: op.NS, Name: "hosts"}
	case host.DNSSet:
		return host.FileRestore{NS: op.NS, Name: "resolv.conf"}
	}
	return nil // of a parameter nobody knows what it would be
}

// newborn is what a namespace holds that has just been made.
func newborn(ns string) Stock {
	net := model.New(model.Options{})
	net.Apply(context.Background(), []host.Op{host.NamespaceAdd{Name: ns}}, nil)
	st, _ := net.State(context.Background(), ns)
	s := Of([]*host.State{st}, nil)
	delete(s, Key{ns: ns})
	return s
}

func (d *difference) make() {
	for k := range d.want {
		if _, there := d.have[k]; !there && k.rank == space {
			maps.Copy(d.have, newborn(k.ns))
		}
	}
	joined := map[host.End]bool{}
	for _, k := range d.want.keys() {
		op := d.want[k]
		have, there := d.have[k]
		there = there && !d.goes(k) && !(k.rank == link && d.lost[k.end()])
		switch op := op.(type) {
		case host.LinkAdd:
			switch {
			case there:
				if set, differs := change(linkOf(have), op.Link); differs {
					d.adds = append(d.adds, set)
				}
			case joined[op.Link.End()]:
			default:
				d.adds = append(d.adds, d.join(op, joined))
			}
		case host.RouteSet:
			if !there && !d.follows(op.Route) {
				if op.Route.Proto == static {
					op.Route.Proto = 0
				}
				d.adds = append(d.adds, op)
			}
		case host.AddrSet:
			if !there || !same(have, op) {
				d.adds = append(d.adds, op)
			}
		case host.NeighSet:
			if there && !same(have, op) {
				op.Verb = host.Replace
			}
			if !there || op.Verb == host.Replace {
				d.adds = append(d.adds, op)
			}
		default:
			if !there || !same(have, op) {
				d.adds = append(d.adds, op)
			}
		}
	}
}

// join makes an interface; of a cable, both ends.
func (d *difference) join(op host.LinkAdd, joined map[host.End]bool) host.Op {
	op.Link = brief(op.Link)
	if op.Peer == nil {
		return op
	}
	joined[op.Peer.End()] = true
	peer := *op.Peer
	if far, ok := d.want[Key{ns: peer.NS, rank: link, link: peer.Name}]; ok {
		peer = brief(linkOf(far))
	}
	op.Peer = &peer
	return op
}

// Whose a route is (linux/rtnetlink.h). From daemons on it is theirs, which make
// and unmake them.
const (
	kernels = 2 // RTPROT_KERNEL
	static  = 4 // RTPROT_STATIC, which is what statements make
	daemons = 8 // RTPROT_GATED
)

// follows reports whether a route comes and goes with an address or the state
// of an interface that is to be changed anyway.
func (d *difference) follows(r host.Route) bool {
	if r.Proto != kernels {
		return false
	}
	k := Key{ns: r.NS, rank: link, link: r.Dev}
	a, there := d.have[k]
	b, wanted := d.want[k]
	if !there || !wanted || d.lost[k.end()] || linkOf(a).Up != linkOf(b).Up || !linkOf(a).Up {
		return true
	}
	return !slices.Equal(d.have.addresses(k.end()), d.want.addresses(k.end()))
}

func (s Stock) addresses(e host.End) []string {
	var out []string
	for k := range s {
		if k.rank == addr && k.end() == e {
			out = append(out, k.name)
		}
	}
	slices.Sort(out)
	return out
}

// pairRoutes makes of a route that goes and one to the same place that comes a
// change.
func (d *difference) pairRoutes() []host.Op {
	at := map[Key]int{}
	for i, op := range d.dels {
		if r, ok := op.(host.RouteSet); ok {
			at[subject(Key{ns: r.Route.NS}, r)] = i
		}
	}
	for i, op := range d.adds {
		r, ok := op.(host.RouteSet)
		if !ok {
			continue
		}
		k := subject(Key{ns: r.Route.NS}, r)
		if j, both := at[k]; both {
			r.Verb = host.Change
			d.adds[i], d.dels[j] = r, nil
			delete(at, k)
		}
	}
	d.dels = slices.DeleteFunc(d.dels, func(op host.Op) bool { return op == nil })
	return append(d.dels, d.adds...)
}
