package parse

import (
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/lex"
)

// callArgs reads the arguments of a call from ( to ).
func (p *exprParser) callArgs() ([]ast.Arg, error) {
	opener := p.lx.Next()
	var args []ast.Arg
	for !isSign(p.lx.Peek(), ")") {
		t := p.lx.Peek()
		if ends(t) {
			return nil, notClosed(t, opener, ")")
		}
		arg, err := p.arg(either)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		next := p.lx.Peek()
		switch {
		case isSign(next, ","):
			p.lx.Next()
		case beginsValue(next):
			return nil, missingComma(next, "arguments")
		case !isSign(next, ")"):
			return nil, notClosed(next, opener, ")")
		}
	}
	p.lx.Next()
	return args, nil
}

// arg reads one argument, perhaps with its name:  count=4. With least 0 it is
// one value without operators, as in a call that is a statement.
func (p *exprParser) arg(least int) (ast.Arg, error) {
	t := p.lx.Peek()
	var arg ast.Arg
	if t.Type == lex.Word && lex.Ident(t.Value) && isSign(peek2(p.lx), "=") {
		p.lx.Next()
		p.lx.Next()
		arg.Name = &ast.Name{Span: lex.Span(t), Text: t.Value}
	}
	var err error
	if least > 0 {
		arg.Value, err = p.expr(least)
	} else {
		first := p.lx.Peek()
		if arg.Value, err = p.primary(); err == nil {
			err = p.noIndex(first)
		}
	}
	arg.Span = since(p.lx, t)
	return arg, err
}

// readArguments reads those of a call that is a statement: (a, b) or a b.
func readArguments(lx *lexer.PeekingLexer) (arguments, error) {
	p := parserOf(lx)
	if next := lx.Peek(); isSign(next, "(") && adjacent(before(lx), next) {
		args, err := p.callArgs()
		return argList(args), err
	}
	var list argList
	for t := lx.Peek(); beginsValue(t) || isSign(t, "{"); t = lx.Peek() {
		arg, err := p.arg(0)
		if err != nil {
			return nil, err
		}
		list = append(list, arg)
	}
	return list, nil
}

type argList []ast.Arg

func (l argList) args() []ast.Arg { return l }
