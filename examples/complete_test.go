package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vnet/runtime/kernel/kerneltest"
)

const completed = `lab office
param count = 2 "how many"
ns left right
veth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24
spawn as web in left sleep 600
`

// offers checks what Tab offers behind words, the shell's own hints left out.
func offers(t *testing.T, complete func(words ...string) kerneltest.Outcome, want string, words ...string) {
	t.Helper()
	o := complete(append([]string{"__completeNoDesc"}, words...)...)
	lines, _, _ := strings.Cut(o.Out, "\n:")
	if got := strings.Join(strings.Fields(lines), " "); got != want || o.Status != 0 {
		t.Errorf("behind %q: %q, want %q (status %d)\n%s", words, got, want, o.Status, o.Err)
	}
}

// What is alive is offered by its name.
func TestComplete(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	run(t, m, 0, "-q", script(t, completed))
	on := func(words ...string) kerneltest.Outcome { return m.TryCmd(vnet(words...)) }
	offers(t, on, "office", "down", "")
	offers(t, on, "web", "logs", "office", "")
	offers(t, on, "left right", "exec", "")
	offers(t, on, "right", "dump", "left", "")
	offers(t, on, "left: right: host:", "capture", "")
	offers(t, on, "left:lo left:eth0", "capture", "left:")
	offers(t, on, "right:lo right:eth0", "why", "left", "right:")
	run(t, m, 0, "-q", "down", "office")
	offers(t, on, ":4", "exec", "")
}

// To somebody in a private network its names are offered, and nobody else's;
// for looking none is made.
func TestCompleteInSandbox(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Run("ip", "netns", "add", "roots")
	u := newUser(t, m)
	u.await("the sandbox to end", func() bool { return u.holder() == 0 })
	on := func(words ...string) kerneltest.Outcome { return u.try(words...) }
	offers(t, on, ":4", "exec", "")
	if u.holder() != 0 {
		t.Error("there is a sandbox, only for a look")
	}
	u.run(0, "-q", u.script("office.vnet", completed))
	offers(t, on, "office", "down", "")
	offers(t, on, "left right", "exec", "")
	offers(t, on, "left:lo left:eth0", "capture", "left:")
	u.run(0, "-q", "down", "--all")
}

// bashCompletion is where bash finds the functions that completion scripts use.
const bashCompletion = "/usr/share/bash-completion/bash_completion"

// The Tab key of a real shell.
func TestCompleteInBash(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(bashCompletion); err != nil {
		t.Skip("needs bash-completion: ", err)
	}
	m := kerneltest.New(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "office.vnet")
	if err := os.WriteFile(path, []byte(completed), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, m, 0, "-q", path)
	sh := newShell(t, m, shellCommand(dir))
	sh.do("source " + bashCompletion + "; source <(vnet completion bash)")
	sh.do("mkdir plans")
	sh.tab("vnet sta", "vnet status ")
	sh.tab("vnet office.", "vnet office.vnet ")
	sh.tab("vnet plans", "vnet plans/")
	sh.tab("vnet ./office.", "vnet ./office.vnet ")
	sh.tab("vnet down o", "vnet down office ")
	sh.tab("vnet exec ri", "vnet exec right ")
	sh.tab("vnet logs office w", "vnet logs office web ")
	sh.tab("vnet capture right:e", "vnet capture right:eth0 ")
	sh.tab("vnet capture ri", "vnet capture right:")
	sh.tab("vnet check off", "vnet check office.vnet ")
	sh.tab("vnet plan office.vnet c", "vnet plan office.vnet count=")
	sh.tab("vnet graph --for", "vnet graph --format ")
	run(t, m, 0, "-q", "down", "office")
}

// The other shells can be asked without a terminal: fish for what it would
// offer, zsh whether it reads the script at all.
func TestCompleteInFishAndZsh(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	run(t, m, 0, "-q", script(t, completed))
	for _, c := range []struct{ shell, line, want string }{
		{"fish", `vnet completion fish | source; complete -C "vnet sta"; complete -C "vnet down o"; complete -C "vnet logs office "`, "status\t[^\n]*\noffice\tfrom .*lab.vnet\nweb\t\\([0-9]+\\)\n"},
		{"zsh", `vnet completion zsh > $TMPDIR/_vnet && zsh -n $TMPDIR/_vnet && head -1 $TMPDIR/_vnet`, "#compdef vnet\n"},
	} {
		t.Run(c.shell, func(t *testing.T) {
			path, err := exec.LookPath(c.shell)
			if err != nil {
				t.Skip(err)
			}
			cmd := exec.Command(path, "-c", c.line)
			dir := t.TempDir()
			cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir, "XDG_CONFIG_HOME=", "LC_ALL=C.UTF-8")
			if o := m.TryCmd(cmd); o.Status != 0 || !regexp.MustCompile("^"+c.want+"$").MatchString(o.Out) {
				t.Errorf("%+v, want %q", o, c.want)
			}
		})
	}
}

// tab types, presses Tab, and waits for the line that comes of it.
func (s *shell) tab(typed, want string) {
	s.t.Helper()
	s.keys(typed + "\t")
	s.await(want)
	s.keys("\x15\r") // Ctrl-U: away with it
	s.await(shellPrompt)
}
