package runtime

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"syscall"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/delta"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/lab"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A Planned is what a script would do here.
type Planned struct {
	Steps    []Step
	Traits   []delta.Change // what programs have set up and others have changed since the lab was built
	Programs []PlannedProgram
	Lab      string // the script's, if it is up: the steps lead from what stands to what the script makes
	Edited   bool   // the script or a value given to it is not what the lab was built from
}

// A PlannedProgram is one that does not run and should, or the other way round.
type PlannedProgram struct {
	Name   string // as the script calls it; what an exec has left is called as the system does
	Runs   bool   // and should not, or not as it does
	Wants  bool   // it should run
	Drift  bool   // it ran when the lab was built, and has ended since
	Logged bool   // what it wrote is kept
	At     token.Span
}

// Differs reports whether there is anything to do.
func (p *Planned) Differs() bool { return len(p.Steps)+len(p.Traits)+len(p.Programs) > 0 }

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

	left   lab.Outside // what its runs have left beside what operations made
	traits []host.Trait
	now    []host.Trait
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
		before = rehearsalOn(ctx, old, c.k, without(ctx, c.k, c.lab), nil)
		after = rehearsalOn(ctx, s, c.k, without(ctx, c.k, c.lab), nil)
		if after.found.Failed() {
			return out, after.found
		}
		c.learn(before.steps())
		c.learn(after.steps())
	}
	c.left = c.lab.Outside()
	stood := c.stock(c.lab.States())
	for _, t := range c.parts {
		note(stood, planned(t))
	}
	c.traits = stood.SetFiles(c.left.Files, delta.ScopeOf(c.ops))
	want := stood
	if out.Edited {
		want = c.edited(ctx, stood, before, after)
	}
	have, err := c.alive(ctx, stood, want)
	if err != nil {
		return out, diag.List{unseen(err)}
	}
	out.Steps = c.steps(have, stood, want)
	blind := c.lookOutside(ctx, stood, have, want)
	out.Traits = delta.Traits(c.traits, c.now)
	out.Programs = c.programs(before, after)
	if after != nil {
		return out, append(after.found, blind...)
	}
	return out, blind
}

// lookOutside compares what programs have set up: what they did then, and what
// there is now.
func (c *comparison) lookOutside(ctx context.Context, stood, have, want delta.Stock) (blind diag.List) {
	sc := delta.ScopeOf(c.ops)
	now := traitsOf(ctx, c.k, have.Spaces())
	why := ""
	for ns := range now {
		why = cmp.Or(why, now[ns].Blind, c.left.Traits[ns].Blind)
	}
	pick := func(of map[string]host.Traits) (out []host.Trait) {
		for _, t := range of {
			out = append(out, t.List...)
		}
		out = want.Traits(have.Traits(out, sc), sc)
		return slices.DeleteFunc(out, func(t host.Trait) bool { return why != "" && t.On == "" })
	}
	c.traits = append(c.traits, pick(c.left.Traits)...)
	c.now = append(c.now, pick(now)...)
	if why != "" {
		blind = append(blind, diag.Warn(diag.MachineLacks, token.Span{}, "packet filters are not compared: %s", why))
	}
	return blind
}

// programs tells which have ended since the lab was built, and which the script
// starts otherwise now.
func (c *comparison) programs(before, after *rehearsed) []PlannedProgram {
	var out []PlannedProgram
	was, will := map[string]eval.Spawned{}, map[string]eval.Spawned{}
	if after != nil && before.tx != nil {
		for _, s := range before.runs {
			was[s.Name] = s
		}
		for _, s := range after.runs {
			will[s.Name] = s
		}
	}
	for _, p := range c.left.Programs {
		old, told := was[p.Name]
		s, wanted := will[p.Name]
		told = told && p.Group.Log != ""
		runs := len(c.k.Processes(p.Group)) > 0
		switch {
		case told && !wanted && runs:
			out = append(out, PlannedProgram{Name: p.Name, Runs: true, At: old.At})
		case told && !wanted:
		case told && !(old.NS == s.NS && slices.Equal(old.Argv, s.Argv)):
			out = append(out, PlannedProgram{Name: p.Name, Runs: runs, Wants: true, At: s.At})
		case !runs:
			out = append(out, PlannedProgram{Name: p.Name, Wants: true, Drift: true, Logged: p.Group.Log != "", At: c.begun(p.Group)})
		}
	}
	for name, s := range will {
		if _, told := was[name]; !told {
			out = append(out, PlannedProgram{Name: name, Wants: true, At: s.At})
		}
	}
	slices.SortStableFunc(out, func(a, b PlannedProgram) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// begun is where a program was started.
func (c *comparison) begun(g host.GroupKill) token.Span {
	for _, t := range c.parts {
		if at := t.Begun(g); at.Known() {
			return at
		}
	}
	return token.Span{}
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

// alive is what there is now of what stood or is wanted.
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
	rest := have.SetFiles(filesOf(c.k, c.ops), delta.ScopeOf(c.ops))
	c.now = slices.DeleteFunc(rest, func(t host.Trait) bool { // in files that the lab has not written, all is others'
		_, ours := c.left.Files[strings.TrimPrefix(t.Name, "file ")]
		return !ours
	})
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
