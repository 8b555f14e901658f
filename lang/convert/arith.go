package convert

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/lex"
)

var arithOps = map[syntax.BinAritOperator]string{
	syntax.Add: "+", syntax.Sub: "-", syntax.Mul: "*", syntax.Quo: "/", syntax.Rem: "%",
	syntax.Eql: "==", syntax.Neq: "!=", syntax.Lss: "<", syntax.Gtr: ">", syntax.Leq: "<=", syntax.Geq: ">=",
	syntax.AndArit: "and", syntax.OrArit: "or",
}

// arith translates an expression of $(( )); the $ of variables is left out.
// With truth it is a condition, where in the shell a number will do.
func (c *converter) arith(x syntax.ArithmExpr, truth bool) (string, error) {
	switch x := x.(type) {
	case *syntax.Word:
		e, err := c.arithWord(x)
		if truth && err == nil {
			e += " != 0"
		}
		return e, err
	case *syntax.ParenArithm:
		e, err := c.arith(x.X, truth)
		return "(" + e + ")", err
	case *syntax.UnaryArithm:
		return c.unary(x, truth)
	case *syntax.BinaryArithm:
		op, ok := arithOps[x.Op]
		if !ok {
			return "", unsupported("this operator in $(( ))")
		}
		logic := x.Op == syntax.AndArit || x.Op == syntax.OrArit
		compares := !logic && strings.ContainsAny(op, "=<>")
		if (logic || compares) && !truth {
			return "", unsupported("a truth as a number")
		}
		a, err := c.arith(x.X, logic)
		if err != nil {
			return "", err
		}
		b, err := c.arith(x.Y, logic)
		if err != nil {
			return "", err
		}
		e := a + " " + op + " " + b
		if truth && !logic && !compares {
			e += " != 0"
		}
		return e, nil
	}
	return "", unsupported("this in $(( ))")
}

func (c *converter) unary(x *syntax.UnaryArithm, truth bool) (string, error) {
	switch {
	case x.Op == syntax.Not && truth:
		e, err := c.arith(x.X, true)
		return "not (" + e + ")", err
	case x.Op == syntax.Minus && !truth:
		e, err := c.arith(x.X, false)
		return "-" + e, err
	}
	return "", unsupported("this operator in $(( ))")
}

func (c *converter) arithWord(x *syntax.Word) (string, error) {
	if s := x.Lit(); s != "" {
		if n, err := strconv.ParseInt(s, 0, 64); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
		if lex.Ident(s) {
			return identifier(s), nil
		}
		return "", unsupported("this in $(( ))")
	}
	w, err := c.word(x)
	if err != nil {
		return "", err
	}
	if s, ok := w.value(); ok && isNumber(s) {
		return s, nil
	}
	if len(w.parts) == 1 && w.parts[0].expr != "" {
		return w.parts[0].expr, nil
	}
	return "", unsupported("this in $(( ))")
}
