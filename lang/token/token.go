// Package token says where things stand in a source text.
//
// Pos has the fields of participle's lexer.Position, so that the parser can
// fill it in by conversion and no other package has to know participle.
package token

import "fmt"

// A Pos is a place in a source text. Offset counts bytes from 0, Line and
// Column count from 1, Column in characters. The zero Pos is no place.
type Pos struct {
	Filename string
	Offset   int
	Line     int
	Column   int
}

// Known reports whether p is a place in a text.
func (p Pos) Known() bool { return p.Line > 0 }

// String gives the place as editors and compilers write it: file:line:column.
func (p Pos) String() string {
	if !p.Known() {
		return p.Filename
	}
	return fmt.Sprintf("%s:%d:%d", p.Filename, p.Line, p.Column)
}

// ShortString gives the place without its column: file:line.
func (p Pos) ShortString() string { return fmt.Sprintf("%s:%d", p.Filename, p.Line) }

// A Span is a stretch of source text, from Pos up to but without End.
type Span struct {
	Pos Pos
	End Pos
}

// Where returns the span itself, so that every node that embeds one has it.
func (s Span) Where() Span { return s }

// Known reports whether s is a stretch of a text.
func (s Span) Known() bool { return s.Pos.Known() }

// Join returns the stretch from the beginning of a to the end of b.
func Join(a, b Span) Span {
	if !a.Known() {
		return b
	}
	if !b.Known() {
		return a
	}
	return Span{a.Pos, b.End}
}
