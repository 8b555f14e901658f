package lex

import (
	"strings"

	"vnet/lang/token"
)

// quoteLength returns how long the quotes at the beginning of text are: 1 or 3.
func quoteLength(text string) int {
	if len(text) >= 3 && text[1] == text[0] && text[2] == text[0] {
		return 3
	}
	return 1
}

// stringLength returns the length of the quoted text at the beginning of text,
// or with a problem the offset to blame.
func stringLength(text string, nested int) (int, Problem) {
	q := quoteLength(text)
	quote, multi := text[:q], q == 3
	if text[0] == '\'' {
		return rawLength(text, quote)
	}
	for i := q; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if i+1 < len(text) && text[i+1] == '\n' && !multi {
				return 0, OpenString
			}
			i++
		case '\n':
			if !multi {
				return 0, OpenString
			}
		case '$':
			if !strings.HasPrefix(text[i:], "${") {
				if strings.HasPrefix(text[i:], "$$") {
					i++
				}
				continue
			}
			n, p := closing(text[i+1:], nested)
			if p != 0 {
				return i, p
			}
			i += n
		case '"':
			if strings.HasPrefix(text[i:], quote) {
				return i + q, 0
			}
		}
	}
	return 0, OpenString
}

// rawLength is stringLength for texts in single quotes.
func rawLength(text, quote string) (int, Problem) {
	n := 0
	if len(quote) == 1 {
		n = strings.IndexAny(text[1:], "'\n")
	} else {
		n = strings.Index(text[3:], quote)
	}
	if n < 0 || text[len(quote)+n] == '\n' {
		return 0, OpenString
	}
	return n + 2*len(quote), 0
}

// quoted reads a quoted text outside of argument lists.
func (s *scanner) quoted(rest string) {
	n, p := stringLength(rest, 0)
	if p != 0 {
		s.openQuote(rest, p, 0, n)
		return
	}
	if s.touches(Word, String) {
		s.bad(Glued, n)
		return
	}
	s.head.operand()
	s.emit(String, n)
}

// openQuote reads a quoted text that begins at offset start and does not end.
func (s *scanner) openQuote(rest string, p Problem, start, at int) {
	if p == OpenString && quoteLength(rest[start:]) == 3 {
		from := Advance(s.pos, rest[:start])
		quote := rest[start : start+3]
		s.out.Open = append(s.out.Open, Opener{quote, token.Span{Pos: from, End: Advance(from, quote)}})
		s.badRest(p, len(rest), start+at)
		return
	}
	s.badLine(p, start+at)
}
