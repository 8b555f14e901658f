package diag

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"vnet/lang/name"
)

// tabWidth is how far apart tab stops are drawn.
const tabWidth = 4

// frameWidth is how many columns stand between a line number and its text.
const frameWidth = 3

// widths does not look at the environment, as the package's own default does.
var widths = &runewidth.Condition{}

// frame draws the marked lines of one file below the name of the place.
func (p *printer) frame(f frame) {
	p.pad(p.gutter + 1)
	p.paint(blue, p.marks.corner)
	p.WriteString(" " + name.Quote(f.at.String()) + "\n")
	if f.text == nil {
		p.bare(f)
		return
	}
	last := 0
	for i := 0; i < len(f.marks); {
		line := f.marks[i].Pos.Line
		p.between(f, last, line)
		n := i
		for n < len(f.marks) && f.marks[n].Pos.Line == line {
			n++
		}
		p.marked(f.text[line-1], line, f.marks[i:n])
		i, last = n, line
	}
}

// bare tells the marks of a file whose source is not at hand.
func (p *printer) bare(f frame) {
	for _, m := range f.marks {
		switch {
		case m.text == "":
		case m.Pos == f.at:
			p.remark("note", m.text)
		default:
			p.remark("note", m.text+" ("+m.Pos.ShortString()+")")
		}
	}
}

// between shows what lies between two marked lines: a single line as it is,
// more of them as a dot.
func (p *printer) between(f frame, last, next int) {
	switch {
	case last == 0 || next-last < 2:
	case next-last == 2:
		p.source(cellsOf(f.text[last]), last+1, p.window(cellsOf(f.text[last]), 0))
	default:
		p.pad(p.gutter + 1)
		p.paint(blue, p.marks.gap)
		p.WriteByte('\n')
	}
}

// marked draws a line and what is said about it.
func (p *printer) marked(text string, number int, marks []mark) {
	cells := cellsOf(text)
	win := p.window(cells, focus(cells, marks))
	p.source(cells, number, win)
	for _, m := range marks {
		p.underline(cells, m, win)
	}
}

// focus is the column a window must show: where the diagnostic's own mark is.
func focus(cells []cell, marks []mark) int {
	at := marks[0]
	for _, m := range marks {
		if m.line == '^' {
			at = m
		}
	}
	from, _ := at.columns(cells)
	return from
}

// A cell is one character of a source line as it is drawn.
type cell struct {
	text  string
	at    int // the screen column it begins in
	width int
}

// cellsOf lays out a source line: tabs to their stops, wide characters as two
// columns, and what a terminal might obey in escaped form.
func cellsOf(line string) []cell {
	line = strings.TrimSuffix(line, "\r")
	cells := make([]cell, 0, len(line))
	at := 0
	for len(line) > 0 {
		r, n := utf8.DecodeRuneInString(line)
		c := cell{text: name.Quote(line[:n]), at: at}
		switch {
		case r == '\t':
			c.text = strings.Repeat(" ", tabWidth-at%tabWidth)
			c.width = len(c.text)
		case c.text != line[:n]:
			c.width = len(c.text)
		default:
			c.width = widths.RuneWidth(r)
		}
		cells = append(cells, c)
		at += c.width
		line = line[n:]
	}
	return cells
}

// columnOf gives the screen column of a character, counted from 1 as in a Pos;
// the end of the line for those behind it.
func columnOf(cells []cell, column int) int {
	i := max(column-1, 0)
	if i < len(cells) {
		return cells[i].at
	}
	if len(cells) == 0 {
		return 0
	}
	end := cells[len(cells)-1]
	return end.at + end.width
}

// columns is the stretch to underline, at least one column; of a span over
// several lines, what is on the first.
func (m mark) columns(cells []cell) (from, to int) {
	from = columnOf(cells, m.Pos.Column)
	switch {
	case m.End.Line == m.Pos.Line:
		to = columnOf(cells, m.End.Column)
	case m.End.Line > m.Pos.Line:
		to = columnOf(cells, len(cells)+1)
	}
	return from, max(to, from+1)
}

// A window is the part of a line that is drawn: screen columns from up to to.
// left and right say that something was cut off there.
type window struct {
	from, to    int
	left, right bool
}

// room is how many columns the frame leaves for text.
func (p *printer) room() int { return p.style.width() - p.gutter - frameWidth }

// window chooses what to show of a line so that it fits and the column at is
// in it, with a third of the room before it.
func (p *printer) window(cells []cell, at int) window {
	total := columnOf(cells, len(cells)+1)
	room := p.room()
	if total <= room {
		return window{from: 0, to: max(total, room)}
	}
	more := widths.StringWidth(p.marks.more)
	w := window{from: 0, to: room, right: true}
	if at >= room-2*more-4 {
		w.from = min(at-room/3, total-room+1)
		w.to, w.left = w.from+room, true
		w.right = w.to < total
	}
	if w.left {
		w.from += more
	}
	if w.right {
		w.to -= more
	}
	return w
}

// source draws a numbered line.
func (p *printer) source(cells []cell, number int, win window) {
	digits := strconv.Itoa(number)
	p.pad(p.gutter - len(digits))
	p.paint(blue, digits+" "+p.marks.bar)
	var b strings.Builder
	for _, c := range cells {
		switch {
		case c.at >= win.from && c.at+c.width <= win.to:
			b.WriteString(c.text)
		case c.at < win.to && c.at+c.width > win.from: // half of it
			b.WriteString(strings.Repeat(" ", min(c.at+c.width, win.to)-max(c.at, win.from)))
		}
	}
	text := strings.TrimRight(b.String(), " ")
	if win.left {
		text = p.marks.more + text
	}
	if win.right {
		text += p.marks.more
	}
	if text != "" {
		p.WriteString(" " + text)
	}
	p.WriteByte('\n')
}

// underline draws a mark below its line, its label beside it where there is
// room and below it otherwise.
func (p *printer) underline(cells []cell, m mark, win window) {
	from, to := m.columns(cells)
	from = min(max(from, win.from), win.to-1)
	to = min(max(to, from+1), win.to)
	shift := -win.from
	if win.left {
		shift += widths.StringWidth(p.marks.more)
	}
	from, to = from+shift, to+shift

	p.rule()
	p.pad(from + 1)
	p.paint(m.color, strings.Repeat(string(m.line), to-from))
	label := name.Quote(m.text)
	width := widths.StringWidth(label)
	switch {
	case label == "":
		p.WriteByte('\n')
		return
	case to+1+width <= p.room():
		p.paint(m.color, " "+label)
		p.WriteByte('\n')
		return
	}
	p.WriteByte('\n')
	indent := max(0, min(from, p.room()-width))
	for _, line := range Wrap(label, p.room()-indent, p.room()-indent) {
		p.rule()
		p.pad(indent + 1)
		p.paint(m.color, line)
		p.WriteByte('\n')
	}
}

// rule draws the left edge of a line without number.
func (p *printer) rule() {
	p.pad(p.gutter + 1)
	p.paint(blue, p.marks.bar)
}
