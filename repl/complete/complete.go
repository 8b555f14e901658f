// Package complete knows what is being typed at the prompt: what may come
// next, what a word is, and whether it can be right. It is made of functions
// over text, the language's own tables and a State; it prints nothing and reads
// nothing but what the State tells.
//
// Everything about statements comes from lang/usage: the forms of a statement
// are read as a grammar (usage.Pattern), and text is followed through them, so
// that a statement or option added to the table is completed, listed and
// coloured here without a change. Values are judged by lang/check.
package complete

import "net/netip"

// A Link is an interface that is alive.
type Link struct {
	Name   string
	Kind   string         // veth, bridge, dummy …, as the kernel calls it
	Master string         // the bridge it is a port of, or ""
	Peer   string         // the other end of a veth as NS:IF, host:IF in the starting namespace; "" if not known
	Addrs  []netip.Prefix // with their host bits
}

// A Named is a name with a line about it.
type Named struct{ Name, Doc string }

// A State is what is alive and known now. All calls are cheap: they are made
// at every key. What a State gives is not changed by its user, and must not be
// changed by its owner while a function of this package runs.
type State interface {
	Namespaces() []string                // sorted, without host
	Links(ns string) []Link              // "" and "host": the namespace that vnet was started in
	Variables() []Named                  // of the session; Doc has kind and value
	Functions() []Named                  // of the session and the built-in ones; Doc begins with the signature
	Modules() []Named                    // what `import` finds without a path: std/topo
	Spawned() []Named                    // programs in the background, for stop and logs
	Savepoints() []Named                 // of the open transaction, newest first
	Scope() string                       // the namespace that statements work in, "" for the starting one
	Files(prefix string) []string        // paths that begin so; folders end in /
	Programs(ns, prefix string) []string // executables on the PATH that begin so
}

// A Kind is what a candidate is.
type Kind int

// The kinds of candidates.
const (
	KindStatement   Kind = iota // a word of the language that begins a statement
	KindWord                    // a word of the prompt
	KindKeyword                 // a word inside a statement
	KindOption                  // an option of a statement
	KindValue                   // one of a few words, as on and off
	KindNamespace               //
	KindLink                    // an interface
	KindAddress                 // an address or prefix
	KindVariable                // with its $
	KindFunction                // called in an expression or as a statement
	KindModule                  // for import
	KindSpawned                 // a program in the background
	KindSavepoint               //
	KindFile                    // a file or folder
	KindProgram                 // an executable
	KindPlaceholder             // stands for what is to be written: <address>; never to be inserted
	KindEnd                     // the statement may end here; never to be inserted
)

// A Candidate is something that may stand at the cursor.
type Candidate struct {
	Text       string
	Doc        string
	Start, End int // the bytes of the text that it replaces
	Kind       Kind
}

// Insertable reports whether the candidate is text to be typed, and not a
// remark about it.
func (c Candidate) Insertable() bool { return c.Kind != KindPlaceholder && c.Kind != KindEnd }

// A Class is what a stretch of text is, for colours.
type Class int

// The classes of text. What is not marked is plain.
const (
	ClassKeyword         Class = iota // a word of the language or of the prompt
	ClassOption                       // an option of a statement
	ClassName                         // a namespace or interface that is there
	ClassNewName                      // one that the text makes
	ClassUnknownName                  // one that is not there
	ClassBad                          // a value or word that cannot be right
	ClassString                       // quoted text
	ClassNumber                       // a number, duration, rate …
	ClassAddress                      // an address, prefix or MAC address
	ClassComment                      //
	ClassVariable                     // a variable that is there
	ClassUnknownVariable              // one that is not there
	ClassFunction                     //
	ClassProgram                      // an executable that is there
	ClassUnknownProgram               // one that is not there
)

// A Mark says what a stretch of the text is. Marks do not overlap and come in
// the order of the text.
type Mark struct {
	Start, End int
	Class      Class
}
