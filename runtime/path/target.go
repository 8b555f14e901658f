package path

import (
	"fmt"
	"net/netip"

	"vnet/runtime/host"
)

func family(a netip.Addr) string {
	if a.Is6() {
		return "IPv6"
	}
	return "IPv4"
}

func bears(s *host.State, ip netip.Addr) bool {
	for _, a := range s.Addrs {
		if a.Prefix.Addr() == ip {
			return true
		}
	}
	return false
}

func hasAddress(s *host.State, v6 bool) bool {
	for _, a := range s.Addrs {
		if global(a, v6) {
			return true
		}
	}
	return false
}

// global says whether an address is one that others may reach.
func global(a host.Addr, v6 bool) bool {
	ip := a.Prefix.Addr()
	return ip.Is6() == v6 && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && a.Scope != "host" && a.Scope != "link"
}

// target finds the address behind the right side of the arrow: in a subnet
// that both sides have, else the first.
func (w *walker) target() error {
	w.r.Target = w.q.Addr.Unmap()
	if w.q.To == "" || w.r.Target.IsValid() {
		return nil
	}
	from, err := w.state(w.q.From)
	if err != nil {
		return err
	}
	to, err := w.state(w.q.To)
	if err != nil {
		return err
	}
	for _, v6 := range []bool{false, true} {
		for _, a := range to.Addrs {
			if !global(a, v6) || w.q.Link != "" && a.Link != w.q.Link {
				continue
			}
			ip := a.Prefix.Addr()
			if w.r.Target = first(w.r.Target, ip); shares(from, ip) {
				w.r.Target = ip
				return nil
			}
		}
	}
	if w.r.Target.IsValid() {
		return nil
	}
	return w.noTarget(from, to)
}

func shares(s *host.State, ip netip.Addr) bool {
	for _, a := range s.Addrs {
		if global(a, ip.Is6()) && a.Prefix.Masked().Contains(ip) {
			return true
		}
	}
	return false
}

func (w *walker) noTarget(from, to *host.State) error {
	whose := w.q.To
	if w.q.Link != "" {
		whose += ":" + w.q.Link
	}
	for _, l := range to.Links {
		if l.Name == "lo" || l.Master != "" || w.q.Link != "" && l.Name != w.q.Link {
			continue
		}
		like := netip.IPv4Unspecified()
		if !hasAddress(from, false) && hasAddress(from, true) {
			like = netip.IPv6Unspecified()
		}
		return w.stop(w.q.To, NoTarget, w.freeAddress(l, like), "%s has no address to send to", whose)
	}
	return w.stop(w.q.To, NoTarget, "", "%s has no address to send to", whose)
}

// freeAddress is the statement that gives an interface an address of the
// subnet of its segment that nobody there has.
func (w *walker) freeAddress(l host.Link, like netip.Addr) string {
	taken := map[netip.Addr]bool{}
	var subnet netip.Prefix
	for _, n := range w.reached(&l) {
		s, err := w.state(n.end.NS)
		if err != nil {
			continue
		}
		for _, a := range s.Addrs {
			if a.Link != n.end.Name || !global(a, like.Is6()) {
				continue
			}
			taken[a.Prefix.Addr()] = true
			if !subnet.IsValid() && !a.Prefix.IsSingleIP() {
				subnet = a.Prefix.Masked()
			}
		}
	}
	if !subnet.IsValid() {
		return ""
	}
	for ip := subnet.Addr().Next(); subnet.Contains(ip.Next()); ip = ip.Next() {
		if !taken[ip] {
			return fmt.Sprintf("addr add %s:%s %s", l.NS, l.Name, netip.PrefixFrom(ip, subnet.Bits()))
		}
	}
	return ""
}

// gateway is an address on a segment of ns, in one of its subnets, of a
// namespace that knows a way to dst.
func (w *walker) gateway(ns string, dst netip.Addr) netip.Addr {
	s := w.states[ns]
	for i := range s.Links {
		if !s.Links[i].Up || s.Links[i].Name == "lo" || s.Links[i].Master != "" {
			continue
		}
		for _, n := range w.reached(&s.Links[i]) {
			other, err := w.state(n.end.NS)
			if err != nil || n.end.NS == ns {
				continue
			}
			r, err := w.net.RouteGet(w.ctx, n.end.NS, dst)
			if err != nil || r.Type != "local" && bears(s, r.Via) {
				continue
			}
			for _, a := range other.Addrs {
				if a.Link == n.end.Name && global(a, dst.Is6()) && shares(s, a.Prefix.Addr()) && a.Prefix.Addr() != dst {
					return a.Prefix.Addr()
				}
			}
		}
	}
	return netip.Addr{}
}
