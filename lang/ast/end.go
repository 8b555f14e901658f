package ast

import (
	"strings"
	"unicode/utf8"

	"vnet/lang/token"
)

// EndParts gives the places of the two halves of a word NS:IF; the place of
// the whole for any other expression.
func EndParts(x Expr) (ns, link token.Span) {
	ns, link = x.Where(), x.Where()
	w, ok := x.(*Word)
	if !ok || strings.Contains(w.Raw, "${") {
		return ns, link
	}
	at := strings.IndexByte(w.Raw, ':')
	if at < 1 || at == len(w.Raw)-1 {
		return ns, link
	}
	ns.End = advance(w.Pos, w.Raw[:at])
	link.Pos = advance(w.Pos, w.Raw[:at+1])
	return ns, link
}

// advance is the place behind a text without line breaks.
func advance(p token.Pos, text string) token.Pos {
	p.Offset += len(text)
	p.Column += utf8.RuneCountInString(text)
	return p
}
