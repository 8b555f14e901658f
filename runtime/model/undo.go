package model

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"vnet/runtime/host"
)

// An undoer finds operations that lead back to what a journal remembers. It
// tries them on the network itself, and takes the trial back at the end.
type undoer struct {
	n   *Net
	was *journal
	ops []host.Op
}

func (n *Net) findUndo(j *journal) []host.Op {
	n.jr = newJournal()
	u := &undoer{n: n, was: j}
	u.spaces()
	u.links()
	u.sysctls()
	u.addrs()
	u.routes()
	u.neighs()
	u.rules()
	u.files()
	n.jr.revert()
	n.jr = j
	return u.ops
}

// try does an operation that is part of the undo; what the network refuses
// cannot be part of it.
func (u *undoer) try(op host.Op) {
	if u.n.do(op) == nil {
		u.ops = append(u.ops, op)
	}
}

func (u *undoer) spaces() {
	for _, name := range slices.Sorted(maps.Keys(u.was.spaces)) {
		there := u.was.spaces[name]
		switch now := u.n.spaces[name] != nil; {
		case there == now:
		case now:
			u.try(host.NamespaceDel{Name: name})
		case u.was.opaque[name]:
			u.try(host.NamespaceAdopt{Name: name})
		default:
			u.try(host.NamespaceAdd{Name: name})
		}
	}
}

// links restores them in an order in which each finds what it stands on.
func (u *undoer) links() {
	for _, l := range sortedByEnd(u.was.made) {
		if u.n.at(l.End()) == l {
			u.try(host.LinkDel{NS: l.NS, Name: l.Name, Made: true})
		}
	}
	var gone, here []*link
	for _, l := range u.was.order {
		if u.n.at(l.End()) == l {
			here = append(here, l)
		} else if !l.assumed && u.was.links[l].Name != "lo" {
			gone = append(gone, l)
		}
	}
	slices.SortStableFunc(gone, func(a, b *link) int {
		x, y := u.was.links[a], u.was.links[b]
		return cmp.Or(strings.Compare(x.NS, y.NS), x.Index-y.Index)
	})
	for len(gone) > 0 {
		left := slices.DeleteFunc(slices.Clone(gone), u.remake)
		if len(left) == len(gone) {
			break
		}
		gone = left
	}
	for _, l := range here {
		u.relocate(l)
	}
	for _, l := range u.was.order {
		u.reset(u.was.links[l])
	}
}

// remake makes a link anew, unless what it stands on is still missing.
func (u *undoer) remake(l *link) bool {
	b := u.was.links[l]
	if u.n.at(b.End()) != nil {
		return true // it came with its other end
	}
	if b.Parent != "" && u.n.at(host.End{NS: b.NS, Name: b.Parent}) == nil {
		return false
	}
	if low := u.was.lowers[l]; low != nil && u.before(low).NS != b.NS {
		return u.remakeAbroad(b, u.before(low))
	}
	op := host.LinkAdd{Link: bare(b)}
	if b.Peer != nil {
		for other, o := range u.was.links {
			if other != l && o.End() == *b.Peer {
				peer := bare(o)
				op.Peer = &peer
			}
		}
	}
	u.try(op)
	return true
}

// remakeAbroad makes a link where what it stands on is, and moves it.
func (u *undoer) remakeAbroad(b, low host.Link) bool {
	if u.n.at(low.End()) == nil {
		return false
	}
	l := bare(b)
	l.NS, l.Parent = low.NS, low.Name
	u.try(host.LinkAdd{Link: l})
	u.try(host.LinkMove{NS: low.NS, Name: b.Name, To: b.NS, Index: b.Index})
	return true
}

// before is how a link was before the operation.
func (u *undoer) before(l *link) host.Link {
	if b, touched := u.was.links[l]; touched {
		return b
	}
	return l.Link
}

// bare is a link as it can be made before its master is there.
func bare(l host.Link) host.Link {
	l.Master, l.Peer = "", nil
	return l
}

// relocate puts a link back into its namespace and under its name.
func (u *undoer) relocate(l *link) {
	b := u.was.links[l]
	if l.NS != b.NS {
		u.try(host.LinkMove{NS: l.NS, Name: l.Name, To: b.NS, Index: cmp.Or(b.Index, l.Index)})
	}
	if l.Name != b.Name {
		name := b.Name
		u.try(host.LinkSet{NS: l.NS, Name: l.Name, NewName: &name})
	}
}

// reset gives a link its attributes back.
func (u *undoer) reset(b host.Link) {
	l := u.n.at(b.End())
	if l == nil {
		return
	}
	want, op := b, host.LinkSet{NS: l.NS, Name: l.Name}
	changed := false
	if l.Up && !want.Up {
		op.Down, changed = true, true
	}
	if !l.Up && want.Up {
		op.Up, changed = true, true
	}
	if l.MAC != want.MAC {
		op.MAC, changed = &want.MAC, true
	}
	if l.MTU != want.MTU && want.MTU != 0 {
		op.MTU, changed = &want.MTU, true
	}
	if l.Master != want.Master {
		op.Master, changed = &want.Master, true
	}
	if l.Alias != want.Alias {
		op.Alias, changed = &want.Alias, true
	}
	if l.Promisc != want.Promisc {
		op.Promisc, changed = &want.Promisc, true
	}
	if want.Bridge != nil && !sameBridge(l.Bridge, want.Bridge) {
		op.Bridge, changed = want.Bridge, true
	}
	if changed {
		u.try(op)
	}
}

func sameBridge(a, b *host.Bridge) bool {
	if a == nil || b == nil {
		return a == b
	}
	return samePtr(a.STP, b.STP) && samePtr(a.VLANFiltering, b.VLANFiltering) && samePtr(a.Ageing, b.Ageing)
}

func samePtr[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func (u *undoer) sysctls() {
	for _, ref := range sortedRefs(u.was.sysct, func(r sysctlRef) string { return r.ns + " " + r.key }) {
		s := u.n.spaces[ref.ns]
		if s == nil {
			continue
		}
		now, have := s.sysctls[ref.key]
		switch want := u.was.sysct[ref]; {
		case want == nil && have:
			u.try(host.SysctlSet{NS: ref.ns, Key: ref.key})
		case want != nil && (!have || now != *want):
			u.try(host.SysctlSet{NS: ref.ns, Key: ref.key, Value: *want})
		}
	}
}

// addrs restores the addresses of every link that lost or gained some, here
// or by the trial.
func (u *undoer) addrs() {
	want := map[host.End][]host.Addr{}
	for l, addrs := range u.n.jr.addrs {
		if b, have := u.n.jr.links[l]; have {
			want[b.End()] = addrs
		}
	}
	for l := range u.n.jr.made {
		want[l.End()] = nil
	}
	for l, addrs := range u.was.addrs {
		want[u.was.links[l].End()] = addrs
	}
	for _, end := range sortedRefs(want, host.End.String) {
		l := u.n.at(end)
		if l == nil {
			continue
		}
		same := 0
		for same < len(l.addrs) && same < len(want[end]) && l.addrs[same] == want[end][same] {
			same++
		}
		for len(l.addrs) > same {
			u.try(host.AddrSet{Verb: host.Del, Addr: l.addrs[len(l.addrs)-1]})
		}
		for _, a := range want[end][same:] {
			u.try(host.AddrSet{Verb: host.Add, Addr: a})
		}
	}
}

// routes restores the groups that the operation or the trial touched: those
// that gateways need first, and what is too much last.
func (u *undoer) routes() {
	touched := map[groupRef][]host.Route{}
	maps.Copy(touched, u.n.jr.groups)
	maps.Copy(touched, u.was.groups)
	refs := slices.SortedFunc(maps.Keys(touched), func(a, b groupRef) int {
		return cmp.Or(order(touched[a])-order(touched[b]), strings.Compare(a.ns, b.ns), compareKeys(a.key, b.key))
	})
	for _, ref := range refs {
		u.group(ref, touched[ref])
	}
}

func order(group []host.Route) int {
	if len(group) == 0 {
		return 2
	}
	if slices.ContainsFunc(group, func(r host.Route) bool { return ways(r)[0].Via.IsValid() }) {
		return 1
	}
	return 0
}

func (u *undoer) group(ref groupRef, want []host.Route) {
	s := u.n.spaces[ref.ns]
	if s == nil {
		return
	}
	now := s.routes.groups[ref.key]
	if perLink(now) && perLink(want) {
		// One that is there need not come again for the sake of its place.
		u.exchange(without(now, want), without(want, now))
		return
	}
	same := 0
	for same < len(now) && same < len(want) && sameRoute(now[same], want[same]) {
		same++
	}
	u.exchange(now[same:], want[same:])
}

// exchange takes routes away, the last first, and adds others.
func (u *undoer) exchange(gone, come []host.Route) {
	for _, r := range slices.Backward(gone) {
		u.try(host.RouteSet{Verb: host.Del, Route: r})
	}
	for _, r := range come {
		u.try(host.RouteSet{Verb: host.Append, Route: r})
	}
}

// perLink reports whether routes are such that IPv6 makes one for each link: their
// order is chance, and means nothing.
func perLink(group []host.Route) bool {
	return !slices.ContainsFunc(group, func(r host.Route) bool {
		a := r.Dest.Addr()
		return r.Proto != protoKernel || !is6(r.Dest) || !a.IsLinkLocalUnicast() && !a.IsMulticast()
	})
}

// without returns the routes of one list that another does not have.
func without(list, other []host.Route) []host.Route {
	by := map[string][]host.Route{} // by interface: each mostly has one
	for _, r := range other {
		by[r.Dev] = append(by[r.Dev], r)
	}
	var out []host.Route
	for _, r := range list {
		if !slices.ContainsFunc(by[r.Dev], func(o host.Route) bool { return sameRoute(o, r) }) {
			out = append(out, r)
		}
	}
	return out
}

func (u *undoer) neighs() {
	touched := map[neighRef]host.Neigh{}
	maps.Copy(touched, u.n.jr.neighs)
	maps.Copy(touched, u.was.neighs)
	for _, ref := range sortedRefs(touched, func(r neighRef) string { return r.ns + " " + r.key.dev + " " + r.key.ip.String() }) {
		s := u.n.spaces[ref.ns]
		if s == nil {
			continue
		}
		now, have := s.neighs[ref.key]
		switch want := touched[ref]; {
		case want == host.Neigh{} && have:
			u.try(host.NeighSet{Verb: host.Del, Neigh: now})
		case want != host.Neigh{} && now != want:
			u.try(host.NeighSet{Verb: host.Replace, Neigh: want})
		}
	}
}

func (u *undoer) rules() {
	for _, ns := range slices.Sorted(maps.Keys(u.was.rules)) {
		s, want := u.n.spaces[ns], u.was.rules[ns]
		if s == nil {
			continue
		}
		groups := map[[2]int]bool{}
		for _, r := range slices.Concat(s.rules, want) {
			groups[[2]int{r.Family, r.Priority}] = true
		}
		for _, g := range slices.SortedFunc(maps.Keys(groups), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
			u.rulesOf(s, g[0], g[1], want)
		}
	}
}

// rulesOf restores the rules of one priority, among which the order counts.
func (u *undoer) rulesOf(s *space, family, priority int, all []host.Rule) {
	other := func(r host.Rule) bool { return r.Family != family || r.Priority != priority }
	now := slices.DeleteFunc(slices.Clone(s.rules), other)
	want := slices.DeleteFunc(slices.Clone(all), other)
	same := 0
	for same < len(now) && same < len(want) && now[same] == want[same] {
		same++
	}
	for _, r := range slices.Backward(now[same:]) {
		u.try(host.RuleSet{Verb: host.Del, Rule: r})
	}
	for _, r := range want[same:] {
		u.try(host.RuleSet{Verb: host.Add, Rule: r})
	}
}

func (u *undoer) files() {
	for _, ref := range sortedRefs(u.was.files, func(r fileRef) string { return r.ns + " " + r.name }) {
		if u.n.spaces[ref.ns] == nil {
			continue
		}
		if f := u.was.files[ref]; f != nil {
			u.try(host.FileRestore{NS: ref.ns, Name: ref.name, Content: f.content, Mode: 0o644})
		} else {
			u.try(host.FileRestore{NS: ref.ns, Name: ref.name, Absent: true})
		}
	}
}

func sortedRefs[K comparable, V any](m map[K]V, text func(K) string) []K {
	return slices.SortedFunc(maps.Keys(m), func(a, b K) int { return strings.Compare(text(a), text(b)) })
}

func sortedByEnd(m map[*link]bool) []*link {
	return slices.SortedFunc(maps.Keys(m), func(a, b *link) int { return strings.Compare(a.End().String(), b.End().String()) })
}
