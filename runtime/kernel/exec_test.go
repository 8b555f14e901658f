package kernel

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/kernel/kerneltest"
)

func TestExec(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	apply(t, h, host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "ktbr", Kind: "bridge"}})
	if out, _ := run(t, h, "kt-a", "ls", "/sys/class/net"); strings.TrimSpace(out) != "ktbr\nlo" {
		t.Errorf("/sys/class/net has %q", out)
	}
	if out, _ := run(t, h, host.Start, "ls", "/sys/class/net"); strings.Contains(out, "ktbr") {
		t.Errorf("/sys of the start has %q", out)
	}
	if _, exit := run(t, h, "kt-a", "sh", "-c", "exit 7"); exit.Status != 7 || exit.Signal != "" || exit.Time <= 0 {
		t.Errorf("%+v", exit)
	}
	if _, exit := run(t, h, "kt-a", "sh", "-c", "kill -9 $$"); exit.Status != 137 || exit.Signal != "SIGKILL" {
		t.Errorf("%+v", exit)
	}
	out, _ := run(t, h, "kt-a", "sh", "-c", "ls -l /proc/self/fd | grep -c -v -e pipe -e /dev/null -e /proc/ -e total")
	if strings.TrimSpace(out) != "0" {
		t.Errorf("descriptors leak: %s", out)
	}
	before, _ := os.ReadFile("/proc/self/mounts")
	run(t, h, "kt-a", "true")
	if after, _ := os.ReadFile("/proc/self/mounts"); !bytes.Equal(before, after) {
		t.Errorf("mounts got out\n%s", differ(string(before), string(after)))
	}
}

func TestExecOptions(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	var out bytes.Buffer
	exit, err := h.Exec(context.Background(), &host.Cmd{NS: "kt-a", Argv: []string{"sh", "-c", "id -u; id -G; pwd; echo $X $HOME; cat"},
		Env: []string{"X=y z"}, Dir: "/tmp", User: "nobody", Stdin: strings.NewReader("in"), Stdout: &out})
	if err != nil || exit.Status != 0 || out.String() != "65534\n65534\n/tmp\ny z /nonexistent\nin" {
		t.Errorf("%q %+v %v", out.String(), exit, err)
	}
}

func TestExecRefused(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cases := []struct {
		cmd  host.Cmd
		want host.Reason
	}{
		{host.Cmd{Argv: []string{"kt-no-such-program"}}, host.NotFound},
		{host.Cmd{Argv: []string{"./kt-no-such-program"}}, host.NotFound},
		{host.Cmd{Argv: []string{file("plain", "x", 0o644)}}, host.NotExecutable},
		{host.Cmd{Argv: []string{"plain"}, Env: []string{"PATH=" + dir}}, host.NotExecutable},
		{host.Cmd{Argv: []string{dir}}, host.NotExecutable},
		{host.Cmd{Argv: []string{file("script", "#!/no/such/sh\n", 0o755)}}, host.NoInterpreter},
		{host.Cmd{Argv: []string{file("text", "hello", 0o755)}}, host.NoFormat},
		{host.Cmd{Argv: []string{"true"}, Dir: "/no/such/dir"}, host.NoDir},
		{host.Cmd{Argv: []string{"true"}, User: "kt-nobody"}, host.NoUser},
		{host.Cmd{Argv: nil}, host.NotFound},
	}
	for _, c := range cases {
		c.cmd.NS = "kt-a"
		_, err := h.Exec(context.Background(), &c.cmd)
		var e *host.ProgramError
		if !errors.As(err, &e) || e.Reason != c.want {
			t.Errorf("%v: %v, want %s", c.cmd.Argv, err, c.want)
		}
	}
	if _, err := h.Exec(context.Background(), &host.Cmd{NS: "kt-nowhere", Argv: []string{"true"}}); !errors.Is(err, unix.ENOENT) {
		t.Error(err)
	}
}

// TestExecTimeout: a program that forks, and one that will not listen to
// SIGTERM, are gone when Exec returns.
func TestExecTimeout(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	for _, script := range []string{
		"echo $$; sleep 71 & sleep 71 & wait",
		"echo $$; trap '' TERM; sleep 71 & while :; do sleep 71; done",
		"echo $$; sleep 71 & kill -STOP $$",
	} {
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		var out bytes.Buffer
		begin := time.Now()
		exit, err := h.Exec(ctx, &host.Cmd{NS: "kt-a", Argv: []string{"sh", "-c", script}, Stdout: &out})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || exit.Signal == "" {
			t.Errorf("%q: %+v %v", script, exit, err)
		}
		if took := time.Since(begin); took > kerneltest.Patience(2*time.Second) {
			t.Errorf("%q took %s", script, took)
		}
		if b, err := exec.Command("pgrep", "-g", strings.TrimSpace(out.String()), "-r", "S,R,D,T").Output(); err == nil {
			t.Errorf("%q left %s", script, b)
		}
	}
}

// TestExecDaemon: something left in the background holds the output open.
func TestExecDaemon(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	begin := time.Now()
	out, exit := run(t, h, "kt-a", "sh", "-c", "sleep 30 & echo started")
	if out != "started\n" || exit.Status != 0 || time.Since(begin) > kerneltest.Patience(2*time.Second) {
		t.Errorf("%q %+v after %s", out, exit, time.Since(begin))
	}
}

// TestTerminal: a program gets the terminal and gives it back.
func TestTerminal(t *testing.T) {
	if os.Getenv("KT_TERMINAL") != "" {
		h := open(t)
		exit, err := h.Exec(context.Background(), &host.Cmd{NS: host.Start, Argv: []string{"sh", "-c", "kill -TSTP $$; read x; echo got $x"}, Stdin: os.Stdin, Stdout: os.Stdout})
		front, ioErr := unix.IoctlGetInt(0, unix.TIOCGPGRP)
		if err != nil || exit.Status != 0 || ioErr != nil || front != unix.Getpgrp() {
			t.Fatal("the terminal was not given back", exit, err, ioErr, front, unix.Getpgrp())
		}
		os.Stdout.WriteString("back\n")
		return
	}
	open(t)
	if _, err := exec.LookPath("script"); err != nil {
		t.Skip("needs script(1) for a terminal")
	}
	cmd := exec.Command("script", "-qec", os.Args[0]+" -test.run=TestTerminal", "/dev/null")
	cmd.Env = append(os.Environ(), "KT_TERMINAL=1")
	cmd.Stdin = strings.NewReader("hello\n")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "got hello") || !strings.Contains(string(out), "back") {
		t.Errorf("%v\n%s", err, out)
	}
}
