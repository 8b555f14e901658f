package parse

import (
	"maps"
	"slices"
	"strings"

	"vnet/lang/lazy"
	"vnet/lang/usage"
)

// Grammar returns the grammar of the language as text: what the parsers say
// about themselves, the option lists from the usage table, and by hand the
// productions that are Go functions.
func Grammar() string {
	var b strings.Builder
	b.WriteString(grammarHead)
	words := slices.Sorted(maps.Keys(grammars))
	b.WriteString("Statement = ")
	seen := map[string]bool{}
	var rules []string
	for _, word := range words {
		for line := range strings.Lines(grammars[word].ebnf() + "\n") {
			name, body, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
			body = ownOptions(body, usage.Of(strings.Fields(word + " x")[0]))
			rule := name + " = " + body
			if !seen[rule] {
				seen[rule] = true
				rules = append(rules, rule)
			}
		}
	}
	b.WriteString(strings.Join(heads(words), "\n          | ") + " .\n\n")
	b.WriteString(strings.Join(rules, "\n"))
	b.WriteString("\n\n(* The options of the statements. *)\n\n")
	for _, e := range usage.All() {
		writeOptions(&b, &e)
	}
	b.WriteString(grammarTail)
	return b.String()
}

// heads names the production of every statement, none twice.
func heads(words []string) []string {
	var names []string
	for _, word := range words {
		name, _, _ := strings.Cut(grammars[word].ebnf(), " = ")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var optionLists = lazy.Regexp(`\b(Ping|Dial|Path|RouteTo)?Options\b|\b(Side|Tail|Route)Options\b`)

// ownOptions names the option lists in a rule after their statement.
func ownOptions(body string, e *usage.Entry) string {
	if e == nil || strings.Contains(body, `"bridge" | `) {
		return body
	}
	return optionLists().ReplaceAllStringFunc(body, func(list string) string {
		switch list {
		case "Options", "RouteOptions":
			return capital(e.Word) + "Options"
		}
		return list
	})
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

var scopeLists = []struct {
	word   string // whose table it is
	name   string
	scopes []usage.Scope
}{
	{"veth", "SideOptions", []usage.Scope{usage.Side}},
	{"veth", "TailOptions", []usage.Scope{usage.Side, usage.Cable}},
	{"route", "Nexthop", []usage.Scope{usage.Hop}},
	{"expect", "PingOptions", []usage.Scope{usage.Ping}},
	{"expect", "DialOptions", []usage.Scope{usage.Dial}},
	{"expect", "PathOptions", []usage.Scope{usage.Way}},
	{"expect", "RouteToOptions", []usage.Scope{usage.RouteTo}},
}

// writeOptions writes the option lists of a statement.
func writeOptions(b *strings.Builder, e *usage.Entry) {
	writeList(b, capital(e.Word)+"Options", e, usage.Whole)
	for _, l := range scopeLists {
		if l.word == e.Word {
			writeList(b, l.name, e, l.scopes...)
		}
	}
}

func writeList(b *strings.Builder, name string, e *usage.Entry, scopes ...usage.Scope) {
	var alternatives []string
	for i := range e.Options {
		if o := &e.Options[i]; slices.Contains(scopes, o.Scope) {
			alternatives = append(alternatives, optionRule(o))
		}
	}
	if len(alternatives) > 0 {
		b.WriteString(name + " = ( " + strings.Join(alternatives, " | ") + " )* .\n")
	}
}

func optionRule(o *usage.Option) string {
	word := `"` + o.Name + `"`
	switch {
	case o.Name == "from" && o.Kind == usage.Path:
		return word + ` "pid"? Value`
	case o.Name == "nexthop":
		return word + " Nexthop"
	case o.Kind == usage.None:
		return word
	case o.Equals:
		return word + ` Value "=" Value`
	case o.Compare:
		return word + " Comparison Value"
	case o.Arity == usage.Many && o.Optional:
		return word + " Value*"
	case o.Arity == usage.Many:
		return word + " Value+"
	case o.Kind == usage.Switch:
		return word + ` ( "on" | "off" | Value )`
	}
	return word + " Value"
}

const grammarHead = `(* The grammar of vnet. Written by go test ./lang/parse -update from the parsers
   and the table in lang/usage; do not edit. Lexical rules stand in SPEC.md.
   <word>, <string>: what the lexer makes; (* words *) say what notation cannot. *)

Script     = ( Statement? <newline> )* Statement? .   (* } ends a statement, too *)
Block      = "{" Script "}" .

`

const grammarTail = `
(* Values and expressions. *)

OptionalBlock = Block .
BlockOrStatement = Block | Statement .
Namespaces = Value+ .          (* the first may be any word; the others end at the word of a statement *)
Endpoint   = Value .
Namespace  = Value .
Address    = Value .
Destination = Value .
Target     = Value .
Duration   = Value .
OnOff      = Value .
MoreValues = Value .
MoreNames  = Value .           (* none that is the word of an option *)
MoreAddresses = Value .        (* a word only if it begins with a digit or $, or has : or / in it *)
Value      = <word> | <string> | Call | List | "(" Expression ")" .
Targets    = Value ( "," Value )* .
Title      = <string> .
Identifier = <word> .          (* letters, digits and _, no digit first *)
CatchName  = Identifier .
Function   = Identifier ( "." Identifier )* .
Identifiers = Identifier ( "," Identifier )* .
Parameters = "(" ( Parameter ( "," Parameter )* ","? )? ")" .
Parameter  = Identifier ( "=" Expression )? | Identifier ( "…" | "..." ) .
Arguments  = CallArguments | ( ( Identifier "=" )? ( Value | Map ) )* .
Verb       = <word> .          (* one of the verbs of the statement *)
OptionalVerb = Verb .
Options    = BridgeOptions | DummyOptions | … .   (* those of the statement's word *)
RouteType  = "unicast" | "blackhole" | "unreachable" | "prohibit" | "throw" .
Arrow      = "<->" | "peer" .
Towards    = "->" .
Equals     = "=" .
InWord     = "in" .
ViaWord    = "via" .
Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=" .

ValueOrExec = Expression | "exec" Program | "spawn" Background .
OptionalRHS = ValueOrExec .
Program    = ExecOptions ( "--" | "in" Value )? ( <argument>+ | "sh" <string> | "{" ( <argument>* <newline> )* "}" ) .
Background = SpawnOptions ( "--" | "in" Value )? ( <argument>+ | "sh" <string> ) .

Expression = And ( "or" And )* .
And        = Not ( "and" Not )* .
Not        = "not" Not | Compare .
Compare    = Sum ( ( Comparison | "in" | "~" ) Sum )* .
Sum        = Product ( ( "+" | "-" ) Product )* .
Product    = Negative ( ( "*" | "/" | "%" ) Negative )* .
Negative   = "-" Negative | Primary .
Primary    = <word> | <string> | Map | ( Call | List | "(" Expression ")" ) ( "[" Expression "]" | "." Identifier )* .
Call       = Function CallArguments .   (* no space before the parenthesis *)
CallArguments = "(" ( Argument ( "," Argument )* ","? )? ")" .
Argument   = ( Identifier "=" )? Expression .
List       = "[" ( Expression ","? )* "]" .
Map        = "{" ( <key:> Expression ( "," | <newline> )? )* "}" .
`
