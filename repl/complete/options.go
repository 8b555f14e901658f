package complete

import (
	"slices"
	"strings"

	"vnet/lang/usage"
)

// choose takes in the word of an option, which several forms may have.
func (w *walker) choose(hits []spot, p piece) found {
	s := hits[0]
	o := s.find(p.text)
	sub := usage.Scope(o.Name)
	nested := o.Scope == usage.Whole && len(s.entry.Names(sub)) > 0 // as nexthop has
	if nested {
		w.given = slices.DeleteFunc(w.given, func(g *usage.Option) bool { return g.Scope == sub })
	}
	w.given = append(w.given, o)
	w.spots, w.ends = w.spots[:0], false
	for _, h := range hits {
		if h.find(p.text) != o {
			continue
		}
		w.ends = w.ends || h.node.Last
		if nested {
			w.spots = append(w.spots, spot{h.entry, h.node, []usage.Scope{sub}})
		} else if !slices.Equal(h.scopes, h.node.Scopes) {
			w.spots = append(w.spots, h)
		}
		w.spots = append(w.spots, spotOf(h.entry, h.node))
		w.add(h.entry, h.node.Next)
		if h.node.Last && len(w.outer) > 0 && h.entry != w.entry {
			w.spots = append(w.spots, w.outer...)
		}
	}
	w.option, w.wants = o, wantsOf(o)
	return found{item: usage.Choices, entry: s.entry, node: s.node, option: o}
}

// wantsOf lists what an option needs.
func wantsOf(o *usage.Option) []want {
	arg := want{kind: o.Wants(), many: o.Arity == usage.Many, may: o.Optional}
	switch {
	case o.Kind == usage.None:
		return nil
	case o.Equals:
		return []want{{kind: usage.Sysctl}, {literal: "="}, arg}
	case o.Compare:
		return []want{{compare: true}, arg}
	}
	if first, rest, ok := strings.Cut(o.Arg, " "); ok && first == strings.ToLower(first) && rest != "" {
		return []want{{literal: first, may: true}, arg} // from pid N|PATH
	}
	return []want{arg}
}

var comparisons = []string{"<", "<=", ">", ">=", "==", "!="}

// argument takes in an argument of the option before; not ok if the piece is
// none.
func (w *walker) argument(p piece) (found, bool) {
	t := w.wants[0]
	f := found{item: usage.Place, kind: t.kind, entry: w.entry, option: w.option}
	switch {
	case t.literal != "" && p.is(t.literal), t.compare && p.shape == sign && slices.Contains(comparisons, p.text):
		w.wants = w.wants[1:]
		f.item = usage.Literal
		return f, true
	case t.may && t.literal != "" || t.compare:
		w.wants = w.wants[1:]
		return w.argument(p)
	case !p.isValue() || t.literal != "" || w.isOption(p) && (t.many || !mayLookLikeOption(w.option.Kind, p.text)),
		t.many && t.kind == usage.Int && !p.beginsAddress():
		w.wants = nil
		return f, false
	}
	if !t.many {
		w.wants = w.wants[1:]
	}
	return f, true
}

// isOption reports whether a piece is the word of an option that may come.
func (w *walker) isOption(p piece) bool {
	return p.shape == plain && slices.ContainsFunc(w.spots, func(s spot) bool {
		return s.node.Item == usage.Choices && s.find(p.text) != nil
	})
}

// mayLookLikeOption reports whether a word at a place of that kind may be that
// of an option all the same.
func mayLookLikeOption(k usage.Kind, word string) bool {
	switch k {
	case usage.Name, usage.Link, usage.End, usage.Text, usage.Path, usage.User, usage.Value, usage.Word:
		return true
	case usage.Switch:
		return word == "on" || word == "off"
	}
	return false
}

// needs reports whether the statement cannot end before the next piece.
func (w *walker) needs() bool {
	if !w.ends || len(w.wants) > 0 && !w.wants[0].may && !(w.wants[0].many && w.option.Optional) {
		return true
	}
	return w.entry != nil && slices.ContainsFunc(w.spots, func(s spot) bool {
		return s.node.Item == usage.Choices && len(w.missing(s)) > 0
	})
}

// missing gives the options that have to be there and are not.
func (w *walker) missing(s spot) []*usage.Option {
	var list []*usage.Option
	for i := range s.entry.Options {
		o := &s.entry.Options[i]
		if o.Required && slices.Contains(s.scopes, o.Scope) && !w.has(o) {
			list = append(list, o)
		}
	}
	return list
}

// has reports whether an option was given, under this name or another.
func (w *walker) has(o *usage.Option) bool {
	same := func(o *usage.Option) string {
		if o.Same != "" {
			return o.Same
		}
		return o.Name
	}
	return slices.ContainsFunc(w.given, func(g *usage.Option) bool { return g.Scope == o.Scope && same(g) == same(o) })
}
