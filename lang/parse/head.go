package parse

import (
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/usage"
)

// strangeHead judges a statement's first word that is not of this version. It
// is nil where the word can be the name of a function.
func (s *session) strangeHead(lx *lexer.PeekingLexer, t, second *lexer.Token) error {
	word := t.Value
	if later := usage.Later(word); later != nil {
		f := faultAt(t, diag.LaterStatement, "`%s` is not in this version of vnet", word)
		f.opaque = !later.Block
		return f.help("%s", later.Help)
	}
	if _, ok := usage.Foreign([]string{word}); ok {
		line, _ := usage.Foreign(s.lineWords(lx))
		f := faultAt(t, diag.OtherTool, "`%s` is not a statement of vnet", word)
		f.opaque = true
		return f.help("write `%s`", line)
	}
	switch {
	case usage.Closes(word) && ends(second):
		return faultAt(t, diag.NotStatement, "`%s` begins no statement", word).help("a block ends with `}`")
	case word == "else" || word == "catch":
		return s.strayElse(t)
	case isSign(second, "=") && lex.Ident(word):
		return faultAt(t, diag.BareAssignment, "`%s = …` needs `let` or `set`", word).
			help("write `let %s = …` to make a variable, `set %s = …` to change one", word, word)
	case !lex.Idents(word), usage.Reserved(word) && word != "rollback":
		return notStatement(t)
	case s.blockAhead(lx):
		f := faultAt(t, diag.NotStatement, "no statement `%s` with a block", word)
		return withNear(f, word)
	}
	return nil
}

// strayElse judges an `else` or `catch` with no `if` or `try` before it.
func (s *session) strayElse(t *lexer.Token) error {
	f := faultAt(t, diag.StrayElse, "`%s` stands alone", t.Value)
	switch i := s.indexOf(t); {
	case i == 0 || !isSign(&s.scan.Tokens[i-1], "}"):
		return f.help("write it on the line of the `}` before it: `} %s {`", t.Value)
	case t.Value == "catch":
		return f.help("`catch` follows the block of a `try`")
	}
	return f.help("`else` follows the block of an `if`; what is done when a `try` fails begins with `} catch e {`")
}

// blockAhead reports whether a block ends the line: no call has one.
func (s *session) blockAhead(lx *lexer.PeekingLexer) bool {
	for i := s.indexOf(lx.Peek()); i+1 < len(s.scan.Tokens); i++ {
		t, next := &s.scan.Tokens[i], &s.scan.Tokens[i+1]
		if t.Type == lex.Newline || isSign(t, "}") {
			return false
		}
		if isSign(t, "{") {
			return next.Type == lex.Newline && next.Value != ";" && !s.mapAhead(i+1)
		}
	}
	return false
}

// mapAhead reports whether the tokens from i on are the first entry of a map.
func (s *session) mapAhead(i int) bool {
	for ; i < len(s.scan.Tokens); i++ {
		t := &s.scan.Tokens[i]
		if t.Type != lex.Newline && t.Type != lex.Comment {
			return isSign(t, "}") || t.Type == lex.Word && strings.HasSuffix(t.Value, ":")
		}
	}
	return true
}

func withNear(f *fault, word string) *fault {
	if near, ok := usage.Meant(word); ok {
		return f.help("did you mean `%s`?", near)
	}
	return f
}

// strangeCall says that a line which went wrong as the call of a function is
// a statement with a wrong word at its head; nil if it may well be a call.
func (s *session) strangeCall(first *lexer.Token, f *fault) *fault {
	word := first.Value
	if f.tok == first || f.d != nil && f.d.Span.Pos.Offset == first.Pos.Offset || lex.ProblemOf(f.tok) != 0 {
		return nil // it has a message of its own
	}
	if usage.Reserved(word) || !lex.Idents(word) || strings.Contains(s.text, "def "+word) {
		return nil
	}
	_, ok := usage.Meant(word)
	if !ok && !isSign(f.tok, "<->") && !isSign(f.tok, "->") {
		return nil
	}
	return withNear(faultAt(first, diag.NotStatement, "%s begins no statement", shown(first)), word)
}

// lineWords returns the words of the statement that begins at the next token.
func (s *session) lineWords(lx *lexer.PeekingLexer) []string {
	return s.wordsFrom(s.indexOf(lx.Peek()))
}

// wordsFrom returns the words from a token to the end of its statement.
func (s *session) wordsFrom(from int) []string {
	var words []string
	for i := from; i < min(len(s.scan.Tokens), from+100); i++ {
		t := &s.scan.Tokens[i]
		if ends(t) || isSign(t, "{") {
			break
		}
		if n := len(words); n > 0 && adjacent(&s.scan.Tokens[i-1], t) {
			words[n-1] += t.Value
			continue
		}
		words = append(words, t.Value)
	}
	return words
}

// ownOrder refuses what ip writes and vnet spells in another way, where it
// would parse as something else.
func (s *session) ownOrder(lx *lexer.PeekingLexer, first, second *lexer.Token) error {
	if second.Type != lex.Word {
		return nil
	}
	if !slices.Contains([]string{"addr", "route", "rule", "neigh"}, first.Value) {
		return s.strangeVerb(s.lineWords(lx), second)
	}
	if !slices.Contains([]string{"show", "list", "ls", "flush", "get"}, second.Value) {
		return nil
	}
	f := faultAt(second, diag.UnknownVerb, "`%s` has no `%s`", first.Value, second.Value)
	if second.Value == "flush" || second.Value == "get" {
		return f.help("run the program: `exec in NS ip %s`", strings.Join(s.lineWords(lx), " "))
	}
	line, _ := usage.Foreign(append([]string{"ip"}, s.lineWords(lx)...))
	return f.help("write `%s`", line)
}

// strangeVerb refuses the verb that other tools put before what they make:
// `ns add h1` would make a namespace `add`.
func (s *session) strangeVerb(words []string, second *lexer.Token) error {
	e := usage.Of(words[0])
	if e == nil || len(words) < 2 || words[1] != second.Value || words[0] != "ns" && e.Places["END"] != usage.NewEnd {
		return nil
	}
	verb, rest := words[1], words[2:]
	line := ""
	switch {
	case words[0] == "ns" && (verb == "list" || verb == "ls" || verb == "show" || verb == "exec" && len(rest) > 1):
		line, _ = usage.Foreign(append([]string{"ip", "netns"}, words[1:]...))
	case len(rest) == 0 || strings.ContainsAny(rest[0], "/<") || e.Option(usage.Whole, rest[0]) != nil:
	case verb == "add" || verb == "create":
		line = words[0] + " " + strings.Join(rest, " ")
	case slices.Contains([]string{"del", "delete", "remove", "rm"}, verb):
		line = map[bool]string{true: "ns", false: "link"}[words[0] == "ns"] + " del " + strings.Join(rest, " ")
	}
	if line == "" {
		return nil
	}
	return faultAt(second, diag.UnknownVerb, "`%s` has no `%s`", words[0], verb).help("write `%s`", line)
}

// nativeLine adds to a mistake in a statement that ip has, too, what its line
// means in vnet.
func (s *session) nativeLine(lx *lexer.PeekingLexer, from lexer.Checkpoint, first *lexer.Token, d *diag.Diagnostic) {
	if !slices.Contains([]string{"addr", "link", "neigh"}, first.Value) {
		return
	}
	lx.LoadCheckpoint(from)
	words := s.lineWords(lx)
	if len(words) > 2 && words[2] == "dev" && d.Code == diag.UnknownOption {
		d.Help = nil // the name of the interface was taken for an option
	}
	if len(d.Help) > 0 && d.Code != diag.Incomplete && d.Code != diag.UnknownVerb {
		return
	}
	typed := strings.Join(words, " ")
	line, ok := usage.Foreign(append([]string{"ip"}, words...))
	if ok && len(words) > 3 && line != typed && !strings.ContainsAny(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		d.Help = append([]string{"write `" + line + "`"}, d.Help...)
	}
}

// readVerb reads the word that says what a statement does.
func readVerb(lx *lexer.PeekingLexer, e *usage.Entry) (verb, error) {
	t := lx.Peek()
	if t.Type != lex.Word || !slices.Contains(e.Verbs, t.Value) {
		return nil, wrongVerb(t, e)
	}
	lx.Next()
	return ident{ast.Name{Span: lex.Span(t), Text: t.Value}}, nil
}

func readAction(lx *lexer.PeekingLexer, e *usage.Entry) (optionalVerb, error) {
	if t := lx.Peek(); t.Type != lex.Word || !slices.Contains(e.Verbs, t.Value) {
		return nil, participle.NextMatch
	}
	return readVerb(lx, e)
}

func readRouteType(lx *lexer.PeekingLexer) (routeType, error) {
	t := lx.Peek()
	if t.Type != lex.Word || !slices.Contains([]string{"blackhole", "unreachable", "prohibit", "throw", "unicast"}, t.Value) {
		return nil, participle.NextMatch
	}
	lx.Next()
	if t.Value == "unicast" {
		return ident{}, nil
	}
	return ident{ast.Name{Span: lex.Span(t), Text: t.Value}}, nil
}

func readCatchName(lx *lexer.PeekingLexer) (catchName, error) {
	if lx.Peek().Type != lex.Word {
		return nil, participle.NextMatch
	}
	return readIdentifier(lx)
}

// readFunction reads the name of a function, perhaps of a module's.
func readFunction(lx *lexer.PeekingLexer) (function, error) {
	t := lx.Next()
	return ident{ast.Name{Span: lex.Span(t), Text: t.Value}}, nil
}

func readVia(lx *lexer.PeekingLexer) (viaWord, error) {
	if t := lx.Peek(); !isWord(t, "via") {
		return nil, wanted(t, "`via` and where it passes, as in `via r1, r2`")
	}
	lx.Next()
	return mark{}, nil
}

// readTargets reads values with commas between them.
func readTargets(lx *lexer.PeekingLexer) (targets, error) {
	var list exprList
	for {
		if t := lx.Peek(); !beginsValue(t) {
			return nil, wanted(t, "the name of a namespace")
		}
		x, err := operand(lx)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
		if !isSign(lx.Peek(), ",") {
			return list, nil
		}
		lx.Next()
	}
}

// readNamespaces reads those of in: up to a block or the word of a statement.
// Where neither comes, the first is the only one, and a function is called.
func readNamespaces(lx *lexer.PeekingLexer) (namespaces, error) {
	if t := lx.Peek(); !beginsValue(t) {
		return nil, wanted(t, "the name of a namespace")
	}
	first, err := operand(lx)
	if err != nil {
		return nil, err
	}
	list, after := exprList{first}, lx.MakeCheckpoint()
	for {
		t := lx.Peek()
		switch {
		case isSign(t, "{") || beginsStatement(lx, t):
			return list, nil
		case !beginsValue(t):
			lx.LoadCheckpoint(after)
			return list[:1], nil
		}
		x, err := operand(lx)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
}

// beginsStatement reports whether a word after namespaces is a statement's.
// The word of another tool may be the name of one more namespace.
func beginsStatement(lx *lexer.PeekingLexer, t *lexer.Token) bool {
	if t.Type != lex.Word {
		return false
	}
	if usage.Reserved(t.Value) {
		return true
	}
	_, ok := usage.Foreign([]string{t.Value})
	return ok && !isSign(peek2(lx), "{")
}

func readParameters(lx *lexer.PeekingLexer) (parameters, error) {
	opener := lx.Peek()
	if !isSign(opener, "(") {
		return nil, wanted(opener, "its parameters in `( )`")
	}
	lx.Next()
	var list paramList
	for !isSign(lx.Peek(), ")") {
		p, err := readParameter(lx)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
		switch next := lx.Peek(); {
		case isSign(next, ","):
			lx.Next()
		case next.Type == lex.Word:
			return nil, missingComma(next, "parameters")
		case !isSign(next, ")"):
			return nil, notClosed(next, opener, ")")
		}
	}
	lx.Next()
	return list, nil
}

type paramList []ast.DefParam

func (l paramList) params() []ast.DefParam { return l }

// readParameter reads one of:  name   count = 3   rest…
func readParameter(lx *lexer.PeekingLexer) (p ast.DefParam, err error) {
	t := lx.Peek()
	text := strings.TrimSuffix(strings.TrimSuffix(t.Value, "…"), "...")
	if t.Type != lex.Word || !lex.Ident(strings.TrimPrefix(text, "$")) {
		if t.Type == lex.Word {
			return p, notName(t)
		}
		return p, wanted(t, "the name of a parameter")
	}
	if strings.HasPrefix(text, "$") {
		return p, notName(t)
	}
	lx.Next()
	at := lex.Pos(t)
	p.Name = ast.Name{Text: text}
	p.Name.Pos, p.Name.End = at, lex.Advance(at, text)
	p.Rest = text != t.Value
	if !p.Rest && isSign(lx.Peek(), "=") {
		lx.Next()
		p.Default, err = readExpression(lx)
	}
	return p, err
}
