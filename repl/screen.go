package repl

import (
	"fmt"
	"io"
	"strings"
)

// A row is a row of the screen: what to print for it, and how wide that is.
type row struct {
	text  string // ends in no colour
	width int
	soft  bool // goes on with the line of the row above
}

// A frame is what the prompt shows: its rows and the place of the cursor.
type frame struct {
	rows          []row
	atRow, atCell int
}

// A pen lays text out in rows of a screen.
type pen struct {
	width int
	frame frame
	buf   strings.Builder
	cells int // in the row being written
	soft  bool
	style string // of what was written last
}

// put writes a character.
func (p *pen) put(text string, width int, style string) {
	if p.cells+width > p.width && p.cells > 0 {
		p.end()
		p.soft = true
	}
	if style != p.style {
		if p.style != "" {
			p.buf.WriteString("\x1b[0m")
		}
		if style != "" {
			p.buf.WriteString("\x1b[" + style + "m")
		}
		p.style = style
	}
	p.buf.WriteString(text)
	p.cells += width
}

// end ends the row.
func (p *pen) end() {
	if p.style != "" {
		p.buf.WriteString("\x1b[0m")
		p.style = ""
	}
	p.frame.rows = append(p.frame.rows, row{p.buf.String(), p.cells, p.soft})
	p.buf.Reset()
	p.cells, p.soft = 0, false
}

// here puts the cursor where the next character goes.
func (p *pen) here() {
	if p.cells >= p.width {
		p.end() // not soft: nothing may follow that would break the row
	}
	p.frame.atRow, p.frame.atCell = len(p.frame.rows), p.cells
}

// room is how many cells are left of the row.
func (p *pen) room() int { return p.width - p.cells }

// A screen draws frames at the place of the cursor, and nothing twice.
type screen struct {
	w     io.Writer
	shown frame
	width int // of the terminal, when it was drawn
}

// draw changes what is shown into a frame.
func (s *screen) draw(f frame, width int) {
	old := s.shown
	s.shown, s.width = f, width
	first := 0
	for first < len(f.rows) && first < len(old.rows) && f.rows[first] == old.rows[first] {
		first++
	}
	same := first == len(f.rows) && first == len(old.rows)
	if same && f.atRow == old.atRow && f.atCell == old.atCell {
		return
	}
	var b strings.Builder
	b.WriteString("\x1b[?25l")
	at := old.atRow
	if !same {
		// A row that goes on with the line of another is drawn behind that one, so
		// that the terminal knows the two as one line.
		for first > 0 && (first >= len(f.rows) || f.rows[first].soft || first >= len(old.rows)) {
			first--
		}
		move(&b, first-at)
		b.WriteString("\r\x1b[J")
		for i := first; i < len(f.rows); i++ {
			if i > first && !f.rows[i].soft {
				b.WriteString("\r\n")
			}
			b.WriteString(f.rows[i].text)
		}
		at = len(f.rows) - 1
	}
	move(&b, f.atRow-at)
	b.WriteString("\r")
	if f.atCell > 0 {
		fmt.Fprintf(&b, "\x1b[%dC", f.atCell)
	}
	b.WriteString("\x1b[?25h")
	_, _ = io.WriteString(s.w, b.String())
}

// move goes up or down by rows of the screen.
func move(b *strings.Builder, n int) {
	switch {
	case n < 0:
		fmt.Fprintf(b, "\x1b[%dA", -n)
	case n > 0:
		fmt.Fprintf(b, "\x1b[%dB", n)
	}
}

// erase takes what is shown away; the cursor is where it began.
func (s *screen) erase() {
	if len(s.shown.rows) == 0 {
		return
	}
	var b strings.Builder
	move(&b, -s.shown.atRow)
	b.WriteString("\r\x1b[J")
	_, _ = io.WriteString(s.w, b.String())
	s.shown = frame{}
}

// resized makes up for what a terminal does with what is shown when its width
// changes: it breaks lines anew, as most do.
func (s *screen) resized(width int) {
	if width == s.width || len(s.shown.rows) == 0 {
		return
	}
	up, cells := 0, 0
	for i, r := range s.shown.rows[:s.shown.atRow+1] {
		if i > 0 && !r.soft {
			up += max(1, (cells+width-1)/width)
			cells = 0
		}
		if i == s.shown.atRow {
			up += (cells + s.shown.atCell) / width
		}
		cells += r.width
	}
	s.shown.atRow = up
	s.erase()
}

// print writes text above what is shown.
func (s *screen) print(text string) {
	f := s.shown
	s.erase()
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, _ = io.WriteString(s.w, text)
	if len(f.rows) > 0 {
		s.draw(f, s.width)
	}
}

// leave goes below what is shown and lets it stand.
func (s *screen) leave() {
	if len(s.shown.rows) == 0 {
		return
	}
	var b strings.Builder
	move(&b, len(s.shown.rows)-1-s.shown.atRow)
	b.WriteString("\r\n")
	_, _ = io.WriteString(s.w, b.String())
	s.shown = frame{}
}
