package examples

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

// A user is somebody without any rights, on a machine of the test.
type user struct {
	t    testing.TB
	m    *kerneltest.Machine
	uid  int
	home string // what only this user may enter
	bin  string // the directory of vnet
}

var lastUser atomic.Int64

// newUser makes up a user, and skips the test where users can have no network.
func newUser(t testing.TB, m *kerneltest.Machine) *user {
	t.Helper()
	u := &user{t: t, m: m, uid: 400_000_000 + 1000*(os.Getpid()%100_000) + int(lastUser.Add(1))}
	top, err := os.MkdirTemp("", "vnet-user")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(top) })
	u.home, u.bin = filepath.Join(top, "home"), filepath.Join(top, "bin")
	for dir, mode := range map[string]os.FileMode{top: 0o755, u.home: 0o700, u.bin: 0o755, u.runtimeDir(): 0o700} {
		if err := errors.Join(os.MkdirAll(dir, mode), os.Chmod(dir, mode)); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{u.home, u.runtimeDir()} {
		if err := os.Chown(dir, u.uid, u.uid); err != nil {
			t.Fatal(err)
		}
	}
	installVnet(t, u.bin)
	t.Cleanup(func() {
		for _, pid := range u.processes() {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		u.await("the user's processes to be gone", func() bool { return len(u.processes()) == 0 })
	})
	if o := u.try("repl"); strings.Contains(o.Err, "cannot make a private network") {
		t.Skip("needs user namespaces: ", o.Err)
	} else if o.Status != 0 {
		t.Fatalf("an empty prompt: %+v", o)
	}
	return u
}

// installVnet puts the test binary, which is vnet by that name, where anybody
// may run it.
func installVnet(t testing.TB, dir string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	// What another test starts meanwhile would hold the file open for writing.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "vnet"), text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (u *user) runtimeDir() string { return filepath.Join(u.home, "run") }

// command prepares a call of vnet by the user.
func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(u.bin, "vnet"), args...)
	cmd.Args[0] = "vnet"
	cmd.Dir = u.home
	cmd.Env = []string{"PATH=" + u.bin + ":" + os.Getenv("PATH"), "HOME=" + u.home, "LANG=C.UTF-8", "XDG_RUNTIME_DIR=" + u.runtimeDir()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.uid)}}
	return cmd
}

func (u *user) try(args ...string) kerneltest.Outcome {
	u.t.Helper()
	return u.m.TryCmd(u.command(args...))
}

// run calls vnet, which must end with this status.
func (u *user) run(status int, args ...string) kerneltest.Outcome {
	u.t.Helper()
	o := u.try(args...)
	if o.Status != status {
		u.t.Fatalf("vnet %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), o.Status, status, o.Out, o.Err)
	}
	return o
}

// script writes a script and returns its name.
func (u *user) script(name, text string) string {
	u.t.Helper()
	if err := os.WriteFile(filepath.Join(u.home, name), []byte(text), 0o644); err != nil {
		u.t.Fatal(err)
	}
	return name
}

// processes lists what runs of the user, the dead left out.
func (u *user) processes() []int {
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		status, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "status"))
		if bytes.Contains(status, fmt.Appendf(nil, "\nUid:\t%d\t", u.uid)) && !bytes.Contains(status, []byte("\nState:\tZ")) {
			out = append(out, pid)
		}
	}
	return out
}

// holder is the first process of the user's sandbox; 0 without one.
func (u *user) holder() int {
	for _, pid := range u.processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if bytes.Equal(line, []byte("vnet\x00hold\x00")) {
			return pid
		}
	}
	return 0
}

func (u *user) await(what string, ok func() bool) {
	u.t.Helper()
	for deadline := time.Now().Add(kerneltest.Patience(15 * time.Second)); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			u.t.Fatal("waited in vain for ", what)
		}
	}
}

const twoHosts = `ns left right
veth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24
expect ping left -> right
`

// Without root a script runs, later commands find what it made, and nothing of
// it is seen on the machine. When it is taken down nothing is left.
func TestSandbox(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	u := newUser(t, m)
	o := u.run(0, u.script("two.vnet", twoHosts+"exec in left cat /proc/self/uid_map\nin left hosts 10.0.0.2 other\nexec in left ping -c 1 other\nin left sysctl net.ipv4.ip_forward = 1\n"))
	if want := strconv.Itoa(u.uid); !strings.Contains(o.Out, want) {
		t.Errorf("programs are not the user's:\n%s", o.Out)
	}
	if o := u.run(0, "graph"); !strings.Contains(o.Out, "10.0.0.2/24") {
		t.Errorf("the next command sees\n%s", o.Out)
	}
	if o := u.run(0, "dump", "left"); !strings.Contains(o.Out, "10.0.0.1/24") {
		t.Errorf("dump:\n%s", o.Out)
	}
	u.run(3, "two.vnet") // they exist
	u.run(0, "plan", u.script("more.vnet", "exec in left ping -c 1 10.0.0.2\nroute add 10.9.0.0/24 dev lo\n"))
	if o := u.run(0, "more.vnet"); !strings.Contains(o.Out, "1 received") {
		t.Errorf("a second script:\n%s", o.Out)
	}
	u.run(0, "recover")
	unchanged(t, m, before, "what an ordinary user did")
	if o := u.run(0, "status"); !strings.Contains(o.Out, "two") || !strings.Contains(o.Out, "more") {
		t.Errorf("status:\n%s", o.Out)
	}
	began := time.Now()
	u.run(0, "down", "--all")
	u.await("the sandbox to end", func() bool { return len(u.processes()) == 0 })
	if took := time.Since(began); took > kerneltest.Patience(1500*time.Millisecond) {
		t.Errorf("the empty sandbox lasts for %v", took)
	}
	if entries, _ := os.ReadDir(filepath.Join(u.runtimeDir(), "vnet")); len(entries) != 1 || entries[0].Name() != "sandbox.lock" {
		t.Errorf("left: %v", entries)
	}
}

// Two users do not see each other, nor may one enter the other's sandbox.
func TestSandboxOfTwo(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	a, b := newUser(t, m), newUser(t, m)
	var both sync.WaitGroup
	for _, u := range []*user{a, b} {
		u.script("two.vnet", twoHosts)
		both.Go(func() {
			if o := u.try("two.vnet"); o.Status != 0 {
				t.Errorf("%d: %s", u.uid, o.Err)
			}
		})
	}
	both.Wait()
	a.run(0, "down", "two")
	if o := a.run(0, "status"); o.Out != "no lab is up\n" {
		t.Errorf("of the other's labs one is told\n%s", o.Out)
	}
	if o := b.run(0, "status"); !strings.HasPrefix(o.Out, "two  up") {
		t.Errorf("the other's lab:\n%s", o.Out)
	}
	if o := b.run(0, "graph"); !strings.Contains(o.Out, "10.0.0.2/24") {
		t.Errorf("the other's is gone:\n%s", o.Out)
	}
	// Even who gets at the socket is turned away.
	for _, dir := range []string{b.home, b.runtimeDir(), filepath.Join(b.runtimeDir(), "vnet")} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(b.runtimeDir(), "vnet/sandbox"), 0o777); err != nil {
		t.Fatal(err)
	}
	if n, err := readAs(a.uid, filepath.Join(b.runtimeDir(), "vnet/sandbox")); n != 0 || !errors.Is(err, io.EOF) && !errors.Is(err, unix.ECONNRESET) || b.holder() == 0 {
		t.Errorf("another user's connection: %d bytes, %v", n, err)
	}
}

// readAs connects to a socket as another user, asks for a program, and reads
// what comes.
func readAs(uid int, socket string) (n int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread keeps the other's number
		id := uintptr(uid)
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, id, id, id); errno != 0 {
			err = errno
			return
		}
		var c *net.UnixConn
		if c, err = net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"}); err != nil {
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		body := []byte(`{"Argv":["vnet","version"],"Dir":"/"}`)
		message := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
		_, _, _ = c.WriteMsgUnix(message, unix.UnixRights(0, 0, 1, 2), nil)
		n, err = c.Read(make([]byte, 100))
	}()
	<-done
	return n, err
}

// A holder that is killed takes everything along, and the next command begins anew.
func TestSandboxKilled(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	u.run(0, u.script("two.vnet", twoHosts+"spawn in left sleep 600\n"))
	if err := unix.Kill(u.holder(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	u.await("all to die", func() bool { return len(u.processes()) == 0 })
	if o := u.run(0, "graph"); strings.Contains(o.Out, "right") {
		t.Errorf("something is left:\n%s", o.Out)
	}
	u.run(0, "two.vnet")

	// A command at work says what has happened.
	cmd := u.command(u.script("wait.vnet", "echo ready\nwait 600s\n"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	startAndRead(t, u.m, cmd, "ready")
	_ = unix.Kill(u.holder(), unix.SIGKILL)
	if status := kerneltest.Status(t, cmd.Wait()); status != 143 || !strings.Contains(errs.String(), "ended from outside") {
		t.Errorf("status %d: %s", status, &errs)
	}
}

// killHolder ends the sandbox whose socket is below a directory, whoever's it is.
func killHolder(t testing.TB, dir string) {
	t.Helper()
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, _ := os.ReadFile(path)
		place, _ := os.Readlink(filepath.Join(filepath.Dir(path), "fd/5"))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && bytes.Equal(line, []byte("vnet\x00hold\x00")) && strings.HasPrefix(place, dir) {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// startAndRead starts a program and waits for a word of its output.
func startAndRead(t testing.TB, m *kerneltest.Machine, cmd *exec.Cmd, word string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = m.Start(cmd)
	}
	if err != nil {
		t.Fatal(err)
	}
	seen := ""
	for buf := make([]byte, 100); !strings.Contains(seen, word); {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("no %q in %q: %v %v", word, seen, err, cmd.Stderr)
		}
		seen += string(buf[:n])
	}
}

// A script is a transaction here too: it fails, its client is interrupted or
// dies, or vnet itself is killed inside.
func TestSandboxRollsBack(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	u.run(0, u.script("stay.vnet", "ns stay\nbridge stay:br0 10.1.0.1/24\n"))
	was := u.run(0, "dump").Out
	same := func(after string) {
		t.Helper()
		if is := u.run(0, "dump").Out; is != was {
			t.Errorf("%s:\n%s\nand it was\n%s", after, is, was)
		}
	}
	u.run(1, u.script("fails.vnet", twoHosts+"link set stay:br0 mtu 1400 down\nexec in left false\n"))
	same("a script that fails")
	waits := u.script("waits.vnet", "link set stay:br0 mtu 1400 down\n"+twoHosts+"spawn in left sleep 600\necho ready\nwait 600s\n")
	for _, end := range []struct {
		sig    syscall.Signal
		inside bool
		status int
	}{{unix.SIGINT, false, 130}, {unix.SIGTERM, false, 143}, {unix.SIGKILL, false, 137}, {unix.SIGKILL, true, 137}} {
		cmd := vnettest.Guard(u.command(waits))
		startAndRead(t, u.m, cmd, "ready")
		victim := cmd.Process.Pid
		if end.inside {
			victim = u.job(waits, victim)
		}
		_ = unix.Kill(victim, end.sig)
		if status := kerneltest.Status(t, cmd.Wait()); status != end.status {
			t.Errorf("%v: exit status %d, want %d", end.sig, status, end.status)
		}
		u.await("the rest to end", func() bool { return len(u.processes()) == 1 })
		same(end.sig.String())
	}
}

// What a program leaves running dies with its place in the script, also one that
// nothing in its environment, its session or its parent gives away.
func TestSandboxEndsPrograms(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	const leave = "exec in a sh -c \"env -i setsid sleep %d <&- >&- 2>&- & echo\"\n"
	sleeping := func(seconds int) bool {
		for _, pid := range u.processes() {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if bytes.Equal(line, fmt.Appendf(nil, "sleep\x00%d\x00", seconds)) {
				return true
			}
		}
		return false
	}
	u.run(0, u.script("stays.vnet", "ns a\n"+fmt.Sprintf(leave, 971)+"try {\n ns b\n"+fmt.Sprintf(leave, 972)+" exec false\n}\n"))
	if !sleeping(971) || sleeping(972) {
		t.Errorf("behind the script the first sleeps: %v, the second: %v", sleeping(971), sleeping(972))
	}
	u.run(0, "down", "stays")
	u.await("the rest to end", func() bool { return !sleeping(971) })
}

// job finds the process that works for a client.
func (u *user) job(script string, client int) int {
	for _, pid := range u.processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if pid != client && bytes.Equal(line, []byte("vnet\x00"+script+"\x00")) {
			return pid
		}
	}
	u.t.Fatal("no process works on ", script)
	return 0
}

// Ctrl-Z stops the command and what works for it, and both go on.
func TestSandboxStops(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	waits := u.script("waits.vnet", "echo ready\nwait 600s\n")
	cmd := u.command(waits)
	cmd.SysProcAttr.Setpgid = true // and its parent in the same session: not orphaned
	startAndRead(t, u.m, cmd, "ready")
	client := cmd.Process.Pid
	job := u.job(waits, client)
	stopped := func(want bool) func() bool {
		return func() bool { return isStopped(client) == want && isStopped(job) == want }
	}
	for range 2 {
		_ = unix.Kill(client, unix.SIGTSTP)
		u.await("both to stop", stopped(true))
		_ = unix.Kill(client, unix.SIGCONT)
		u.await("both to go on", stopped(false))
	}
	_ = unix.Kill(client, unix.SIGINT)
	if status := kerneltest.Status(t, cmd.Wait()); status != 130 {
		t.Errorf("exit status %d", status)
	}
}

func isStopped(pid int) bool {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	return bytes.Contains(status, []byte("\nState:\tT"))
}

// Streams, arguments, the directory, the umask and the status are the client's.
func TestSandboxHandsOver(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	cmd := u.command()
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `mkdir sub; cd sub; umask 027; echo 'param x
echo $x
exec sh "cat; pwd; umask; echo to stderr >&2"
fail "so"' > a.vnet; echo from stdin | WORD=x vnet a.vnet x=y; echo "status $?"`}
	o := u.m.TryCmd(cmd)
	for _, want := range []string{"from stdin\n", "/home/sub\n", "0027\n", "y\n", "status 1\n"} {
		if !strings.Contains(o.Out, want) {
			t.Errorf("no %q in\n%s%s", want, o.Out, o.Err)
		}
	}
	if !strings.Contains(o.Err, "to stderr\n") {
		t.Errorf("standard error: %s", o.Err)
	}
	// A script from a pipe, and one that a shell started deaf.
	cmd = u.command("-")
	cmd.Stdin = strings.NewReader("echo piped\n")
	if o := u.m.TryCmd(cmd); o.Out != "piped\n" {
		t.Errorf("%+v", o)
	}
}

// Who is root there finds the programs of root, where the system's PATH for
// ordinary users leaves them out.
func TestSandboxFindsProgramsOfRoot(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	const look = `exec sh 'case $PATH in */usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin) ;; *) echo "$PATH"; exit 1 ;; esac'`
	script := u.script("path.vnet", "test \"path\" {\n"+look+"\n}\nns a\n"+look+"\n")
	for _, args := range [][]string{{script}, {"exec", "a", "sh", "-c", `test "${PATH##*:}" = /sbin`}, {"test", script}} {
		cmd := u.command(args...)
		cmd.Env = append(cmd.Env, "PATH="+u.bin+":/usr/bin:/bin")
		if o := u.m.TryCmd(cmd); o.Status != 0 {
			t.Errorf("vnet %s: exit status %d\n%s%s", args[0], o.Status, o.Out, o.Err)
		}
	}
}

// What is only on the real machine is called that, before anything is done.
func TestSandboxSaysWhatNeedsRoot(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Run("ip", "link", "add", "nic0", "type", "bridge")
	u := newUser(t, m)
	for _, text := range []string{"link set host:nic0 mtu 1400\n", "bridge br0\nlink set host:nic0 master br0\n", "route add 10.0.0.0/8 dev nic0\n"} {
		o := u.run(3, u.script("nic.vnet", text))
		if !strings.Contains(o.Err, "`nic0` is an interface of the real machine") || !strings.Contains(o.Err, "as root") {
			t.Errorf("%s%s", text, o.Err)
		}
	}
	if o := u.run(3, u.script("typo.vnet", "link set host:nic7 mtu 1400\n")); strings.Contains(o.Err, "real machine") {
		t.Errorf("of no machine: %s", o.Err)
	}
}

// Where others could have put a socket for us, none is looked for.
func TestSandboxHostileDirectory(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	for _, c := range []struct {
		name, say string
		prepare   func(u *user) error
	}{
		{"symbolic link", "it is a symbolic link", func(u *user) error { return os.Symlink("/tmp", filepath.Join(u.runtimeDir(), "vnet")) }},
		{"another's", "it belongs to user 0", func(u *user) error { return os.Mkdir(filepath.Join(u.runtimeDir(), "vnet"), 0o700) }},
		{"a file", "it is not a directory", func(u *user) error { return os.WriteFile(filepath.Join(u.runtimeDir(), "vnet"), nil, 0o600) }},
		{"open to others", "others may enter it (mode 0750", func(u *user) error {
			dir := filepath.Join(u.runtimeDir(), "vnet")
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, u.uid, u.uid), os.Chmod(dir, 0o750))
		}},
		{"runtime directory of another", "it belongs to user 0", func(u *user) error { return os.Chown(u.runtimeDir(), 0, 0) }},
		{"open runtime directory", "mode 0777", func(u *user) error { return os.Chmod(u.runtimeDir(), 0o777) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := newUser(t, m)
			u.await("the sandbox to end", func() bool { return u.holder() == 0 })
			if err := errors.Join(os.RemoveAll(filepath.Join(u.runtimeDir(), "vnet")), c.prepare(u)); err != nil {
				t.Fatal(err)
			}
			if o := u.run(6, u.script("two.vnet", twoHosts)); !strings.Contains(o.Err, c.say) {
				t.Errorf("says %s", o.Err)
			}
			if u.holder() != 0 {
				t.Error("there is a sandbox")
			}
		})
	}
}

// Switches that forbid user namespaces are named, with what to type.
func TestSandboxForbidden(t *testing.T) {
	t.Parallel()
	u := newUser(t, kerneltest.New(t))
	script := u.script("two.vnet", twoHosts)
	u.await("the sandbox to end", func() bool { return u.holder() == 0 })
	o := u.forbidden(script)
	for _, want := range []string{"error[V7010]", "user.max_user_namespaces is 0", "sudo sysctl user.max_user_namespaces=", "ENOSPC"} {
		if o.Status != 6 || !strings.Contains(o.Err, want) {
			t.Errorf("status %d, no %q in %s", o.Status, want, o.Err)
		}
	}
}

// forbidden calls vnet where no user namespaces may be made: one has limits of
// its own, and in it is somebody without rights.
func (u *user) forbidden(args ...string) kerneltest.Outcome {
	u.t.Helper()
	cmd := u.command()
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `exec unshare --user --map-root-user sh -c '
echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all vnet "$@"' sh "$@"`, "sh"}, args...)
	return u.m.TryCmd(cmd)
}

// Root gets the same with --isolated, and a copy that lends root's rights does
// nothing.
func TestSandboxOfRoot(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	before := m.Settle()
	u := newUser(t, m)
	private := t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killHolder(t, private) })
	as := func(uid int, args ...string) kerneltest.Outcome {
		cmd := u.command(args...)
		cmd.SysProcAttr.Credential.Uid, cmd.SysProcAttr.Credential.Gid = uint32(uid), uint32(uid)
		cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+private)
		return m.TryCmd(cmd)
	}
	script := u.script("two.vnet", twoHosts)
	for _, args := range [][]string{{"--isolated", script}, {"--isolated", "run", "--rm", u.script("one.vnet", "ns one\n")}} {
		if o := as(0, args...); o.Status != 0 {
			t.Errorf("%v: %+v", args, o)
		}
	}
	unchanged(t, m, before, "root's private network")
	if o := as(0, "--isolated", "graph"); !strings.Contains(o.Out, "10.0.0.2/24") {
		t.Errorf("the next command sees %+v", o)
	}
	if o := as(0, "--isolated", "down", "--all"); o.Status != 0 {
		t.Errorf("%+v", o)
	}

	if err := os.Chmod(filepath.Join(u.bin, "vnet"), os.ModeSetuid|0o755); err != nil {
		t.Fatal(err)
	}
	if o := u.try("check", script); o.Status != 6 || !strings.Contains(o.Err, "setuid") {
		t.Errorf("a setuid vnet: %+v", o)
	}
}
