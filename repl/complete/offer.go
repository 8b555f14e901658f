package complete

import (
	"maps"
	"slices"
	"strings"

	"vnet/lang/lex"
	"vnet/lang/name"
	"vnet/lang/usage"
)

// An offerer collects candidates for one place.
type offerer struct {
	*reader
	start, upto int
	typed       string
	list        []Candidate
}

// offers gives all candidates at the place, whatever is typed.
func (p *place) offers() []Candidate {
	o := &offerer{reader: p.reader, start: p.start, upto: p.cursor, typed: p.typed}
	if p.token != nil && o.variable(p.token) {
		return o.list
	}
	o.collect()
	return o.list
}

// offers gives the candidates for the word between two offsets, before it is
// taken in.
func (r *reader) offers(start, end int) []Candidate {
	o := &offerer{reader: r, start: start, upto: end, typed: r.text[start:end]}
	o.collect()
	return o.list
}

func (o *offerer) add(k Kind, text, doc string) {
	o.list = append(o.list, Candidate{Text: text, Doc: doc, Start: o.start, End: o.upto, Kind: k})
}

// collect offers what the brackets or the statement around ask for.
func (o *offerer) collect() {
	if g := o.group(); g != nil {
		switch {
		case g.found.item == usage.Parens:
			o.placeholder(usage.NewVar)
		case g.found.item == usage.Place && !g.found.lost && g.shape == list && g.found.kind != usage.Expr:
			o.kind(g.found.kind, g.found.option)
		default:
			o.kind(usage.Expr, nil)
		}
		return
	}
	w := o.walker
	if w.lost {
		return
	}
	for _, t := range w.wants {
		o.want(t)
		if !t.may && !t.many {
			return
		}
		if t.many && t.kind == usage.Int && !o.digits() || t.may && t.literal == "" {
			break
		}
	}
	o.spots(w)
	if !w.needs() && w.entry != nil {
		o.add(KindEnd, "<enter>", "the statement may end here")
	}
}

func (o *offerer) digits() bool { return o.typed != "" && o.typed[0] >= '0' && o.typed[0] <= '9' }

func (o *offerer) want(t want) {
	switch {
	case t.literal != "":
		o.add(KindKeyword, t.literal, "")
	case t.compare:
		for _, c := range comparisons {
			o.add(KindKeyword, c, "")
		}
	default:
		o.kind(t.kind, o.walker.option)
	}
}

// spots offers what the nodes that may come stand for: what must come first.
func (o *offerer) spots(w *walker) {
	sorted := slices.Clone(w.spots)
	slices.SortStableFunc(sorted, func(a, b spot) int { return urgency(w, a) - urgency(w, b) })
	for _, s := range sorted {
		switch s.node.Item {
		case usage.Literal:
			o.add(KindKeyword, s.node.Word, "")
		case usage.Nested:
			o.add(KindStatement, s.node.Word, usage.Of(s.node.Word).Doc)
		case usage.Choices:
			o.options(w, s)
		case usage.Block:
			o.add(KindKeyword, "{", "a block of statements")
		case usage.Lines:
			o.add(KindKeyword, "{", "a block of commands, one a line")
		case usage.Parens:
			o.add(KindKeyword, "(", "the parameters")
		case usage.Place:
			if s.node.Kind == usage.Statement {
				o.statements(s)
			} else {
				o.kind(s.node.Kind, nil)
			}
		}
	}
	if w.closed {
		o.statements(spot{node: &startNode})
	}
}

func urgency(w *walker, s spot) int {
	switch {
	case s.node.Item == usage.Choices && len(w.missing(s)) > 0:
		return 0
	case s.node.Item == usage.Nested, s.node.Item == usage.Place && s.node.Kind == usage.Statement:
		return 1
	}
	return 2
}

// options offers those that are not there yet.
func (o *offerer) options(w *walker, s spot) {
	offer := func(u *usage.Option) {
		if slices.ContainsFunc(o.list, func(c Candidate) bool { return c.Kind == KindOption && c.Text == u.Name }) {
			return
		}
		doc := u.Doc
		if u.Arg != "" {
			doc = u.Arg + "  " + u.Doc
		}
		o.add(KindOption, u.Name, doc)
	}
	missing := w.missing(s)
	for _, u := range missing {
		offer(u)
	}
	for _, scope := range s.scopes {
		for i := range s.entry.Options {
			u := &s.entry.Options[i]
			other := u.Same != "" && o.typed == "" // another spelling is no news
			if u.Later != "" || u.Scope == usage.Side && u.Place == usage.NewLink && o.noPort {
				continue
			}
			if u.Scope == scope && !other && (u.Repeat || !w.has(u)) && !slices.Contains(missing, u) {
				offer(u)
			}
		}
	}
}

// statements offers what may begin a statement.
func (o *offerer) statements(s spot) {
	for _, e := range usage.All() {
		o.add(KindStatement, e.Word, e.Doc)
	}
	top := len(o.frames) == 0 && s.node == &startNode
	if top {
		for _, e := range Words {
			o.add(KindWord, e.Word, e.Doc)
		}
	}
	for _, f := range o.world.functions() {
		if !isBuiltin(f.Name) {
			o.add(KindFunction, f.Name, f.Doc)
		}
	}
	o.modules()
	if top {
		for _, n := range o.world.namespaces() {
			o.add(KindNamespace, n, inSpace.Doc)
		}
		o.scopePrograms()
	}
}

// scopePrograms offers what can be run in the scope that was entered, unless a
// statement is being typed: there are thousands.
func (o *offerer) scopePrograms() {
	scope := o.world.state.Scope()
	if scope == "" || o.typed == "" || slices.ContainsFunc(usage.Words(), func(w string) bool { return strings.HasPrefix(w, o.typed) }) {
		return
	}
	for _, p := range o.world.state.Programs(scope, o.typed) {
		if o.world.runs(p) {
			o.add(KindProgram, p, "")
		}
	}
}

// kind offers values of a kind, for an option or a place of a form.
func (o *offerer) kind(k usage.Kind, u *usage.Option) {
	if u != nil {
		for _, v := range u.Values {
			o.add(KindValue, v, u.Doc)
		}
		o.bounded(k, u)
	} else {
		o.placeholder(k)
	}
	switch k {
	case usage.Switch:
		o.add(KindValue, "on", "")
		o.add(KindValue, "off", "")
	case usage.NewName:
		o.newName()
	case usage.Name:
		o.spaces("")
	case usage.NewEnd, usage.End:
		o.ends(k)
	case usage.Link:
		o.links(o.about(), func(l Link) bool { return true })
	case usage.Bridge:
		ns := o.walker.scope
		if u != nil { // of an interface, which may be elsewhere
			ns = o.about()
		}
		o.links(ns, isBridge)
	case usage.NewLink:
		o.newLink(u)
	case usage.Target:
		o.spaces("")
		o.farEnds()
	case usage.CIDR, usage.IP, usage.Dest, usage.Gateway, usage.OwnIP:
		o.addresses(k)
	case usage.Expr:
		o.expression()
	default:
		o.named(k)
	}
}

// named offers what the State has lists of.
func (o *offerer) named(k usage.Kind) {
	w := o.world
	switch k {
	case usage.Spawned:
		o.names(KindSpawned, w.spawned, w.state.Spawned())
	case usage.Savepoint:
		o.names(KindSavepoint, w.savepoints, w.state.Savepoints())
	case usage.Variable:
		o.names(KindVariable, w.variables())
	case usage.Module:
		o.names(KindModule, w.state.Modules())
		o.files(func(f string) bool { return strings.HasSuffix(f, "/") || strings.HasSuffix(f, ".vnet") })
	case usage.Path:
		o.files(func(string) bool { return true })
	case usage.Command:
		o.programs()
	case usage.Argument:
		if strings.ContainsAny(o.typed, "/.") {
			o.files(func(string) bool { return true })
		}
		o.spaces("")
	case usage.Sysctl:
		o.parameters()
	case usage.Topic:
		o.topics()
	}
}

func (o *offerer) names(k Kind, lists ...[]Named) {
	for _, list := range lists {
		for _, n := range list {
			o.add(k, n.Name, n.Doc)
		}
	}
}

func (o *offerer) topics() {
	for _, e := range usage.All() {
		o.add(KindStatement, e.Word, e.Doc)
	}
	for _, e := range Words {
		o.add(KindWord, e.Word, e.Doc)
	}
	o.names(KindFunction, o.world.functions())
}

func (o *offerer) files(keep func(string) bool) {
	for _, f := range o.world.state.Files(o.typed) {
		if keep(f) {
			o.add(KindFile, f, "")
		}
	}
}

func (o *offerer) programs() {
	if strings.Contains(o.typed, "/") {
		o.files(func(string) bool { return true })
		return
	}
	for _, p := range o.world.state.Programs(o.about(), o.typed) {
		o.add(KindProgram, p, "")
	}
}

// sysctls is where the parameters of a namespace are.
const sysctls = "/proc/sys/"

// parameters offers kernel parameters, as the files they are.
func (o *offerer) parameters() {
	typed := o.typed
	if !strings.HasPrefix(typed, "net.") {
		o.add(KindValue, "net.", "the parameters of the network")
		return
	}
	for _, f := range o.world.state.Files(sysctls + strings.ReplaceAll(typed, ".", "/")) {
		key := strings.ReplaceAll(strings.TrimPrefix(f, sysctls), "/", ".")
		o.add(KindValue, key, "")
	}
}

// spaces offers the namespaces, with something behind their names.
func (o *offerer) spaces(behind string) {
	for _, n := range o.world.namespaces() {
		o.add(KindNamespace, n+behind, "")
	}
	o.add(KindNamespace, name.Host+behind, "the namespace that vnet was started in")
}

// expression offers what an expression is made of.
func (o *offerer) expression() {
	for _, v := range o.world.variables() {
		o.add(KindVariable, "$"+v.Name, v.Doc)
	}
	for _, f := range o.world.functions() {
		o.add(KindFunction, f.Name+"(", f.Doc)
	}
	o.modules()
	for _, n := range o.world.namespaces() {
		o.add(KindNamespace, n, "")
	}
}

// modules offers those that the text has imported under a name.
func (o *offerer) modules() {
	for _, m := range slices.Sorted(maps.Keys(o.world.mods)) {
		o.add(KindModule, m+".", "its functions")
	}
}

// variable offers variables if the word at the cursor ends in the beginning of
// one, and reports whether it does.
func (o *offerer) variable(t *lex.Token) bool {
	typed := t.Value
	if typed == "" || typed[0] == '\'' {
		return false
	}
	at := strings.LastIndexByte(typed, '$')
	if at < 0 {
		return false
	}
	rest := typed[at+1:]
	braced := strings.HasPrefix(rest, "{")
	if braced {
		rest = rest[1:]
		if strings.Contains(rest, "}") {
			return false
		}
		n := len(rest) - len(strings.TrimRightFunc(rest, func(r rune) bool { return lex.Ident("x" + string(r)) }))
		o.start = o.upto - n
		for _, v := range o.world.variables() {
			o.add(KindVariable, v.Name, v.Doc)
		}
		for _, f := range o.world.functions() {
			o.add(KindFunction, f.Name+"(", f.Doc)
		}
		return true
	}
	if rest != "" && !lex.Ident(rest) {
		return false
	}
	o.start = o.upto - len(rest) - 1
	for _, v := range o.world.variables() {
		o.add(KindVariable, "$"+v.Name, v.Doc)
	}
	return true
}
