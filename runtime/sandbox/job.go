package sandbox

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A job is what the holder runs for somebody: a vnet in the sandbox, or what is
// to reach the network around.
type job struct {
	pid    int
	states chan syscall.WaitStatus // that it stopped, and at last how it ended
}

// serve runs what one client asks for.
func (h *holder) serve(c *net.UnixConn) { h.attend(c, h.start) }

// attend has a request carried out and tells of it.
func (h *holder) attend(c *net.UnixConn, start func(request, []*os.File) (*job, error)) {
	r, files, err := receive(c)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	if err != nil {
		return
	}
	answers := json.NewEncoder(c)
	j, err := start(r, files)
	if err != nil {
		_ = answers.Encode(answer{Refused: err.Error()})
		return
	}
	_ = answers.Encode(answer{Started: true})
	go h.obey(c, j)
	for status := range j.states {
		if status.Stopped() {
			_ = answers.Encode(answer{Stopped: true})
			continue
		}
		code := status.ExitStatus()
		if status.Signaled() {
			code = 128 + int(status.Signal())
		}
		_ = answers.Encode(answer{Exit: &code})
		return
	}
}

// start starts vnet for a client: the client's own, in a process group of its
// own within the holder's session, so that Ctrl-Z can stop it; or in a session
// of its own, with a terminal.
func (h *holder) start(r request, files []*os.File) (j *job, err error) {
	if info, err := os.Stat(r.Dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no %s in the sandbox, which has a /run of its own: change to another directory", r.Dir)
	}
	env := slices.DeleteFunc(r.Env, func(kv string) bool {
		return strings.HasPrefix(kv, insideKey+"=") || strings.HasPrefix(kv, linksKey+"=") || strings.HasPrefix(kv, terminalKey+"=")
	})
	env = append(env, insideKey+"="+strconv.FormatInt(int64(r.Umask), 8), linksKey+"="+strings.Join(r.Links, " "))
	apart := &syscall.SysProcAttr{Setpgid: true}
	if r.Terminal {
		apart = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		env = append(env, terminalKey+"=1")
	}
	h.network.do(func() { j, err = h.bear(r.Argv, files, &syscall.ProcAttr{Dir: r.Dir, Env: env, Sys: apart}) })
	if err != nil {
		return nil, fmt.Errorf("vnet does not start in the sandbox: %w", err)
	}
	h.mu.Lock()
	h.last = r.Last
	h.mu.Unlock()
	return j, nil
}

// bear starts a program that came as a descriptor, with its streams, in the
// network of the calling thread.
func (h *holder) bear(argv []string, files []*os.File, attr *syscall.ProcAttr) (*job, error) {
	attr.Files = []uintptr{files[1].Fd(), files[2].Fd(), files[3].Fd()}
	h.mu.Lock()
	defer h.mu.Unlock()
	// By the holder's descriptor: the child's may be another by then.
	pid, err := syscall.ForkExec(fmt.Sprintf("/proc/1/fd/%d", files[0].Fd()), argv, attr)
	if err != nil {
		return nil, err
	}
	// One place for each stop that nobody has read of, and one for the end.
	j := &job{pid: pid, states: make(chan syscall.WaitStatus, 16)}
	h.jobs[pid] = j
	note(h.births)
	return j, nil
}

// obey passes signals on, until the client is gone; then nobody waits for the
// job any more, and it is to end as if its terminal had been closed.
func (h *holder) obey(c *net.UnixConn, j *job) {
	orders := json.NewDecoder(c)
	for {
		var o order
		if orders.Decode(&o) != nil {
			h.signal(j, unix.SIGTERM)
			h.signal(j, unix.SIGCONT)
			return
		}
		h.signal(j, syscall.Signal(o.Signal))
	}
}

// signal signals a job that has not ended: its number may be another's.
func (h *holder) signal(j *job, s syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.jobs[j.pid] == j {
		_ = unix.Kill(j.pid, s)
	}
}
