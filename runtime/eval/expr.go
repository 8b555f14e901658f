package eval

import (
	"errors"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/value"
)

// An arg is a value with the place of the word it comes from.
type arg struct {
	v  value.Value
	at token.Span
}

// eval works out an expression.
func (t *thread) eval(x ast.Expr) (value.Value, error) {
	switch x := x.(type) {
	case *ast.Word:
		return t.word(x)
	case *ast.Str:
		return t.str(x)
	case *ast.Var:
		return t.variable(x)
	case *ast.Field:
		v, err := t.eval(x.X)
		if err != nil {
			return nil, err
		}
		got, err := value.Field(v, x.Name.Text)
		return got, t.wrong(x.Name.Span, err)
	case *ast.Index:
		return t.index(x)
	case *ast.Paren:
		return t.eval(x.X)
	case *ast.List:
		return t.list(x)
	case *ast.Map:
		return t.mapping(x)
	case *ast.Unary:
		v, err := t.eval(x.X)
		if err != nil {
			return nil, err
		}
		got, err := value.Unary(x.Op, v)
		return got, t.wrong(x.Span, err)
	case *ast.Binary:
		return t.binary(x)
	case *ast.Call:
		return t.call(x.Fn, x.Args, x.Span)
	case *ast.Spawn:
		return t.spawnValue(x)
	case *ast.Run:
		return t.runValue(x.Exec)
	}
	panic("eval: an expression without a case")
}

func (t *thread) word(w *ast.Word) (value.Value, error) {
	if len(w.Parts) == 1 {
		if p := w.Parts[0]; p.X != nil {
			return t.eval(p.X)
		} else {
			return value.Parse(p.Text), nil
		}
	}
	text, err := t.join(w.Parts)
	if errors.Is(err, value.ErrUnknown) {
		return value.Unknown{}, nil
	}
	if err != nil {
		return nil, err
	}
	return value.Parse(text), nil
}

func (t *thread) str(s *ast.Str) (value.Value, error) {
	text, err := t.join(s.Parts)
	if errors.Is(err, value.ErrUnknown) {
		return value.Unknown{}, nil
	}
	if err != nil {
		return nil, err
	}
	return value.NewText(text), nil
}

// join writes the parts of a word or string into one text.
func (t *thread) join(parts []ast.Part) (string, error) {
	var b strings.Builder
	unknown := false
	for _, p := range parts {
		if p.X == nil {
			b.WriteString(p.Text)
			continue
		}
		v, err := t.eval(p.X)
		if err != nil {
			return "", err
		}
		text, err := value.AsText(v)
		switch {
		case errors.Is(err, value.ErrUnknown):
			unknown = true
		case err != nil:
			return "", t.wrong(p.Span, err)
		}
		if err := value.FitsText(b.Len() + len(text)); err != nil {
			return "", t.wrong(p.Span, err)
		}
		b.WriteString(text)
	}
	if unknown {
		return "", value.ErrUnknown
	}
	return b.String(), nil
}

func (t *thread) variable(x *ast.Var) (value.Value, error) {
	if v, ok := t.scope.lookup(x.Name); ok {
		return v, nil
	}
	if t.cfg.Rehearse && t.isSilenced("$"+x.Name) {
		return value.Unknown{}, nil
	}
	f := t.fail(diag.UnknownVariable, x.Span, "no variable `$%s`", x.Name)
	if near, ok := name.Near(x.Name, t.scope.variables()); ok {
		f.Diag.WithHelp("did you mean `$%s`?", near)
	} else {
		f.Diag.WithHelp("make it first: let %s = …", x.Name)
	}
	return nil, f
}

func (t *thread) index(x *ast.Index) (value.Value, error) {
	v, err := t.eval(x.X)
	if err != nil {
		return nil, err
	}
	i, err := t.eval(x.I)
	if err != nil {
		return nil, err
	}
	got, err := value.Index(v, i)
	return got, t.wrong(x.I.Where(), err)
}

func (t *thread) list(x *ast.List) (value.Value, error) {
	args, err := t.args(x.Elems)
	if err != nil {
		return nil, err
	}
	list := make(value.List, len(args))
	for i, a := range args {
		list[i] = a.v
	}
	return list, nil
}

func (t *thread) mapping(x *ast.Map) (value.Value, error) {
	m := value.NewMap()
	for _, e := range x.Entries {
		v, err := t.eval(e.Value)
		if err != nil {
			return nil, err
		}
		if _, ok := m.Get(e.Key.Text); ok {
			return nil, t.fail(diag.DuplicateKey, e.Key.Span, "the key `%s` is in the map twice", e.Key.Text)
		}
		m.Set(e.Key.Text, v)
	}
	return m, nil
}

func (t *thread) binary(x *ast.Binary) (value.Value, error) {
	left, err := t.eval(x.X)
	if err != nil {
		return nil, err
	}
	if x.Op == "and" || x.Op == "or" {
		if done, ok := t.shortCut(x.Op, left); ok {
			return done, nil
		}
	}
	right, err := t.eval(x.Y)
	if err != nil {
		return nil, err
	}
	got, err := value.Binary(x.Op, left, right)
	at := x.Span
	var bad *value.Error
	if errors.As(err, &bad) && bad.Code == diag.BadRegexp {
		at = x.Y.Where()
	}
	return got, t.wrong(at, err)
}

// shortCut answers `and` and `or` from their left side where that is enough.
func (t *thread) shortCut(op string, left value.Value) (value.Value, bool) {
	truth, err := value.Truth(left)
	if err != nil || truth != (op == "or") {
		return nil, false
	}
	return value.Bool(truth), true
}

// args works out the words of a statement. A list or range that is a whole
// word stands for its elements.
func (t *thread) args(xs []ast.Expr) ([]arg, error) { return t.words(xs, splats) }

// flat works out words that are names or addresses: there a list stands for
// its elements even where it is written out.
func (t *thread) flat(xs ...ast.Expr) ([]arg, error) {
	return t.words(xs, func(x ast.Expr, v value.Value) bool {
		_, list := v.(value.List)
		return list || splats(x, v)
	})
}

func (t *thread) words(xs []ast.Expr, splats func(ast.Expr, value.Value) bool) ([]arg, error) {
	out := make([]arg, 0, len(xs))
	for _, x := range xs {
		v, err := t.eval(x)
		if err != nil {
			return nil, err
		}
		if !splats(x, v) {
			out = append(out, arg{v, x.Where()})
			continue
		}
		elems, err := value.Elements(v)
		if list, ok := v.(value.List); ok && err == nil {
			err = value.FitsList(len(out) + len(list))
		}
		if err != nil {
			return nil, t.wrong(x.Where(), err)
		}
		for e := range elems {
			out = append(out, arg{e, x.Where()})
		}
	}
	return out, nil
}

// splats reports whether a value stands for its elements among words: a list
// written out stays one, so that lists can be nested.
func splats(x ast.Expr, v value.Value) bool {
	switch v.(type) {
	case value.Range:
		return true
	case value.List:
		_, word := x.(*ast.Word)
		return word
	}
	return false
}

// one works out a word that must be a single value.
func (t *thread) one(x ast.Expr) (arg, error) {
	v, err := t.eval(x)
	return arg{v, x.Where()}, err
}

// truth works out a condition; known is false when only the run can tell.
func (t *thread) truth(x ast.Expr) (holds, known bool, err error) {
	v, err := t.eval(x)
	if err != nil {
		return false, false, err
	}
	holds, err = value.Truth(v)
	if errors.Is(err, value.ErrUnknown) {
		return false, false, nil
	}
	return holds, err == nil, t.wrong(x.Where(), err)
}
