package ast

import "vnet/lang/token"

// A Word is a run of characters with its variables in place:  h$i:eth0
// Its value is what it looks like once they are filled in. A word that is
// nothing but one variable or ${…} has that value itself, of any type.
type Word struct {
	token.Span
	Raw   string
	Parts []Part
}

// A Str is a quoted text in any of the four forms; always text.
type Str struct {
	token.Span
	Raw   string // as written, quotes included
	Parts []Part // escapes resolved, common indent removed
}

// A Part is a piece of a word or string: either fixed text or an expression.
type Part struct {
	token.Span
	Text string
	X    Expr // nil for fixed text
}

// A Var is a variable:  $x
type Var struct {
	token.Span
	Name string
}

// A Field is a named part of a value:  $r.out
type Field struct {
	token.Span
	X    Expr
	Name Name
}

// An Index is an element of a list, map or prefix:  $lan[1]
type Index struct {
	token.Span
	X Expr
	I Expr
}

// A Paren is an expression in parentheses:  ($a + 1)
type Paren struct {
	token.Span
	X Expr
}

// A List is a list; ranges and whole-word list variables in it flatten:  [h1..h5 r1]
type List struct {
	token.Span
	Elems []Expr
}

// A Map is a map with text keys, in the order written:  {cost: 10, name: "x"}
type Map struct {
	token.Span
	Entries []Entry
}

// An Entry is one key of a map with its value.
type Entry struct {
	Key   Name
	Value Expr
}

// A Unary is an operator before an operand:  not $x   -$n
type Unary struct {
	token.Span
	Op string // "not", "-"
	X  Expr
}

// A Binary is an operator between two operands:  $a + 1   $x in $list
type Binary struct {
	token.Span
	Op   string // or and == != < <= > >= in ~ + - * / %
	OpAt token.Span
	X, Y Expr
}

// A Call calls a built-in or a function of the script:  pairs($hosts)
type Call struct {
	token.Span
	Fn   Name
	Args []Arg
}

// An Arg is an argument of a call, by position or by name:  count=4
type Arg struct {
	token.Span
	Name  *Name // nil by position
	Value Expr
}

// A Run is a program whose result is a value:  let r = exec in h1 true
type Run struct {
	token.Span
	Exec *Exec
}

func (*Word) expr()   {}
func (*Str) expr()    {}
func (*Var) expr()    {}
func (*Field) expr()  {}
func (*Index) expr()  {}
func (*Paren) expr()  {}
func (*List) expr()   {}
func (*Map) expr()    {}
func (*Unary) expr()  {}
func (*Binary) expr() {}
func (*Call) expr()   {}
func (*Run) expr()    {}
func (*Spawn) expr()  {}

// Lit returns the text of a word or string that has no variables in it.
func Lit(x Expr) (string, bool) {
	var parts []Part
	switch x := x.(type) {
	case *Word:
		parts = x.Parts
	case *Str:
		parts = x.Parts
	default:
		return "", false
	}
	text := ""
	for _, p := range parts {
		if p.X != nil {
			return "", false
		}
		text += p.Text
	}
	return text, true
}
