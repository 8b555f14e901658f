package examples

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/lang/format"
	"vnet/runtime/kernel/image"
	"vnet/runtime/kernel/kerneltest"
)

// fingerprint is what there is in the namespaces of a machine that have names,
// in a form that tells two builds of a network apart, but not the builds.
func fingerprint(t *testing.T, m *kerneltest.Machine, form image.Form) string {
	t.Helper()
	var b strings.Builder
	for ns := range strings.Lines(m.Run("sh", "-c", "ls /run/netns")) {
		ns = strings.TrimSuffix(ns, "\n")
		fd := -1
		m.Do(func() { fd, _ = unix.Open("/run/netns/"+ns, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
		img, err := image.Take(context.Background(), fd, image.Sysctls|image.NFT|image.XFRM)
		unix.Close(fd)
		if err != nil {
			t.Fatal(ns, err)
		}
		for _, e := range img.Fingerprint(form) {
			if strings.HasSuffix(e.Thing, " parent") {
				continue // by its number of the namespace, which is chance
			}
			for _, l := range e.Lines {
				b.WriteString(ns + ": " + e.Thing + ": " + l + "\n")
			}
		}
	}
	return b.String()
}

// alike waits until what two machines hold is the same.
func alike(t *testing.T, a, b *kerneltest.Machine, form image.Form) {
	t.Helper()
	var diff []string
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(50 * time.Millisecond) {
		diff = differing(fingerprint(t, a, form), fingerprint(t, b, form))
		if len(diff) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Error(strings.Join(diff, "\n"))
			return
		}
	}
}

func differing(a, b string) (out []string) {
	mine, other := strings.Split(a, "\n"), map[string]bool{}
	for _, l := range strings.Split(b, "\n") {
		other[l] = true
	}
	for _, l := range mine {
		if !other[l] {
			out = append(out, "was: "+l)
		}
		delete(other, l)
	}
	for l := range other {
		out = append(out, "is: "+l)
	}
	return out
}

// dumped writes what is in a machine into a script, which is valid and laid out.
func dumped(t *testing.T, m *kerneltest.Machine, args ...string) (path, text string) {
	t.Helper()
	text = run(t, m, 0, append([]string{"dump"}, args...)...).Out
	path = filepath.Join(t.TempDir(), "dump.vnet")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if pretty, list := format.Source(path, text); list.Failed() || pretty != text {
		t.Errorf("is laid out otherwise:\n%s\n%s\n%v", text, pretty, list)
	}
	run(t, m, 0, "check", path)
	return path, text
}

// What is dumped of each example builds the same elsewhere.
func TestDump(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		if e.want() != 0 || len(e.args) > 0 { // with args it is about the machine's own devices
			continue
		}
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m, other := e.machine(t), kerneltest.New(t)
			run(t, m, 0, e.call()...)
			before := m.Settle()
			path, text := dumped(t, m)
			m.Same(t, before) // looking changes nothing
			if strings.Contains(text, "not expressible") {
				t.Errorf("made by a script, and not expressible:\n%s", text)
			}
			run(t, other, 0, path)
			alike(t, m, other, image.Portable)
			if again := run(t, other, 0, "dump").Out; again != text {
				t.Errorf("dumped\n%s\nand again\n%s", text, again)
			}
		})
	}
}

// macs lists the interfaces in named namespaces with their hardware addresses.
func macs(m *kerneltest.Machine) string {
	return m.Run("sh", "-c", `for ns in $(ls /run/netns); do ip -n $ns -o link show | sed "s/^[0-9]*: \([^:@]*\).* link\/\([a-z0-9]*\) \([^ ]*\).*/$ns \1 \2 \3/" | sort; done`)
}

// With --macs each interface has its own hardware address there, too.
func TestDumpMACs(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		if e.want() != 0 || len(e.args) > 0 {
			continue
		}
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			m, other := e.machine(t), kerneltest.New(t)
			run(t, m, 0, e.call()...)
			path, text := dumped(t, m, "--macs")
			run(t, other, 0, path)
			alike(t, m, other, image.Portable)
			if was, is := macs(m), macs(other); was != is || strings.Count(was, " ether ") > strings.Count(text, " mac ") {
				t.Errorf("the addresses were\n%s\nare\n%s\nof\n%s", was, is, text)
			}
		})
	}
}

// rich is a network by ip(8): what the language has, and some that it has not.
const rich = `
ip netns add r; ip netns add h; ip netns add 'odd name'
ip -n r link set lo up
ip -n r link add eth0 mtu 1400 type veth peer name eth0 netns h
ip -n r link add eth1 address 02:00:00:00:00:11 type veth peer name eth1 netns h mtu 1300
ip -n r link add gone type veth peer name gone2 netns 'odd name'
ip -n r link add br0 type bridge ageing_time 6000 stp_state 1 mcast_snooping 0
ip -n r link add dum0 type ifb
ip -n r link add vx0 type vxlan id 7 local 10.0.0.1 group 239.1.1.1 dev eth0 dstport 8472 ttl 9 nolearning
ip -n r link add mv0 link eth1 type macvlan mode bridge
ip -n r link add vl5 link eth1 type macvtap mode vepa
ip -n r tuntap add tap0 mode tap user 1000
ip -n r link set dum0 master br0
ip -n r link set eth0 alias 'the "first" $one'
for d in eth0 eth1 br0 dum0 vx0 vl5; do ip -n r link set $d up; done
ip -n h link set eth0 up
ip -n r addr add 10.0.0.1/24 brd + dev eth0
ip -n r addr add 10.0.0.11/24 dev eth0
ip -n r addr add fd00::1/64 dev eth0 nodad
ip -n r addr add 10.1.0.1/24 dev br0
ip -n r addr add 10.5.0.1/24 dev vl5
ip -n r addr add 10.9.9.9 peer 10.9.9.8 dev dum0
ip -n r addr add 1.1.1.1/32 dev lo
ip -n h addr add 10.0.0.2/24 dev eth0
ip -n r route add 10.20.0.0/16 via 10.0.0.2 metric 5 proto bird src 10.0.0.11
ip -n r route add default nexthop via 10.0.0.2 weight 2 nexthop via 10.1.0.2
ip -n r route add blackhole 10.66.0.0/16
ip -n r route add 10.30.0.0/16 via 10.0.0.2 table 100
ip -n r route add 10.31.0.0/16 via 10.0.0.2 mtu 1200
ip -n r route add 10.50.0.0/16 via 10.5.0.2
ip -n r -6 route add default via fd00::2
ip -n r -6 route add unreachable default metric 4000
ip -n r rule add from 10.7.0.0/16 fwmark 0x10/0xff table 100 pref 300
ip -n r -6 rule add to fd07::/64 prohibit pref 301
ip -n r neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev eth0 nud permanent
ip -n r route del 10.1.0.0/24 dev br0; ip -n r route add 10.1.0.0/24 dev br0 scope link
ip netns exec r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.ip_local_port_range='2000 3000' net.ipv4.conf.default.rp_filter=1 net.ipv4.conf.eth0.rp_filter=2
tc -n r qdisc add dev eth0 root tbf rate 10mbit burst 20kb latency 50ms
`

// Of a network made by hand, all is there: as a statement, or in a comment.
func TestDumpRich(t *testing.T) {
	t.Parallel()
	m, other := kerneltest.New(t), kerneltest.New(t)
	m.Script(rich)
	m.Settle()
	_, text := dumped(t, m)
	for _, want := range []string{
		"veth h:eth0 10.0.0.2/24 <-> r:eth0 10.0.0.1/24 10.0.0.11/24 fd00::1/64", "link set eth1 mtu 1300", "proto boot", `alias "the \"first\" \$one"`,
		"bridge br0 10.1.0.1/24 stp on ageing 60s", "tap tap0 user 1000 down",
		"vxlan vx0 id 7 local 10.0.0.1 group 239.1.1.1 dev eth0 port 8472 ttl 9 learning off", "macvlan mv0 on eth1",
		"  route add 10.20.0.0/16 via 10.0.0.2 dev eth0 src 10.0.0.11 metric 5 proto 12", "nexthop via 10.0.0.2 dev eth0 weight 2",
		"  rule add", "fwmark 0x10/0xff", "  neigh add 10.0.0.7", "  forward on", `sysctl net.ipv4.ip_local_port_range = "2000 3000"`,
		"sysctl net.ipv4.conf.default.rp_filter = 1", "sysctl net.ipv4.conf.eth0.rp_filter = 2", "addr add lo 1.1.1.1/32",
		"in h {\n  addr del lo 127.0.0.1/8\n  link set lo down\n}",
		// in comments
		"namespace odd name", "veth r:gone", "macvtap vl5 in r", "mcast_snooping", "tbf", "10.9.9.9", "# not expressible: route add 10.50.0.0/16",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it", want)
		}
	}
	path, plain := dumped(t, m, "--macs", "r", "h")
	if !strings.Contains(plain, "mac 02:00:00:00:00:11") {
		t.Error("no MAC addresses")
	}
	run(t, other, 0, path)
	for _, d := range differing(fingerprint(t, m, image.Portable), fingerprint(t, other, image.Portable)) {
		told := false
		for _, word := range []string{"gone", "vl5", "odd name", "mcast_snooping", "qdisc eth0", "10.9.9", "10.31.0.0", "10.50.0.0", "10.0.0.1/24", "fd00::1/64", "eth0 qdisc", "class eth0", "promiscuity", "port state", "lo qdisc", "qdisc lo"} {
			told = told || strings.Contains(d, word)
		}
		if !told {
			t.Error(d)
		}
	}
	if t.Failed() {
		t.Log("\n" + text)
	}
	if one := run(t, m, 0, "dump", "h").Out; !strings.HasPrefix(one, "# Written by vnet dump.\n\nns h\n") || !strings.Contains(one, "# not expressible: veth h:eth0 <-> r:eth0") {
		t.Errorf("of one namespace\n%s", one)
	}
	if o := run(t, m, 3, "dump", "rr"); !strings.Contains(o.Err, "no namespace `rr`") {
		t.Error(o.Err)
	}
}
