package usage

import (
	"slices"
	"sync"
)

// A Pattern is the forms of a statement as a machine: its nodes are the words
// and places of the forms, and each knows which may follow. A statement is
// followed through it word by word, without a grammar of its own.
type Pattern struct {
	Nodes []Node
	First []int // the nodes that may come after the statement's word
	Empty bool  // the statement's word may be all
}

// An Item is what a node stands for.
type Item int

const (
	Literal  Item = iota // the word itself
	Place                // something of a kind, written in capitals in the form
	Choices              // options of some parts of the statement, in any order
	Block                // { … }
	Lines                // { one command a line }
	Parens               // the parameters of a function
	Nested               // a statement by its word:  exec …
	Anything             // what another form of the same statement spells out
)

// A Node is one word or place of a form.
type Node struct {
	Item   Item
	Word   string  // of Literal and Nested
	Name   string  // of Place: as the form writes it
	Kind   Kind    // of Place
	Scopes []Scope // of Choices
	Next   []int   // the nodes that may follow
	Last   bool    // the statement may end here
}

// Pattern returns the forms of the statement as a machine.
func (e *Entry) Pattern() *Pattern {
	if p, ok := patterns.Load(e); ok {
		return p.(*Pattern)
	}
	p := compile(e)
	patterns.Store(e, p)
	return p
}

var patterns sync.Map

// A fragment is a part of a pattern under construction: the nodes that it may
// begin and end with, and whether it may be left out.
type fragment struct {
	first, last []int
	empty       bool
}

func compile(e *Entry) *Pattern {
	p := &Pattern{}
	for _, form := range e.Forms {
		c := &compiler{entry: e, pattern: p, toks: formTokens(form)}
		c.at = 1 // the statement's word
		f := c.sequence()
		p.First = append(p.First, f.first...)
		p.Empty = p.Empty || f.empty
		for _, n := range f.last {
			p.Nodes[n].Last = true
		}
	}
	return p
}

// A compiler reads one form.
type compiler struct {
	entry   *Entry
	pattern *Pattern
	toks    []formToken
	at      int
	words   []string // the literals so far
}

func (c *compiler) peek() formToken {
	if c.at < len(c.toks) {
		return c.toks[c.at]
	}
	return formToken{}
}

func (c *compiler) take() formToken {
	t := c.peek()
	c.at++
	return t
}

// node adds a node as a fragment.
func (c *compiler) node(n Node) fragment {
	c.pattern.Nodes = append(c.pattern.Nodes, n)
	at := []int{len(c.pattern.Nodes) - 1}
	return fragment{first: at, last: at}
}

// link lets b follow a.
func (c *compiler) link(a, b fragment) {
	for _, n := range a.last {
		node := &c.pattern.Nodes[n]
		for _, m := range b.first {
			if !slices.Contains(node.Next, m) {
				node.Next = append(node.Next, m)
			}
		}
	}
}

func (c *compiler) then(a, b fragment) fragment {
	c.link(a, b)
	f := fragment{first: slices.Clone(a.first), last: slices.Clone(b.last), empty: a.empty && b.empty}
	if a.empty {
		f.first = append(f.first, b.first...)
	}
	if b.empty {
		f.last = append(f.last, a.last...)
	}
	return f
}

func either(a, b fragment) fragment {
	return fragment{slices.Concat(a.first, b.first), slices.Concat(a.last, b.last), a.empty || b.empty}
}

func (c *compiler) repeated(f fragment) fragment {
	c.link(f, f)
	return f
}

func optional(f fragment) fragment {
	f.empty = true
	return f
}

// sequence reads what stands in a row, up to a closing bracket or the bar
// between two sequences.
func (c *compiler) sequence() fragment {
	f := fragment{empty: true}
	for t := c.peek(); t.text != "" && t.text != "]" && !(t.text == "|" && t.apart); t = c.peek() {
		f = c.then(f, c.element())
	}
	return f
}

func (c *compiler) element() fragment {
	if o := c.optionAt(c.at); o != nil || c.optionBracket() {
		return c.choices()
	}
	var f fragment
	switch t := c.take(); t.text {
	case "[":
		f = c.bracket()
	case ",":
		f = optional(c.repeated(c.then(c.node(Node{Item: Literal, Word: ","}), c.element())))
	case "{", "(":
		f = c.braces(t.text)
	case "…":
		f = optional(c.repeated(c.node(Node{Item: Anything})))
	default:
		f = c.choice(t.text)
	}
	if next := c.peek(); next.text == "…" && !next.apart {
		c.take()
		f = c.repeated(f)
		if n := c.pattern.Nodes[f.first[0]]; n.Item == Place && n.Kind == Argument {
			f.empty = true // a program may do without
		}
	}
	return f
}

// bracket reads what may be left out.
func (c *compiler) bracket() fragment {
	f := c.sequence()
	for c.peek().text == "|" {
		c.take()
		f = either(f, c.sequence())
	}
	c.take()
	return optional(f)
}

func (c *compiler) braces(open string) fragment {
	item, end := Block, "}"
	switch {
	case open == "(":
		item, end = Parens, ")"
	case c.peek().text != "…":
		item = Lines
	}
	for c.peek().text != "" && c.take().text != end {
	}
	return c.node(Node{Item: item})
}

// choice reads a word, or several between bars of which one is to be written.
func (c *compiler) choice(word string) fragment {
	if next := c.peek(); next.text == "…" && next.apart && Of(word) != nil {
		c.take()
		c.words = append(c.words, word)
		return c.node(Node{Item: Nested, Word: word})
	}
	f := c.atom(word)
	for t := c.peek(); t.text == "|" && !t.apart; t = c.peek() {
		c.take()
		switch next := c.take(); next.text {
		case "…":
			for _, verb := range c.entry.Verbs {
				if verb != word {
					f = either(f, c.atom(verb))
				}
			}
		case "{":
			f = either(f, c.braces("{"))
		default:
			f = either(f, c.atom(next.text))
		}
	}
	return f
}

// atom makes the node of a word: of a place if it is in capitals or quotes.
func (c *compiler) atom(word string) fragment {
	if word[0] == '"' {
		return c.node(Node{Item: Place, Kind: Text, Name: word})
	}
	if !isPlace(word) {
		c.words = append(c.words, word)
		return c.node(Node{Item: Literal, Word: word})
	}
	f := c.node(Node{Item: Place, Kind: c.kindOf(word), Name: word})
	if n := &c.pattern.Nodes[f.first[0]]; n.Kind == Expr {
		return c.repeated(f) // it is several words
	}
	return f
}

func isPlace(word string) bool {
	for i := range len(word) {
		if word[i] < 'A' || word[i] > 'Z' {
			return false
		}
	}
	return word != ""
}

// places says what the words in capitals of the forms stand for.
var places = map[string]Kind{
	"A": Name, "ARG": Argument, "B": Target, "BRIDGE": Bridge, "CIDR": CIDR, "CONDITION": Condition, "D": Duration,
	"DEFAULT": Expr, "DEST": Dest, "E": NewVar, "END": End, "EXPR": Expr, "IP": IP, "KEY": Sysctl, "N": Int, "NAME": Name,
	"NS": Name, "PATH": Path, "PROGRAM": Command, "STATEMENT": Statement, "STRING": Text, "TEXT": Text, "VALUE": Value,
	"WORD": Topic,
}

func (c *compiler) kindOf(place string) Kind {
	for _, w := range c.words {
		if k, ok := c.entry.Places[w+" "+place]; ok {
			return k
		}
	}
	if k, ok := c.entry.Places[place]; ok {
		return k
	}
	return places[place]
}

// optionAt returns the option that the token at i is the word of in this
// form: of the statement, of a side or the cable, or of the part that a word of
// the form names.
func (c *compiler) optionAt(i int) *Option {
	if i >= len(c.toks) {
		return nil
	}
	name := c.toks[i].text
	for j := range c.entry.Options {
		o := &c.entry.Options[j]
		if o.Name == name && (slices.Contains([]Scope{Whole, Side, Cable}, o.Scope) || slices.Contains(c.words, string(o.Scope))) {
			return o
		}
	}
	return nil
}

// optionBracket reports whether a bracket of options comes.
func (c *compiler) optionBracket() bool {
	if c.peek().text != "[" || c.at+1 >= len(c.toks) {
		return false
	}
	return c.toks[c.at+1].text == "OPTIONS" || c.optionAt(c.at+1) != nil
}

// choices reads the options that stand in a row, written out or in brackets,
// as one node: they come in any order.
func (c *compiler) choices() fragment {
	node, must := Node{Item: Choices}, false
	for {
		if o := c.optionAt(c.at); o != nil {
			must = true
			c.options(&node)
		} else if c.optionBracket() {
			c.skipBracket(&node)
		} else {
			break
		}
		if t := c.peek(); t.text == "…" && !t.apart {
			c.take()
		}
	}
	f := c.repeated(c.node(node))
	f.empty = !must
	return f
}

func (n *Node) add(o *Option) {
	if !slices.Contains(n.Scopes, o.Scope) {
		n.Scopes = append(n.Scopes, o.Scope)
	}
}

// options reads options that are written without brackets:  up|down|mtu N
func (c *compiler) options(node *Node) {
	for o := c.optionAt(c.at); o != nil; o = c.optionAt(c.at) {
		node.add(o)
		c.take()
		for range len(formTokens(o.Arg)) {
			c.take()
		}
		if t := c.peek(); t.text != "|" || c.optionAt(c.at+1) == nil {
			return
		}
		c.take()
	}
}

func (c *compiler) skipBracket(node *Node) {
	for depth := 0; c.at < len(c.toks); {
		if o := c.optionAt(c.at); o != nil {
			node.add(o)
		}
		switch c.take().text {
		case "OPTIONS":
			node.Scopes = append(node.Scopes, Whole)
		case "[":
			depth++
		case "]":
			if depth--; depth == 0 {
				return
			}
		}
	}
}

// A formToken is a word or sign of a form.
type formToken struct {
	text  string
	apart bool // space stands before it
}

// formTokens takes a form apart.
func formTokens(form string) []formToken {
	const signs = "[]{}()|,…"
	var toks []formToken
	apart, from := false, -1
	word := func(end int) {
		if from >= 0 {
			toks = append(toks, formToken{form[from:end], apart})
			apart, from = false, -1
		}
	}
	quoted := false
	for i, r := range form {
		switch {
		case quoted || r == '"':
			quoted = quoted != (r == '"')
			if from < 0 {
				from = i
			}
		case r == ' ':
			word(i)
			apart = true
		case slices.Contains([]rune(signs), r):
			word(i)
			toks = append(toks, formToken{string(r), apart})
			apart = false
		case from < 0:
			from = i
		}
	}
	word(len(form))
	return toks
}
