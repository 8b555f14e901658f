package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/token"
)

// An exprParser reads expressions by the strength of their operators.
type exprParser struct {
	s     *session
	lx    *lexer.PeekingLexer
	bare  bool // inside ${…}: a bare identifier is a variable
	depth int  // of not and -, which nest without brackets
}

// The strengths of the operators, weakest first.
const (
	either = iota + 1
	both
	compare
	sum
	product
)

var strengths = map[string]int{
	"or": either, "and": both,
	"==": compare, "!=": compare, "<": compare, "<=": compare, ">": compare, ">=": compare, "in": compare, "~": compare,
	"+": sum, "-": sum, "*": product, "/": product, "%": product,
}

func readExpression(lx *lexer.PeekingLexer) (ast.Expr, error) {
	return parserOf(lx).expr(either)
}

func parserOf(lx *lexer.PeekingLexer) *exprParser { return &exprParser{s: sessionOf(lx), lx: lx} }

// operand reads one value without operators, as statements take them.
func operand(lx *lexer.PeekingLexer) (ast.Expr, error) {
	p := parserOf(lx)
	first := lx.Peek()
	x, err := p.primary()
	if err != nil {
		return nil, err
	}
	return x, p.noIndex(first)
}

// noIndex refuses h[1]: two values that look like one.
func (p *exprParser) noIndex(first *lexer.Token) error {
	next := p.lx.Peek()
	if !isSign(next, "[") || first.Type != lex.Word || !adjacent(first, next) {
		return nil
	}
	f := faultAt(next, diag.TouchingIndex, "no space between `%s` and `[`", first.Value)
	if lex.Ident(first.Value) {
		f.help("an element of a variable is `$%s[…]`; two values have a space between them", first.Value)
	}
	return f
}

// expr reads operands and the operators between them that are at least that strong.
func (p *exprParser) expr(least int) (ast.Expr, error) {
	x, err := p.unary()
	for err == nil {
		t := p.lx.Peek()
		strength := operator(t)
		if strength < least {
			return x, p.almostOperator(t)
		}
		p.lx.Next()
		var y ast.Expr
		if y, err = p.expr(strength + 1); err == nil {
			span := token.Join(x.Where(), y.Where())
			x = &ast.Binary{Span: span, Op: t.Value, OpAt: lex.Span(t), X: x, Y: y}
		}
	}
	return nil, err
}

// operator returns the strength of the operator a token is, or 0.
func operator(t *lexer.Token) int {
	if t.Type != lex.Word && t.Type != lex.Sign {
		return 0
	}
	return strengths[t.Value]
}

// almostOperator refuses `=` where a comparison is meant.
func (p *exprParser) almostOperator(t *lexer.Token) error {
	if isSign(t, "=") {
		return faultAt(t, diag.OperatorSpace, "`=` gives a value, it does not compare").help("write `==`")
	}
	return nil
}

func (p *exprParser) unary() (ast.Expr, error) {
	t := p.lx.Peek()
	if !isWord(t, "not") && !isWord(t, "-") {
		return p.primary()
	}
	if p.depth++; p.depth > lex.MaxDepth {
		return nil, faultAt(t, diag.DeepNesting, "nested more than %d deep", lex.MaxDepth)
	}
	p.lx.Next()
	least := product + 1
	if t.Value == "not" {
		least = compare
	}
	x, err := p.expr(least)
	p.depth--
	if err != nil {
		return nil, err
	}
	return &ast.Unary{Span: token.Join(lex.Span(t), x.Where()), Op: t.Value, X: x}, nil
}

// primary reads a value with the fields and indexes that follow it.
func (p *exprParser) primary() (ast.Expr, error) {
	t := p.lx.Peek()
	switch {
	case t.Type == lex.String:
		p.lx.Next()
		return p.s.str(t), nil
	case t.Type == lex.Word:
		return p.wordOrCall(t)
	case isSign(t, "("):
		return p.paren()
	case isSign(t, "["):
		return p.list()
	case isSign(t, "{"):
		return p.mapping()
	}
	return nil, missingOperand(t)
}

func (p *exprParser) wordOrCall(t *lexer.Token) (ast.Expr, error) {
	p.lx.Next()
	next := p.lx.Peek()
	switch {
	case isSign(next, "(") && adjacent(t, next) && lex.Idents(t.Value):
		args, err := p.callArgs()
		if err != nil {
			return nil, err
		}
		return p.trailers(&ast.Call{Span: since(p.lx, t), Fn: ast.Name{Span: lex.Span(t), Text: t.Value}, Args: args}, t)
	case p.bare && lex.Idents(t.Value) && t.Value != "true" && t.Value != "false":
		return p.trailers(fields(lex.Pos(t), t.Value), t)
	}
	return p.s.value(t), nil
}

// fields makes a variable with its fields of:  r.out
func fields(at token.Pos, text string) ast.Expr {
	var x ast.Expr
	for i := 0; ; {
		n := strings.IndexByte(text[i:], '.')
		if n < 0 {
			n = len(text) - i
		}
		name := text[i : i+n]
		from := lex.Advance(at, text[:i])
		to := lex.Advance(from, name)
		if x == nil {
			x = &ast.Var{Span: token.Span{Pos: from, End: to}, Name: name}
		} else {
			x = &ast.Field{Span: token.Span{Pos: at, End: to}, X: x, Name: ast.Name{Span: token.Span{Pos: from, End: to}, Text: name}}
		}
		if i += n + 1; i >= len(text) {
			return x
		}
	}
}

// trailers reads the fields and indexes that stand right behind a value.
func (p *exprParser) trailers(x ast.Expr, first *lexer.Token) (ast.Expr, error) {
	for {
		last, next := before(p.lx), p.lx.Peek()
		switch {
		case !adjacent(last, next):
			return x, nil
		case isSign(next, "["):
			p.lx.Next()
			i, err := p.expr(either)
			if err != nil {
				return nil, err
			}
			if err := p.close(next, "]"); err != nil {
				return nil, err
			}
			x = &ast.Index{Span: since(p.lx, first), X: x, I: i}
		case next.Type == lex.Word && len(next.Value) > 1 && next.Value[0] == '.' && lex.Idents(next.Value[1:]):
			p.lx.Next()
			at := lex.Advance(lex.Pos(next), ".")
			for name := range strings.SplitSeq(next.Value[1:], ".") {
				end := lex.Advance(at, name)
				x = &ast.Field{Span: token.Span{Pos: lex.Pos(first), End: end}, X: x, Name: ast.Name{Span: token.Span{Pos: at, End: end}, Text: name}}
				at = lex.Advance(end, ".")
			}
		default:
			return x, nil
		}
	}
}

// close reads the bracket that ends what opener began.
func (p *exprParser) close(opener *lexer.Token, sign string) error {
	p.newlines()
	t := p.lx.Peek()
	if !isSign(t, sign) {
		return notClosed(t, opener, sign)
	}
	p.lx.Next()
	return nil
}

// newlines skips the ends of lines within the braces of a map.
func (p *exprParser) newlines() {
	for t := p.lx.Peek(); t.Type == lex.Newline && t.Value != ";"; t = p.lx.Peek() {
		p.lx.Next()
	}
}

func (p *exprParser) paren() (ast.Expr, error) {
	opener := p.lx.Next()
	x, err := p.expr(either)
	if err == nil {
		err = p.close(opener, ")")
	}
	if err != nil {
		return nil, err
	}
	return p.trailers(&ast.Paren{Span: since(p.lx, opener), X: x}, opener)
}

func (p *exprParser) list() (ast.Expr, error) {
	opener := p.lx.Next()
	list := &ast.List{}
	for !isSign(p.lx.Peek(), "]") {
		if t := p.lx.Peek(); !beginsValue(t) && !isSign(t, "{") {
			return nil, notClosed(t, opener, "]")
		}
		first := p.lx.Peek()
		x, err := p.expr(either)
		if err == nil {
			err = p.noIndex(first)
		}
		if err != nil {
			return nil, err
		}
		list.Elems = append(list.Elems, x)
		if isSign(p.lx.Peek(), ",") {
			p.lx.Next()
		}
	}
	p.lx.Next()
	list.Span = since(p.lx, opener)
	return p.trailers(list, opener)
}

// mapping reads a map:  {cost: 10, name: "x"}
func (p *exprParser) mapping() (ast.Expr, error) {
	opener := p.lx.Next()
	m := &ast.Map{}
	for {
		p.newlines()
		t := p.lx.Peek()
		if isSign(t, "}") {
			break
		}
		if err := p.entry(m, t); err != nil {
			return nil, err
		}
		switch next := p.lx.Peek(); {
		case isSign(next, ","):
			p.lx.Next()
		case !isSign(next, "}") && next.Type != lex.Newline:
			if next.Type == lex.Word && strings.HasSuffix(next.Value, ":") {
				return nil, missingComma(next, "entries of a map")
			}
			return nil, notClosed(next, opener, "}")
		}
	}
	p.lx.Next()
	m.Span = since(p.lx, opener)
	return m, nil
}

func (p *exprParser) entry(m *ast.Map, t *lexer.Token) error {
	key, ok := strings.CutSuffix(t.Value, ":")
	if t.Type != lex.Word || !ok || key == "" || strings.ContainsAny(key, "$") {
		return mapEntry(t)
	}
	p.lx.Next()
	p.newlines()
	x, err := p.expr(either)
	if err != nil {
		return err
	}
	at := lex.Pos(t)
	name := ast.Name{Span: token.Span{Pos: at, End: lex.Advance(at, key)}, Text: key}
	m.Entries = append(m.Entries, ast.Entry{Key: name, Value: x})
	return nil
}

// readResult reads an expression, or a program whose result is the value.
func readResult(lx *lexer.PeekingLexer) (ast.Expr, error) {
	t := lx.Peek()
	if !isWord(t, "exec") && !isWord(t, "spawn") {
		return readExpression(lx)
	}
	lx.Next()
	e, err := readExec(lx)
	if err != nil {
		return nil, err
	}
	e.Span = since(lx, t)
	if t.Value == "spawn" {
		return &ast.Spawn{Span: e.Span, Program: e}, nil
	}
	return &ast.Run{Span: e.Span, Exec: e}, nil
}

func readOptionalRHS(lx *lexer.PeekingLexer) (ast.Expr, error) {
	if ends(lx.Peek()) {
		return nil, participle.NextMatch
	}
	return readResult(lx)
}
