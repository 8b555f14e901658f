package name

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote makes any text safe to print on a terminal: control bytes, invalid
// UTF-8 and invisible characters that reorder text are escaped as in "…".
// Everything else stays as it is.
func Quote(s string) string {
	clean := true
	for _, r := range s {
		clean = clean && safe(r)
	}
	if clean {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if safe(r) {
			b.WriteString(s[:n])
		} else {
			q := strconv.QuoteToASCII(s[:n])
			b.WriteString(q[1 : len(q)-1])
		}
		s = s[n:]
	}
	return b.String()
}

// safe takes U+FFFD for the mark of invalid UTF-8 that it mostly is.
func safe(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
