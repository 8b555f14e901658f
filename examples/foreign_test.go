package examples

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"vnet/runtime/kernel/kerneltest"
)

// foreign are scripts, and what somebody else does to the very things that they
// changed: it stays, and is told. What takes it back leads to where all began.
var foreign = []struct{ name, script, theirs, told, back string }{
	{"nothing", "link set host:x0 mtu 1400\nlink set old:w1 down\naddr add host:w0 10.99.0.1/16\nin old sysctl net.ipv4.ip_local_port_range = \"20000 30000\"", "true", "", "true"},
	{"mtu", "link set host:x0 mtu 1400", "ip link set x0 mtu 1300", "host: changed by someone else, left as it is: link x0 mtu: 1300",
		"ip link set x0 mtu 1500"},
	{"one of two", "link set host:x0 mtu 1400 alias \"mine\"", "ip link set x0 alias theirs", "link x0 alias: theirs", "ip link set x0 alias ''"},
	{"address on it", "addr add host:w0 10.99.0.1/16", "ip addr add 10.98.0.1/16 dev w0", "addr w0 inet: 10.98.0.1/16", "ip addr del 10.98.0.1/16 dev w0"},
	{"address gone", "link set host:x0 mtu 1400", "ip addr del 10.2.0.9/24 dev w0; ip addr add 10.2.0.9/24 dev w0; ip -6 route del fd50::/64",
		"gone: route inet6 table 254 fd50::/64", "ip -6 route add fd50::/64 via fd03::2"},
	{"our route", "route replace 10.50.0.0/16 via 10.2.0.2", "ip route replace 10.50.0.0/16 via 10.2.0.7", "route inet table 254 10.50.0.0/16",
		"ip route replace 10.50.0.0/16 via 10.3.0.2"},
	{"sysctl", "in old sysctl net.ipv4.conf.w1.rp_filter = 2", "ip netns exec old sh -c 'echo 0 > /proc/sys/net/ipv4/conf/w1/rp_filter'",
		"old: changed by someone else, left as it is: sysctl ipv4/conf/w1/rp_filter: 0", "ip netns exec old sh -c 'echo 1 > /proc/sys/net/ipv4/conf/w1/rp_filter'"},
	{"sysctl of a link that lost an address", "in old { sysctl net.ipv4.conf.w1.rp_filter = 2; addr del w1 10.2.0.2/24 }", "ip netns exec old sh -c 'echo 0 > /proc/sys/net/ipv4/conf/w1/rp_filter'",
		"old: changed by someone else, left as it is: sysctl ipv4/conf/w1/rp_filter: 0", "ip netns exec old sh -c 'echo 1 > /proc/sys/net/ipv4/conf/w1/rp_filter'"},
	{"neighbour", "in old neigh replace 10.2.0.1 lladdr 02:00:00:00:00:98 dev w1", "ip -n old neigh replace 10.2.0.1 lladdr 02:00:00:00:00:97 dev w1",
		"neigh w1 inet 10.2.0.1", "ip -n old neigh replace 10.2.0.1 lladdr 02:00:00:00:00:33 dev w1"},
	{"the name of a deleted one", "link del host:x0", "ip link add x0 type ifb", "another has taken its name",
		"ip link del x0; ip link set $(ip -o link | sed -n 's/^[0-9]*: \\(~[0-9]*\\)@.*/\\1/p') name x0"},
}

// TestUndoForeign holds the undo to leaving alone what others did, also when it
// is done for a run that was killed.
func TestUndoForeign(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/undo/old.txtar")
	if err != nil {
		t.Fatal(err)
	}
	setup := string(txtar.Parse(text).Files[0].Data)
	for _, c := range foreign {
		for _, killed := range []bool{false, true} {
			name := c.name
			if killed {
				name += ", killed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				m := kerneltest.New(t)
				m.Script(setup)
				before := m.Settle()
				end := "fail \"the end\"\n"
				if killed {
					end = "exec sh /run/kill\n"
				}
				m.Do(func() {
					err = errors.Join(os.WriteFile("/run/theirs", []byte(c.theirs), 0o600), os.WriteFile("/run/kill", []byte("kill -9 $PPID; sleep 9"), 0o600))
				})
				if err != nil {
					t.Fatal(err)
				}
				o := m.TryCmd(vnet(script(t, c.script+"\nexec sh -e /run/theirs\n"+end)))
				if killed != (o.Status == 128+9) {
					t.Fatalf("exit status %d\n%s", o.Status, o.Err)
				}
				for deadline := time.Now().Add(20 * time.Second); killed && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
					if o = m.TryCmd(vnet("recover")); !strings.Contains(o.Out+o.Err, "at work") {
						break // the guard or this recovery has finished it
					}
				}
				want := 5
				if c.told == "" {
					want = 1
				}
				code := "[V6007]"
				if c.told == "" || strings.Contains(c.told, "another") {
					code = ""
				}
				if !killed && (o.Status != want || !strings.Contains(o.Err, c.told) || !strings.Contains(o.Err, code)) {
					t.Fatalf("exit status %d, want %d\n%s", o.Status, want, o.Err)
				}
				m.Script(c.back)
				if c.name == "the name of a deleted one" {
					m.Try("vnet", "recover")
				}
				m.Same(t, before)
				if t.Failed() {
					t.Log(o.Out, o.Err)
				}
			})
		}
	}
}

// What others did to what was tried stays too, and is told; it is no debris, so
// that the script goes on.
func TestForeignInTry(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script("ip link add x0 type ifb; ip link set x0 up")
	o := runCmd(t, m, 0, vnet(script(t, `link set host:x0 mtu 1400
try {
  link set host:x0 mtu 1450 alias "tried"
  exec ip link set x0 mtu 1300
  fail "inside"
}
link set host:x0 promisc on
`)))
	if !strings.Contains(o.Err, "V6007") || !strings.Contains(o.Err, "host: changed by someone else, left as it is: link x0 mtu: 1300") {
		t.Error(o.Err)
	}
	lookAt(t, m, "$ ip -o link show x0\n> .* mtu 1300 \n! tried")
}
