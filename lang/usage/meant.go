package usage

import (
	"strings"

	"vnet/lang/name"
)

// meant maps words that other languages and tools begin a line with to what
// is written here.
var meant = map[string]string{
	"abort": "fail", "address": "addr", "assert": "expect", "cable": "veth", "const": "let", "container": "ns",
	"die": "fail", "elif": "else if", "elseif": "else if", "elsif": "else if", "error": "fail", "except": "catch",
	"exit": "fail", "export": "let", "finally": "defer", "fn": "def", "foreach": "for", "func": "def",
	"function": "def", "include": "import", "local": "let", "loop": "while", "namespace": "ns", "neighbor": "neigh",
	"neighbour": "neigh", "netns": "ns", "node": "ns", "print": "echo", "printf": "echo", "println": "echo",
	"puts": "echo", "raise": "fail", "repeat": "for", "routes": "route", "run": "exec", "sleep": "wait",
	"source": "import", "switch": "bridge", "throw": "fail", "unless": "if not", "until": "while not",
	"use": "import", "val": "let", "var": "let", "verify": "expect",
}

// Meant finds the word of the language for one that is none: written in
// capitals, misspelt, or borrowed from elsewhere.
func Meant(word string) (string, bool) {
	if w, ok := Borrowed(word); ok {
		return w, true
	}
	return name.Near(word, Words())
}

// Borrowed is Meant for words that are not merely misspelt.
func Borrowed(word string) (string, bool) {
	lower := strings.ToLower(word)
	if index[lower] != nil {
		return lower, lower != word
	}
	w, ok := meant[lower]
	return w, ok
}

// Closes reports whether a word ends a block in other languages.
func Closes(word string) bool {
	switch word {
	case "fi", "done", "end", "endif", "endfor", "esac":
		return true
	}
	return false
}

// elsewhere are words that follow a statement's word in other tools and
// languages, with how the same is written here.
var elsewhere = map[string]map[string]string{
	"bridge": {
		"interface": port, "interfaces": port, "members": port, "port": port, "ports": port, "slaves": port, "{": port,
	},
	"veth": {"bridge": plug, "master": plug, "port": plug},
}

// How a bridge gets its ports.
const (
	port = "a cable to it makes a port: `veth h1:eth0 <-> br0 as p1`; an interface that is there becomes one: `link set X master br0`"
	plug = "to plug a cable into a bridge, name the bridge as its end: `veth h1:eth0 <-> br0 as p1`"
)

// Elsewhere tells how to write here what a word behind that of a statement
// does in other tools.
func Elsewhere(statement, word string) (help string, ok bool) {
	help, ok = elsewhere[statement][word]
	return help, ok
}
