package examples

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

// A typist sits at a terminal of a machine, before a shell.
type typist struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	ended  chan struct{}

	mu   sync.Mutex
	text strings.Builder // written to the terminal, and not yet seen
}

// sit starts a program as the leader of a session of its own.
func sit(t *testing.T, m *kerneltest.Machine, cmd *exec.Cmd, cols int) *typist {
	t.Helper()
	master, slave := kerneltest.Terminal(t, cols, 30)
	home := t.TempDir()
	if err := os.Chmod(home, 0o700); err != nil { // it is the one for sockets, too
		t.Fatal(err)
	}
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "TERM=xterm", "PS1=sh: ", "ENV=", "LANG=C.UTF-8", "HOME="+home, "XDG_STATE_HOME=", "XDG_RUNTIME_DIR="+home)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	p := &typist{t: t, master: master, cmd: cmd, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		for buf := make([]byte, 4096); ; {
			n, err := master.Read(buf)
			p.mu.Lock()
			p.text.Write(buf[:n])
			p.mu.Unlock()
			if err != nil {
				return // EIO: nobody has the terminal any more
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for _, pid := range append(m.Processes(), holders(home)...) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		master.Close()
		<-p.ended
	})
	return p
}

// holders finds the process of a private network, whose place is below home: it
// has nothing of the environment that the machine's programs are known by.
func holders(home string) []int {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	var out []int
	for _, link := range links {
		var pid int
		if at, err := os.Readlink(link); err == nil && strings.HasPrefix(at, home+"/") {
			if _, err := fmt.Sscanf(link, "/proc/%d/", &pid); err == nil && pid != os.Getpid() {
				out = append(out, pid)
			}
		}
	}
	return out
}

var controls = regexp.MustCompile("\x1b\\[[0-9;?]*[a-zA-Z]|\r")

// see waits for a text, and returns what was written up to its end.
func (p *typist) see(want string) string {
	p.t.Helper()
	for range 2000 {
		p.mu.Lock()
		all := controls.ReplaceAllString(p.text.String(), "")
		before, after, found := strings.Cut(all, want)
		if found {
			p.text.Reset()
			p.text.WriteString(after)
		}
		p.mu.Unlock()
		if found {
			return before + want
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatalf("no %q on the terminal:\n%s", want, p.text.String())
	return ""
}

// play types keys. «text» in them waits until the text was written.
func (p *typist) play(keys string) (seen string) {
	p.t.Helper()
	for keys != "" {
		now, rest, _ := strings.Cut(keys, "«")
		text, rest, _ := strings.Cut(rest, "»")
		if _, err := io.WriteString(p.master, now); err != nil {
			p.t.Fatal(err)
		}
		if text != "" {
			seen += p.see(text)
		}
		keys = rest
	}
	return seen
}

const pinged = "ns h1 h2; veth h1:eth0 10.0.0.1/24 <-> h2:eth0 10.0.0.2/24\r«vnet> »"

// A program at the prompt has the keys Ctrl-C and Ctrl-Z for itself, and the
// terminal; with Ctrl-Z, all of it goes behind the shell that vnet was started
// from. In a private network, too, whose programs cannot have the terminal of
// the user's session.
func TestPromptLendsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, vnet := range []string{"vnet", "vnet --isolated"} {
		t.Run(vnet, func(t *testing.T) {
			t.Parallel()
			p := sit(t, kerneltest.New(t), exec.Command("sh", "-i"), 80)
			p.play("«sh: »" + vnet + "\r«vnet> »" + pinged)

			// Ctrl-C ends the program only, and as it wants to end.
			seen := p.play("h1 ping h2\r«seq=2»\x03«vnet> »")
			if !strings.Contains(seen, "packet loss") || strings.Contains(seen, "interrupted") {
				t.Errorf("after Ctrl-C:\n%s", seen)
			}

			// Ctrl-Z stops program and vnet; both go on.
			seen = p.play("h1 ping h2\r«seq=1»\x1a«sh: »")
			if !strings.Contains(seen, "Stopped") {
				t.Errorf("after Ctrl-Z:\n%s", seen)
			}
			if seen = p.play("echo sa'ne'; sleep 2.5; echo wai'ted'\r«sane»«waited»"); strings.Contains(seen, "seq=3") {
				t.Errorf("ping goes on behind the shell's back:\n%s", seen)
			}
			p.play("«sh: »fg\r«seq=3»\x1a«sh: »fg\r«seq=4»\x03«packet loss»«vnet> »")

			// A program that handles Ctrl-C and goes on gets it, and nothing else does.
			p.play("exec in h1 sh 'trap \"echo caught\" INT; echo re\"\"ady; while :; do sleep 0.1; done'\r«ready»\x03«caught»\x03«caught»\x1c«vnet> »")

			// What a program leaves of the terminal's modes is put right.
			p.play("h1 stty raw -echo\r«vnet> »exec stty -a\r«speed»")
			if seen = p.see("vnet> "); strings.Contains(seen, "-icanon") || strings.Contains(seen, "-echo ") {
				t.Errorf("the terminal's mode:\n%s", seen)
			}
			p.play("undo 9\r«undone»«vnet> »\x04«sh: »")
			until(t, "the private network has ended with what was in it", func() bool { return len(holders(p.cmd.Dir)) == 0 })
		})
	}
}

// Where nobody could let it go on, Ctrl-Z stops nothing.
func TestPromptIsNotStoppedForever(t *testing.T) {
	t.Parallel()
	p := sit(t, kerneltest.New(t), vnet(), 80)
	p.play("«vnet> »" + pinged + "h1 ping h2\r«seq=1»\x1a«seq=2»«seq=3»\x03«packet loss»«vnet> »\x1ans h3\r«vnet> »show ns\r«h3»")
}

// What is shown fits the window.
func TestPromptShowsInNarrowWindows(t *testing.T) {
	t.Parallel()
	p := sit(t, kerneltest.New(t), vnet(), 40)
	p.play("«vnet> »ns h1 h2; veth h1:eth0 <-> h2:eth0 mac 02:00:00:00:00:02\r«vnet> »")
	p.play("show links in h2\r«LINK»")
	seen, _, _ := strings.Cut(p.see("vnet> "), "⏎")
	for line := range strings.Lines(seen) {
		if len(strings.TrimRight(line, "\n")) > 40 {
			t.Errorf("%q is wider than the window", line)
		}
	}
	if !strings.Contains(seen, "MAC      02:00:00:00:00:02\n") {
		t.Errorf("it shows\n%s", seen)
	}
}

// Who leaves with a transaction open is asked.
func TestPromptAsksBeforeItIsLeft(t *testing.T) {
	for answer, names := range map[string]string{"commit": "a\nb\n", "rollback": "a\n"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			p := sit(t, m, vnet(), 80)
			p.play("«vnet> »ns a\r«vnet> »begin\r«vnet(0)*> »ns b\r«vnet(1)*> »\x04«stay?»stay\r«vnet(1)*> »exit\r«stay?»" + answer + "\r")
			<-p.ended
			if status := kerneltest.Status(t, p.cmd.Wait()); status != 0 {
				t.Errorf("status %d", status)
			}
			if got := m.Run("sh", "-c", "ip netns | cut -d' ' -f1 | sort"); got != names {
				t.Errorf("there is %q", got)
			}
		})
	}
}

// A terminal that vanishes ends the prompt as SIGHUP does, also below a program
// and in the middle of an entry.
func TestPromptLosesItsTerminal(t *testing.T) {
	for i, keys := range []string{"ns op", "h1 ping h2\r«seq=1»", "h1 less " + filepath.Join("/etc", "services") + "\r«tcp»"} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			p := sit(t, m, vnet(), 80)
			p.play("«vnet> »" + pinged + "begin\r«vnet(0)*> »ns open\r«vnet(1)*> »" + keys)
			p.master.Close()
			status := kerneltest.Status(t, p.cmd.Wait())
			if status != 143 {
				t.Errorf("status %d", status)
			}
			if got := m.Run("sh", "-c", "ip netns | cut -d' ' -f1 | sort"); got != "h1\nh2\n" {
				t.Errorf("there is %q", got)
			}
			until(t, "nothing runs", func() bool { return len(m.Processes()) == 0 })
		})
	}
}
