package complete

import (
	"slices"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/check"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/usage"
)

// meet notes what a word makes known, and colours it.
func (r *reader) meet(t, next *lex.Token, f found, hopeful bool) {
	switch {
	case f.head:
		r.headMet(t, f)
	case f.item == usage.Literal, f.item == usage.Nested:
		r.mark(t, ClassKeyword)
	case f.item == usage.Choices:
		r.mark(t, ClassOption)
	case f.item == usage.Place:
		r.place(t, next, f, hopeful)
	}
}

func (r *reader) headMet(t *lex.Token, f found) {
	switch f.entry {
	case &call:
		r.world.open = true // nobody knows what it makes
		r.mark(t, ClassFunction)
	case &inScope:
		r.mark(t, ClassProgram)
	case &inSpace:
		r.walker.place = t.Value
		r.mark(t, ClassName)
	default:
		r.mark(t, ClassKeyword)
	}
}

// literalOf gives the text of a token without variables.
func literalOf(t *lex.Token) (text string, ok bool) {
	if t.Type != lex.String && !strings.ContainsAny(t.Value, "$\"'") {
		return t.Value, true
	}
	for _, p := range lex.Pieces(t) {
		if p.Var || p.Expr || p.Problem != 0 {
			return "", false
		}
		text += p.Text
	}
	return text, true
}

// place takes in a value at a place of a kind.
func (r *reader) place(t, next *lex.Token, f found, hopeful bool) {
	if f.kind == usage.Expr {
		r.expression(t, next)
		return
	}
	if f.kind == usage.NewEnd {
		r.noPort = false
	}
	text, ok := "", false
	if lex.ProblemOf(t) == 0 {
		text, ok = literalOf(t)
	}
	if !ok {
		r.dynamic(f)
		r.written(t)
		return
	}
	if f.option != nil && (f.kind == usage.Name || f.kind == usage.NewLink) {
		r.world.loose = true // an interface moves, or is called something else
	}
	switch f.kind {
	case usage.NewName, usage.Name:
		r.named(t, f, text, hopeful)
	case usage.NewEnd, usage.End:
		r.endMet(t, f, text, hopeful)
	case usage.NewLink, usage.Link, usage.Bridge:
		r.linkMet(t, f, text, hopeful)
	case usage.Target, usage.Gateway:
		r.targetMet(t, f, text, hopeful)
	case usage.NewVar, usage.Variable, usage.NewFunc:
		r.identifier(t, f, text, hopeful)
	case usage.Spawned, usage.Savepoint, usage.Fresh, usage.Command:
		r.labelled(t, f, text, hopeful)
	case usage.Argument, usage.Module, usage.Path, usage.User, usage.Text, usage.Topic:
		r.written(t)
	default:
		r.plainValue(t, f, text, hopeful)
	}
}

// dynamic notes that a word whose variables nobody fills in here makes names.
func (r *reader) dynamic(f found) {
	switch f.kind {
	case usage.NewName, usage.NewEnd, usage.NewLink, usage.Fresh:
		r.world.open = true
	case usage.Name:
		r.walker.place = ""
		if f.entry != nil && f.entry.Word == "in" {
			r.walker.scope = unknownSpace
		}
	}
	r.end = end{}
}

// unknownSpace is the scope of statements in a namespace that is in a variable.
const unknownSpace = "$"

// wrong reports whether a value cannot be right, as lang/check sees it.
func wrong(f found, x ast.Expr) bool {
	var list diag.List
	if f.option != nil {
		word := ""
		if f.entry != nil {
			word = f.entry.Word
		}
		list = check.Argument(word, f.option, x)
	} else {
		list = check.Value(f.kind, x)
	}
	return list.Failed()
}

// exprOf makes the syntax of a word or quoted text without variables.
func exprOf(t *lex.Token, text string) ast.Expr {
	parts := []ast.Part{{Span: lex.Span(t), Text: text}}
	if t.Type == lex.String {
		return &ast.Str{Span: lex.Span(t), Raw: t.Value, Parts: parts}
	}
	return &ast.Word{Span: lex.Span(t), Raw: t.Value, Parts: parts}
}

func (r *reader) plainValue(t *lex.Token, f found, text string, hopeful bool) {
	if f.kind == usage.CIDR || f.kind == usage.IP {
		r.addressMet(text)
	}
	switch {
	case r.marking && !r.couldBe(t, f, text, hopeful):
		r.bad(t)
	case f.kind == usage.Switch, f.kind == usage.Word, f.kind == usage.Dest && text == "default",
		f.option != nil && slices.Contains(f.option.Values, text):
		r.mark(t, ClassKeyword)
	default:
		r.written(t)
	}
}

// addressMet notes an address, and the interface that gets it.
func (r *reader) addressMet(text string) {
	p, ok := literal.ParseCIDR(text)
	if !ok {
		return
	}
	r.world.addrs = append(r.world.addrs, p)
	if r.end.link == "" {
		return
	}
	if e := r.walker.entry; e != nil && (e.Places["END"] == usage.NewEnd || e.Word == "addr" && !slices.Contains(r.walker.words, "del")) {
		l := r.world.makes(r.end.ns, r.end.link, "")
		l.Addrs = append(l.Addrs, p)
	}
}

// named takes in the name of a namespace.
func (r *reader) named(t *lex.Token, f found, text string, hopeful bool) {
	removes := slices.Contains(r.walker.words, "del") && f.entry != nil && f.entry.Word == "ns"
	if f.kind == usage.Name {
		all := true
		for _, n := range expand(text, r.world) {
			all = all && (r.world.open || r.world.hasSpace(n) || removes && r.walker.ensure)
			if removes {
				r.world.spaces[n] = false
			}
		}
		r.nameMark(t, all, hopeful)
		r.worksIn(f, text)
		return
	}
	r.inside = text
	taken, bad := false, false
	for _, n := range expand(text, r.world) {
		taken = taken || r.world.hasSpace(n)
		bad = bad || name.Namespace(n) != nil
		r.world.spaces[n] = true
	}
	r.newMark(t, taken, bad, hopeful)
}

// worksIn notes the namespace that what follows is about.
func (r *reader) worksIn(f found, text string) {
	switch {
	case f.entry != nil && f.entry.Word == "in":
		if r.walker.place != "" || len(expand(text, r.world)) > 1 {
			r.world.loose = true // what is made is made in several
			return
		}
		r.walker.scope, r.walker.place = text, text
	default:
		r.walker.place = text
	}
}

// nameMark colours a name that is to be there.
func (r *reader) nameMark(t *lex.Token, there, hopeful bool) {
	switch {
	case there:
		r.mark(t, ClassName)
	case !hopeful:
		r.mark(t, ClassUnknownName)
	}
}

// newMark colours a name that the text makes.
func (r *reader) newMark(t *lex.Token, taken, bad, hopeful bool) {
	switch {
	case bad || taken && !r.walker.ensure && !r.touches(t):
		if bad && hopeful {
			return
		}
		r.bad(t)
	case taken:
		r.mark(t, ClassName)
	default:
		r.mark(t, ClassNewName)
	}
}

// targetMet takes in an address, an interface or a namespace.
func (r *reader) targetMet(t *lex.Token, f found, text string, hopeful bool) {
	switch literal.Classify(text) {
	case literal.IP, literal.CIDR:
		r.mark(t, ClassAddress)
		return
	case literal.End:
		if f.kind == usage.Target {
			f.kind = usage.End
			r.endMet(t, f, text, hopeful)
			return
		}
	}
	switch {
	case r.world.open || r.world.hasSpace(text):
		r.mark(t, ClassName)
	case !hopeful && !r.couldBe(t, f, text, hopeful):
		r.bad(t)
	case !hopeful && strings.Trim(text, "0123456789.:abcdef/") != "":
		r.mark(t, ClassUnknownName)
	case !hopeful && !r.touches(t):
		r.mark(t, ClassUnknownName)
	}
}

// identifier takes in the name of a variable or function.
func (r *reader) identifier(t *lex.Token, f found, text string, hopeful bool) {
	switch {
	case !lex.Ident(text):
		r.bad(t)
	case f.kind == usage.NewFunc:
		r.mark(t, ClassFunction)
	case f.kind == usage.NewVar:
		r.newVar = append(r.newVar, text)
		r.mark(t, ClassVariable)
	default:
		r.variableMark(t.Pos.Offset, t.Pos.Offset+len(t.Value), text, hopeful)
	}
}

// labelled takes in names that are neither of the network nor variables.
func (r *reader) labelled(t *lex.Token, f found, text string, hopeful bool) {
	w, word := r.world, ""
	if f.entry != nil {
		word = f.entry.Word
	}
	switch f.kind {
	case usage.Spawned:
		r.nameMark(t, w.open || has(w.spawned, text) || has(w.state.Spawned(), text), hopeful)
	case usage.Savepoint:
		r.nameMark(t, has(w.savepoints, text) || has(w.state.Savepoints(), text), hopeful)
	case usage.Command:
		r.commandMet(t, text, hopeful)
	default:
		switch word {
		case "spawn":
			w.spawned = append(w.spawned, Named{text, "of this entry"})
		case "savepoint":
			w.savepoints = append(w.savepoints, Named{text, "of this entry"})
		case "import":
			w.mods[text] = true
		}
		r.mark(t, ClassNewName)
	}
}

func (r *reader) commandMet(t *lex.Token, text string, hopeful bool) {
	named := slices.ContainsFunc(r.walker.given, func(o *usage.Option) bool { return o.Place == usage.Fresh })
	if e := r.walker.entry; e != nil && e.Word == "spawn" && !named {
		base := text[strings.LastIndexByte(text, '/')+1:]
		r.world.spawned = append(r.world.spawned, Named{base, "of this entry"})
	}
	r.world.loose = true // nobody knows what it does
	r.world.open = r.world.open || r.about() == ""
	if !r.marking {
		return
	}
	found := false
	if strings.Contains(text, "/") {
		found = slices.Contains(r.world.state.Files(text), text)
	} else {
		found = slices.Contains(r.world.state.Programs(r.about(), text), text)
	}
	switch {
	case found:
		r.mark(t, ClassProgram)
	case !hopeful:
		r.mark(t, ClassUnknownProgram)
	}
}
