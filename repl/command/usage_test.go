package command

import (
	"strings"
	"testing"
)

// What a word of another tool is here must be a command, and the word none.
func TestElsewhere(t *testing.T) {
	root := (&app{}).root()
	for word, ours := range elsewhere {
		if c, _, err := root.Find([]string{word}); err == nil && c != root {
			t.Errorf("%s is a command", word)
		}
		first, _, _ := strings.Cut(ours, " ")
		if c, _, err := root.Find([]string{first}); err != nil || c == root {
			t.Errorf("%s should be %s, which is no command", word, ours)
		}
	}
}
