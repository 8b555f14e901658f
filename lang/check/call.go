package check

import (
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/lang/usage"
)

func (w *walker) callStmt(s *ast.CallStmt) { w.call(s.Fn, s.Args, s.Span, true) }

// call checks a call of a function of the script, of a module, or built in.
func (w *walker) call(fn ast.Name, args []ast.Arg, at token.Span, stmt bool) {
	for _, a := range args {
		w.expr(a.Value)
		if stmt {
			w.forgottenList(a.Value)
		}
		w.argument(fn, a)
	}
	if f := w.scope.function(fn.Text); f != nil {
		if !f.twice {
			w.arguments(f.def, args, at)
		}
		return
	}
	if w.known(fn.Text) || w.silenced[fn.Text] || w.open {
		return
	}
	if mod, _, dotted := strings.Cut(fn.Text, "."); dotted && (w.scope.module(mod) || w.silenced[mod]) {
		return
	}
	d := w.fail(diag.UnknownFunction, fn.Span, "no function or statement `%s`", name.Quote(fn.Text))
	w.meant(d, fn.Text, stmt)
}

// meant adds the function or statement that was probably meant.
func (w *walker) meant(d *diag.Diagnostic, fn string, stmt bool) {
	w.missed++
	if w.missed > maxMissed {
		return
	}
	if mod, _, dotted := strings.Cut(fn, "."); dotted {
		d.WithHelp("import the module first: import PATH as %s", mod)
		return
	}
	have := w.scope.functions()
	if stmt {
		have = append(have, usage.Words()...)
	}
	near, ok := usage.Borrowed(fn)
	if !ok || !stmt {
		near, ok = name.Near(fn, have)
	}
	if !ok {
		near, ok = w.nearBuiltin(fn)
	}
	switch {
	case ok:
		d.WithHelp("did you mean `%s`?", near)
	case stmt:
		d.WithHelp("make it with def, or import the module that has it")
	}
}

// nearBuiltin finds the built-in function that differs from fn by one slip of
// the finger. Only whether a name is known can be asked, so all that such a
// slip could have come from are tried.
func (w *walker) nearBuiltin(fn string) (string, bool) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	if len(fn) > 20 || len(fn) < 2 {
		return "", false
	}
	for i := range len(fn) + 1 {
		before, after := fn[:i], fn[i:]
		var tries []string
		if after != "" {
			tries = append(tries, before+after[1:])
		}
		if len(after) > 1 {
			tries = append(tries, before+after[1:2]+after[:1]+after[2:])
		}
		for _, c := range letters {
			tries = append(tries, before+string(c)+after)
			if after != "" {
				tries = append(tries, before+string(c)+after[1:])
			}
		}
		for _, t := range tries {
			if w.known(t) {
				return t, true
			}
		}
	}
	return "", false
}

// arguments checks the arguments of a function of the script, in the order in
// which a run would give them to the parameters.
func (w *walker) arguments(d *ast.Def, args []ast.Arg, at token.Span) {
	given := map[string]bool{}
	next := 0
	for _, a := range args {
		p := w.parameter(d, a, &next)
		switch {
		case p == nil:
			return
		case p.Rest:
		case given[p.Name.Text]:
			w.fail(diag.ArgCount, a.Value.Where(), "`%s` is given twice to %s", p.Name.Text, d.Name.Text)
			return
		}
		given[p.Name.Text] = true
	}
	for _, p := range d.Params {
		if !p.Rest && p.Default == nil && !given[p.Name.Text] {
			w.fail(diag.ArgCount, at, "%s lacks a value for `%s`", d.Name.Text, p.Name.Text).
				WithHelp("%s", signature(d)).
				WithNote(d.Name.Span, "`%s` is made here", d.Name.Text)
			return
		}
	}
}

// parameter finds the parameter an argument is for; nil if it is for none.
func (w *walker) parameter(d *ast.Def, a ast.Arg, next *int) *ast.DefParam {
	if a.Name == nil {
		if *next >= len(d.Params) {
			w.fail(diag.ArgCount, a.Value.Where(), "%s takes %d values, and this is one more", d.Name.Text, len(d.Params)).
				WithHelp("%s", signature(d)).
				WithNote(d.Name.Span, "`%s` is made here", d.Name.Text)
			return nil
		}
		p := &d.Params[*next]
		if !p.Rest {
			*next++
		}
		return p
	}
	var names []string
	for i := range d.Params {
		if d.Params[i].Name.Text == a.Name.Text {
			return &d.Params[i]
		}
		names = append(names, d.Params[i].Name.Text)
	}
	f := w.fail(diag.UnknownArg, a.Name.Span, "%s has no parameter `%s`", d.Name.Text, a.Name.Text)
	if near, ok := name.Near(a.Name.Text, names); ok {
		f.WithHelp("did you mean `%s`?", near)
	}
	f.WithHelp("%s", signature(d))
	return nil
}

// signature gives a function's head as it was written:  lan(name, net, count = 3)
func signature(d *ast.Def) string {
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
	return d.Name.Text + "(" + strings.Join(params, ", ") + ")"
}
