package kernel

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A queue carries out the operations of one Apply.
type queue struct {
	h       *Host
	ctx     context.Context
	ops     []host.Op
	results []host.Result
	pending []*message   // not sent yet
	acked   map[int]bool // operations the kernel has carried out at least in part
	at      int          // the operation being worked on
	failed  int          // the one that failed; -1 for none
	ended   int          // the first that was not carried out when ctx ended; -1 for none
	again   bool         // it failed over an index we chose: try without choosing
	intend  host.Intend  // told what will be undone before anything is done; may be nil
	untold  []int        // operations whose undo has grown since it was told

	births   []birth   // of the operations from at on: they lack only their names
	settings []setting // of the operations from at on: they are written

	found map[host.End]int // indexes of interfaces of others, while operations only create

	// What deletions that stand next to each other need to know but once.
	seen   map[uint64][]link // the interfaces of a namespace, by cookie
	abroad []foreigner       // what stands on interfaces of other namespaces; nil when not known
}

func newQueue(h *Host, ops []host.Op) *queue {
	return &queue{h: h, ctx: context.Background(), ops: ops, results: make([]host.Result, len(ops)),
		acked: map[int]bool{}, failed: -1, ended: -1}
}

func (q *queue) run(ctx context.Context) {
	defer q.abandon()
	q.ctx = ctx
	for q.at < len(q.ops) && ctx.Err() == nil {
		err := q.apply(ctx, q.ops[q.at])
		if err == nil && q.at == len(q.ops)-1 {
			err = q.flush()
		}
		if err == nil {
			q.at++
			continue
		}
		if q.failed < 0 && q.ended < 0 {
			q.stop(err)
		}
		if q.ended >= 0 {
			q.skip(q.ended)
			return
		}
		if !q.again {
			q.skip(q.failed + 1)
			return
		}
		q.rewind(q.failed)
	}
	err := q.flush()
	switch {
	case q.ended >= 0:
		q.skip(q.ended)
	case err != nil:
		q.skip(q.failed + 1)
	default:
		q.skip(q.at)
	}
}

// stop ends with an operation that was refused before all of it was sent. Those
// before it are carried out; one that fails then is the first that did.
func (q *queue) stop(err error) {
	q.pending = slices.DeleteFunc(q.pending, func(m *message) bool { return m.op == q.at })
	if q.flush() != nil {
		return
	}
	q.takeBack(q.at)
	q.fail(q.at, err)
}

// rewind starts again at an operation that failed and was taken back.
func (q *queue) rewind(i int) {
	for k := i; k < len(q.ops); k++ {
		q.results[k] = host.Result{}
		delete(q.acked, k)
	}
	q.at, q.failed, q.again, q.pending, q.untold = i, -1, false, nil, nil
	q.abandon()
	q.settings = nil
}

func (q *queue) skip(from int) {
	for i := from; i < len(q.results); i++ {
		q.results[i] = host.Result{Skipped: true}
	}
}

func (q *queue) fail(i int, err error) {
	q.failed = i
	q.results[i] = host.Result{Err: refusal(q.ops[i], err)}
}

// apply queues an operation that only creates, and carries out any other.
func (q *queue) apply(ctx context.Context, op host.Op) error {
	if _, ok := op.(host.LinkDel); !ok {
		q.seen, q.abroad = nil, nil
	}
	switch op := op.(type) {
	case host.LinkAdd:
		return q.linkAdd(op)
	case host.AddrSet:
		return q.addrSet(op)
	case host.RouteSet:
		return q.routeSet(op)
	case host.RuleSet:
		return q.ruleSet(op)
	case host.NeighSet:
		return q.neighSet(op)
	case host.NamespaceAdd:
		return q.namespaceAdd()
	case host.SysctlSet:
		return q.sysctlSet()
	}
	q.found = nil
	if err := q.flush(); err != nil {
		return err
	}
	switch op := op.(type) {
	case host.NamespaceAdopt:
		return q.namespaceAdopt(op)
	case host.NamespaceDel:
		return q.namespaceDel()
	case host.LinkDel:
		return q.linkDel(op)
	case host.LinkExhume:
		return q.linkExhume(op)
	case host.NamespaceUnpark:
		return q.namespaceUnpark(op)
	case host.LinkPurge, host.NamespacePurge:
		return q.purge()
	case host.LinkSet:
		return q.linkSet(op)
	case host.LinkMove:
		return q.linkMove(ctx, op)
	case host.HostsAdd:
		return q.hostsAdd(op)
	case host.DNSSet:
		return q.dnsSet(op)
	case host.FileRestore:
		return q.fileRestore(op)
	case host.GroupAdd:
		return q.groupAdd(op)
	case host.GroupKill:
		return q.groupKill(op)
	}
	return fmt.Errorf("no such operation: %T", op)
}

// undo notes what takes the operation being worked on back; what is noted
// later is done first.
func (q *queue) undo(ops ...host.Op) {
	r := &q.results[q.at]
	r.Undo = append(ops, r.Undo...)
	if len(q.untold) == 0 || q.untold[len(q.untold)-1] != q.at {
		q.untold = append(q.untold, q.at)
	}
}

// announce tells what will take back all that is about to be sent.
func (q *queue) announce() error {
	untold := q.untold
	q.untold = nil
	if q.intend == nil {
		return nil
	}
	list := make([]host.Intention, len(untold))
	for i, at := range untold {
		list[i] = host.Intention{At: at, Undo: q.results[at].Undo, Final: q.results[at].Final}
	}
	if len(list) == 0 {
		return nil
	}
	return q.intend(list)
}

// foretell announces what would take back the next step of the operation being
// worked on, which may yet be refused.
func (q *queue) foretell(ops ...host.Op) error {
	if err := q.announce(); err != nil || q.intend == nil {
		return err
	}
	r := q.results[q.at]
	return q.intend([]host.Intention{{At: q.at, Undo: slices.Concat(ops, r.Undo), Final: r.Final}})
}

// push queues a message of the operation being worked on.
func (q *queue) push(sp *space, m *message) *message {
	m.sp, m.op = sp, q.at
	q.pending = append(q.pending, m)
	return m
}

// flush sends what is pending. After an error nothing more is sent for the
// operation it belongs to and those behind it, but what those before it still
// lack: one of them may fail as well, and then is the one that failed. What
// stood behind the failure and was carried out is taken back. When ctx ends,
// what lacks something is taken back, and all behind it.
func (q *queue) flush() error {
	pending := q.pending
	q.pending = nil
	if len(pending) == 0 {
		return nil
	}
	if err := q.announce(); err != nil {
		q.fail(pending[0].op, err)
		return err
	}
	o := newOrder(pending, len(q.ops))
	var failure func() error
	for run := o.next(); run != nil; run = o.next() {
		if q.ctx.Err() != nil {
			q.ended = o.least()
			break
		}
		if at, why := q.send(o, run); at < o.limit {
			o.limit, failure = at, why
		}
	}
	if q.ended >= 0 {
		q.takeBack(q.ended)
		return context.Cause(q.ctx)
	}
	if failure == nil {
		return nil
	}
	err := failure()
	q.takeBack(o.limit)
	q.fail(o.limit, err)
	return err
}

// flushUnless flushes unless all that is pending may wait.
func (q *queue) flushUnless(waits func(*message) bool) error {
	if !slices.ContainsFunc(q.pending, func(m *message) bool { return !waits(m) }) {
		return nil
	}
	return q.flush()
}

// send sends messages for one namespace together. It tells the first operation
// that failed, and gives what finds the words for it.
func (q *queue) send(o *order, run []*message) (failed int, why func() error) {
	failed = len(q.ops)
	blame := func(op int, f func() error) {
		if op < failed {
			failed, why = op, f
		}
	}
	c, err := run[0].sp.netlink()
	if err != nil {
		return o.least(), func() error { return err }
	}
	replies, err := c.do(run...)
	for i, r := range replies {
		m := run[i]
		o.sent[m] = r.acked
		if r.errno == 0 && r.acked && !m.asks() {
			q.acked[m.op] = true
		}
		switch {
		case r.errno != 0:
			blame(m.op, func() error { return q.refused(m, r) })
		case r.acked && m.then != nil:
			if err := m.then(r); err != nil {
				blame(m.op, func() error { return err })
			}
		}
	}
	if err != nil { // which of the rest was carried out nobody can tell
		blame(o.least(), func() error { return err })
	}
	return failed, why
}

// takeBack undoes the operations from i on that the kernel carried out, newest
// first.
func (q *queue) takeBack(i int) {
	for k := len(q.ops) - 1; k >= i; k-- {
		if q.acked[k] {
			newQueue(q.h, q.results[k].Undo).run(context.Background())
		}
	}
}

// change sends one message that changes what is there, after telling what
// takes it back.
func (q *queue) change(sp *space, m *message, back ...host.Op) error {
	if err := q.foretell(back...); err != nil {
		return err
	}
	if _, err := q.now(sp, m); err != nil {
		return err
	}
	q.undo(back...)
	return nil
}

// now sends one message at once and returns the answer.
func (q *queue) now(sp *space, m *message) (*reply, error) {
	c, err := sp.netlink()
	if err != nil {
		return nil, err
	}
	r, err := c.ask(m)
	if err != nil {
		return nil, err
	}
	if r.errno != 0 {
		m.sp, m.op = sp, q.at
		return r, q.refused(m, r)
	}
	return r, nil
}

func (q *queue) refused(m *message, r *reply) error {
	if r.errno == unix.ENODEV {
		m.sp.drop() // an index may be stale
	}
	return refused(q.ops[m.op], m, r)
}

// index finds an interface by name. What is known is not asked again; what may
// just be being made is sent first.
func (q *queue) index(sp *space, link string, f host.Field) (int, error) {
	if index, ok := sp.known(link); ok {
		return index, nil
	}
	end := host.End{NS: sp.name, Name: link}
	if index, ok := q.found[end]; ok {
		return index, nil
	}
	if err := q.flush(); err != nil {
		return 0, err
	}
	if index, ok := sp.known(link); ok {
		return index, nil
	}
	info, err := sp.link(link)
	if err != nil {
		return 0, err
	}
	if info == nil {
		return 0, noLink(sp.name, link, f)
	}
	if q.found == nil {
		q.found = map[host.End]int{}
	}
	q.found[end] = info.index
	return info.index, nil
}
