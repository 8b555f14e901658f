package kernel

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// minMTU6 is the least MTU of IPv6 (RFC 8200 section 5). Below it the kernel
// takes every IPv6 address and route off an interface.
const minMTU6 = 1280

// A step is one change of a LinkSet with what takes it back.
type step struct {
	msg  *message
	back []host.Op
}

// linkSet changes an interface, one request after the other in the order of
// the fields.
func (q *queue) linkSet(op host.LinkSet) error {
	sp, err := q.h.space(op.NS)
	if err != nil {
		return err
	}
	l, err := sp.link(op.Name)
	if err != nil {
		return err
	}
	if l == nil {
		sp.unlearn(op.Name)
		return noLink(op.NS, op.Name, host.FieldName)
	}
	if op.NewName != nil && *op.NewName != op.Name {
		if err := name.Link(*op.NewName); err != nil {
			return &host.Error{Errno: unix.EINVAL, Field: host.FieldName, What: err.Error()}
		}
	}
	steps, err := q.steps(sp, l, op)
	if err != nil {
		return err
	}
	for _, s := range steps {
		s.msg.explain = explainLink(op.NS, op.Name, l.kind)
		if _, err := q.now(sp, s.msg); err != nil {
			newQueue(q.h, q.results[q.at].Undo).run(context.Background())
			return err
		}
		q.undo(s.back...)
	}
	if op.NewName != nil {
		sp.rename(op.Name, *op.NewName, l.index)
	}
	return nil
}

func (sp *space) rename(old, new string, index int) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.links[old] == index {
		delete(sp.links, old)
		sp.links[new] = index
	}
}

func (q *queue) steps(sp *space, l *link, op host.LinkSet) ([]step, error) {
	var steps []step
	now := op.Name // what it is called at that point
	back := func(change func(*host.LinkSet)) host.Op {
		set := host.LinkSet{NS: op.NS, Name: now}
		change(&set)
		return set
	}
	add := func(m *message, undo ...host.Op) { steps = append(steps, step{m, undo}) }

	kept, err := q.lostBy(sp, l, op)
	if err != nil {
		return nil, err
	}
	up := l.flags&unix.IFF_UP != 0
	if op.Down && up {
		add(setFlags(l.index, 0, unix.IFF_UP), slices.Insert(kept, 0, back(func(s *host.LinkSet) { s.Up = true }))...)
	}
	if op.NewName != nil && *op.NewName != now {
		old := now
		now = *op.NewName
		add(setLink(l.index, host.FieldName, unix.IFLA_IFNAME, append([]byte(now), 0)),
			back(func(s *host.LinkSet) { s.NewName = &old }))
	}
	if op.MAC != nil {
		mac, err := parseMAC(*op.MAC)
		if err != nil {
			return nil, err
		}
		add(setLink(l.index, host.FieldMAC, unix.IFLA_ADDRESS, mac), back(func(s *host.LinkSet) { s.MAC = &l.mac }))
	}
	if op.MTU != nil {
		undo := []host.Op{back(func(s *host.LinkSet) { s.MTU = &l.mtu })}
		if *op.MTU < minMTU6 && l.mtu >= minMTU6 && !op.Down {
			undo = append(undo, kept...)
		}
		add(setLink(l.index, host.FieldMTU, unix.IFLA_MTU, native.AppendUint32(nil, uint32(*op.MTU))), undo...)
	}
	more, err := q.moreSteps(sp, l, op, back)
	if err != nil {
		return nil, err
	}
	steps = append(steps, more...)
	if op.Up && (!up || op.Down) {
		add(setFlags(l.index, unix.IFF_UP, unix.IFF_UP), back(func(s *host.LinkSet) { s.Down = true }))
	}
	return steps, nil
}

func (q *queue) moreSteps(sp *space, l *link, op host.LinkSet, back func(func(*host.LinkSet)) host.Op) ([]step, error) {
	var steps []step
	if op.Master != nil {
		old := ""
		if l.master != 0 {
			if m, err := sp.linkAt(l.master); err == nil && m != nil {
				old = m.name
			}
		}
		index := 0
		if *op.Master != "" {
			var err error
			if index, err = q.index(sp, *op.Master, host.FieldMaster); err != nil {
				return nil, err
			}
		}
		steps = append(steps, step{
			setLink(l.index, host.FieldMaster, unix.IFLA_MASTER, native.AppendUint32(nil, uint32(index))),
			[]host.Op{back(func(s *host.LinkSet) { s.Master = &old })}})
	}
	if op.Alias != nil {
		steps = append(steps, step{setLink(l.index, host.FieldNone, unix.IFLA_IFALIAS, []byte(*op.Alias)),
			[]host.Op{back(func(s *host.LinkSet) { s.Alias = &l.alias })}})
	}
	if op.Promisc != nil {
		was := l.flags&unix.IFF_PROMISC != 0
		steps = append(steps, step{setFlags(l.index, bit[uint32](*op.Promisc)*unix.IFF_PROMISC, unix.IFF_PROMISC),
			[]host.Op{back(func(s *host.LinkSet) { s.Promisc = &was })}})
	}
	if op.Bridge != nil {
		if l.kind != "bridge" {
			return nil, failed(unix.EOPNOTSUPP, host.FieldName, "%s in %s is no bridge", op.Name, op.NS)
		}
		m := newMessage(unix.RTM_NEWLINK, 0, unix.SizeofIfInfomsg)
		native.PutUint32(m.head()[4:], uint32(l.index))
		m.nest(unix.IFLA_LINKINFO, func() {
			m.text(host.FieldNone, nl.IFLA_INFO_KIND, "bridge")
			m.nest(nl.IFLA_INFO_DATA, func() { bridgeData(m, op.Bridge) })
		})
		steps = append(steps, step{m, []host.Op{back(func(s *host.LinkSet) { s.Bridge = only(l.bridge(), op.Bridge) })}})
	}
	return steps, nil
}

// lostBy gives what the kernel takes off an interface that goes down, or whose
// MTU is too small for IPv6.
func (q *queue) lostBy(sp *space, l *link, op host.LinkSet) ([]host.Op, error) {
	small := op.MTU != nil && *op.MTU < minMTU6 && l.mtu >= minMTU6
	if l.flags&unix.IFF_UP == 0 || !op.Down && !small {
		return nil, nil
	}
	return sp.kept(l.index)
}

// kept gives the operations that put the addresses and routes of an interface
// back where they are missing, and change nothing where they are not.
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
	slices.SortStableFunc(routes, func(a, b host.Route) int { return gateways(a) - gateways(b) })
	for _, r := range routes {
		if r.Proto != unix.RTPROT_KERNEL {
			ops = append(ops, host.RouteSet{Verb: host.Replace, Route: r})
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
	kept, err := from.kept(l.index)
	if err != nil {
		return err
	}
	undo := []host.Op{host.LinkMove{NS: op.To, Name: op.Name, To: op.NS}}
	if l.master != 0 {
		master := l.plan(from).Master
		undo = append(undo, host.LinkSet{NS: op.NS, Name: op.Name, Master: &master})
	}
	m := setLink(l.index, host.FieldTo, unix.IFLA_NET_NS_FD, native.AppendUint32(nil, uint32(to.fd)))
	m.explain = explainMove(op)
	if _, err := q.now(from, m); err != nil {
		return err
	}
	from.unlearn(op.Name)
	q.undo(append(undo, kept...)...)
	if err := q.settle(ctx, to, l, op, kept); err != nil {
		newQueue(q.h, q.results[q.at].Undo).run(context.Background())
		return err
	}
	return nil
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
			ops = append(ops, k)
		}
	}
	inner := newQueue(q.h, ops)
	inner.run(ctx)
	for _, r := range inner.results {
		if r.Err != nil {
			return r.Err
		}
	}
	return ctx.Err()
}

func foreign(r host.Route, link string) bool {
	return slices.ContainsFunc(r.Nexthop, func(n host.Nexthop) bool { return n.Dev != link })
}
