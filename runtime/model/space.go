package model

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"vnet/runtime/host"
)

// A space is a namespace and what is known of it.
type space struct {
	name    string
	opaque  bool // it may hold more than is known
	loaded  bool // it was learnt from Source
	next    int  // the index of the next link
	links   map[string]*link
	buried  []*link                // VXLANs that were deleted, and hold their id until that is committed
	taken   map[int]bool           // the indexes in use
	hints   map[string]int         // where to begin to look for a free name
	owners  map[netip.Addr][]*link // who has an address
	routes  fib
	rules   []host.Rule // by family and priority
	neighs  map[neighKey]host.Neigh
	sysctls map[string]string
	files   map[string]file
}

// A link is an interface with its addresses and ties to others.
type link struct {
	host.Link
	addrs   []host.Addr
	lower   *link // what it is stacked on; may be in another namespace
	ports   map[*link]bool
	uppers  map[*link]bool // what is stacked on it
	assumed bool
	seg     *segment
}

type neighKey struct {
	dev   string
	ip    netip.Addr
	proxy bool
}

type file struct{ content []byte }

func newSpace(name string) *space {
	return &space{
		name:    name,
		next:    1,
		links:   map[string]*link{},
		taken:   map[int]bool{},
		owners:  map[netip.Addr][]*link{},
		routes:  newFib(),
		neighs:  map[neighKey]host.Neigh{},
		sysctls: map[string]string{},
		files:   map[string]file{},
	}
}

// fresh returns a namespace as the kernel makes it: lo up, the usual rules.
func fresh(name string) *space {
	s := newSpace(name)
	lo := &link{Link: host.Link{NS: name, Name: "lo", MAC: "00:00:00:00:00:00", MTU: 65536, Up: true, Index: 1}}
	lo.addrs = []host.Addr{
		{NS: name, Link: "lo", Prefix: netip.MustParsePrefix("127.0.0.1/8"), Scope: "host"},
		{NS: name, Link: "lo", Prefix: netip.MustParsePrefix("::1/128"), Scope: "host"},
	}
	s.links["lo"] = lo
	s.taken[1] = true
	for _, a := range lo.addrs {
		s.owners[a.Prefix.Addr()] = []*link{lo}
	}
	s.next = 2
	s.rules = []host.Rule{
		{NS: name, Family: 4, Table: 255},
		{NS: name, Family: 4, Priority: 32766, Table: 254},
		{NS: name, Family: 4, Priority: 32767, Table: 253},
		{NS: name, Family: 6, Table: 255},
		{NS: name, Family: 6, Priority: 32766, Table: 254},
	}
	return s
}

// space finds a namespace: made here, alive, or assumed; nil when there is
// none.
func (n *Net) space(name string) *space {
	if s := n.spaces[name]; s != nil {
		return s
	}
	if n.gone[name] || n.absent[name] {
		return nil
	}
	s := n.learn(name)
	if s != nil && n.doubted[name] {
		s.opaque = true
	}
	if s == nil && name == host.Start {
		s = fresh(name)
		s.opaque = true
	}
	if s == nil && n.opts.Foreign {
		s = newSpace(name)
		s.opaque = true
		n.assume("namespace", name)
	}
	if s == nil {
		n.absent[name] = true
		return nil
	}
	n.spaces[name] = s
	if len(n.hidden) > 0 { // no operation does that, and none can be taken back over it
		at := n.jr
		n.jr = newJournal()
		n.sever(s, func(far string) bool { return n.hidden[far] })
		n.jr = at
	}
	return s
}

func (n *Net) assume(what, name string) {
	n.assumed = append(n.assumed, host.Key{What: what, Name: name})
}

// learn asks Source about a namespace; nil when it knows none.
func (n *Net) learn(name string) *space {
	if n.opts.Source == nil {
		return nil
	}
	st, err := n.opts.Source.State(context.Background(), name)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	s := newSpace(name)
	s.loaded = true
	s.opaque = err != nil
	if st != nil {
		s.fill(st)
	}
	return s
}

// Hide makes the network one without a namespace that is alive, and without what
// leads to it from others. It is not looked at.
func (n *Net) Hide(ns string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.jr = newJournal()
	n.hide(ns)
}

func (n *Net) hide(ns string) {
	remember(&n.jr.spaces, ns, true)
	remember(&n.jr.opaque, ns, true)
	n.gone[ns], n.hidden[ns] = true, true
	n.jr.back = append(n.jr.back, func() {
		delete(n.gone, ns)
		delete(n.hidden, ns)
	})
	for _, name := range slices.Sorted(maps.Keys(n.spaces)) {
		n.sever(n.spaces[name], func(far string) bool { return far == ns })
	}
}

// unseen reports whether a namespace is alive and nobody has looked at it.
func (n *Net) unseen(ns string) bool {
	return n.spaces[ns] == nil && n.exists(ns) && n.spaces[ns] == nil
}

// sever removes the ends of cables to some namespaces from one that was learnt.
func (n *Net) sever(s *space, gone func(ns string) bool) {
	if !s.loaded {
		return
	}
	var cut []*link
	for _, l := range s.links {
		if l.Peer != nil && gone(l.Peer.NS) {
			cut = append(cut, l)
		}
	}
	slices.SortFunc(cut, func(a, b *link) int { return a.Index - b.Index })
	for _, l := range cut {
		if s.links[l.Name] == l {
			n.unlink(s, l)
		}
	}
}

func (s *space) fill(st *host.State) {
	for _, l := range st.Links {
		l.NS = s.name
		s.links[l.Name] = &link{Link: l}
		s.taken[l.Index] = true
		s.next = max(s.next, l.Index+1)
	}
	for _, l := range s.links {
		if m := s.links[l.Master]; m != nil && l.Master != "" {
			m.addPort(l)
		}
		if up := s.links[l.Parent]; up != nil && l.Parent != "" {
			l.lower = up
			up.addUpper(l)
		}
	}
	for _, a := range st.Addrs {
		a.NS = s.name
		if l := s.links[a.Link]; l != nil {
			l.addrs = append(l.addrs, a)
			s.own(a.Prefix.Addr(), l)
		}
	}
	groups := map[groupKey][]host.Route{} // IPv6 has one with a route for each link
	for _, r := range st.Routes {
		r.NS = s.name
		r = canonical(r)
		k := keyOf(r)
		groups[k] = append(groups[k], r)
	}
	for k, group := range groups {
		s.routes.set(k, group)
	}
	s.rules = slices.Clone(st.Rules)
	for i := range s.rules {
		s.rules[i].NS = s.name
	}
	for _, g := range st.Neighs {
		g.NS = s.name
		s.neighs[neighKey{g.Dev, g.IP, g.Proxy}] = g
	}
}

// forget drops what was learnt of a namespace, so that it is learnt anew.
func (n *Net) forget(s *space) {
	for _, l := range s.links {
		l.leaveSegment()
	}
	delete(n.spaces, s.name)
}

func (l *link) addPort(p *link) {
	if l.ports == nil {
		l.ports = map[*link]bool{}
	}
	l.ports[p] = true
}

func (l *link) addUpper(u *link) {
	if l.uppers == nil {
		l.uppers = map[*link]bool{}
	}
	l.uppers[u] = true
}

func (s *space) own(a netip.Addr, l *link) {
	s.owners[a] = append(s.owners[a], l)
}

func (s *space) disown(a netip.Addr, l *link) {
	left := s.owners[a]
	if i := slices.Index(left, l); i >= 0 {
		left = slices.Delete(slices.Clone(left), i, i+1)
	}
	if len(left) == 0 {
		delete(s.owners, a)
		return
	}
	s.owners[a] = left
}

// link finds an interface. Where a namespace may hold more than is known, one
// that is not known is assumed to be there.
func (n *Net) link(s *space, name string) *link {
	if l := s.links[name]; l != nil {
		return l
	}
	if !s.opaque || name == "" {
		return nil
	}
	l := &link{Link: host.Link{NS: s.name, Name: name, Up: true}, assumed: true}
	s.links[name] = l
	n.assume("link", s.name+":"+name)
	return l
}

// at finds the link at an end without assuming anything about it.
func (n *Net) at(e host.End) *link {
	if e.Name == "" {
		return nil
	}
	s := n.space(e.NS)
	if s == nil {
		return nil
	}
	return s.links[e.Name]
}

// need finds a namespace or refuses.
func (n *Net) need(op host.Op, ns string, field host.Field) (*space, error) {
	if s := n.space(ns); s != nil {
		return s, nil
	}
	return nil, refuse(op, syscall.ENOENT, field, "namespace %s", ns)
}

// needLink finds a link or refuses.
func (n *Net) needLink(op host.Op, ns, name string, field host.Field) (*space, *link, error) {
	s, err := n.need(op, ns, host.FieldNS)
	if err != nil {
		return nil, nil, err
	}
	if l := n.link(s, name); l != nil {
		return s, l, nil
	}
	return nil, nil, refuse(op, syscall.ENODEV, field, "%s in %s", name, ns)
}

// snapshot copies what is known of a namespace, in the order of the kernel's
// dumps.
func (n *Net) snapshot(s *space) *host.State {
	st := &host.State{NS: s.name}
	for _, l := range s.ordered() {
		if l.assumed {
			continue
		}
		out := l.Link
		out.Oper = n.oper(l)
		st.Links = append(st.Links, out)
		st.Addrs = append(st.Addrs, l.addrs...)
	}
	st.Routes = s.routes.list()
	st.Rules = slices.Clone(s.rules)
	for _, g := range s.neighs {
		st.Neighs = append(st.Neighs, g)
	}
	slices.SortFunc(st.Neighs, func(a, b host.Neigh) int {
		if c := strings.Compare(a.Dev, b.Dev); c != 0 {
			return c
		}
		if c := a.IP.Compare(b.IP); c != 0 {
			return c
		}
		if a.Proxy == b.Proxy {
			return 0
		}
		if b.Proxy {
			return -1
		}
		return 1
	})
	return st
}

// ordered returns the links by index.
func (s *space) ordered() []*link {
	out := make([]*link, 0, len(s.links))
	for _, l := range s.links {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *link) int {
		if a.Index != b.Index {
			return a.Index - b.Index
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}

// oper is the operational state as ip-link(8) prints it.
func (n *Net) oper(l *link) string {
	switch {
	case l.Name == "lo" && l.Up:
		return "unknown"
	case !l.Up:
		return "down"
	}
	switch l.Kind {
	case "veth":
		if l.Peer == nil {
			return l.Oper
		}
		if p := n.at(*l.Peer); p != nil && !p.Up {
			return "lowerlayerdown"
		}
		return "up"
	case "bridge":
		for p := range l.ports {
			if o := n.oper(p); o == "up" || o == "unknown" {
				return "up"
			}
		}
		return "down"
	case "tap", "tun":
		if l.Oper != "" {
			return l.Oper
		}
		return "down"
	case "macvlan", "vlan":
		if l.lower != nil {
			return n.oper(l.lower)
		}
	}
	if l.Oper != "" {
		return l.Oper
	}
	return "unknown"
}
