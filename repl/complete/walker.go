package complete

import (
	"slices"
	"strings"

	"vnet/lang/usage"
)

// A shape is how a piece of a statement is written.
type shape int

const (
	plain  shape = iota // a word
	quoted              // a text in quotes
	sign
	list   // [ … ]
	parens // ( … )
	braces // { … }, a block
	table  // { … }, a map
	called // f( … )
)

// A piece is what a statement is made of: a token, or what stands in brackets.
type piece struct {
	shape shape
	text  string
}

// isValue reports whether a piece can be a value.
func (p piece) isValue() bool { return p.shape != sign && p.shape != braces }

// isWord reports whether a piece is that word or sign.
func (p piece) is(word string) bool {
	return (p.shape == plain || p.shape == sign) && p.text == word || word == "<->" && p.shape == plain && p.text == "peer"
}

// beginsAddress reports whether a piece can be an address, as the parser sees
// it: a word of letters is rather an option.
func (p piece) beginsAddress() bool {
	if p.shape != plain {
		return p.isValue()
	}
	c := p.text[0]
	return c == '$' || c >= '0' && c <= '9' || strings.ContainsAny(p.text, ":/")
}

// A spot is a node of a pattern that may match what comes next.
type spot struct {
	entry  *usage.Entry
	node   *usage.Node
	scopes []usage.Scope // of Choices
}

// A want is something that the option being read still needs.
type want struct {
	kind    usage.Kind
	literal string // this word or sign
	compare bool   // a comparison
	may     bool   // it may be left out
	many    bool   // it may come more than once
}

// A found is what a piece was taken for.
type found struct {
	item   usage.Item
	kind   usage.Kind
	entry  *usage.Entry
	node   *usage.Node
	option *usage.Option // whose word or argument it is
	head   bool          // it begins a statement
	lost   bool          // it fits nowhere
}

// A walker follows one statement through the patterns of its words.
type walker struct {
	known  func(word string) *usage.Entry // what a word begins that is no statement, or nil
	entry  *usage.Entry                   // the innermost statement so far
	spots  []spot                         // what may come
	hits   []spot                         // those that the last piece fitted
	outer  []spot                         // what may come when the condition has ended
	ends   bool                           // the statement may end here
	option *usage.Option                  // whose arguments come
	wants  []want
	given  []*usage.Option
	words  []string // the words of the form so far
	closed bool     // a block has just ended: another statement may begin
	lost   bool     // nobody knows what comes

	scope  string // the namespace that the statement works in
	place  string // the namespace of the interface that it is about, if that has one
	ensure bool   // what is there already is no mistake
	base   string // the scope of the block around
	inner  bool   // behind another statement's word
}

var startNode = usage.Node{Item: usage.Place, Kind: usage.Statement, Name: "STATEMENT", Last: true}

// newWalker begins a statement.
func newWalker(known func(string) *usage.Entry, scope string) *walker {
	return &walker{known: known, scope: scope, base: scope, ends: true, spots: []spot{{node: &startNode}}}
}

// begin turns to the pattern of a statement's word.
func (w *walker) begin(e *usage.Entry) {
	p := e.Pattern()
	w.inner = w.inner || w.entry != nil
	w.entry, w.given, w.words, w.place = e, nil, nil, ""
	w.ensure = w.ensure || e.Word == "ensure"
	w.follow(e, p.First)
	w.ends = p.Empty
}

// follow sets what may come, with conditions spelt out.
func (w *walker) follow(e *usage.Entry, nodes []int) {
	w.spots, w.outer = w.spots[:0], nil
	w.add(e, nodes)
}

func (w *walker) add(e *usage.Entry, nodes []int) {
	p := e.Pattern()
	for _, n := range nodes {
		node := &p.Nodes[n]
		if node.Item == usage.Place && node.Kind == usage.Condition {
			if expect := usage.Of("expect"); expect != nil {
				for _, m := range node.Next {
					w.outer = append(w.outer, spotOf(e, &p.Nodes[m]))
				}
				w.add(expect, expect.Pattern().First)
			}
			continue
		}
		if !slices.ContainsFunc(w.spots, func(s spot) bool { return s.node == node }) {
			w.spots = append(w.spots, spotOf(e, node))
		}
	}
}

func spotOf(e *usage.Entry, n *usage.Node) spot { return spot{e, n, n.Scopes} }

// find returns the option of that name that a spot of Choices has.
func (s spot) find(name string) *usage.Option {
	for _, scope := range s.scopes {
		if o := s.entry.Option(scope, name); o != nil {
			return o
		}
	}
	return nil
}

// rank says how well a piece fits a spot; 0 is not at all.
func (w *walker) rank(s spot, p piece) int {
	switch s.node.Item {
	case usage.Literal:
		return when(p.is(s.node.Word), 6)
	case usage.Nested:
		return when(p.is(s.node.Word), 6)
	case usage.Block, usage.Lines:
		return when(p.shape == braces, 6)
	case usage.Parens:
		return when(p.shape == parens, 6)
	case usage.Choices:
		return when(p.shape == plain && s.find(p.text) != nil, 5)
	case usage.Anything:
		return when(p.isValue(), 1)
	}
	switch s.node.Kind {
	case usage.Statement:
		return when(p.shape == plain, w.rankStatement(s, p.text))
	case usage.Expr:
		return when(p.shape != braces, 2)
	case usage.Argument:
		return 3
	case usage.CIDR, usage.IP:
		return when(p.isValue(), 1+2*when(p.beginsAddress(), 1))
	case usage.Text:
		if s.node.Name[0] == '"' {
			return when(p.shape == quoted, 2)
		}
	}
	return when(p.isValue(), 3)
}

func (w *walker) rankStatement(s spot, word string) int {
	switch {
	case usage.Of(word) != nil || usage.Later(word) != nil:
		return 4
	case w.known(word) != nil:
		return 4
	}
	return when(s.node == &startNode || s.entry == nil || s.entry.Word != "in", 1)
}

func when(is bool, rank int) int {
	if is {
		return rank
	}
	return 0
}

// step takes in a piece and says what it was.
func (w *walker) step(p piece) found {
	if w.closed {
		w.closed = false
		if !slices.ContainsFunc(w.spots, func(s spot) bool { return w.rank(s, p) == 6 }) && !w.lost {
			*w = *newWalker(w.known, w.base)
		}
	}
	if w.lost {
		return found{lost: true}
	}
	if len(w.wants) > 0 {
		if f, ok := w.argument(p); ok {
			return f
		}
	}
	if p.is("--") && w.program() {
		return found{item: usage.Literal, entry: w.entry}
	}
	best := 0
	for _, s := range w.spots {
		best = max(best, w.rank(s, p))
	}
	if best == 0 {
		w.lost = true
		return found{lost: true, entry: w.entry}
	}
	hits := w.hits[:0]
	for _, s := range w.spots {
		if w.rank(s, p) == best || best == 6 && p.shape == plain && s.node.Item == usage.Place && s.node.Kind == usage.Command {
			hits = append(hits, s)
		}
	}
	w.hits = hits
	return w.take(hits, p)
}

// program leaves nothing but a program to come, if one may come: -- ends the
// options of exec.
func (w *walker) program() bool {
	other := func(s spot) bool { return s.node.Item != usage.Place || s.node.Kind != usage.Command }
	if !slices.ContainsFunc(w.spots, func(s spot) bool { return !other(s) }) {
		return false
	}
	w.spots = slices.DeleteFunc(w.spots, other)
	return true
}

// take goes on behind the spots that a piece fits.
func (w *walker) take(hits []spot, p piece) found {
	s := hits[0]
	if i := slices.IndexFunc(hits, func(h spot) bool { return h.node.Item == usage.Literal }); i > 0 {
		s = hits[i]
	}
	f := found{item: s.node.Item, kind: s.node.Kind, entry: s.entry, node: s.node}
	switch {
	case s.node.Item == usage.Choices:
		return w.choose(hits, p)
	case s.node.Item == usage.Nested:
		w.begin(usage.Of(s.node.Word))
		return f
	case s.node.Item == usage.Place && s.node.Kind == usage.Statement:
		return w.head(p.text)
	case s.node.Item == usage.Literal && p.shape == plain:
		w.words = append(w.words, p.text)
	}
	if p.is("<->") {
		w.given = nil // the other side may have the same
	}
	w.spots, w.ends = w.spots[:0], false
	for _, h := range hits {
		w.add(h.entry, h.node.Next)
		w.ends = w.ends || h.node.Last
		if h.node.Last && len(w.outer) > 0 && h.entry != w.entry {
			w.spots = append(w.spots, w.outer...)
		}
	}
	w.closed = p.shape == braces && w.ends
	return f
}

// head takes in the word of a statement.
func (w *walker) head(word string) found {
	f := found{item: usage.Literal, head: true}
	e := usage.Of(word)
	if e == nil {
		e = w.known(word)
	}
	if e == nil {
		w.lost, f.lost = true, true
		return f
	}
	w.begin(e)
	f.entry = e
	return f
}
