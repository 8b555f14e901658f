package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"vnet/runtime/kernel/kerneltest"
)

// atTerminal is a user at a shell, in front of a lab of two namespaces.
func atTerminal(t *testing.T) (*user, *shell) {
	t.Helper()
	u := newUser(t, kerneltest.New(t))
	u.script("two.vnet", "ns left right\nveth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24\n")
	u.run(0, "--quiet", "two.vnet")
	like := u.command()
	cmd := shellCommand(u.home, like.Env...)
	cmd.SysProcAttr = like.SysProcAttr
	cmd.Env = append(cmd.Env, "SHELL="+cmd.Path, "BASH_ENV=")
	return u, newShell(t, u.m, cmd)
}

// mode is how the terminal is set.
func (s *shell) mode() string {
	s.t.Helper()
	s.do("clear; stty -g > mode")
	return s.file("mode")
}

func (s *shell) file(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// set checks how the terminal is set.
func (s *shell) set(want string) {
	s.t.Helper()
	if got := s.mode(); got != want {
		s.t.Errorf("the terminal is set to %s, was %s", got, want)
	}
}

// ended checks the status of what ended last.
func (s *shell) ended(want string) {
	s.t.Helper()
	s.do("echo $? > status")
	if got := s.file("status"); got != want {
		s.t.Errorf("its status is %s, not %s", got, want)
	}
}

// inside opens a shell in a namespace, which says where it is.
func (s *shell) inside(ns string) {
	s.t.Helper()
	s.keys("vnet shell " + ns + "\r")
	s.await("(" + ns + ") ")
}

// A shell in the private network has a terminal of its own, with all that makes
// one: jobs, Ctrl-Z, Ctrl-C, a size that changes.
func TestShellHasTerminal(t *testing.T) {
	t.Parallel()
	_, s := atTerminal(t)
	before := s.mode()
	s.inside("left")
	if strings.Contains(s.seen, "job control") {
		t.Errorf("the shell says %q", s.seen)
	}
	step := func(keys, want string) {
		t.Helper()
		s.keys(keys)
		s.await(want)
	}
	step("ip -br addr show eth0\r", "10.0.0.1/24")
	step("tty >/dev/null && : >/dev/tty && echo ha''ve\r", "have")
	step("bash -c 'trap \"echo re''sumed\" CONT; echo be''gun; while :; do read -t 5; done'\r", "begun\r\n")
	step("\x1a", "Stopped")
	step("jobs\r", "read -t 5")
	step("fg\r", "resumed\r\n")
	step("\x03", "(left) ")
	step("echo again $?\r", "again 130")
	if err := pty.Setsize(s.terminal, &pty.Winsize{Rows: 33, Cols: 111}); err != nil {
		t.Fatal(err)
	}
	step("until stty size | grep -q '33 111'; do sleep 0.01; done; echo re''sized\r", "resized")
	step("exit 7\r", shellPrompt)
	s.ended("7")
	s.set(before)
}

// Ctrl-Z in a program stops vnet as well, so that the user's own shell has the
// terminal, as it was; fg goes on. Ctrl-C and Ctrl-D are the program's.
func TestExecStopsAtTerminal(t *testing.T) {
	t.Parallel()
	_, s := atTerminal(t)
	before := s.mode()
	s.keys("vnet exec left sh -c 'echo be''gun; exec sed -u s/^/got-/'\r")
	s.await("begun")
	s.keys("one\r")
	s.await("got-one\r\n")
	for range 2 {
		s.keys("\x1a")
		s.await("Stopped")
		s.await(shellPrompt)
		if now := s.mode(); now != before {
			t.Errorf("while it is stopped the terminal is set to %s, was %s", now, before)
		}
		s.keys("fg\r")
		s.await("vnet exec left")
		s.keys("two\r")
		s.await("got-two\r\n")
	}
	s.keys("\x04")
	s.await(shellPrompt)
	s.ended("0")
	s.keys("vnet exec left sh -c 'echo be''gun; exec sleep 999'\r")
	s.await("begun")
	s.keys("\x03")
	s.await(shellPrompt)
	s.ended("130")
	s.set(before)
}

// All that a program writes arrives, also what it writes last, and where it does
// not write to the terminal.
func TestExecWritesAll(t *testing.T) {
	t.Parallel()
	_, s := atTerminal(t)
	s.do("vnet exec left seq 20000 | tail -1 > piped; vnet exec left sh -c 'echo no >&2; seq 3' 2>err >out")
	if got := s.file("piped") + " " + s.file("err") + " " + s.file("out"); got != "20000 no 1\n2\n3" {
		t.Errorf("files hold %q", got)
	}
	s.keys("vnet exec left sh -c 'sleep 999 & seq 20000; exit 3'; echo sta''tus $?\r")
	s.await("\n20000\r\n")
	s.await("status 3")
}

// However it ends, the terminal is as it was.
func TestTerminalIsRestored(t *testing.T) {
	t.Parallel()
	u, s := atTerminal(t)
	before := s.mode()
	for what, end := range map[string]func(client int){
		"the client is told to end": func(client int) { _ = unix.Kill(client, unix.SIGTERM) },
		"the sandbox is killed":     func(int) { _ = unix.Kill(u.holder(), unix.SIGKILL) },
	} {
		u.try("--quiet", "two.vnet") // which is gone with a sandbox
		s.inside("left")
		end(u.client("shell", "left"))
		s.await(shellPrompt)
		if after := s.mode(); after != before {
			t.Errorf("%s: the terminal is set to %s, was %s", what, after, before)
		}
	}
}

// client is the user's process that a command line was typed for: the one
// outside of the sandbox.
func (u *user) client(args ...string) int {
	u.t.Helper()
	line := "vnet\x00" + strings.Join(args, "\x00") + "\x00"
	ours, _ := os.Readlink("/proc/self/ns/user")
	for _, pid := range u.processes() {
		is, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		in, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/user", pid))
		if string(is) == line && in == ours {
			return pid
		}
	}
	u.t.Fatal("nobody has typed vnet ", args)
	return 0
}

// While vnet waits to be told that a lab may stay, the line is for the answer.
func TestConfirmLeavesTheLine(t *testing.T) {
	t.Parallel()
	u, s := atTerminal(t)
	u.script("slow.vnet", "ns slow\nexec in slow sleep 0.5\n")
	s.keys("vnet run --confirm 1s slow.vnet\r")
	s.await("takes it back now\r\nerror[V6011]")
}
