package delta

import (
	"strconv"

	"vnet/runtime/host"
)

// A Scope is the part of a network that operations were about: namespaces they
// made, with all in them; interfaces they made, with all that stands on those;
// files they wrote; and single things.
type Scope struct {
	spaces map[string]bool
	links  map[host.End]bool
	things map[Key]bool
	files  map[FileKey]bool
}

// ScopeOf is the scope of operations.
func ScopeOf(ops []host.Op) Scope {
	s := Scope{map[string]bool{}, map[host.End]bool{}, map[Key]bool{}, map[FileKey]bool{}}
	for _, op := range ops {
		switch op := op.(type) {
		case host.NamespaceAdd:
			s.spaces[op.Name] = true
		case host.LinkAdd:
			s.links[op.Link.End()] = true
			if op.Peer != nil {
				s.links[op.Peer.End()] = true
			}
		case host.LinkSet:
			if from := (host.End{NS: op.NS, Name: op.Name}); op.NewName != nil && s.links[from] {
				s.links[host.End{NS: op.NS, Name: *op.NewName}] = true
			}
		case host.HostsAdd, host.DNSSet:
			s.files[fileOf(op)] = true
		case host.LinkMove:
			s.links[host.End{NS: op.To, Name: op.Name}] = true
		}
		for _, k := range Subjects(op) {
			s.things[k] = true
		}
	}
	return s
}

// Within leaves of a stock what is in a scope.
func (s Stock) Within(sc Scope) Stock {
	out := Stock{}
	for k, op := range s {
		if sc.spaces[k.ns] || k.link != "" && sc.links[k.end()] || sc.things[subject(k, op)] {
			out[k] = op
		}
	}
	return out
}

// Subjects are the things that an operation is about.
func Subjects(op host.Op) []Key {
	keys := keysOf(op)
	for i, k := range keys {
		keys[i] = subject(k, op)
	}
	return keys
}

// subject is what an operation is about whatever it makes of it: of a route
// where to, and in which table.
func subject(k Key, op host.Op) Key {
	r, ok := op.(host.RouteSet)
	if !ok {
		return k
	}
	const main, usual6 = 254, 1024 // RT_TABLE_MAIN, IP6_RT_PRIO_USER
	table, metric := r.Route.Table, r.Route.Metric
	if table == main {
		table = 0
	}
	if metric == usual6 && r.Route.Dest.Addr().Is6() {
		metric = 0
	}
	return Key{ns: k.ns, rank: route, name: host.Dest(r.Route.Dest.Masked()) + " " + strconv.FormatBool(r.Route.Dest.Addr().Is6()) +
		" " + strconv.Itoa(table) + " " + strconv.Itoa(metric)}
}

// Merge is what stood, with all that is not the same in was and in want as it
// is in want.
func Merge(stood, was, want Stock) Stock {
	out := Stock{}
	for k, op := range stood {
		out[k] = op
	}
	for k, op := range want {
		if old, ok := was[k]; !ok || !same(old, op) {
			out[k] = op
		}
	}
	for k := range was {
		if _, ok := want[k]; !ok {
			delete(out, k)
		}
	}
	return out
}
