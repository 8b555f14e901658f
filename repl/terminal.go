package repl

import (
	"errors"
	"io"
	"strings"

	"github.com/chzyer/readline"
)

// newlineMark stands for the end of a line in an entry of several lines that
// is taken from the history, since the line editor edits one line.
const newlineMark = "⏎ "

// A terminal edits lines with chzyer/readline.
type terminal struct {
	rl      *readline.Instance
	history *History
	prompt  string
}

// NewTerminal returns an Editor for a terminal, which has the history at hand.
func NewTerminal(prompt string, history *History) (Editor, error) {
	rl, err := readline.NewEx(&readline.Config{
		Prompt:                 prompt,
		HistoryLimit:           historyLimit,
		DisableAutoSaveHistory: true,
		HistorySearchFold:      true,
		InterruptPrompt:        "^C",
		EOFPrompt:              " ",
	})
	if err != nil {
		return nil, err
	}
	for _, entry := range history.Entries() {
		_ = rl.SaveHistory(flat(entry)) // in memory; it cannot fail
	}
	return &terminal{rl, history, prompt}, nil
}

func flat(entry string) string { return strings.ReplaceAll(entry, "\n", newlineMark) }

func (t *terminal) ReadBlock(complete func(string) bool) (string, error) {
	text := ""
	t.rl.SetPrompt(t.prompt)
	for {
		line, err := t.rl.Readline()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			return "", ErrDropped
		case err != nil && text != "":
			return "", ErrDropped
		case err != nil:
			return "", io.EOF
		}
		text += strings.ReplaceAll(line, newlineMark, "\n") + "\n"
		if complete(text) {
			break
		}
		t.rl.SetPrompt(strings.Repeat(".", len(strings.TrimRight(t.prompt, " "))) + " ")
	}
	entry := strings.TrimRight(text, "\n")
	if t.history.Keep(entry) {
		_ = t.rl.SaveHistory(flat(entry))
	}
	return text, nil
}

func (t *terminal) SetPrompt(first, continuation string) { t.prompt = first }

func (t *terminal) Notify(text string) { _, _ = io.WriteString(t.rl.Stdout(), text+"\n") }

func (t *terminal) Edit(initial string) (string, error) { return "", errNoTerminal }

func (t *terminal) Close() error { return t.rl.Close() }
