package kernel

import (
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// kept gives the operations that put the addresses, routes and permanent
// neighbours of an interface back where they are missing, and change nothing where they are not.
func (sp *space) kept(index int) ([]host.Op, error) {
	addrs, err := sp.addrs(index)
	if err != nil {
		return nil, err
	}
	var ops []host.Op
	for _, a := range addrs {
		if !a.Dynamic {
			a.Tentative = false
			ops = append(ops, host.AddrSet{Verb: host.Replace, Addr: a})
		}
	}
	routes, err := sp.routes(index)
	if err != nil {
		return nil, err
	}
	neighs, err := sp.neighs()
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(routes, func(a, b host.Route) int { return gateways(a) - gateways(b) })
	for _, r := range routes {
		if r.Proto != unix.RTPROT_KERNEL {
			ops = append(ops, host.RouteSet{Verb: host.Replace, Route: r})
		}
	}
	name := sp.nameOf(index)
	for _, n := range neighs {
		if n.Dev == name && (n.Proxy || n.State == "permanent") {
			n.State = ""
			ops = append(ops, host.NeighSet{Verb: host.Replace, Neigh: n})
		}
	}
	return ops, nil
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
