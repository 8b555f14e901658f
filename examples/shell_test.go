package examples

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"vnet/runtime/kernel/kerneltest"
)

// A shell is bash at a terminal.
type shell struct {
	t        testing.TB
	terminal *os.File
	dir      string // it begins in
	seen     string
}

const shellPrompt = "ready> "

// shellCommand is a bash that reads no files of this machine.
func shellCommand(dir string, env ...string) *exec.Cmd {
	cmd := exec.Command("bash", "--norc", "--noprofile", "-i")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "PS1="+shellPrompt, "TERM=dumb", "INPUTRC=/dev/null", "LC_ALL=C.UTF-8", "HOME="+dir, "HISTFILE=")
	return cmd
}

// newShell starts a shell, which leads the session of a terminal of its own.
func newShell(t testing.TB, m *kerneltest.Machine, cmd *exec.Cmd) *shell {
	t.Helper()
	terminal, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { terminal.Close() })
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 200}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	late := time.AfterFunc(kerneltest.Patience(time.Minute), func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		late.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	s := &shell{t: t, terminal: terminal, dir: cmd.Dir}
	s.await(shellPrompt)
	return s
}

// await reads until a text was shown, and forgets what was shown up to it.
func (s *shell) await(text string) {
	s.t.Helper()
	for buf := make([]byte, 1024); !strings.Contains(s.seen, text); {
		n, err := s.terminal.Read(buf)
		if err != nil {
			s.t.Fatalf("without %q it ends: %q", text, s.seen)
		}
		s.seen += string(buf[:n])
	}
	_, s.seen, _ = strings.Cut(s.seen, text)
}

func (s *shell) keys(keys string) {
	s.t.Helper()
	if _, err := s.terminal.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shell) do(line string) {
	s.t.Helper()
	s.keys(line + "\r")
	s.await("\n")
	s.await(shellPrompt)
}
