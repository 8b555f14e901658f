package convert

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// An item is a statement of the result, or only comments.
type item struct {
	comments []string
	tail     string      // the comment behind it
	blank    bool        // a blank line goes before
	line     int         // of the shell script
	from     syntax.Node // what it was made of, for when it turns out to be wrong

	ns     word   // where a text that is said with `in` belongs
	in     bool   // the text wants `in NS`
	text   string // the statement
	made   []word // the namespaces that an `ns` makes
	link   *link  // the interface it makes; text is empty
	arms   []arm  // if, for, while, def: blocks
	prefix string // try or ensure, with a space
}

// An arm is a block with what stands before its brace.
type arm struct {
	head string
	body []*item
}

// A block is a list of items that are carried out one after the other.
type block struct {
	outer *block
	items []*item
	links []*link
}

func newBlock(outer *block) *block { return &block{outer: outer} }

func (b *block) index(it *item) int { return slices.Index(b.items, it) }

// before moves an item to the place of another, if it stands behind it.
func (b *block) before(it, other *item) {
	from, to := b.index(it), b.index(other)
	if from < 0 || to < 0 || from < to {
		return
	}
	b.items = slices.Insert(slices.Delete(b.items, from, from+1), to, it)
	if to+1 < len(b.items) && it.blank != other.blank && len(it.comments) == 0 {
		it.blank, other.blank = other.blank, it.blank
	}
}

// lines writes an item without its comments and blocks.
func (it *item) lines() []string {
	var out []string
	switch {
	case it.link != nil:
		out = it.link.lines()
	case it.made != nil:
		out = []string{"ns " + strings.Join(texts(it.made), " ")}
	case it.text != "" && it.in && !it.ns.empty():
		out = []string{"in " + it.ns.String() + " " + it.text}
	case it.text != "":
		out = []string{it.text}
	}
	if it.prefix != "" {
		for i := range out {
			out[i] = it.prefix + out[i]
		}
	}
	return out
}

func texts(words []word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.String()
	}
	return out
}

// A printer writes items out.
type printer struct {
	out    strings.Builder
	indent int
}

func print(items []*item) string {
	p := &printer{}
	p.items(items)
	return p.out.String()
}

func (p *printer) line(text string) {
	if text != "" {
		p.out.WriteString(strings.Repeat("  ", p.indent))
	}
	p.out.WriteString(text + "\n")
}

func (p *printer) items(items []*item) {
	for n := 0; n < len(items); {
		it := items[n]
		if it.blank && n > 0 {
			p.line("")
		}
		for _, c := range it.comments {
			p.line(c)
		}
		run := alike(items[n:])
		switch {
		case run > 1 && it.made != nil:
			joined := *it
			for _, more := range items[n+1 : n+run] {
				joined.made = append(slices.Clone(joined.made), more.made...)
			}
			p.item(&joined)
		case run > 1:
			p.group(items[n : n+run])
		default:
			p.item(it)
		}
		n += max(run, 1)
	}
}

// alike counts the items at the beginning that are written as one: namespaces
// in one line, statements in one namespace as a block.
func alike(items []*item) int {
	first, n := items[0], 1
	if first.tail != "" || first.prefix != "" {
		return 1
	}
	for ; n < len(items); n++ {
		next := items[n]
		if next.blank || next.prefix != "" || next.tail != "" {
			break
		}
		if first.made != nil && next.made != nil && len(next.comments) == 0 {
			continue
		}
		if first.in && next.in && !first.ns.empty() && first.ns.String() == next.ns.String() && first.text != "" && next.text != "" {
			continue
		}
		break
	}
	return n
}

func (p *printer) group(items []*item) {
	p.line("in " + items[0].ns.String() + " {")
	p.indent++
	for i, it := range items {
		if i > 0 {
			for _, c := range it.comments {
				p.line(c)
			}
		}
		p.line(it.text)
	}
	p.indent--
	p.line("}")
}

func (p *printer) item(it *item) {
	for i, l := range it.lines() {
		if i == 0 && it.tail != "" {
			l += "   " + it.tail
		}
		p.block(l)
	}
	for i, a := range it.arms {
		switch {
		case i == 0 && it.tail != "":
			p.line(a.head + " {   " + it.tail)
		case i == 0:
			p.line(a.head + " {")
		default:
			p.line("} " + a.head + " {")
		}
		p.indent++
		p.items(a.body)
		p.indent--
	}
	if len(it.arms) > 0 {
		p.line("}")
	}
}

// block writes a statement that may go over several lines, which keep theirs.
func (p *printer) block(text string) {
	first, rest, _ := strings.Cut(text, "\n")
	p.line(first)
	if rest != "" {
		p.out.WriteString(rest + "\n")
	}
}
