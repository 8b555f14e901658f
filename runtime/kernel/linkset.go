package kernel

import (
	"context"
	"fmt"
	"time"

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
	back host.Op
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
	lost, err := lostBy(sp, l, op)
	if err != nil {
		return err
	}
	// One that vnet has made brings its carrier to nothing that was there before.
	if up := l.flags&unix.IFF_UP != 0; up && op.Down || !up && op.Up && !sp.made || op.Master != nil {
		far, lose, err := q.bereft(sp, l)
		if err != nil {
			return err
		}
		defer lose()
		lost = append(lost, far...)
	}
	if op.MTU != nil && *op.MTU < l.mtu {
		above, err := sp.lowered(l, *op.MTU)
		if err != nil {
			return err
		}
		lost = append(lost, above...)
	}
	q.undo(lost...)
	for _, s := range steps {
		s.msg.explain = explainSet(op, l)
		if err := q.change(sp, s.msg, s.back); err != nil {
			newQueue(q.h, q.results[q.at].Undo).run(context.Background())
			return err
		}
	}
	if op.NewName != nil {
		sp.rename(op.Name, *op.NewName, l.index)
	}
	return nil
}

// explainSet puts a refused change into words.
func explainSet(op host.LinkSet, l *link) func(*host.Error) {
	explain := explainLink(op.NS, op.Name, l.kind)
	return func(e *host.Error) {
		explain(e)
		if e.Errno == unix.EBUSY && e.Field == host.FieldName && op.NewName != nil && l.flags&unix.IFF_UP != 0 && !op.Down {
			e.What = fmt.Sprintf("%s in %s is up: kernels before Linux 6.2 rename only what is down", op.Name, op.NS)
		}
	}
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
	add := func(m *message, undo host.Op) { steps = append(steps, step{m, undo}) }

	up := l.flags&unix.IFF_UP != 0
	if op.Down && up {
		add(setFlags(l.index, 0, unix.IFF_UP), back(func(s *host.LinkSet) { s.Up = true }))
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
		add(setLink(l.index, host.FieldMTU, unix.IFLA_MTU, native.AppendUint32(nil, uint32(*op.MTU))),
			back(func(s *host.LinkSet) { s.MTU = &l.mtu }))
	}
	more, err := q.moreSteps(sp, l, op, back)
	if err != nil {
		return nil, err
	}
	steps = append(steps, more...)
	aggregated, err := q.aggregated(sp, l, op)
	if err != nil {
		return nil, err
	}
	if op.Up && (!up || op.Down || aggregated) {
		add(setFlags(l.index, unix.IFF_UP, unix.IFF_UP), back(func(s *host.LinkSet) { s.Down = true }))
	}
	return steps, nil
}

// aggregated reports whether a change takes an interface out of a bond, which
// sets it down.
func (q *queue) aggregated(sp *space, l *link, op host.LinkSet) (bool, error) {
	if kind, _ := l.port(); op.Master == nil || !host.Aggregates(kind) {
		return false, nil
	}
	master, err := sp.linkAt(l.master)
	return err == nil && (master == nil || master.name != *op.Master), err
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
			back(func(s *host.LinkSet) { s.Master = &old })})
	}
	if op.Alias != nil {
		steps = append(steps, step{setLink(l.index, host.FieldNone, unix.IFLA_IFALIAS, []byte(*op.Alias)),
			back(func(s *host.LinkSet) { s.Alias = &l.alias })})
	}
	if op.Promisc != nil {
		was := l.flags&unix.IFF_PROMISC != 0
		steps = append(steps, step{setFlags(l.index, bit[uint32](*op.Promisc)*unix.IFF_PROMISC, unix.IFF_PROMISC),
			back(func(s *host.LinkSet) { s.Promisc = &was })})
	}
	if op.Bridge != nil {
		if l.kind != "bridge" {
			return nil, failed(unix.EOPNOTSUPP, host.FieldName, "%s in %s is no bridge", op.Name, op.NS)
		}
		m := newMessage(unix.RTM_NEWLINK, 0, unix.SizeofIfInfomsg)
		native.PutUint32(m.head()[4:], uint32(l.index))
		m.nest(unix.IFLA_LINKINFO, func() {
			m.text(host.FieldNone, nl.IFLA_INFO_KIND, "bridge")
			m.nest(nl.IFLA_INFO_DATA, func() { bridgeData(m, op.Bridge, false) })
		})
		steps = append(steps, step{m, back(func(s *host.LinkSet) { s.Bridge = only(l.bridge(), op.Bridge) })})
	}
	return steps, nil
}

// lowered gives what brings back the MTU of what stands on an interface: the
// kernel lowers it with that one's, and does not raise it again. A bridge follows its
// ports, also upwards, unless its MTU was set (br_if.c: br_mtu_auto_adjust). Below
// what IPv6 needs they lose more than that, and are touched as a whole.
func (sp *space) lowered(l *link, mtu int) ([]host.Op, error) {
	links, err := sp.allLinks()
	if err != nil {
		return nil, err
	}
	id, err := sp.id()
	if err != nil {
		return nil, err
	}
	var ops []host.Op
	var dark []host.Tomb
	low := []link{*l}
	for i := 0; i < len(low); i++ {
		for _, n := range links {
			above := n.stands() == low[i].index && n.peerSpace < 0
			if !above && !(n.kind == "bridge" && n.index == low[i].master) || n.mtu <= mtu {
				continue
			}
			low = append(low, n)
			if above {
				ops = append(ops, host.LinkSet{NS: sp.name, Name: n.name, MTU: &n.mtu})
			}
			dark = append(dark, host.Tomb{NS: sp.name, Space: id, Name: n.name, Kind: n.kind, Index: n.index})
		}
	}
	if len(dark) > 0 && mtu < minMTU6 {
		ops = append(ops, host.LinkExhume{Taken: time.Now(), Dark: dark})
	}
	return ops, nil
}

// lostBy gives what the kernel takes off an interface that goes down, whose
// MTU is too small for IPv6, whose MAC changes, or that gets another name.
func lostBy(sp *space, l *link, op host.LinkSet) ([]host.Op, error) {
	small := op.MTU != nil && *op.MTU < minMTU6 && l.mtu >= minMTU6
	up := l.flags&unix.IFF_UP != 0
	if op.NewName == nil && (!up || !op.Down && !small && op.MAC == nil) {
		return nil, nil
	}
	kept, err := sp.kept(l.index)
	if err != nil || op.NewName == nil {
		return kept, err
	}
	return append(relabel(kept), kept...), nil
}
