package examples

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

// crashing prepares a call of vnet that dies at a place of its journal.
func crashing(spec string, args ...string) *exec.Cmd { return vnettest.Crash(vnet(args...), spec) }

const crashScript = `
ns ka kb
veth ka:eth0 10.0.0.1/24 <-> kb:eth0 10.0.0.2/24
veth kh0 10.9.0.1/24 <-> ka:up 10.9.0.2/24
bridge kbr
link set host:kold master kbr mtu 1400
tap kb:tap0 10.5.0.1/24
in ka {
  forward on
  route add 10.7.0.0/16 via 10.0.0.2
  rule add from 10.7.0.0/16 table 100 priority 100
  hosts 10.0.0.2 b
}
sysctl net.ipv4.conf.kold2.rp_filter = 1
addr add kold2 10.8.0.1/24
route add 10.77.0.0/16 via 10.8.0.2
transaction { ns kc } 
try { ns kd
  link set kold2 mtu 1300 down
  sysctl net.ipv4.conf.kold2.rp_filter = 2
  fail "back" }
link set kold2 alias "ours" promisc on
ns ke
`

const crashMachine = `
ip link add kold type veth peer name kold2
ip link set kold up
ip link set kold2 up
`

// killed reports whether a program was killed, as it should be, or came to its
// end because the place it was to die at was never reached.
func killed(t *testing.T, o kerneltest.Outcome) bool {
	t.Helper()
	switch o.Status {
	case 0:
		return false
	case 128 + int(syscall.SIGKILL):
		return true
	}
	t.Fatalf("status %d: %s%s", o.Status, o.Out, o.Err)
	return false
}

// restored waits until a machine is as it was.
func restored(t *testing.T, m *kerneltest.Machine, before kerneltest.Snapshot, what string) {
	t.Helper()
	diff := ""
	for range 100 {
		if diff = before.Diff(m.Snapshot()); diff == "" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s: not as before:\n%s", what, diff)
}

// Cases 3, 4 and 9: vnet dies before, in the middle of and after each record
// of its journal; a recovery, which itself dies up to three times, brings back
// what was.
func TestCrashAtEveryRecord(t *testing.T) {
	kerneltest.Need(t)
	for _, when := range []string{"before", "torn", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			m.Script(crashMachine)
			path := script(t, crashScript)
			before := m.Settle()
			dice := rand.New(rand.NewPCG(1, uint64(len(when))))
			n := 1
			for ; ; n++ {
				if !killed(t, m.TryCmd(crashing(fmt.Sprintf("%s %d", when, n), "run", "--rm", path))) {
					break
				}
				if n%3 == 0 {
					for range 1 + dice.IntN(3) {
						m.TryCmd(crashing(fmt.Sprintf("%s %d", when, 1+dice.IntN(6)), "recover"))
					}
				}
				run(t, m, 0, "recover")
				restored(t, m, before, fmt.Sprintf("%s record %d", when, n))
			}
			if n < 20 {
				t.Errorf("died at %d places only", n-1)
			}
			restored(t, m, before, "at the end")
		})
	}
}

// Case 7: behind the commit record the transaction goes forward.
func TestCrashAfterCommit(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	path := script(t, "ns ka\nlink del host:kold\n")
	m.Script(crashMachine)
	for n := 1; ; n++ {
		o := m.TryCmd(crashing(fmt.Sprintf("after %d", n), "run", path))
		if !killed(t, o) {
			break
		}
		committed := strings.Contains(m.Run("sh", "-c", "cat /run/vnet/tx/*/journal"), `"commit"`)
		run(t, m, 0, "recover")
		links, spaces := m.Run("ip", "-o", "link"), m.Run("ip", "netns")
		if strings.Contains(links, "~") {
			t.Errorf("record %d: a tombstone stays:\n%s", n, links)
		}
		if there := strings.Contains(spaces, "ka"); there != committed {
			t.Errorf("record %d: committed %t, and the namespace is there: %t", n, committed, there)
		}
		if there := strings.Contains(links, "kold@"); there == committed {
			t.Errorf("record %d: committed %t, and the deleted link is there: %t", n, committed, there)
		}
		if committed {
			m.Run("ip", "netns", "del", "ka")
			m.Script(crashMachine)
		}
	}
}

// Case 5: the guard takes back what a killed vnet left, by itself.
func TestGuard(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	m.Script(crashMachine)
	path := script(t, crashScript+"\nexec in ka touch /run/ready\nexec in ka sleep 1000\n")
	before := m.Settle()
	cmd := vnettest.Guard(vnet("run", path))
	begin(t, m, cmd)
	cmd.Process.Kill()
	cmd.Wait()
	m.Run("rm", "/run/ready")
	restored(t, m, before, "killed")
}

// Who asks to recover while the guard is at it gets the prompt back when all is
// as before.
func TestRecoverWaitsForTheGuard(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	path := script(t, "for i in 1..60 { ns \"g${i}\"; veth \"g${i}:eth0\" <-> \"host:gp${i}\" }\nexec touch /run/ready\nexec sleep 1000\n")
	cmd := vnettest.Guard(vnet("run", path))
	begin(t, m, cmd)
	cmd.Process.Kill()
	cmd.Wait()
	o := run(t, m, 0, "recover")
	if left := m.Try("ls", "/run/vnet/tx").Out + m.Run("ip", "netns"); left != "" {
		t.Errorf("recover returns saying\n%s\nand there is still\n%s", o.Out, left)
	}
}

// Case 6: killed with its guard, it is recovered by the next vnet that changes
// something.
func TestNextCommandRecovers(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	m.Script(crashMachine)
	before := m.Settle()
	if !killed(t, m.TryCmd(crashing("after 12", "run", script(t, crashScript)))) {
		t.Fatal("it did not die")
	}
	o := run(t, m, 0, "run", "--rm", script(t, "ns ka\n"))
	if !strings.Contains(o.Err, "rolled back completely") {
		t.Errorf("it recovers in silence:\n%s", o.Err)
	}
	restored(t, m, before, "after the next run")
}

// Case 11: what is at work is left alone.
func TestRecoverLeavesTheLivingAlone(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	cmd := vnet("run", "--rm", script(t, "ns ka\nexec in ka touch /run/ready\nexec in ka sleep 1000\n"))
	begin(t, m, cmd)
	o := run(t, m, 0, "recover")
	if !strings.Contains(o.Out, "at work") || !strings.Contains(m.Run("ip", "netns"), "ka") {
		t.Errorf("recover says\n%s\nand there is\n%s", o.Out, m.Run("ip", "netns"))
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if left := m.Run("ip", "netns"); left != "" {
		t.Errorf("there is still %s", left)
	}
}

// Case 10: two scripts that share nothing run at once; one that must wait says
// for whom, or fails when it may not.
func TestTwoWriters(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	first := vnet("run", "--rm", script(t, "ns ka\nexec in ka touch /run/ready\nexec in ka sh 'while [ ! -e /run/go ]; do sleep 0.01; done'\n"))
	begin(t, m, first)
	run(t, m, 0, "run", "--rm", script(t, "ns kb\n"))
	blocked := script(t, "in ka forward on\n")
	o := m.Try("vnet", "run", "--no-wait", blocked)
	if o.Status != 1 || !strings.Contains(o.Err, "V6008") || !strings.Contains(o.Err, "lab.vnet (process") {
		t.Errorf("--no-wait ends with %d:\n%s", o.Status, o.Err)
	}
	third := vnet("run", "--rm", blocked)
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	third.Stderr = said
	if err := m.Start(third); err != nil {
		t.Fatal(err)
	}
	await(t, m, "grep", "-q", "waiting for", said.Name())
	m.Run("touch", "/run/go")
	if err := first.Wait(); err != nil {
		t.Errorf("the first: %v", err)
	}
	third.Wait()
	// The namespace it waited for went with the first.
	text, err := os.ReadFile(said.Name())
	if err != nil || !strings.Contains(string(text), "V1002") {
		t.Errorf("the one that waited says\n%s", text)
	}
	inner := script(t, "in kc forward on\n")
	o = m.Try("vnet", "run", script(t, "ns kc\nexec vnet run "+inner+"\n"))
	if o.Status != 1 || !strings.Contains(o.Err, "wait for itself") {
		t.Errorf("a vnet inside ends with %d:\n%s", o.Status, o.Err)
	}
}

// begin starts a vnet and waits until its script says that it is ready.
func begin(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd) {
	t.Helper()
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	await(t, m, "test", "-e", "/run/ready")
}

// await waits until a program succeeds.
func await(t *testing.T, m *kerneltest.Machine, program ...string) {
	t.Helper()
	for deadline := time.Now().Add(kerneltest.Patience(30 * time.Second)); m.Try(program...).Status != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not succeed", strings.Join(program, " "))
		}
	}
}

// What cannot be finished is tried once by each vnet, and told once.
func TestUnfinishedIsToldOnce(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	const never = "undo 1+ EBUSY"
	first := m.TryCmd(vnettest.Fault(vnet("run", script(t, "ns kz\nfail \"x\"\n")), never))
	next := m.TryCmd(vnettest.Fault(vnet("run", script(t, "ns ka\nns kb\nexec in ka true\nin kb forward on\n")), never))
	if n := strings.Count(next.Err, "not all of it"); first.Status != 5 || next.Status != 0 || n != 1 {
		t.Errorf("told %d times:\n%d %s\n%d %s", n, first.Status, first.Err, next.Status, next.Err)
	}
	if o := run(t, m, 0, "recover"); !strings.Contains(o.Out, "rolled back completely") {
		t.Errorf("recover says\n%s", o.Out)
	}
	run(t, m, 0, "down", "--all")
}
