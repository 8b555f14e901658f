package repl

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// actorArg makes the test binary a prompt of its own: what has to do with
// processes and sessions cannot be seen from inside one.
const actorArg = "act as a prompt"

// act reads entries until the end. `run COMMAND` has a shell run it.
func act() {
	editor, err := NewTerminal(TerminalOptions{In: os.Stdin, Out: os.Stdout, Assistant: fake{}})
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	gone := make(chan os.Signal, 1)
	signal.Notify(gone, syscall.SIGHUP)
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // is for programs
	go func() {
		<-gone
		editor.Close()
	}()
	for {
		text, err := editor.ReadBlock(whole)
		command, run := strings.CutPrefix(text, "run ")
		switch {
		case errors.Is(err, ErrDropped):
		case err != nil:
			editor.Close()
			os.Exit(0)
		case run:
			cmd := exec.Command("sh", "-c", command)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
			_ = cmd.Run()
		case strings.HasPrefix(text, "edit"):
			text, err := editor.Edit("first\nsecond\n")
			fmt.Printf("%q %v\n", text, err)
		default:
			fmt.Printf("got %q\n", text)
		}
	}
}

// newActor starts a program on a stage of its own, as the leader of a session.
func newActor(t *testing.T, cols, rows int, env []string, argv ...string) (*stage, *exec.Cmd) {
	t.Helper()
	s := newStage(t, cols, rows)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(append(os.Environ(), "PS1=sh: ", "ENV="), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.slave, s.slave, s.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return s, cmd
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// endsWithin fails the test when a program does not end by itself.
func endsWithin(t *testing.T, cmd *exec.Cmd, wait time.Duration) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(wait):
		t.Error("it does not end")
		_ = cmd.Process.Kill()
		<-done
	}
}

func TestPrograms(t *testing.T) {
	for _, c := range []struct{ name, keys, want string }{
		{"one that reads gets what is typed behind the entry", "run head -1\rfor the program\r",
			"vnet> run head -1\nfor the program\nvnet> |"},
		{"it gets every byte, and leaves the rest", "run head -c 3 | od -An -c\rab\rns b\r«got»",
			""},
		{"the terminal is sane", "run stty -a | grep -oE '[-]*(isig|icanon|icrnl) '\r",
			"vnet> run stty -a | grep -oE '[-]*(isig|icanon|icrnl) '\nicrnl\nisig\nicanon\nvnet> |"},
		{"one that leaves the terminal raw", "run stty raw -echo\r«vnet> »ns a\r«got»", ""},
		{"a line that does not end", "run printf abc\r«abc»", "vnet> run printf abc\nabc⏎\nvnet> |"},
		{"a line as wide as the screen", "run printf %060d 0\r«000»", "vnet> run printf %060d 0\n" + strings.Repeat("0", 60) + "\nvnet> |"},
		{"ctrl-c is for it", "run exec cat\r«cat\n»abc\r«abc\nabc»\x03", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newActor(t, 60, 14, nil, self(t), actorArg)
			s.play("«vnet>»" + c.keys)
			if c.want != "" {
				s.expect(c.want)
				return
			}
			s.await("with a new prompt", func(shown string) bool { return strings.HasSuffix(shown, "vnet> |") })
		})
	}
}

func TestSuspend(t *testing.T) {
	s, _ := newActor(t, 60, 14, nil, "sh", "-i")
	s.play("«sh: »'" + self(t) + "' '" + actorArg + "'\r«vnet> »ns abc\x1a«sh: »")
	s.await("with the shell's prompt at the end", func(shown string) bool { return strings.HasSuffix(shown, "sh: |") })
	s.play("echo sa'ne'\r«sane»")
	s.play("clear\r")
	s.expect("sh: |")
	s.play("fg\r«vnet> ns abc»d\r")
	s.see(`got "ns abcd\n"`)
	s.await("with a new prompt", func(shown string) bool { return strings.HasSuffix(shown, "vnet> |") })
	s.play("\x04")
	s.await("with the shell's prompt at the end", func(shown string) bool { return strings.HasSuffix(shown, "sh: |") })
}

// A job of several processes stops as a whole: a script that waits for vnet
// would keep the terminal otherwise.
func TestSuspendUnderScript(t *testing.T) {
	s, _ := newActor(t, 60, 14, nil, "sh", "-i")
	s.play("«sh: »sh -c '\"$0\" \"$1\"; echo af''ter' '" + self(t) + "' '" + actorArg + "'\r«vnet> »ns abc\x1a")
	s.await("with the shell's prompt at the end", func(shown string) bool { return strings.HasSuffix(shown, "sh: |") })
	s.play("clear\r")
	s.expect("sh: |")
	s.play("fg\r«vnet> ns abc»\x03«^C»\x04«after»")
}

// Where nobody could let it go on, vnet is not stopped.
func TestSuspendAlone(t *testing.T) {
	s, _ := newActor(t, 60, 14, nil, self(t), actorArg)
	s.play("«vnet> »ns abc\x1ad\r")
	s.see(`got "ns abcd\n"`)
}

func TestHangUp(t *testing.T) {
	for _, c := range []struct{ name, keys string }{
		{"at an empty line", "«vnet> »"}, {"while a line is typed", "«vnet> »ns a"}, {"in a menu", "«vnet> »ve?«make»"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, cmd := newActor(t, 60, 14, nil, self(t), actorArg)
			s.play(c.keys)
			s.slave.Close()
			s.master.Close()
			endsWithin(t, cmd, patience)
		})
	}
}

func TestEditor(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "my editor")
	text := "#!/bin/sh\nstat -c 'mode %a' \"$2\"; echo \"$1\"; cat \"$2\"; printf 'ns x\\nns y\\n' >\"$2\"\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, editor, keys, want string }{
		{"ctrl-x ctrl-e", "'" + script + "' --wait", "ns a\x18\x05«ns y»", "mode 600\n--wait\nns a⏎\nvnet> ns x\n    > ns y|"},
		{"asked for", "'" + script + "' --wait", "edit\r", "vnet> edit\nmode 600\n--wait\nfirst\nsecond\n\"ns x\\nns y\\n\" <nil>\nvnet> |"},
		{"one that fails", "false", "ns a\x18\x05«nothing»", "the editor `false` failed: exit status 1; nothing was changed⏎\nvnet> ns a|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, _ := newActor(t, 80, 14, []string{"VISUAL=" + c.editor, "TMPDIR=" + dir}, self(t), actorArg)
			s.play("«vnet>»" + c.keys)
			s.expect(c.want)
		})
	}
}

func TestResizeSignal(t *testing.T) {
	s, _ := newActor(t, 60, 8, nil, self(t), actorArg)
	s.play("«vnet> »for i in 1..2 {\rveth a$i:eth0 10.0.0.1/24 <-> b$i:eth0 10.0.0.2/24")
	s.see("10.0.0.2/24")
	s.size(40, 8)
	s.expect("vnet> for i in 1..2 {\n   {>   veth a$i:eth0 10.0.0.1/24 <-> b$\ni:eth0 10.0.0.2/24|")
}

func TestDumbTerminal(t *testing.T) {
	s, _ := newActor(t, 60, 14, []string{"TERM=dumb"}, self(t), actorArg)
	s.play("«vnet> »in a {\r«{> »ns b\r")
	s.expect("vnet> in a {\n   {> ns b\n   {> |")
	s.play("}\r«got»run head -1\rxyz\r")
	s.expect("vnet> in a {\n   {> ns b\n   {> }\ngot \"in a {\\nns b\\n}\\n\"\nvnet> run head -1\nxyz\nxyz\nvnet> |")
	if strings.Contains(s.written(), "\x1b") {
		t.Errorf("it was written %q", s.written())
	}
}
