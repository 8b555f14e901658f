package examples

import (
	"os"
	"strings"
	"testing"
	"time"

	"vnet/runtime/kernel/image"
	"vnet/runtime/kernel/kerneltest"
)

// richMachine is a network in which there is much to lose.
const richMachine = `
ip link add br0 type bridge stp_state 0 forward_delay 200
ip link add p0 type veth peer name p1
ip link set p0 master br0 up
ip link set p1 up
ip link set br0 up
ip link add v0 type veth peer name v1
ip link set v0 address 02:00:00:00:aa:01
ip link set v0 up
ip link set v1 up
ip addr add 192.0.2.1/24 dev v0
ip addr add 192.0.2.3/24 dev v0
ip addr add 192.0.2.2/24 dev v0
ip addr add 198.51.100.1/25 dev v0
ip -6 addr add 2001:db8::1/64 dev v0 nodad
ip -6 addr add 2001:db8::2/64 dev v0 nodad
ip route add 203.0.113.0/24 via 192.0.2.254
ip route add 203.0.113.128/25 nexthop via 192.0.2.254 weight 2 nexthop via 198.51.100.126
ip route add 10.99.0.0/16 via 10.0.0.1 dev v0 onlink
ip route add default via 192.0.2.254 table 100
ip -6 route add 2001:db8:1::/48 via 2001:db8::fe
ip rule add from 192.0.2.0/24 table 100 priority 1000
ip neigh add 192.0.2.50 lladdr 02:00:00:00:00:50 dev v0 nud permanent
ip -6 neigh add 2001:db8::50 lladdr 02:00:00:00:00:50 dev v0 nud permanent
bridge fdb add 02:00:00:00:00:77 dev p0 master static
bridge link set dev p0 cost 7 priority 5 hairpin on
tc qdisc add dev v0 root handle 1: htb default 10
tc class add dev v0 parent 1: classid 1:10 htb rate 10mbit
sysctl -qw net.ipv4.conf.v0.rp_filter=2
sysctl -qw net.ipv6.conf.v0.hop_limit=99
ip netns add old
ip link add w0 type veth peer name w1 netns old
ip link set w0 up
ip -n old link set w1 up
ip -n old addr add 10.30.0.2/24 dev w1
`

// pictures is the fingerprint of a machine's starting namespace and of `old`.
func pictures(t *testing.T, m *kerneltest.Machine) image.Fingerprint {
	t.Helper()
	var out image.Fingerprint
	m.Do(func() {
		for _, path := range []string{"/proc/thread-self/ns/net", "/run/netns/old"} {
			f, err := os.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			img, err := image.Take(t.Context(), int(f.Fd()), image.Sysctls)
			if err != nil {
				t.Error(err)
				return
			}
			for _, e := range img.Fingerprint(image.Strict) {
				e.Thing = path + ": " + e.Thing
				out = append(out, e)
			}
		}
	})
	return out
}

// What was there before is exactly so again, whatever was done to it.
func TestExact(t *testing.T) {
	kerneltest.Need(t)
	for _, line := range []string{
		"link set v0 down",
		"link set v0 mtu 1000",
		"link set v0 mtu 1400",
		"link set v0 mac 02:00:00:00:bb:01",
		"link set v0 name vx",
		"link set v0 master br0",
		"link set p0 nomaster",
		"link set v0 alias \"x\" promisc on",
		"ns fresh\nlink set v0 netns fresh",
		"link set v0 netns old",
		"link del v0",
		"link del br0",
		"ns del old",
		"addr del v0 192.0.2.1/24",
		"addr del v0 2001:db8::1/64",
		"addr add v0 192.0.2.77/24 10.44.0.1/16",
		"addr replace v0 192.0.2.3/24",
		"route del 203.0.113.0/24",
		"route change 203.0.113.0/24 via 198.51.100.126",
		"route replace 203.0.113.128/25 via 192.0.2.254",
		"route append 203.0.113.0/24 via 192.0.2.253",
		"rule del from 192.0.2.0/24 table 100 priority 1000",
		"rule add from 192.0.2.0/24 table 101 priority 1000",
		"neigh del 192.0.2.50 dev v0",
		"neigh replace 192.0.2.50 lladdr 02:00:00:00:00:51 dev v0",
		"sysctl net.ipv4.ip_forward = 1",
		"sysctl net.ipv6.conf.all.forwarding = 1",
		"sysctl net.ipv6.conf.v0.disable_ipv6 = 1",
		"sysctl net.ipv4.conf.v0.rp_filter = 1",
		"ns fresh\nveth fresh:eth0 10.0.0.1/24 <-> br0",
		"ns fresh\nveth fresh:eth0 10.0.0.1/24 <-> old:eth9 10.0.0.2/24",
		"in old { link set w1 down\n addr del w1 10.30.0.2/24\n forward on }",
		"link del v0\ntap v0 10.9.0.1/24",
		"ns del old\nns old\ntap old:w1",
		"bridge br9\nlink set v0 master br9\nlink set v0 nomaster\nlink set v0 name q\nlink set q down",
	} {
		t.Run(strings.ReplaceAll(line, "\n", "; "), func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			m.Script(richMachine)
			m.Settle()
			before := pictures(t, m)
			path := script(t, line+"\nfail \"on purpose\"\n")
			o := m.Try("vnet", "run", path)
			if o.Status != 1 || !strings.Contains(o.Err, "on purpose") {
				t.Errorf("status %d\n%s", o.Status, o.Err)
			}
			var diff []string
			for range 100 {
				if diff = image.Diff(before, pictures(t, m)); len(diff) == 0 {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
			t.Errorf("%q: not as before:\n%s", line, strings.Join(diff, "\n"))
		})
	}
}
