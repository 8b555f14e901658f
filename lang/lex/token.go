// Package lex cuts a script into its smallest pieces: words, quoted texts and
// signs. It stands behind participle's lexer.Definition and never fails: text
// that cannot be read becomes a piece that carries its Problem.
//
// The value of every piece is the source text itself, so that its end can be
// told from it, and Pieces takes it apart when its content is wanted.
package lex

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/token"
)

// A Token is a piece of a script, as the parser takes it.
type Token = lexer.Token

// The types of tokens. Those below Bad are Bad tokens, one for each Problem.
const (
	EOF     = lexer.EOF
	Newline = lexer.TokenType(-2) // the end of a statement: a newline or ;
	Word    = lexer.TokenType(-3)
	String  = lexer.TokenType(-4)
	Sign    = lexer.TokenType(-5) // brackets, comma, comparisons, arrows
	Comment = lexer.TokenType(-6)
	Bad     = lexer.TokenType(-10)
)

// A Problem says why a piece of text cannot be read.
type Problem int

const (
	ControlByte Problem = iota + 1
	InvalidUTF8
	CurlyQuote
	LongDash
	StrangeSpace
	DrawnArrow
	OpenString
	BadEscape
	LoneDollar
	OpenBrace
	TooDeep
	Glued
	NoOperator
	ShellSign
	Bracket
	StrayCloser
)

// ProblemOf returns why a token cannot be read, or 0.
func ProblemOf(t *lexer.Token) Problem {
	if t.Type >= Bad {
		return 0
	}
	return Problem(Bad - t.Type)
}

// Definition is the lexer as participle wants it.
type Definition struct{}

// Symbols names the token types that grammars may refer to.
func (Definition) Symbols() map[string]lexer.TokenType {
	return map[string]lexer.TokenType{
		"EOF": EOF, "Newline": Newline, "Word": Word, "String": String, "Sign": Sign, "Comment": Comment, "Bad": Bad,
	}
}

// Lex reads a whole script.
func (d Definition) Lex(name string, r io.Reader) (lexer.Lexer, error) {
	var b strings.Builder
	if _, err := io.Copy(&b, r); err != nil {
		return nil, err
	}
	return d.LexString(name, b.String())
}

// LexString cuts up a script.
func (Definition) LexString(name, text string) (lexer.Lexer, error) {
	return &stream{tokens: Script(name, text).Tokens}, nil
}

// A stream hands out tokens that are ready, comments left out: to have
// participle elide them would cost a map lookup for every token.
type stream struct {
	tokens []lexer.Token
	next   int
}

func (s *stream) Next() (lexer.Token, error) {
	for s.tokens[s.next].Type == Comment {
		s.next++
	}
	t := s.tokens[s.next]
	if s.next < len(s.tokens)-1 {
		s.next++
	}
	return t, nil
}

// Peeking returns the tokens as participle reads them, without the comments.
func (s *Scan) Peeking() *lexer.PeekingLexer {
	lx, err := lexer.Upgrade(&stream{tokens: s.Tokens})
	if err != nil {
		panic(err) // a stream has no errors
	}
	return lx
}

// Pos returns where a token begins.
func Pos(t *lexer.Token) token.Pos { return token.Pos(t.Pos) }

// End returns where a token ends.
func End(t *lexer.Token) token.Pos { return Advance(token.Pos(t.Pos), t.Value) }

// Span returns where a token stands.
func Span(t *lexer.Token) token.Span { return token.Span{Pos: Pos(t), End: End(t)} }

// Advance returns the place after text that begins at p.
func Advance(p token.Pos, text string) token.Pos {
	p.Offset += len(text)
	if n := strings.Count(text, "\n"); n > 0 {
		p.Line += n
		p.Column = 1
		text = text[strings.LastIndexByte(text, '\n')+1:]
	}
	p.Column += utf8.RuneCountInString(text)
	return p
}
