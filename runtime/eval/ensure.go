package eval

import (
	"cmp"

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
	case host.AddrSet:
		return t.convergeAddr(op)
	case host.RouteSet:
		return t.convergeRoute(op)
	case host.RuleSet:
		return t.convergeRule(op)
	case host.NeighSet:
		if op.Verb == host.Add {
			op.Verb = host.Replace
		}
		return []host.Op{op}, nil
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
	if op.Verb != host.Del {
		return []host.Op{op}, nil
	}
	state, err := t.now(op.Route.NS)
	if err != nil {
		return nil, err
	}
	for _, r := range state.Routes {
		if r.Dest == op.Route.Dest && cmp.Or(r.Table, 254) == cmp.Or(op.Route.Table, 254) {
			return []host.Op{op}, nil
		}
	}
	return nil, nil
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
