package model

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"vnet/runtime/host"
)

// The numbers of rtnetlink(7).
const (
	tableMain   = 254
	protoKernel = 2
	protoStatic = 4
	metric6     = 1024 // of a route for IPv6 that names none
	metric6Conn = 256  // of a connected one
)

// A fib holds the routes of a namespace, those to one destination in one
// table together, in the order of their metric.
type fib struct {
	groups map[groupKey][]host.Route
	byDev  map[string]map[groupKey]int     // how many ways lead through a link
	bySrc  map[netip.Addr]map[groupKey]int // how many routes prefer an address
	lens   map[tableKey]*[129]int          // how many groups have a prefix of that length
}

type groupKey struct {
	table int
	dest  netip.Prefix
}

type tableKey struct {
	table int
	v6    bool
}

func newFib() fib {
	return fib{
		groups: map[groupKey][]host.Route{},
		byDev:  map[string]map[groupKey]int{},
		bySrc:  map[netip.Addr]map[groupKey]int{},
		lens:   map[tableKey]*[129]int{},
	}
}

func keyOf(r host.Route) groupKey {
	return groupKey{table: cmp.Or(r.Table, tableMain), dest: r.Dest}
}

// canonical gives a route the form in which the model keeps it: what may be
// left out is left out.
func canonical(r host.Route) host.Route {
	if r.Table == tableMain {
		r.Table = 0
	}
	r.Proto = cmp.Or(r.Proto, protoStatic)
	if is6(r.Dest) {
		r.Scope = ""
		r.Metric = cmp.Or(r.Metric, metric6)
	}
	if r.Type != "" && r.Type != "local" && r.Type != "broadcast" {
		r.Dev = ""
	}
	if r.Scope == scopeOf(r) {
		r.Scope = ""
	}
	if len(r.Nexthop) == 1 {
		h := r.Nexthop[0]
		r.Via, r.Dev, r.OnLink, r.Nexthop = h.Via, h.Dev, h.OnLink, nil
	}
	for i := range r.Nexthop {
		if r.Nexthop[i].Weight == 0 {
			r.Nexthop = slices.Clone(r.Nexthop)
			r.Nexthop[i].Weight = 1
		}
	}
	return r
}

// scopeOf is the scope a route gets by its form.
func scopeOf(r host.Route) string {
	if is6(r.Dest) || r.Type != "" || r.Via.IsValid() || len(r.Nexthop) > 0 {
		return "global"
	}
	return "link"
}

func is6(p netip.Prefix) bool { return p.Addr().Is6() }

// ways lists the ways of a route, one or several.
func ways(r host.Route) []host.Nexthop {
	if len(r.Nexthop) > 0 {
		return r.Nexthop
	}
	return []host.Nexthop{{Via: r.Via, Dev: r.Dev, OnLink: r.OnLink}}
}

// set makes group the routes of k.
func (f *fib) set(k groupKey, group []host.Route) {
	old := f.groups[k]
	gone, come := differing(old, group)
	f.count(k, gone, -1)
	f.count(k, come, 1)
	tk := tableKey{k.table, is6(k.dest)}
	if f.lens[tk] == nil {
		f.lens[tk] = new([129]int)
	}
	if len(old) > 0 {
		f.lens[tk][k.dest.Bits()]--
	}
	if len(group) == 0 {
		delete(f.groups, k)
		return
	}
	f.lens[tk][k.dest.Bits()]++
	f.groups[k] = group
}

// differing leaves out what two groups have alike at their ends: in a large
// one, a change is mostly of one route.
func differing(a, b []host.Route) (_, _ []host.Route) {
	for len(a) > 0 && len(b) > 0 && sameRoute(a[0], b[0]) {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && sameRoute(a[len(a)-1], b[len(b)-1]) {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

func (f *fib) count(k groupKey, group []host.Route, by int) {
	for _, r := range group {
		if r.Src.IsValid() {
			tally(f.bySrc, r.Src, k, by)
		}
		for _, h := range ways(r) {
			if h.Dev != "" {
				tally(f.byDev, h.Dev, k, by)
			}
		}
	}
}

func tally[K comparable](m map[K]map[groupKey]int, at K, k groupKey, by int) {
	if m[at] == nil {
		m[at] = map[groupKey]int{}
	}
	m[at][k] += by
	if m[at][k] == 0 {
		delete(m[at], k)
	}
	if len(m[at]) == 0 {
		delete(m, at)
	}
}

// through lists the groups with a way through a link, sorted.
func (f *fib) through(dev string) []groupKey { return sortedKeys(f.byDev[dev]) }

// prefer lists the groups with a route that prefers an address, sorted.
func (f *fib) prefer(src netip.Addr) []groupKey { return sortedKeys(f.bySrc[src]) }

func sortedKeys(m map[groupKey]int) []groupKey {
	return slices.SortedFunc(maps.Keys(m), compareKeys)
}

func compareKeys(a, b groupKey) int {
	return cmp.Or(
		cmp.Compare(a.dest.Addr().BitLen(), b.dest.Addr().BitLen()),
		-cmp.Compare(rank(a.table), rank(b.table)),
		a.dest.Addr().Compare(b.dest.Addr()),
		cmp.Compare(a.dest.Bits(), b.dest.Bits()),
	)
}

// rank puts the main table before the others.
func rank(table int) int {
	if table == tableMain {
		return 1 << 33
	}
	return -table
}

// list returns all routes: the families one after the other, the main table
// first.
func (f *fib) list() []host.Route {
	var out []host.Route
	for _, k := range slices.SortedFunc(maps.Keys(f.groups), compareKeys) {
		out = append(out, f.groups[k]...)
	}
	return out
}

// match calls yield for the groups of a table that hold addr, the longest
// prefix first, until it returns true.
func (f *fib) match(table int, addr netip.Addr, yield func([]host.Route) bool) bool {
	lens := f.lens[tableKey{table, addr.Is6()}]
	if lens == nil {
		return false
	}
	for bits := addr.BitLen(); bits >= 0; bits-- {
		if lens[bits] == 0 {
			continue
		}
		dest, _ := addr.Prefix(bits)
		if group := f.groups[groupKey{table, dest}]; len(group) > 0 && yield(group) {
			return true
		}
	}
	return false
}

// insert puts a route into its group by its metric, behind those of the same.
func insert(group []host.Route, r host.Route) []host.Route {
	i := len(group)
	for i > 0 && group[i-1].Metric > r.Metric {
		i--
	}
	return slices.Insert(slices.Clone(group), i, r)
}

func sameRoute(a, b host.Route) bool {
	return a.NS == b.NS && a.Dest == b.Dest && a.Type == b.Type && a.Via == b.Via && a.Dev == b.Dev &&
		a.Src == b.Src && a.Metric == b.Metric && a.Table == b.Table && a.Proto == b.Proto &&
		a.Scope == b.Scope && a.OnLink == b.OnLink && slices.Equal(a.Nexthop, b.Nexthop)
}
