package kernel

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A rank says which messages of a flush may wait for which others. Each port
// that joins a bridge makes the kernel go through those that are up, and each
// that comes up has packets flooded to them: so ports come up when all else is
// done, and bridges after them.
type rank int

const (
	rankNow rank = iota
	rankPort
	rankBridge
	ranks
)

// overtakes says whether a message may go before one that brings up a port or
// a bridge and was queued earlier: one that makes an interface or an address,
// to which it is all the same.
func (m *message) overtakes() bool {
	kind := m.kind()
	return m.rank != rankNow || m.flags()&unix.NLM_F_EXCL != 0 && (kind == unix.RTM_NEWLINK || kind == unix.RTM_NEWADDR)
}

// settles says whether a message decides which interfaces a namespace has, or
// wants to know: whoever makes another there has to wait for it. To bring one up
// or give it an address does not.
func (m *message) settles() bool {
	switch m.kind() {
	case unix.RTM_NEWADDR, unix.RTM_NEWROUTE, unix.RTM_NEWNEIGH:
		return false
	case unix.RTM_SETLINK:
		return len(m.buf) > unix.SizeofNlMsghdr+unix.SizeofIfInfomsg // more than its flags
	}
	return true
}

// A lane is the messages of a flush that are about one namespace, in the order
// they were queued: those that go to it, and those that go to another and make
// the second end of a cable here.
type lane struct {
	sp   *space
	list []*message
	from int // all before are sent
}

// An order gives the messages of a flush in an order that takes few sends:
// those of one namespace together. What is about one namespace stays in the
// order it was queued in, but for what overtakes.
type order struct {
	all   []*message
	lanes map[*space]*lane
	sent  map[*message]bool
	from  [ranks]int // all of that rank before are sent
	limit int        // messages of operations from here on stay unsent
}

func newOrder(pending []*message, limit int) *order {
	o := &order{all: pending, lanes: map[*space]*lane{}, sent: make(map[*message]bool, len(pending)), limit: limit}
	for _, m := range pending {
		o.lane(m.sp).list = append(o.lane(m.sp).list, m)
		if m.with != nil {
			o.lane(m.with).list = append(o.lane(m.with).list, m)
		}
	}
	return o
}

func (o *order) lane(sp *space) *lane {
	l := o.lanes[sp]
	if l == nil {
		l = &lane{sp: sp}
		o.lanes[sp] = l
	}
	return l
}

// over says whether nothing is to be done about a message.
func (o *order) over(m *message) bool { return m.op >= o.limit || o.sent[m] }

// next returns the messages of the next send: that of the lowest rank that was
// queued first, and what can go with it. Nil when all is sent.
func (o *order) next() []*message {
	for r := range ranks {
		for ; o.from[r] < len(o.all); o.from[r]++ {
			if m := o.all[o.from[r]]; m.rank == r && !o.over(m) {
				return o.run(o.lane(m.sp), r)
			}
		}
	}
	return nil
}

// run gives what a namespace can be sent at once, up to a rank. What waits goes
// all the same before something that may not overtake it.
func (o *order) run(l *lane, r rank) (out []*message) {
	var waiting []*message
	for ; l.from < len(l.list) && o.over(l.list[l.from]); l.from++ {
	}
	for _, m := range l.list[l.from:] {
		switch {
		case o.over(m):
			continue
		case m.sp != l.sp || m.with != nil && !o.first(o.lane(m.with), m):
			return out // another namespace's turn
		case m.rank > r:
			waiting = append(waiting, m)
			continue
		case !m.overtakes():
			slices.SortStableFunc(waiting, func(a, b *message) int { return int(a.rank - b.rank) })
			out = append(out, waiting...)
			waiting = nil
		}
		out = append(out, m)
	}
	return out
}

// first says whether nothing in a lane has to go before a message, which makes
// the second end of a cable there.
func (o *order) first(l *lane, m *message) bool {
	for ; l.from < len(l.list) && o.over(l.list[l.from]); l.from++ {
	}
	for _, k := range l.list[l.from:] {
		if k == m {
			return true
		}
		if !o.over(k) && (k.rank == rankNow && !k.along && k.settles() || !m.overtakes()) {
			return false
		}
	}
	return true
}

// least is the first operation with a message that is not sent.
func (o *order) least() int {
	least := o.limit
	for _, m := range o.all {
		if !o.over(m) {
			least = min(least, m.op)
		}
	}
	return least
}
