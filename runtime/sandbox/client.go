package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"vnet/runtime/jobctl"
)

// attempts is how often a client begins anew when the holder ends under its
// hands, as it does when nothing is left in the sandbox.
const attempts = 10

// A Call is a command line of vnet that is to run inside.
type Call struct {
	Argv []string // with the name of the program
	Last bool     // nothing is expected to come after it, if nothing is left
	Join bool     // only in a sandbox that is there; ErrNone where none is
	Term bool     // it runs programs that want a terminal, if there is one
}

// ErrNone says that this user has no sandbox.
var ErrNone = errors.New("no sandbox")

// Run has a command line carried out in the sandbox of this user, which is made
// when there is none, and returns its exit status. An error, a *Trouble where
// there are words for it, says that nothing was run.
func Run(call Call) (status int, err error) {
	p, err := openPlace()
	if err != nil {
		return 0, err
	}
	defer p.close()
	r, files, err := describe(call)
	if err != nil {
		return 0, err
	}
	defer files[0].Close()
	var terminal *relay
	if call.Term {
		terminal = openRelay()
		defer terminal.close()
	}
	if terminal != nil {
		r.Terminal, files = true, append(files[:1], terminal.files()...)
	}
	// From here on, since what comes before the job is there is for the job.
	signals := heed()
	defer signal.Stop(signals)
	for range attempts {
		c, err := p.connect(call.Join)
		if err != nil {
			return 0, err
		}
		j := &remote{conn: c, answers: json.NewDecoder(c), signals: signals, terminal: terminal}
		status, started, err := j.run(r, files)
		c.Close()
		if started || err != nil {
			return status, err
		}
	}
	return 0, &Trouble{Summary: "the sandbox ends whenever it is asked for something"}
}

// describe says what is to be run: this program, as this process would.
func describe(call Call) (request, []*os.File, error) {
	dir, err := os.Getwd()
	if err != nil {
		return request{}, nil, &Trouble{Summary: "there is no working directory: " + reason(err)}
	}
	fd, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return request{}, nil, &os.PathError{Op: "open", Path: "/proc/self/exe", Err: err}
	}
	mask := unix.Umask(0)
	unix.Umask(mask)
	r := request{Argv: call.Argv, Env: os.Environ(), Dir: dir, Umask: mask, Last: call.Last}
	if links, err := net.Interfaces(); err == nil {
		for _, l := range links {
			r.Links = append(r.Links, l.Name)
		}
	}
	return r, []*os.File{os.NewFile(uintptr(fd), "vnet"), os.Stdin, os.Stdout, os.Stderr}, nil
}

// connect reaches the holder, and starts one where none answers, unless one
// that is there is to be joined.
func (p *place) connect(join bool) (*net.UnixConn, error) {
	if c, err := p.dial(); c != nil || err != nil {
		return c, err
	}
	if join {
		return nil, ErrNone
	}
	unlock, err := p.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if c, err := p.dial(); c != nil || err != nil {
		return c, err // another was faster
	}
	if err := p.start(); err != nil {
		return nil, err
	}
	c, err := p.dial()
	if c == nil && err == nil {
		err = &Trouble{Summary: "the sandbox was made, and is gone"}
	}
	return c, err
}

// dial connects to the holder; nil without an error where there is none.
func (p *place) dial() (*net.UnixConn, error) {
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: p.path(socketName), Net: "unix"})
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ECONNREFUSED):
		return nil, nil
	case err != nil:
		return nil, &Trouble{Summary: "cannot reach the sandbox", Kernel: kernelWords(err)}
	case !samePeer(c):
		c.Close()
		return nil, &Trouble{Summary: "the socket of the sandbox in " + p.dir.Name() + " belongs to somebody else"}
	}
	return c, nil
}

// heed catches what the job is to be told of. Of SIGCONT Suspend knows, and one
// more could come when the job has been stopped again. What was ignored when
// vnet began (nohup) stays ignored.
func heed() chan os.Signal {
	c := make(chan os.Signal, 16)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT,
		syscall.SIGTSTP, syscall.SIGWINCH, syscall.SIGUSR1, syscall.SIGUSR2} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	return c
}

// A remote is a job as its client sees it.
type remote struct {
	conn    *net.UnixConn
	answers *json.Decoder
	signals chan os.Signal

	terminal *relay // nil: the job has the client's
}

// run hands a request over and waits for the end of the job. Started is false
// when the holder was gone before it could begin.
func (j *remote) run(r request, files []*os.File) (status int, started bool, err error) {
	if err := send(j.conn, r, files); err != nil {
		if gone(err) {
			return 0, false, nil
		}
		return 0, false, err
	}
	var first answer
	switch err := j.answers.Decode(&first); {
	case err != nil:
		return 0, false, nil
	case first.Refused != "":
		return 0, false, &Trouble{Summary: first.Refused}
	}
	j.terminal.begin()
	over := make(chan struct{})
	defer close(over)
	go j.forward(over)
	for {
		var a answer
		if err := j.answers.Decode(&a); err != nil {
			return 0, true, &Trouble{Summary: "the private network was ended from outside, with all that was in it", Ended: true}
		}
		switch {
		case a.Exit != nil:
			j.terminal.finish()
			return *a.Exit, true, nil
		case a.Stopped:
			j.terminal.pause()
			jobctl.Suspend() // the shell shall know
			j.terminal.resume()
			j.signals <- syscall.SIGCONT // also where the kernel did not stop us
		}
	}
}

// forward tells the job of signals.
func (j *remote) forward(over <-chan struct{}) {
	orders := json.NewEncoder(j.conn)
	for {
		select {
		case s := <-j.signals:
			if s == syscall.SIGWINCH && j.terminal != nil {
				j.terminal.resize()
				continue
			}
			if n, ok := s.(syscall.Signal); ok && orders.Encode(order{int(n)}) != nil {
				return
			}
		case <-over:
			return
		}
	}
}

// gone reports whether an error says that nobody is at the other end.
func gone(err error) bool {
	return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET)
}

// start makes the sandbox and its holder. The caller has the lock.
func (p *place) start() error {
	p.remove() // of a holder that was killed
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.path(socketName), Net: "unix"})
	if err != nil {
		return &Trouble{Summary: "cannot make a socket in " + p.dir.Name(), Kernel: kernelWords(err)}
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	socket, err := l.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	if err := startHolder(socket, p.dir); err != nil {
		p.remove()
		return err
	}
	return nil
}

// errUnready stands for a holder that ended without a word.
var errUnready = fmt.Errorf("it ended before it was ready")
