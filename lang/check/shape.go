package check

import (
	"strings"

	"vnet/lang/ast"
	"vnet/lang/literal"
)

// A shape is what a value plainly is, as far as the text tells.
type shape int

const (
	anything shape = iota
	number
	span // a range
	list
	mapping
	scalar // a word or text, not known to be a number
)

func (s shape) String() string {
	return [...]string{"something", "a number", "a range", "a list", "a map", "a word"}[s]
}

// listMakers are the built-in functions whose value is a list.
var listMakers = map[string]bool{
	"chain": true, "enumerate": true, "keys": true, "match": true, "pairs": true, "product": true, "range": true,
	"reverse": true, "sort": true, "split": true, "uniq": true, "values": true, "zip": true,
}

// shapeOf says what an expression plainly is.
func (w *walker) shapeOf(x ast.Expr) shape {
	switch x := x.(type) {
	case *ast.Word:
		if len(x.Parts) == 1 && x.Parts[0].X != nil {
			return w.shapeOf(x.Parts[0].X)
		}
		if text, ok := ast.Lit(x); ok {
			return shapeOfText(text)
		}
	case *ast.Str:
		return scalar
	case *ast.Var:
		if v := w.scope.lookup(x.Name); v != nil {
			return v.shape
		}
	case *ast.Paren:
		return w.shapeOf(x.X)
	case *ast.List:
		return list
	case *ast.Map, *ast.Run, *ast.Spawn:
		return mapping
	case *ast.Unary:
		if x.Op == "-" && w.shapeOf(x.X) == number {
			return number
		}
	case *ast.Binary:
		return w.shapeOfBinary(x)
	case *ast.Call:
		if w.scope.function(x.Fn.Text) != nil || w.open || !w.known(x.Fn.Text) {
			return anything
		}
		switch {
		case x.Fn.Text == "len" || x.Fn.Text == "int":
			return number
		case listMakers[x.Fn.Text]:
			return list
		}
	}
	return anything
}

func shapeOfText(text string) shape {
	switch literal.Classify(text) {
	case literal.Int:
		return number
	case literal.Range:
		return span
	}
	return scalar
}

func (w *walker) shapeOfBinary(x *ast.Binary) shape {
	left, right := w.shapeOf(x.X), w.shapeOf(x.Y)
	switch x.Op {
	case "+", "-", "*", "/", "%":
		if left == number && right == number {
			return number
		}
		if x.Op == "+" && left == list && right == list {
			return list
		}
	}
	return anything
}

// elementShape is the shape of the i-th of n loop variables over x.
func (w *walker) elementShape(x ast.Expr, i, n int) shape {
	switch x := x.(type) {
	case *ast.Call:
		if n == 2 && i == 0 && x.Fn.Text == "enumerate" || n == 1 && x.Fn.Text == "range" {
			if w.scope.function(x.Fn.Text) == nil && !w.open {
				return number
			}
		}
	case *ast.Word:
		if from, _, ok := strings.Cut(x.Raw, ".."); ok && n == 1 && isNumber(from) {
			return number
		}
	case *ast.List:
		if n != 1 || len(x.Elems) == 0 {
			return anything
		}
		for _, e := range x.Elems {
			if w.shapeOf(e) != number {
				return anything
			}
		}
		return number
	}
	return anything
}
