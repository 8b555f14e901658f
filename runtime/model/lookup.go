package model

import (
	"context"
	"net/netip"
	"syscall"

	"vnet/runtime/host"
)

// RouteGet finds the route of a packet that has no source address yet: by the
// rules, and in their tables by the longest prefix.
func (n *Net) RouteGet(_ context.Context, ns string, dst netip.Addr) (host.Route, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.space(ns)
	if s == nil {
		return host.Route{}, &host.Error{Errno: syscall.ENOENT, Field: host.FieldNS, What: "namespace " + ns}
	}
	if s.local(dst) {
		return host.Route{NS: ns, Dest: netip.PrefixFrom(dst, dst.BitLen()), Type: "local", Dev: "lo"}, nil
	}
	if s.opaque || dst.IsMulticast() || dst.IsLinkLocalUnicast() {
		return host.Route{}, host.ErrUnknown
	}
	for _, rule := range s.rules {
		if !applies(rule, dst) {
			continue
		}
		if errno := denial(rule.Action); errno != 0 {
			return host.Route{}, unreachable(s, dst, errno)
		}
		r, found := s.best(rule.Table, dst)
		if !found {
			continue
		}
		if errno := denial(r.Type); errno != 0 {
			return host.Route{}, unreachable(s, dst, errno)
		}
		return r, nil
	}
	return host.Route{}, unreachable(s, dst, syscall.ENETUNREACH)
}

func unreachable(s *space, dst netip.Addr, errno syscall.Errno) error {
	return &host.Error{Errno: errno, Field: host.FieldDest, What: "route to " + dst.String() + " in " + s.name}
}

// local reports whether an address is one of the namespace's own.
func (s *space) local(a netip.Addr) bool {
	if s.hasAddr(a) {
		return true
	}
	lo := s.links["lo"]
	if lo == nil || a.Is6() {
		return false
	}
	for _, b := range lo.addrs {
		if b.Prefix.Contains(a) {
			return true
		}
	}
	return false
}

// applies reports whether a rule looks at a packet to dst from nowhere yet.
func applies(r host.Rule, dst netip.Addr) bool {
	if (r.Family == 6) != dst.Is6() {
		return false
	}
	yes := r.IIf == "" && r.OIf == "" && r.Mark == 0 && r.TOS == 0 &&
		(!r.From.IsValid() || r.From.Bits() == 0) &&
		(!r.To.IsValid() || r.To.Contains(dst))
	return yes != r.Not
}

// denial is the answer of a route or rule that is a refusal.
func denial(kind string) syscall.Errno {
	switch kind {
	case "blackhole":
		return syscall.EINVAL
	case "unreachable":
		return syscall.EHOSTUNREACH
	case "prohibit":
		return syscall.EACCES
	}
	return 0
}

// best finds the route to an address in a table. One of several ways goes the
// first.
func (s *space) best(table int, dst netip.Addr) (host.Route, bool) {
	var out host.Route
	found := false
	s.routes.match(table, dst, func(group []host.Route) bool {
		for _, r := range group {
			if r.Type == "throw" {
				return true
			}
			h := ways(r)[0]
			if l := s.links[h.Dev]; r.Type == "" && l != nil && !l.Up {
				continue
			}
			out, found = r, true
			out.Via, out.Dev, out.OnLink, out.Nexthop = h.Via, h.Dev, h.OnLink, nil
			return true
		}
		return false
	})
	return out, found
}
