package complete

import (
	"slices"
	"strings"

	"vnet/lang/lex"
	"vnet/lang/usage"
)

// A frame is a bracket that is open.
type frame struct {
	shape  shape
	found  found   // what the group of brackets is, of a list or parentheses
	outer  *walker // of a block: the statement that it belongs to
	scope  string  // of a block: the namespace that it works in
	lines  bool    // of a block: of commands, one a line
	ensure bool    // of a block: what is there already is no mistake
	late   bool    // of a block: carried out later, when more variables are there
	first  bool    // nothing of the element has come
}

// A reader goes through a text and knows at each place what it has come to.
type reader struct {
	text   string
	cursor int
	world  *world
	walker *walker
	frames []frame
	prev   *lex.Token
	newVar []string // variables that the statement makes
	inside string   // the namespace that a block of the statement works in
	noPort bool     // the end of a cable that was typed last is no port of a bridge
	end    end      // the interface that addresses are for
	first  end      // of a veth: the one before the arrow

	calling bool // the word before is a function, and its arguments come

	marking bool
	marks   []Mark
}

// An end is an interface that the text names.
type end struct{ ns, link string }

// call is how the call of a function is followed; inSpace a program in a
// namespace, an entry of the prompt that begins with the namespace's name, and
// inScope one in the scope that was entered, which begins with its own.
var (
	inScope = usage.Entry{Word: "PROGRAM", Doc: "run a program in the scope", Forms: []string{"PROGRAM ARG…"}}
	call    = usage.Entry{Word: "call", Forms: []string{"call [EXPR]"}}
	inSpace = usage.Entry{Word: "NS", Doc: "run a program in the namespace", Forms: []string{"NS PROGRAM ARG…"}}
	command = usage.Entry{Word: "exec", Forms: []string{"exec PROGRAM ARG…"}}
)

func newReader(text string, cursor int, s State) *reader {
	r := &reader{text: text, cursor: cursor, world: newWorld(s)}
	r.walker = newWalker(r.known, s.Scope())
	return r
}

// known says how a statement goes on whose first word is none of the language's.
func (r *reader) known(word string) *usage.Entry {
	top := len(r.frames) == 0 && r.walker.entry == nil
	if e := WordOf(word); e != nil && top {
		return e
	}
	switch {
	case r.world.function(word), r.world.imports && lex.Idents(word) && !usage.Reserved(word):
		return &call
	case top && r.world.hasSpace(word):
		return &inSpace
	case top && r.world.runs(word):
		return &inScope
	}
	return nil
}

// read goes through the tokens.
func (r *reader) read(tokens []lex.Token) {
	r.survey(tokens)
	for i := range tokens {
		if t := &tokens[i]; t.Type != lex.EOF {
			r.token(t, &tokens[min(i+1, len(tokens)-1)])
			if t.Type != lex.Comment {
				r.prev = t
			}
		}
	}
}

// survey notes what counts before its place: functions, and variables for
// those who run later.
func (r *reader) survey(tokens []lex.Token) {
	for i := 0; i+1 < len(tokens); i++ {
		t, next := &tokens[i], &tokens[i+1]
		if t.Type != lex.Word || next.Type != lex.Word {
			continue
		}
		switch t.Value {
		case "def":
			r.world.funcs[next.Value] = "a function of this entry"
		case "let", "for", "param":
			r.world.late[next.Value] = true
		}
	}
}

// group is the frame of the innermost bracket if that is no block.
func (r *reader) group() *frame {
	if n := len(r.frames); n > 0 && r.frames[n-1].shape != braces {
		return &r.frames[n-1]
	}
	return nil
}

func (r *reader) token(t, next *lex.Token) {
	switch {
	case t.Type == lex.Comment:
		r.mark(t, ClassComment)
	case t.Type == lex.Newline:
		if r.group() != nil && t.Value != ";" {
			return
		}
		r.leaveGroups()
		r.endStatement()
	case t.Type == lex.Sign:
		r.sign(t, next)
	default:
		r.value(t, next)
	}
}

// leaveGroups forgets brackets that a statement left open.
func (r *reader) leaveGroups() {
	for r.group() != nil {
		r.frames = r.frames[:len(r.frames)-1]
	}
}

// endStatement makes what a statement leaves behind known, and begins the next.
func (r *reader) endStatement() {
	r.define()
	if e := r.walker.entry; e != nil && e.Word == "import" && !slices.Contains(r.walker.words, "as") {
		r.world.imports = true
	}
	r.end, r.first, r.inside, r.noPort = end{}, end{}, "", false
	scope := r.world.state.Scope()
	lines, ensure := false, false
	if n := len(r.frames); n > 0 {
		f := &r.frames[n-1]
		scope, lines, ensure = f.scope, f.lines, f.ensure
	}
	r.walker = newWalker(r.known, scope)
	r.walker.ensure = ensure
	if lines {
		r.walker.begin(&command)
		r.walker.inner = true
	}
}

// define makes the variables of the statement known in the innermost block.
func (r *reader) define() {
	scope := r.world.vars[len(r.world.vars)-1]
	for _, v := range r.newVar {
		scope[v] = "of this entry"
	}
	r.newVar = nil
}

func (r *reader) sign(t, next *lex.Token) {
	switch t.Value {
	case "(":
		r.open(parens)
	case "[":
		r.open(list)
	case "{":
		if r.beginsBlock(next) {
			r.openBlock()
		} else {
			r.open(table)
		}
	case ")", "]", "}":
		r.close(t.Value)
	default:
		if g := r.group(); g != nil {
			g.first = t.Value == ","
			return
		}
		if lost := r.walker.lost; r.walker.step(piece{sign, t.Value}).lost && !lost {
			r.bad(t)
		}
	}
}

// open enters brackets that are part of a value.
func (r *reader) open(s shape) {
	f := frame{shape: s, first: true}
	if r.calling {
		r.calling = false
		f.found = found{item: usage.Place, kind: usage.Expr}
	} else if g := r.group(); g != nil {
		f.found = g.found
		if s != list {
			f.found = found{item: usage.Place, kind: usage.Expr}
		}
	} else {
		f.found = r.walker.step(piece{shape: s})
	}
	r.frames = append(r.frames, f)
}

// beginsBlock reports whether a brace opens a block, and no map.
func (r *reader) beginsBlock(next *lex.Token) bool {
	if r.group() != nil {
		return false
	}
	if r.walker.lost {
		return next.Type == lex.Newline || next.Type == lex.EOF
	}
	if r.prev != nil && r.prev.Type == lex.Sign && slices.Contains([]string{"=", "==", "!=", ","}, r.prev.Value) {
		return false
	}
	return slices.ContainsFunc(r.walker.spots, func(s spot) bool {
		return s.node.Item == usage.Block || s.node.Item == usage.Lines || s.node.Kind == usage.Statement
	})
}

func (r *reader) openBlock() {
	f := frame{shape: braces, scope: r.walker.scope}
	if r.inside != "" {
		f.scope = r.inside
	}
	e := r.walker.entry
	f.late = e != nil && e.Word == "def" || len(r.frames) > 0 && r.frames[len(r.frames)-1].late
	found := r.walker.step(piece{shape: braces})
	f.lines = found.item == usage.Lines && !found.lost
	f.outer = r.walker
	f.ensure = r.walker.ensure
	r.world.vars = append(r.world.vars, map[string]string{})
	r.frames = append(r.frames, f)
	r.endStatement()
}

// close leaves a bracket, and those inside it that are still open.
func (r *reader) close(sign string) {
	for i := len(r.frames) - 1; i >= 0; i-- {
		f := r.frames[i]
		matches := sign == ")" && f.shape == parens || sign == "]" && f.shape == list || sign == "}" && (f.shape == braces || f.shape == table)
		if matches {
			r.frames = r.frames[:i]
			if f.shape == braces {
				r.closeBlock(f)
			}
			return
		}
		if f.shape == braces {
			return
		}
	}
}

func (r *reader) closeBlock(f frame) {
	r.define()
	if n := len(r.world.vars); n > 1 {
		r.world.vars = r.world.vars[:n-1]
	}
	r.walker = f.outer
	r.end, r.first, r.inside, r.noPort = end{}, end{}, "", false
}

// value takes in a word or quoted text.
func (r *reader) value(t, next *lex.Token) {
	if g := r.group(); g != nil {
		r.element(g, t, next)
		return
	}
	p := pieceOf(t)
	if r.calls(t, next) {
		p.shape, r.calling = called, true
	}
	hopeful := r.hopeful(t)
	lost := r.walker.lost
	f := r.walker.step(p)
	if f.lost {
		if !lost && !hopeful {
			r.bad(t)
		} else {
			r.written(t)
		}
		return
	}
	if r.calling {
		r.callMet(t)
		r.dynamic(f)
		return
	}
	r.meet(t, next, f, hopeful)
}

// calls reports whether a word is a function called for its value.
func (r *reader) calls(t, next *lex.Token) bool {
	return adjacentParen(t, next) && !slices.ContainsFunc(r.walker.spots, func(s spot) bool {
		return s.node.Kind == usage.NewFunc || s.node.Kind == usage.Statement
	})
}

// callMet colours the name of a function that is called in an expression.
func (r *reader) callMet(t *lex.Token) {
	r.world.open = r.world.open || !isBuiltin(t.Value)
	r.mark(t, ClassFunction)
}

// element takes in a word inside of brackets.
func (r *reader) element(g *frame, t, next *lex.Token) {
	f := g.found
	hopeful := r.touches(t)
	first := g.first
	g.first = false
	switch {
	case f.item == usage.Parens:
		if first {
			r.newVar = append(r.newVar, strings.TrimRight(t.Value, "….")) // rest…
			r.mark(t, ClassVariable)
			return
		}
	case f.item == usage.Place && f.kind != usage.Expr && !f.lost && g.shape == list:
		r.meet(t, next, f, hopeful)
		return
	}
	r.expression(t, next)
}

func pieceOf(t *lex.Token) piece {
	if t.Type == lex.String || lex.ProblemOf(t) == lex.OpenString && t.Value != "" && (t.Value[0] == '"' || t.Value[0] == '\'') {
		return piece{quoted, t.Value}
	}
	if t.Value == "" {
		return piece{plain, " "}
	}
	return piece{plain, t.Value}
}

// touches reports whether the cursor is at a token or right behind it.
func (r *reader) touches(t *lex.Token) bool {
	return t.Pos.Offset <= r.cursor && r.cursor <= t.Pos.Offset+len(t.Value)
}
