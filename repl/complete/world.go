package complete

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/usage"
	"vnet/stdlib"
)

// most is how many names of ranges are looked at one by one in a text: more
// would make typing slow.
const most = 10_000

// A world is what is known at a place of the text: what the State tells, and
// what the text before that place makes.
type world struct {
	state    State
	index    map[string]map[string]int // where interfaces are among those of a namespace that has many
	spaces   map[string]bool           // made here (true) or removed here (false)
	links    map[string][]*Link
	vars     []map[string]string // blocks, outermost first
	late     map[string]bool     // variables that the text makes anywhere
	funcs    map[string]string
	mods     map[string]bool
	open     bool // the text may have made what cannot be told from it
	loose    bool // it may have moved and made interfaces
	expanded int  // names of ranges looked at
	imports  bool // it brings in functions that are not known here

	spawned                 []Named
	savepoints              []Named
	addrs                   []netip.Prefix // in the order typed
	sessionVar, sessionFunc map[string]bool
}

func newWorld(s State) *world {
	return &world{
		state: s, spaces: map[string]bool{}, links: map[string][]*Link{}, vars: []map[string]string{{}},
		funcs: map[string]string{}, mods: map[string]bool{}, late: map[string]bool{},
	}
}

// space is how maps here call a namespace: the starting one is "".
func space(ns string) string {
	if ns == name.Host {
		return ""
	}
	return ns
}

// hasSpace reports whether a namespace is there.
func (w *world) hasSpace(ns string) bool {
	if ns == name.Host || ns == "" {
		return true
	}
	if made, ok := w.spaces[ns]; ok {
		return made
	}
	_, ok := slices.BinarySearch(w.state.Namespaces(), ns)
	return ok
}

// namespaces gives the names: those of the text first.
func (w *world) namespaces() []string {
	var list []string
	for _, n := range slices.Sorted(maps.Keys(w.spaces)) {
		if w.spaces[n] {
			list = append(list, n)
		}
	}
	for _, n := range w.state.Namespaces() {
		if _, here := w.spaces[n]; !here {
			list = append(list, n)
		}
	}
	return list
}

// linksOf gives the interfaces of a namespace.
func (w *world) linksOf(ns string) []Link {
	list := w.state.Links(ns)
	if made := w.links[space(ns)]; len(made) > 0 {
		list = slices.Clone(list)
		for _, l := range made {
			list = append(list, *l)
		}
	}
	return list
}

// link finds an interface.
func (w *world) link(ns, link string) (Link, bool) {
	for _, l := range w.links[space(ns)] {
		if l.Name == link {
			return *l, true
		}
	}
	alive := w.state.Links(ns)
	if len(alive) > many {
		if i, ok := w.indexed(ns, alive)[link]; ok {
			return alive[i], true
		}
		return Link{Name: link}, link == "lo"
	}
	for _, l := range alive {
		if l.Name == link {
			return l, true
		}
	}
	return Link{Name: link}, link == "lo"
}

// many is how many interfaces are too many to go through for each name.
const many = 16

func (w *world) indexed(ns string, links []Link) map[string]int {
	if w.index == nil {
		w.index = map[string]map[string]int{}
	}
	m := w.index[ns]
	if m == nil {
		m = make(map[string]int, len(links))
		for i, l := range links {
			m[l.Name] = i
		}
		w.index[ns] = m
	}
	return m
}

// makes notes an interface that the text makes or changes, and gives it.
func (w *world) makes(ns, link, kind string) *Link {
	for _, l := range w.links[space(ns)] {
		if l.Name == link {
			return l
		}
	}
	l := &Link{Name: link, Kind: kind}
	if is, ok := w.link(ns, link); ok && kind == "" {
		is.Addrs = slices.Clone(is.Addrs)
		l = &is
	}
	w.links[space(ns)] = append(w.links[space(ns)], l)
	return l
}

// isBridge reports whether a bare word is a bridge of the namespace.
func (w *world) isBridge(ns, link string) bool {
	l, ok := w.link(ns, link)
	return ok && l.Kind == "bridge"
}

// variable reports whether there is such a variable.
func (w *world) variable(n string) bool {
	for _, scope := range w.vars {
		if _, ok := scope[n]; ok {
			return true
		}
	}
	if w.sessionVar == nil {
		w.sessionVar = map[string]bool{}
		for _, v := range w.state.Variables() {
			w.sessionVar[v.Name] = true
		}
	}
	return w.sessionVar[n]
}

// variables gives all that are in sight, the nearest first.
func (w *world) variables() []Named {
	var list []Named
	seen := map[string]bool{}
	add := func(n Named) {
		if !seen[n.Name] {
			seen[n.Name] = true
			list = append(list, n)
		}
	}
	for _, scope := range slices.Backward(w.vars) {
		for _, n := range slices.Sorted(maps.Keys(scope)) {
			add(Named{n, scope[n]})
		}
	}
	for _, v := range w.state.Variables() {
		add(v)
	}
	return list
}

// function reports whether there is such a function, perhaps of a module.
func (w *world) function(n string) bool {
	if _, ok := w.funcs[n]; ok {
		return true
	}
	if mod, _, ok := strings.Cut(n, "."); ok && w.mods[mod] {
		return true
	}
	if w.sessionFunc == nil {
		w.sessionFunc = map[string]bool{}
		for _, f := range w.state.Functions() {
			w.sessionFunc[f.Name] = true
		}
	}
	return w.sessionFunc[n]
}

// functions gives all of them: those of the text first.
func (w *world) functions() []Named {
	var list []Named
	for _, n := range slices.Sorted(maps.Keys(w.funcs)) {
		list = append(list, Named{n, w.funcs[n]})
	}
	for _, f := range w.state.Functions() {
		if _, here := w.funcs[f.Name]; !here {
			list = append(list, f)
		}
	}
	return list
}

func has(list []Named, n string) bool {
	return slices.ContainsFunc(list, func(x Named) bool { return x.Name == n })
}

// expand gives the names that a word stands for: itself, or a range.
func expand(text string, w *world) []string {
	r, ok := literal.ParseRange(text)
	if !ok {
		return []string{text}
	}
	if r.Len() > most-int64(w.expanded) {
		w.open = true
		return []string{r.At(0)}
	}
	w.expanded += int(r.Len())
	list := make([]string, r.Len())
	for i := range list {
		list[i] = r.At(int64(i))
	}
	return list
}

// isBuiltin reports whether a function has only a value: it begins no
// statement that does anything.
func isBuiltin(n string) bool {
	_, ok := stdlib.Lookup(n)
	return ok
}

// runs reports whether a word that begins an entry is a program to be run in the
// scope that was entered.
func (w *world) runs(word string) bool {
	scope := w.state.Scope()
	return scope != "" && !usage.Replaces(word) && slices.Contains(w.state.Programs(scope, word), word)
}
