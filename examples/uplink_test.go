package examples

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

// carriers are the programs that may carry an uplink.
var carriers = []string{"pasta", "slirp4netns"}

// An outside is what a machine has around its labs: a cable to a network that
// it has an address on, with a default route, and servers.
type outside struct {
	*kerneltest.Machine
	open, shut atomic.Int64 // connections to its address, and to its loopback
}

// The servers of an outside: one that everybody may reach, one for the machine
// itself, and a name server, which says that all names are of the first.
const (
	outsideIP = "192.0.2.1"
	openPort  = 8080
	shutPort  = 8081
)

// newOutside makes an outside, and skips the test where a program is missing.
// The name server has this address.
func newOutside(t *testing.T, carrier, resolver string) *outside {
	t.Helper()
	if _, err := exec.LookPath(carrier); err != nil {
		t.Skip("needs a program: ", err)
	}
	o := &outside{Machine: kerneltest.New(t)}
	o.Script(`ip netns add wall
ip link add wan type veth peer name wan netns wall
ip -n wall addr add 192.0.2.2/24 dev wan
ip -n wall link set wan up
ip addr add ` + outsideIP + `/24 dev wan
ip link set wan up
ip route add default via 192.0.2.2
mkdir /run/resolve
echo nameserver ` + resolver + ` >/run/resolve/resolv.conf
ln -sf ../run/resolve/resolv.conf /etc/resolv.conf`)
	o.serve(t, fmt.Sprintf("%s:%d", outsideIP, openPort), &o.open)
	o.serve(t, fmt.Sprintf("127.0.0.1:%d", shutPort), &o.shut)
	o.resolve(t, resolver)
	// It is there for the machine itself.
	o.Do(func() {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", shutPort)); err != nil {
			t.Error(err)
		} else {
			c.Close()
		}
	})
	return o
}

// serve takes connections at an address, and counts them.
func (o *outside) serve(t *testing.T, addr string, n *atomic.Int64) {
	t.Helper()
	var l net.Listener
	var err error
	o.Do(func() { l, err = net.Listen("tcp4", addr) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			c.Close()
		}
	}()
}

// resolve answers each question for an address (RFC 1035) with that of the
// outside, and others with nothing.
func (o *outside) resolve(t *testing.T, addr string) {
	t.Helper()
	var c net.PacketConn
	var err error
	o.Do(func() { c, err = net.ListenPacket("udp4", addr+":53") })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if n < 17 {
				continue
			}
			end := 12 // of the question
			for end < n && buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			end += 5
			if end > n {
				continue
			}
			reply := append([]byte{buf[0], buf[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, buf[12:end]...)
			if kind := binary.BigEndian.Uint16(buf[end-4:]); kind == 1 {
				reply[7] = 1
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
				reply = append(reply, net.ParseIP(outsideIP).To4()...)
			}
			_, _ = c.WriteTo(reply, from)
		}
	}()
}

// carried lists the carriers that run in the machine. One may be several for a
// moment: pasta enters namespaces by a clone of itself.
func (o *outside) carried() []int {
	var out []int
	for _, pid := range o.Processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		program, _, _ := strings.Cut(string(line), "\x00")
		for _, c := range carriers {
			if program == c {
				out = append(out, pid)
			}
		}
	}
	return out
}

func (o *outside) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	(&user{t: t, m: o.Machine}).await(what, ok)
}

// wayOut is a script with an uplink, and tries what it leads to.
func wayOut(carrier string) string {
	return fmt.Sprintf(`ns h
uplink h carrier %s
expect tcp h -> %s port %d
expect no tcp h -> %s port %d
expect no tcp h -> 10.0.2.2 port %d
expect no tcp h -> 10.0.2.3 port %d
exec in h getent ahostsv4 name.example
`, carrier, outsideIP, openPort, outsideIP, shutPort, shutPort, shutPort)
}

// Programs behind an uplink reach what the machine reaches, by name as well, but
// for the machine's loopback; and when it is taken down nothing is left.
func TestUplink(t *testing.T) {
	t.Parallel()
	for _, carrier := range carriers {
		for _, who := range []string{"root", "user", "isolated"} {
			t.Run(who+" "+carrier, func(t *testing.T) {
				t.Parallel()
				o := newOutside(t, carrier, outsideIP)
				call := func(args ...string) kerneltest.Outcome { return o.TryCmd(vnettest.Command(args...)) }
				script := vnettest.Script(t, wayOut(carrier))
				down := []string{"down", "lab"}
				switch who {
				case "user":
					ownTun(t, o.Machine, 0o666)
					u := newUser(t, o.Machine)
					call, script = u.try, u.script("lab.vnet", wayOut(carrier))
				case "isolated":
					runtimeDir := filepath.Join(t.TempDir(), "run")
					if err := os.Mkdir(runtimeDir, 0o700); err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { killHolder(t, runtimeDir) })
					call = func(args ...string) kerneltest.Outcome {
						cmd := vnettest.Command(append([]string{"--isolated"}, args...)...)
						cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+runtimeDir)
						return o.TryCmd(cmd)
					}
				}
				must := func(args ...string) string {
					t.Helper()
					got := call(args...)
					if got.Status != 0 {
						t.Fatalf("vnet %v: exit status %d\n%s%s", args, got.Status, got.Out, got.Err)
					}
					return got.Out + got.Err
				}
				before := o.Settle()
				if said := must("run", script); !strings.Contains(said, outsideIP) {
					t.Errorf("names are not resolved:\n%s", said)
				}
				if o.open.Load() != 1 || o.shut.Load() != 1 {
					t.Errorf("%d connections came, and %d to the loopback", o.open.Load(), o.shut.Load()-1)
				}
				if n := o.carried(); len(n) == 0 {
					t.Errorf("no carrier runs")
				}
				if said := must("status"); !strings.Contains(said, "uplink-h") {
					t.Errorf("status:\n%s", said)
				}
				if said := must("plan", script); !strings.Contains(said, "0 to make, 0 to change, 0 to remove") {
					t.Errorf("plan:\n%s", said)
				}
				if said := must("dump", "h"); !strings.Contains(said, "tap uplink 10.0.2.100/24") || strings.Contains(said, "not expressible") {
					t.Errorf("dump:\n%s", said)
				}
				must("graph")
				must(down...)
				o.await(t, "the carrier to end", func() bool { return len(o.carried()) == 0 })
				unchanged(t, o.Machine, before, "an uplink that was taken down")
			})
		}
	}
}

// However a run ends, its uplinks end with it, in a private network as well: vnet
// is killed, where it works for a client or the client is, or the holder is.
func TestUplinkKilled(t *testing.T) {
	t.Parallel()
	for _, carrier := range carriers {
		t.Run(carrier, func(t *testing.T) {
			t.Parallel()
			o := newOutside(t, carrier, outsideIP)
			ownTun(t, o.Machine, 0o666)
			u := newUser(t, o.Machine)
			before := o.Settle()
			waits := u.script("waits.vnet", "ns h\nuplink h carrier "+carrier+"\necho ready\nwait 600s\n")
			for _, victim := range []string{"client", "job", "holder", "carrier"} {
				cmd := vnettest.Guard(u.command(waits))
				startAndRead(t, o.Machine, cmd, "ready")
				if n := o.carried(); len(n) == 0 {
					t.Fatalf("no carrier runs")
				}
				for _, pid := range map[string]func() []int{
					"client":  func() []int { return []int{cmd.Process.Pid} },
					"job":     func() []int { return []int{u.job(waits, cmd.Process.Pid)} },
					"holder":  func() []int { return u.running("hold") },
					"carrier": o.carried,
				}[victim]() {
					_ = unix.Kill(pid, unix.SIGKILL)
				}
				if victim == "carrier" { // the script goes on
					o.await(t, "the carrier's shim to end", func() bool { return len(u.running("outward")) == 0 })
					_ = unix.Kill(cmd.Process.Pid, unix.SIGTERM)
				}
				_ = cmd.Wait()
				o.await(t, "all to end but the holder", func() bool { return len(u.processes()) == len(u.running("hold")) })
				if n := o.carried(); len(n) > 0 {
					t.Errorf("%s killed: carriers that run: %v", victim, n)
				}
				if said := u.run(0, "dump").Out; strings.Contains(said, "ns h") {
					t.Errorf("%s killed leaves\n%s", victim, said)
				}
			}
			u.await("the sandbox to end", func() bool { return len(u.processes()) == 0 })
			unchanged(t, o.Machine, before, "uplinks that were killed")
		})
	}
}

// running lists the processes of the user that are vnet with such a word.
func (u *user) running(word string) []int {
	var out []int
	for _, pid := range u.processes() {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if strings.HasPrefix(string(line), "vnet\x00"+word+"\x00") {
			out = append(out, pid)
		}
	}
	return out
}

// A committed uplink ends with the holder, for there is nobody else to end it.
func TestUplinkOfHolder(t *testing.T) {
	t.Parallel()
	o := newOutside(t, "slirp4netns", outsideIP)
	ownTun(t, o.Machine, 0o666)
	u := newUser(t, o.Machine)
	u.run(0, u.script("lab.vnet", "ns h\nuplink h carrier slirp4netns\n"))
	if n := o.carried(); len(n) == 0 {
		t.Fatalf("no carrier runs")
	}
	if err := unix.Kill(u.holder(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	u.await("all to die", func() bool { return len(u.processes()) == 0 })
}

// The resolver of a machine may have a loopback address. pasta lets nothing else
// of it through; slirp4netns would, and so resolves no names then.
func TestUplinkAndLoopbackResolver(t *testing.T) {
	t.Parallel()
	const resolver = "127.0.0.1"
	for _, carrier := range carriers {
		t.Run(carrier, func(t *testing.T) {
			t.Parallel()
			o := newOutside(t, carrier, resolver)
			text := strings.ReplaceAll(wayOut(carrier), "exec in h", "exec status any in h")
			got := o.TryCmd(vnettest.Command("run", "--rm", vnettest.Script(t, text)))
			if got.Status != 0 {
				t.Fatalf("exit status %d\n%s", got.Status, got.Err)
			}
			resolved, warned := strings.Contains(got.Out, outsideIP), strings.Contains(got.Err, "no names are resolved in h")
			if want := carrier == "pasta"; resolved != want || warned == want {
				t.Errorf("resolved: %v, warned: %v\n%s%s", resolved, warned, got.Out, got.Err)
			}
			if o.shut.Load() != 1 {
				t.Errorf("%d connections came to the loopback", o.shut.Load()-1)
			}
		})
	}
}

// What is missing is told before anything is done; what goes wrong is taken back.
func TestUplinkFails(t *testing.T) {
	t.Parallel()
	o := newOutside(t, "pasta", outsideIP)
	before := o.Settle()
	try := func(cmd *exec.Cmd, status int, words ...string) {
		t.Helper()
		got := o.TryCmd(cmd)
		if got.Status != status {
			t.Errorf("exit status %d, want %d\n%s", got.Status, status, got.Err)
		}
		for _, w := range words {
			if !strings.Contains(got.Err, w) {
				t.Errorf("nothing of %q in\n%s", w, got.Err)
			}
		}
		unchanged(t, o.Machine, before, strings.Join(words, " "))
	}
	script := vnettest.Script(t, "ns h\nuplink h\n")
	bare := func(args ...string) *exec.Cmd {
		cmd := vnettest.Command(args...)
		cmd.Env = append(os.Environ(), "PATH=/nonexistent")
		return cmd
	}
	try(bare("run", script), 7, "neither pasta nor slirp4netns is installed", "apt install passt", "nothing was changed")
	try(bare("plan", script), 7, "neither pasta nor slirp4netns is installed")
	try(bare("run", vnettest.Script(t, "ns h\nuplink h carrier slirp4netns\n")), 7, "apt install slirp4netns")
	try(vnettest.Command("run", vnettest.Script(t, "ns h\nuplink h carrier pasta\nuplink h:more carrier pasta\n")), 3, "route to default")
	o.Script("ip route del default")
	before = o.Settle()
	try(vnettest.Command("run", vnettest.Script(t, "ns h\nuplink h carrier pasta\n")), 1, "before it was ready", "carrier slirp4netns", "rolled back completely")
}

// What is there already is left as it is, and a carrier that has ended is
// started again.
func TestUplinkEnsured(t *testing.T) {
	t.Parallel()
	o := newOutside(t, "slirp4netns", outsideIP)
	script := vnettest.Script(t, fmt.Sprintf(`ns ensured
uplink ensured carrier slirp4netns
ensure uplink ensured carrier slirp4netns
exec sh 'echo "carriers: $(pgrep -fc "[d]isable-host-loopback.*netns/ensured uplink")"'
stop uplink-ensured
expect no tcp ensured -> %[1]s port %[2]d
ensure uplink ensured carrier slirp4netns
expect tcp ensured -> %[1]s port %[2]d
`, outsideIP, openPort))
	got := o.TryCmd(vnettest.Command("run", "--rm", script))
	if got.Status != 0 || !strings.Contains(got.Out, "carriers: 1\n") {
		t.Errorf("exit status %d\n%s%s", got.Status, got.Out, got.Err)
	}
}
