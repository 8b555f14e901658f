package check

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/token"
)

func (w *walker) exprs(list []ast.Expr) {
	for _, x := range list {
		w.expr(x)
	}
}

// optional checks an expression that may be left out.
func (w *walker) optional(x ast.Expr) {
	if x != nil {
		w.expr(x)
	}
}

// expr checks an expression by itself, wherever it stands.
func (w *walker) expr(x ast.Expr) {
	switch x := x.(type) {
	case *ast.Word:
		w.parts(x.Parts)
	case *ast.Str:
		w.parts(x.Parts)
		w.whole1(x)
	case *ast.Var:
		w.use(x)
	case *ast.Field:
		w.expr(x.X)
	case *ast.Index:
		w.expr(x.X)
		w.expr(x.I)
		w.index(x)
	case *ast.Paren:
		w.expr(x.X)
	case *ast.List:
		for _, e := range x.Elems {
			w.expr(e)
			w.subtraction(e, false)
		}
	case *ast.Map:
		w.mapping(x)
	case *ast.Unary:
		w.expr(x.X)
		if x.Op == "not" {
			w.truth(x.X, x.Span)
		}
	case *ast.Binary:
		w.binary(x)
	case *ast.Call:
		w.call(x.Fn, x.Args, x.Span, false)
	case *ast.Run:
		w.program("exec", x.Exec)
	case *ast.Spawn:
		w.spawn(x)
	}
}

// parts checks what stands in a word or quoted text.
func (w *walker) parts(parts []ast.Part) {
	for _, p := range parts {
		if p.X == nil {
			continue
		}
		w.expr(p.X)
		if len(parts) > 1 {
			w.oneWord(p)
		}
	}
}

// whole1 checks a quoted text that is nothing but one variable: it is a text
// all the same.
func (w *walker) whole1(x *ast.Str) {
	if len(x.Parts) == 1 && x.Parts[0].X != nil {
		w.oneWord(x.Parts[0])
	}
}

// oneWord reports a list or map in the middle of a word or text.
func (w *walker) oneWord(p ast.Part) {
	switch w.shapeOf(p.X) {
	case list:
		w.fail(diag.WrongKind, p.Span, "one word is wanted here, and this is a list").
			WithHelp("take one element with [0], or join them: join($list, \" \")")
	case mapping:
		w.fail(diag.WrongKind, p.Span, "one word is wanted here, and this is a map").
			WithHelp("take a field of it: ${name.field}")
	}
}

func (w *walker) mapping(x *ast.Map) {
	seen := make(map[string]bool, len(x.Entries))
	for _, e := range x.Entries {
		w.expr(e.Value)
		w.subtraction(e.Value, false)
		if seen[e.Key.Text] {
			w.fail(diag.DuplicateKey, e.Key.Span, "the key `%s` is in the map twice", name.Quote(e.Key.Text))
		}
		seen[e.Key.Text] = true
	}
}

func (w *walker) binary(x *ast.Binary) {
	w.expr(x.X)
	w.expr(x.Y)
	switch x.Op {
	case "and", "or":
		w.truth(x.X, x.Span)
		w.truth(x.Y, x.Span)
	case "<", "<=", ">", ">=", "+", "-", "*", "/", "%":
		w.forgottenOperand(x, x.X, x.Y)
		w.forgottenOperand(x, x.Y, x.X)
		w.operand(x.X, x.Y)
		w.operand(x.Y, x.X)
		w.zero(x)
	case "==", "!=":
		w.forgotten(x.X)
		w.equality(x.X, x.Y)
		w.equality(x.Y, x.X)
	case "~":
		w.pattern(x)
	}
}

// zero reports a division by a zero that is written out.
func (w *walker) zero(x *ast.Binary) {
	if x.Op != "/" && x.Op != "%" || w.shapeOf(x.X) != number {
		return
	}
	if n, ok := plainNumber(x.Y); ok && n == 0 {
		left := "…"
		if text, ok := ast.Lit(x.X); ok {
			left = text
		}
		w.fail(diag.DivisionByZero, x.Span, "`%s %s 0` divides by zero", left, x.Op)
	}
}

// pattern checks a regular expression that is written out.
func (w *walker) pattern(x *ast.Binary) {
	text, ok := ast.Lit(x.Y)
	if !ok {
		return
	}
	var bad *syntax.Error
	if _, err := regexp.Compile(text); errors.As(err, &bad) {
		why := bad.Code.String() // without the pattern, which stands before it
		w.fail(diag.BadRegexp, x.Y.Where(), "`%s` is not a regular expression: %s", show(text), name.Quote(why)).
			WithHelp(`a backslash takes the next character literally: \. \( \[`)
	}
}

// condition checks what has to be true or false.
func (w *walker) condition(x ast.Expr) {
	w.expr(x)
	w.truth(x, x.Where())
}

// truth reports a word as a condition that is neither true nor false.
func (w *walker) truth(x ast.Expr, at token.Span) {
	text, ok := ast.Lit(x)
	if !ok {
		w.truthOf(x, at)
		return
	}
	switch text {
	case "true", "false", "on", "off":
		return
	}
	_, quoted := x.(*ast.Str)
	d := w.fail(diag.NotCondition, at, "`%s` is %s, neither true nor false", show(text), describe(text, quoted))
	switch {
	case !quoted && w.scope.lookup(text) != nil:
		d.WithHelp("did you mean `$%s`?", text)
	case !quoted && isNumber(text):
		d.WithHelp("compare it, as in $n != 0")
	default:
		d.WithHelp("compare it, as in $x != \"\"")
	}
}

// truthOf reports a number, list or map as a condition.
func (w *walker) truthOf(x ast.Expr, at token.Span) {
	switch w.shapeOf(x) {
	case number:
		w.fail(diag.NotCondition, at, "this is a number, neither true nor false").
			WithHelp("compare it, as in $n != 0")
	case list, mapping:
		w.fail(diag.NotCondition, at, "this is %s, neither true nor false", w.shapeOf(x)).
			WithHelp("compare its length, as in len($x) > 0")
	}
}

// plainWord gives the text of a word without quotes and variables.
func plainWord(x ast.Expr) (string, bool) {
	word, ok := x.(*ast.Word)
	if !ok {
		return "", false
	}
	return ast.Lit(word)
}

// forgotten reports a word in a comparison that is the name of a variable.
func (w *walker) forgotten(x ast.Expr) {
	if text, ok := plainWord(x); ok && w.scope.lookup(text) != nil {
		w.warn(diag.ForgottenDollar, x.Where(), "`%s` is the word itself, not the variable of that name", text).
			WithHelp("did you mean `$%s`?", text)
	}
}

// forgottenOperand is forgotten for operators that take no word beside a number.
func (w *walker) forgottenOperand(b *ast.Binary, x, other ast.Expr) {
	text, ok := plainWord(x)
	if !ok || w.scope.lookup(text) == nil {
		return
	}
	if w.shapeOf(other) != number || shapeOfText(text) == number {
		w.forgotten(x)
		return
	}
	w.fail(diag.WrongOperands, b.Span, "`%s` does not take a text and a number: `%s` is the word itself", b.Op, text).
		WithHelp("did you mean `$%s`?", text)
}

// forgottenList reports a word in place of a list that is the name of one.
func (w *walker) forgottenList(x ast.Expr) {
	if text, ok := plainWord(x); ok && w.isList(text) {
		w.warn(diag.ForgottenDollar, x.Where(), "`%s` is the word itself, not the list of that name", text).
			WithHelp("did you mean `$%s`?", text)
	}
}

func (w *walker) isList(name string) bool {
	v := w.scope.lookup(name)
	return v != nil && (v.shape == list || v.shape == span)
}

// sequence reports a word to loop over that is no list.
func (w *walker) sequence(x ast.Expr) {
	text, ok := plainWord(x)
	if !ok || isRange(text) || calculation(x) != nil {
		return
	}
	d := w.fail(diag.WrongKind, x.Where(), "`%s` is %s, not a list", show(text), describe(text, false))
	from, to, dotted := strings.Cut(text, "..")
	switch {
	case w.scope.lookup(text) != nil:
		d.WithHelp("did you mean `$%s`?", text)
	case dotted && from != "" && to != "":
		d.WithHelp("the two ends of a range differ in their last number, as h1..h5")
	default:
		d.WithHelp("write it in brackets: [%s]", show(text))
	}
}

func isRange(text string) bool { return literal.Classify(text) == literal.Range }

func isNumber(text string) bool { _, ok := literal.ParseInt(text); return ok }

// plainNumber gives a whole number that is written out without quotes.
func plainNumber(x ast.Expr) (int64, bool) {
	text, ok := plainWord(x)
	if !ok {
		return 0, false
	}
	return literal.ParseInt(text)
}
