// Package examples tests the scripts beside it, and with them the promise of
// vnet: what a script says is what the machine then is, and a script that does
// not get to its end leaves nothing.
package examples

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/tools/txtar"

	"vnet/runtime"
	"vnet/runtime/kernel/kerneltest"
)

// An example is a script with what is needed to run it.
type example struct {
	path   string
	args   []string
	needs  []string // programs
	setup  string   // shell
	status string   // of its end; "" for 0
	look   string   // what the machine must be like: see lookAt
}

// examples reads the scripts and, from testdata, what to expect of them.
func examples(t testing.TB) []example {
	t.Helper()
	files, err := filepath.Glob("*.vnet")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	var out []example
	for _, path := range files {
		if path == "lan.vnet" {
			continue // a module
		}
		e := example{path: path}
		a, err := txtar.ParseFile(filepath.Join("testdata", strings.TrimSuffix(path, ".vnet")+".txtar"))
		if err != nil {
			t.Fatal("every example says what it leads to:", err)
		}
		for _, f := range a.Files {
			text := string(f.Data)
			switch f.Name {
			case "args":
				e.args = strings.Fields(text)
			case "needs":
				e.needs = strings.Fields(text)
			case "setup":
				e.setup = text
			case "status":
				e.status = strings.TrimSpace(text)
			case "look":
				e.look = text
			default:
				t.Fatalf("%s: what is %s?", path, f.Name)
			}
		}
		out = append(out, e)
	}
	return out
}

func (e example) want() int {
	if e.status == "" {
		return 0
	}
	return int(e.status[0] - '0')
}

// machine returns a machine that the example can run on.
func (e example) machine(t testing.TB) *kerneltest.Machine {
	t.Helper()
	for _, p := range e.needs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skip("needs a program:", err)
		}
	}
	m := kerneltest.New(t)
	m.Script(e.setup)
	return m
}

// call gives the arguments that run the example.
func (e example) call(options ...string) []string {
	return append(append(append([]string{"run"}, options...), e.path), e.args...)
}

// Without privileges, on a machine where nothing is known.
func TestCheck(t *testing.T) {
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			text, err := os.ReadFile(e.path)
			if err != nil {
				t.Fatal(err)
			}
			args := map[string]string{}
			for _, a := range e.args {
				k, v, _ := strings.Cut(a, "=")
				args[k] = v
			}
			for _, d := range runtime.Check(context.Background(), runtime.Script{Name: e.path, Dir: ".", Text: string(text), Args: args}) {
				if len(e.args) == 0 { // an interface of this machine is one to be warned of
					t.Error(d, d.Help)
				}
			}
		})
	}
}

// A plan needs no privileges, and touches nothing.
func TestPlan(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m := e.machine(t)
			before := m.Settle()
			cmd := vnet(append([]string{"plan", e.path}, e.args...)...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
			if path, err := exec.LookPath("vnet"); err != nil || !readable(path) {
				cmd.SysProcAttr = nil // the test binary lies where nobody else may look
			}
			out := runCmd(t, m, 0, cmd).Out
			if !strings.Contains(out, "to make") {
				t.Errorf("plans %q", out)
			}
			m.Same(t, before)
		})
	}
}

// readable reports whether every user may get at a file.
func readable(path string) bool {
	path, err := filepath.EvalSymlinks(path)
	for ; err == nil; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o005 != 0o005 {
			return false
		}
		if path == "/" {
			return true
		}
	}
	return false
}

// The machine is what the script says.
func TestRun(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m := e.machine(t)
			run(t, m, e.want(), e.call()...)
			lookAt(t, m, e.look)
		})
	}
}

// With --rm nothing is left, however often.
func TestRemove(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m := e.machine(t)
			before := m.Settle()
			for range 2 {
				run(t, m, e.want(), e.call("--rm")...)
				m.Same(t, before)
			}
		})
	}
}

// A script that was carried out already is told that its lab is up, and leaves the
// network of the first time as it is.
func TestTwice(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			if e.want() != 0 {
				t.Skip("leaves nothing the first time")
			}
			m := e.machine(t)
			run(t, m, 0, e.call()...)
			before := m.Settle()
			o := run(t, m, 3, e.call("--rm")...)
			if !strings.Contains(o.Err, "V6009") || strings.Count(o.Err, "error[") != 1 {
				t.Errorf("says %s", o.Err)
			}
			m.Same(t, before)
		})
	}
}

// lookAt asks programs for the machine:
//
//	$ COMMAND     what to ask, of the shell
//	> REGEXP      a line of the answer
//	! REGEXP      no line of the answer
//	=             there is no answer
func lookAt(t testing.TB, m *kerneltest.Machine, text string) {
	t.Helper()
	var asked, answer string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		sign, rest, _ := strings.Cut(line, " ")
		switch sign {
		case "", "#":
		case "$":
			asked = rest
			o := m.Try("sh", "-c", rest)
			answer = strings.TrimSpace(o.Out + o.Err)
		case ">", "!":
			re, err := regexp.Compile(`(?m)^\s*` + rest)
			if err != nil {
				t.Fatal(err)
			}
			if re.MatchString(answer) != (sign == ">") {
				t.Errorf("%s\n%s\n%s", asked, line, answer)
			}
		case "=":
			if answer != "" {
				t.Errorf("%s\nanswers\n%s", asked, answer)
			}
		default:
			t.Fatalf("what is %q?", line)
		}
	}
}
