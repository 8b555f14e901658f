package examples

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

// An idle prompt is in nobody's way, one with an open transaction keeps what
// it has touched to itself. What others have changed meanwhile is left alone by
// undo, and said.
func TestPromptBesideOthers(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(crashMachine)
	s := open(t, m)
	silent := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			if out := s.enter(text); out != "" {
				t.Fatalf("%s: %s", text, out)
			}
		}
	}
	other := script(t, "in ka forward on\n")
	silent("ns ka")
	run(t, m, 0, "run", "--no-wait", other)
	silent("begin", "in ka forward off")
	if o := run(t, m, 1, "run", "--no-wait", other); !strings.Contains(o.Err, "<prompt> (process") {
		t.Errorf("the one that may not wait says\n%s", o.Err)
	}
	s.enter("rollback")
	run(t, m, 0, "run", "--no-wait", other)

	silent("link set host:kold mtu 1400")
	m.Run("ip", "link", "set", "kold", "mtu", "1300")
	if out := s.enter("undo"); !strings.Contains(out, "changed by someone else, left as it is") {
		t.Errorf("undo says\n%s", out)
	}
	if out := m.Run("ip", "link", "show", "kold"); !strings.Contains(out, "mtu 1300") {
		t.Errorf("what another did is gone:\n%s", out)
	}
	silent("ns kb")
	m.Run("ip", "netns", "del", "kb")
	opened := func() string {
		return strings.TrimSpace(m.Run("sh", "-c", fmt.Sprintf("ls -l /proc/%d/fd | grep -c net: || true", s.cmd.Process.Pid)))
	}
	if n := opened(); n != "0" {
		t.Errorf("an idle prompt keeps %s namespaces open, and so alive", n)
	}
	if out := s.enter("undo"); strings.Contains(out, "left") {
		t.Errorf("undo of what is gone says\n%s", out)
	}
	silent("begin", "ns kc")
	if opened() == "0" {
		t.Error("no namespace is seen to be open")
	}
}

// What an undo could not put back is told once: the entries after it are not
// those of a program that died.
func TestPromptLeavesItsOwnJournal(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	s := open(t, m)
	s.enter("ns ka; bridge ka:br0")
	s.enter("link del ka:br0")
	m.Run("sh", "-c", "ip -n ka link del $(ip -n ka -o link | grep -o '[^ ]*~[^:@ ]*')")
	if out := s.enter("undo"); !strings.Contains(out, "rollback incomplete") {
		t.Fatalf("undo of what another has deleted for good says\n%s", out)
	}
	if out := s.enter("let x = 1"); out != "" {
		t.Errorf("the next entry says\n%s", out)
	}
	if out, status := s.end(nil); status != 5 || out != "" {
		t.Errorf("the prompt ends with %d and\n%s", status, out)
	}
}

// What falls out of the undo history goes for good.
func TestPromptHistoryEnds(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(crashMachine)
	s := open(t, m)
	s.enter("link del host:kold")
	for i := range 20 {
		if !strings.Contains(m.Run("ip", "-o", "link"), "~") {
			t.Fatalf("gone before entry %d", i)
		}
		s.enter(fmt.Sprintf("let n%d = %d", i, i))
	}
	if out := m.Run("ip", "-o", "link"); strings.Contains(out, "~") || strings.Contains(out, "kold") {
		t.Errorf("what was deleted is still there:\n%s", out)
	}
	if out := s.enter("undo 30"); strings.Count(out, "taken back") != 20 {
		t.Errorf("undo says\n%s", out)
	}
	if out := s.enter("undo"); !strings.Contains(out, "nothing to undo") {
		t.Errorf("undo says\n%s", out)
	}
}

// quietCable is a cable to which nothing happens by itself.
const quietCable = `
ip link add kold type veth peer name kold2
ip link set kold addrgenmode none up
ip link set kold2 addrgenmode none up
`

// Killed at any record of its journals, also in the middle of an undo, the
// prompt leaves each entry done or not done.
func TestPromptCrashAtEveryRecord(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(quietCable)
	for _, when := range []string{"torn", "after"} {
		for n := 1; ; n++ {
			cmd := exec.Command("vnet", "repl")
			cmd.Stdin = strings.NewReader("ns ka\nlink del host:kold\nundo\nbegin\nns kb\n")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", vnettest.CrashVariable, when, n))
			if !killed(t, m.TryCmd(cmd)) {
				if n < 10 {
					t.Errorf("died at %d places only", n-1)
				}
				break
			}
			run(t, m, 0, "recover")
			links, spaces := m.Run("ip", "-o", "link"), m.Run("ip", "netns")
			if strings.Contains(links, "~") || m.Try("test", "-e", "/run/vnet/tx").Status == 0 {
				t.Fatalf("%s record %d: something is left:\n%s", when, n, links)
			}
			if strings.Contains(spaces, "kb") {
				t.Errorf("%s record %d: what was not committed is there: %s", when, n, spaces)
			}
			if alone := strings.Contains(links, "kold2"); alone != strings.Contains(links, "kold@") {
				t.Errorf("%s record %d: half a cable is there:\n%s", when, n, links)
			} else if !alone {
				m.Script(quietCable)
			}
			m.Try("ip", "netns", "del", "ka")
		}
		m.Try("ip", "netns", "del", "ka")
	}
}

// What is missing because somebody has deleted a link or a namespace is told
// in a line for each of those.
func TestPromptUndoOfWhatIsGone(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	s := open(t, m)
	for _, text := range []string{"ns ka kb; veth ka:eth0 10.0.0.1/24 <-> kb:eth0 10.0.0.2/24", "in ka forward on",
		"addr add kb:eth0 10.1.0.2/24", "in kb forward on"} {
		if out := s.enter(text); out != "" {
			t.Fatalf("%s: %s", text, out)
		}
	}
	m.Run("ip", "-n", "ka", "link", "del", "eth0")
	left := regexp.MustCompile(`(?s)left:\n(.*)`)
	check := func(want string) {
		t.Helper()
		out := s.enter("undo")
		if got := left.FindStringSubmatch(out); got == nil || got[1] != want {
			t.Errorf("undo says\n%s\nand not that this is left\n%s", out, want)
		}
	}
	check("  kb: link eth0: gone, with all that it had\n")
	m.Run("ip", "netns", "del", "kb")
	check("  kb: gone, with all that was in it [V6007]\n")
	check("  ka: link eth0: gone, with all that it had\n")
}
