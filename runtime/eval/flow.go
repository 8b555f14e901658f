package eval

import (
	"errors"
	"slices"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/value"
)

func (t *thread) let(s *ast.Let) error {
	v, err := t.eval(s.Value)
	if err != nil {
		if t.cfg.Rehearse {
			t.bind(s.Names, value.Unknown{}, s)
		}
		return err
	}
	return t.bind(s.Names, v, s)
}

// bind gives variables their values; several names take the elements of a list.
func (t *thread) bind(names []ast.Name, v value.Value, s *ast.Let) error {
	values := []value.Value{v}
	if len(names) > 1 {
		var err error
		if values, err = t.unpack(names, v, s.Value.Where()); err != nil {
			return err
		}
	}
	for i, n := range names {
		if !s.Set {
			t.scope.define(n.Text, values[i], n.Span)
			continue
		}
		if t.maybe > 0 {
			values[i] = value.Unknown{}
		}
		if !t.scope.assign(n.Text, values[i]) {
			f := t.fail(diag.UnknownVariable, n.Span, "no variable `%s` to set", n.Text)
			if near, ok := name.Near(n.Text, t.scope.variables()); ok {
				f.Diag.WithHelp("did you mean `%s`?", near)
			} else {
				f.Diag.WithHelp("make it with let: let %s = …", n.Text)
			}
			return f
		}
	}
	return nil
}

// unpack takes a list apart into as many values as there are names.
func (t *thread) unpack(names []ast.Name, v value.Value, at token.Span) ([]value.Value, error) {
	values := make([]value.Value, 0, len(names))
	if value.IsUnknown(v) {
		if _, whole := v.(value.Unknown); whole {
			for range names {
				values = append(values, v)
			}
			return values, nil
		}
	}
	elems, err := value.Elements(v)
	if err != nil {
		return nil, t.wrong(at, err)
	}
	for e := range elems {
		values = append(values, e)
	}
	if len(values) != len(names) {
		return nil, t.fail(diag.WrongCount, at, "%d names for %d values: `%s`", len(names), len(values), value.Show(v))
	}
	return values, nil
}

func (t *thread) param(s *ast.Param) error {
	p := Param{Name: s.Name.Text, Required: s.Default == nil, At: s.Span}
	if s.Help != nil {
		p.Help, _ = ast.Lit(s.Help)
	}
	var v value.Value
	if s.Default != nil {
		var err error
		if v, err = t.eval(s.Default); err != nil {
			return err
		}
		p.Default = value.Show(v)
	}
	t.mu.Lock()
	t.tally.Params = append(t.tally.Params, p)
	t.mu.Unlock()
	if given, ok := t.cfg.Args[s.Name.Text]; ok {
		v = value.Parse(given)
	}
	if v == nil {
		f := t.fail(diag.MissingParam, s.Span, "no value for the param `%s`", s.Name.Text)
		if p.Help != "" {
			f.Diag.WithLabel("%s", p.Help)
		}
		f.Diag.WithHelp("give it on the command line, behind the script: %s=VALUE", s.Name.Text)
		t.scope.define(s.Name.Text, value.Unknown{}, s.Name.Span)
		return f
	}
	t.scope.define(s.Name.Text, v, s.Name.Span)
	return nil
}

func (t *thread) ifElse(s *ast.If) error {
	holds, known, err := t.truth(s.Cond)
	if err != nil {
		return err
	}
	if !known {
		return t.bothWays(s)
	}
	switch {
	case holds:
		return t.block(s.Then)
	case s.ElseIf != nil:
		return t.ifElse(s.ElseIf)
	case s.Else != nil:
		return t.block(s.Else)
	}
	return nil
}

// bothWays rehearses both branches of an if that only the run can decide.
func (t *thread) bothWays(s *ast.If) error {
	sub := t.perhaps()
	mark, err := t.tx().Mark(t.ctx)
	if err != nil {
		return err
	}
	defer t.doubt(mark)
	if err := sub.settle(sub.block(s.Then)); err != nil {
		return err
	}
	t.doubt(mark)
	switch {
	case s.ElseIf != nil:
		return sub.settle(sub.ifElse(s.ElseIf))
	case s.Else != nil:
		return sub.settle(sub.block(s.Else))
	}
	return nil
}

// perhaps returns a thread for a branch that may not be taken.
func (t *thread) perhaps() *thread {
	t.mu.Lock()
	t.branches++
	t.mu.Unlock()
	sub := *t
	sub.maybe++
	return &sub
}

// settle takes back a leap out of a branch that may not be taken: what comes
// behind it is rehearsed too.
func (t *thread) settle(err error) error {
	var c control
	if !errors.As(err, &c) {
		return err
	}
	if c.what == "return" && t.called != nil {
		t.called.maybe = true
	}
	return nil
}

func (t *thread) forEach(s *ast.For) error {
	v, err := t.eval(s.In)
	if err != nil {
		return err
	}
	rounds, err := value.Each(v, len(s.Vars))
	if errors.Is(err, value.ErrUnknown) {
		sub := t.perhaps()
		return sub.settle(sub.round(s, slices.Repeat([]value.Value{value.Unknown{}}, len(s.Vars))))
	}
	if err != nil {
		return t.wrong(s.In.Where(), err)
	}
	for values, err := range rounds {
		if err != nil {
			return t.wrong(s.In.Where(), err)
		}
		if stop, err := ended(t.round(s, values)); stop {
			return err
		}
		if t.cfg.Rehearse && t.tooLong() {
			return t.enough(s.Span)
		}
	}
	return nil
}

// round runs the body of a for with the values of its variables.
func (t *thread) round(s *ast.For, values []value.Value) error {
	sub := t.fork()
	sub.loops++
	for i, n := range s.Vars {
		sub.scope.define(n.Text, values[i], n.Span)
	}
	return sub.block(s.Body)
}

// ended says whether a round of a loop ends it, and with what.
func ended(err error) (bool, error) {
	var c control
	switch {
	case err == nil:
		return false, nil
	case !errors.As(err, &c), c.what == "return":
		return true, err
	}
	return c.what == "break", nil
}

func (t *thread) while(s *ast.While) error {
	sub := t.fork()
	sub.loops++
	rounds := 0
	for {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		holds, known, err := t.truth(s.Cond)
		switch {
		case err != nil:
			return err
		case !known:
			once := sub.perhaps()
			return once.settle(once.block(s.Body))
		case !holds:
			return nil
		}
		before := t.seenBranches()
		if stop, err := ended(sub.block(s.Body)); stop {
			return err
		}
		// A branch that only the run can decide may well have left the loop.
		if t.cfg.Rehearse && t.seenBranches() != before {
			return nil
		}
		rounds++
		if t.cfg.Rehearse && (t.tooLong() || rounds >= maxRounds) {
			return t.enough(s.Span)
		}
	}
}

func (t *thread) seenBranches() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.branches
}

// enough ends a rehearsal and says where.
func (t *thread) enough(at token.Span) error {
	t.loosen()
	t.warn(diag.Warn(diag.Endless, at, "this goes on for very long; what comes later was not looked at").
		WithLabel("not at its end after many rounds").
		WithHelp("mistakes behind it are found when the script runs"))
	return errEnough
}

// tooLong counts the rounds of loops, which may be empty of statements.
func (t *thread) tooLong() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps++
	return t.steps > maxSteps
}

func (t *thread) leave(what string, at token.Span) error {
	if t.loops == 0 {
		return t.fail(diag.OutsideLoop, at, "`%s` outside of a loop", what)
	}
	return control{what: what}
}

func (t *thread) def(s *ast.Def) error {
	t.scope.defineFunction(s.Name.Text, &function{s, t.scope})
	return nil
}

func (t *thread) returns(s *ast.Return) error {
	if t.called == nil {
		return t.fail(diag.OutsideLoop, s.Span, "`return` outside of a function").
			help("to end the script with an error, write: fail \"why\"")
	}
	var v value.Value = value.Null{}
	if s.Value != nil {
		var err error
		if v, err = t.eval(s.Value); err != nil {
			return err
		}
	}
	return control{"return", v}
}
