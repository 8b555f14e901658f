package eval

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"vnet/runtime/host"
)

// longestLine is where a line that does not end is cut, in bytes.
const longestLine = 64 << 10

// lastLines is how many lines of a program are kept for messages.
const lastLines = 12

// A shared writer is written to by the script and by programs in the background.
type shared struct {
	mu *sync.Mutex // one for output and errors, which may be the same
	w  io.Writer
}

// share makes the two outputs of a script fit for several writers.
func share(cfg *Config) {
	mu := &sync.Mutex{}
	out, err := cfg.Stdout, cfg.Stderr
	if out != nil {
		cfg.Stdout = &shared{mu, out}
	}
	switch {
	case err == nil:
	case err == out:
		cfg.Stderr = cfg.Stdout // a program gets one pipe for both
	default:
		cfg.Stderr = &shared{mu, err}
	}
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// Lend gives a program the file behind the writer: see lender.
func (s *shared) Lend() (*os.File, func()) {
	switch w := s.w.(type) {
	case lender:
		return w.Lend()
	case *os.File:
		return w, func() {}
	}
	return nil, func() {}
}

// Width is that of the window behind the writer, 0 for none.
func (s *shared) Width() int {
	if w, ok := s.w.(interface{ Width() int }); ok {
		return w.Width()
	}
	return 0
}

// A lender is a writer in front of a file that a program may have directly,
// since it may want a terminal and not a pipe.
type lender interface {
	Lend() (file *os.File, back func())
}

// lend gives a program the files behind its output, until back is called.
func lend(cmd *host.Cmd) (back func()) {
	var backs []func()
	for _, w := range []*io.Writer{&cmd.Stdout, &cmd.Stderr} {
		if l, ok := (*w).(lender); ok {
			file, back := l.Lend()
			backs = append(backs, back)
			if file != nil {
				*w = file
			}
		}
	}
	return func() {
		for _, b := range backs {
			b()
		}
	}
}

// lines passes on the output of a program line by line, each with the
// program's name before it and in one piece.
type lines struct {
	prefix string
	w      io.Writer // nil for nowhere

	mu      sync.Mutex
	part    []byte   // of a line that has not ended yet
	last    []string // the last ones
	pattern *regexp.Regexp
	matched chan struct{} // closed when a line has matched
}

// expect begins to look for a line that matches; nil for none.
func (l *lines) expect(pattern *regexp.Regexp) {
	l.pattern, l.matched = pattern, make(chan struct{})
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ended := bytes.Cut(l.part, []byte("\n"))
		if !ended {
			break
		}
		l.pass(line)
		l.part = rest
	}
	if len(l.part) > longestLine {
		l.pass(l.part)
		l.part = nil
	}
	l.match(l.part) // a prompt is a line that does not end
	return len(p), nil
}

// Flush passes on what there is of a line that has not ended.
func (l *lines) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.part) > 0 {
		l.pass(l.part)
		l.part = nil
	}
	return nil
}

// pass passes on a line. The caller holds mu.
func (l *lines) pass(line []byte) {
	l.match(line)
	if len(l.last) == lastLines {
		l.last = l.last[1:]
	}
	l.last = append(l.last, string(line))
	if l.w == nil {
		return
	}
	text := make([]byte, 0, len(l.prefix)+len(line)+1)
	text = append(append(append(text, l.prefix...), line...), '\n')
	_, _ = l.w.Write(text)
}

func (l *lines) match(line []byte) {
	if l.pattern != nil && len(line) > 0 && l.pattern.Match(line) {
		l.pattern = nil
		close(l.matched)
	}
}

// tail gives the last lines.
func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.last
	if len(l.part) > 0 {
		last = append(last[:len(last):len(last)], string(l.part))
	}
	return strings.Join(last, "\n")
}
