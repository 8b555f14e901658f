// Package delta tells networks apart: it finds the operations that lead from
// what one holds to what another does.
package delta

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"vnet/runtime/host"
)

// A rank is the kind of a thing; what stands on another comes behind it.
type rank int

const (
	space rank = iota
	link
	addr
	route
	rule
	neigh
	sysctl
	file
)

// A Key tells one thing of a network from another.
type Key struct {
	ns   string
	rank rank
	link string // what it is, or stands on; empty: the namespace
	name string
}

func (k Key) compare(o Key) int {
	return cmp.Or(cmp.Compare(k.rank, o.rank), strings.Compare(k.ns, o.ns), strings.Compare(k.link, o.link), strings.Compare(k.name, o.name))
}

func (k Key) end() host.End { return host.End{NS: k.ns, Name: k.link} }

// A Stock is what a network holds: each thing by the operation that makes it.
type Stock map[Key]host.Op

// A Choice is what somebody has chosen of an interface that else the kernel
// chooses, and may choose anew.
type Choice struct{ MAC, MTU bool }

// Choices are those of interfaces.
type Choices map[host.End]Choice

// Learn notes what an operation chooses.
func (c Choices) Learn(op host.Op) {
	switch op := op.(type) {
	case host.LinkAdd:
		c[op.Link.End()] = Choice{op.Link.MAC != "", op.Link.MTU != 0}
		if op.Peer != nil {
			c[op.Peer.End()] = Choice{op.Peer.MAC != "", op.Peer.MTU != 0}
		}
	case host.LinkSet:
		e := host.End{NS: op.NS, Name: op.Name}
		c[e] = Choice{c[e].MAC || op.MAC != nil, c[e].MTU || op.MTU != nil}
	}
}

// Of takes stock of namespaces. What comes and goes by itself is left out.
func Of(states []*host.State, chosen Choices) Stock {
	s := Stock{}
	for _, st := range states {
		if st.NS != host.Start {
			s.put(host.NamespaceAdd{Name: st.NS})
		}
		for _, l := range st.Links {
			s.put(host.LinkAdd{Link: plain(l, chosen[l.End()]), Peer: far(l)})
		}
		for _, a := range st.Addrs {
			if !a.Dynamic && !a.Prefix.Addr().IsLinkLocalUnicast() {
				s.put(host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: a.NS, Link: a.Link, Prefix: a.Prefix, Peer: a.Peer}})
			}
		}
		for _, r := range st.Routes {
			if !r.Dest.Addr().IsLinkLocalUnicast() && !r.Dest.Addr().IsMulticast() {
				s.put(host.RouteSet{Verb: host.Add, Route: r})
			}
		}
		for _, r := range st.Rules {
			s.put(host.RuleSet{Verb: host.Add, Rule: r})
		}
		for _, n := range st.Neighs {
			if n.Proxy || strings.EqualFold(n.State, "permanent") {
				n.State = ""
				s.put(host.NeighSet{Verb: host.Add, Neigh: n})
			}
		}
	}
	return s
}

// Note adds what states do not show: parameters and files that were written.
func (s Stock) Note(op host.Op) {
	switch op.(type) {
	case host.SysctlSet, host.HostsAdd, host.DNSSet:
		s.put(op)
	}
}

func (s Stock) put(op host.Op) {
	s[keysOf(op)[0]] = op // of a cable each end is a thing of its own
}

// Holds reports whether a stock has what an operation is about.
func (s Stock) Holds(op host.Op) bool {
	_, ok := s[keysOf(op)[0]]
	return ok
}

// Spaces lists the namespaces of a stock.
func (s Stock) Spaces() []string {
	var out []string
	for k := range s {
		out = append(out, k.ns)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Sysctls lists the parameters of a stock.
func (s Stock) Sysctls() []host.SysctlSet {
	var out []host.SysctlSet
	for _, k := range s.keys() {
		if op, ok := s[k].(host.SysctlSet); ok {
			out = append(out, op)
		}
	}
	return out
}

func (s Stock) keys() []Key {
	keys := make([]Key, 0, len(s))
	for k := range s {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, Key.compare)
	return keys
}

// keysOf are the things an operation is about: one, or the two ends of a cable.
func keysOf(op host.Op) []Key {
	switch op := op.(type) {
	case host.NamespaceAdd:
		return []Key{{ns: op.Name}}
	case host.NamespaceAdopt:
		return []Key{{ns: op.Name}}
	case host.NamespaceDel:
		return []Key{{ns: op.Name}}
	case host.LinkAdd:
		keys := []Key{{ns: op.Link.NS, rank: link, link: op.Link.Name}}
		if op.Peer != nil {
			keys = append(keys, Key{ns: op.Peer.NS, rank: link, link: op.Peer.Name})
		}
		return keys
	case host.LinkDel:
		return []Key{{ns: op.NS, rank: link, link: op.Name}}
	case host.LinkSet:
		return []Key{{ns: op.NS, rank: link, link: cmp.Or(deref(op.NewName), op.Name)}}
	case host.LinkMove:
		return []Key{{ns: op.NS, rank: link, link: op.Name}, {ns: op.To, rank: link, link: op.Name}}
	case host.AddrSet:
		return []Key{{op.Addr.NS, addr, op.Addr.Link, op.Addr.Prefix.String()}}
	case host.RouteSet:
		return []Key{{op.Route.NS, route, op.Route.Dev, op.Route.String()}}
	case host.RuleSet:
		return []Key{{ns: op.Rule.NS, rank: rule, name: op.Rule.String()}}
	case host.NeighSet:
		return []Key{{op.Neigh.NS, neigh, op.Neigh.Dev, op.Neigh.IP.String() + " " + strconv.FormatBool(op.Neigh.Proxy)}}
	case host.SysctlSet:
		return []Key{{ns: op.NS, rank: sysctl, name: op.Key}}
	case host.HostsAdd:
		return []Key{{ns: op.NS, rank: file, name: op.String()}}
	case host.DNSSet:
		return []Key{{ns: op.NS, rank: file}}
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func linkOf(op host.Op) host.Link {
	if add, ok := op.(host.LinkAdd); ok {
		return add.Link
	}
	return host.Link{}
}

// far is the other end of a cable.
func far(l host.Link) *host.Link {
	if l.Kind != "veth" || l.Peer == nil {
		return nil
	}
	return &host.Link{NS: l.Peer.NS, Name: l.Peer.Name, Kind: "veth"}
}

// plain leaves of an interface what somebody chose, or might have.
func plain(l host.Link, chosen Choice) host.Link {
	l.Index, l.Oper, l.Carrier, l.Peer, l.MaxMTU, l.MinMTU = 0, "", false, nil, 0, 0
	if !chosen.MAC {
		l.MAC = ""
	}
	if l.Kind == "bridge" && !chosen.MTU {
		l.MTU = 0 // it follows the ports
	}
	if l.Bridge != nil {
		b := *l.Bridge
		if ageing(&b) == usualAgeing {
			b.Ageing = nil
		}
		b.STP, b.VLANFiltering = onlyTrue(b.STP), onlyTrue(b.VLANFiltering)
		l.Bridge = &b
	}
	if l.VXLAN != nil {
		v := *l.VXLAN
		if v.Port == 4789 {
			v.Port = 0
		}
		if v.Learning != nil && *v.Learning {
			v.Learning = nil
		}
		l.VXLAN = &v
	}
	return l
}

func onlyTrue(b *bool) *bool {
	if b != nil && *b {
		return b
	}
	return nil
}
