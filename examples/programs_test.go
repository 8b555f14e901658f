package examples

import (
	"fmt"
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

// left are programs that stay when the statement is over, each in its way.
var left = map[string]string{
	"daemon":   `exec in a sh 'setsid sh -c "setsid sleep 98 <&- >&- 2>&- &" >&- 2>&- &'`,
	"stubborn": `exec in a sh 'trap "" TERM INT HUP; (while :; do sleep 98; done) >&- 2>&- & echo'`,
	"stopped":  `exec in a sh 'setsid sh -c "kill -STOP \$\$; sleep 98" >&- 2>&- & echo'`,
	"many":     `exec in a sh 'i=0; while [ $i -lt 100 ]; do setsid sleep 98 >&- 2>&- & i=$((i+1)); done'`,
	"clean":    `exec in a env -i setsid sh -c 'sleep 98 >&- 2>&- &'`,
	"spawn":    `spawn in a sleep 98`,
	"forks":    `spawn ready up in a sh 'setsid sh -c "setsid sleep 98 & sleep 98" & echo up; exec sleep 98'`,
	"value":    `let p = spawn quiet in a sh 'trap "" TERM; while :; do sleep 98; done'`,
	"handler":  "on rollback exec in a sh 'setsid sleep 98 >&- 2>&- &'\nspawn in a sleep 98",
}

// groups lists the cgroups that a vnet has left.
func groups(cmd *exec.Cmd) []string {
	var out []string
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		dirs, _ := filepath.Glob(fmt.Sprintf("%s/vnet/%d-*", root, cmd.Process.Pid))
		out = append(out, dirs...)
	}
	return out
}

// Everything that a script has started dies with it.
func TestProgramsDie(t *testing.T) {
	t.Parallel()
	for name, start := range left {
		for how, c := range map[string]struct {
			text   string
			rm     bool
			status int
		}{
			"fails":       {"ns a\n" + start + "\nfail now", false, 1},
			"links":       {"ns a b\nveth a:x 10.0.0.1/24 <-> b:y 10.0.0.2/24\n" + start + "\nns c\nfail now", false, 1},
			"old":         {start + "\nfail now", false, 1},
			"expect":      {"ns a\n" + start + "\nexpect 1 == 2", false, 4},
			"transaction": {"ns a\ntransaction { " + start + "\nfail now }", false, 1},
			"taken down":  {"ns a\n" + start, true, 0},
			"commit":      {"ns a\n" + start + "\ncommit\nfail now", true, 1},
		} {
			if testing.Short() && how != "fails" {
				continue
			}
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				m := kerneltest.New(t)
				if how == "old" {
					m.Run("ip", "netns", "add", "a")
				}
				before := m.Settle()
				args := []string{"run", script(t, c.text+"\n")}
				if c.rm {
					args = []string{"run", "--rm", args[1]}
				}
				cmd := vnet(args...)
				runCmd(t, m, c.status, cmd)
				m.Same(t, before)
				if g := groups(cmd); len(g) > 0 {
					t.Errorf("left: %s", g)
				}
			})
		}
	}
}

// escapist is a daemon that nothing is known of any more: it has wiped its
// environment, left its session, and its parents are gone.
const escapist = `exec in a env -i setsid sh -c '(setsid sh -c "while :; do sleep 0.1; done" >&- 2>&- <&- &)'
exec in a sh 'until test $(ip netns pids a | wc -l) -gt 2; do :; done'
`

// Where there is no unified tree of control groups, programs are in one of
// version 1, and die with all they have started as well: however the script ends.
func TestProgramsDieInOldGroups(t *testing.T) {
	t.Parallel()
	for _, kept := range []string{"freezer", "pids", "systemd"} {
		for how, end := range map[string]func(t *testing.T, m *kerneltest.Machine){
			"fails": func(t *testing.T, m *kerneltest.Machine) { run(t, m, 1, script(t, escapist+"fail now\n")) },
			"try": func(t *testing.T, m *kerneltest.Machine) {
				run(t, m, 0, "--rm", script(t, "try { "+escapist+"fail now }\nexpect exec sh 'test -z \"$(ip netns pids a)\"'\n"))
			},
			"taken down": func(t *testing.T, m *kerneltest.Machine) { run(t, m, 0, "--rm", script(t, escapist)) },
			"down": func(t *testing.T, m *kerneltest.Machine) {
				run(t, m, 0, script(t, "lab gone\n"+escapist))
				if l := status(t, m); len(l) != 1 || len(l[0].Programs) != 1 || len(l[0].Programs[0].PIDs) == 0 {
					t.Errorf("status tells of %+v", l)
				}
				run(t, m, 0, "down", "gone")
			},
			"killed": func(t *testing.T, m *kerneltest.Machine) {
				cmd := vnettest.Guard(vnet("run", script(t, escapist+"exec touch /run/ready\nexec in a sleep 1000\n")))
				begin(t, m, cmd)
				cmd.Process.Kill()
				cmd.Wait()
				m.Run("rm", "/run/ready")
			},
			"killed with its guard": func(t *testing.T, m *kerneltest.Machine) {
				cmd := vnet("run", script(t, escapist+"exec touch /run/ready\nexec in a sleep 1000\n"))
				begin(t, m, cmd)
				cmd.Process.Kill()
				cmd.Wait()
				m.Run("rm", "/run/ready")
				run(t, m, 0, "recover")
			},
		} {
			if testing.Short() && (kept != "freezer" || how != "killed") {
				continue
			}
			t.Run(kept+" "+how, func(t *testing.T) {
				t.Parallel()
				m := kerneltest.New(t)
				if m.Try("test", "-w", "/sys/fs/cgroup/"+kept+"/tasks").Status != 0 {
					t.Skip("needs control groups of version 1: " + kept)
				}
				m.Script(hideGroups + "show " + kept + "\n")
				m.Run("ip", "netns", "add", "a") // whose programs do not go with it
				before := m.Settle()
				end(t, m)
				restored(t, m, before, how)
				if left := m.Run("ip", "netns", "pids", "a"); left != "" {
					m.Script("kill -9 $(ip netns pids a)")
					t.Errorf("lives on: %s", left)
				}
			})
		}
	}
}

// hideGroups hides all trees of control groups; show brings one back.
const hideGroups = `
mkdir /run/kept
mount --rbind /sys/fs/cgroup /run/kept
while umount -l /sys/fs/cgroup 2>/dev/null; do :; done
umount -l /run/.cgroup 2>/dev/null
mount -t tmpfs none /sys/fs/cgroup
show() {
  mkdir /sys/fs/cgroup/$1
  mount --bind /run/kept/$1 /sys/fs/cgroup/$1
  umount -l /run/kept
}
`

// A savepoint takes with it what was started in it, and nothing else.
func TestProgramsOfSavepoint(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	run(t, m, 0, "run", "--rm", script(t, `
ns a b
exec in a sh 'setsid sleep 98 >&- 2>&- &'
try {
  exec in b sh 'setsid sleep 98 >&- 2>&- &'
  spawn as lost in b sleep 98
  exec sh 'test $(ip netns pids b | wc -l) = 2'
  fail "back"
}
expect exec sh 'test $(ip netns pids b | wc -l) = 0'
expect exec sh 'test $(ip netns pids a | wc -l) = 1'
spawn as lost in b sleep 98
try { stop lost; fail "it stays stopped" }
expect exec sh 'test $(ip netns pids b | wc -l) = 0'
`))
}

// What was committed lives on, and writes to its log.
func TestProgramsLiveOn(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	o := run(t, m, 0, "run", script(t, `
lab tower
ns a
exec in a sh 'setsid sleep 98 >&- 2>&- &'
spawn as clock ready "tick 3" in a sh 'i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.01; done'
`))
	if !strings.Contains(o.Out, "clock | tick 1\nclock | tick 2\nclock | tick 3\n") {
		t.Errorf("prints\n%s", o.Out)
	}
	if n := strings.Count(m.Run("ip", "netns", "pids", "a"), "\n"); n < 2 {
		t.Errorf("%d programs live on", n)
	}
	logs := strings.Fields(m.Run("sh", "-c", "ls /run/vnet/log/tower-*/clock.log"))
	if len(logs) != 1 {
		t.Fatal(logs)
	}
	for deadline := time.Now().Add(10 * time.Second); m.Try("grep", "-qx", "tick 100", logs[0]).Status != 0; {
		if time.Now().After(deadline) {
			t.Fatal("it writes no more")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A program that listens on a port; perl is part of every Debian.
const listener = `perl -MIO::Socket::INET -e '$| = 1; print "opens\n"; select undef, undef, undef, 0.2; our $s = IO::Socket::INET->new(LocalPort => 4242, Proto => "%s"%s) or die "no port: $!\n"; sleep 98'`

func TestReady(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("needs something that listens:", err)
	}
	tcp, udp := fmt.Sprintf(listener, "tcp", `, Listen => 5`), fmt.Sprintf(listener, "udp", "")
	for name, c := range map[string]struct {
		text   string
		status int
		says   string // a pattern
	}{
		"tcp":       {"spawn ready 4242 in a " + tcp + "\nexpect tcp a -> 127.0.0.1 port 4242 within 100ms", 0, ""},
		"udp":       {"spawn ready 4242 in a " + udp, 0, ""},
		"pattern":   {`spawn ready '^op.ns$' in a ` + tcp, 0, ""},
		"number":    {`spawn ready "42" in a sh 'echo 42; exec sleep 98'`, 0, ""},
		"prompt":    {`spawn ready '> $' in a sh 'printf "> "; exec sleep 98'`, 0, ""},
		"time":      {"spawn ready 100ms in a sleep 98", 0, ""},
		"forks":     {`spawn ready "later" in a sh '(sleep 0.2; echo later; exec sleep 98) &'`, 0, ""},
		"elsewhere": {"spawn ready 4242 timeout 500ms in b " + tcp + "\nspawn ready 4242 timeout 300ms in a sleep 98", 1, "nothing listens on port 4242"},
		"taken":     {"spawn ready 4242 in a " + tcp + "\nspawn ready 4242 in a " + tcp, 1, `no port: Address already in use`},
		"never":     {`spawn ready "never" timeout 200ms in a sh 'echo other; exec sleep 98'`, 1, "(?s)no line of its output matches `never`.*other"},
		"dies":      {`spawn ready 80 in a sh 'echo first; echo last words >&2; exit 3'`, 1, "(?s)V4006.*sh ended with status 3 before it was ready.*last words"},
		"killed":    {`spawn ready 10s in a sh 'kill -9 $$'`, 1, "was killed by SIGKILL before it was ready"},
		"absent":    {`spawn in a no-such-program`, 1, "V4003"},
		"default":   {`spawn in a true`, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			before := m.Settle()
			cmd := vnet("run", "--rm", script(t, "ns a b\n"+c.text+"\n"))
			o := runCmd(t, m, c.status, cmd)
			if !regexp.MustCompile(c.says).MatchString(o.Err) {
				t.Errorf("says\n%s", o.Err)
			}
			m.Same(t, before)
			if g := groups(cmd); len(g) > 0 {
				t.Errorf("left: %s", g)
			}
		})
	}
}

// A signal ends the wait for a program.
func TestSignalBeforeReady(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	cmd := vnet("run", script(t, "ns a\necho ready\nspawn ready 80 in a sleep 98\n"))
	errs := started(t, m, cmd)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status := kerneltest.Status(t, cmd.Wait()); status != 130 {
		t.Errorf("exit status %d\n%s", status, errs)
	}
	m.Same(t, before)
}

// Killed, it leaves its programs to the next vnet, which ends them.
func TestKilledWithPrograms(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	cmd := vnet("run", script(t, "ns a\nspawn in a sleep 98\nexec in a sh 'setsid sleep 98 >&- 2>&- &'\necho ready\nexec in a sleep 98\n"))
	started(t, m, cmd)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	run(t, m, 0, "recover")
	m.Same(t, before)
	if g := groups(cmd); len(g) > 0 {
		t.Errorf("left: %s", g)
	}
}

// Lines of several programs do not run into each other.
func TestOutputOfPrograms(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	write := `'i=0; while [ $i -lt 300 ]; do printf %s xxxxxxxxxxxxxxxxxxxx; printf "%s\n" yyyyyyyyyyyyyyyyyyyyyyyyy; i=$((i+1)); done; printf end; exec sleep 98'`
	o := run(t, m, 0, "run", "--rm", script(t, "ns n\n"+
		"parallel {\n"+
		"  spawn as a ready end in n sh "+write+"\n  spawn as b ready end in n sh "+write+"\n  spawn as c ready end in n sh "+write+"\n"+
		"  for i in 1..100 { echo script }\n  spawn quiet in n sh 'echo nothing; exec sleep 98'\n}\nlogs a\n"))
	count := map[string]int{}
	line := regexp.MustCompile(`^(a \| |b \| |c \| |)(x{20}y{25}|end|script)$`)
	for l := range strings.Lines(o.Out) {
		l = strings.TrimSuffix(l, "\n")
		if !line.MatchString(l) {
			t.Errorf("a line %q", l)
		}
		count[l[:min(4, len(l))]]++
	}
	if count["a | "] != 301 || count["b | "] != 301 || count["c | "] != 301 || count["scri"] != 100 || count["xxxx"] != 300 {
		t.Errorf("%v", count)
	}
}

func TestNamesOfPrograms(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	o := run(t, m, 0, "run", "--rm", script(t, `
ns a b
spawn in a sleep 98
let p = spawn in a sleep 97
let both = [a b]
spawn quiet as old in a sleep 96
stop old
spawn as old in b sh 'echo young; exec sleep 95'
spawn in $both sleep 94
echo "${p.name} ${p.log}"
let pid = $p.pid
exec sh 'tr "\0" " " < /proc/$pid/cmdline; echo'
stop $p.name sleep
expect exec sh 'test $(ip netns pids a | wc -l) = 1'
wait until exec sh 'grep -qx young /run/vnet/log/*/old.2.log'
logs old
`))
	if !regexp.MustCompile(`(?s)sleep-2 /run/vnet/log/[^/]*/sleep-2\.log\nsleep 97 \n.*young\n`).MatchString(o.Out) {
		t.Errorf("prints\n%s", o.Out)
	}
	for text, says := range map[string]string{
		"spawn as x sleep 9\nspawn as x sleep 9":          "program `x` runs already",
		"spawn as x/y sleep 9":                            "program `x/y` has `/` in it",
		"spawn as web sleep 9\nlogs wbe":                  "did you mean `web`",
		"stop web":                                        "no program `web` was spawned",
		"spawn ready 0 sleep 9":                           "a port is from 1 to 65535",
		`spawn ready "a(" sleep 9`:                        "is not a pattern",
		"spawn restart 0 sleep 9":                         "restart is from 1 to 1000",
		"spawn { true }":                                  "one program",
		"spawn":                                           "`spawn` needs a program to run",
		"let h = [a b]\nns a b\nlet p = spawn in $h true": "runs in one namespace",
	} {
		if o := run(t, m, 3, "run", script(t, text+"\n")); !strings.Contains(o.Err, says) {
			t.Errorf("%s\n%s", text, o.Err)
		}
	}
}

// A program that fails is noted, and started again as often as it may be.
func TestRestart(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	o := run(t, m, 0, "run", "--rm", script(t, `
spawn as r restart 2 sh 'echo run; exit 7'
spawn as fine sh 'exit 0'
spawn as once sh 'sleep 0.1; kill -9 $$'
wait timeout 10s until exec sh 'test $(cat /run/vnet/log/*/r.log | wc -l) = 3'
spawn as stopped restart 5 sleep 98
stop stopped
wait 500ms
exec sh 'test $(cat /run/vnet/log/*/r.log | wc -l) = 3'
`))
	if n := strings.Count(o.Err, "r ended with status 7; it is started again"); n != 2 {
		t.Errorf("started again %d times\n%s", n, o.Err)
	}
	if strings.Contains(o.Err, "fine") || strings.Contains(o.Err, "stopped") || !strings.Contains(o.Err, "once was killed by SIGKILL\n") {
		t.Errorf("says\n%s", o.Err)
	}
}

// What was spawned and stopped is not undone, and the report says so.
func TestProgramsAreOutside(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	o := run(t, m, 1, "run", script(t, "spawn sleep 98\nexec true\nstop sleep\nfail now\n"))
	for _, what := range []string{"spawn at ", "exec at ", "stop at "} {
		if !strings.Contains(o.Err, what) {
			t.Errorf("nothing about %q\n%s", what, o.Err)
		}
	}
}
