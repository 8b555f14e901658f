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
