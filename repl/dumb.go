package repl

import (
	"io"
	"strings"
	"sync"
)

// A dumb is a terminal that cannot move its cursor, as in a window of an
// editor: the kernel edits the line.
type dumb struct {
	TerminalOptions
	filter *filter

	mu      sync.Mutex
	prompts [2]string
}

func newDumb(o TerminalOptions) (Editor, error) {
	f, err := newFilter(int(o.In.Fd()))
	if err != nil {
		return nil, err
	}
	return &dumb{TerminalOptions: o, filter: f, prompts: [2]string{"vnet> ", "> "}}, nil
}

func (d *dumb) ReadBlock(complete func(string) bool) (string, error) {
	text, err := d.read(complete)
	if err == nil {
		d.History.Keep(strings.TrimRight(text, "\n"))
	}
	return text, err
}

func (d *dumb) Ask(question string) (string, error) {
	d.SetPrompt(question, "")
	return d.read(func(string) bool { return true })
}

// read reads lines until they are a whole entry.
func (d *dumb) read(complete func(string) bool) (string, error) {
	text := ""
	l := look{}
	d.mu.Lock()
	l.first, l.continuation = d.prompts[0], d.prompts[1]
	d.mu.Unlock()
	d.prompt(l.first)
	for {
		line, err := d.line()
		text += line
		switch {
		case err != nil && text == "":
			return "", io.EOF
		case err != nil, strings.TrimSpace(text) == "", complete(text):
			return text, nil
		}
		open := brackets(text)
		d.prompt(l.further(open[len(open)-1]))
	}
}

// prompt writes a prompt without its colours.
func (d *dumb) prompt(text string) {
	var b strings.Builder
	for text != "" {
		if _, rest, ok := cutSGR(text); ok {
			text = rest
			continue
		}
		b.WriteByte(text[0])
		text = text[1:]
	}
	d.Notify(b.String())
}

// line reads a line, byte by byte: what is behind it may be for a program.
func (d *dumb) line() (string, error) {
	var line []byte
	for {
		var c [1]byte
		if _, err := d.filter.fill(c[:], 0); err != nil {
			return string(line), err
		}
		if line = append(line, c[0]); c[0] == '\n' {
			return string(line), nil
		}
	}
}

func (d *dumb) SetPrompt(first, continuation string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.prompts = [2]string{first, continuation}
}

func (d *dumb) Notify(text string) { _, _ = io.WriteString(d.Out, text) }

func (d *dumb) Edit(initial string) (string, error) { return editText(initial, d.In, d.Out) }

func (d *dumb) Close() error {
	d.filter.stop()
	return nil
}
