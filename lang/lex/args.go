package lex

import (
	"strings"
	"unicode/utf8"
)

// argument reads one argument of a program: text and quotes that touch are one.
func (s *scanner) argument(rest string) {
	switch c := rest[0]; {
	case c == '}':
		s.closeBracket(c)
		return
	case c == '{' && s.commands(rest):
		s.bracket(c)
		return
	}
	i := 0
	for i < len(rest) {
		n, p, at := argumentPiece(rest[i:], i == 0)
		if p == OpenString || p != 0 && rest[i] != '$' {
			s.openQuote(rest, p, i, at)
			return
		}
		if p != 0 {
			s.badLine(p, i+at)
			return
		}
		if n == 0 {
			break
		}
		i += n
		if i == n && (rest[0] == '"' || rest[0] == '\'') && argumentEnds(rest[i:]) {
			s.emit(String, n)
			return
		}
	}
	if i == 0 {
		s.badArgument(rest)
		return
	}
	s.emit(Word, i)
}

// commands reports whether the brace that rest begins with opens a block of
// commands: it stands alone, after nothing but options and in NS.
func (s *scanner) commands(rest string) bool {
	if n := len(s.frames); n > 0 && s.frames[n-1].args {
		return false
	}
	return len(rest) == 1 || strings.IndexByte(" \t\r\n", rest[1]) >= 0
}

// argumentPiece returns the length of a piece of an argument: a quoted text, a
// variable, {} or a character. It is 0 where the argument ends; with a problem
// at is the offset to blame.
func argumentPiece(rest string, first bool) (n int, p Problem, at int) {
	switch c := rest[0]; {
	case c == '"' || c == '\'':
		n, p = stringLength(rest, 0)
	case c == '$':
		n, p = variable(rest, first)
	case strings.HasPrefix(rest, "{}"):
		return 2, 0, 0
	case argEnds[c], c == '\\' && (continued(rest) > 0 || strings.HasPrefix(rest, `\;`)):
		return 0, 0, 0
	case c >= utf8.RuneSelf:
		if q, _ := badRune(rest); q != 0 {
			return 0, 0, 0
		}
		_, n = utf8.DecodeRuneInString(rest)
	default:
		n = 1
	}
	if p != 0 {
		return 0, p, n
	}
	return n, 0, 0
}

// argumentEnds reports whether an argument cannot go on with rest.
func argumentEnds(rest string) bool {
	if rest == "" {
		return true
	}
	n, p, _ := argumentPiece(rest, false)
	return n == 0 && p == 0
}

// badArgument reads a sign that means something to a shell only.
func (s *scanner) badArgument(rest string) {
	switch c := rest[0]; c {
	case '|', '&', '<', '>':
		n := 1
		for n < len(rest) && n < 3 && strings.IndexByte("|&<>", rest[n]) >= 0 {
			n++
		}
		s.bad(ShellSign, n)
	case '\\':
		s.bad(ShellSign, 2)
	case '(', ')', '{':
		s.bad(Bracket, 1)
	default:
		s.badStart(rest)
	}
}
