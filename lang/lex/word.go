package lex

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ends are the bytes that end a word, and argEnds those that end an argument.
var ends, argEnds = byteSet("(){}[];,\"'=<>|&!"), byteSet("(){};<>|&")

func byteSet(chars string) (set [256]bool) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	for c := range ' ' + 1 {
		set[c] = true
	}
	set[0x7f] = true
	return set
}

// word reads a word outside of argument lists.
func (s *scanner) word(rest string) {
	n, p := wordLength(rest)
	switch {
	case p != 0:
		s.badLine(p, n)
		return
	case n == 0:
		s.badStart(rest)
		return
	case s.touches(String):
		s.bad(Glued, n)
		return
	}
	if s.expr || s.inBrackets() {
		s.emit(Word, n)
		return
	}
	args, prefix := s.head.word(rest[:n])
	if prefix {
		if s.depth >= MaxDepth {
			s.tooDeep(n)
			return
		}
		s.head.prefixes++
		s.depth++
	}
	s.args = args
	s.emit(Word, n)
}

// inBrackets reports whether the innermost bracket is ( or [.
func (s *scanner) inBrackets() bool {
	n := len(s.frames)
	return n > 0 && s.frames[n-1].sign != '{'
}

// badStart reads a character that cannot begin a word.
func (s *scanner) badStart(rest string) {
	p, n := badRune(rest)
	if p == 0 {
		p, n = ControlByte, 1
	}
	s.bad(p, n)
}

// wordLength returns how long the word at the beginning of rest is, or with a
// problem the offset to blame.
func wordLength(rest string) (int, Problem) {
	i := 0
	for i < len(rest) {
		c := rest[i]
		switch {
		case c == '$':
			n, p := variable(rest[i:], i == 0)
			if p != 0 {
				return i + n, p
			}
			i += n
		case ends[c], c == '-' && strings.HasPrefix(rest[i:], "->"), c == '\\' && continued(rest[i:]) > 0:
			return i, 0
		case c >= utf8.RuneSelf:
			if p, _ := badRune(rest[i:]); p != 0 {
				return i, 0
			}
			_, n := utf8.DecodeRuneInString(rest[i:])
			i += n
		default:
			i++
		}
	}
	return i, 0
}

// variable returns the length of the variable at the beginning of text: $$,
// $name, ${…} and, where fields may follow, $r.out and $l[1]. A lone dollar
// has length 1.
func variable(text string, fields bool) (int, Problem) {
	if len(text) < 2 {
		return 1, 0
	}
	n := 0
	switch {
	case text[1] == '$':
		return 2, 0
	case text[1] == '{':
		end, p := closing(text[1:], 0)
		if p != 0 {
			return 0, p
		}
		return end + 1, 0
	default:
		n = identLength(text[1:]) + 1
		if n == 1 {
			return 1, 0
		}
	}
	if !fields {
		return n, 0
	}
	return trailers(text, n)
}

// trailers adds the fields and indexes that follow a variable.
func trailers(text string, n int) (int, Problem) {
	for n < len(text) {
		switch text[n] {
		case '.':
			id := identLength(text[n+1:])
			if id == 0 {
				return n, 0
			}
			n += 1 + id
		case '[':
			end, p := closing(text[n:], 0)
			if p != 0 {
				return n, p
			}
			n += end
		default:
			return n, 0
		}
	}
	return n, 0
}

// maxNested is how deep quotes with ${…} may stand in each other. Every level
// is read once more, so that it bounds the work, too.
const (
	maxNested   = 20
	maxBrackets = 100 // within ${…} and $x[…]
)

// closing returns the length of the bracketed text at the beginning of text,
// which ends on its line.
func closing(text string, nested int) (int, Problem) {
	if nested > maxNested {
		return 0, TooDeep
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
			if depth == 0 {
				return i + 1, 0
			}
		case '\n':
			return 0, OpenBrace
		case '"', '\'':
			n, p := stringLength(text[i:], nested+1)
			if p == TooDeep {
				return 0, TooDeep
			} else if p != 0 {
				return 0, OpenBrace
			}
			i += n - 1
		}
		if depth > maxBrackets {
			return 0, TooDeep
		}
	}
	return 0, OpenBrace
}

// identLength returns the length of the identifier at the beginning of text.
func identLength(text string) int {
	for i, r := range text {
		if r == '_' || r < utf8.RuneSelf && (r|0x20 >= 'a' && r|0x20 <= 'z') || i > 0 && r >= '0' && r <= '9' || r >= utf8.RuneSelf && unicode.IsLetter(r) {
			continue
		}
		return i
	}
	return len(text)
}

// Ident reports whether text is an identifier: letters, digits and _, not a
// digit first.
func Ident(text string) bool { return text != "" && identLength(text) == len(text) }

// Idents reports whether text is identifiers joined by dots:  topo.mesh
func Idents(text string) bool {
	for {
		n := identLength(text)
		if n == 0 {
			return false
		}
		if n == len(text) {
			return true
		}
		if text[n] != '.' {
			return false
		}
		text = text[n+1:]
	}
}

// IdentLength returns the length of the identifier that text begins with.
func IdentLength(text string) int { return identLength(text) }

// Bracketed returns the length of the bracketed text that text begins with.
func Bracketed(text string) int {
	n, _ := closing(text, 0)
	return max(n, 1)
}
