package path

import (
	"cmp"
	"fmt"
	"slices"

	"vnet/runtime/host"
)

// A node is an interface that frames come to, and how well they do.
type node struct {
	end host.End
	bad *Finding // the first thing that stops them there; nil: they come through
}

// A flood is where the frames of one interface go: a walk over cables and
// bridges, in which what is reached without hindrance comes first.
type flood struct {
	w       *walker
	good    []node // still to be looked at
	hurt    []node
	seen    map[host.End]bool
	reached []node            // interfaces that hand frames to their namespace
	bridges map[host.End]bool // passed on the way
	beyond  []host.End        // what leads out of sight
}

// reached lists the interfaces that frames sent at l come to.
func (w *walker) reached(l *host.Link) []node { return w.flood(l).reached }

func (w *walker) flood(l *host.Link) *flood {
	f := &flood{w: w, seen: map[host.End]bool{}, bridges: map[host.End]bool{}}
	f.seen[host.End{NS: l.NS, Name: l.Name}] = true
	f.out(l, nil)
	for len(f.good)+len(f.hurt) > 0 {
		var n node
		if len(f.good) > 0 {
			n, f.good = f.good[0], f.good[1:]
		} else {
			n, f.hurt = f.hurt[0], f.hurt[1:]
		}
		f.visit(n)
	}
	return f
}

func (f *flood) push(end host.End, bad *Finding) {
	if bad == nil {
		f.good = append(f.good, node{end, nil})
	} else {
		f.hurt = append(f.hurt, node{end, bad})
	}
}

// visit is a frame that comes in at an interface.
func (f *flood) visit(n node) {
	if f.seen[n.end] {
		return
	}
	f.seen[n.end] = true
	s, err := f.w.state(n.end.NS)
	if err != nil {
		return
	}
	l, ok := s.Link(n.end.Name)
	if !ok {
		return
	}
	bad := cmp.Or(n.bad, f.w.downed(l))
	for i := range s.Links {
		if over := &s.Links[i]; over.Parent == l.Name && over.Kind == "macvlan" {
			f.push(host.End{NS: s.NS, Name: over.Name}, bad)
		}
	}
	b, isPort := s.Link(l.Master)
	if !isPort {
		f.reached = append(f.reached, node{n.end, bad})
		return
	}
	f.bridge(s, b, l, cmp.Or(bad, f.w.downed(b), f.w.blocked(l)))
}

// bridge hands a frame that came in by a port to the bridge and to all others.
func (f *flood) bridge(s *host.State, b, in *host.Link, bad *Finding) {
	end := host.End{NS: s.NS, Name: b.Name}
	f.bridges[end] = true
	bad = cmp.Or(bad, f.w.downed(b))
	if !f.seen[end] {
		f.seen[end] = true
		f.reached = append(f.reached, node{end, bad})
	}
	f.ports(s, b, in, bad)
}

func (f *flood) ports(s *host.State, b, in *host.Link, bad *Finding) {
	for i := range s.Links {
		if p := &s.Links[i]; p.Master == b.Name && p != in {
			f.seen[host.End{NS: s.NS, Name: p.Name}] = true
			f.out(p, cmp.Or(bad, f.w.downed(p), f.w.blocked(p)))
		}
	}
}

// out is a frame that an interface sends.
func (f *flood) out(l *host.Link, bad *Finding) {
	s := f.w.states[l.NS]
	end := host.End{NS: l.NS, Name: l.Name}
	switch {
	case l.Peer != nil:
		f.push(*l.Peer, bad)
	case l.Kind == "bridge":
		f.bridges[end] = true
		f.ports(s, l, nil, bad)
	case l.Kind == "macvlan" && l.Parent != "":
		if p, ok := s.Link(l.Parent); ok {
			f.out(p, cmp.Or(bad, f.w.downed(p)))
			for i := range s.Links {
				if m := &s.Links[i]; m.Parent == p.Name && m.Name != l.Name && m.Kind == "macvlan" {
					f.push(host.End{NS: s.NS, Name: m.Name}, bad)
				}
			}
		}
	case l.Kind == "veth" && bad == nil, l.Kind != "veth" && l.Kind != "dummy" && l.Kind != "ifb" && l.Oper != "DOWN" && l.Up:
		f.beyond = append(f.beyond, end)
	}
}

// downed is the finding for an interface that is down.
func (w *walker) downed(l *host.Link) *Finding {
	if l.Up {
		return nil
	}
	return w.finding(l.NS, LinkDown, fmt.Sprintf("link set %s:%s up", l.NS, l.Name), fmt.Sprintf("%s:%s is down", l.NS, l.Name))
}

// blocked is the finding for a port that its bridge does not use.
func (w *walker) blocked(l *host.Link) *Finding {
	if w.inspect == nil || !l.Up {
		return nil
	}
	state, err := w.inspect.PortState(w.ctx, host.End{NS: l.NS, Name: l.Name})
	if err != nil || state == "" || state == "forwarding" || state == "disabled" && l.Oper != "UP" {
		return nil
	}
	return w.finding(l.NS, PortBlocks, "", fmt.Sprintf("the port %s:%s of %s does not forward: it is %s (spanning tree)", l.NS, l.Name, l.Master, state))
}

// carries reports whether a namespace answers for an address on an interface:
// Linux does so for any of its IPv4 addresses (ip-sysctl.rst: arp_ignore).
func (w *walker) carries(end host.End, r request) bool {
	s, err := w.state(end.NS)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(s.Addrs, func(a host.Addr) bool {
		return a.Prefix.Addr() == r.next.WithZone("") && (r.next.Is4() || a.Link == end.Name)
	}) || slices.ContainsFunc(s.Neighs, func(n host.Neigh) bool { return n.Proxy && n.IP == r.next && n.Dev == end.Name })
}
