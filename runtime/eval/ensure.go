package eval

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
)

// converge gives the operations that bring about what op would, given what is
// there already: none when all is as wanted.
func (t *thread) converge(at token.Span, op host.Op, w where) ([]host.Op, error) {
	switch op := op.(type) {
	case host.NamespaceAdd:
		if t.cfg.Net.Known(op.Name) {
			return nil, nil
		}
	case host.LinkAdd:
		return t.convergeLink(at, op, w)
	case host.LinkSet:
		state, err := t.now(op.NS)
		if err != nil {
			return nil, err
		}
		if have, ok := state.Link(op.Name); ok && linkIs(*have, op) {
			return nil, nil
		}
	case host.AddrSet:
		return t.convergeAddr(op)
	case host.RouteSet:
		return t.convergeRoute(op)
	case host.RuleSet:
		return t.convergeRule(op)
	case host.NeighSet:
		return t.convergeNeigh(op)
	case host.SysctlSet:
		if now, err := t.cfg.Host.Sysctl(t.ctx, op.NS, op.Key); err == nil && now == op.Value {
			return nil, nil
		}
	}
	return []host.Op{op}, nil
}

// now is what a namespace holds, with all that was queued.
func (t *thread) now(ns string) (*host.State, error) {
	if err := t.tx().Flush(t.ctx); err != nil {
		return nil, err
	}
	state, err := t.cfg.Host.State(t.ctx, ns)
	if err != nil {
		return nil, t.later(err)
	}
	return state, nil
}

// convergeLink leaves a link of the right kind alone but for what can be
// changed; a link of another kind, or with another peer, cannot be ensured.
func (t *thread) convergeLink(at token.Span, op host.LinkAdd, w where) ([]host.Op, error) {
	if !t.cfg.Net.Known(op.Link.NS) && op.Link.NS != host.Start {
		return []host.Op{op}, nil
	}
	state, err := t.now(op.Link.NS)
	if err != nil {
		return nil, err
	}
	have, ok := state.Link(op.Link.Name)
	if !ok {
		return []host.Op{op}, nil
	}
	if have.Kind != op.Link.Kind || op.Peer != nil && have.Peer != nil && *have.Peer != op.Peer.End() {
		where, ok := w[host.FieldName]
		if !ok {
			where = at
		}
		is := cmp.Or(have.Kind, "physical device")
		if have.Peer != nil {
			is += " to " + have.Peer.String()
		}
		return nil, t.fail(diag.CannotConverge, where, "`%s` is there already, and is a %s", op.Link.End(), is).
			help("remove it first: link del %s", op.Link.End())
	}
	ops := changes(*have, op.Link)
	if op.Peer != nil {
		far, err := t.now(op.Peer.NS)
		if err != nil {
			return nil, err
		}
		if have, ok := far.Link(op.Peer.Name); ok {
			ops = append(ops, changes(*have, *op.Peer)...)
		}
	}
	return ops, nil
}

// changes gives what turns a link into the one that is wanted.
func changes(have, want host.Link) []host.Op {
	set := host.LinkSet{NS: have.NS, Name: have.Name}
	same := set
	if want.MAC != "" && want.MAC != have.MAC {
		set.MAC = &want.MAC
	}
	if want.MTU != 0 && want.MTU != have.MTU {
		set.MTU = &want.MTU
	}
	if want.Master != "" && want.Master != have.Master {
		set.Master = &want.Master
	}
	if want.Up && !have.Up {
		set.Up = true
	}
	if want.Bridge != nil && have.Bridge != nil && bridgeDiffers(want.Bridge, have.Bridge) {
		set.Bridge = want.Bridge
	}
	if set == same {
		return nil
	}
	return []host.Op{set}
}

// linkIs reports whether a link is as it is to be set.
func linkIs(have host.Link, want host.LinkSet) bool {
	return want.NewName == nil && (!want.Up || have.Up) && !(want.Down && !want.Up && have.Up) &&
		!differs(want.MAC, &have.MAC) && !differs(want.MTU, &have.MTU) && !differs(want.Master, &have.Master) &&
		!differs(want.Alias, &have.Alias) && !differs(want.Promisc, &have.Promisc) &&
		(want.Bridge == nil || have.Bridge != nil && !bridgeDiffers(want.Bridge, have.Bridge))
}

func bridgeDiffers(want, have *host.Bridge) bool {
	return differs(want.STP, have.STP) || differs(want.VLANFiltering, have.VLANFiltering) || differs(want.Ageing, have.Ageing)
}

func differs[T comparable](want, have *T) bool {
	return want != nil && (have == nil || *want != *have)
}

func (t *thread) convergeAddr(op host.AddrSet) ([]host.Op, error) {
	state, err := t.now(op.Addr.NS)
	if err != nil {
		return nil, err
	}
	there := false
	for _, a := range state.Addrs {
		there = there || a.Link == op.Addr.Link && a.Prefix == op.Addr.Prefix
	}
	if there == (op.Verb != host.Del) {
		return nil, nil
	}
	return []host.Op{op}, nil
}

func (t *thread) convergeRoute(op host.RouteSet) ([]host.Op, error) {
	if op.Verb == host.Add || op.Verb == host.Append || op.Verb == host.Change {
		op.Verb = host.Replace
	}
	state, err := t.now(op.Route.NS)
	if err != nil {
		return nil, err
	}
	if op.Verb != host.Del {
		if slices.ContainsFunc(state.Routes, func(r host.Route) bool { return routeIs(r, op.Route) }) {
			return nil, nil
		}
		return []host.Op{op}, nil
	}
	for _, r := range state.Routes {
		if r.Dest == op.Route.Dest && cmp.Or(r.Table, 254) == cmp.Or(op.Route.Table, 254) {
			return []host.Op{op}, nil
		}
	}
	return nil, nil
}

// routeIs reports whether a route is as wanted; what is not said may be as it
// is, but for what has a value of its own then.
func routeIs(have, want host.Route) bool {
	metric := 0
	if want.Dest.Addr().Is6() {
		metric = 1024 // IP6_RT_PRIO_USER in include/net/ip6_route.h
	}
	return have.Dest == want.Dest && have.Type == want.Type && have.Via == want.Via && have.OnLink == want.OnLink &&
		(want.Dev == "" || have.Dev == want.Dev) && (!want.Src.IsValid() || have.Src == want.Src) &&
		(want.Scope == "" || have.Scope == want.Scope) &&
		cmp.Or(have.Metric, metric) == cmp.Or(want.Metric, metric) &&
		cmp.Or(have.Table, unix.RT_TABLE_MAIN) == cmp.Or(want.Table, unix.RT_TABLE_MAIN) &&
		cmp.Or(have.Proto, unix.RTPROT_STATIC) == cmp.Or(want.Proto, unix.RTPROT_STATIC) &&
		slices.EqualFunc(have.Nexthop, want.Nexthop, func(a, b host.Nexthop) bool {
			return a.Via == b.Via && a.OnLink == b.OnLink && (b.Dev == "" || a.Dev == b.Dev) && cmp.Or(a.Weight, 1) == cmp.Or(b.Weight, 1)
		})
}

func (t *thread) convergeNeigh(op host.NeighSet) ([]host.Op, error) {
	state, err := t.now(op.Neigh.NS)
	if err != nil {
		return nil, err
	}
	there := slices.ContainsFunc(state.Neighs, func(n host.Neigh) bool {
		return n.Dev == op.Neigh.Dev && n.IP == op.Neigh.IP && n.Proxy == op.Neigh.Proxy &&
			(op.Verb == host.Del || n.Proxy || n.State == "permanent" && n.MAC == op.Neigh.MAC)
	})
	if there == (op.Verb != host.Del) {
		return nil, nil
	}
	if op.Verb == host.Add {
		op.Verb = host.Replace
	}
	return []host.Op{op}, nil
}

func (t *thread) convergeRule(op host.RuleSet) ([]host.Op, error) {
	state, err := t.now(op.Rule.NS)
	if err != nil {
		return nil, err
	}
	there := false
	for _, r := range state.Rules {
		want := op.Rule
		want.Priority = cmp.Or(want.Priority, r.Priority)
		there = there || r == want
	}
	if there == (op.Verb != host.Del) {
		return nil, nil
	}
	return []host.Op{op}, nil
}
