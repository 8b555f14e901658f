package repl

import (
	"bufio"
	"errors"
	"io"
	"sync"
)

// ErrDropped is what an Editor returns when the user drops what was typed.
var ErrDropped = errors.New("dropped")

// An Editor reads what is typed. It hides where that comes from: a terminal
// with a line editor, or a pipe.
type Editor interface {
	// ReadBlock reads one entry of one or more lines. complete says whether the
	// text so far is a whole entry. The error is ErrDropped when the user drops
	// it, and io.EOF at the end.
	ReadBlock(complete func(text string) bool) (string, error)

	// Ask reads the answer to a question, which is no entry: it is not kept, and
	// nothing is offered for it. The errors are those of ReadBlock.
	Ask(question string) (string, error)

	// SetPrompt says what stands before the first line of an entry and before
	// its further ones, which get the brackets that are open there in front of
	// it. Both may hold colours. It may be called at any time.
	SetPrompt(first, continuation string)

	// Notify writes text as it is; while an entry is typed, above it and in lines
	// of its own. It may be called at any time.
	Notify(text string)

	// Edit hands a text to the user's editor and returns what became of it.
	Edit(initial string) (string, error)

	// Close ends a ReadBlock that waits, too.
	Close() error
}

// A pipe reads entries from a stream, without a prompt.
type pipe struct {
	lines  chan line
	closed chan struct{}
	close  func()
	start  func() // begins to read: not before it is wanted
	w      io.Writer
}

// A line is what was read of a stream at once.
type line struct {
	text string
	err  error
}

// NewPipe returns an Editor for what is not typed at a terminal.
func NewPipe(in io.Reader, out io.Writer) Editor {
	p := &pipe{lines: make(chan line), closed: make(chan struct{}), w: out}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	p.start = sync.OnceFunc(func() { go p.read(bufio.NewReader(in)) })
	return p
}

// read reads lines for as long as somebody wants them: a read that waits
// cannot be ended, only be left alone.
func (p *pipe) read(r *bufio.Reader) {
	for {
		text, err := r.ReadString('\n')
		select {
		case p.lines <- line{text, err}:
		case <-p.closed:
			return
		}
		if err != nil {
			close(p.lines)
			return
		}
	}
}

func (p *pipe) ReadBlock(complete func(string) bool) (string, error) {
	p.start()
	text := ""
	for {
		var got line
		select {
		case l, ok := <-p.lines:
			if got = l; !ok {
				got.err = io.EOF
			}
		case <-p.closed:
			return "", io.EOF
		}
		text += got.text
		switch {
		case got.err != nil && text == "":
			return "", io.EOF
		case got.err != nil, complete(text):
			return text, nil
		}
	}
}

func (p *pipe) Ask(string) (string, error) { return p.ReadBlock(func(string) bool { return true }) }

func (p *pipe) SetPrompt(first, continuation string) {}

func (p *pipe) Notify(text string) { _, _ = io.WriteString(p.w, text) }

func (p *pipe) Edit(initial string) (string, error) { return "", errNoTerminal }

func (p *pipe) Close() error {
	p.close()
	return nil
}

// errNoTerminal is why a pipe opens no editor.
var errNoTerminal = errors.New("an editor needs a terminal")
