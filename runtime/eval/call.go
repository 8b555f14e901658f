package eval

import (
	"errors"
	"fmt"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/lang/usage"
	"vnet/runtime/value"
	"vnet/stdlib"
)

// maxCalls bounds how deep functions may call each other.
const maxCalls = 200

// A call is one running call of a function.
type call struct{ maybe bool }

// call calls a function of the script, of a module, or a built-in one.
func (t *thread) call(fn ast.Name, args []ast.Arg, at token.Span) (value.Value, error) {
	if f, ok := t.function(fn.Text); ok {
		return t.callFunction(fn, f, args, at)
	}
	b, ok := stdlib.Lookup(fn.Text)
	if !ok {
		return nil, t.noFunction(fn)
	}
	c := &stdlib.Call{Env: world{t}}
	for _, a := range args {
		v, err := t.eval(a.Value)
		if err != nil {
			return nil, err
		}
		c.Args = append(c.Args, stdlib.Arg{Name: argName(a), Value: v})
	}
	got, err := b.Do(c)
	var in *stdlib.ArgError
	if errors.As(err, &in) && in.Arg >= 0 {
		at = args[in.Arg].Value.Where()
	}
	return got, t.wrong(at, err)
}

func argName(a ast.Arg) string {
	if a.Name == nil {
		return ""
	}
	return a.Name.Text
}

// function finds a function by name; m.f is function f of the module m.
func (t *thread) function(fn string) (*function, bool) {
	if f, ok := t.scope.function(fn); ok {
		return f, true
	}
	as, f, dotted := strings.Cut(fn, ".")
	if !dotted {
		return nil, false
	}
	mod, ok := t.scope.module(as)
	if !ok {
		return nil, false
	}
	return mod.scope.function(f)
}

func (t *thread) noFunction(fn ast.Name) error {
	f := t.fail(diag.UnknownFunction, fn.Span, "no function or statement `%s`", name.Quote(fn.Text))
	if near, ok := t.nearFunction(fn.Text); ok {
		f.Diag.WithHelp("did you mean `%s`?", near)
	}
	return f
}

// nearFunction finds what was probably meant by a name no function has.
func (t *thread) nearFunction(fn string) (string, bool) {
	as, f, dotted := strings.Cut(fn, ".")
	if !dotted {
		if near, ok := usage.Borrowed(fn); ok {
			return near, true
		}
		if near, ok := name.Near(fn, append(t.scope.functions(), stdlib.Names()...)); ok {
			return near, true
		}
		return usage.Meant(fn)
	}
	mod, ok := t.scope.module(as)
	if !ok {
		near, ok := name.Near(as, t.scope.modules())
		return near + "." + f, ok
	}
	near, ok := name.Near(f, mod.scope.own())
	return as + "." + near, ok
}

func (t *thread) callFunction(fn ast.Name, f *function, args []ast.Arg, at token.Span) (value.Value, error) {
	if t.calls >= maxCalls {
		if t.maybe > 0 {
			return value.Unknown{}, nil
		}
		f := t.fail(diag.TooDeep, at, "`%s` calls itself without end: %d calls deep", fn.Text, maxCalls)
		if !t.cfg.Rehearse {
			return nil, f
		}
		t.note(f)
		return nil, errDeep
	}
	sub := t.enter("function "+fn.Text, fn.Span)
	sub.calls++
	sub.loops = 0
	sub.called = &call{}
	sub.scope = newScope(f.scope)
	if err := t.bindArgs(sub.scope, f.def, args, at); err != nil {
		return nil, err
	}
	err := sub.block(f.def.Body)
	var c control
	switch {
	case errors.Is(err, errDeep) && t.calls == 0:
		return nil, errTold
	case errors.As(err, &c) && c.what == "return" && !sub.called.maybe:
		return c.value, nil
	case err != nil && !errors.As(err, &c):
		return nil, err
	case sub.called.maybe:
		return value.Unknown{}, nil
	}
	return value.Null{}, nil
}

// bindArgs gives the parameters of a function their values.
func (t *thread) bindArgs(s *scope, d *ast.Def, args []ast.Arg, at token.Span) error {
	rest := value.List{}
	next := 0
	for _, a := range args {
		v, err := t.eval(a.Value)
		if err != nil {
			return err
		}
		p, err := t.parameter(d, a, &next)
		if err != nil {
			return err
		}
		if p.Rest {
			rest = append(rest, spread(a.Value, v)...)
			continue
		}
		if _, twice := s.vars[p.Name.Text]; twice {
			return t.fail(diag.ArgCount, a.Value.Where(), "`%s` is given twice to %s", p.Name.Text, d.Name.Text)
		}
		s.define(p.Name.Text, v, a.Value.Where())
	}
	for _, p := range d.Params {
		if p.Rest {
			s.define(p.Name.Text, rest, p.Name.Span)
			continue
		}
		if _, given := s.vars[p.Name.Text]; given {
			continue
		}
		if p.Default == nil {
			return t.fail(diag.ArgCount, at, "%s lacks a value for `%s`", d.Name.Text, p.Name.Text).
				help("%s", Signature(d))
		}
		in := *t
		in.scope = s
		v, err := in.eval(p.Default)
		if err != nil {
			return err
		}
		s.define(p.Name.Text, v, p.Name.Span)
	}
	return nil
}

// spread gives the elements that a value adds to a rest parameter.
func spread(x ast.Expr, v value.Value) []value.Value {
	if !splats(x, v) {
		return []value.Value{v}
	}
	var out []value.Value
	if elems, err := value.Elements(v); err == nil {
		for e := range elems {
			out = append(out, e)
		}
	}
	return out
}

// parameter finds the parameter an argument is for.
func (t *thread) parameter(d *ast.Def, a ast.Arg, next *int) (ast.DefParam, error) {
	if a.Name == nil {
		if *next >= len(d.Params) {
			return ast.DefParam{}, t.fail(diag.ArgCount, a.Value.Where(), "%s takes %d values, and this is one more",
				d.Name.Text, len(d.Params)).help("%s", Signature(d))
		}
		p := d.Params[*next]
		if !p.Rest {
			*next++
		}
		return p, nil
	}
	var names []string
	for _, p := range d.Params {
		if p.Name.Text == a.Name.Text {
			return p, nil
		}
		names = append(names, p.Name.Text)
	}
	f := t.fail(diag.UnknownArg, a.Name.Span, "%s has no parameter `%s`", d.Name.Text, a.Name.Text)
	if near, ok := name.Near(a.Name.Text, names); ok {
		f.help("did you mean `%s`?", near)
	}
	return ast.DefParam{}, f.help("%s", Signature(d))
}

// Signature gives a function's head as it was written:  lan(name, net, count = 3)
func Signature(d *ast.Def) string {
	var params []string
	for _, p := range d.Params {
		switch {
		case p.Rest:
			params = append(params, p.Name.Text+"…")
		case p.Default != nil:
			text, ok := ast.Lit(p.Default)
			if !ok {
				text = "…"
			}
			params = append(params, p.Name.Text+" = "+text)
		default:
			params = append(params, p.Name.Text)
		}
	}
	return fmt.Sprintf("%s(%s)", d.Name.Text, strings.Join(params, ", "))
}
