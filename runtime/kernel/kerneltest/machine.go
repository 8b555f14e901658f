// Package kerneltest gives tests a machine of their own: a network namespace
// to start in, a mount namespace with an empty /run and an /etc that may be
// written to. Nothing on the real machine is touched, tests may run at the same
// time, and what is there before and after can be compared (Snapshot).
package kerneltest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/sandbox"
)

// mark is the variable by which the programs of a machine are known.
const mark = "VNET_MACHINE"

var machines atomic.Int64

// A Machine is a thread in namespaces of its own; programs it starts are born
// there. It lasts as long as its test.
type Machine struct {
	t    testing.TB
	id   string
	jobs chan func()
}

// Need skips a test where machines cannot be made.
func Need(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make namespaces")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs ip(8) to look at the network: install iproute2")
	}
}

// New returns a machine whose network is lo, up, and nothing else.
func New(t testing.TB) *Machine {
	t.Helper()
	Need(t)
	m := &Machine{t: t, id: fmt.Sprintf("%d.%d", os.Getpid(), machines.Add(1)), jobs: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread dies with the machine
		err := enter()
		ready <- err
		if err != nil {
			return
		}
		for job := range m.jobs {
			job()
		}
	}()
	switch err := <-ready; {
	case errors.Is(err, unix.EPERM):
		t.Skip("needs to make namespaces, which this root may not:", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range m.Processes() {
			_ = unix.Kill(p, unix.SIGKILL)
		}
		close(m.jobs)
	})
	m.Run("ip", "link", "set", "lo", "up")
	// iproute2 binds /run/netns to itself with the first namespace, and leaves
	// it so; vnet does the same, and it is no difference that matters.
	m.Run("ip", "netns", "add", "first")
	m.Run("ip", "netns", "del", "first")
	return m
}

// Do does something on the machine's thread.
func (m *Machine) Do(f func()) {
	done := make(chan struct{})
	m.jobs <- func() { defer close(done); f() }
	<-done
}

// Start starts a program in the machine.
func (m *Machine) Start(cmd *exec.Cmd) (err error) {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, mark+"="+m.id)
	m.Do(func() { err = cmd.Start() })
	return err
}

// An Outcome is how a program ended.
type Outcome struct {
	Status   int // 128 and the number, when a signal killed it
	Out, Err string
}

// Try runs a program and says how it ended.
func (m *Machine) Try(args ...string) Outcome {
	m.t.Helper()
	return m.TryCmd(exec.Command(args[0], args[1:]...))
}

// TryCmd runs a program that is prepared already.
func (m *Machine) TryCmd(cmd *exec.Cmd) Outcome {
	m.t.Helper()
	var out, errs bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout = &out
	}
	if cmd.Stderr == nil {
		cmd.Stderr = &errs
	}
	if err := m.Start(cmd); err != nil {
		m.t.Fatalf("%v: %v", cmd.Args, err)
	}
	err := cmd.Wait()
	return Outcome{Status: Status(m.t, err), Out: out.String(), Err: errs.String()}
}

// Status gives the exit status behind what Wait returned.
func Status(t testing.TB, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return exit.ExitCode()
}

// Run runs a program, which must end well, and returns what it printed.
func (m *Machine) Run(args ...string) string {
	m.t.Helper()
	o := m.Try(args...)
	if o.Status != 0 {
		m.t.Fatalf("%s: status %d\n%s%s", strings.Join(args, " "), o.Status, o.Out, o.Err)
	}
	return o.Out
}

// Script runs lines of the shell, which must all end well.
func (m *Machine) Script(text string) string {
	m.t.Helper()
	return m.Run("sh", "-e", "-c", text)
}

// Processes lists what runs in the machine, its own thread left out. What is
// dead and waits to be buried does not run.
func (m *Machine) Processes() []int {
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		var pid int
		if _, err := fmt.Sscan(e.Name(), &pid); err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+mark+"="+m.id+"\x00")) {
			continue
		}
		stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if _, rest, ok := bytes.Cut(stat, []byte(") ")); ok && rest[0] != 'Z' && rest[0] != 'X' {
			out = append(out, pid)
		}
	}
	return out
}

// enter puts the calling thread into namespaces of its own.
func enter() error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS | unix.CLONE_NEWNET); err != nil {
		return err
	}
	return furnish()
}

// furnish gives the mount namespace the thread is in an empty /run, an /etc
// that may be written to, and the network's own /sys.
func furnish() error {
	for _, step := range []func() error{
		func() error { return unix.Mount("", "/", "none", unix.MS_PRIVATE|unix.MS_REC, "") },
		forgetNamespaces,
		func() error { return unix.Mount("vnet-test", "/run", "tmpfs", 0, "mode=755") },
		sandbox.OwnEtc,
		ownSys,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("a machine for the test: %w", err)
		}
	}
	return nil
}

// forgetNamespaces lets go of the named namespaces of the real machine: our
// copies of their mounts would keep them alive, and vanish when they are
// deleted there.
func forgetNamespaces() error {
	for {
		if err := unix.Unmount("/run/netns", unix.MNT_DETACH); err != nil {
			return nil
		}
	}
}

// ownSys shows the machine's own interfaces in /sys, the control groups still
// below it. Where that is not allowed the old one stays.
func ownSys() error {
	const groups, kept = "/sys/fs/cgroup", "/run/.cgroup"
	if err := os.Mkdir(kept, 0o755); err != nil {
		return err
	}
	bound := unix.Mount(groups, kept, "none", unix.MS_BIND|unix.MS_REC, "") == nil
	if unix.Mount("vnet-test", "/sys", "sysfs", 0, "") == nil && bound {
		return unix.Mount(kept, groups, "none", unix.MS_BIND|unix.MS_REC, "")
	}
	return nil
}
