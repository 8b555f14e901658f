package parse

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/token"
	"vnet/lang/usage"
)

// The roles that a value can have in a statement. participle chooses the Go
// function that reads one by its type, which is why each has a type of its own.
type (
	endpoint      interface{ ast.Expr } // NS:IF
	namespace     interface{ ast.Expr } // one that has to be there
	moreNames     interface{ ast.Expr } // further ones, up to the first option
	address       interface{ ast.Expr } // IP or CIDR
	moreAddresses interface{ ast.Expr } // further ones
	destination   interface{ ast.Expr }
	target        interface{ ast.Expr }
	value         interface{ ast.Expr } // any one value
	moreValues    interface{ ast.Expr } // further ones
	expression    interface{ ast.Expr } // with operators
	valueOrExec   interface{ ast.Expr } // an expression, or exec
	optionalRHS   interface{ ast.Expr }
	duration      interface{ ast.Expr }
	onOff         interface{ ast.Expr }
	title         interface{ ast.Expr } // a quoted text that may be left out
	testName      interface{ ast.Expr } // a quoted text

	verb         interface{ text() string } // has to be there
	optionalVerb interface{ text() string } // may be left out
	routeType    interface{ text() string } // blackhole …
	identifier   interface{ text() string }
	identifiers  interface{ names() []ast.Name }

	catchName interface{ text() string }
	function  interface{ text() string }
	viaWord   interface{ sign() }
	arrow     interface{ sign() } // <->
	towards   interface{ sign() } // ->
	equals    interface{ sign() } // =
	inWord    interface{ sign() } // in, of a for

	block            interface{ block() *ast.Block }
	optionalBlock    interface{ block() *ast.Block }
	blockOrStatement interface{ block() *ast.Block } // a block or a statement
	namespaces       interface{ exprs() []ast.Expr } // of in
	targets          interface{ exprs() []ast.Expr } // X, Y
	parameters       interface{ params() []ast.DefParam }
	arguments        interface{ args() []ast.Arg }
	program          interface{ exec() *ast.Exec }
	background       interface{ exec() *ast.Exec }
)

// An ident is an identifier as a role.
type ident struct{ ast.Name }

func (i ident) text() string { return i.Text }

type identList []ast.Name

func (l identList) names() []ast.Name { return l }

type mark struct{}

func (mark) sign() {}

// A body is a block, or a statement that stands for one.
type body struct {
	*ast.Block
	single bool
}

func (b body) block() *ast.Block { return b.Block }

type exprList []ast.Expr

func (l exprList) exprs() []ast.Expr { return l }

// as makes a production of type T of a function that reads an expression.
func as[T any](read func(*lexer.PeekingLexer) (ast.Expr, error)) participle.Option {
	return participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (t T, err error) {
		x, err := read(lx)
		if err != nil {
			return t, err
		}
		return x.(T), nil
	})
}

// needed reads a value that has to be there.
func needed(phrase string) func(*lexer.PeekingLexer) (ast.Expr, error) {
	return func(lx *lexer.PeekingLexer) (ast.Expr, error) {
		if t := lx.Peek(); !beginsValue(t) {
			return nil, wanted(t, phrase)
		}
		return operand(lx)
	}
}

// further reads one more value if the next word is one.
func further(is func(*lexer.PeekingLexer) bool) func(*lexer.PeekingLexer) (ast.Expr, error) {
	return func(lx *lexer.PeekingLexer) (ast.Expr, error) {
		if !beginsValue(lx.Peek()) || !is(lx) {
			return nil, participle.NextMatch
		}
		return operand(lx)
	}
}

// beginsValue reports whether a value can begin with a token.
func beginsValue(t *lexer.Token) bool {
	switch t.Type {
	case lex.Word, lex.String:
		return true
	case lex.Sign:
		return t.Value == "(" || t.Value == "["
	}
	return false
}

// beginsAddress reports whether an address can begin with the next token:
// a word of letters is rather a misspelt option.
func beginsAddress(lx *lexer.PeekingLexer) bool {
	t := lx.Peek()
	if t.Type != lex.Word {
		return beginsValue(t)
	}
	for i := range len(t.Value) {
		switch c := t.Value[i]; {
		case i == 0 && (c == '$' || c >= '0' && c <= '9'), c == ':', c == '/':
			return true
		}
	}
	next := peek2(lx)
	return isSign(next, "(") && adjacent(t, next)
}

// readAddress reads the address that a statement needs.
func readAddress(word string) func(lx *lexer.PeekingLexer) (ast.Expr, error) {
	return func(lx *lexer.PeekingLexer) (ast.Expr, error) {
		if beginsAddress(lx) {
			return operand(lx)
		}
		if word == "addr" {
			return nil, wanted(lx.Peek(), "an address such as `10.0.0.1/24`")
		}
		return nil, wanted(lx.Peek(), "an address such as `10.0.0.1`")
	}
}

// valuePhrase says what the value of a statement is.
func valuePhrase(word string) string {
	if word == "stop" || word == "logs" {
		return "the name of a program that was started with `spawn`"
	}
	if word == "lab" || word == "hosts" {
		return "a name"
	}
	return "a value"
}

// roles are the productions for a statement.
func roles(e *usage.Entry) []participle.Option {
	if e == nil {
		e = &usage.Entry{}
	}
	noOption := func(lx *lexer.PeekingLexer) bool {
		t := lx.Peek()
		return t.Type != lex.Word || e.Option(usage.Whole, t.Value) == nil && t.Value != "catch"
	}
	return append([]participle.Option{
		as[endpoint](needed("an interface such as `h1:eth0`")),
		as[namespace](needed("the name of a namespace")),
		as[moreNames](further(noOption)),
		as[address](readAddress(e.Word)),
		as[moreAddresses](further(beginsAddress)),
		as[destination](needed("a destination such as `10.2.0.0/16` or `default`")),
		as[target](needed("where it goes, such as `h2` or `10.0.0.2`")),
		as[value](needed(valuePhrase(e.Word))),
		as[moreValues](further(func(*lexer.PeekingLexer) bool { return true })),
		as[expression](readExpression),
		as[valueOrExec](readResult),
		as[title](readTitle),
		as[testName](readTestName),
		as[optionalRHS](readOptionalRHS),
		as[duration](needed("a duration such as `5s`, or `until` and a condition")),
		as[onOff](needed("`on` or `off`")),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (verb, error) { return readVerb(lx, e) }),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (optionalVerb, error) { return readAction(lx, e) }),
		participle.ParseTypeWith(readRouteType),
		participle.ParseTypeWith(func(lx *lexer.PeekingLexer) (identifier, error) { return readIdentifier(lx) }),
		participle.ParseTypeWith(readIdentifiers),
		participle.ParseTypeWith(readCatchName),
		participle.ParseTypeWith(readFunction),
		participle.ParseTypeWith(readVia),
		participle.ParseTypeWith(readArrow),
		participle.ParseTypeWith(readTowards),
		participle.ParseTypeWith(readEquals),
		participle.ParseTypeWith(readIn),
		participle.ParseTypeWith(readBlock),
		participle.ParseTypeWith(readOptionalBlock),
		participle.ParseTypeWith(readBody),
		participle.ParseTypeWith(readNamespaces),
		participle.ParseTypeWith(readTargets),
		participle.ParseTypeWith(readParameters),
		participle.ParseTypeWith(readArguments),
		participle.ParseTypeWith(readProgram),
		participle.ParseTypeWith(readBackground),
	}, optionRoles(e)...)
}

func readTitle(lx *lexer.PeekingLexer) (ast.Expr, error) {
	if lx.Peek().Type != lex.String {
		return nil, participle.NextMatch
	}
	return operand(lx)
}

// readTestName takes a text in quotes: the name of a test.
func readTestName(lx *lexer.PeekingLexer) (ast.Expr, error) {
	if t := lx.Peek(); t.Type != lex.String {
		return nil, wanted(t, "the name of the test, in quotes")
	}
	return operand(lx)
}

func readIdentifier(lx *lexer.PeekingLexer) (identifier, error) {
	t := lx.Peek()
	if t.Type != lex.Word {
		return nil, wanted(t, "a name")
	}
	if !lex.Ident(t.Value) {
		return nil, notName(t)
	}
	lx.Next()
	return ident{ast.Name{Span: lex.Span(t), Text: t.Value}}, nil
}

func readIdentifiers(lx *lexer.PeekingLexer) (identifiers, error) {
	var list identList
	for {
		n, err := readIdentifier(lx)
		if err != nil {
			return nil, err
		}
		list = append(list, n.(ident).Name)
		if !isSign(lx.Peek(), ",") {
			return list, nil
		}
		lx.Next()
	}
}

func readArrow(lx *lexer.PeekingLexer) (arrow, error) {
	t := lx.Peek()
	if isSign(t, "<->") || isWord(t, "peer") {
		lx.Next()
		return mark{}, nil
	}
	return nil, missingArrow(lx)
}

func readTowards(lx *lexer.PeekingLexer) (towards, error) {
	t := lx.Peek()
	if isSign(t, "->") {
		lx.Next()
		return mark{}, nil
	}
	f := faultAt(t, diag.MissingArrow, "`->` is missing between the two ends of the way")
	if isSign(t, "<->") {
		f.label("a way goes in one direction: `->`")
	} else if last := before(lx); last != nil && last.Type == lex.Word && t.Type == lex.Word {
		from, to := last.Value, t.Value
		if words := sessionOf(lx).lineWords(lx); from == "from" && len(words) > 2 {
			from, to = t.Value, words[2] // from a to b
		}
		f.help("write `%s -> %s`", from, to)
	}
	return nil, f
}

func readEquals(lx *lexer.PeekingLexer) (equals, error) {
	t := lx.Peek()
	if isSign(t, "=") {
		lx.Next()
		return mark{}, nil
	}
	f := faultAt(t, diag.MissingEquals, "`=` is missing before the value")
	s, last := sessionOf(lx), before(lx)
	statement := s.spaceSecond("sysctl", last, t)
	switch {
	case statement != "":
		f.spaceFirst(statement)
	case last != nil && isWord(last, "-w"):
		f.help("write it without `-w`: `sysctl KEY = VALUE`")
	case last != nil && len(t.Value) == 1 && operatorFirst(t.Value) && isSign(peek2(lx), "="):
		f.help("write `set %s = $%s %s …`", last.Value, last.Value, t.Value)
	case isWord(t, ":") || isWord(t, "is") || isSign(t, "=="):
		f.label("write `=` here")
	case t.Type == lex.Word:
		f.help("write `= %s`", t.Value)
	}
	return nil, f
}

func readIn(lx *lexer.PeekingLexer) (inWord, error) {
	t := lx.Peek()
	if isWord(t, "in") {
		lx.Next()
		return mark{}, nil
	}
	return nil, wanted(t, "`in` and what to go through")
}

func readBlock(lx *lexer.PeekingLexer) (block, error) {
	if t := lx.Peek(); !isSign(t, "{") {
		return nil, missingBlock(lx, t)
	}
	return body{Block: sessionOf(lx).braces(lx)}, nil
}

func readOptionalBlock(lx *lexer.PeekingLexer) (optionalBlock, error) {
	if !isSign(lx.Peek(), "{") {
		return nil, participle.NextMatch
	}
	return body{Block: sessionOf(lx).braces(lx)}, nil
}

// bodyOf reads a block, or one statement in its place.
func readBody(lx *lexer.PeekingLexer) (blockOrStatement, error) {
	s := sessionOf(lx)
	t := lx.Peek()
	switch {
	case isSign(t, "{"):
		return body{Block: s.braces(lx)}, nil
	case ends(t):
		f := wanted(t, "a statement behind it on the line, or a block in `{ }`")
		f.block = true
		return nil, f
	}
	stmt := s.statement(lx)
	return body{Block: &ast.Block{Span: stmt.Where(), Stmts: []ast.Stmt{stmt}}, single: true}, nil
}

// spanOf joins the places of the first and the last of a list.
func spanOf[T ast.Node](list []T) (span token.Span) {
	if len(list) > 0 {
		span = token.Join(list[0].Where(), list[len(list)-1].Where())
	}
	return span
}
