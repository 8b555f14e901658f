package repl

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/chzyer/readline"
	"golang.org/x/sys/unix"

	"vnet/runtime/jobctl"
)

// TerminalOptions say what an Editor for a terminal works with.
type TerminalOptions struct {
	In, Out   *os.File
	Color     bool // colours may be used; without, what matters is underlined
	ASCII     bool // nothing but ASCII can be shown
	History   *History
	Assistant Assistant // nil for none
}

// A terminal edits entries at a terminal. readline reads the keys, edits the
// line and sets the terminal's mode; what is on the screen is drawn here, since
// readline can show one line only, and draws wrongly what is wide, long or of
// several lines.
//
// While an entry is typed the terminal is raw. Before ReadBlock returns it has
// again the mode that it had when vnet began, and nothing has been read of what
// was typed behind the entry: a program may have the terminal then.
type terminal struct {
	TerminalOptions
	keys    *keyboard
	sane    *readline.State
	block   *block
	resized chan os.Signal

	mu      sync.Mutex // held while anything is drawn
	screen  screen
	prompts [2]string
	reading bool
	raw     bool
	closed  bool
}

// NewTerminal returns an Editor for a terminal. One that cannot move its
// cursor gets no help with editing.
func NewTerminal(o TerminalOptions) (Editor, error) {
	if o.Assistant == nil {
		o.Assistant = nobody{}
	}
	if o.History == nil {
		o.History = LoadHistory("")
	}
	if os.Getenv("TERM") == "dumb" || !readline.IsTerminal(int(o.Out.Fd())) {
		return newDumb(o)
	}
	t := &terminal{TerminalOptions: o, resized: make(chan os.Signal, 1), screen: screen{w: o.Out}}
	t.SetPrompt("vnet> ", "> ")
	cfg := &readline.Config{
		Stdout: io.Discard, Stderr: io.Discard,
		FuncMakeRaw: t.makeRaw, FuncExitRaw: t.exitRaw,
		FuncIsTerminal: func() bool { return false }, // readline draws nothing
	}
	var err error
	if t.sane, err = readline.GetState(int(o.In.Fd())); err != nil {
		return nil, fmt.Errorf("the terminal has no mode: %w", err)
	}
	if t.keys, err = newKeyboard(int(o.In.Fd()), cfg); err != nil {
		return nil, err
	}
	t.block = newBlock(cfg)
	signal.Notify(t.resized, unix.SIGWINCH)
	go func() {
		for range t.resized {
			t.keys.filter.redraw()
		}
	}()
	return t, nil
}

func (t *terminal) ReadBlock(complete func(string) bool) (string, error) {
	text, err := t.read(&entry{assistant: t.Assistant, complete: complete, past: t.History.Entries()})
	if err == nil {
		t.History.Keep(strings.TrimRight(text, "\n"))
	}
	return text, err
}

func (t *terminal) Ask(question string) (string, error) {
	t.SetPrompt(question, "")
	return t.read(&entry{assistant: nobody{}, complete: func(string) bool { return true }})
}

// read has an entry typed.
func (t *terminal) read(e *entry) (string, error) {
	if err := t.begin(); err != nil {
		return "", io.EOF
	}
	defer t.end()
	t.block.set("", 0)
	e.block, e.paste, e.at = t.block, t.keys.filter.paste, len(e.past)
	t.draw(e)
	for {
		key := t.keys.next()
		if key == 0 {
			t.finish(e, "")
			return "", io.EOF
		}
		switch t.grant(e, e.press(key)) {
		case wishSubmit:
			t.finish(e, "")
			return e.block.text() + "\n", nil
		case wishDrop:
			t.finish(e, "^C")
			return "", ErrDropped
		case wishEnd:
			t.finish(e, "")
			return "", io.EOF
		}
		if !t.keys.filter.pending() {
			t.draw(e)
		}
	}
}

// grant does what a key wants of the terminal, if that does not end the entry.
func (t *terminal) grant(e *entry, w wish) wish {
	switch w {
	case wishBell:
		t.write("\a")
	case wishClear:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.screen.shown = frame{}
		_, _ = io.WriteString(t.Out, "\x1b[H\x1b[2J")
	case wishSuspend:
		t.finish(e, "")
		t.end()
		jobctl.Suspend()
		if t.begin() != nil {
			return wishEnd
		}
	case wishEditor:
		t.away(func() {
			if text, err := t.Edit(e.block.text()); err != nil {
				t.Notify(err.Error())
			} else {
				text = strings.TrimRight(plain(text), "\n")
				e.block.set(text, len(text))
			}
		})
	default:
		return w
	}
	return wishNothing
}

// away gives the terminal to somebody else for a while.
func (t *terminal) away(do func()) {
	t.mu.Lock()
	t.screen.erase()
	t.mu.Unlock()
	t.end()
	do()
	_ = t.begin() // when it fails, the next key is the end
}

// Marks for the terminal, see console_codes(4) and, for pasting,
// ctlseqs of xterm.
const (
	pasteOn  = "\x1b[?2004h"
	pasteOff = "\x1b[?2004l"
)

// begin makes the terminal ready for an entry: in raw mode, with the cursor at
// the beginning of a row.
func (t *terminal) begin() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return io.EOF
	}
	t.raw = true
	if err := t.keys.term.EnterRawMode(); err != nil {
		return err
	}
	t.reading = true
	width, _ := t.size()
	mark := "⏎"
	if t.ASCII {
		mark = "%"
	}
	// Where a program left the cursor is not known. The mark and the blanks fill
	// one row from its beginning, or reach into the next one.
	_, _ = io.WriteString(t.Out, "\x1b[?25h\x1b[0;2m"+mark+"\x1b[0m"+strings.Repeat(" ", width-1)+"\r\x1b[K"+pasteOn)
	return nil
}

// end gives the terminal back in the mode it had.
func (t *terminal) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.reading {
		return
	}
	t.reading = false
	_, _ = io.WriteString(t.Out, pasteOff)
	_ = t.keys.term.ExitRawMode() // a terminal that went away has no mode
	t.raw = false
}

// makeRaw begins from the sane mode: a program may have left another. Enter
// stays a newline in what is read, since a line that is typed behind an entry
// is for the program that the entry runs.
func (t *terminal) makeRaw() error {
	fd := int(t.In.Fd())
	if err := readline.Restore(fd, t.sane); err != nil {
		return err
	}
	if _, err := readline.MakeRaw(fd); err != nil {
		return err
	}
	mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	mode.Iflag |= unix.ICRNL
	return unix.IoctlSetTermios(fd, unix.TCSETS, mode)
}

func (t *terminal) exitRaw() error { return readline.Restore(int(t.In.Fd()), t.sane) }

// size is that of the terminal, never 0.
func (t *terminal) size() (width, height int) {
	width, height, err := readline.GetSize(int(t.Out.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	if err != nil || height <= 0 {
		height = 24
	}
	return width, height
}

// look is how an entry is drawn now. The caller holds mu.
func (t *terminal) look() look {
	l := look{first: t.prompts[0], continuation: t.prompts[1], color: t.Color, signs: signs{"…", "⏎"}}
	l.width, l.height = t.size()
	if t.ASCII {
		l.signs = signs{"...", "\\"}
	}
	return l
}

func (t *terminal) draw(e *entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.look()
	t.screen.resized(l.width)
	t.screen.draw(e.frame(l, false), l.width)
}

// finish leaves an entry on the screen as it was typed, and a text behind it.
func (t *terminal) finish(e *entry, behind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.look()
	t.screen.resized(l.width)
	t.screen.draw(e.frame(l, true), l.width)
	_, _ = io.WriteString(t.Out, behind)
	t.screen.leave()
}

func (t *terminal) write(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.Out, text)
}

func (t *terminal) SetPrompt(first, continuation string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.prompts == [2]string{first, continuation} {
		return
	}
	t.prompts = [2]string{first, continuation}
	if t.reading {
		t.keys.filter.redraw()
	}
}

func (t *terminal) Notify(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reading {
		t.screen.print(text)
	} else {
		_, _ = io.WriteString(t.Out, text)
	}
}

func (t *terminal) Edit(initial string) (string, error) {
	return editText(initial, t.In, t.Out)
}

// Close ends a ReadBlock that waits and gives the terminal back.
func (t *terminal) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	t.mu.Unlock()
	signal.Stop(t.resized)
	close(t.resized)
	t.keys.close()
	t.end()
	return nil
}
