package examples

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

// network is what the scripts of these tests build before they end.
const network = `
ns left right
bridge br0
veth left:eth0 10.0.0.1/24 <-> br0
veth right:eth0 10.0.0.2/24 <-> br0
in left {
  sysctl net.ipv4.ip_forward = 1
  hosts 10.0.0.2 right
}
`

// Every way a script can end by itself.
func TestEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		options    []string
		status     int
		says       string
	}{
		{"done with rm", "echo fine", []string{"--rm"}, 0, "taken down"},
		{"fail", `fail "enough"`, nil, 1, "enough"},
		{"a program", "exec in left false", nil, 1, "ended with status 1"},
		{"a program with rm", "exec in left false", []string{"--rm"}, 1, "ended with status 1"},
		{"no program", "exec in left /no/such/program", nil, 1, "cannot run"},
		{"a shell", "exec in left sh 'exit 7'", nil, 1, "ended with status 7"},
		{"a signal", "exec in left sh 'kill -9 $$'", nil, 1, "SIGKILL"},
		{"another status", "exec status 3 in left true", nil, 1, "status 0"},
		{"expect", "expect ping left -> 10.0.0.99 within 100ms", nil, 4, "expect"},
		{"expect no", "expect ping left -> right\nexpect no ping left -> right", nil, 4, "expect"},
		{"expect value", "let n = 1\nexpect $n == 2", nil, 4, "expect"},
		{"expect exec", "expect exec in left false", nil, 4, "expect"},
		{"expect tcp", "expect tcp left -> right port 9 within 100ms", nil, 4, "expect"},
		{"wait until", "wait until tcp left -> right port 9 timeout 100ms", nil, 1, "waited"},
		{"exec timeout", "exec timeout 100ms in left sleep 60", nil, 1, "100ms"},
		{"timeout in exec", "exec in left sleep 60", []string{"--timeout", "500ms"}, 124, "500ms"},
		{"timeout in wait", "wait 60s", []string{"--timeout", "500ms"}, 124, "500ms"},
		{"timeout in expect", "expect tcp left -> right port 9 within 60s", []string{"--timeout", "500ms", "--rm"}, 124, "500ms"},
		{"invalid", "veth left:eth0 <-> nowhere:x", nil, 3, "nothing was touched"},
		{"refused", "link set left:eth0 mtu 65535\nlink set br0 mtu 65535\nexec true\nin left route add 10.9.0.0/16 via 10.0.0.2 dev eth0 table 9\nlink set left:eth0 mtu 65536", nil, 3, "mtu"},
		{"background", "exec in left sh 'sleep 60 & exit 1'", nil, 1, "status 1"},
		{"defer", "defer echo late\nfail \"enough\"", nil, 1, "enough"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			before := m.Settle()
			o := runCmd(t, m, c.status, vnet(append(append([]string{"run"}, c.options...), script(t, network+c.text+"\n"))...))
			if !strings.Contains(o.Err, c.says) {
				t.Errorf("says nothing of %q:\n%s", c.says, o.Err)
			}
			if c.status != 0 && c.status != 3 && !strings.Contains(o.Err, "rolled back completely") {
				t.Errorf("says nothing of the rollback:\n%s", o.Err)
			}
			if c.name == "background" {
				for _, pid := range m.Processes() { // outside of a transaction, as it says
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			m.Same(t, before)
		})
	}
}

// started starts vnet and waits until the script says "ready".
func started(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd) (errs *bytes.Buffer) {
	t.Helper()
	errs = &bytes.Buffer{}
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return errs
		}
	}
	t.Fatalf("not ready: %v\n%s", cmd.Wait(), errs)
	return nil
}

// Wherever a script is when a signal comes, it is rolled back; later signals
// change nothing.
func TestSignals(t *testing.T) {
	t.Parallel()
	signals := []struct {
		sig    syscall.Signal
		status int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}, {syscall.SIGHUP, 143}}
	for where, text := range map[string]string{
		"exec":     `exec in left sh 'echo ready; sleep 60'`,
		"stubborn": `exec in left sh 'trap "" INT TERM HUP; echo ready; sleep 60; sleep 60'`,
		"children": `exec in left sh '(sleep 60; echo) & (sleep 61; echo) & echo ready; wait'`,
		"expect":   "echo ready\nexpect tcp left -> right port 9 within 60s",
		"ping":     "echo ready\nexpect ping left -> 10.0.0.99 within 60s",
		"wait":     "echo ready\nwait 60s",
		"until":    "echo ready\nwait until exec in left false",
		"parallel": "parallel {\n  exec in left sh 'echo ready; sleep 60'\n  exec in right sleep 60\n  wait 60s\n}",
		"nested":   "transaction \"x\" { ns third; try { ns fourth; exec in fourth sh 'echo ready; sleep 60' } catch e { exec sleep 60 } }",
		"value":    "echo ready\nlet r = exec status any in left sleep 60\nexec sleep 60",
		"loop":     "echo ready\nlet i = 0\nwhile true { set i = $i + 1 }",
	} {
		for i, s := range signals {
			if testing.Short() && i > 0 {
				continue
			}
			t.Run(where+" "+s.sig.String(), func(t *testing.T) {
				t.Parallel()
				m := kerneltest.New(t)
				before := m.Settle()
				cmd := vnet("run", "--rm", script(t, network+text+"\n"))
				errs := started(t, m, cmd)
				stop := make(chan struct{})
				sent := make(chan struct{})
				go func() { // again and again, until it has ended
					defer close(sent)
					for {
						select {
						case <-stop:
							return
						default:
							_ = cmd.Process.Signal(s.sig)
							time.Sleep(time.Millisecond)
						}
					}
				}()
				status := kerneltest.Status(t, cmd.Wait())
				close(stop)
				<-sent
				if status != s.status || !strings.Contains(errs.String(), "rolled back completely") {
					t.Errorf("exit status %d, want %d\n%s", status, s.status, errs)
				}
				m.Same(t, before)
			})
		}
	}
}

// Between any two operations.
func TestSignalAtOperation(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, network+"exec in left true\nveth left:x <-> right:x\nexpect ping left -> right\n")
	for n := 1; ; n++ {
		name, status := "SIGINT", 130
		if n%2 == 0 {
			name, status = "SIGTERM", 143
		}
		o := m.TryCmd(fault(vnet("run", "--rm", path), fmt.Sprintf("apply %d %s", n, name)))
		if o.Status == 0 {
			if n < 10 {
				t.Errorf("only %d operations", n-1)
			}
			return
		}
		if o.Status != status {
			t.Fatalf("operation %d: exit status %d, want %d\n%s", n, o.Status, status, o.Err)
		}
		unchanged(t, m, before, o.Err)
		if t.Failed() {
			return
		}
	}
}

// A signal while a script is rolled back changes neither that nor its status.
func TestSignalInRollback(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, network+"exec true\non rollback exec true\nlink set br0 mtu 1400\nfail \"enough\"\n")
	for n := 1; n < 6; n++ {
		for _, name := range []string{"SIGINT", "SIGTERM", "SIGHUP"} {
			runCmd(t, m, 1, fault(vnet(path), fmt.Sprintf("undo %d %s", n, name)))
			m.Same(t, before)
		}
	}
}

// What becomes of the output is no matter of the network.
func TestStreams(t *testing.T) {
	t.Parallel()
	const noisy = network + `
for i in 1..2000 { echo "line $i of many, long enough to fill a pipe" }
exec in left sh 'for i in 1 2 3 4 5 6 7 8 9; do echo "line $i of a program"; done'
show links in left
`
	for _, c := range []struct{ name, shell, text string }{
		{"head", "vnet run --rm $S | head -1", noisy},
		{"nobody reads", "vnet run --rm $S | true", noisy},
		{"full disk", "vnet run --rm $S >/dev/full", noisy},
		{"full disk for errors", "vnet run --rm -x $S >/dev/full 2>/dev/full", noisy},
		{"closed output", "vnet run --rm $S >&-", noisy},
		{"closed input", "vnet run --rm $S <&-", network + "exec in left sh 'cat; echo more'"},
		{"all closed", "vnet run --rm $S <&- >&- 2>&-", noisy},
		{"no terminal", "setsid vnet run --rm $S </dev/null", noisy},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			before := m.Settle()
			cmd := exec.Command("bash", "-c", "set -o pipefail; "+c.shell)
			cmd.Env = append(os.Environ(), "S="+script(t, c.text))
			runCmd(t, m, 0, cmd)
			m.Same(t, before)
			cmd = exec.Command("bash", "-c", "set -o pipefail; "+c.shell)
			cmd.Env = append(os.Environ(), "S="+script(t, c.text+"\nfail \"enough\"\n"))
			runCmd(t, m, 1, cmd)
			m.Same(t, before)
		})
	}
}

// Scripts that are programs, come from a pipe, or bring a module along.
func TestWays(t *testing.T) {
	t.Parallel()
	const body = "param n = 1\nns [h1..h$n]\nbridge br-$n\n"
	m := kerneltest.New(t)
	before := m.Settle()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write("keeps", "#!/usr/bin/env vnet\n"+body)
	write("cleans", "#!/usr/bin/env -S vnet run --rm\n"+body)
	write("fails", "#!/usr/bin/env vnet\n"+body+"fail \"no\"\n")
	write("part.vnet", "def part(name) {\n  ns $name\n}\n")
	write("whole.vnet", "import part.vnet\npart one\nfail \"no\"\n")
	write("broken.vnet", "def part(name) {\n  ns $name\n  fail \"in the module\"\n}\n")
	write("uses.vnet", "import broken.vnet\nns zero\npart one\n")

	in := func(status int, shell string) kerneltest.Outcome {
		t.Helper()
		cmd := exec.Command("sh", "-c", shell)
		cmd.Dir = dir
		return runCmd(t, m, status, cmd)
	}
	in(0, "./keeps n=3")
	lookAt(t, m, "$ ip netns | sort | cut -d' ' -f1 | xargs\n> h1 h2 h3$\n$ ip -o link show br-3\n> \\d+: br-3\n")
	run(t, m, 0, "down", filepath.Join(dir, "keeps"))
	m.Same(t, before)
	for shell, status := range map[string]int{
		"./cleans":                           0,
		"./cleans n=4":                       0,
		"./cleans m=4":                       3,
		"./fails n=2":                        1,
		"vnet <fails":                        1,
		"vnet - <fails":                      1,
		"cat cleans | vnet run --rm - n=2":   0,
		"cat fails | vnet run":               1,
		"vnet run --rm <(cat keeps)":         2,
		"cd / && vnet run $OLDPWD/uses.vnet": 1,
		"vnet whole.vnet":                    1,
		"vnet run absent.vnet":               3,
		"vnet run --no-such-flag":            2,
	} {
		if strings.Contains(shell, "<(") {
			shell, status = "bash -c '"+shell+"'", 0
		}
		in(status, shell)
		m.Same(t, before)
	}
}
