package tx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// beforeFile holds, beside a journal, what was there before the lab that the
// transaction has replaced.
const beforeFile = "before.json"

// An earlier is a namespace as it was before a lab was built, with what that
// did to it.
type earlier struct {
	Picture host.Picture
	Ops     host.Ops
}

// Replace takes down earlier transactions, oldest first in the list, as the
// beginning of this one: it is undone with the rest, and final with it. Their
// programs run until the commit. Same tells whether a namespace they made is
// the one that bears its name.
//
// When this one is taken back after its commit, that leads to what was there
// before them.
func (t *Tx) Replace(ctx context.Context, lab string, old []*Tx, same func(Space) bool) (told []error, err error) {
	before := map[string]earlier{}
	for _, o := range slices.Backward(old) {
		list, err := t.supersede(ctx, o, same, before)
		told = append(told, list...)
		if err != nil {
			return told, err
		}
	}
	m, err := t.Mark(ctx)
	if err != nil {
		return told, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replaced, t.replaces, t.restores = int(m), lab, len(before) > 0
	if t.journal == nil {
		return told, nil
	}
	data, err := json.Marshal(before)
	if err == nil {
		err = t.journal.Save(beforeFile, data)
	}
	if err == nil {
		err = t.journal.Write(journal.Record{Kind: journal.Replaced, Seq: t.replaced, File: beforeFile})
	}
	return told, err
}

// supersede takes down one.
func (t *Tx) supersede(ctx context.Context, old *Tx, same func(Space) bool, before map[string]earlier) (told []error, err error) {
	r := &retreat{t: New(t.host, nil), ctx: ctx, views: old.past.views(0, old.strand), verdicts: map[string]host.Verdict{}}
	if err := t.cover(ctx, r.views); err != nil {
		return nil, err
	}
	r.judge()
	t.past.leaving = map[string]bool{} // in their graves they keep what they have
	defer func() { t.past.leaving = nil }()
	for _, s := range old.Made() {
		t.past.leaving[s.Name] = same(s)
	}
	var steps []Step
	for _, step := range old.takeDown(ctx, t.host, same, t.past.leaving) {
		if step.Op = r.spare(step.Op); step.Op != nil {
			steps = append(steps, step)
		}
	}
	if err := t.carry(ctx, steps); err != nil {
		return r.Left, err
	}
	r.develop()
	for _, v := range r.views {
		b, picture := before[v.ns], v.picture
		picture.Closeups = slices.Concat(picture.Closeups, b.Picture.Closeups)
		before[v.ns] = earlier{picture, append(slices.Clone(v.ops), b.Ops...)}
	}
	return r.Left, nil
}

// carry does steps that take something down, removals of one kind that stand
// next to each other in one go. What is gone already is as good.
func (t *Tx) carry(ctx context.Context, steps []Step) error {
	for len(steps) > 0 {
		before, together := t.Len(), alike(steps)
		var err error
		for _, step := range steps[:together] {
			if err = t.Do(ctx, step); err != nil {
				break
			}
		}
		if err == nil {
			err = t.Flush(ctx)
		}
		done := t.Len() - before
		var refused *StepError
		if errors.As(err, &refused) && gone(refused.Step.Op, refused.Err) {
			err = nil
			done++
		}
		if err != nil {
			return err
		}
		steps = steps[done:]
	}
	return nil
}

// alike counts the first steps that may be done in one go.
func alike(steps []Step) int {
	kind := reflect.TypeOf(steps[0].Op)
	switch steps[0].Op.(type) {
	case host.NamespaceDel, host.LinkDel:
	default:
		return 1
	}
	for i, s := range steps {
		if reflect.TypeOf(s.Op) != kind {
			return i
		}
	}
	return len(steps)
}

// cover sees to it that a rollback brings back what the views of another show,
// before that is changed.
func (t *Tx) cover(ctx context.Context, views []view) error {
	saver, ok := t.host.(host.Saver)
	if !ok || len(views) == 0 || t.Open == nil {
		return nil
	}
	if t.Claim != nil {
		var spaces []string
		for _, v := range views {
			spaces = append(spaces, v.ns)
		}
		if err := t.Claim(ctx, spaces); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.journal == nil {
		j, err := t.Open()
		if err != nil {
			return err
		}
		t.journal = j
	}
	for _, v := range views {
		t.seq++
		if _, taken := t.past.plate(v.ns, 0); !taken {
			data, err := saver.Save(ctx, v.ns)
			if err != nil {
				return fmt.Errorf("save what %s is like: %w", v.ns, err)
			}
			if err := t.keep(v.ns, plate{before: t.seq, data: data}); err != nil {
				return err
			}
		}
		for _, op := range v.ops {
			if err := t.closeup(ctx, saver, entry{seq: t.seq, strand: t.strand}, v.ns, op); err != nil {
				return err
			}
		}
		if err := t.journal.Write(journal.Record{Kind: journal.Touched, Seq: t.seq, Space: v.ns, Op: v.ops}); err != nil {
			return err
		}
		t.past.add(v.ns, t.seq, t.strand, v.ops)
	}
	return nil
}

// add notes what was done to a namespace.
func (p *past) add(ns string, seq int, s *strand, ops []host.Op) {
	for _, op := range ops {
		p.deeds[ns] = append(p.deeds[ns], deed{seq, s, op})
	}
}

// takeDown lists the steps that take a transaction back, its programs first, in
// a form that can be taken back in turn: what it made is buried. Going tells
// which of the namespaces that it made are still the ones of their names.
func (t *Tx) takeDown(ctx context.Context, h host.Looker, same func(Space) bool, going map[string]bool) []Step {
	var programs, steps []Step
	doomed := doomed(t.log, false)
	there := roster{h, map[string][]host.Link{}}
	for i, e := range slices.Backward(t.log) {
		for _, op := range e.undo {
			step := e.step
			switch op := op.(type) {
			case host.GroupKill:
				op.Late = true
				step.Op = op
				programs = append(programs, step)
				continue
			case host.NamespaceDel:
				if !same(Space{op.Name, op.ID}) {
					continue
				}
				step.Op = host.NamespaceDel{Name: op.Name, Made: true}
			case host.LinkDel:
				if doomed.cover(i, e) || doomed.ends(i, e, going) {
					continue
				}
				called := there.bearer(ctx, op)
				if called == "" {
					continue
				}
				step.Op = host.LinkDel{NS: op.NS, Name: called}
			default:
				if doomed.cover(i, e) {
					continue
				}
				step.Op = op
			}
			steps = append(steps, step)
		}
	}
	return append(programs, steps...)
}

// A roster knows the interfaces of the namespaces that it was asked about.
type roster struct {
	h     host.Looker
	links map[string][]host.Link
}

// bearer finds what an interface is called now; empty for one that is gone.
func (r roster) bearer(ctx context.Context, op host.LinkDel) string {
	links, known := r.links[op.NS]
	if !known {
		if state, err := r.h.State(ctx, op.NS); err == nil {
			links = state.Links
		}
		r.links[op.NS] = links
	}
	for _, l := range links {
		if op.Index != 0 && l.Index == op.Index && (op.MAC == "" || l.MAC == op.MAC) || op.Index == 0 && l.Name == op.Name {
			return l.Name
		}
	}
	return ""
}

// fresh leaves out what took down the lab before.
func (t *Tx) fresh(entries []entry) []entry {
	if t.replaced == 0 {
		return entries
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.seq <= t.replaced })
}

// since makes of what was resumed the part behind the taking down of the lab
// before: to be taken back to what was there before that.
func (t *Tx) since(later map[string]plate, before map[string]earlier) {
	t.log = t.fresh(t.log)
	t.past.plates = map[string][]plate{}
	for ns, pl := range later {
		t.past.plates[ns] = []plate{pl}
	}
	for ns, deeds := range t.past.deeds {
		t.past.deeds[ns] = slices.DeleteFunc(deeds, func(d deed) bool { return d.seq <= t.replaced })
	}
	for ns, closeups := range t.past.closeups {
		t.past.closeups[ns] = slices.DeleteFunc(closeups, func(c closeup) bool { return c.before <= t.replaced })
	}
	for ns, b := range before {
		made := map[string]int{}
		for _, name := range b.Picture.Without {
			made[name] = t.replaced + 1
		}
		t.past.plates[ns] = []plate{{before: t.replaced + 1, data: b.Picture.Data, made: made}}
		var closeups []closeup
		for _, data := range b.Picture.Closeups {
			closeups = append(closeups, closeup{t.replaced + 1, data})
		}
		t.past.closeups[ns] = append(closeups, t.past.closeups[ns]...)
		behind := t.past.deeds[ns]
		delete(t.past.deeds, ns)
		t.past.add(ns, t.replaced+1, t.strand, b.Ops)
		t.past.deeds[ns] = append(t.past.deeds[ns], behind...)
	}
}
