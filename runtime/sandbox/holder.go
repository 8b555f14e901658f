package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// lull is how long an empty sandbox waits for the next command.
	lull = 2 * time.Second
	// farewell is how long jobs may take to roll back when the holder is told
	// to end.
	farewell = 10 * time.Second
)

// A holder is the first process of a sandbox.
type holder struct {
	place    *place
	listener *net.UnixListener
	door     *net.UnixListener // for what is to reach the network around
	network  thread            // the sandbox's

	mu      sync.Mutex // held also while a job is born, so that it is not buried unknown
	jobs    map[int]*job
	clients int           // connections that are served
	last    bool          // the last command said that nothing is to come
	changed chan struct{} // something has ended
	births  chan struct{} // a job was started
	ending  sync.Once
}

// Hold is the life of a holder. It returns an exit status, and refuses where it
// is not the first process of a sandbox that was just made.
func Hold() int {
	said := os.NewFile(readyFD, "ready")
	if os.Getpid() != 1 || said == nil {
		return 2
	}
	for fd := readyFD; fd <= placeFD; fd++ {
		unix.CloseOnExec(fd)
	}
	h, err := prepare()
	tell := json.NewEncoder(said)
	if err != nil {
		var errno syscall.Errno
		r := ready{Step: err.Error()}
		if errors.As(err, &errno) {
			r.Errno = int(errno)
		}
		_ = tell.Encode(r)
		return 1
	}
	stop := heedNothing()
	go h.bury()
	go h.accept(h.listener, h.serve)
	go h.accept(h.door, h.letOut)
	_ = tell.Encode(ready{})
	said.Close()
	h.wait(stop)
	h.end()
	return 0
}

func prepare() (*holder, error) {
	socket := os.NewFile(socketFD, "socket")
	l, err := net.FileListener(socket)
	if err != nil {
		return nil, err
	}
	socket.Close()
	u, ok := l.(*net.UnixListener)
	if !ok {
		return nil, errors.New("its socket is none")
	}
	h := &holder{listener: u, place: &place{os.NewFile(placeFD, "place")}, jobs: map[int]*job{}, changed: make(chan struct{}, 1), births: make(chan struct{}, 1)}
	if h.network, err = ownNetwork(); err != nil {
		return nil, fmt.Errorf("a private network: %w", err)
	}
	h.network.do(func() { err = Furnish() })
	if err != nil {
		return nil, err
	}
	h.door, err = openDoor()
	return h, err
}

// heedNothing takes the signals that the first client may have ignored, so that
// jobs do not inherit that (signal(7)), and returns those that end a holder.
func heedNothing() <-chan os.Signal {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGPIPE,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGUSR1, syscall.SIGUSR2)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	return stop
}

// note tells who waits on a channel of one place to look again.
func note(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// wait returns when the holder is to end: nothing is left, or it was told to.
func (h *holder) wait(stop <-chan os.Signal) {
	timer := time.NewTimer(lull)
	for {
		select {
		case <-stop:
			h.dismiss()
			return
		case <-h.changed:
			if h.isLast() && h.empty() {
				return
			}
			timer.Reset(lull)
		case <-timer.C:
			if h.empty() {
				return
			}
			timer.Reset(lull)
		}
	}
}

func (h *holder) isLast() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// dismiss asks all jobs to end, and waits until they have.
func (h *holder) dismiss() {
	h.end()
	late := time.After(farewell)
	h.mu.Lock()
	for pid := range h.jobs {
		_ = unix.Kill(pid, unix.SIGTERM)
		_ = unix.Kill(pid, unix.SIGCONT)
	}
	n := len(h.jobs)
	h.mu.Unlock()
	for n > 0 {
		select {
		case <-h.changed:
		case <-late:
			return
		}
		h.mu.Lock()
		n = len(h.jobs)
		h.mu.Unlock()
	}
}

// end leaves no socket behind. A client that has just connected finds out, and
// starts the next holder. No other can have made that socket meanwhile, for
// this one still answers there.
func (h *holder) end() {
	h.ending.Do(func() {
		h.place.remove()
		h.listener.Close()
	})
}

// empty reports whether nobody would miss the sandbox: no client, no process,
// no namespace that has a name, no interface, nothing that vnet remembers.
func (h *holder) empty() bool {
	h.mu.Lock()
	busy := h.clients > 0 || len(h.jobs) > 0
	h.mu.Unlock()
	if busy || othersRun() || len(names("/run/netns")) > 0 {
		return false
	}
	for _, dir := range []string{"/run/vnet/tx", "/run/vnet/lab", "/run/vnet/park"} {
		if len(names(dir)) > 0 {
			return false
		}
	}
	var links []net.Interface
	var err error
	h.network.do(func() { links, err = net.Interfaces() })
	return err == nil && len(links) <= 1
}

func names(dir string) []os.DirEntry {
	entries, _ := os.ReadDir(dir)
	return entries
}

// othersRun reports whether there is any process but the holder.
func othersRun() bool {
	for _, e := range names("/proc") {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && pid != 1 && unix.Kill(pid, 0) == nil {
			return true
		}
	}
	return false
}

// accept serves clients.
func (h *holder) accept(l *net.UnixListener, serve func(*net.UnixConn)) {
	for {
		c, err := l.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of descriptors: until some are given back
			continue
		}
		h.count(+1)
		go func() {
			defer note(h.changed)
			defer h.count(-1)
			defer c.Close()
			if samePeer(c) {
				serve(c)
			}
		}()
	}
}

func (h *holder) count(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients += n
}

// bury waits for every process that ends: the jobs, and what they left behind,
// whose parent is now the holder.
func (h *holder) bury() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WUNTRACED, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil: // no child, until there is a job
			<-h.births
		default:
			h.mu.Lock()
			j := h.jobs[pid]
			if j != nil && !status.Stopped() {
				delete(h.jobs, pid)
			}
			h.mu.Unlock()
			if j != nil {
				j.states <- status
			}
			note(h.changed)
		}
	}
}
