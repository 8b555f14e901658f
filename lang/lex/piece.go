package lex

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/token"
)

// A Piece is a part of a word or quoted text: fixed text, a variable with its
// trailers (whose Source is name.field[index]), or the inside of ${…}.
type Piece struct {
	Span    token.Span
	Text    string    // fixed text, escapes resolved
	Var     bool      // $name, perhaps with trailers
	Expr    bool      // ${…}
	Source  string    // of Var and Expr, without $ and braces
	At      token.Pos // where Source begins
	Problem Problem   // Text cannot be read so: LoneDollar, BadEscape, ControlByte, InvalidUTF8
}

// A cutter takes one token apart.
type cutter struct {
	pieces []Piece
	text   string    // of the token
	done   int       // the offset up to which at is known
	at     token.Pos // of done
	fixed  strings.Builder
	from   token.Pos // where fixed begins
	indent string
}

// Pieces takes a word or quoted text apart. Only a Word of an argument list
// has quotes inside, outside of ${…}.
func Pieces(t *lexer.Token) []Piece {
	c := &cutter{text: t.Value, at: Pos(t), from: Pos(t)}
	switch {
	case t.Type == String:
		c.quoted(0, len(t.Value))
	case !strings.ContainsAny(t.Value, "$\"'"):
		return []Piece{{Span: Span(t), Text: t.Value}}
	default:
		c.word()
	}
	c.flush(len(c.text))
	return c.pieces
}

// pos returns the place of an offset; offsets come in rising order.
func (c *cutter) pos(off int) token.Pos {
	c.at = Advance(c.at, c.text[c.done:off])
	c.done = off
	return c.at
}

// flush ends the fixed text that came before off.
func (c *cutter) flush(off int) {
	at := c.pos(off)
	if c.fixed.Len() > 0 {
		c.pieces = append(c.pieces, Piece{Span: token.Span{Pos: c.from, End: at}, Text: c.fixed.String()})
		c.fixed.Reset()
	}
	c.from = at
}

// add ends the fixed text before off, and adds a piece of n bytes.
func (c *cutter) add(off, n int, p Piece) {
	c.flush(off)
	p.Span = token.Span{Pos: c.from, End: c.pos(off + n)}
	c.pieces = append(c.pieces, p)
	c.from = p.Span.End
}

func (c *cutter) problem(p Problem, from, to int) { c.add(from, to-from, Piece{Problem: p}) }

func (c *cutter) word() {
	for i := 0; i < len(c.text); {
		switch b := c.text[i]; b {
		case '$':
			i += c.variable(i, i == 0)
		case '"', '\'':
			n, _ := stringLength(c.text[i:], 0)
			c.quoted(i, i+n)
			i += n
		default:
			c.fixed.WriteByte(b)
			i++
		}
	}
}

// variable reads what begins with the dollar at offset i and returns its length.
func (c *cutter) variable(i int, fields bool) int {
	text := c.text[i:]
	n, p := variable(text, fields)
	switch {
	case p != 0 || n < 2:
		c.problem(LoneDollar, i, i+1)
		return 1
	case text[1] == '$':
		c.fixed.WriteByte('$')
		return 2
	case text[1] == '{':
		c.flush(i)
		c.add(i, n, Piece{Expr: true, Source: text[2 : n-1], At: Advance(c.from, "${")})
	default:
		c.flush(i)
		c.add(i, n, Piece{Var: true, Source: text[1:n], At: Advance(c.from, "$")})
	}
	return n
}

// quoted reads the quoted text between two offsets.
func (c *cutter) quoted(from, to int) {
	q := quoteLength(c.text[from:])
	if to-from < 2*q {
		q = 1
	}
	raw := c.text[from] == '\''
	in, out := from+q, to-q
	first := -1 // the first line that has an indent
	if q == 3 {
		in, first = c.dedent(in, out)
		out -= len(lastLine(c.text[in:out]))
	}
	for i := in; i < out; {
		if q == 3 && (i == first || i > first && c.text[i-1] == '\n') {
			i += c.skipIndent(c.text[i:out])
			if i >= out {
				break
			}
		}
		i += c.char(i, raw)
	}
}

// char reads one character, escape or variable at offset i of a quoted text.
func (c *cutter) char(i int, raw bool) int {
	switch b := c.text[i]; {
	case b == '$' && !raw:
		return c.variable(i, false)
	case b == '\\' && !raw:
		return c.escape(i)
	case b == '\r' && strings.HasPrefix(c.text[i:], "\r\n"):
		return 1
	case control(b):
		c.problem(ControlByte, i, i+1)
		return 1
	case b >= utf8.RuneSelf:
		r, n := utf8.DecodeRuneInString(c.text[i:])
		if r == utf8.RuneError && n == 1 {
			n = invalidLength(c.text[i:])
			c.problem(InvalidUTF8, i, i+n)
			return n
		}
		c.fixed.WriteString(c.text[i : i+n])
		return n
	default:
		c.fixed.WriteByte(b)
		return 1
	}
}

var escapes = map[byte]string{'n': "\n", 't': "\t", '"': `"`, '\\': `\`, '$': "$"}

// escape reads what begins with the backslash at offset i.
func (c *cutter) escape(i int) int {
	rest := c.text[i:]
	if rest[1] == 'u' && len(rest) > 2 && rest[2] == '{' {
		end := strings.IndexByte(rest[:min(len(rest), 12)], '}')
		if end > 3 {
			if r, err := strconv.ParseUint(rest[3:end], 16, 32); err == nil && r > 0 && utf8.ValidRune(rune(r)) && r <= utf8.MaxRune {
				c.fixed.WriteRune(rune(r))
				return end + 1
			}
		}
		end = max(end+1, 3)
		c.problem(BadEscape, i, i+end)
		return end
	}
	if text, ok := escapes[rest[1]]; ok {
		c.fixed.WriteString(text)
		return 2
	}
	_, n := utf8.DecodeRuneInString(rest[1:])
	c.problem(BadEscape, i, i+1+n)
	return 1 + n
}
