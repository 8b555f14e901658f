package repl

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"vnet/repl/complete"
)

// A span is text in one style: parameters of SGR, as 1;31.
type span struct{ text, style string }

// A menu is the list below the text: what Tab found, or what `?` tells.
type menu struct {
	list   []complete.Candidate
	told   bool // a list to read, from `?`
	sel    int  // the one that is in the text now, -1 for none
	top    int  // the first one shown
	next   int  // the first one behind those shown
	text   string
	cursor int // the text that the list was made for, and the cursor in it
}

// lines draws the menu in at most rows lines, each less wide than width.
func (m *menu) lines(width, rows int, s signs) [][]span {
	rows, width = max(rows, 1), max(width-1, 1)
	all := m.grid(width, s)
	if m.sel >= 0 {
		for i, l := range all {
			if l.first <= m.sel && m.sel <= l.last {
				m.top = min(max(m.top, i-max(rows-2, 0)), i)
			}
		}
	}
	m.top = max(min(m.top, len(all)-1), 0)
	end := len(all)
	if end-m.top > rows {
		end = m.top + max(rows-1, 1)
	}
	m.next = end
	var out [][]span
	for _, l := range all[m.top:end] {
		out = append(out, l.spans)
	}
	if end < len(all) && rows > 1 {
		more := fmt.Sprintf("%s %d more", s.more, len(m.list)-1-all[end-1].last)
		out = append(out, []span{{runewidth.Truncate(more, width, ""), "2"}})
	}
	return out
}

// A gridLine is a line of a menu and which candidates are in it.
type gridLine struct {
	spans       []span
	first, last int
}

// grid lays the candidates out: those with a description in a line each, others
// in columns.
func (m *menu) grid(width int, s signs) []gridLine {
	widest, told := 0, false
	for _, c := range m.list {
		widest = max(widest, runewidth.StringWidth(shown(c.Text)))
		told = told || c.Doc != ""
	}
	const margin, gap = 1, 2
	columns := 1
	if !told {
		columns = max(1, (width-margin+gap)/(widest+gap))
	}
	widest = min(widest, width-margin)
	if told && width >= 40 {
		widest = min(widest, width/2)
	}
	var out []gridLine
	for i := 0; i < len(m.list); i += columns {
		l := gridLine{first: i, last: min(i+columns, len(m.list)) - 1}
		l.spans = append(l.spans, span{strings.Repeat(" ", margin), ""})
		for j := l.first; j <= l.last; j++ {
			text := runewidth.Truncate(shown(m.list[j].Text), widest, s.more)
			pad := ""
			if told || j < l.last {
				pad = strings.Repeat(" ", widest-runewidth.StringWidth(text)+gap)
			}
			l.spans = append(l.spans, span{text, m.style(j)}, span{pad, ""})
		}
		if room := width - margin - widest - gap; told && room >= 6 {
			l.spans = append(l.spans, span{runewidth.Truncate(shown(m.list[i].Doc), room, s.more), "2"})
		} else if told {
			l.spans = l.spans[:len(l.spans)-1]
		}
		out = append(out, l)
	}
	return out
}

func (m *menu) style(i int) string {
	switch c := m.list[i]; {
	case i == m.sel:
		return "7"
	case !c.Insertable():
		return "2"
	}
	return ""
}

// shown is a text as it is put on the screen: in one line, and nothing in it
// that would act on the terminal.
func shown(text string) string {
	clean := func(r rune) bool { return !unicode.IsPrint(r) }
	if !strings.ContainsFunc(text, clean) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if clean(r) {
			return ' '
		}
		return r
	}, text)
}

// tab completes what is before the cursor, or goes on to the next candidate.
func (e *entry) tab(back bool) bool {
	if m := e.menu; m != nil && !m.told {
		step := 1
		if back {
			step = -1
			if m.sel < 0 {
				m.sel = 0
			}
		}
		e.choose((m.sel + step + len(m.list)) % len(m.list))
		return true
	}
	text, cursor := e.block.text(), e.block.cursor()
	found := e.assistant.At(text, cursor)
	list := slices.DeleteFunc(slices.Clone(found), func(c complete.Candidate) bool { return !c.Insertable() || !fits(c, text) })
	switch {
	case len(list) == 0 && len(found) > 0:
		e.menu = &menu{list: found, told: true, sel: -1, text: text, cursor: cursor}
		return true
	case len(list) == 0:
		return false
	case len(list) == 1:
		e.replace(text, list[0], e.gapAfter(text, list[0]))
		return true
	}
	if prefix := commonPrefix(list); prefix.Text != "" {
		typed := text[prefix.Start:min(max(cursor, prefix.Start), len(text))]
		if len(prefix.Text) > len(typed) && strings.HasPrefix(prefix.Text, typed) {
			e.replace(text, prefix, "")
			// The ranges of the list are those of the text before.
			if list = e.assistant.At(e.block.text(), e.block.cursor()); len(list) < 2 {
				return true
			}
		}
	}
	e.menu = &menu{list: list, sel: -1, text: e.block.text(), cursor: e.block.cursor()}
	return true
}

// fits reports whether a candidate replaces a part of the text, as it must.
func fits(c complete.Candidate, text string) bool {
	return 0 <= c.Start && c.Start <= c.End && c.End <= len(text)
}

// choose puts a candidate of the menu into the text.
func (e *entry) choose(i int) {
	m := e.menu
	m.sel = i
	if c := m.list[i]; fits(c, m.text) {
		e.replace(m.text, c, "")
	}
}

// replace puts a candidate and what follows it into a text.
func (e *entry) replace(text string, c complete.Candidate, gap string) {
	e.block.set(text[:c.Start]+c.Text+gap+text[c.End:], c.Start+len(c.Text)+len(gap))
}

// gapAfter is the space behind a word that is complete, unless there is one or
// the word goes on.
func (e *entry) gapAfter(text string, c complete.Candidate) string {
	if c.End < len(text) && text[c.End] != '\n' || strings.ContainsRune(":/=([{,.\"'$@", lastRune(c.Text)) {
		return ""
	}
	switch c.Kind {
	case complete.KindVariable, complete.KindFunction:
		return ""
	}
	if e.assistant.InQuotes(text, c.End) {
		return ""
	}
	return " "
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

// commonPrefix is what all candidates begin with, if they replace the same.
func commonPrefix(list []complete.Candidate) complete.Candidate {
	p := list[0]
	for _, c := range list[1:] {
		if c.Start != p.Start || c.End != p.End {
			return complete.Candidate{}
		}
		for !strings.HasPrefix(c.Text, p.Text) {
			_, n := utf8.DecodeLastRuneInString(p.Text)
			p.Text = p.Text[:len(p.Text)-n]
		}
	}
	return p
}

// tell lists what can come next; asked again it turns the page. Where a `?`
// stands for itself, and where nothing can be told about a word, it is typed.
func (e *entry) tell() bool {
	if m := e.menu; m != nil && m.told {
		m.top = m.next
		if m.next >= len(m.grid(1<<10, signs{})) {
			m.top = 0
		}
		return true
	}
	text, cursor := e.block.text(), e.block.cursor()
	if e.assistant.InQuotes(text, cursor) {
		return false
	}
	list := e.assistant.Next(text, cursor)
	if len(list) == 0 {
		if left := e.block.left(); left != "" && !unicode.IsSpace(lastRune(left)) {
			return false
		}
		list = []complete.Candidate{{Text: "nothing is known to come here", Kind: complete.KindPlaceholder}}
	}
	e.menu = &menu{list: list, told: true, sel: -1, text: text, cursor: cursor}
	return true
}
