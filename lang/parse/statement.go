package parse

import (
	"errors"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/token"
	"vnet/lang/usage"
)

// statements reads statements up to the end of the text or of the block.
func (s *session) statements(lx *lexer.PeekingLexer) []ast.Stmt {
	var list []ast.Stmt
	for {
		switch t := lx.Peek(); {
		case t.Type == lex.Newline:
			lx.Next()
		case t.Type == lex.EOF, isSign(t, "}"):
			return list
		default:
			list = append(list, s.statement(lx))
		}
	}
}

// statement reads one statement. What does not parse becomes a BadStmt.
func (s *session) statement(lx *lexer.PeekingLexer) ast.Stmt {
	from, first := lx.MakeCheckpoint(), lx.Peek()
	stmt, err := s.parse(lx)
	if err == nil && !ends(lx.Peek()) && !isSign(before(lx), "}") {
		err = s.tooMuch(lx, first)
	}
	if err == nil {
		return stmt
	}
	bad := s.faultOf(lx, err)
	if other := s.strangeCall(first, bad); other != nil {
		bad = other
	}
	s.describe(lx, from, first, bad)
	lx.LoadCheckpoint(from)
	return s.recover(lx, bad)
}

// parse reads one statement by the grammar of its first word or two.
func (s *session) parse(lx *lexer.PeekingLexer) (ast.Stmt, error) {
	first := lx.Peek()
	g, err := s.grammarFor(lx)
	if err != nil {
		return nil, err
	}
	f, err := g.parse(lx)
	if err != nil {
		return nil, err
	}
	return f.build(s, since(lx, first))
}

// grammarFor chooses the grammar of the statement that begins here.
func (s *session) grammarFor(lx *lexer.PeekingLexer) (grammar, error) {
	t := lx.Peek()
	if t.Type != lex.Word {
		return nil, notStatement(t)
	}
	second := peek2(lx)
	if second.Type == lex.Word {
		if g, ok := grammars[t.Value+" "+second.Value]; ok {
			return g, nil
		}
	}
	if g, ok := grammars[t.Value]; ok {
		return g, s.ownOrder(lx, t, second)
	}
	if e := usage.Of(t.Value); e != nil {
		lx.Next()
		return nil, wrongVerb(lx.Peek(), e)
	}
	if err := s.strangeHead(lx, t, second); err != nil {
		return nil, err
	}
	return grammars[""], nil
}

// recover skips a statement that did not parse, up to the end of its line
// with brackets counted. A block after the mistake is parsed all the same:
// its own mistakes count, and the names it makes are known.
func (s *session) recover(lx *lexer.PeekingLexer, bad *fault) *ast.BadStmt {
	first := lx.Peek()
	stmt := &ast.BadStmt{}
	var open []string
	for {
		t := lx.Peek()
		if t.Type == lex.Newline && bad.below && t.Pos.Offset == bad.at {
			lx.Next()
			continue
		}
		if t.Type == lex.EOF || len(open) == 0 && ends(t) {
			if bad.block && t.Type == lex.Newline && stmt.Body == nil {
				s.headless++
			}
			break
		}
		if t.Type == lex.Sign && !bad.opaque && t.Value == "{" && t.Pos.Offset >= bad.at && len(open) == 0 && peek2(lx).Type == lex.Newline {
			stmt.Body = s.braces(lx)
			continue
		}
		lx.Next()
		switch {
		case t.Type == lex.Word:
			stmt.Words = append(stmt.Words, t.Value)
		case t.Type <= lex.Bad:
			if t.Pos.Offset > bad.at {
				if !inArguments(bad.tok) {
					s.report(s.problem(t))
				}
				bad.at = len(s.text) // one is enough
			}
			if lex.ProblemOf(t) == lex.StrayCloser && len(open) > 0 {
				open = open[:len(open)-1] // as the lexer takes it
			}
		case t.Type == lex.Sign:
			open = balance(open, t.Value)
		}
	}
	stmt.Span = since(lx, first)
	return stmt
}

// inArguments reports whether a token is a sign that only a shell would
// understand: what follows it on the line is meant for the same shell.
func inArguments(t *lexer.Token) bool {
	p := lex.ProblemOf(t)
	return p == lex.ShellSign || p == lex.Bracket
}

// balance notes a bracket; a closing one ends what is open within its pair.
func balance(open []string, sign string) []string {
	switch sign {
	case "(", "[", "{":
		return append(open, closers[sign])
	case ")", "]", "}":
		for i := len(open) - 1; i >= 0; i-- {
			if open[i] == sign {
				return open[:i]
			}
		}
	}
	return open
}

// braces reads a block from { to }. At the end of the text the block ends,
// too; unclosed says so.
func (s *session) braces(lx *lexer.PeekingLexer) *ast.Block {
	first := lx.Next()
	list := s.statements(lx)
	if isSign(lx.Peek(), "}") {
		lx.Next()
	}
	return &ast.Block{Span: since(lx, first), Stmts: list}
}

// A fault is why a statement did not parse.
type fault struct {
	d      *diag.Diagnostic
	tok    *lexer.Token
	at     int    // the offset of tok
	phrase string // what is wanted, where d is nil
	opaque bool   // a block in the statement is not made of statements
	block  bool   // a block is wanted, which may well begin on the next line
	below  bool   // the block begins on the next line
}

func (f *fault) Error() string {
	if f.d != nil {
		return f.d.Summary
	}
	return f.phrase + " is wanted"
}

// faultAt returns a fault with a diagnostic about one token.
func faultAt(t *lexer.Token, code diag.Code, format string, args ...any) *fault {
	return &fault{tok: t, at: t.Pos.Offset, d: diag.New(code, lex.Span(t), format, args...)}
}

func (f *fault) help(format string, args ...any) *fault {
	f.d.WithHelp(format, args...)
	return f
}

func (f *fault) label(format string, args ...any) *fault {
	f.d.WithLabel(format, args...)
	return f
}

// wanted says that something is not there, in words that follow "needs".
func wanted(t *lexer.Token, phrase string) *fault {
	return &fault{tok: t, at: t.Pos.Offset, phrase: phrase}
}

// faultOf makes a fault of whatever a grammar returned.
func (s *session) faultOf(lx *lexer.PeekingLexer, err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	t := lx.Peek()
	var unexpected *participle.UnexpectedTokenError
	if errors.As(err, &unexpected) {
		t = &unexpected.Unexpected
	}
	return wanted(t, "something else")
}

// describe reports a fault in the statement that begins at first.
func (s *session) describe(lx *lexer.PeekingLexer, from lexer.Checkpoint, first *lexer.Token, f *fault) {
	if p := lex.ProblemOf(f.tok); p != 0 {
		if p == lex.StrayCloser && f.tok.Value == "}" && s.headless > 0 {
			s.headless-- // of the block whose { is missing
			return
		}
		d, curable := s.problem(f.tok), multiline(f.tok)
		s.diags = append(s.diags, d)
		s.hard = s.hard || !curable
		f.at = len(s.text) // what else is bad in this statement comes from that
		return
	}
	d := f.d
	if d == nil {
		d = s.incomplete(first, f)
	}
	if ends(f.tok) && d.Span.Pos.Offset == f.at {
		d.Span = s.endOfLine(f.tok)
	}
	s.nativeLine(lx, from, first, d)
	if f.tok.Type != lex.EOF {
		s.report(d)
		return
	}
	if len(s.scan.Open) == 0 { // else it is the open bracket's fault
		s.diags = append(s.diags, d)
		s.hard = s.hard || !s.scan.Going
	}
}

// endOfLine is the place right behind the last token before t.
func (s *session) endOfLine(t *lexer.Token) token.Span {
	end := t.Pos
	tokens := s.scan.Tokens
	for i := s.indexOf(t) - 1; i >= 0; i-- {
		if tokens[i].Type != lex.Comment {
			end = lexer.Position(lex.End(&tokens[i]))
			break
		}
	}
	return token.Span{Pos: token.Pos(end), End: token.Pos(end)}
}

// indexOf finds a token by its place.
func (s *session) indexOf(t *lexer.Token) int {
	lo, hi := 0, len(s.scan.Tokens)
	for lo < hi {
		mid := (lo + hi) / 2
		if s.scan.Tokens[mid].Pos.Offset < t.Pos.Offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
