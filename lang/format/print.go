package format

import (
	"strings"

	"vnet/lang/lex"
)

// step is the indent of a block, goOn that of a statement's further lines.
const (
	step = 2
	goOn = 4
)

// A printer turns tokens into lines.
type printer struct {
	src   string
	hints hints
	lines []line

	open    []bracket
	inMulti map[int]bool // offsets of the block braces that have line breaks between them
	begun   bool         // the next token begins a statement
}

// A line of the result, its parts still to be aligned with those of its
// neighbours.
type line struct {
	blank   bool // an empty line comes before
	indent  int
	text    string
	mid     int    // where the arrow of a cable or the = of a let stands in text; 0: none
	spread  bool   // the author has put more than one space there
	comment string // at the end
}

// A bracket is one that is open.
type bracket struct {
	sign   string
	indent int // of the line it stands on
	isMap  bool
}

func (p *printer) run(tokens []lex.Token) {
	p.findBlocks(tokens)
	p.begun = true
	var before *lex.Token
	for i := range tokens {
		t := &tokens[i]
		switch t.Type {
		case lex.EOF:
		case lex.Newline:
			p.begun = true
		default:
			p.token(before, t)
			before = t
		}
	}
}

// findBlocks finds the blocks that have a line break between their braces.
func (p *printer) findBlocks(tokens []lex.Token) {
	p.inMulti = map[int]bool{}
	type opener struct{ offset, breaks int }
	var open []opener
	breaks, end := 0, 0
	for i := range tokens {
		t := &tokens[i]
		if t.Type == lex.Newline || t.Type == lex.EOF {
			continue
		}
		breaks += strings.Count(p.src[end:t.Pos.Offset], "\n")
		end = t.Pos.Offset + len(t.Value)
		switch {
		case !p.isBlock(t):
		case t.Value == "{":
			open = append(open, opener{t.Pos.Offset, breaks})
		case len(open) > 0:
			o := open[len(open)-1]
			open = open[:len(open)-1]
			if o.breaks != breaks {
				p.inMulti[o.offset] = true
				p.inMulti[t.Pos.Offset] = true
			}
		}
	}
}

// isBlock reports whether a token is a brace of a block.
func (p *printer) isBlock(t *lex.Token) bool {
	return t.Type == lex.Sign && (t.Value == "{" || t.Value == "}") && !p.hints.maps[t.Pos.Offset]
}

// token writes one token behind the one before it, nil at the beginning.
func (p *printer) token(before, t *lex.Token) {
	gap := ""
	if before != nil {
		gap = p.src[before.Pos.Offset+len(before.Value) : t.Pos.Offset]
	}
	breaks := strings.Count(gap, "\n")
	switch {
	case before == nil:
		p.newLine(false, t)
	case breaks > 0 || p.forced(before, t):
		p.breakLine(before, t, gap, breaks)
	case strings.Contains(gap, ";") && !isSign(before, "{") && !isSign(t, "}") && t.Type != lex.Comment:
		p.last().text += "; "
	case t.Type != lex.Comment && slashed(before):
		p.last().text += strings.TrimPrefix(p.space(before, t, gap), " ")
	case t.Type != lex.Comment:
		p.last().text += p.space(before, t, gap)
	}
	p.write(t)
	if l := p.last(); l.mid > 0 && l.text[l.mid:] == t.Value {
		l.spread = l.spread || len(gap) > 1 && t.Type == lex.Sign
	}
}

// forced reports whether a line ends here in any case: behind the opening
// brace of a block over several lines, and in front of its closing one.
func (p *printer) forced(before, t *lex.Token) bool {
	opens := isSign(before, "{") && p.inMulti[before.Pos.Offset]
	closes := isSign(t, "}") && p.inMulti[t.Pos.Offset]
	return closes || opens && t.Type != lex.Comment
}

func (p *printer) breakLine(before, t *lex.Token, gap string, breaks int) {
	if !p.begun && strings.Contains(gap, `\`) {
		p.last().text += ` \`
	}
	if isSign(before, "{") && !p.hints.maps[before.Pos.Offset] {
		p.begun = true
	}
	edge := isOpener(before) || isCloser(t)
	p.newLine(breaks > 1 && !edge && !p.goesOn(), t)
}

// goesOn reports whether the next line goes on with a statement, and not in a
// bracket of it.
func (p *printer) goesOn() bool {
	if p.begun || len(p.open) == 0 {
		return !p.begun
	}
	b := p.open[len(p.open)-1]
	return b.sign == "{" && !b.isMap
}

// newLine begins a line with t.
func (p *printer) newLine(blank bool, t *lex.Token) {
	l := line{blank: blank}
	n := len(p.open)
	switch {
	case n > 0 && isCloser(t):
		l.indent = p.open[n-1].indent
	case n > 0:
		l.indent = p.open[n-1].indent + step
	}
	if p.goesOn() && !isCloser(t) {
		l.indent += goOn
	}
	p.lines = append(p.lines, l)
}

func (p *printer) last() *line { return &p.lines[len(p.lines)-1] }

func (p *printer) write(t *lex.Token) {
	l := p.last()
	if t.Type == lex.Comment {
		l.comment = strings.TrimRight(t.Value, " \t\r")
		return
	}
	switch {
	case isOpener(t):
		p.open = append(p.open, bracket{t.Value, l.indent, p.hints.maps[t.Pos.Offset]})
	case isCloser(t) && len(p.open) > 0:
		p.open = p.open[:len(p.open)-1]
	case l.mid == 0 && p.parts(t, l.text):
		l.mid = len(l.text)
	}
	l.text += t.Value
	if slashed(t) {
		l.text += " "
	}
	p.begun = p.isBlock(t) && t.Value == "}"
}

// parts reports whether a token parts a line in two columns: the arrow of a
// cable, the = of a variable.
func (p *printer) parts(t *lex.Token, text string) bool {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "veth":
		return isSign(t, "<->")
	case "let", "param":
		return isSign(t, "=") && within(p.hints.wide, t.Pos.Offset)
	}
	return false
}

// space is what stands between two tokens of one line.
func (p *printer) space(a, b *lex.Token, gap string) string {
	was := ""
	if gap != "" {
		was = " "
	}
	switch {
	case within(p.hints.verbatim, a.Pos.Offset) && within(p.hints.verbatim, b.Pos.Offset):
		return gap
	case isSign(a, "(") || isSign(a, "[") || isSign(b, ")") || isSign(b, "]") || isSign(b, ","):
		return ""
	case isSign(a, "{") && isSign(b, "}"):
		return was
	case isSign(a, "{") && p.hints.maps[a.Pos.Offset] || isSign(b, "}") && p.hints.maps[b.Pos.Offset]:
		return ""
	case isSign(a, "=") || isSign(b, "="):
		return p.equals(a, b, was)
	case isSign(a, ",") || isBetween(a) || isBetween(b) || p.isBlock(a) || p.isBlock(b):
		return " "
	}
	return was
}

// equals is what stands beside an =.
func (p *printer) equals(a, b *lex.Token, was string) string {
	sign := a
	if isSign(b, "=") {
		sign = b
	}
	switch {
	case within(p.hints.wide, sign.Pos.Offset):
		return " "
	case within(p.hints.narrow, sign.Pos.Offset):
		return ""
	}
	return was
}

// slashed reports whether a token ends with a backslash: without the blank
// behind it, that would take the next character along.
func slashed(t *lex.Token) bool { return t.Type == lex.Word && strings.HasSuffix(t.Value, `\`) }

func isSign(t *lex.Token, sign string) bool { return t.Type == lex.Sign && t.Value == sign }

func isOpener(t *lex.Token) bool { return isSign(t, "{") || isSign(t, "(") || isSign(t, "[") }

func isCloser(t *lex.Token) bool { return isSign(t, "}") || isSign(t, ")") || isSign(t, "]") }

// isBetween reports whether a token is an arrow or comparison.
func isBetween(t *lex.Token) bool {
	if t.Type != lex.Sign {
		return false
	}
	switch t.Value {
	case "<->", "->", "==", "!=", "<", "<=", ">", ">=":
		return true
	}
	return false
}
