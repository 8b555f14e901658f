package convert

import (
	"regexp"
	"slices"
	"strings"
	"vnet/lang/lazy"
)

// A link is an interface that the script makes, or a pair of them, with what
// is said of it later.
type link struct {
	kind string // veth bridge tap tun dummy ifb macvlan vxlan
	a, b *end   // b only of a veth
	opts []string
	item *item

	fixed     bool // something knows it by its name and place: it keeps them
	closed    bool // somebody has looked at it: it stays as it is
	moved     bool // it was made here and is somewhere else now
	elsewhere word
	gone      bool
}

// An end is an interface.
type end struct {
	ns, name word
	addrs    []word
	mac, mtu word
	master   *link
	up       bool
	after    []string // what link set says of it
}

func (l *link) ends() []*end {
	if l.b == nil {
		return []*end{l.a}
	}
	return []*end{l.a, l.b}
}

// String writes an end as a place for other statements.
func (e *end) String() string { return join(inSpace(e.ns), e.name).String() }

// inSpace is what stands before the name of an interface.
func inSpace(ns word) word {
	if ns.empty() {
		return literal("host:")
	}
	return join(ns, literal(":"))
}

// own writes the name of the interface of a statement that makes just one: a
// bridge of the starting namespace goes by its bare name.
func (l *link) own() string {
	if l.kind == "bridge" && l.a.ns.empty() {
		return l.a.name.String()
	}
	return l.a.String()
}

func (l *link) lines() []string {
	if l.kind == "veth" {
		return l.cable()
	}
	e := l.a
	out := []string{l.kind, l.own()}
	if !l.moved {
		out = append(out, texts(e.addrs)...)
	}
	out = append(out, l.opts...)
	out = append(out, given("mtu", e.mtu)...)
	out = append(out, given("mac", e.mac)...)
	if !e.up {
		out = append(out, "down")
	}
	lines := []string{strings.Join(out, " ")}
	if e.master != nil {
		e.after = append([]string{"master " + e.master.a.name.String()}, e.after...)
		defer func() { e.after = e.after[1:] }()
	}
	return append(lines, settings(l.own(), e.after)...)
}

func given(option string, value word) []string {
	if value.empty() {
		return nil
	}
	return []string{option, value.String()}
}

func settings(where string, after []string) []string {
	if len(after) == 0 {
		return nil
	}
	return []string{"link set " + where + " " + strings.Join(after, " ")}
}

// cable writes a veth: the end that is a port of a bridge stands on the right.
func (l *link) cable() []string {
	a, b := l.a, l.b
	if a.master != nil && b.master == nil {
		a, b = b, a
	}
	first := append([]string{a.String()}, texts(a.addrs)...)
	first = append(first, given("mac", a.mac)...)
	second := append([]string{b.String()}, texts(b.addrs)...)
	port := b.master != nil
	if port {
		second = []string{b.master.own()}
		if b.name.String() != join(a.ns, literal("-"), a.name).String() || a.ns.empty() || len(b.name.String()) > 15 {
			second = append(second, "as", b.name.String())
		}
	}
	second = append(second, given("mac", b.mac)...)
	out := append(append(append([]string{"veth"}, first...), "<->"), second...)
	same := a.mtu.String() == b.mtu.String()
	if same {
		out = append(out, given("mtu", a.mtu)...)
	}
	up := a.up && b.up
	if !up {
		out = append(out, "down")
	}
	lines := []string{strings.Join(out, " ")}
	if port && len(b.addrs) > 0 {
		lines = append(lines, "addr add "+b.String()+" "+strings.Join(texts(b.addrs), " "))
	}
	for _, e := range []*end{a, b} {
		var more []string
		if !same {
			more = given("mtu", e.mtu)
		}
		if e.master != nil && e == a {
			more = append(more, "master", e.master.a.name.String())
		}
		more = append(more, e.after...)
		if e.up && !up {
			more = append(more, "up")
		}
		lines = append(lines, settings(e.String(), more)...)
	}
	return lines
}

// find looks for an interface that was made in this block.
func (c *converter) find(ns, name word) (*link, *end) {
	return findIn(c.block, ns, name)
}

func findIn(b *block, ns, name word) (*link, *end) {
	for i := len(b.links) - 1; i >= 0; i-- {
		l := b.links[i]
		for _, e := range l.ends() {
			at := e.ns
			if l.moved {
				at = l.elsewhere
			}
			if !l.gone && at.String() == ns.String() && e.name.String() == name.String() {
				return l, e
			}
		}
	}
	return nil, nil
}

// bridge looks for a bridge made before, here or in the blocks around.
func (c *converter) bridge(ns, name word) *link {
	if c.frame != nil && c.frame.inDef && ns.empty() && slices.Contains(c.bridges, name.String()) {
		return &link{kind: "bridge", a: &end{name: name}, item: &item{}} // it is there when the function is called
	}
	for b := c.block; b != nil; b = b.outer {
		if l, _ := findIn(b, ns, name); l != nil {
			if l.kind == "bridge" && l.item.prefix == "" {
				return l
			}
			return nil
		}
	}
	return nil
}

// end writes an interface for a statement.
func (c *converter) end(ns, name word) string {
	if ns.empty() && c.bridge(ns, name) != nil {
		return name.String()
	}
	return join(inSpace(ns), name).String()
}

// make adds an interface.
func (c *converter) make(l *link) {
	it := c.add(&item{link: l})
	l.item = it
	for _, e := range l.ends() {
		c.remember(e.ns, e.name)
	}
	if c.tolerant {
		it.prefix = "ensure "
	}
	c.block.links = append(c.block.links, l)
}

// merged notes that a statement of the shell became a part of an item.
func (c *converter) merged(it *item) { c.onto = it }

// look closes what was made up to here: a program sees it as it is.
func (c *converter) look() {
	for b := c.block; b != nil; b = b.outer {
		for _, l := range b.links {
			l.closed, l.fixed = true, true
		}
	}
}

// touch fixes the interfaces that a statement names.
func (c *converter) touch(ns word, text string, shut bool) {
	for b := c.block; b != nil; b = b.outer {
		for _, l := range b.links {
			for _, e := range l.ends() {
				if alias(e.ns, ns) && mentions(text, e.name) {
					l.fixed = true
					l.closed = l.closed || shut
				}
			}
		}
	}
}

// pattern is what a word may be when its variables are filled in.
func pattern(w word) string {
	var b strings.Builder
	for _, p := range w.parts {
		if p.expr != "" {
			b.WriteString(`[^ ]*`)
		} else {
			b.WriteString(regexp.QuoteMeta(p.lit))
		}
	}
	return b.String()
}

// alias reports whether two words may be the same.
func alias(a, b word) bool {
	s, known := a.value()
	if t, also := b.value(); known && also {
		return s == t
	}
	x, y := pattern(a), pattern(b)
	if x == y {
		return true
	}
	return matches(x, b) || matches(y, a)
}

func matches(pattern string, w word) bool {
	sample := ""
	for _, p := range w.parts {
		if p.expr != "" {
			p.lit = "0"
		}
		sample += p.lit
	}
	ok, _ := regexp.MatchString("^(?:"+pattern+")$", sample)
	return ok
}

// mentions reports whether a statement may name an interface.
func mentions(text string, name word) bool {
	for f := range strings.FieldsSeq(text) {
		f = f[strings.LastIndexByte(f, ':')+1:]
		if f == name.String() {
			return true
		}
		for _, part := range strings.FieldsFunc(f, func(r rune) bool { return r == '.' || r == '/' || r == '"' || r == '\'' }) {
			if part == name.String() {
				return true
			}
		}
		if strings.Contains(f, "$") && alias(looseWord(f), name) {
			return true
		}
	}
	return false
}

var variableInText = lazy.Regexp(`\$\{[^}]*\}|\$[A-Za-z0-9_]+`)

// looseWord reads a written word back: its variables only as such.
func looseWord(text string) word {
	var w word
	at := 0
	for _, m := range variableInText().FindAllStringIndex(text, -1) {
		if m[0] > at {
			w.parts = append(w.parts, part{lit: text[at:m[0]]})
		}
		w.parts = append(w.parts, part{expr: "x"})
		at = m[1]
	}
	if at < len(text) {
		w.parts = append(w.parts, part{lit: text[at:]})
	}
	return w
}
