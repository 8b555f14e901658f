package format

import (
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
)

// Lines that differ more than this are not worth aligning.
const (
	maxMidPad     = 24
	maxCommentPad = 40
)

// String puts the lines together.
func (p *printer) String() string {
	texts := p.columns()
	comments := p.comments(texts)
	var b strings.Builder
	for i := range p.lines {
		l := &p.lines[i]
		if l.blank {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Repeat(" ", l.indent))
		b.WriteString(texts[i])
		if l.comment != "" {
			if texts[i] != "" {
				b.WriteString(strings.Repeat(" ", comments[i]-l.width(texts[i])))
			}
			b.WriteString(l.comment)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// wanted reports whether the columns of a run are to be aligned.
func (p *printer) wanted(from, to int) bool {
	return p.lines[from].column() == "veth" ||
		slices.ContainsFunc(p.lines[from:to], func(l line) bool { return l.spread })
}

// width is the column behind the text, which may have several lines.
func (l *line) width(text string) int {
	if i := strings.LastIndexByte(text, '\n'); i >= 0 {
		return runewidth.StringWidth(text[i+1:])
	}
	return l.indent + runewidth.StringWidth(text)
}

// columns gives the texts of the lines, those of neighbouring cables with their
// arrows one below the other, those of neighbouring variables with their = where
// the author has begun to do so.
func (p *printer) columns() []string {
	texts := make([]string, len(p.lines))
	for i := range p.lines {
		texts[i] = p.lines[i].text
	}
	p.runs(func(a, b *line) bool { return a.column() != "" && a.column() == b.column() && a.indent == b.indent }, func(from, to int) {
		least, most := 1<<30, 0
		for i := from; i < to; i++ {
			w := runewidth.StringWidth(texts[i][:p.lines[i].mid])
			least, most = min(least, w), max(most, w)
		}
		if p.lines[from].mid == 0 || most-least > maxMidPad || !p.wanted(from, to) {
			return
		}
		for i := from; i < to; i++ {
			at := p.lines[i].mid
			pad := strings.Repeat(" ", most-runewidth.StringWidth(texts[i][:at]))
			texts[i] = texts[i][:at] + pad + texts[i][at:]
		}
	})
	return texts
}

// comments gives the column of each comment behind a text.
func (p *printer) comments(texts []string) []int {
	columns := make([]int, len(p.lines))
	trailing := func(l *line) bool { return l.comment != "" && l.text != "" }
	p.runs(func(a, b *line) bool { return trailing(a) && trailing(b) && a.indent == b.indent }, func(from, to int) {
		least, most := 1<<30, 0
		for i := from; i < to; i++ {
			w := p.lines[i].width(texts[i])
			least, most = min(least, w), max(most, w)
		}
		for i := from; i < to; i++ {
			columns[i] = most + 2
			if most-least > maxCommentPad {
				columns[i] = p.lines[i].width(texts[i]) + 2
			}
		}
	})
	return columns
}

// column names what the lines of a run have in common.
func (l *line) column() string {
	if l.mid == 0 || strings.ContainsAny(l.text[len(l.text)-1:], "([{") {
		return ""
	}
	word, _, _ := strings.Cut(l.text, " ")
	return word
}

// runs calls f for the longest stretches of lines that belong together, each
// with the one before it; an empty line parts them.
func (p *printer) runs(together func(a, b *line) bool, f func(from, to int)) {
	for from := 0; from < len(p.lines); {
		to := from + 1
		for to < len(p.lines) && !p.lines[to].blank && together(&p.lines[to-1], &p.lines[to]) {
			to++
		}
		f(from, to)
		from = to
	}
}
