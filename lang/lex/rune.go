package lex

import (
	"strings"
	"unicode/utf8"
)

// badRune reports what is wrong with a character outside quotes, and how many
// bytes belong to it; 0 if nothing is.
func badRune(rest string) (Problem, int) {
	if rest[0] < utf8.RuneSelf {
		n := 0
		for n < len(rest) && control(rest[n]) {
			n++
		}
		return ControlByte * Problem(min(n, 1)), n
	}
	r, n := utf8.DecodeRuneInString(rest)
	switch {
	case r == utf8.RuneError && n == 1:
		return InvalidUTF8, invalidLength(rest)
	case strings.ContainsRune("“”„‟«»‘’‚‛", r):
		return CurlyQuote, n + curlyRest(rest[n:])
	case r >= '‐' && r <= '―' || r == '−':
		return LongDash, n
	case strings.ContainsRune("→←↔⟷⇔⇒⟶", r):
		return DrawnArrow, n
	case r == 0xa0 || r >= 0x2000 && r <= 0x200f || r == 0x2028 || r == 0x2029 || r == 0x202f || r == 0x205f || r == 0x3000 || r == 0xfeff || r == 0x85:
		return StrangeSpace, n
	}
	return 0, 0
}

func control(c byte) bool { return c < ' ' && c != '\t' && c != '\n' || c == 0x7f }

// invalidLength returns how many bytes at the beginning of text are not UTF-8.
func invalidLength(text string) int {
	n := 0
	for n < len(text) && text[n] >= utf8.RuneSelf {
		if r, size := utf8.DecodeRuneInString(text[n:]); r != utf8.RuneError || size != 1 {
			break
		}
		n++
	}
	return n
}

// curlyRest returns how far a text in typographic quotes goes, in its line.
func curlyRest(rest string) int {
	line := rest
	if i := strings.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	if len(line) > 80 { // a bound on the work, too
		line = line[:80]
	}
	if i := strings.IndexAny(line, "”“’‘»\"'"); i >= 0 {
		_, n := utf8.DecodeRuneInString(line[i:])
		return i + n
	}
	return 0
}
