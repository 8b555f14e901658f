package runtime

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"syscall"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/delta"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/lab"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A Planned is what a script would do here.
type Planned struct {
	Steps  []Step
	Lab    string // the script's, if it is up: the steps lead from what stands to what the script makes
	Edited bool   // the script or a value given to it is not what the lab was built from
}

// Plan rehearses a script on what is alive here. If its lab is up, that is
// compared with what the script would make in its place.
func Plan(ctx context.Context, s Script) (Planned, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return Planned{}, diag.List{machine(err)}
	}
	defer k.Close()
	try := rehearsal(ctx, s, k)
	if try.tx == nil {
		return Planned{}, try.found
	}
	l, up := stands(k, s, cmp.Or(s.Lab, try.lab))
	if !up {
		return Planned{Steps: try.steps()}, try.found
	}
	c := &comparison{k: k, lab: &l, origin: map[delta.Key]token.Span{}, chosen: delta.Choices{}}
	return c.plan(ctx, s)
}

// A comparison is between a lab that is up, what its last run left, and what the
// script would make.
type comparison struct {
	k      *kernel.Host
	lab    *lab.Lab
	parts  []*tx.Tx  // what was done to build it, oldest first
	ops    []host.Op // all that it or the script do
	origin map[delta.Key]token.Span
	chosen delta.Choices
}

func (c *comparison) plan(ctx context.Context, s Script) (Planned, diag.List) {
	for _, p := range c.lab.Parts {
		t, _ := tx.Resume(c.k, journal.At(p.Dir), journal.Peek(p.Dir))
		c.parts = append(c.parts, t)
		c.learn(planned(t))
	}
	last := c.lab.Last()
	out := Planned{Lab: c.lab.Name, Edited: s.Text != last.Text || !maps.Equal(s.Args, last.Args)}
	var before, after *rehearsed
	if out.Edited {
		old := Script{Name: last.Script, Dir: s.Dir, Text: last.Text, Args: last.Args}
		before = rehearsalOn(ctx, old, c.k, without(ctx, c.k, c.lab))
		after = rehearsalOn(ctx, s, c.k, without(ctx, c.k, c.lab))
		if after.found.Failed() {
			return out, after.found
		}
		c.learn(before.steps())
		c.learn(after.steps())
	}
	stood := c.stock(c.lab.States())
	for _, t := range c.parts {
		note(stood, planned(t))
	}
	want := stood
	if out.Edited {
		want = c.edited(ctx, stood, before, after)
	}
	have, err := c.alive(ctx, stood, want)
	if err != nil {
		return out, diag.List{unseen(err)}
	}
	out.Steps = c.steps(have, stood, want)
	if after != nil {
		return out, after.found
	}
	return out, nil
}

// learn notes what there is to know of steps: what they are about and where
// they are written.
func (c *comparison) learn(steps []Step) {
	for _, s := range steps {
		c.ops = append(c.ops, s.Op)
		for _, k := range delta.Subjects(s.Op) {
			c.origin[k] = s.At
		}
		c.chosen.Learn(s.Op)
	}
}

// stock is what of namespaces is the lab's.
func (c *comparison) stock(states []*host.State) delta.Stock {
	return delta.Of(states, c.chosen).Within(delta.ScopeOf(c.ops))
}

// note adds what states do not show.
func note(s delta.Stock, steps []Step) {
	for _, step := range steps {
		s.Note(step.Op)
	}
}

// edited is what stood, with what the script makes otherwise now.
func (c *comparison) edited(ctx context.Context, stood delta.Stock, before, after *rehearsed) delta.Stock {
	spaces := after.tx.Spaces()
	if before.tx != nil {
		spaces = append(spaces, before.tx.Spaces()...) // what one does not touch the other may
	}
	slices.Sort(spaces)
	spaces = slices.Compact(spaces)
	was, wanted := stood, c.rehearsed(ctx, after, spaces)
	if before.tx != nil && !before.found.Failed() {
		was = c.rehearsed(ctx, before, spaces)
	}
	want := delta.Merge(stood, was, wanted)
	for _, s := range stood.Sysctls() {
		for _, t := range c.parts {
			if value, ok := t.Earlier(s.NS, s.Key); ok && !want.Holds(s) {
				want.Note(host.SysctlSet{NS: s.NS, Key: s.Key, Value: value})
				break
			}
		}
	}
	return want
}

// rehearsed is what a script would make of namespaces.
func (c *comparison) rehearsed(ctx context.Context, r *rehearsed, spaces []string) delta.Stock {
	var states []*host.State
	for _, ns := range spaces {
		if st, _ := r.net.State(ctx, ns); st != nil { // as far as it is known
			states = append(states, st)
		}
	}
	s := c.stock(states)
	note(s, r.steps())
	return s
}

// alive is what there is now of what stood or is wanted. Files that were written
// are taken to be as they were.
func (c *comparison) alive(ctx context.Context, stood, want delta.Stock) (delta.Stock, error) {
	net := model.New(model.Options{Source: c.k}) // which tells routes as a rehearsal does
	var states []*host.State
	for _, ns := range slices.Compact(slices.Sorted(slices.Values(append(stood.Spaces(), want.Spaces()...)))) {
		st, err := net.State(ctx, ns)
		switch {
		case errors.Is(err, syscall.ENOENT):
		case err != nil:
			return nil, err
		default:
			states = append(states, st)
		}
	}
	have := c.stock(states)
	have.KeepFiles(stood)
	for _, s := range append(stood.Sysctls(), want.Sysctls()...) {
		if value, err := c.k.Sysctl(ctx, s.NS, s.Key); err == nil {
			have.Note(host.SysctlSet{NS: s.NS, Key: s.Key, Value: value})
		}
	}
	return have, nil
}

// steps lead to what is wanted. What the script does not tell otherwise than
// before was changed by somebody else.
func (c *comparison) steps(have, stood, want delta.Stock) []Step {
	told := map[delta.Key]bool{}
	for _, op := range delta.Between(stood, want) {
		for _, k := range delta.Subjects(op) {
			told[k] = true
		}
	}
	var out []Step
	for _, op := range delta.Between(have, want) {
		s := Step{Op: op, Drift: true}
		for _, k := range delta.Subjects(op) {
			s.Drift = s.Drift && !told[k]
			if at, ok := c.origin[k]; ok {
				s.At = at
			}
		}
		out = append(out, s)
	}
	return out
}
