package sandbox

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// rest is how long output may keep coming when the job has ended, of what it
// left running at its terminal.
const rest = 100 * time.Millisecond

// A relay gives a job a terminal of its own, which a session of its own can
// have as its controlling one, and carries bytes between that and the client's.
// The client's is raw meanwhile: the keys mean something to the job's terminal.
type relay struct {
	keys, screen *os.File // the client's terminal
	near, far    *os.File // the two ends of the job's; far is closed when the job has it
	cooked       *term.State
	pumped       sync.WaitGroup // the keys
	enough       *os.File       // closed to end that
	drawn        chan struct{}  // closed when there is no more output
	carried      atomic.Int64   // bytes of output
}

// openRelay makes a terminal for a job; nil where the client is not in front of
// one, or there can be none.
func openRelay() *relay {
	in, out := int(os.Stdin.Fd()), int(os.Stdout.Fd())
	front, err := unix.IoctlGetInt(in, unix.TIOCGPGRP)
	if err != nil || front != unix.Getpgrp() || !term.IsTerminal(out) {
		return nil
	}
	cooked, err := term.GetState(in)
	if err != nil {
		return nil
	}
	near, far, err := pty.Open()
	if err != nil {
		return nil
	}
	r := &relay{keys: os.Stdin, screen: os.Stdout, near: near, far: far, cooked: cooked, drawn: make(chan struct{})}
	_ = term.Restore(int(far.Fd()), cooked) // with the client's choice of keys
	r.resize()
	return r
}

// files are the streams of a job: its terminal, where the client has its own.
func (r *relay) files() []*os.File {
	errs := os.Stderr
	if term.IsTerminal(int(errs.Fd())) {
		errs = r.far
	}
	return []*os.File{r.far, r.far, errs}
}

// resize makes the job's terminal as large as the client's, which the kernel
// tells the job.
func (r *relay) resize() {
	if r != nil {
		_ = pty.InheritSize(r.keys, r.near)
	}
}

// begin carries output from now on, and keys.
func (r *relay) begin() {
	if r == nil {
		return
	}
	r.far.Close() // so that the output ends with the job's
	go func() {
		defer close(r.drawn)
		_, _ = io.Copy(r, r.near)
	}()
	r.resume()
}

// resume carries keys.
func (r *relay) resume() {
	if r == nil {
		return
	}
	r.resize()
	if _, err := term.MakeRaw(int(r.keys.Fd())); err != nil {
		return
	}
	stop, enough, err := os.Pipe()
	if err != nil {
		return
	}
	r.enough = enough
	r.pumped.Go(func() {
		defer stop.Close()
		r.pump(int(stop.Fd()))
	})
}

// pump carries keys until it is told to stop. It reads only what is there, so
// that it never takes what is typed for who comes after it.
func (r *relay) pump(stop int) {
	b := make([]byte, 4096)
	fds := []unix.PollFd{{Fd: int32(r.keys.Fd()), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil || fds[1].Revents != 0:
			return
		}
		n, err := unix.Read(int(r.keys.Fd()), b)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil || n == 0:
			return // it was hung up
		default:
			if _, err := r.near.Write(b[:n]); err != nil {
				return
			}
		}
	}
}

// pause gives the client its terminal back, as it was.
func (r *relay) pause() {
	if r == nil {
		return
	}
	if r.enough != nil {
		r.enough.Close()
		r.pumped.Wait()
		r.enough = nil
	}
	_ = term.Restore(int(r.keys.Fd()), r.cooked)
}

// finish carries what output there is left, and gives the terminal back.
func (r *relay) finish() {
	if r == nil {
		return
	}
	for carried := int64(-1); carried != r.carried.Load(); {
		carried = r.carried.Load()
		select {
		case <-r.drawn:
		case <-time.After(rest): // something it left holds its terminal open, or the client's is slow
		}
	}
	r.close()
}

// Write puts output on the client's terminal.
func (r *relay) Write(b []byte) (int, error) {
	n, err := r.screen.Write(b)
	r.carried.Add(int64(n))
	return n, err
}

// close gives the terminal back, whatever was carried.
func (r *relay) close() {
	if r == nil {
		return
	}
	r.pause()
	r.far.Close()
	r.near.Close()
}
