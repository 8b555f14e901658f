package examples

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/runtime"
	"vnet/runtime/kernel/kerneltest"
)

// labMachine is a machine with something on it that labs change.
const labMachine = `
ip netns add old
ip link add kold type veth peer name kold2 netns old
ip link set kold up
ip -n old link set kold2 up
ip -n old link set lo up
ip addr add 10.8.0.1/24 dev kold
ip -n old addr add 10.8.0.2/24 dev kold2
ip route add 10.50.0.0/16 via 10.8.0.2
ip link add kdum type ifb
ip link set kdum up
`

// towerScript makes and changes something of everything.
const towerScript = `
lab tower
ns ta tb
veth ta:eth0 10.0.0.1/24 <-> tb:eth0 10.0.0.2/24
veth host:th0 10.9.0.1/24 <-> ta:up 10.9.0.2/24
bridge host:tbr
link set host:kold mtu 1400 alias "tower's"
veth tb:bp 10.7.0.2/24 <-> host:tbr as tp
addr add host:kold 10.8.1.1/24
route replace 10.50.0.0/16 via 10.9.0.2
in old {
  addr del kold2 10.8.0.2/24
  sysctl net.ipv4.ip_default_ttl = 70
}
in ta forward on
in ta hosts 10.0.0.2 b
spawn as clock ready "tick" in ta sh 'while :; do echo tick; sleep 0.05; done'
spawn as sleeper in old sleep 98
exec in tb sh 'setsid sleep 98 >&- 2>&- &'
expect ping ta -> tb
`

// status reads what vnet says is up.
func status(t testing.TB, m *kerneltest.Machine) []runtime.Lab {
	t.Helper()
	var labs []runtime.Lab
	o := run(t, m, 0, "status", "--json")
	if err := json.Unmarshal([]byte(o.Out), &labs); err != nil {
		t.Fatalf("%v\n%s", err, o.Out)
	}
	return labs
}

func upNames(t testing.TB, m *kerneltest.Machine) string {
	var names []string
	for _, l := range status(t, m) {
		names = append(names, l.Name)
	}
	return strings.Join(names, " ")
}

// A lab goes down to what was there before it, though its script is gone.
func TestLabDown(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	path := script(t, towerScript)
	run(t, m, 0, "up", path)
	labs := status(t, m)
	if len(labs) != 1 || labs[0].Name != "tower" || labs[0].Path != path || len(labs[0].Spaces) != 2 || len(labs[0].Programs) != 3 {
		t.Fatalf("up are %+v", labs)
	}
	for _, p := range labs[0].Programs {
		if len(p.PIDs) == 0 {
			t.Errorf("%s does not run", p.Name)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if o := run(t, m, 0, "recover"); !strings.Contains(o.Out, "nothing to recover") {
		t.Errorf("recover takes a lab for a dead transaction:\n%s", o.Out)
	}
	o := run(t, m, 0, "down", path)
	if strings.Contains(o.Err, "kept") || strings.Contains(o.Err, "not brought") {
		t.Errorf("says\n%s", o.Err)
	}
	m.Same(t, before)
}

// A namespace of a lab that others have removed and made anew is theirs.
func TestLabDownKeepsMadeAnew(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	run(t, m, 0, "up", script(t, "lab anew\nns na nb\nveth na:eth0 10.0.0.1/24 <-> nb:eth0 10.0.0.2/24\n"))
	m.Script(`
ip netns del nb
ip netns add nb
ip -n nb link add theirs type ifb
`)
	o := run(t, m, 0, "down", "anew")
	if !strings.Contains(o.Err, "kept: nb: made anew by someone else") {
		t.Errorf("says\n%s", o.Err)
	}
	m.Script("ip -n nb link show theirs >/dev/null; ! ip netns exec na true 2>/dev/null")
	if o := run(t, m, 0, "recover"); !strings.Contains(o.Out, "nothing to recover") {
		t.Errorf("something is left over:\n%s", o.Out)
	}
}

// What others changed since stays, and is told; the rest is as before.
func TestLabDownKeepsForeign(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	run(t, m, 0, "up", script(t, towerScript))
	m.Script(`
ip addr add 10.77.0.1/24 dev kold
ip route add 10.51.0.0/16 via 10.8.0.7
ip netns exec old sh -c 'echo 71 > /proc/sys/net/ipv4/ip_default_ttl'
ip link add theirs type ifb
ip -n ta addr add 10.66.0.1/24 dev eth0
ip -n tb link add more type ifb
ip link set kold alias theirs
ip -n old link add more type bridge
ip -n old addr add 10.67.0.1/24 dev more
ip -n old link set more up
ip -n old route add 10.68.0.0/16 via 10.67.0.2
`)
	o := run(t, m, 0, "down", "tower")
	for _, line := range []string{"link kold alias: theirs", "10.77.0.1/24", "sysctl ipv4/ip_default_ttl: 71"} {
		if !strings.Contains(o.Err, line) {
			t.Errorf("does not tell of %s:\n%s", line, o.Err)
		}
	}
	m.Script(`
ip -o addr show dev kold | grep -q 10.77.0.1/24
ip route show 10.51.0.0/16 | grep -q 10.8.0.7
ip link del theirs
ip addr del 10.77.0.1/24 dev kold
ip route del 10.51.0.0/16
ip netns exec old sh -ec 'grep -qx 71 /proc/sys/net/ipv4/ip_default_ttl; echo 64 > /proc/sys/net/ipv4/ip_default_ttl'
ip link set kold alias ''
ip -n old route del 10.68.0.0/16 via 10.67.0.2
ip -n old addr del 10.67.0.1/24 dev more
ip -n old link del more
`)
	m.Same(t, before)
}

// Where others have removed a namespace that a lab had changed, there is nothing
// to bring back any more.
func TestLabDownOfWhatIsGone(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script("ip netns add old")
	run(t, m, 0, "up", script(t, "lab gone\nns na\nveth na:eth0 10.0.0.1/24 <-> old:eth0 10.0.0.2/24\nin old forward on\n"))
	m.Script("ip netns del old")
	o := run(t, m, 0, "down", "gone")
	if !strings.Contains(o.Err, "kept: old: gone, with all that was in it") {
		t.Errorf("says\n%s", o.Err)
	}
	if o := run(t, m, 0, "recover"); !strings.Contains(o.Out, "nothing to recover") {
		t.Errorf("something is left over:\n%s", o.Out)
	}
}

// What a lab had deleted is gone, and that is said.
func TestLabDownTellsOfLosses(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	m.Script("ip netns add doomed\nip link add dd type ifb\nip link set dd up\nip addr add 10.60.0.1/24 dev dd\n")
	run(t, m, 0, "up", script(t, "lab cut\nlink set host:dd mtu 1300\nlink del host:dd\nns del doomed\nns nx ny\nns del ny\nlink set host:kold mtu 1300\n"))
	o := run(t, m, 0, "down", "cut")
	for _, line := range []string{"not brought back: ns doomed", "not brought back: link host:dd"} {
		if !strings.Contains(o.Err, line) {
			t.Errorf("does not say %s:\n%s", line, o.Err)
		}
	}
	if strings.Contains(o.Err, "ny") {
		t.Errorf("mourns what it had made itself:\n%s", o.Err)
	}
	m.Same(t, before)
}

// vnet dies at each record of taking a lab down; the next command goes on.
func TestLabDownDies(t *testing.T) {
	kerneltest.Need(t)
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	path := script(t, towerScript)
	n := 1
	for ; ; n += 3 {
		run(t, m, 0, "up", path)
		if !killed(t, m.TryCmd(crashing(fmt.Sprintf("after %d", n), "down", "tower"))) {
			break
		}
		m.Try("vnet", "status")
		run(t, m, 0, "recover")
		restored(t, m, before, fmt.Sprintf("record %d", n))
	}
	if n < 10 {
		t.Errorf("died at %d places only", n)
	}
	restored(t, m, before, "at the end")
}

// vnet dies while it commits: either nothing is there, or a lab that can be
// taken down.
func TestLabCommitDies(t *testing.T) {
	kerneltest.Need(t)
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	path := script(t, "lab small\nns sa\naddr add host:kdum 10.3.0.1/24\ncommit\nns sb\n")
	both := 0
	for n := 1; ; n++ {
		if !killed(t, m.TryCmd(crashing(fmt.Sprintf("after %d", n), "up", path))) {
			break
		}
		run(t, m, 0, "recover")
		if names := upNames(t, m); names == "small" {
			both++
			run(t, m, 0, "down", "small")
		} else if names != "" {
			t.Fatalf("up are %s", names)
		}
		restored(t, m, before, fmt.Sprintf("record %d", n))
	}
	if both == 0 {
		t.Error("it never died behind a commit")
	}
	run(t, m, 0, "down", "small")
	restored(t, m, before, "at the end")
}

// Two labs do not know of each other; each name is given once.
func TestTwoLabs(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	one := script(t, "ns a1\nveth host:c1 10.1.0.1/24 <-> a1:x\nlink set host:kold mtu 1300\n")
	two := filepath.Join(t.TempDir(), "lab.vnet")
	if err := os.WriteFile(two, []byte("ns a2\naddr add host:kdum 10.2.0.1/24\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, m, 0, one)
	run(t, m, 0, two)
	if names := upNames(t, m); names != "lab lab-2" {
		t.Fatalf("up are %s", names)
	}
	o := run(t, m, 3, one)
	if !strings.Contains(o.Err, "V6009") || strings.Contains(o.Err, "V1003") || !strings.Contains(o.Err, "vnet down lab") {
		t.Errorf("up twice says\n%s", o.Err)
	}
	run(t, m, 0, "down", two)
	if names := upNames(t, m); names != "lab" {
		t.Fatalf("up are %s", names)
	}
	run(t, m, 0, two)
	run(t, m, 0, "undo")
	if names := upNames(t, m); names != "lab" {
		t.Fatalf("up are %s", names)
	}
	run(t, m, 0, two)
	run(t, m, 0, "down", "--all")
	m.Same(t, before)
	if o := run(t, m, 1, "down", "lab"); !strings.Contains(o.Err, "V6010") {
		t.Errorf("says\n%s", o.Err)
	}
}

// A lab whose namespaces others have removed is no hindrance.
func TestVoidLab(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	path := script(t, "ns va vb\nveth va:x <-> vb:y\n")
	run(t, m, 0, path)
	m.Script("ip netns del va; ip netns del vb")
	run(t, m, 0, path)
	if names := upNames(t, m); names != "lab" || len(status(t, m)[0].Spaces) != 2 {
		t.Errorf("up are %+v", status(t, m))
	}
	run(t, m, 0, "down", "lab")
	m.Same(t, before)
}

// What can be run beside what stands is, and goes down with it.
func TestLabGrows(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	path := script(t, "param n = 1\nensure ns base\nns more$n\naddr add host:kdum 10.$n.0.1/24\n")
	run(t, m, 0, path)
	run(t, m, 0, path, "n=2")
	if l := status(t, m); len(l) != 1 || len(l[0].Spaces) != 3 {
		t.Errorf("up are %+v", l)
	}
	run(t, m, 0, "down", path)
	m.Same(t, before)
}

// A build that failed can be left as it is, and taken down.
func TestKeepFailed(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	path := script(t, "ns fa\nlink set host:kold mtu 1300\nfail \"here\"\n")
	o := run(t, m, 1, "run", "--keep", path)
	for _, say := range []string{"vnet shell fa", "vnet down lab", "V4010"} {
		if !strings.Contains(o.Err, say) {
			t.Errorf("does not say %s:\n%s", say, o.Err)
		}
	}
	if l := status(t, m); len(l) != 1 || !l[0].Failed || !l[0].Spaces[0].There {
		t.Errorf("up are %+v", l)
	}
	if out := run(t, m, 0, "exec", "fa", "sh", "-c", "echo $VNET_NS; ls /sys/class/net").Out; out != "fa\nlo\n" {
		t.Errorf("inside is %q", out)
	}
	run(t, m, 7, "exec", "fa", "sh", "-c", "exit 7")
	run(t, m, 3, "exec", "fb", "true")
	run(t, m, 0, "down", "lab")
	m.Same(t, before)
}

// confirming starts a run that waits to be confirmed, and returns when it does.
func confirming(t *testing.T, m *kerneltest.Machine, limit, path string) (cmd *exec.Cmd, said *bytes.Buffer) {
	t.Helper()
	cmd, said = vnet("run", "--confirm", limit, path), &bytes.Buffer{}
	cmd.Stderr = said
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	await(t, m, "sh", "-c", "ls /run/vnet/tx/*/await")
	return cmd, said
}

// What is not confirmed in time is taken back, also when the line is cut and
// when vnet dies.
func TestConfirm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit  string
		do     func(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd)
		status int
		stays  bool
	}{
		"confirmed": {"60s", func(t *testing.T, m *kerneltest.Machine, _ *exec.Cmd) { run(t, m, 0, "confirm") }, 0, true},
		"too late":  {"300ms", func(*testing.T, *kerneltest.Machine, *exec.Cmd) {}, 124, false},
		"cut": {"1s", func(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd) {
			_ = cmd.Process.Signal(syscall.SIGHUP)
		}, 143, false},
		"cut and confirmed": {"60s", func(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd) {
			_ = cmd.Process.Signal(syscall.SIGHUP)
			time.Sleep(200 * time.Millisecond)
			run(t, m, 0, "confirm", "lab")
		}, 0, true},
		"interrupted": {"60s", func(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd) { _ = cmd.Process.Signal(os.Interrupt) }, 130, false},
		"killed":      {"60s", func(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd) { _ = cmd.Process.Kill() }, 137, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			m.Script(labMachine)
			before := m.Settle()
			cmd, said := confirming(t, m, c.limit, script(t, "ns ca\naddr add host:kold 10.4.0.1/24\nlink set host:kold mtu 1300\n"))
			c.do(t, m, cmd)
			if status := kerneltest.Status(t, cmd.Wait()); status != c.status {
				t.Errorf("exit status %d, want %d\n%s", status, c.status, said)
			}
			run(t, m, 0, "recover")
			if stays := upNames(t, m) == "lab"; stays != c.stays {
				t.Errorf("stays: %t\n%s", stays, said)
			}
			if c.stays {
				run(t, m, 0, "down", "lab")
			}
			m.Same(t, before)
		})
	}
}

// What programs of a lab write can be read later.
func TestLogs(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	run(t, m, 0, "run", script(t, "lab talk\nns la\nspawn as one ready \"up\" in la sh 'echo up; echo one; exec sleep 98'\nspawn as two ready \"up\" in la sh 'echo up; exec sleep 98'\n"))
	if out := run(t, m, 0, "logs", "talk").Out; out != "one | up\none | one\ntwo | up\n" {
		t.Errorf("logs are %q", out)
	}
	if out := run(t, m, 0, "logs", "talk", "two").Out; out != "up\n" {
		t.Errorf("the log of two is %q", out)
	}
	run(t, m, 2, "logs", "talk", "tow")
	run(t, m, 0, "undo")
}

// What a program writes without ending the line is shown as well.
func TestLogsOfUnfinishedLine(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	run(t, m, 0, "run", script(t, "lab half\nspawn as one ready \"up\" sh 'echo up; printf half >&1; exec sleep 98'\nwait until exec sh \"grep -q half /run/vnet/log/*/one.log\"\n"))
	if out := run(t, m, 0, "logs", "half").Out; out != "one | up\none | half\n" {
		t.Errorf("logs are %q", out)
	}
	run(t, m, 0, "undo")
}

// logs -f shows what is written as it is written, and ends with the lab.
func TestLogsFollow(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, m, 0, "run", script(t, "lab talk\nns la\nparam fifo\nspawn as one ready \"up\" in la sh 'echo up; while read x; do echo got $x; done <> $fifo'\n"), "fifo="+fifo)
	say := func(text string) {
		t.Helper()
		if err := os.WriteFile(fifo, []byte(text+"\n"), 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, ends := range []func(cmd *exec.Cmd){
		func(cmd *exec.Cmd) { _ = cmd.Process.Signal(os.Interrupt) },
		func(*exec.Cmd) { run(t, m, 0, "down", "talk") },
	} {
		cmd := vnet("logs", "-f", "talk")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Start(cmd); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(kerneltest.Patience(time.Minute), func() { _ = cmd.Process.Kill() })
		lines := bufio.NewScanner(out)
		await := func(want string) {
			t.Helper()
			for lines.Scan() {
				if lines.Text() == want {
					return
				}
			}
			t.Fatalf("without %q it ends", want)
		}
		await("one | up")
		say("this")
		await("one | got this")
		ends(cmd)
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("logs -f ends with %v", err)
		}
		late.Stop()
	}
}

// A lab of another boot went with that: it is none, and its name is free.
func TestLabOfAnotherBoot(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	path := script(t, "lab old\nns la lb\nveth la:eth0 <-> lb:eth0\nspawn as web in la sleep 98\n")
	run(t, m, 0, "up", path)
	pids := status(t, m)[0].Programs[0].PIDs
	m.Script(`
ip netns del la
ip netns del lb
echo 11111111-2222-3333-4444-555555555555 > /run/boot
mount --bind /run/boot /proc/sys/kernel/random/boot_id
`)
	if names := upNames(t, m); names != "" {
		t.Errorf("up are %s", names)
	}
	run(t, m, 1, "down", "old")
	run(t, m, 0, "up", path)
	if names := upNames(t, m); names != "old" {
		t.Errorf("up are %s", names)
	}
	run(t, m, 0, "down", "old")
	m.Script("! ls /run/vnet/log/* 2>/dev/null")
	for _, pid := range pids { // of no other boot, really
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// view is what the network is like.
func view(m *kerneltest.Machine) kerneltest.Snapshot {
	s := m.Settle()
	delete(s, "files")
	delete(s, "programs") // they start others
	return s
}

// The new lab takes the place of the old one, and goes down to what was there
// before both.
func TestReplace(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	run(t, m, 0, "up", script(t, towerScript))
	run(t, m, 0, "up", "--replace", script(t, "lab tower\nns ta\nveth host:th0 10.9.0.5/24 <-> ta:up 10.9.0.6/24\nlink set host:kold mtu 1300\naddr add host:kdum 10.30.0.1/24\nspawn in ta sleep 98\nexpect ping host -> 10.9.0.6\n"))
	labs := status(t, m)
	if len(labs) != 1 || len(labs[0].Spaces) != 1 || len(labs[0].Programs) != 1 || labs[0].Made["veth"] != 1 || labs[0].Made["namespace"] != 1 {
		t.Errorf("up are %+v", labs)
	}
	if out := m.Run("ip", "route", "show", "10.50.0.0/16"); !strings.Contains(out, "via 10.8.0.2") {
		t.Errorf("the old lab's route stays: %s", out)
	}
	if out := m.Run("ip", "-o", "link"); strings.Contains(out, "~") || strings.Contains(out, "tbr") {
		t.Errorf("of the old lab stays\n%s", out)
	}
	run(t, m, 0, "down", "tower")
	m.Same(t, before)
}

// A lab that has replaced another, or has removed something for good, is
// replaced as well; the last one is taken down to what was there before the
// first.
func TestReplaceAgain(t *testing.T) {
	kerneltest.Need(t)
	m := kerneltest.New(t)
	m.Script("ip netns add kgone; ip link add kdel type veth peer name kdel2")
	path := script(t, "lab tower\nns ta tb\nveth ta:e0 10.9.0.1/24 <-> tb:e0 10.9.0.2/24\nif exists(kgone) { ns del kgone; link del kdel }\n")
	run(t, m, 0, "run", path)
	for range 3 {
		run(t, m, 0, "run", "--replace", path)
		if diff := m.Run("ip", "-n", "ta", "-br", "addr", "show", "e0"); !strings.Contains(diff, "10.9.0.1/24") {
			t.Errorf("there is %s", diff)
		}
	}
	run(t, m, 1, "run", "--replace", script(t, "lab tower\nns tc\nfail \"no\"\n"))
	run(t, m, 0, "down", "tower")
	if left := m.Run("ip", "netns"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// Which lab is replaced only the run of the script tells where its text does not;
// and one that is taken back by removing its namespaces stays such a lab.
func TestReplaceNamedByRun(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	text := "let called = tower\nlab $called\nns ta tb\nveth ta:e0 10.9.0.%d/24 <-> tb:e0 10.9.0.9/24\n"
	run(t, m, 0, "run", script(t, fmt.Sprintf(text, 1)))
	run(t, m, 0, "run", "--replace", script(t, fmt.Sprintf(text, 2)))
	if addr := m.Run("ip", "-n", "ta", "-br", "addr", "show", "e0"); !strings.Contains(addr, "10.9.0.2/24") {
		t.Errorf("there is %s", addr)
	}
	if record := m.Run("cat", "/run/vnet/lab/tower/1/lab.json"); !strings.Contains(record, `"Whole":`) {
		t.Errorf("kept is %s", record)
	}
	run(t, m, 0, "down", "tower")
	if left := m.Run("ip", "netns"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// If the new lab fails, wherever, the old one stands as it was, and so do its
// programs.
func TestReplaceFails(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	before := m.Settle()
	path := script(t, towerScript)
	run(t, m, 0, path)
	eldest := func() string {
		var pids []int
		for _, p := range status(t, m)[0].Programs {
			pids = append(pids, p.PIDs[0])
		}
		return fmt.Sprint(pids)
	}
	pids := eldest()
	was := view(m)
	check := func(what string) {
		t.Helper()
		now := view(m)
		if diff := was.Diff(now); diff != "" {
			t.Errorf("%s: the old lab is not what it was:\n%s", what, diff)
		}
		run(t, m, 0, "exec", "ta", "ping", "-c", "1", "-W", "5", "10.0.0.2")
		if now := eldest(); now != pids {
			t.Errorf("%s: programs were %v, are %v", what, pids, now)
		}
	}
	for what, c := range map[string]struct {
		text   string
		status int
	}{
		"at once":   {"lab tower\nfail \"at once\"\n", 1},
		"not valid": {"lab tower\nns ta\nroute add nonsense\n", 3},
		"late":      {"lab tower\nns ta tb\nveth ta:eth0 10.0.0.1/24 <-> tb:eth0 10.0.0.2/24\nlink set host:kold mtu 1200\nbridge host:tbr\naddr add host:kold 10.8.7.1/24\nexec in ta false\n", 1},
	} {
		run(t, m, c.status, "run", "--replace", script(t, c.text))
		check(what)
	}
	for n := 4; ; n += 9 {
		o := m.TryCmd(crashing(fmt.Sprintf("after %d", n), "run", "--replace", path))
		if !killed(t, o) {
			break
		}
		run(t, m, 0, "recover")
		if names := upNames(t, m); names != "tower" {
			t.Fatalf("record %d: up are %q", n, names)
		}
		run(t, m, 0, "exec", "ta", "ping", "-c", "1", "-W", "5", "10.0.0.2")
	}
	run(t, m, 0, "down", "tower")
	m.Same(t, before)
}
