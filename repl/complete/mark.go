package complete

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"vnet/lang/lex"
	"vnet/lang/literal"
	"vnet/lang/usage"
)

// Marks says what the stretches of the text are, for a cursor at its end.
func Marks(text string, s State) []Mark { return MarksAt(text, len(text), s) }

// MarksAt is Marks for a cursor somewhere in the text: the word there may
// still become something valid.
func MarksAt(text string, cursor int, s State) []Mark {
	r := newReader(text, cursor, s)
	r.marking = true
	r.read(lex.Script("", text).Tokens)
	byPlace := func(a, b Mark) int { return cmp.Compare(a.Start, b.Start) }
	if !slices.IsSortedFunc(r.marks, byPlace) {
		slices.SortStableFunc(r.marks, byPlace)
	}
	return r.marks
}

func (r *reader) span(from, to int, c Class) {
	if r.marking && from < to {
		r.marks = append(r.marks, Mark{from, to, c})
	}
}

func (r *reader) mark(t *lex.Token, c Class) { r.span(t.Pos.Offset, t.Pos.Offset+len(t.Value), c) }

// bad marks a word that cannot be right.
func (r *reader) bad(t *lex.Token) { r.mark(t, ClassBad) }

// namePart is nameMark for a part of a token.
func (r *reader) namePart(t *lex.Token, from, to int, there, hopeful bool) {
	class := ClassName
	if !there {
		class = ClassUnknownName
	}
	if there || !hopeful {
		r.span(t.Pos.Offset+from, t.Pos.Offset+to, class)
	}
}

// newPart is newMark for the end of a token.
func (r *reader) newPart(t *lex.Token, from int, taken, bad, hopeful bool) {
	part := *t
	part.Pos.Offset += from
	part.Value = t.Value[from:]
	r.newMark(&part, taken, bad, hopeful)
}

// hopeful reports whether a token is still being typed and the beginning of
// something that may stand here.
func (r *reader) hopeful(t *lex.Token) bool {
	if !r.marking || !r.touches(t) {
		return false
	}
	typed := t.Value[:r.cursor-t.Pos.Offset]
	return slices.ContainsFunc(r.offers(t.Pos.Offset, r.cursor), func(c Candidate) bool {
		return c.Insertable() && len(c.Text) >= r.cursor-c.Start && strings.HasPrefix(c.Text, typed[c.Start-t.Pos.Offset:])
	})
}

// couldBe reports whether a value is right, or may become right by typing on.
func (r *reader) couldBe(t *lex.Token, f found, text string, hopeful bool) bool {
	if hopeful || !wrong(f, exprOf(t, text)) {
		return true
	}
	return r.touches(t) && slices.ContainsFunc(rests[f.kind], func(rest string) bool {
		return !wrong(f, exprOf(t, text+rest))
	})
}

// rests are ends that make a valid value of the beginning of one.
var rests = func() map[usage.Kind][]string {
	var mac, bytes []string
	for i, s := 0, ""; i < 6; i, s = i+1, s+":0" {
		mac = append(mac, s, "0"+s)
	}
	for i, s := 0, ""; i < 4; i, s = i+1, s+".0" {
		bytes = append(bytes, s, "0"+s)
	}
	ip := append(bytes, ":", "::", ":0", ":0::", "0::", "::0")
	for i, s := 0, ""; i < 8; i, s = i+1, s+":0" {
		ip = append(ip, s, "0"+s)
	}
	var cidr []string
	for _, s := range ip {
		cidr = append(cidr, s+"/0")
	}
	cidr = append(cidr, "0")
	number := []string{"0", "00", "000", "0000"}
	return map[usage.Kind][]string{
		usage.MAC: mac, usage.IP: ip, usage.Target: ip, usage.Gateway: ip, usage.CIDR: cidr, usage.Dest: append(cidr, ip...),
		usage.Int: number, usage.Port: number, usage.Duration: {"s", "0s"}, usage.Rate: {"bit", "it", "t", "0bit"},
		usage.Percent: {"%", "0%"}, usage.Size: {"k", "0k", "b"}, usage.Sysctl: {".x"},
	}
}()

// written colours a word by what it looks like, and the variables in it.
func (r *reader) written(t *lex.Token) {
	if !r.marking {
		return
	}
	switch p := lex.ProblemOf(t); {
	case p == lex.OpenString, p == lex.OpenBrace && (t.Value[0] == '"' || t.Value[0] == '\''):
		r.mark(t, ClassString)
		return
	case p == lex.LoneDollar || p == lex.OpenBrace:
		return
	case p != 0:
		r.bad(t)
		return
	}
	if t.Type == lex.String || strings.ContainsAny(t.Value, "$\"'") {
		r.pieces(t)
		return
	}
	switch literal.Classify(t.Value) {
	case literal.Int, literal.Bool, literal.Duration, literal.Rate, literal.Percent, literal.Size:
		r.mark(t, ClassNumber)
	case literal.IP, literal.CIDR, literal.MAC:
		r.mark(t, ClassAddress)
	}
}

func adjacentParen(t, next *lex.Token) bool {
	return next.Type == lex.Sign && next.Value == "(" && next.Pos.Offset == t.Pos.Offset+len(t.Value) && lex.Idents(t.Value)
}

// pieces colours a quoted text or a word with variables.
func (r *reader) pieces(t *lex.Token) {
	plain := Class(-1)
	if t.Type == lex.String {
		plain = ClassString
	}
	at := t.Pos.Offset
	end := at + len(t.Value)
	for _, p := range lex.Pieces(t) {
		if !p.Var && !p.Expr {
			continue
		}
		from, to := p.Span.Pos.Offset, p.Span.End.Offset
		if plain >= 0 {
			r.span(at, from, plain)
		}
		at = to
		if p.Expr {
			r.inner(p)
			continue
		}
		n := lex.IdentLength(p.Source)
		r.variableMark(from, from+1+n, p.Source[:n], r.cursor >= from && r.cursor <= to)
	}
	if plain >= 0 {
		r.span(at, end, plain)
	}
}

// inner colours the variables of the expression inside ${…}.
func (r *reader) inner(p lex.Piece) {
	tokens := lex.Expr(p.Source, p.At).Tokens
	for i := range tokens {
		t := &tokens[i]
		if t.Type == lex.EOF {
			break
		}
		next := &tokens[i+1]
		n := lex.IdentLength(t.Value)
		switch {
		case t.Type == lex.String || t.Type == lex.Word && strings.HasPrefix(t.Value, "$"):
			r.pieces(t)
		case t.Type != lex.Word || n == 0 || operators[t.Value]:
		case adjacentParen(t, next):
			r.mark(t, ClassFunction)
		case r.world.variable(t.Value[:n]):
			r.span(t.Pos.Offset, t.Pos.Offset+n, ClassVariable)
		}
	}
}

var operators = map[string]bool{"and": true, "or": true, "not": true, "in": true, "true": true, "false": true}

// variableMark colours the use of a variable.
func (r *reader) variableMark(from, to int, n string, typing bool) {
	switch {
	case r.world.variable(n), r.late() && r.world.late[n]:
		r.span(from, to, ClassVariable)
	case !typing:
		r.span(from, to, ClassUnknownVariable)
	case !slices.ContainsFunc(r.world.variables(), func(v Named) bool { return strings.HasPrefix(v.Name, n) }):
		r.span(from, to, ClassUnknownVariable)
	}
}

// late reports whether the statement is carried out later than it stands.
func (r *reader) late() bool {
	return slices.ContainsFunc(r.frames, func(f frame) bool { return f.late })
}

// expression colours a word of an expression.
func (r *reader) expression(t, next *lex.Token) {
	switch {
	case t.Type == lex.Word && adjacentParen(t, next):
		r.callMet(t)
	case !r.marking:
	case t.Type == lex.Word && operators[t.Value]:
		r.mark(t, ClassKeyword)
	case t.Type == lex.Word && !strings.Contains(t.Value, "$") && r.world.hasSpace(t.Value):
		r.mark(t, ClassName)
	default:
		r.written(t)
	}
}

// onRune moves an offset back to the beginning of a character.
func onRune(text string, at int) int {
	at = max(0, min(at, len(text)))
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}
