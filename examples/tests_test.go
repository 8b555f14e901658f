package examples

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

// The tests of the example pass, and nothing is seen of them outside.
func TestTests(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	o := run(t, m, 0, "test", "-j", "4", "tests.vnet")
	if !regexp.MustCompile(`(?m)^ok    tests\.vnet: both LANs reach each other \(`).MatchString(o.Out) || !strings.Contains(o.Out, "4 tests: 4 passed; ") {
		t.Errorf("%s%s", o.Out, o.Err)
	}
	unchanged(t, m, before, o.Out)
}

const mixed = `param host = a
ns $host b
veth $host:eth0 10.0.0.1/24 <-> b:eth0 10.0.0.2/24
exec in b sh 'test ! -e /run/mark; echo > /run/mark'
test "passes" {
  expect ping $host -> b
  link del b:eth0
  spawn in b sleep 600
  spawn sh 'trap "" TERM; setsid sleep 600'
}
test "fails" {
  echo "seen of what fails"
  exec in b false
}
test "cable is there again" { expect ping $host -> 10.0.0.2 }
test "too slow" { exec in b sleep 600 }
test "is misspelt" { exec in lfet true }
`

// Each test by itself, whatever the others did; what fails is shown; nothing stays.
func TestTestsFail(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, mixed)
	o := run(t, m, 1, "test", "--timeout", "3s", path, "host=left")
	for _, want := range []string{
		`(?m)^ok    \S+lab\.vnet: passes \(`,
		`(?m)^FAIL  \S+lab\.vnet: fails \(.*\n      seen of what fails\n      error\[V4001\]: false ended with status 1\n`,
		`(?m)^     *13 │   exec in b false`,
		`(?m)^ok    \S+lab\.vnet: cable is there again`,
		`(?m)^FAIL  \S+lab\.vnet: too slow \(.*\n      error\[V4004\]: not done after 3s`,
		`(?m)^FAIL  \S+lab\.vnet: is misspelt \(.*\n      error\[V1002\]`,
		`(?m)^5 tests: 2 passed, 3 failed; `,
	} {
		if !regexp.MustCompile(want).MatchString(o.Out) {
			t.Errorf("no %s in\n%s%s", want, o.Out, o.Err)
		}
	}
	unchanged(t, m, before, o.Out)
	o = run(t, m, 0, "test", "--filter", "^passes$|again", filepath.Dir(path))
	if !strings.Contains(o.Out, "2 tests: 2 passed") {
		t.Errorf("a directory and a filter:\n%s", o.Out)
	}
	run(t, m, 0, "run", "--rm", path) // the tests are left out
	unchanged(t, m, before, "run")
}

// Ctrl-C ends the test at hand with all it has, and tells what was not run.
func TestTestsInterrupted(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, `ns a
test "first" { echo hi }
test "second" {
  spawn in a sh 'trap "" TERM; sleep 600'
  exec sleep 600
}
test "third" { echo ho }
`)
	cmd := vnet("test", "-j", "1", path)
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = w
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewScanner(out)
	text := ""
	for lines.Scan() {
		text += lines.Text() + "\n"
		if strings.HasPrefix(lines.Text(), "ok ") {
			awaitProgram(t, m, "sleep\x00600")
			_ = cmd.Process.Signal(syscall.SIGINT)
		}
	}
	if status := kerneltest.Status(t, cmd.Wait()); status != 130 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{": first (", ": second (not run)", ": third (not run)", "3 tests: 1 passed, 2 not run"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	unchanged(t, m, before, text)
}

// Of scripts that are not valid none is run, and a report for programs says so.
func TestTestsInvalid(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, "ns a\ntest \"works\" { exec in a true }\n")
	wrong := filepath.Join(filepath.Dir(path), "wrong.vnet")
	if err := os.WriteFile(wrong, []byte("ns a\ntest \"typo\" {\n  veth a:x ~~ b\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{
		"text": `^$`, "tap": `^TAP version 14\n1\.\.1\nnot ok 1 - \S+wrong\.vnet: is valid\n`,
		"junit": `<testsuite name="\S+wrong\.vnet" tests="1" failures="1"`, "json": `"file":"\S+wrong\.vnet"`,
		"github": `(?m)^::error file=\S+wrong\.vnet,line=3,`,
	} {
		o := run(t, m, 3, "test", "--format", format, filepath.Dir(path))
		if !regexp.MustCompile(want).MatchString(o.Out) || strings.Contains(o.Out, "works") {
			t.Errorf("%s: no %s in\n%s", format, want, o.Out)
		}
		if !strings.Contains(o.Err, "wrong.vnet:3:") {
			t.Errorf("%s: standard error:\n%s", format, o.Err)
		}
	}
	unchanged(t, m, before, "none")
}

// awaitProgram waits until a program of a machine runs.
func awaitProgram(t *testing.T, m *kerneltest.Machine, command string) {
	t.Helper()
	for deadline := time.Now().Add(kerneltest.Patience(30 * time.Second)); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		for _, p := range m.Processes() {
			if b, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p), "cmdline")); strings.Contains(string(b), command) {
				return
			}
		}
	}
	t.Error("it does not start")
}

// Without root a test has a user namespace, where that is allowed.
func TestTestsWithoutRoot(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip(err)
	}
	m := kerneltest.New(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A place that everybody may read.
	m.Script("mkdir -m 755 /run/free && cp " + self + " /run/free/vnet && cp tests.vnet /run/free/")
	cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/run/free/vnet", "test", "tests.vnet")
	cmd.Dir = "/"
	cmd.Args = append(cmd.Args[:len(cmd.Args)-1], "/run/free/tests.vnet")
	o := m.TryCmd(cmd)
	switch {
	case o.Status == 6 && strings.Contains(o.Err, "user namespaces"):
		t.Skip("user namespaces are not allowed here: ", o.Err)
	case o.Status != 0 || !strings.Contains(o.Out, "4 tests: 4 passed"):
		t.Errorf("status %d\n%s%s", o.Status, o.Out, o.Err)
	}
}
