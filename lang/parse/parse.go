// Package parse turns a script into its syntax tree. Statements are read by a
// Go loop, so that one mistake does not hide the next; each by a participle
// grammar of its own, which is built when its word is first met. What the
// options are is looked up in lang/usage, and messages are made from it.
package parse

import (
	"sync"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/token"
)

// A Result is a parsed text with what the prompt wants to know about it.
type Result struct {
	File  *ast.File
	Diags diag.List
	// Incomplete says that more lines could cure all that is wrong: a bracket
	// or a text in triple quotes is open, or the last line goes on.
	Incomplete bool
	Open       []lex.Opener // brackets and quotes that are open, outermost first
}

// File parses a script. The file is never nil; where text did not parse it
// holds an *ast.BadStmt, and the list says why.
func File(name, src string) (*ast.File, diag.List) {
	r := Text(name, src)
	return r.File, r.Diags
}

// Text parses a script, or the beginning of one.
func Text(name, src string) Result {
	s := &session{scan: lex.Script(name, src), text: src}
	lx := s.scan.Peeking()
	defer s.register(lx)()
	file := &ast.File{Name: name, Text: src, Stmts: s.statements(lx)}
	file.Comments = comments(s.scan.Tokens)
	s.unclosed()
	open := len(s.scan.Open) > 0 || s.scan.Going
	return Result{
		File:       file,
		Diags:      s.diags.Tidy(),
		Incomplete: open && !s.hard,
		Open:       s.scan.Open,
	}
}

func comments(tokens []lexer.Token) []ast.Comment {
	var list []ast.Comment
	for i := range tokens {
		if t := &tokens[i]; t.Type == lex.Comment {
			list = append(list, ast.Comment{Span: lex.Span(t), Text: t.Value})
		}
	}
	return list
}

// A session is the parse of one text.
type session struct {
	scan  *lex.Scan
	text  string
	diags diag.List
	hard  bool // there is an error that more text does not cure

	headless int // blocks whose { is missing: a } for each of them is no news
}

// sessions finds the session of a token stream: participle hands nothing but
// the stream to a production. The key is the stream's first token.
var sessions sync.Map

func (s *session) register(lx *lexer.PeekingLexer) (done func()) {
	key := streamOf(lx)
	sessions.Store(key, s)
	return func() { sessions.Delete(key) }
}

func streamOf(lx *lexer.PeekingLexer) *lexer.Token { return &lx.Range(0, 1)[0] }

func sessionOf(lx *lexer.PeekingLexer) *session {
	s, _ := sessions.Load(streamOf(lx))
	return s.(*session)
}

// report adds a diagnostic that no further text could cure.
func (s *session) report(d *diag.Diagnostic) {
	s.hard = true
	s.diags = append(s.diags, d)
}

// unclosed reports brackets that the text leaves open: the innermost, with
// the others as notes, since which one was forgotten cannot be told.
func (s *session) unclosed() {
	open := s.scan.Open
	if len(open) == 0 {
		return
	}
	last := open[len(open)-1]
	if len(last.Text) == 3 || s.garbled(last.Span) {
		return // reported as the Bad token that it is
	}
	d := diag.New(diag.OpenBracket, last.Span, "`%s` is never closed", last.Text)
	for _, o := range open[:len(open)-1] {
		if len(d.Notes) < 3 {
			d.WithNote(o.Span, "this `%s` is open, too", o.Text)
		}
	}
	s.diags = append(s.diags, d.WithHelp("write the `%s` that belongs to it", closers[last.Text]))
}

// garbled reports whether something before a bracket on its line cannot be
// read: then nobody knows what the bracket is.
func (s *session) garbled(at token.Span) bool {
	for i := s.indexOf(&lexer.Token{Pos: lexer.Position(at.Pos)}) - 1; i >= 0; i-- {
		t := &s.scan.Tokens[i]
		if t.Type == lex.Newline {
			break
		}
		if lex.ProblemOf(t) != 0 {
			return true
		}
	}
	return false
}

var closers = map[string]string{"(": ")", "[": "]", "{": "}", "${": "}"}

// before returns the last token that was read, or nil.
func before(lx *lexer.PeekingLexer) *lexer.Token {
	at := lx.RawCursor()
	if at == 0 {
		return nil
	}
	return &lx.Range(at-1, at)[0]
}

// since returns the stretch from a token to the last one read.
func since(lx *lexer.PeekingLexer, first *lexer.Token) token.Span {
	span := lex.Span(first)
	if last := before(lx); last != nil && last.Pos.Offset >= first.Pos.Offset {
		span.End = lex.End(last)
	}
	return span
}

// isSign reports whether a token is that sign.
func isSign(t *lexer.Token, sign string) bool { return t.Type == lex.Sign && t.Value == sign }

// isWord reports whether a token is that word.
func isWord(t *lexer.Token, word string) bool { return t.Type == lex.Word && t.Value == word }

// ends reports whether a statement may end before a token.
func ends(t *lexer.Token) bool {
	return t.Type == lex.Newline || t.Type == lex.EOF || isSign(t, "}")
}

// adjacent reports whether b stands right behind a.
func adjacent(a, b *lexer.Token) bool { return a.Pos.Offset+len(a.Value) == b.Pos.Offset }

// peek2 returns the token after the next one.
func peek2(lx *lexer.PeekingLexer) *lexer.Token {
	at := lx.MakeCheckpoint()
	lx.Next()
	t := lx.Peek()
	lx.LoadCheckpoint(at)
	return t
}
