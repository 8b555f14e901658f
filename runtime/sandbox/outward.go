package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// OutwardWord is the subcommand by which vnet starts a program for Outward.
const OutwardWord = "outward"

// doorName is the socket at which the holder is asked for such programs.
const doorName = "/run/.outward"

// Outward gives the words by which vnet, as a process of this one's kind, runs a
// program in the network around the sandbox; none where there is no sandbox, and
// so nothing to leave. The program is a process of the sandbox in all else. What
// runs so ends with who asked for it, and with the sandbox.
func Outward() []string {
	if !Inside() {
		return nil
	}
	return []string{os.Args[0], OutwardWord}
}

// RunOutward is what these words do. It returns the program's exit status.
func RunOutward(argv []string) (status int, err error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return 0, err
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: path, Err: err}
	}
	program := os.NewFile(uintptr(fd), path)
	defer program.Close()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: doorName, Net: "unix"})
	if errors.Is(err, unix.ENOENT) {
		return 0, errors.New("the private network was made by an older vnet, from which nothing leads out: take down what is in it, and begin anew")
	}
	if err != nil {
		return 0, err
	}
	defer c.Close()
	signals := heed()
	defer signal.Stop(signals)
	j := &remote{conn: c, answers: json.NewDecoder(c), signals: signals}
	status, started, err := j.run(request{Argv: argv, Env: os.Environ()}, []*os.File{program, os.Stdin, os.Stdout, os.Stderr})
	if err == nil && !started {
		err = errors.New("the sandbox has ended")
	}
	return status, err
}

// openDoor makes the socket. Only the user of the sandbox gets at it.
func openDoor() (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: doorName, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(doorName, 0o600)
}

// letOut runs a program in the network around the sandbox.
func (h *holder) letOut(c *net.UnixConn) {
	h.attend(c, func(r request, files []*os.File) (*job, error) {
		j, err := h.bear(r.Argv, files, &syscall.ProcAttr{Dir: "/", Env: r.Env, Sys: &syscall.SysProcAttr{Setsid: true}})
		if err != nil {
			return nil, fmt.Errorf("%s does not start: %w", r.Argv[0], err)
		}
		return j, nil
	})
}

// A thread is in a network of its own, and does there what it is told to.
type thread chan func()

// ownNetwork makes a network namespace and a thread in it.
func ownNetwork() (thread, error) {
	t, made := make(thread), make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked
		err := unix.Unshare(unix.CLONE_NEWNET)
		made <- err
		if err != nil {
			return // and the thread ends
		}
		for f := range t {
			f()
		}
	}()
	return t, <-made
}

// do does something there.
func (t thread) do(f func()) {
	done := make(chan struct{})
	t <- func() { defer close(done); f() }
	<-done
}
