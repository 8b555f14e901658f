package repl

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/chzyer/readline"
	"golang.org/x/sys/unix"
)

// escapeDelay is how long the rest of an escape sequence may take. What comes
// later is a key of its own after Escape.
const escapeDelay = 60 * time.Millisecond

// A keyboard reads keys one at a time. readline decodes them; in front of it
// stands a filter that knows the keys that readline does not, and that takes
// nothing from the terminal before it is asked to: what is typed behind the
// Enter that ends an entry belongs to the program that the entry runs.
type keyboard struct {
	term    *readline.Terminal
	filter  *filter
	stopped bool // readline waits for a kick, as it does after Enter
}

func newKeyboard(fd int, cfg *readline.Config) (*keyboard, error) {
	f, err := newFilter(fd)
	if err != nil {
		return nil, err
	}
	cfg.Stdin = f
	term, err := readline.NewTerminal(cfg)
	if err != nil {
		return nil, err
	}
	return &keyboard{term: term, filter: f, stopped: true}, nil
}

// next is the next key, 0 when there will be no more.
func (k *keyboard) next() rune {
	if k.stopped {
		k.term.KickRead()
		k.stopped = false
	}
	select {
	case k.filter.wanted <- struct{}{}:
	case <-k.filter.done:
	}
	r := k.term.ReadRune()
	switch r {
	case readline.CharInterrupt, readline.CharEnter, readline.CharCtrlJ, readline.CharDelete:
		k.stopped = true
	}
	return r
}

// close ends a next that waits. readline's own Close does not: it waits for a
// read of the terminal that nothing ends.
func (k *keyboard) close() {
	if !k.filter.stop() {
		return
	}
	k.term.KickRead()
	for k.term.ReadRune() != 0 {
	}
	_ = k.term.Close()
}

// A filter is what readline reads from. Each Read is one key.
type filter struct {
	fd     int
	wake   [2]int // a pipe: its other end is written to, or closed, to interrupt a read
	wanted chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	stopped bool
	pasted  []string // what keyPaste stands for, oldest first
}

func newFilter(fd int) (*filter, error) {
	f := &filter{fd: fd, wanted: make(chan struct{}), done: make(chan struct{})}
	if err := unix.Pipe2(f.wake[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	return f, nil
}

// Read hands out the next key, as readline knows it.
func (f *filter) Read(p []byte) (int, error) {
	select {
	case <-f.wanted:
	case <-f.done:
		return 0, io.EOF
	}
	for {
		key, err := f.key()
		if errors.Is(err, errWoken) {
			key, err = keyRedraw, nil
		}
		if err != nil {
			return 0, io.EOF
		}
		if key != keyNone {
			return copy(p, spell(key)), nil
		}
	}
}

// Close is for readline, which never gets to call it: see keyboard.close.
func (f *filter) Close() error { return nil }

// stop ends all reading; false when it has ended before.
func (f *filter) stop() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return false
	}
	f.stopped = true
	close(f.done)
	_, _ = unix.Write(f.wake[1], []byte{0})
	return true
}

// redraw interrupts a read with keyRedraw.
func (f *filter) redraw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.stopped {
		_, _ = unix.Write(f.wake[1], []byte{0}) // a full pipe wakes as well
	}
}

var (
	errWoken = errors.New("woken")
	errLate  = errors.New("nothing more came")
)

// fill reads up to len(p) bytes; a wait of 0 is for ever.
func (f *filter) fill(p []byte, wait time.Duration) (int, error) {
	timeout := -1
	if wait > 0 {
		timeout = int(wait / time.Millisecond)
	}
	fds := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}, {Fd: int32(f.wake[0]), Events: unix.POLLIN}}
	if wait > 0 {
		fds = fds[:1] // in the middle of a key
	}
	for {
		select {
		case <-f.done:
			return 0, io.EOF
		default:
		}
		n, err := unix.Poll(fds, timeout)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, errLate
		case len(fds) > 1 && fds[1].Revents != 0:
			var sink [64]byte
			_, _ = unix.Read(f.wake[0], sink[:])
			return 0, errWoken
		}
		n, err = unix.Read(f.fd, p)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return 0, err
		case n <= 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// pending reports whether more has been typed already.
func (f *filter) pending() bool {
	fds := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&unix.POLLIN != 0
}

// paste takes the text that a keyPaste stands for.
func (f *filter) paste() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.pasted) == 0 {
		return ""
	}
	text := f.pasted[0]
	f.pasted = f.pasted[1:]
	return text
}
