package lex

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/token"
)

// MaxDepth is how deep brackets and prefixes may nest.
const MaxDepth = 1000

// An Opener is a bracket or quote that the text does not close.
type Opener struct {
	Text string
	Span token.Span
}

// A Scan is a text cut into tokens.
type Scan struct {
	Tokens []lexer.Token // comments included; the last is EOF
	Open   []Opener      // outermost first
	Going  bool          // the text ends where a line goes on: after an arrow, a comma, a backslash

	blame map[int]token.Span // what to underline of a Bad token, by its offset
}

// Problem returns why a token cannot be read, or 0, and what to underline.
func (s *Scan) Problem(t *lexer.Token) (Problem, token.Span) {
	p := ProblemOf(t)
	if span, ok := s.blame[t.Pos.Offset]; ok {
		return p, span
	}
	return p, Span(t)
}

// A frame is a bracket that is open, with the statement around it.
type frame struct {
	sign byte
	at   token.Pos
	head head
	args bool // the bracket is a block of commands, one a line
}

type scanner struct {
	text   string
	off    int
	pos    token.Pos // of off, brought up to date by here
	out    Scan
	frames []frame
	depth  int // frames and prefixes
	head   head
	args   bool // in the argument list of exec
	end    int  // the offset where the last token but a comment ended
	expr   bool // inside ${…}: no statements, newlines mean nothing
}

// Script cuts up a whole script.
func Script(name, text string) *Scan {
	s := &scanner{text: text, pos: token.Pos{Filename: name, Line: 1, Column: 1}}
	s.out.Tokens = make([]lexer.Token, 0, len(text)/5+2)
	if strings.HasPrefix(text, "\ufeff") {
		s.off = len("\ufeff")
		s.pos.Offset = s.off
	}
	return s.run()
}

// Expr cuts up the expression inside ${…}, which begins at at.
func Expr(text string, at token.Pos) *Scan {
	s := &scanner{text: text, pos: at, expr: true}
	return s.run()
}

func (s *scanner) run() *Scan {
	for s.off < len(s.text) {
		s.next()
	}
	s.out.Going = !s.expr && s.out.Going || s.goesOn()
	s.out.Tokens = append(s.out.Tokens, lexer.EOFToken(lexer.Position(s.pos)))
	for _, f := range s.frames {
		sign := string(f.sign)
		s.out.Open = append(s.out.Open, Opener{sign, token.Span{Pos: f.at, End: Advance(f.at, sign)}})
	}
	return &s.out
}

// skip moves on by n bytes without a token.
func (s *scanner) skip(n int) {
	s.pos = Advance(s.pos, s.text[s.off:s.off+n])
	s.off += n
}

// emit makes a token of the next n bytes.
func (s *scanner) emit(typ lexer.TokenType, n int) {
	s.out.Tokens = append(s.out.Tokens, lexer.Token{Type: typ, Value: s.text[s.off : s.off+n], Pos: lexer.Position(s.pos)})
	s.skip(n)
	if typ != Comment {
		s.end = s.off
	}
}

// touches reports whether a token of one of the types ends right here.
func (s *scanner) touches(types ...lexer.TokenType) bool {
	if s.end != s.off || s.off == 0 {
		return false
	}
	t := s.last()
	return t != nil && slices.Contains(types, t.Type)
}

func (s *scanner) bad(p Problem, n int) {
	s.emit(Bad-lexer.TokenType(p), n)
	s.head.stage = other
}

// badRest makes a Bad token of the next n bytes, of which the opener at offset
// at is to blame.
func (s *scanner) badRest(p Problem, n, at int) {
	opener := openerLength(s.text[s.off+at:])
	from := Advance(s.pos, s.text[s.off:s.off+at])
	if s.out.blame == nil {
		s.out.blame = map[int]token.Span{}
	}
	s.out.blame[s.pos.Offset] = token.Span{Pos: from, End: Advance(from, s.text[s.off+at:s.off+at+opener])}
	s.bad(p, n)
}

// badLine makes a Bad token of the rest of the line: where a quote or brace is
// not closed, no one knows what else belongs to it.
func (s *scanner) badLine(p Problem, at int) {
	n := strings.IndexByte(s.text[s.off:], '\n')
	if n < 0 {
		n = len(s.text) - s.off
	}
	s.badRest(p, max(n, at+1), at)
}

func openerLength(text string) int {
	for _, opener := range [...]string{`"""`, "'''", "${", "$"} {
		if strings.HasPrefix(text, opener) {
			return len(opener)
		}
	}
	return min(1, len(text))
}

// last returns the token before, comments left out, or nil.
func (s *scanner) last() *lexer.Token {
	for i := len(s.out.Tokens) - 1; i >= 0; i-- {
		if t := &s.out.Tokens[i]; t.Type != Comment {
			return t
		}
	}
	return nil
}

// next reads one token, or what stands between two.
func (s *scanner) next() {
	rest := s.text[s.off:]
	switch c := rest[0]; {
	case c == ' ' || c == '\t':
		n := 1
		for n < len(rest) && (rest[n] == ' ' || rest[n] == '\t') {
			n++
		}
		s.skip(n)
	case c == '\n':
		s.newline(1)
	case c == '\r' && strings.HasPrefix(rest, "\r\n"):
		s.newline(2)
	case c == '\\' && continued(rest) > 0:
		n := continued(rest)
		s.skip(n)
		s.out.Going = s.off == len(s.text)
	case c == '#':
		n := strings.IndexByte(rest, '\n')
		if n < 0 {
			n = len(rest)
		}
		n = len(strings.TrimSuffix(rest[:n], "\r"))
		s.emit(Comment, n)
	case c == ';':
		s.endStatement(1)
	case s.args:
		s.argument(rest)
	case c == '"' || c == '\'':
		s.quoted(rest)
	default:
		s.signOrWord(rest)
	}
}

// continued returns the length of a backslash with the newline after it, or 0.
func continued(rest string) int {
	switch {
	case strings.HasPrefix(rest, "\\\n"):
		return 2
	case strings.HasPrefix(rest, "\\\r\n"):
		return 3
	case rest == "\\":
		return 1
	}
	return 0
}

func (s *scanner) newline(n int) {
	if s.goesOn() || s.expr {
		s.skip(n)
		return
	}
	s.endStatement(n)
}

func (s *scanner) endStatement(n int) {
	s.emit(Newline, n)
	s.newStatement()
}

// newStatement forgets the statement before; in a block of commands every
// line is one more argument list.
func (s *scanner) newStatement() {
	s.depth -= s.head.prefixes
	s.head = head{}
	s.args = false
	if n := len(s.frames); n > 0 && s.frames[n-1].args {
		s.args = true
		s.head.stage = other
	}
}

// goesOn reports whether a newline here means nothing.
func (s *scanner) goesOn() bool {
	if s.args {
		return false
	}
	if n := len(s.frames); n > 0 && s.frames[n-1].sign != '{' {
		return true
	}
	t := s.last()
	if t == nil {
		return false
	}
	switch t.Type {
	case Sign:
		switch t.Value {
		case "<->", "->", ",", "=", "==", "!=", "<", "<=", ">", ">=":
			return true
		}
	case Word:
		return s.head.expr && isOperator(t.Value)
	}
	return false
}

func isOperator(w string) bool {
	switch w {
	case "+", "-", "*", "/", "%", "~", "and", "or", "not", "in":
		return true
	}
	return false
}
