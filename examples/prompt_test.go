package examples

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

var transcripts = flag.Bool("transcripts", false, "write what the transcripts of the prompt print into them")

// A session is a prompt at the other end of a pipe, which answers each entry
// before the next one is sent.
type session struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// The last thing a session prints of an entry is the answer to this question,
// which changes nothing.
const (
	question = ":help :time"
	answer   = "say how long each entry took\n  :time on|off\n"
)

// open opens a prompt in a machine.
func open(t *testing.T, m *kerneltest.Machine, env ...string) *session {
	t.Helper()
	cmd := vnet("repl")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := m.Start(cmd); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { cmd.Process.Kill(); r.Close() })
	return &session{t, cmd, in, bufio.NewReader(r)}
}

// enter enters something and returns what it prints.
func (s *session) enter(text string) string {
	s.t.Helper()
	fmt.Fprintf(s.in, "%s\n%s\n", strings.TrimRight(text, "\n"), question)
	var out strings.Builder
	for {
		line, err := s.out.ReadString('\n')
		out.WriteString(line)
		if before, ok := strings.CutSuffix(out.String(), answer); ok {
			return before
		}
		if err != nil {
			s.t.Fatalf("%s: the prompt ended:\n%s", text, out.String())
		}
	}
}

// end ends the input, or sends a signal first, and returns the last words and
// the exit status.
func (s *session) end(sig os.Signal) (string, int) {
	s.t.Helper()
	if sig != nil {
		if err := s.cmd.Process.Signal(sig); err != nil {
			s.t.Fatal(err)
		}
	} else {
		s.in.Close()
	}
	rest, _ := io.ReadAll(s.out)
	return string(rest), kerneltest.Status(s.t, s.cmd.Wait())
}

// A transcript has remarks (##), lines that are entered (>, further lines of an entry .),
// lines that a shell runs in the same machine ($), and what comes of them. Its
// last line is the exit status.
func TestPromptTranscripts(t *testing.T) {
	kerneltest.Need(t)
	files, err := filepath.Glob("testdata/prompt/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if calm(got) == calm(string(text)) {
				return
			}
			if *transcripts {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			have, want := strings.Split(calm(got), "\n"), strings.Split(calm(string(text)), "\n")
			for i := range max(len(have), len(want)) {
				if i >= len(have) || i >= len(want) || have[i] != want[i] {
					t.Fatalf("line %d differs; it is now\n%s\nto write it anew: go test ./examples -run %s -transcripts", i+1, got, t.Name())
				}
			}
		})
	}
}

// play goes through a transcript and returns it as it came out.
func play(t *testing.T, text string) string {
	m := kerneltest.New(t)
	s := open(t, m)
	var out bytes.Buffer
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case strings.HasPrefix(line, "## "):
			fmt.Fprintln(&out, line)
		case strings.HasPrefix(line, "$ "):
			cmd := exec.Command("sh", "-c", "exec 2>&1\n"+line[2:])
			cmd.Dir = s.cmd.Dir
			fmt.Fprintf(&out, "%s\n%s", line, m.TryCmd(cmd).Out)
		case strings.HasPrefix(line, "> "):
			entry := line[2:]
			fmt.Fprintln(&out, line)
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], ". ") {
				i++
				entry += "\n" + lines[i][2:]
				fmt.Fprintln(&out, lines[i])
			}
			out.WriteString(s.enter(entry))
		}
	}
	last, status := s.end(nil)
	fmt.Fprintf(&out, "%s= %d\n", last, status)
	return blanks.ReplaceAllString(out.String(), "\n")
}

var roundTrip = regexp.MustCompile(`rtt .*`)

// calm leaves out what differs from run to run, that of ping(8) too.
func calm(text string) string { return same(roundTrip.ReplaceAllString(text, "rtt")) }

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

// Killed, the prompt leaves what was committed, without anything that waited
// for its end; what an open transaction did is taken back.
func TestPromptKilled(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(crashMachine)
	s := open(t, m, vnettest.GuardVariable+"=1")
	for _, text := range []string{"ns kept", "tap kept:t0 10.4.0.1/24", "link del host:kold"} {
		if out := s.enter(text); out != "" {
			t.Fatalf("%s: %s", text, out)
		}
	}
	if !strings.Contains(m.Run("ip", "-o", "link"), "~") {
		t.Fatal("what was deleted has left nothing that could be brought back")
	}
	var before kerneltest.Snapshot
	settled := func() kerneltest.Snapshot {
		snap := m.Settle()
		delete(snap, "files")    // journals
		delete(snap, "programs") // the prompt
		delete(snap, "mounts")   // the place of what is deleted
		return snap
	}
	before = settled()
	for _, text := range []string{"begin", "ns open", "link set kept:t0 mtu 1400 down", "ns del kept", "bridge kbr", "spawn sleep 1000"} {
		if out := s.enter(text); out != "" {
			t.Fatalf("%s: %s", text, out)
		}
	}
	s.cmd.Process.Kill()
	s.cmd.Wait()
	until(t, "the guard has done its work", func() bool { return m.Try("test", "-e", "/run/vnet/tx").Status != 0 })
	if out := m.Run("ip", "-o", "link"); strings.Contains(out, "~") || strings.Contains(out, "kold") {
		t.Errorf("what was deleted is not gone:\n%s", out)
	}
	// The purge of what was committed is no part of the picture.
	after := settled()
	for _, snap := range []kerneltest.Snapshot{before, after} {
		for k := range snap {
			if strings.HasPrefix(k, "the start") {
				delete(snap, k)
			}
		}
	}
	if diff := before.Diff(after); diff != "" {
		t.Errorf("not as at begin:\n%s", diff)
	}
	if left := m.Processes(); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

// A signal ends the prompt: what is open is rolled back, what was committed
// stays, and so do its programs.
func TestPromptSignalled(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			s := open(t, m)
			for _, text := range []string{"ns kept", "spawn in kept sleep 1000", "begin", "ns open", "spawn in open sleep 2000"} {
				if out := s.enter(text); out != "" {
					t.Fatalf("%s: %s", text, out)
				}
			}
			out, status := s.end(sig)
			if status != 143 || !strings.Contains(out, "rolled back: 1 change") {
				t.Errorf("status %d: %s", status, out)
			}
			if got := strings.Fields(m.Run("ip", "netns")); got[0] != "kept" || strings.Contains(strings.Join(got, " "), "open") {
				t.Errorf("there is %q", got)
			}
			if n := len(m.Processes()); n != 1 {
				t.Errorf("%d programs run", n)
			}
			if m.Try("test", "-e", "/run/vnet/tx").Status == 0 {
				t.Error("a journal is left")
			}
		})
	}
}

// Undo brings back exactly what was there before each entry, deletes
// included, also after entries that failed.
func TestPromptUndoIsExact(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(crashMachine + `
ip netns add old
ip -n old link add t0 type veth peer name t1
ip -n old addr add 10.6.0.1/24 dev t0
ip -n old link set t0 up
ip -n old link set t1 up
ip -n old route add 10.66.0.0/16 via 10.6.0.2
`)
	s := open(t, m)
	look := func() kerneltest.Snapshot {
		snap := m.Settle()
		delete(snap, "files")
		delete(snap, "programs")
		delete(snap, "mounts")
		return snap
	}
	var before []kerneltest.Snapshot
	entries := []string{
		"ns ka kb; veth ka:eth0 10.0.0.1/24 <-> kb:eth0 10.0.0.2/24",
		"link set old:t0 down; link set old:t0 mtu 1300 up; in old route add 10.67.0.0/16 via 10.6.0.3",
		"link del old:t0; link del ka:eth0",
		"ns del old ka",
		"ns old",
		"spawn in kb sleep 1000",
	}
	for _, text := range entries {
		before = append(before, look())
		if out := s.enter(text); out != "" {
			t.Fatalf("%s: %s", text, out)
		}
		if out := s.enter("try { ns z1 }; ns z2; link set host:kold2 mtu 1300; fail \"x\""); !strings.Contains(out, "rolled back completely") {
			t.Fatalf("a failure: %s", out)
		}
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if out := s.enter("undo"); !strings.HasPrefix(out, "taken back: ") || strings.Contains(out, "left") {
			t.Fatalf("undo of %s: %s", entries[i], out)
		}
		if diff := before[i].Diff(look()); diff != "" {
			t.Fatalf("undo of %s: not as before:\n%s", entries[i], diff)
		}
	}
	if out := s.enter("undo"); !strings.Contains(out, "nothing to undo") {
		t.Error(out)
	}
	if left := m.Run("ls", "/run/vnet/tx"); left != "" {
		t.Errorf("journals are left: %s", left)
	}
}

// What :save writes builds on another machine the network that the prompt has
// built on this one.
func TestPromptSaveBuildsTheSame(t *testing.T) {
	t.Parallel()
	const gone = "ns gone; veth gone:x <-> kb:gone"
	entries := []string{
		"ns ka kb", gone, "undo", "in ka", "let net = 10.7.0.0/24", "tap t0 ${net[1]} mac 02:00:00:00:00:01", "forward on", "exit",
		"def lan(n) { ns lan$n; veth lan$n:eth0 10.8.$n.1/24 mac 02:00:00:00:08:0$n <-> kb:lan$n 10.8.$n.2/24 mac 02:00:00:00:09:0$n }",
		"begin", "lan 1", "savepoint s", "lan 2", "rollback to s", "lan 3", "commit", "lan nonsense",
		"kb true", "in lan1 route add default via 10.8.1.2",
	}
	path := filepath.Join(t.TempDir(), "lab.vnet")
	one, other := kerneltest.New(t), kerneltest.New(t)
	s := open(t, one)
	for _, text := range append(entries, ":save "+path) {
		s.enter(text)
	}
	if out, _ := s.end(nil); out != "" {
		t.Fatalf("it ends with\n%s", out)
	}
	run(t, other, 0, "check", path)
	run(t, other, 0, "run", path)
	a, b := one.Settle(), other.Settle()
	if len(a["namespaces"]) < len("ka\nkb\nlan1\nlan3") || strings.Contains(a["namespaces"], "gone") {
		t.Fatalf("the prompt has built %q", a["namespaces"])
	}
	for _, snap := range []kerneltest.Snapshot{a, b} {
		for k, text := range snap {
			snap[k] = portable(text)
		}
		delete(snap, "files")
		delete(snap, "mounts")
	}
	if diff := a.Diff(b); diff != "" {
		t.Errorf("not the same:\n%s", diff)
	}
}

var local = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?m)^[0-9]+:`), "N:"},
	{regexp.MustCompile(`@if[0-9]+`), "@if"},
	{regexp.MustCompile(`link-netns(id)? [^ ]+`), "link-netns"},
	{regexp.MustCompile(`(if)?index [0-9]+`), "index"},
}

// portable leaves out of what ip says the numbers that mean nothing elsewhere.
func portable(text string) string {
	for _, f := range local {
		text = f.what.ReplaceAllString(text, f.with)
	}
	return text
}

// After `:time on` each entry, also one that fails, says how long it took, and
// what is no entry does not.
func TestPromptTellsTime(t *testing.T) {
	t.Parallel()
	kerneltest.Need(t)
	s := open(t, kerneltest.New(t))
	took := func(text, before string) time.Duration {
		t.Helper()
		out := s.enter(text)
		rest, ok := strings.CutPrefix(out, before)
		d, err := time.ParseDuration(strings.ReplaceAll(strings.TrimSpace(rest), " ", ""))
		if !ok || err != nil || strings.Count(rest, "\n") != 1 {
			t.Errorf("%s prints %q, and not %q and a time", text, out, before)
		}
		return d
	}
	silent := func(text string) {
		t.Helper()
		if out := s.enter(text); out != "" {
			t.Errorf("%s prints %q", text, out)
		}
	}
	silent("ns ta")
	silent(":time on")
	took("ns tb", "")
	took("echo hello", "hello\n")
	if d := took("exec sleep 0.3", ""); d < 300*time.Millisecond {
		t.Errorf("a third of a second is told as %s", d)
	}
	took(`fail "x"`, "error[V4010]: x\n  ┌─ <prompt>:1:1\n1 │ fail \"x\"\n  │ ^^^^^^^^\nnothing was changed.\n")
	silent(":time off")
	silent("ns tc")
	if out, status := s.end(nil); out != "" || status != 1 { // one has failed
		t.Errorf("ends with %q and %d", out, status)
	}
}
