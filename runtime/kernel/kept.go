package kernel

import (
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A view is what a namespace holds besides its interfaces, read once.
type view struct {
	names  func(int) string
	addrs  []host.Addr
	routes []host.Route
	neighs []host.Neigh
}

func (sp *space) view() (v view, err error) {
	links, err := sp.allLinks()
	if err != nil {
		return v, err
	}
	v.names = byIndex(links)
	if v.addrs, err = sp.addrs(0, v.names); err != nil {
		return v, err
	}
	if v.routes, err = sp.routes(v.names); err != nil {
		return v, err
	}
	v.neighs, err = sp.neighs(v.names)
	return v, err
}

// kept gives the operations that put the addresses, routes and permanent
// neighbours of an interface back where they are missing, and change nothing
// where they are not.
func (v *view) kept(index int) []host.Op {
	name := v.names(index)
	var ops []host.Op
	for _, a := range v.addrs {
		if a.Link == name && !a.Dynamic {
			a.Tentative = false
			ops = append(ops, host.AddrSet{Verb: host.Replace, Addr: a})
		}
	}
	var routes []host.Route
	for _, r := range v.routes {
		if leaves(r, name) && r.Proto != unix.RTPROT_KERNEL {
			routes = append(routes, r)
		}
	}
	slices.SortStableFunc(routes, func(a, b host.Route) int { return gateways(a) - gateways(b) })
	for _, r := range routes {
		ops = append(ops, host.RouteSet{Verb: host.Replace, Route: r})
	}
	for _, n := range v.neighs {
		if n.Dev == name && (n.Proxy || n.State == "permanent") {
			n.State = ""
			ops = append(ops, host.NeighSet{Verb: host.Replace, Neigh: n})
		}
	}
	return ops
}

func (sp *space) kept(index int) ([]host.Op, error) {
	v, err := sp.view()
	if err != nil {
		return nil, err
	}
	return v.kept(index), nil
}

// gateways counts the gateways of a route, that those without come first.
func gateways(r host.Route) int {
	n := 0
	if r.Via.IsValid() {
		n++
	}
	return n + len(r.Nexthop)
}

// relabel gives what follows on the undo of a rename: the kernel labels every
// IPv4 address but the first anew (inetdev_changename), eth0:2 and so on, and a
// label cannot be changed.
func relabel(kept []host.Op) []host.Op {
	var del, add []host.Op
	first := true
	for _, k := range kept {
		a, ok := k.(host.AddrSet)
		switch {
		case !ok || !a.Addr.Prefix.Addr().Is4():
		case first:
			first = false
		default:
			del = append([]host.Op{host.AddrSet{Verb: host.Del, Addr: a.Addr}}, del...)
			add = append(add, host.AddrSet{Verb: host.Add, Addr: a.Addr})
		}
	}
	return append(del, add...)
}
