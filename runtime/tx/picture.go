package tx

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A Difference is something that a rollback did not bring back.
type Difference struct {
	Space string
	Line  string
}

func (d *Difference) Error() string { return d.Space + ": " + d.Line }

// past is what a transaction needs to know of what was there before it.
type past struct {
	spaces   map[string]bool     // namespaces it made
	links    map[host.End]bool   // interfaces it made
	pictures map[string][]byte   // what others were like, by namespace
	touched  map[string]host.Ops // what was done to those, even if taken back since
}

func newPast() past {
	return past{map[string]bool{}, map[host.End]bool{}, map[string][]byte{}, map[string]host.Ops{}}
}

// learn notes what an operation makes.
func (p *past) learn(op host.Op) {
	switch op := op.(type) {
	case host.NamespaceAdd:
		p.spaces[op.Name] = true
	case host.NamespaceDel:
		delete(p.spaces, op.Name)
	case host.LinkAdd:
		p.links[op.Link.End()] = true
		if op.Peer != nil {
			p.links[op.Peer.End()] = true
		}
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

func (p *past) made(e host.End) bool { return p.links[e] || p.spaces[e.NS] }

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
			data, err := saver.Save(ctx, ns)
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

// develop brings the namespaces of which there is a picture back to it, as far
// as the transaction touched them.
func (t *Tx) develop(ctx context.Context, u *Undo) {
	saver, ok := t.host.(host.Saver)
	if !ok {
		return
	}
	for _, ns := range slices.Sorted(maps.Keys(t.past.touched)) {
		left, err := saver.Restore(ctx, ns, t.past.pictures[ns], t.past.touched[ns])
		if err != nil {
			left = append(left, err.Error())
		}
		for _, line := range left {
			u.Left = append(u.Left, &Difference{ns, line})
		}
	}
	t.past = newPast()
}
