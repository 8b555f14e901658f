package tx

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A Difference is something that a rollback did not bring back.
type Difference struct {
	Space   string
	Line    string
	Foreign bool // it is somebody else's doing, and shall stay
}

func (d *Difference) Error() string { return d.Space + ": " + d.Line }

// past is what a transaction needs to know of what was there before it.
type past struct {
	spaces   map[string]bool         // namespaces it made
	links    map[host.End]int        // interfaces it made, by the queue they were in
	queue    int                     // which is looked at
	pictures map[string][]byte       // what others were like, by namespace
	touched  map[string]host.Ops     // what was done to those, even if taken back since
	verdicts map[string]host.Verdict // what others did to those meanwhile, once a rollback has begun
}

func newPast() past {
	return past{spaces: map[string]bool{}, links: map[host.End]int{}, pictures: map[string][]byte{}, touched: map[string]host.Ops{}, verdicts: map[string]host.Verdict{}}
}

// learn notes what an operation makes.
func (p *past) learn(op host.Op) {
	switch op := op.(type) {
	case host.NamespaceAdd:
		p.spaces[op.Name] = true
	case host.NamespaceDel:
		delete(p.spaces, op.Name)
	case host.LinkAdd:
		p.links[op.Link.End()] = p.queue
		if op.Peer != nil {
			p.links[op.Peer.End()] = p.queue
		}
	case host.LinkSet:
		if op.NewName != nil {
			p.rename(host.End{NS: op.NS, Name: op.Name}, host.End{NS: op.NS, Name: *op.NewName})
		}
	case host.LinkMove:
		p.rename(host.End{NS: op.NS, Name: op.Name}, host.End{NS: op.To, Name: op.Name})
	}
}

// rename notes that an interface it made is somewhere else.
func (p *past) rename(from, to host.End) {
	if queue, ok := p.links[from]; ok {
		delete(p.links, from)
		p.links[to] = queue
	}
}

// unlearn notes that an operation was taken back.
func (p *past) unlearn(op host.Op) {
	switch op := op.(type) {
	case host.NamespaceAdd:
		delete(p.spaces, op.Name)
	case host.LinkAdd:
		delete(p.links, op.Link.End())
		if op.Peer != nil {
			delete(p.links, op.Peer.End())
		}
	case host.LinkSet:
		if op.NewName != nil {
			p.rename(host.End{NS: op.NS, Name: *op.NewName}, host.End{NS: op.NS, Name: op.Name})
		}
	case host.LinkMove:
		p.rename(host.End{NS: op.To, Name: op.Name}, host.End{NS: op.NS, Name: op.Name})
	}
}

func (t *Tx) unlearn(op host.Op) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.past.unlearn(op)
}

// touch notes an operation on namespaces of which there is a picture.
func (p *past) touch(op host.Op) {
	for _, ns := range op.Spaces() {
		if _, ok := p.pictures[ns]; ok {
			p.touched[ns] = append(p.touched[ns], op)
		}
	}
}

// touchAlong notes what goes with something that is deleted, also in other
// namespaces: what brings it back tells.
func (p *past) touchAlong(undo []host.Op) {
	for _, op := range undo {
		if op, ok := op.(host.LinkExhume); ok {
			p.touch(op)
		}
	}
}

// madeIn lists the interfaces that the transaction has made in a namespace, but
// for those that wait in the queue: what bears their names now is another one.
func (p *past) madeIn(ns string) []string {
	var names []string
	for e, queue := range p.links {
		if e.NS == ns && queue != p.queue {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *past) made(e host.End) bool {
	_, link := p.links[e]
	return link || p.spaces[e.NS]
}

// picture saves what a namespace is like before an operation that may disturb
// what was there before the transaction.
func (t *Tx) picture(ctx context.Context, op host.Op) error {
	saver, ok := t.host.(host.Saver)
	if !ok || t.journal == nil {
		return nil
	}
	if host.Disturbs(op, t.past.made) {
		for _, ns := range op.Spaces() {
			if _, taken := t.past.pictures[ns]; taken || t.past.spaces[ns] {
				continue
			}
			data, err := saver.Save(ctx, ns, t.past.madeIn(ns))
			if err != nil {
				return fmt.Errorf("save what %s is like: %w", ns, err)
			}
			if err := t.keep(ns, data); err != nil {
				return err
			}
		}
	}
	t.past.touch(op)
	return nil
}

// keep notes a picture in the journal.
func (t *Tx) keep(ns string, data []byte) error {
	file := fmt.Sprintf("image-%d", len(t.past.pictures))
	if err := t.journal.Save(file, data); err != nil {
		return err
	}
	t.past.pictures[ns] = data
	return t.journal.Write(journal.Record{Kind: journal.Image, Space: ns, File: file})
}

// judge looks, before a rollback begins, what others have done meanwhile to
// what was touched, so that it stays. A recovery goes by what was found then:
// later it cannot be told from what the rollback itself does.
func (t *Tx) judge(ctx context.Context, u *Undo) {
	saver, ok := t.host.(host.Saver)
	if !ok {
		return
	}
	for _, ns := range slices.Sorted(maps.Keys(t.past.touched)) {
		v, judged := t.past.verdicts[ns]
		if !judged {
			var err error
			if v, err = saver.Judge(ctx, ns, t.past.pictures[ns], t.past.touched[ns]); err != nil {
				continue // it cannot be looked at: Restore will say so
			}
			t.past.verdicts[ns] = v
			if t.journal != nil {
				_ = t.journal.Write(journal.Record{Kind: journal.Judged, Space: ns, Verdict: &v})
			}
		}
		for _, line := range v.Lines {
			u.Left = append(u.Left, &Difference{ns, "changed by someone else, left as it is: " + line, true})
		}
	}
}

// spare leaves out of an undo what others have changed.
func (t *Tx) spare(op host.Op) host.Op {
	saver, ok := t.host.(host.Saver)
	for ns, v := range t.past.verdicts {
		if ok && op != nil && v.Data != nil {
			op = saver.Spare(ns, v, op)
		}
	}
	return op
}

// clean reports whether all was brought back that shall be.
func (u *Undo) clean() bool {
	return !slices.ContainsFunc(u.Left, func(err error) bool {
		var d *Difference
		return !errors.As(err, &d) || !d.Foreign
	})
}

// develop brings the namespaces of which there is a picture back to it, as far
// as the transaction touched them.
func (t *Tx) develop(ctx context.Context, u *Undo) {
	saver, ok := t.host.(host.Saver)
	if !ok {
		return
	}
	exact := map[string]bool{}
	for _, ns := range slices.Sorted(maps.Keys(t.past.touched)) {
		left, err := saver.Restore(ctx, ns, t.past.pictures[ns], t.past.verdicts[ns], t.past.touched[ns])
		if err != nil {
			left = append(left, err.Error())
		}
		for _, line := range left {
			u.Left = append(u.Left, &Difference{ns, line, false})
		}
		exact[ns] = len(left) == 0
	}
	u.forgive(exact)
	t.past = newPast()
}

// forgive drops the troubles that were had with putting back one thing alone,
// such as a route whose gateway was not there yet, where a picture tells that
// it is there now.
func (u *Undo) forgive(exact map[string]bool) {
	u.Left = slices.DeleteFunc(u.Left, func(err error) bool {
		step, ok := err.(*StepError)
		if !ok {
			return false
		}
		switch step.Step.Op.(type) {
		case host.LinkExhume: // but for the interfaces themselves
			var refusal *host.Error
			return errors.As(step.Err, &refusal) && refusal.Field == host.FieldDest &&
				!slices.ContainsFunc(refusal.In, func(ns string) bool { return !exact[ns] })
		case host.AddrSet, host.LinkSet, host.NeighSet, host.RouteSet, host.RuleSet, host.SysctlSet:
			return !slices.ContainsFunc(step.Step.Op.Spaces(), func(ns string) bool { return !exact[ns] })
		}
		return false
	})
}
