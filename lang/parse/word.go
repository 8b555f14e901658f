package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/token"
)

// value makes the expression of a word. -$x is the negative of a variable.
func (s *session) value(t *lexer.Token) ast.Expr {
	w := s.word(t)
	if len(w.Parts) == 2 && w.Parts[0].Text == "-" && w.Parts[1].X != nil {
		return &ast.Unary{Span: w.Span, Op: "-", X: &ast.Word{Span: w.Parts[1].Span, Raw: t.Value[1:], Parts: w.Parts[1:]}}
	}
	return w
}

func (s *session) word(t *lexer.Token) *ast.Word {
	if strings.ContainsAny(t.Value, "$\"'") {
		return &ast.Word{Span: lex.Span(t), Raw: t.Value, Parts: s.parts(t)}
	}
	w := &struct {
		ast.Word
		part [1]ast.Part
	}{}
	w.Span = lex.Span(t)
	w.Raw = t.Value
	w.part[0] = ast.Part{Span: w.Span, Text: t.Value}
	w.Parts = w.part[:]
	return &w.Word
}

func (s *session) str(t *lexer.Token) *ast.Str {
	return &ast.Str{Span: lex.Span(t), Raw: t.Value, Parts: s.parts(t)}
}

// parts takes a word or quoted text apart. Mistakes in it are reported, and
// left out of it.
func (s *session) parts(t *lexer.Token) []ast.Part {
	pieces := lex.Pieces(t)
	parts := make([]ast.Part, 0, len(pieces))
	for i := range pieces {
		p := &pieces[i]
		part := ast.Part{Span: p.Span, Text: p.Text}
		switch {
		case p.Problem != 0:
			s.report(pieceProblem(p, t))
			continue
		case p.Var:
			part.X = s.variable(p)
		case p.Expr:
			part.X = s.inner(p.Source, p.At, p.Span, true)
		}
		if part.X == nil && (p.Var || p.Expr) {
			continue // reported
		}
		parts = append(parts, part)
	}
	return parts
}

// inner reads the expression inside ${…} or an index. It is nil, and
// reported, if it does not parse.
func (s *session) inner(text string, at token.Pos, whole token.Span, bare bool) ast.Expr {
	if strings.TrimSpace(text) == "" {
		s.report(diag.New(diag.EmptyExpression, whole, "nothing between the brackets").
			WithHelp("write a variable or an expression, as in `${name}`"))
		return nil
	}
	sub := &session{scan: lex.Expr(text, at), text: s.text}
	lx := sub.scan.Peeking()
	p := &exprParser{s: sub, lx: lx, bare: bare}
	x, err := p.expr(either)
	if err == nil && lx.Peek().Type != lex.EOF {
		err = sub.tooMuchInside(lx)
	}
	if err != nil {
		sub.insideFault(lx, err, whole)
	}
	s.diags = append(s.diags, sub.diags...)
	s.hard = s.hard || len(sub.diags) > 0
	if err != nil {
		return nil
	}
	return x
}

func (s *session) insideFault(lx *lexer.PeekingLexer, err error, whole token.Span) {
	f := s.faultOf(lx, err)
	switch {
	case lex.ProblemOf(f.tok) != 0:
		s.report(s.problem(f.tok))
	case f.d == nil:
		s.report(diag.New(diag.MissingOperand, whole, "%s is missing", f.phrase))
	default:
		if f.tok.Type == lex.EOF {
			f.d.Span = whole
		}
		s.report(f.d)
	}
}

// variable makes the expression of $name with its fields and indexes.
func (s *session) variable(p *lex.Piece) ast.Expr {
	text, at := p.Source, p.At
	next := func(n int) string { // moves at on by n bytes
		done := text[:n]
		text, at = text[n:], lex.Advance(at, done)
		return done
	}
	name := next(lex.IdentLength(text))
	var x ast.Expr = &ast.Var{Span: token.Span{Pos: p.Span.Pos, End: at}, Name: name}
	for text != "" {
		if next(1) == "." {
			from := at
			name := next(lex.IdentLength(text))
			x = &ast.Field{Span: token.Span{Pos: p.Span.Pos, End: at}, X: x, Name: ast.Name{Span: token.Span{Pos: from, End: at}, Text: name}}
			continue
		}
		from := at
		inside := next(lex.Bracketed("["+text) - 2)
		next(1)
		i := s.inner(inside, from, token.Span{Pos: from, End: at}, false)
		if i == nil {
			return nil
		}
		x = &ast.Index{Span: token.Span{Pos: p.Span.Pos, End: at}, X: x, I: i}
	}
	return x
}
