package complete

import (
	"slices"
	"strings"

	"vnet/lang/usage"
)

// Words are what the prompt understands beside the language, sorted by word:
// their forms are written and read as those of statements. Who carries them
// out looks them up here, so that help, completion and colours follow.
var Words = []usage.Entry{
	{Word: ":help", Doc: "list the statements, or tell about one", Forms: []string{":help [WORD]"}},
	{Word: ":quit", Doc: "leave", Forms: []string{":quit"}},
	{Word: "begin", Doc: "open a transaction: what follows is kept or undone together", Forms: []string{"begin"}},
	{Word: "exit", Doc: "leave", Forms: []string{"exit"}},
	{Word: "help", Doc: "list the statements, or tell about one", Forms: []string{"help [WORD]"}},
	{Word: "quit", Doc: "leave", Forms: []string{"quit"}},
	{
		Word: "release", Doc: "forget a savepoint and keep what came since", Forms: []string{"release X"},
		Places: map[string]usage.Kind{"X": usage.Savepoint},
	},
	{
		Word: "rollback", Doc: "undo the open transaction, or what came since a savepoint", Forms: []string{"rollback [to X]"},
		Places: map[string]usage.Kind{"X": usage.Savepoint},
	},
	{
		Word: "savepoint", Doc: "name this place of the transaction, to come back to", Forms: []string{"savepoint X"},
		Places: map[string]usage.Kind{"X": usage.Fresh},
	},
	{Word: "status", Doc: "tell what is alive and what is open", Forms: []string{"status"}},
	{Word: "topo", Doc: "draw the network", Forms: []string{"topo"}},
	{Word: "undo", Doc: "take back the last entry, or the last N", Forms: []string{"undo [N]"}},
}

// WordOf returns the entry of a word of the prompt, or nil.
func WordOf(word string) *usage.Entry {
	i, ok := slices.BinarySearchFunc(Words, word, func(e usage.Entry, w string) int { return strings.Compare(e.Word, w) })
	if !ok {
		return nil
	}
	return &Words[i]
}
