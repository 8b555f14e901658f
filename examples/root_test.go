package examples

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/kernel/kerneltest"
)

// A claim is a row of the README's table of what needs root: what an ordinary
// user and root try, and the word that the README begins its answer to the
// former with.
type claim struct {
	answer     string
	user, root func(c *claimant)
}

// A claimant is somebody who tries out what the README claims.
type claimant struct {
	*user
	call func(args ...string) kerneltest.Outcome
}

// must calls vnet, which must end with this status, and gives what it says.
func (c *claimant) must(status int, args ...string) string {
	c.t.Helper()
	o := c.call(args...)
	if o.Status != status {
		c.t.Fatalf("vnet %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), o.Status, status, o.Out, o.Err)
	}
	return o.Out + o.Err
}

func (c *claimant) says(want string, status int, args ...string) {
	c.t.Helper()
	if text := c.must(status, args...); !strings.Contains(text, want) {
		c.t.Errorf("vnet %s says nothing of %q:\n%s", strings.Join(args, " "), want, text)
	}
}

// claims are the rows, by what stands in their first column.
var claims = map[string]claim{
	"`check`, `fmt`, `explain`, `convert`, `graph FILE`":                           {"yes", readOnly, readOnly},
	"`run`, `plan`, `status`, `exec`, `shell`, `logs`, `down`, `undo`, the prompt": {"yes", living, living},
	"`graph`, `show`, `dump`, `why`, `capture`":                                    {"yes", looking, looking},
	"`vnet test`":  {"yes", tests, tests},
	"`tap`, `tun`": {"where", tapsOfUser, tapsOfRoot},
	"`uplink`: a way to the internet past the interfaces of the machine, by [pasta](https://passt.top) or [slirp4netns](https://github.com/rootless-containers/slirp4netns)": {"where `tap` works", uplinkOfUser, uplinkOfRoot},
	"interfaces of the machine, `host:enp3s0`, and through them a way to the internet":                                                                                       {"no", nicOfUser, nicOfRoot},
	"namespaces in `/run/netns` that `ip netns` and other users see":                                                                                                         {"no", hidden, seen},
	"programs `as` another user": {"no", asOther(6), asOther(0)},
}

func readOnly(c *claimant) {
	c.script("lab.vnet", twoHosts)
	c.script("lab.sh", "ip netns add a\n")
	c.must(0, "check", "lab.vnet")
	c.must(0, "fmt", "--check", "lab.vnet")
	c.says("refused", 0, "explain", "V5101")
	c.says("ns a", 0, "convert", "lab.sh")
	c.says("10.0.0.2/24", 0, "graph", "lab.vnet")
}

func living(c *claimant) {
	c.script("living.vnet", "lab living\n"+twoHosts+"spawn as web in left sh 'echo hello; exec sleep 600'\n")
	c.says("namespace left", 0, "plan", "living.vnet")
	c.must(0, "run", "living.vnet")
	c.says("living  up", 0, "status")
	c.says("10.0.0.1/24", 0, "exec", "left", "ip", "-br", "addr")
	c.must(7, "exec", "left", "sh", "-c", "exit 7")
	c.must(0, "shell", "left")
	c.says("hello", 0, "logs", "living", "web")
	c.must(0, "repl")
	c.must(0, "down", "living")
	c.must(0, "run", "living.vnet")
	c.must(0, "undo")
	c.says("no lab is up", 0, "status")
}

func looking(c *claimant) {
	c.must(0, "-q", c.script("looking.vnet", twoHosts))
	c.says("10.0.0.2/24", 0, "graph")
	c.says("10.0.0.2/24", 0, "show", "addrs", "in", "right")
	c.says(`"peer": "right:eth0"`, 0, "show", "links", "in", "left", "--json")
	c.says("veth left:eth0", 0, "dump")
	c.says("a ping is answered", 0, "why", "left", "right")
	c.must(0, "-q", c.script("pings.vnet", "spawn in left ping -i 0.2 10.0.0.2\n"))
	c.says("1 packet", 0, "capture", "right:eth0", "--count", "1", "--for", "60s", "-w", "right.pcapng")
	c.must(0, "-q", "down", "--all")
}

func tests(c *claimant) {
	c.says("1 passed", 0, "test", c.script("test.vnet", twoHosts+"test \"it works\" { expect ping left -> right }\n"))
}

const aTap = "ns a\ntap a:t0\ntun a:u0\n"

func tapsOfRoot(c *claimant) { c.must(0, "-q", "--rm", c.script("tap.vnet", aTap)) }

func tapsOfUser(c *claimant) {
	c.script("tap.vnet", aTap)
	chmod := ownTun(c.t, c.m, 0o600)
	c.await("the sandbox to end", func() bool { return c.holder() == 0 })
	c.says("permission denied (EACCES)", 6, "-q", "--rm", "tap.vnet")
	c.says("sudo chmod 666 /dev/net/tun", 6, "-q", "--rm", "tap.vnet")
	chmod(0o666)
	c.must(0, "-q", "--rm", "tap.vnet")
	c.m.Run("umount", "/dev/net/tun")
}

// ownTun gives a machine, and the sandboxes that are made in it from now on, a
// /dev/net/tun of the test's own, and returns what changes its mode.
func ownTun(t testing.TB, m *kerneltest.Machine, mode os.FileMode) (chmod func(os.FileMode)) {
	t.Helper()
	dir, err := os.MkdirTemp("", "vnet-tun")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	device := filepath.Join(dir, "tun")
	if err := unix.Mknod(device, unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200))); err != nil {
		t.Skip("no devices may be made here: ", err)
	}
	chmod = func(mode os.FileMode) {
		if err := os.Chmod(device, mode); err != nil {
			t.Fatal(err)
		}
	}
	chmod(mode)
	m.Run("mount", "--bind", device, "/dev/net/tun")
	return chmod
}

const anUplink = "ns a\nuplink a carrier slirp4netns\n"

func uplinkOfRoot(c *claimant) { c.must(0, "-q", "--rm", c.script("uplink.vnet", anUplink)) }

func uplinkOfUser(c *claimant) {
	if _, err := exec.LookPath("slirp4netns"); err != nil {
		c.t.Skip("needs a program: ", err)
	}
	c.await("the sandbox to end", func() bool { return c.holder() == 0 })
	ownTun(c.t, c.m, 0o666)
	uplinkOfRoot(c)
	c.m.Run("umount", "/dev/net/tun")
}

const aNIC = "bridge br0\nlink set host:nic0 master br0 up\n"

func nicOfUser(c *claimant) {
	c.says("interface of the real machine", 3, c.script("nic.vnet", aNIC))
}

func nicOfRoot(c *claimant) {
	c.must(0, "-q", "--rm", c.script("nic.vnet", aNIC))
}

func hidden(c *claimant) {
	c.must(0, "-q", c.script("seen.vnet", "ns seen\n"))
	if o := c.m.Run("ip", "netns"); strings.Contains(o, "seen") {
		c.t.Errorf("ip netns shows %q", o)
	}
	c.must(0, "-q", "down", "seen")
}

func seen(c *claimant) {
	c.must(0, "-q", c.script("seen.vnet", "ns seen\n"))
	if o := c.m.Run("ip", "netns"); !strings.Contains(o, "seen") {
		c.t.Errorf("ip netns shows %q", o)
	}
	c.must(0, "-q", "down", "seen")
}

func asOther(status int) func(*claimant) {
	return func(c *claimant) {
		c.must(status, "-q", "--rm", c.script("as.vnet", "ns a\nexec as nobody dir / in a true\n"))
	}
}

// What the README says of who needs root is what is: each row has a trial, and
// each trial has a row.
func TestWhatNeedsRoot(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| | ordinary user | root |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	if !ok {
		t.Fatal("there is no table of what needs root")
	}
	rows := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		rows[cells[0]] = cells[1:]
	}
	if has, want := slices.Sorted(maps.Keys(rows)), slices.Sorted(maps.Keys(claims)); !slices.Equal(has, want) {
		t.Fatalf("the rows are\n%s\nand what is tried\n%s", strings.Join(has, "\n"), strings.Join(want, "\n"))
	}
	for what, c := range claims {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			m.Run("ip", "link", "add", "nic0", "type", "veth", "peer", "name", "nic1")
			m.Run("ip", "link", "set", "nic0", "up")
			m.Run("ip", "link", "set", "nic1", "up")
			u := newUser(t, m)
			before := m.Settle()
			c.user(&claimant{u, func(args ...string) kerneltest.Outcome { return u.try(args...) }})
			unchanged(t, m, before, "what an ordinary user did")
			c.root(&claimant{u, func(args ...string) kerneltest.Outcome {
				cmd := u.command(args...)
				cmd.SysProcAttr.Credential.Uid, cmd.SysProcAttr.Credential.Gid = 0, 0
				return m.TryCmd(cmd)
			}})
			unchanged(t, m, before, "what root did")
			if !strings.HasPrefix(rows[what][0], c.answer) || rows[what][1] != "yes" {
				t.Errorf("the README says %q", rows[what])
			}
		})
	}
}
