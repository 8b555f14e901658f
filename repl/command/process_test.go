package command

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// start runs a script in a process of its own and waits for its first line.
func start(t *testing.T, script string) (cmd *exec.Cmd, out io.ReadCloser, stderr *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.vnet")
	if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd, stderr = exec.Command("vnet", path), &bytes.Buffer{}
	cmd.Dir = filepath.Dir(path)
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReaderSize(out, 16).ReadString('\n'); err != nil {
		t.Fatal(err, stderr)
	}
	return cmd, out, stderr
}

func statusOf(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func TestSignals(t *testing.T) {
	for sig, want := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 143} {
		cmd, _, stderr := start(t, "out ready\nwait 60s\n")
		for range 3 { // only the first one counts
			if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
		}
		if got := statusOf(cmd.Wait()); got != want {
			t.Errorf("%v: exit status %d, want %d", sig, got, want)
		}
		if !strings.Contains(stderr.String(), "rolled back completely") {
			t.Errorf("%v: says nothing of the rollback: %s", sig, stderr)
		}
	}
}

// A reader that goes away ends the output, not the transaction.
func TestBrokenPipe(t *testing.T) {
	cmd, out, stderr := start(t, "out first\nflood\nfile done\nmade\n")
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if _, err := os.Stat(filepath.Join(cmd.Dir, "done")); err != nil {
		t.Error("the run ended with its output")
	}
	if got := stderr.String(); !strings.HasPrefix(got, "lab: 2 namespaces") {
		t.Errorf("reports %q", got)
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	cmd := exec.Command("vnet", "explain")
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = full, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if want := "warning: standard output is incomplete: no space left on device\n"; stderr.String() != want {
		t.Errorf("says %q, want %q", stderr.String(), want)
	}
}

// What a pipe's end does to vnet must not reach the programs it runs.
func TestPipeSignalNotIgnored(t *testing.T) {
	stop := keepPipes()
	defer stop()
	out, err := exec.Command("grep", "SigIgn", "/proc/self/status").Output()
	if err != nil {
		t.Skip(err)
	}
	const sigpipe = 1 << (13 - 1)
	field := strings.Fields(string(out))[1]
	var mask uint64
	for _, c := range field {
		mask = mask<<4 | uint64(strings.IndexRune("0123456789abcdef", c))
	}
	if mask&sigpipe != 0 {
		t.Errorf("programs ignore SIGPIPE: %s", field)
	}
}

// At a terminal everything that is typed reaches the prompt, from the first key.
func TestTerminal(t *testing.T) {
	cmd := exec.Command("vnet")
	cmd.Env = append(os.Environ(), "TERM=xterm", "HOME="+t.TempDir(), "XDG_STATE_HOME=")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	defer terminal.Close()
	late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	shown := ""
	for _, step := range []struct{ see, keys string }{
		{"vnet> ", "out hel"}, {"hel", "lo\r"}, {"hello\r\n", ""}, {"vnet> ", "out bye\r"}, {"bye\r\n", ""}, {"vnet> ", "\x04"},
	} {
		for buf := make([]byte, 1024); !strings.Contains(shown, step.see); {
			n, err := terminal.Read(buf)
			if err != nil {
				t.Fatalf("without %q it ends: %q", step.see, shown)
			}
			shown += string(buf[:n])
		}
		_, shown, _ = strings.Cut(shown, step.see)
		if _, err := terminal.WriteString(step.keys); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
