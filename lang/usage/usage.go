// Package usage is the table of the language's statements: their forms, their
// options and what each option takes. The parser reads statements by it, and
// its messages, the help at the prompt, completion, the checks of literals and
// the grammar file all come from it.
package usage

import "slices"

// A Kind is what an argument of an option has to look like.
type Kind int

const (
	None     Kind = iota // no argument: the option's word says it all
	Switch               // on or off
	Int                  // a whole number
	MAC                  // a hardware address
	IP                   // an address
	CIDR                 // an address with its prefix length
	Dest                 // a route's destination: a prefix, an address, default
	Duration             // 50ms
	Rate                 // 10mbit
	Percent              // 1%
	Size                 // 64k
	Name                 // a namespace
	Link                 // an interface of the namespace
	End                  // NS:IF
	Word                 // one of a few words; Option.Values lists them
	Text                 // any text
	Path                 // a file or a folder
	Port                 // 1–65535
	User                 // a user or a group of the machine
	Value                // anything

	// What else stands at places of the forms.
	NewName   // a namespace that is to be made
	NewLink   // an interface that is to be made, without its namespace
	NewEnd    // NS:IF that is to be made
	Bridge    // a bridge
	Target    // where packets go: a namespace, an interface, an address
	Gateway   // an address or a namespace on a shared link
	OwnIP     // an address of the namespace
	Spawned   // a program in the background
	Command   // an executable
	Argument  // an argument of a program
	Module    // a file or module for import
	Sysctl    // a kernel parameter
	Variable  // a variable that is there
	NewVar    // a variable that is to be made
	NewFunc   // a function that is to be made
	Fresh     // any new name
	Topic     // a word that help knows
	Savepoint // a savepoint of the open transaction
	Expr      // an expression, of several words
	Condition // what expect and wait look at
	Statement // a whole statement
)

var kindPhrases = [...]string{
	None: "nothing", Switch: "`on` or `off`", Int: "a number", MAC: "a MAC address such as `02:00:00:00:00:01`",
	IP: "an address such as `10.0.0.1`", CIDR: "an address with its prefix length, such as `10.0.0.1/24`",
	Dest:     "a destination such as `10.2.0.0/16` or `default`",
	Duration: "a duration such as `50ms`", Rate: "a rate such as `10mbit`", Percent: "a percentage such as `1%`",
	Size: "a size such as `64k`", Name: "the name of a namespace", Link: "the name of an interface",
	End: "an interface such as `h1:eth0`", Word: "a word", Text: "a text", Path: "a path",
	Port: "a port number", User: "a name or number", Value: "a value",
	NewName: "a new name for a namespace, such as `h1`", NewLink: "a new name for an interface, such as `eth0`",
	NewEnd: "a new interface such as `h1:eth0`", Bridge: "the name of a bridge",
	Target:  "a namespace, an interface or an address, such as `h2` or `10.0.0.2`",
	Gateway: "an address such as `10.0.0.1`, or a namespace on the same link",
	OwnIP:   "an address of the namespace, such as `10.0.0.1`",
	Spawned: "the name of a program that was started with `spawn`", Command: "a program such as `ping`",
	Argument: "an argument of the program", Module: "a module such as `std/topo`, or a file",
	Sysctl: "a kernel parameter such as `net.ipv4.ip_forward`", Variable: "the name of a variable",
	NewVar: "a new name for a variable", NewFunc: "a new name for a function", Fresh: "a new name",
	Topic: "a word of the language", Savepoint: "the name of a savepoint",
	Expr: "an expression such as `$n + 1`", Condition: "a condition such as `ping h1 -> h2`",
	Statement: "a statement",
}

// Phrase says in words what the kind looks like, for messages and help.
func (k Kind) Phrase() string { return kindPhrases[k] }

// A Scope is the part of a statement that an option belongs to.
type Scope string

const (
	Whole   Scope = ""        // the statement itself
	Side    Scope = "side"    // one end of a veth
	Cable   Scope = "cable"   // the veth as a whole
	Hop     Scope = "nexthop" // a nexthop of a route
	Ping    Scope = "ping"    // the conditions of expect and wait until
	Dial    Scope = "tcp"
	Way     Scope = "path"
	RouteTo Scope = "route"
)

// Many is the arity of an option that takes arguments up to the next option.
const Many = -1

// An Option is a word of a statement with what it takes.
type Option struct {
	Name     string
	Arg      string // as the forms write it: D, on|off, N
	Doc      string
	Kind     Kind     // of each argument
	Place    Kind     // what stands there more exactly, for completion; None: the kind says it
	Values   []string // for Word, and for the words a number may be replaced by
	Min, Max int64    // for Int, when Max is not 0
	Arity    int      // 0, 1, 2 (KEY = VALUE) or Many
	Compare  bool     // a comparison stands before the argument: loss < 5%
	Equals   bool     // KEY = VALUE
	Optional bool     // the argument may be left out
	Repeat   bool     // may be given more than once
	Required bool
	Scope    Scope
	Same     string // the option that this one is another spelling of
	Later    string // a later version has it, in this one it is refused: what to do meanwhile; else empty
}

// Phrase says in words what the option takes.
func (o *Option) Phrase() string {
	switch {
	case o.Compare:
		return "a comparison such as `< " + o.Arg + "`"
	case o.Equals:
		return "`KEY = VALUE`"
	case len(o.Values) > 0 && o.Kind == Word:
		return "one of " + Quoted(o.Values)
	}
	return o.Kind.Phrase()
}

// An Entry is one statement word.
type Entry struct {
	Word    string
	Forms   []string // one line each, as the reference writes them
	Doc     string   // one line
	Verbs   []string // the words that may follow at once
	Block   bool     // a block of statements may follow
	Options []Option
	// Places says what the words in capitals of the forms stand for, where that
	// differs from what they stand for elsewhere; `del NAME` is a NAME behind del.
	Places map[string]Kind
}

// Wants says what stands at an argument of the option, as exactly as is known.
func (o *Option) Wants() Kind {
	if o.Place != None {
		return o.Place
	}
	return o.Kind
}

// Option returns the option of that name in that part of the statement, other
// spellings included, or nil.
func (e *Entry) Option(scope Scope, name string) *Option {
	for i := range e.Options {
		if o := &e.Options[i]; o.Name == name && o.Scope == scope {
			return o
		}
	}
	return nil
}

// Names returns the names of the options of that part of the statement.
func (e *Entry) Names(scope Scope) []string {
	var names []string
	for _, o := range e.Options {
		if o.Scope == scope {
			names = append(names, o.Name)
		}
	}
	return names
}

// Form returns the first form that begins with the given words, or the first.
func (e *Entry) Form(head string) string {
	for _, f := range e.Forms {
		if len(f) >= len(head) && f[:len(head)] == head {
			return f
		}
	}
	return e.Forms[0]
}

// All returns the statements of this version, sorted by their word.
func All() []Entry { return table }

var index = func() map[string]*Entry {
	m := make(map[string]*Entry, len(table))
	for i := range table {
		m[table[i].Word] = &table[i]
	}
	return m
}()

// Of returns the entry of a statement word, or nil.
func Of(word string) *Entry { return index[word] }

// Words returns the statement words, sorted.
func Words() []string {
	words := make([]string, len(table))
	for i := range table {
		words[i] = table[i].Word
	}
	return words
}

// Reserved reports whether a word at the head of a statement is the
// language's own, in this version or a later one, and so no function's name.
func Reserved(word string) bool {
	return index[word] != nil || Later(word) != nil || slices.Contains(parts, word)
}

// parts are words of the language that never begin a statement.
var parts = []string{"and", "as", "catch", "else", "false", "from", "no", "not", "or", "peer", "rollback", "true", "until"}
