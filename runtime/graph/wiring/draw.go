package wiring

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"vnet/lang/name"
	"vnet/runtime/graph"
)

// fit lays the cables into the gutter, short ones inside, as far as there is
// room, and puts the others in words, which may make the boxes wider.
func (p *plan) fit() {
	for {
		p.measure()
		room := max((p.Width-p.inner-4)/2, 0)
		if p.route(room) {
			return
		}
	}
}

// measure says how wide the boxes are and where the ports stand.
func (p *plan) measure() {
	p.inner = 0
	row := 0
	for i := range p.boxes {
		b := &p.boxes[i]
		p.inner = max(p.inner, utf8.RuneCountInString(b.title))
		b.ports[0].row = row
		row++
		for j := range b.ports {
			if j > 0 {
				b.ports[j].row = row
			}
			row += len(b.ports[j].lines)
			for _, line := range b.ports[j].lines {
				p.inner = max(p.inner, utf8.RuneCountInString(line))
			}
		}
		row++
	}
	p.inner = max(min(p.inner, p.Width-4), 1)
}

// route gives each cable a channel. It is false when one was put in words
// instead, which moves the rest.
func (p *plan) route(room int) bool {
	byLength := make([]*wire, 0, len(p.wires))
	for i := range p.wires {
		if w := &p.wires[i]; w.channel >= 0 {
			byLength = append(byLength, w)
		}
	}
	span := func(w *wire) int { return p.port(w.b).row - p.port(w.a).row }
	slices.SortStableFunc(byLength, func(a, b *wire) int { return cmp.Compare(span(a), span(b)) })
	var ends [][][2]int // the rows that are taken, by channel
	for _, w := range byLength {
		from, to := p.port(w.a).row, p.port(w.b).row
		free := func(taken [][2]int) bool {
			return !slices.ContainsFunc(taken, func(t [2]int) bool { return from <= t[1] && t[0] <= to })
		}
		w.channel = slices.IndexFunc(ends, free)
		if w.channel < 0 {
			if len(ends) == room {
				w.channel = -1
				a, b := p.port(w.a), p.port(w.b)
				a.lines = append(a.lines, p.words(b.end))
				b.lines = append(b.lines, p.words(a.end))
				return false
			}
			w.channel = len(ends)
			ends = append(ends, nil)
		}
		ends[w.channel] = append(ends[w.channel], [2]int{from, to})
	}
	p.used = len(ends)
	return true
}

// words name the other end of a cable.
func (p *plan) words(e graph.End) string {
	text := e.Node
	if e.Interface != "" {
		text += ":" + e.Interface
	}
	return "  " + p.sign("→", ">") + " " + name.Quote(text)
}

func (p *plan) sign(text, ascii string) string {
	if p.ASCII {
		return ascii
	}
	return text
}

// draw puts boxes and gutter together.
func (p *plan) draw() string {
	gutter := p.gutter()
	var b strings.Builder
	row := 0
	line := func(left string) {
		b.WriteString(strings.TrimRight(left+string(gutter[row]), " ") + "\n")
		row++
	}
	dash := p.sign("─", "-")
	wired := map[int]bool{}
	for _, w := range p.wires {
		if w.channel >= 0 {
			wired[p.port(w.a).row], wired[p.port(w.b).row] = true, true
		}
	}
	for _, x := range p.boxes {
		title, corner := p.cut(x.title), p.sign("┐", "+")
		if wired[row] {
			corner = p.sign("┬", "+")
		}
		line(p.sign("┌", "+") + " " + title + " " + strings.Repeat(dash, p.inner-utf8.RuneCountInString(title)) + corner)
		for _, q := range x.ports {
			for i, text := range q.lines {
				edge := p.sign("│", "|")
				if i == 0 && wired[q.row] {
					edge = p.sign("├", "+")
				}
				text = p.cut(text)
				line(p.sign("│", "|") + " " + text + strings.Repeat(" ", p.inner-utf8.RuneCountInString(text)) + " " + edge)
			}
		}
		line(p.sign("└", "+") + strings.Repeat(dash, p.inner+2) + p.sign("┘", "+"))
	}
	return b.String()
}

// cut shortens what is wider than the boxes can be.
func (p *plan) cut(text string) string {
	runes := []rune(text)
	if len(runes) <= p.inner {
		return text
	}
	return string(runes[:p.inner-1]) + p.sign("…", ">")
}

// The directions in which a cable leaves a place of the gutter.
const (
	up = 1 << iota
	down
	left
	right
)

// lines are the characters for the directions; where two cables cross, all.
var lines = [...]rune{
	up | down: '│', left | right: '─', left | down: '┐', left | up: '┘',
	up | down | left | right: '┼', up | down | left: '┤', up | left | right: '┴', down | left | right: '┬',
}

// gutter draws the cables: what stands beside each row of the boxes.
func (p *plan) gutter() [][]rune {
	rows := 0
	for _, b := range p.boxes {
		rows += 2
		for _, q := range b.ports {
			rows += len(q.lines)
		}
	}
	ways := make([][]int, rows)
	for i := range ways {
		ways[i] = make([]int, 2*p.used)
	}
	for _, w := range p.wires {
		if w.channel < 0 {
			continue
		}
		from, to, column := p.port(w.a).row, p.port(w.b).row, 2*w.channel+1
		for _, row := range []int{from, to} {
			for c := range column {
				ways[row][c] |= left | right
			}
			ways[row][column] |= left
		}
		ways[from][column] |= down
		ways[to][column] |= up
		for row := from + 1; row < to; row++ {
			ways[row][column] |= up | down
		}
	}
	out := make([][]rune, rows)
	for i, row := range ways {
		for _, w := range row {
			out[i] = append(out[i], p.wireSign(w))
		}
	}
	return out
}

func (p *plan) wireSign(ways int) rune {
	switch {
	case ways == 0:
		return ' '
	case !p.ASCII:
		return lines[ways]
	case ways == left|right:
		return '-'
	case ways == up|down:
		return '|'
	}
	return '+'
}
