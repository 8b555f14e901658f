package command

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// A console is the two output streams of a run and the progress line that is
// drawn between what is written to them.
type console struct {
	out, err *stream

	mu    sync.Mutex        // held while anything is written
	drawn string            // the progress line on the screen
	open  bool              // the cursor stands behind text of somebody else
	lent  int               // how many programs write to the terminal by themselves
	idle  bool              // the prompt or a question has the terminal
	above func(text string) // writes to the terminal while the prompt has it
}

func newConsole(std Streams) *console {
	c := &console{}
	c.out, c.err = newStream(c, std.Out), newStream(c, std.Err)
	return c
}

// A stream is an output that never fails: after the first error it swallows
// what comes, so that a reader who has seen enough (`| head -1`) ends the
// output and not the transaction.
type stream struct {
	console *console
	w       io.Writer
	file    *os.File // nil when w is no file
	tty     bool
	failed  error
}

func newStream(c *console, w io.Writer) *stream {
	f, _ := w.(*os.File)
	return &stream{console: c, w: w, file: f, tty: isTerminal(w)}
}

func (s *stream) Write(p []byte) (int, error) {
	s.console.mu.Lock()
	defer s.console.mu.Unlock()
	if s.tty {
		s.console.erase()
	}
	switch {
	case s.tty && s.console.above != nil:
		s.console.above(string(p))
	case s.failed == nil:
		_, s.failed = s.w.Write(p)
	}
	if s.tty && len(p) > 0 {
		s.console.open = p[len(p)-1] != '\n'
	}
	return len(p), nil
}

// through has what goes to the terminal written by somebody who knows what is
// being typed there; nil for nobody.
func (c *console) through(above func(text string)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.above = above
}

// rest says that nothing runs whose progress could be drawn.
func (c *console) rest(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	c.idle = on
}

// Lend gives the file itself to a program that wants a terminal and not a
// pipe, until back is called; nil when there is none. No progress is drawn in
// the meantime.
func (s *stream) Lend() (file *os.File, back func()) {
	if s.file == nil || s.failed != nil {
		return nil, func() {}
	}
	c := s.console
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	c.lent++
	return s.file, sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lent--
	})
}

// Width is 0 for what is no terminal.
func (s *stream) Width() int {
	if !s.tty {
		return 0
	}
	w, _, err := term.GetSize(int(s.file.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// erase takes the progress line away. The caller holds mu.
func (c *console) erase() {
	if c.drawn == "" {
		return
	}
	_, _ = io.WriteString(c.err.w, "\r\x1b[K")
	c.drawn = ""
}

// draw shows a progress line, or none for "", unless it would spoil what
// others write.
func (c *console) draw(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case line == c.drawn:
	case line == "" || c.open || c.idle || c.lent > 0 || c.err.failed != nil:
		c.erase()
	default:
		_, err := io.WriteString(c.err.w, "\r\x1b[K"+line)
		if c.err.failed == nil {
			c.err.failed = err
		}
		c.drawn = line
	}
}

// close says what output was lost. A reader who went away knows.
func (c *console) close(s style) {
	c.draw("")
	if e := c.out.failed; e != nil && !errors.Is(e, syscall.EPIPE) && !errors.Is(e, os.ErrClosed) {
		write(c.err, s.yellow("warning")+": standard output is incomplete: "+reason(e)+"\n")
	}
}

// reason is an error without the operation and path that os puts before it.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// keepPipes turns the signal of a broken pipe into an error of the write. It
// is not ignored, since programs would inherit that.
func keepPipes() (stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}
