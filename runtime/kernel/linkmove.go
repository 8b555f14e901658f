package kernel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

// linkMove moves an interface to another namespace and puts back what the
// kernel drops on the way: addresses, routes and the up state.
func (q *queue) linkMove(ctx context.Context, op host.LinkMove) error {
	from, err := q.h.space(op.NS)
	if err != nil {
		return err
	}
	to, err := q.h.space(op.To)
	if err != nil {
		if e, ok := err.(*host.Error); ok {
			e.Field = host.FieldTo
		}
		return err
	}
	l, err := from.link(op.Name)
	if err != nil {
		return err
	}
	if l == nil {
		return noLink(op.NS, op.Name, host.FieldName)
	}
	if from.ino == to.ino {
		return nil
	}
	if err := from.keeps(l, op); err != nil {
		return err
	}
	if op.Index == 0 { // not one that takes back
		if err := movable(ctx, from, l); err != nil {
			return err
		}
	}
	kept, err := from.kept(l.index)
	if err != nil {
		return err
	}
	undo := []host.Op{host.LinkMove{NS: op.To, Name: op.Name, To: op.NS, Index: l.index}}
	if l.master != 0 {
		master := l.plan(from).Master
		undo = append(undo, host.LinkSet{NS: op.NS, Name: op.Name, Master: &master})
	}
	far, lose, err := q.bereft(from, l)
	if err != nil {
		return err
	}
	defer lose()
	back := slices.Concat(undo, kept, far)
	err = q.change(from, moving(op, l.index, to, op.Index), back...)
	if op.Index != 0 && errors.Is(err, unix.EBUSY) { // another has taken its number
		err = q.change(from, moving(op, l.index, to, 0), back...)
	}
	if err != nil {
		return err
	}
	q.h.forget() // its far end does not know where it went
	if err := q.settle(ctx, to, l, op, kept); err != nil {
		newQueue(q.h, q.results[q.at].Undo).run(context.Background())
		return err
	}
	return nil
}

// keeps refuses a move with which the kernel would delete for good what stands
// on the interface (vxlan_core.c: vxlan_netdevice_event; macsec.c:
// macsec_notify), unless the namespace goes as well when this is taken back.
func (sp *space) keeps(l *link, op host.LinkMove) error {
	if sp.made {
		return nil
	}
	links, err := sp.allLinks()
	if err != nil {
		return err
	}
	for i := range links {
		if u := &links[i]; u.stands() == l.index && u.peerSpace < 0 && (u.kind == "vxlan" || u.kind == "macsec") {
			what := "is deleted by the kernel"
			if u.buried() {
				what = "was deleted, and could not be brought back"
			}
			return failed(unix.EBUSY, host.FieldName, "%s in %s: %s on it %s if it goes elsewhere",
				name.Quote(op.Name), sp.where(), name.Quote(u.name), what)
		}
	}
	return nil
}

// movable refuses what a move would take from an interface for good.
func movable(ctx context.Context, from *space, l *link) error {
	if from.untouched() {
		return nil // nobody else has put anything there
	}
	lost, err := image.Unrepeatable(ctx, int(from.fd), l.index)
	if err != nil || len(lost) == 0 {
		return err
	}
	e := failed(unix.EOPNOTSUPP, host.FieldName, "%s in %s would lose what nobody could put back: %s",
		name.Quote(l.name), from.where(), strings.Join(lost, ", "))
	e.Code = diag.Irreversible
	e.Help = []string{"remove it first, if it is not needed: tc qdisc del dev " + name.Quote(l.name) + " root",
		"leave the interface where it is, and lead a cable to it"}
	return e
}

// moving asks for the move, and for a number there unless it is 0.
func moving(op host.LinkMove, index int, to *space, number int) *message {
	m := setLink(index, host.FieldTo, unix.IFLA_NET_NS_FD, native.AppendUint32(nil, uint32(to.fd)))
	if number != 0 {
		m.u32(host.FieldNone, unix.IFLA_NEW_IFINDEX, uint32(number))
	}
	m.explain = explainMove(op)
	return m
}

func explainMove(op host.LinkMove) func(*host.Error) {
	return func(e *host.Error) {
		switch {
		case e.Errno == unix.EEXIST:
			e.Field, e.What = host.FieldTo, fmt.Sprintf("interface %s in %s: already exists", op.Name, op.To)
		case e.Errno == unix.EINVAL && (e.Kernel == "" || strings.Contains(e.Kernel, "immutable")):
			e.Field, e.What = host.FieldName, fmt.Sprintf("%s in %s cannot change namespace", op.Name, op.NS)
		}
	}
}

// settle puts back in the new namespace what the kernel dropped. A route that
// leaves by other interfaces too cannot come along.
func (q *queue) settle(ctx context.Context, to *space, l *link, op host.LinkMove, kept []host.Op) error {
	moved, err := to.link(op.Name)
	if err != nil {
		return err
	}
	if moved == nil {
		return noLink(op.To, op.Name, host.FieldName)
	}
	var ops []host.Op
	if l.flags&unix.IFF_UP != 0 {
		ops = append(ops, host.LinkSet{NS: op.To, Name: op.Name, Up: true})
	}
	for _, k := range kept {
		switch k := k.(type) {
		case host.AddrSet:
			k.Verb, k.Addr.NS = host.Add, op.To
			ops = append(ops, k)
		case host.RouteSet:
			if foreign(k.Route, op.Name) {
				continue
			}
			k.Verb, k.Route.NS = host.Add, op.To
			if slices.ContainsFunc(ops, func(o host.Op) bool { return besides(o, k.Route) }) {
				k.Verb = host.Append
			}
			ops = append(ops, k)
		case host.NeighSet:
			k.Neigh.NS = op.To
			ops = append(ops, k)
		}
	}
	if op.Index != 0 { // takes back: what another has the place of now comes back with what follows
		for _, o := range ops {
			newQueue(q.h, []host.Op{o}).run(ctx)
		}
		return ctx.Err()
	}
	inner := newQueue(q.h, ops)
	inner.run(ctx)
	for i, r := range inner.results {
		if r.Err != nil {
			return op.Misplaced(ops[i], r.Err)
		}
	}
	return ctx.Err()
}

func foreign(r host.Route, link string) bool {
	return slices.ContainsFunc(r.Nexthop, func(n host.Nexthop) bool { return n.Dev != link })
}

// besides reports whether an operation makes a route with the key of r: a
// second one is no mistake then, but stands behind the first.
func besides(op host.Op, r host.Route) bool {
	o, ok := op.(host.RouteSet)
	return ok && o.Route.Dest == r.Dest && o.Route.Table == r.Table && o.Route.Metric == r.Metric
}
