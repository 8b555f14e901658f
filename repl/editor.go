package repl

import (
	"bufio"
	"errors"
	"io"
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

	Close() error
}

// A pipe reads entries from a stream, without a prompt.
type pipe struct{ r *bufio.Reader }

// NewPipe returns an Editor for what is not typed at a terminal.
func NewPipe(r io.Reader) Editor { return &pipe{bufio.NewReader(r)} }

func (p *pipe) ReadBlock(complete func(string) bool) (string, error) {
	text := ""
	for {
		line, err := p.r.ReadString('\n')
		text += line
		switch {
		case err != nil && text == "":
			return "", io.EOF
		case err != nil, complete(text):
			return text, nil
		}
	}
}

func (p *pipe) Close() error { return nil }
