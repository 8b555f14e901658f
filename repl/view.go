package repl

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"vnet/lang/lex"
	"vnet/repl/complete"
)

// signs are the characters that not every terminal has.
type signs struct{ more, ret string }

// A look is how entries are drawn: on what, and with which prompts.
type look struct {
	width, height       int
	first, continuation string // prompts
	color               bool
	signs
}

// colors are the styles of the classes of text, of the 16 colours that every
// terminal has and its user has chosen.
var colors = map[complete.Class]string{
	complete.ClassKeyword: "1", complete.ClassOption: "36", complete.ClassName: "32", complete.ClassNewName: "1;32",
	complete.ClassUnknownName: "4;31", complete.ClassBad: "4;31", complete.ClassString: "33", complete.ClassNumber: "36",
	complete.ClassAddress: "34", complete.ClassComment: "2", complete.ClassVariable: "35",
	complete.ClassUnknownVariable: "4;31", complete.ClassFunction: "1;34", complete.ClassProgram: "32",
	complete.ClassUnknownProgram: "4;31",
}

// style is that of a class. What is wrong is underlined where there are no
// colours.
func (l look) style(c complete.Class) string {
	s := colors[c]
	switch {
	case l.color:
		return s
	case strings.HasPrefix(s, "4;"):
		return "4"
	}
	return ""
}

// frame draws an entry, with what stands below it unless it is final.
func (e *entry) frame(l look, final bool) frame {
	p := &pen{width: l.width}
	text, cursor := e.block.text(), e.block.cursor()
	e.write(p, l, text, cursor, final)
	if final {
		p.frame.atRow, p.frame.atCell = len(p.frame.rows), p.cells
		p.end()
		return p.frame
	}
	e.suggest(p, l)
	p.end()
	below := e.below(l)
	e.clip(&p.frame, l, max(1, l.height-len(below)))
	for _, line := range below {
		for _, s := range line {
			for _, r := range s.text {
				p.put(string(r), runewidth.RuneWidth(r), s.style)
			}
		}
		p.end()
	}
	return p.frame
}

// write draws the text with its prompts.
func (e *entry) write(p *pen, l look, text string, cursor int, final bool) {
	styles := e.styles(l, text, cursor)
	if final {
		styles = e.styles(l, text, len(text))
	}
	open := brackets(text)
	putPrompt(p, l, l.first)
	line := 0
	for i, r := range text {
		if i == cursor && !final {
			p.here()
		}
		if r == '\n' {
			p.end()
			line++
			putPrompt(p, l, l.further(open[line]))
			continue
		}
		glyph, width := glyphOf(r)
		style := styles[i]
		if width < 0 { // it is shown by its number
			style, width = "7", -width
		}
		p.put(glyph, width, style)
	}
	if cursor == len(text) && !final {
		p.here()
	}
}

// styles gives the style of every byte of the text.
func (e *entry) styles(l look, text string, cursor int) []string {
	out := make([]string, len(text))
	paint := func(start, end int, style string) {
		for i := max(start, 0); i < min(end, len(text)); i++ {
			out[i] = style
		}
	}
	for _, m := range e.assistant.Marks(text, cursor) {
		paint(m.Start, m.End, l.style(m.Class))
	}
	if s := e.search; s != nil && !s.failing {
		paint(cursor, cursor+len(s.pattern), "7")
	}
	return out
}

// glyphOf is what a character looks like. The width is negative for one that
// cannot be printed.
func glyphOf(r rune) (string, int) {
	switch {
	case r == '\t':
		return "    ", 4
	case r == utf8.RuneError, !unicode.IsPrint(r) && !unicode.Is(unicode.Mn, r):
		s := fmt.Sprintf("<%x>", r)
		return s, -len(s)
	}
	return string(r), runewidth.RuneWidth(r)
}

// putPrompt draws a prompt, which may hold colours and line breaks.
func putPrompt(p *pen, l look, prompt string) {
	style := ""
	for len(prompt) > 0 {
		if sgr, rest, ok := cutSGR(prompt); ok {
			prompt = rest
			switch {
			case !l.color:
			case sgr == "" || sgr == "0":
				style = ""
			case style == "":
				style = sgr
			default:
				style += ";" + sgr
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(prompt)
		prompt = prompt[n:]
		if r == '\n' {
			p.end()
		} else if unicode.IsPrint(r) {
			p.put(string(r), runewidth.RuneWidth(r), style)
		}
	}
}

// cutSGR takes a change of colour, ESC [ parameters m, off a text.
func cutSGR(text string) (params, rest string, ok bool) {
	if !strings.HasPrefix(text, "\x1b[") {
		return "", "", false
	}
	n := strings.IndexFunc(text[2:], func(r rune) bool { return r != ';' && (r < '0' || r > '9') })
	if n < 0 || text[2+n] != 'm' {
		return "", "", false
	}
	return text[2 : 2+n], text[3+n:], true
}

// further is the prompt before a further line, as wide as the first one. The
// brackets that are open there take the place of its last dots, or of blanks.
func (l look) further(open string) string {
	tail := strings.TrimLeft(l.continuation, ".")
	dots, fill := len(l.continuation)-len(tail), " "
	if dots > 0 {
		fill = "."
	}
	room := max(1, dots, promptWidth(l.first)-promptWidth(tail))
	open = open[max(0, len(open)-room):] // the inner ones
	return strings.Repeat(fill, room-len(open)) + open + tail
}

// promptWidth is how many cells the last line of a prompt takes.
func promptWidth(prompt string) int {
	p := &pen{width: 1 << 20}
	putPrompt(p, look{}, prompt)
	return p.cells
}

// brackets tells for every line of a text which brackets and quotes are open
// where it begins.
func brackets(text string) []string {
	lines := 1 + strings.Count(text, "\n")
	out := make([]string, 0, lines)
	var open []byte
	fill := func(line int, more string) {
		for len(out) < line {
			out = append(out, string(open)+more)
		}
	}
	for _, t := range lex.Script("", text).Tokens {
		fill(t.Pos.Line, "")
		switch {
		case t.Type == lex.Sign && strings.ContainsAny(t.Value, "{(["):
			open = append(open, t.Value...)
		case t.Type == lex.Sign && strings.ContainsAny(t.Value, "})]") && len(open) > 0:
			open = open[:len(open)-1]
		}
		if n := strings.Count(t.Value, "\n"); n > 0 && t.Type != lex.Newline && t.Value[0] != '\n' {
			fill(t.Pos.Line+n, t.Value[:1])
		}
	}
	fill(lines, "")
	return out
}

// suggest draws what is likely to follow, in what is left of the row.
func (e *entry) suggest(p *pen, l look) {
	ghost, rest, more := strings.Cut(e.ghost(), "\n")
	if more && strings.TrimSpace(rest) != "" {
		ghost += l.ret
	}
	if p.room() < 2 {
		return
	}
	for _, r := range runewidth.Truncate(shown(ghost), p.room()-1, l.more) {
		p.put(string(r), runewidth.RuneWidth(r), "2")
	}
}

// below is what stands below the text.
func (e *entry) below(l look) [][]span {
	switch {
	case e.search != nil:
		s := e.search.status()
		s[1].text = runewidth.Truncate(s[1].text, max(1, l.width-1-len(s[0].text)), l.more)
		return [][]span{s}
	case e.menu != nil:
		return e.menu.lines(l.width, l.height-3, l.signs)
	}
	return nil
}

// clip leaves of a text that is higher than the screen what is around the
// cursor.
func (e *entry) clip(f *frame, l look, height int) {
	n := len(f.rows)
	if n <= height {
		e.top = 0
		return
	}
	edge := 0 // rows that say how much is not shown
	if height >= 4 {
		edge = 1
	}
	e.top = min(max(e.top, f.atRow-height+1+edge), max(0, f.atRow-edge), n-height)
	shown := append([]row(nil), f.rows[e.top:e.top+height]...)
	if edge > 0 && e.top > 0 {
		shown[0] = l.note(e.top+1, "above")
		shown[1].soft = false
	}
	if left := n - e.top - height; edge > 0 && left > 0 {
		shown[height-1] = l.note(left+1, "below")
	}
	shown[0].soft = false
	f.rows, f.atRow = shown, f.atRow-e.top
}

// note says how many rows are not shown.
func (l look) note(n int, where string) row {
	text := runewidth.Truncate(fmt.Sprintf("%s %d rows %s", l.more, n, where), l.width-1, "")
	return row{text: "\x1b[2m" + text + "\x1b[0m", width: runewidth.StringWidth(text)}
}
