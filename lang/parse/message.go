package parse

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/lang/usage"
)

// incomplete words a fault that says what is wanted: the statement, what it
// needs, what stands there instead, and its form.
func (s *session) incomplete(first *lexer.Token, f *fault) *diag.Diagnostic {
	head := first.Value
	if e := usage.Of(head); e != nil {
		next := s.scan.Tokens[s.indexOf(first)+1]
		if grammars[head+" "+next.Value] != nil {
			head += " " + next.Value
		}
		d := diag.New(diag.Incomplete, lex.Span(f.tok), "`%s` needs %s", head, f.phrase)
		if !ends(f.tok) {
			d.WithLabel("not this")
		}
		if head == "expect" {
			head = "expect [no] " + strings.TrimPrefix(next.Value, "no")
		}
		return d.WithHelp("its form is `%s`", e.Form(head))
	}
	return diag.New(diag.Incomplete, lex.Span(f.tok), "`%s` needs %s", head, f.phrase)
}

// shown is a token in a message.
func shown(t *lexer.Token) string {
	switch {
	case t.Type == lex.EOF:
		return "the end of the text"
	case t.Type == lex.Newline:
		return "the end of the line"
	case len(t.Value) > 40 || strings.Contains(t.Value, "\n"):
		return "this"
	}
	return "`" + t.Value + "`"
}

func notStatement(t *lexer.Token) *fault {
	f := faultAt(t, diag.NotStatement, "%s begins no statement", shown(t))
	if t.Type == lex.Word {
		if near, ok := usage.Meant(t.Value); ok {
			return f.help("did you mean `%s`?", near)
		}
	}
	f.opaque = t.Type != lex.Word
	if plain := strings.TrimRight(t.Value, "+-"); len(plain) == len(t.Value)-2 && lex.Ident(plain) {
		return f.help("write `set %s = $%s %c 1`", plain, plain, t.Value[len(plain)])
	}
	for _, sign := range []string{"//", "/*", "--"} {
		if strings.HasPrefix(t.Value, sign) {
			return f.help("a comment begins with `#`")
		}
	}
	return f.help("a statement begins with a word such as `ns`, `veth` or `expect`")
}

func wrongVerb(t *lexer.Token, e *usage.Entry) *fault {
	f := faultAt(t, diag.UnknownVerb, "`%s` needs %s", e.Word, usage.Quoted(e.Verbs))
	if t.Type == lex.Word {
		f.d.Summary = "`" + e.Word + "` has no `" + t.Value + "`"
		if near, ok := name.Near(t.Value, e.Verbs); ok {
			return f.help("did you mean `%s`?", near)
		}
		if e.Word == "link" && strings.Contains(t.Value, ":") {
			return f.help("write `link set %s …`", t.Value)
		}
		if e.Word == "link" && t.Value == "add" {
			return f.help("each kind of interface has its own word: `veth`, `bridge`, `tap`, `dummy`, `vxlan` …")
		}
	}
	return f.help("write %s after `%s`", usage.Quoted(e.Verbs), e.Word)
}

func missingArrow(lx *lexer.PeekingLexer) *fault {
	t := lx.Peek()
	if ends(t) {
		t = sessionOf(lx).secondEnd(t)
	}
	if help, ok := usage.Elsewhere("veth", t.Value); ok {
		return faultAt(t, diag.UnknownOption, "`veth` has no option `%s`", t.Value).help("%s", help)
	}
	f := faultAt(t, diag.MissingArrow, "`<->` is missing between the two ends of the cable")
	switch {
	case isSign(t, "->"):
		f.label("a cable goes both ways: `<->`")
	case isSign(t, "<"), isWord(t, "--"), isWord(t, "-"), isWord(t, "and"), isWord(t, "to"):
		f.label("write `<->` here")
	case t.Type == lex.Word && beginsValue(t):
		f.help("write `<->` before `%s`", t.Value)
	}
	return f.help("its form is `%s`", usage.Of("veth").Forms[0])
}

// secondEnd finds what is probably the second end of a cable among what was
// read as addresses of the first: NS:IF. It is other where there is none.
func (s *session) secondEnd(other *lexer.Token) *lexer.Token {
	found := other
	for i := s.indexOf(other) - 1; i > 0 && s.scan.Tokens[i].Type != lex.Newline; i-- {
		t := &s.scan.Tokens[i]
		ns, link, ok := strings.Cut(t.Value, ":")
		if t.Type == lex.Word && ok && ns != "" && link != "" && !strings.ContainsAny(link, ":/") && !isWord(&s.scan.Tokens[i-1], "veth") {
			found = t
		}
	}
	return found
}

func missingBlock(lx *lexer.PeekingLexer, t *lexer.Token) *fault {
	f := faultAt(t, diag.MissingBlock, "`{` is missing before the block")
	if t.Type == lex.Newline && isSign(peek2(lx), "{") {
		f.below = true
		return f.help("write the `{` at the end of the line")
	}
	f.block = true
	switch {
	case bracketedEnd(before(lx), t):
		return f.bracketedEnd()
	case isWord(t, "then") || isWord(t, "do"):
		f.help("write `{` in place of `%s`, and `}` at the end", t.Value)
	case sessionOf(lx).loosely(t):
		f.help("several values stand in a list: `[%s %s …]`", before(lx).Value, t.Value)
	case t.Type == lex.Word:
		f.help("put what it does in braces: `{ %s … }`", t.Value)
	}
	return f
}

// loosely reports whether a word is the second of several that a `for` was to
// go through, which stand in no list before its block.
func (s *session) loosely(t *lexer.Token) bool {
	i := s.indexOf(t)
	if i < 3 || s.scan.Tokens[i-1].Type != lex.Word || !isWord(&s.scan.Tokens[i-2], "in") || !isWord(&s.scan.Tokens[s.begin(i)], "for") {
		return false
	}
	for i < len(s.scan.Tokens) && s.scan.Tokens[i].Type == lex.Word {
		i++
	}
	return i < len(s.scan.Tokens) && isSign(&s.scan.Tokens[i], "{")
}

func notName(t *lexer.Token) *fault {
	f := faultAt(t, diag.NotName, "`%s` is no name for a variable", t.Value)
	plain := strings.TrimPrefix(t.Value, "$")
	switch fixed := strings.ReplaceAll(plain, "-", "_"); {
	case lex.Ident(plain):
		f.help("write it without the `$` here: `%s`", plain)
	case lex.Ident(fixed):
		f.help("names have letters, digits and `_`: `%s`", fixed)
	default:
		f.help("names have letters, digits and `_`, and do not begin with a digit")
	}
	return f
}

func missingOperand(t *lexer.Token) *fault {
	f := faultAt(t, diag.MissingOperand, "a value is missing here")
	if !ends(t) {
		f.d.Summary = "a value is missing before " + shown(t)
	}
	if isSign(t, "=") {
		f.help("to compare write `==`")
	}
	return f
}

// notClosed says that a bracket does not end where it should.
func notClosed(t, opener *lexer.Token, sign string) *fault {
	f := faultAt(t, diag.OpenBracket, "`%s` is not closed", opener.Value)
	f.d.WithNote(lex.Span(opener), "it is opened here")
	if !ends(t) {
		f.label("`%s` is missing before this", sign)
	}
	return f.help("write the `%s` that belongs to it", sign)
}

func mapEntry(t *lexer.Token) *fault {
	f := faultAt(t, diag.MapEntry, "an entry of a map is `KEY: VALUE`")
	if key, value, ok := strings.Cut(t.Value, ":"); ok && t.Type == lex.Word && key != "" && value != "" {
		f.help("write a space after the colon: `%s: %s`", key, value)
	}
	if t.Type == lex.Word && strings.Contains(t.Value, "..") {
		f.help("a range stands without braces: `%s`", t.Value)
	}
	return f
}

func missingComma(t *lexer.Token, what string) *fault {
	return faultAt(t, diag.MissingComma, "a comma is missing between the %s", what)
}

// tooMuch says that a statement goes on after its end.
func (s *session) tooMuch(lx *lexer.PeekingLexer, first *lexer.Token) error {
	t := lx.Peek()
	head, last := first.Value, before(lx)
	f := faultAt(t, diag.TooMuch, "%s is too much for `%s`", shown(t), head)
	switch {
	case isWord(t, "catch"):
		return catchAlone(s, lex.Pos(t))
	case bracketedEnd(last, t):
		return f.bracketedEnd()
	case isSign(t, "(") && last != nil && last.Type == lex.Word && lex.Idents(last.Value):
		f.d.Code, f.d.Summary = diag.SpacedCall, "a call has no space before `(`"
		return f.help("write `%s(…)`", last.Value)
	case t.Type == lex.Word && len(t.Value) > 1 && operatorFirst(t.Value):
		f.d.Code, f.d.Summary = diag.OperatorSpace, "an operator has a space on both sides"
		return f.help("write `%s %s`", t.Value[:1], t.Value[1:])
	case isSign(t, ","):
		return f.help("what belongs together is separated by spaces here")
	case isSign(t, "="):
		return f.help("put a text with `=` in quotes")
	case last != nil && isSign(t, "[") && lex.Idents(last.Value) && !usage.Reserved(last.Value) && head == "let":
		return f.help("a call is written `%s(…)`, a list stands in `[ ]`", last.Value)
	case head == "expect" && s.unknownCheck(t):
		return f.help("the checks are %s, or a comparison", usage.Listed(checks))
	case last != nil && head == "expect" && slices.Contains(checks, last.Value):
		return f.help("write `expect no %s …`", last.Value)
	case last != nil && head == "wait" && slices.Contains([]string{"s", "ms", "us", "m", "h"}, t.Value):
		return f.help("write `%s%s`", last.Value, t.Value)
	case head == "let" || head == "set" || head == "return":
		return f.help("a text of several words stands in quotes, a list in `[ ]`")
	}
	if help, ok := usage.Elsewhere(head, t.Value); ok {
		return f.help("%s", help)
	}
	if statement := s.spaceAstray(head, last, t); statement != "" {
		return f.spaceFirst(statement)
	}
	if e := usage.Of(head); e != nil {
		if near, ok := name.Near(t.Value, e.Names(usage.Whole)); ok && t.Type == lex.Word {
			return f.help("did you mean `%s`?", near)
		}
		f.help("its form is `%s`", e.Form(head))
	}
	return f
}

// checks are what expect can do with two ends.
var checks = []string{"ping", "tcp", "udp", "path", "route"}

// unknownCheck reports whether a word stands behind one that is to be a check of
// expect, and is none.
func (s *session) unknownCheck(t *lexer.Token) bool {
	i := s.indexOf(t)
	if i < 2 || t.Type != lex.Word || !isWord(&s.scan.Tokens[i-2], "expect") {
		return false
	}
	word := &s.scan.Tokens[i-1]
	return word.Type == lex.Word && lex.Ident(word.Value) && word.Value != "not" && !slices.Contains(checks, word.Value)
}

// bracketedEnd reports whether a range was to end in brackets, or begin in them:
// 1..($n - 1)
func bracketedEnd(last, t *lexer.Token) bool {
	return last != nil && (isSign(t, "(") && last.Type == lex.Word && strings.HasSuffix(last.Value, "..") ||
		isSign(last, ")") && t.Type == lex.Word && strings.HasPrefix(t.Value, ".."))
}

func (f *fault) bracketedEnd() *fault {
	f.d.Summary = "the ends of a range do not stand in `( )`"
	return f.help("give the end a name before: `let last = …`, and write `1..$last`")
}

func operatorFirst(word string) bool { return strings.IndexByte("+-*/%~", word[0]) >= 0 }

// tooMuchAt says that a value of a statement is one too many.
func (s *session) tooMuchAt(span token.Span, head string) error {
	t := s.tokenAt(span.Pos.Offset)
	return faultAt(t, diag.TooMuch, "%s is too much for `%s`", shown(t), head).
		help("its form is `%s`", usage.Of(head).Forms[0])
}

// tooMuchInside is tooMuch for an expression in ${…}.
func (s *session) tooMuchInside(lx *lexer.PeekingLexer) error {
	t := lx.Peek()
	f := faultAt(t, diag.TooMuch, "%s is too much for this expression", shown(t))
	if t.Type == lex.Word && len(t.Value) > 1 && operatorFirst(t.Value) {
		f.d.Code, f.d.Summary = diag.OperatorSpace, "an operator has a space on both sides"
		f.help("write `%s %s`", t.Value[:1], t.Value[1:])
	}
	return f
}

// tokenAt returns the token at an offset, or the next one.
func (s *session) tokenAt(off int) *lexer.Token {
	for i := s.indexOf(&lexer.Token{Pos: lexer.Position{Offset: off}}); i < len(s.scan.Tokens); i++ {
		if t := &s.scan.Tokens[i]; t.Type != lex.Comment {
			return t
		}
	}
	return &s.scan.Tokens[len(s.scan.Tokens)-1]
}

// upTo is the stretch from a place to the last token before another.
func (s *session) upTo(from, to token.Pos) token.Span {
	span := token.Span{Pos: from, End: from}
	for i := s.indexOf(&lexer.Token{Pos: lexer.Position(to)}) - 1; i >= 0; i-- {
		if t := &s.scan.Tokens[i]; t.Type != lex.Comment {
			span.End = lex.End(t)
			break
		}
	}
	return span
}

func noExpression(x ast.Expr) *fault {
	f := &fault{tok: &lexer.Token{Type: lex.Word, Pos: lexer.Position(x.Where().Pos)}, at: x.Where().Pos.Offset}
	f.d = diag.New(diag.NotStatement, x.Where(), "`no` does not go with an expression").
		WithHelp("write `expect not …`; `no` stands before `ping`, `tcp`, `udp`, `path`, `route` and `exec`")
	return f
}

func waitOptions(s *session, o *ast.Option) error {
	return faultAt(s.tokenAt(o.Where().Pos.Offset), diag.MisplacedOption, "`%s` goes with `wait until`", o.Name).
		help("write `wait until CONDITION %s D`", o.Name)
}

func showWhere(s *session, x ast.Expr) error {
	t := s.tokenAt(x.Where().Pos.Offset)
	return faultAt(t, diag.TooMuch, "%s is too much for `show`", shown(t)).help("a namespace stands after `in`: `in %s`", t.Value)
}

func catchAlone(s *session, at token.Pos) error {
	return faultAt(s.tokenAt(at.Offset), diag.StrayElse, "`catch` goes with `try { … }`").
		help("write the statement in braces: `try { … } catch e { … }`")
}

// reservedName refuses a function with the name of a statement.
func (s *session) reservedName(n ast.Name) error {
	if !usage.Reserved(n.Text) {
		return nil
	}
	return faultAt(s.tokenAt(n.Pos.Offset), diag.NotName, "`%s` is a word of the language, and no name for a function", n.Text)
}
