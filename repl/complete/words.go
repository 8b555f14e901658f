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
	{Word: ":edit", Doc: "open the last entry in an editor and carry it out", Forms: []string{":edit"}},
	{Word: ":help", Doc: "list the statements, or tell about one", Forms: []string{":help [WORD]"}},
	{Word: ":history", Doc: "list what was typed", Forms: []string{":history"}},
	{
		Word: ":load", Doc: "carry out a script as one entry", Forms: []string{":load FILE"},
		Places: map[string]usage.Kind{"FILE": usage.Path},
	},
	{Word: ":quit", Doc: "leave", Forms: []string{":quit"}},
	{
		Word: ":save", Doc: "write what was committed and stands as a script", Forms: []string{":save FILE"},
		Places: map[string]usage.Kind{"FILE": usage.Path},
	},
	{
		Word: ":source", Doc: "print the commands of ip that do the same as a statement", Forms: []string{":source STATEMENT"},
		Places: map[string]usage.Kind{"STATEMENT": usage.Statement},
	},
	{Word: ":time", Doc: "say how long each entry took", Forms: []string{":time on|off"}},
	{Word: ":trace", Doc: "print each operation before it goes out", Forms: []string{":trace on|off"}},
	{Word: "begin", Doc: "open a transaction: what follows is kept or undone together", Forms: []string{"begin"}},
	{Word: "clear", Doc: "clear the screen, as Ctrl-L does", Forms: []string{"clear"}},
	{Word: "exit", Doc: "leave the scope, or the prompt", Forms: []string{"exit"}},
	{Word: "help", Doc: "list the statements, or tell about one", Forms: []string{"help [WORD]"}},
	{Word: "pingall", Doc: "ping from every namespace to every other", Forms: []string{"pingall [NS…]"}},
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
	{Word: "why", Doc: "find out what stops packets on their way", Forms: []string{"why NS -> B"}},
}

// WordOf returns the entry of a word of the prompt, or nil.
func WordOf(word string) *usage.Entry {
	i, ok := slices.BinarySearchFunc(Words, word, func(e usage.Entry, w string) int { return strings.Compare(e.Word, w) })
	if !ok {
		return nil
	}
	return &Words[i]
}
