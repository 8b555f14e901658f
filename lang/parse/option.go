package parse

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/name"
	"vnet/lang/usage"
)

// The option lists of a statement, one type for each of its parts.
type (
	options        interface{ list() ast.Options }
	sideOptions    interface{ list() ast.Options } // before the arrow of a veth
	tailOptions    interface{ list() ast.Options } // behind it: of the second side and of the cable
	routeOptions   interface{ list() ast.Options } // with nexthops
	pingOptions    interface{ list() ast.Options }
	dialOptions    interface{ list() ast.Options }
	pathOptions    interface{ list() ast.Options }
	routeToOptions interface{ list() ast.Options }
)

// An optionList is what was written of the options of a statement.
type optionList struct {
	opts  ast.Options
	hops  []*ast.Nexthop
	sides map[*ast.Option]bool // those that belong to a side of a veth
}

func (l *optionList) list() ast.Options { return l.opts }

// optionRoles are the productions for the option lists of a statement.
func optionRoles(e *usage.Entry) []participle.Option {
	return []participle.Option{
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (options, error) { return readOptions(lx, e, usage.Whole) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (sideOptions, error) { return readOptions(lx, e, usage.Side) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (tailOptions, error) {
			return readOptions(lx, e, usage.Side, usage.Cable)
		}),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (routeOptions, error) { return readOptions(lx, e, usage.Whole) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (pingOptions, error) { return readOptions(lx, e, usage.Ping) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (dialOptions, error) { return readOptions(lx, e, usage.Dial) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (pathOptions, error) { return readOptions(lx, e, usage.Way) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (routeToOptions, error) { return readOptions(lx, e, usage.RouteTo) }),
	}
}

// An optionReader reads the options of some parts of a statement.
type optionReader struct {
	lx     *lexer.PeekingLexer
	entry  *usage.Entry
	scopes []usage.Scope
	out    optionList
}

// readOptions reads options up to what is none.
func readOptions(lx *lexer.PeekingLexer, e *usage.Entry, scopes ...usage.Scope) (*optionList, error) {
	r := &optionReader{lx: lx, entry: e, scopes: scopes}
	for {
		t := lx.Peek()
		if t.Type != lex.Word {
			return &r.out, r.missing(t)
		}
		o := r.find(t.Value)
		if o == nil {
			if !r.mayEnd(t.Value) {
				return nil, r.unknown(t)
			}
			return &r.out, r.missing(t)
		}
		if err := r.read(o); err != nil {
			return nil, err
		}
	}
}

func (r *optionReader) find(word string) *usage.Option {
	for _, scope := range r.scopes {
		if o := r.entry.Option(scope, word); o != nil {
			return o
		}
	}
	return nil
}

// mayEnd reports whether a word that is none of these options may follow them.
func (r *optionReader) mayEnd(word string) bool {
	if word == "catch" { // of a try in one line, which has its own message
		return true
	}
	switch r.scopes[0] {
	case usage.Whole:
		return r.entry.Word == "exec" || r.entry.Word == "spawn" || r.entry.Word == "show" && word == "in" || r.entry.Word == "wait"
	case usage.Side:
		return len(r.scopes) == 1 && r.entry.Option(usage.Cable, word) == nil
	}
	return r.entry.Option(usage.Whole, word) != nil
}

func (r *optionReader) read(o *usage.Option) error {
	word := r.lx.Next()
	opt := &ast.Option{Name: o.Name, Word: lex.Span(word)}
	if o.Same != "" {
		opt.Name = o.Same
	}
	if first := r.out.opts.Get(opt.Name); first != nil && !o.Repeat {
		f := faultAt(word, diag.RepeatedOption, "`%s` is given twice", opt.Name)
		f.d.WithNote(first.Word, "the first time")
		return f.help("keep one of the two")
	}
	if o.Name == "nexthop" {
		return r.nexthop(word)
	}
	if err := r.arguments(o, word, opt); err != nil {
		return err
	}
	opt.Span = since(r.lx, word)
	if o.Scope == usage.Side {
		if r.out.sides == nil {
			r.out.sides = map[*ast.Option]bool{}
		}
		r.out.sides[opt] = true
	}
	r.out.opts = append(r.out.opts, opt)
	return nil
}

// arguments reads what an option takes.
func (r *optionReader) arguments(o *usage.Option, word *lexer.Token, opt *ast.Option) error {
	switch {
	case o.Kind == usage.None:
		return nil
	case o.Equals:
		return r.keyValue(o, word, opt)
	case o.Arity == usage.Many:
		return r.many(o, word, opt)
	case o.Compare:
		if err := r.comparison(o, opt); err != nil {
			return err
		}
	case o.Name == "from" && r.entry.Word == "ns" && isWord(r.lx.Peek(), "pid"):
		if err := r.argument(o, word, opt); err != nil {
			return err
		}
	}
	return r.argument(o, word, opt)
}

// argument reads one argument. The word of another option is none, unless a
// name could be meant.
func (r *optionReader) argument(o *usage.Option, word *lexer.Token, opt *ast.Option) error {
	t := r.lx.Peek()
	if !beginsValue(t) || r.isOption(t) && !nameLike(o.Kind) && !isSwitch(o.Kind, t) {
		return noValue(t, o, word)
	}
	x, err := operand(r.lx)
	opt.Args = append(opt.Args, x)
	return err
}

func (r *optionReader) isOption(t *lexer.Token) bool {
	return t.Type == lex.Word && r.find(t.Value) != nil
}

func nameLike(k usage.Kind) bool {
	switch k {
	case usage.Name, usage.Link, usage.End, usage.Text, usage.Path, usage.User, usage.Value, usage.Word:
		return true
	}
	return false
}

// isSwitch reports whether a word is the value of a switch: vxlan has an
// option `on`, too.
func isSwitch(k usage.Kind, t *lexer.Token) bool {
	return k == usage.Switch && (t.Value == "on" || t.Value == "off")
}

func (r *optionReader) keyValue(o *usage.Option, word *lexer.Token, opt *ast.Option) error {
	if err := r.argument(o, word, opt); err != nil {
		return err
	}
	if _, err := readEquals(r.lx); err != nil {
		return err
	}
	return r.argument(o, word, opt)
}

// many reads arguments up to the next option.
func (r *optionReader) many(o *usage.Option, word *lexer.Token, opt *ast.Option) error {
	for t := r.lx.Peek(); beginsValue(t) && !r.isOption(t); t = r.lx.Peek() {
		if o.Kind == usage.Int && !beginsAddress(r.lx) {
			break
		}
		if err := r.argument(o, word, opt); err != nil {
			return err
		}
	}
	if len(opt.Args) == 0 && !o.Optional {
		return noValue(r.lx.Peek(), o, word)
	}
	return nil
}

func (r *optionReader) comparison(o *usage.Option, opt *ast.Option) error {
	t := r.lx.Peek()
	if t.Type != lex.Sign || !slices.Contains([]string{"<", "<=", ">", ">=", "==", "!="}, t.Value) {
		f := faultAt(t, diag.ComparisonWanted, "`%s` needs a comparison", o.Name)
		if beginsValue(t) {
			f.help("write `%s < %s`", o.Name, t.Value)
		} else {
			f.help("write `%s < %s`", o.Name, o.Arg)
		}
		return f
	}
	r.lx.Next()
	span := lex.Span(t)
	opt.Args = append(opt.Args, &ast.Word{Span: span, Raw: t.Value, Parts: []ast.Part{{Span: span, Text: t.Value}}})
	return nil
}

func (r *optionReader) nexthop(word *lexer.Token) error {
	sub, err := readOptions(r.lx, r.entry, usage.Hop)
	if err != nil {
		return err
	}
	if len(sub.opts) == 0 {
		return wanted(r.lx.Peek(), "`via` or `dev` after `nexthop`")
	}
	r.out.hops = append(r.out.hops, &ast.Nexthop{Span: since(r.lx, word), Opts: sub.opts})
	return nil
}

// missing returns a fault if an option that must be there is not.
func (r *optionReader) missing(t *lexer.Token) error {
	if lex.ProblemOf(t) != 0 {
		return nil // it may be behind what cannot be read
	}
	for i := range r.entry.Options {
		o := &r.entry.Options[i]
		if o.Required && slices.Contains(r.scopes, o.Scope) && r.out.opts.Get(o.Name) == nil {
			if o.Scope == usage.Dial {
				return noPort(t, before(r.lx))
			}
			return faultAt(t, diag.RequiredOption, "`%s` needs `%s %s`", r.entry.Word, o.Name, o.Arg).
				help("write `%s %s`: %s", o.Name, o.Arg, o.Doc)
		}
	}
	return nil
}

// noPort says that a check of tcp or udp lacks the port.
func noPort(t, target *lexer.Token) *fault {
	f := faultAt(t, diag.RequiredOption, "`tcp` and `udp` need `port N`")
	if host, port, ok := strings.Cut(target.Value, ":"); ok && host != "" && port != "" && !strings.Contains(port, ":") {
		return f.help("write `%s port %s`", host, port)
	}
	return f.help("write `port N`: the port to connect to")
}

// unknown says that a word is no option here, and what could be meant.
func (r *optionReader) unknown(t *lexer.Token) error {
	var names []string
	for _, scope := range r.scopes {
		names = append(names, r.entry.Names(scope)...)
	}
	if help, ok := usage.Elsewhere(r.entry.Word, t.Value); ok {
		return faultAt(t, diag.UnknownOption, "`%s` has no option `%s`", r.headWord(), t.Value).help("%s", help)
	}
	if r.scopes[0] == usage.Side && len(r.scopes) == 1 {
		return faultAt(t, diag.MisplacedOption, "`%s` belongs to the cable as a whole", t.Value).
			help("write it at the end of the line, after the second end")
	}
	if r.entry.Word == "show" {
		return faultAt(t, diag.TooMuch, "%s is too much for `show`", shown(t)).help("a namespace stands after `in`: `in %s`", t.Value)
	}
	if f := r.lateVerb(t); f != nil {
		return f
	}
	f := faultAt(t, diag.UnknownOption, "`%s` has no option `%s`", r.headWord(), t.Value)
	if r.lx != nil {
		if statement := sessionOf(r.lx).spaceAstray(r.entry.Word, before(r.lx), t); statement != "" {
			return f.spaceFirst(statement)
		}
	}
	if near, ok := name.Near(t.Value, names); ok {
		f.help("did you mean `%s`?", near)
	} else if len(names) > 0 {
		f.help("its options are %s", usage.Listed(names))
	}
	return f
}

// misspeltOption is unknown for a word that could also be a name.
func misspeltOption(t *lexer.Token, word string) error {
	r := &optionReader{entry: usage.Of(word), scopes: []usage.Scope{usage.Whole}}
	return r.unknown(t)
}

// lateVerb says that the word before an unknown option is a misspelt verb, or
// the option a verb at the wrong place; nil if neither is so.
func (r *optionReader) lateVerb(t *lexer.Token) *fault {
	if r.entry.Word != "route" || r.scopes[0] != usage.Whole || len(r.out.opts) > 0 {
		return nil
	}
	last := before(r.lx)
	if near, ok := name.Near(last.Value, r.entry.Verbs); ok {
		return faultAt(last, diag.UnknownVerb, "`route` has no `%s`", last.Value).help("did you mean `%s`?", near)
	}
	if slices.Contains(r.entry.Verbs, t.Value) {
		return faultAt(t, diag.UnknownOption, "`%s` stands right after `route`", t.Value).
			help("for another namespace write `in %s route %s …`", last.Value, t.Value)
	}
	return nil
}

func (r *optionReader) headWord() string {
	switch s := r.scopes[0]; s {
	case usage.Whole, usage.Side, usage.Cable:
		return r.entry.Word
	case usage.Hop:
		return "nexthop"
	default:
		return string(s)
	}
}

func noValue(t *lexer.Token, o *usage.Option, word *lexer.Token) error {
	f := faultAt(t, diag.OptionValue, "`%s` needs %s", word.Value, o.Phrase())
	if isSign(t, "=") {
		return f.label("no `=` here").help("write `%s %s`", word.Value, o.Arg)
	}
	return f.help("write `%s %s`: %s", word.Value, o.Arg, o.Doc)
}

// split parts the options behind the arrow into those of the side and those
// of the cable.
func (l *optionList) split() (side, cable ast.Options) {
	for _, o := range l.opts {
		if l.sides[o] {
			side = append(side, o)
		} else {
			cable = append(cable, o)
		}
	}
	return side, cable
}
