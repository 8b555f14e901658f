package rollback

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"vnet/examples/vnettest"
)

// Cases that the matrix does not have, by their number in the table of
// runtime/DESIGN.md: what is there before, besides the network of a lab, and
// what a script does to it before it fails.
func TestCase(t *testing.T) {
	t.Parallel()
	whole, free := t, newLab(t)
	const vlans = "for i in 7 8; do ip link add link x0 name x0.$i type vlan id $i; ip addr add 10.24.$i.1/24 dev x0.$i; ip addr add fd24:$i::1/64 dev x0.$i nodad; done; ip link set x0.7 up; ip route add 10.25.0.0/16 via 10.24.7.9"
	const bond = "ip link add bo0 address 02:00:00:00:b0:b0 type bond mode 1; ip link add s0 type veth peer name s1; ip link set s1 up; for l in t1 s0; do ip link set $l down; ip link set $l master bo0; done; ip link set bo0 up; ip addr add 10.39.0.1/24 dev bo0; ip nexthop add id 39 via 10.39.0.2 dev bo0; ip route add 10.40.0.0/16 nhid 39"
	const three = "ip link add b9 address 02:00:00:00:b9:00 type bridge; for i in 1 2 3 4 9; do ip link add i$i type ifb; done; for i in 1 2 3 4; do ip link set i$i master b9; done; ip link set i1 nomaster"
	for _, c := range []struct{ name, setup, text, says string }{
		{"24 what is left of a route of several ways", "", "addr add x0 10.30.1.1/24\nlink set w0 netns third", ""},
		{"25 link removed whose MTU is too small for IPv6", "", "link set t1 mtu 1213\nlink del t0\nlink set x0 mtu 1270\nns del third", ""},
		{"34 route by nexthop objects, of which one has gone", "", "ns del third\nroute del 10.53.0.0/16", ""},
		{"24 link that has just lost its carrier, behind a savepoint", "", "link set t0 down\ntry { link set t1 alias \"far\"; fail \"inside\" }", ""},
		{"24 link that is just back, behind a savepoint", "", "try { link set w0 netns third; fail \"inside\" }\ntry { link set w0 mtu 1400; fail \"inside\" }", ""},
		{"25 bridge with a port whose MTU is too small for IPv6", "ip addr add fd25::1/64 dev br0 nodad; sysctl -qw net.ipv6.conf.br0.hop_limit=25", "link set v0 mtu 1000\nlink set br0 alias \"small\"", ""},
		{"22 altname taken by a new link", "", "link del x0\ntap third-uplink 10.22.0.1/24\nlink set third-uplink mtu 1400", ""},
		{"22 name of an altname's link taken", "", "link del x0\nveth host:x0 <-> old:third-uplink", ""},
		{"17 far end of a port that was changed, and its bridge", "", "link set v0 mtu 1400\nlink del old:v1\nlink set br0 mtu 1300", ""},
		{"17 bridge changed whose port went before", "", "link del old:v1\nlink set br0 mtu 1400 alias \"less\"", ""},
		{"14 namespace changed, removed and made anew with the like", "", "addr add old:lo 10.88.0.1/32\nlink set old:w1 mtu 1400\nns del old\nns old\nveth old:v1 10.1.0.2/24 <-> br0 as v9\nveth old:w1 <-> host:w9\nlink set old:w1 mtu 1300", ""},
		{"17 nexthop of a far end, and its namespace changed between", "", "link set old:w1 down\ntry { link set v0 nomaster; ns del old }", ""},
		{"15 namespace with cables to what was changed", "", "link set x0 mtu 1400\nlink set v0 alias \"a\"\nns del third old", ""},
		{"23 what packets are mirrored to, and from", "", "link set t0 alias \"from\"\nlink set t1 netns old", ""},
		{"23 vxlan on a link that would go elsewhere", "ip link add vx0 type vxlan id 5 dev x0 dstport 4799", "link set x0 mtu 1400\nlink set x0 netns old", "vx0 on it"},
		{"24 links that were never up", "ip link add n0 type ifb; ip link add n2 type veth peer name n3; ip tuntap add n4 mode tap", "for l in [\"n0\", \"n2\", \"n4\"] { link set $l up }\naddr add n2 10.24.0.1/24", ""},
		{"32 routes of several ways over a link that is down", "ip link set x0 down", "route del 10.52.0.0/16\nroute del fd51::/64\nns del third", ""},
		{"32 route of several ways whose gateway is not reached any more", "", "link set x0 down\nlink set x0 up\ntry { ns del old; fail \"inside\" }", ""},
		{"32 route whose gateway is not reached any more", "", "addr del x0 fd03::1/64\naddr del x0 fd03::9/64\ntry { link set x0 down; fail \"inside\" }", ""},
		{"32 routes whose gateways are not reached", "ip -6 addr flush dev x0 scope global; ip -6 addr flush dev w0 scope global", "link set x0 down\nlink set w0 netns third", ""},
		{"23 link that went elsewhere, whose routes others stand beside", "", "route replace 10.50.0.0/16 via 10.2.0.2\nlink set w0 netns third", ""},
		{"26 vlan on a link whose MTU falls", "ip link add link x0 name x0.7 mtu 1450 type vlan id 7; ip link set x0.7 up", "link set x0 mtu 1300\nlink set x0 mtu 1500", ""},
		{"24 vlans on a link that goes down and up", vlans, "link set x0 down\nlink set x0 mtu 1400\nlink set x0 up", ""},
		{"24 bridge whose port goes down", "ip nexthop add id 24 via 10.1.0.2 dev br0; ip route add 10.24.0.0/16 nhid 24", "link set v0 down", ""},
		{"24 bridge whose port leaves", "ip nexthop add id 24 via 10.1.0.2 dev br0; ip route add 10.24.0.0/16 nhid 24", "link set v0 nomaster", ""},
		{"24 bridge with a port that is down, which gets another", "ip link add b9 address 02:00:00:00:b9:00 type bridge; ip link set b9 up; ip link add i9 type ifb; ip link set i9 master b9", "ifb i8\nlink set i8 up master b9", ""},
		{"24 bridge beyond a cable that goes down", "ip nexthop add id 24 via 10.1.0.2 dev br0; ip route add 10.24.0.0/16 nhid 24", "link set old:v1 down", ""},
		{"26 macvlan on a link whose MTU falls", "ip link add mv0 link x0 mtu 1450 type macvlan mode bridge; ip link set mv0 up; ip addr add 10.26.0.1/24 dev mv0", "link set x0 mtu 1300", ""},
		{"23 link without IPv6 that goes elsewhere", "ip netns exec old sysctl -qw net.ipv6.conf.w1.disable_ipv6=1", "try { link set old:w1 netns third; fail \"inside\" }", ""},
		{"23 link whose IPv6 ends, and that goes elsewhere", "", "sysctl net.ipv6.conf.x0.disable_ipv6 = 1\ntry { link set x0 netns old; fail \"inside\" }", ""},
		{"23 link whose IPv6 ends elsewhere", "", "in old sysctl net.ipv6.conf.all.disable_ipv6 = 1\ntry { link set old:w1 netns third; fail \"inside\" }", ""},
		{"26 macvlan on a link whose MTU falls below that of IPv6", "ip link add mv0 link x0 type macvlan mode bridge; ip link set mv0 up; ip addr add 10.26.0.1/24 dev mv0; ip addr add fd26::1/64 dev mv0 nodad", "link set x0 mtu 1200", ""},
		{"28 ports that leave, the first one first", three, "link set i2 nomaster\nlink set i3 nomaster", ""},
		{"28 ports that leave, where a number is free", three, "link set i3 nomaster\nlink del i4", ""},
		{"28 port whose number another one gets", three, "link set i9 master b9\nlink set i3 nomaster\ntry { link set i9 nomaster; fail \"inside\" }", ""},
		{"28 port that a far end takes along, behind another", "", "link set q0 master br0\nlink set v0 nomaster\nns del third", ""},
		{"28 ports that change their numbers behind a savepoint", three, "link set i2 nomaster\nlink set i9 master b9\ntry { link set i9 nomaster; link set i3 nomaster; link set i9 master b9; link set i3 master b9; fail \"inside\" }\nlink set i4 nomaster", ""},
		{"28 bridge with ports, of which a number is free", three, "link del b9", ""},
		{"28 port of another bridge", three, "link set i2 master br0\nlink set i4 master br0", ""},
		{"38 chain of a buried device", "nft 'table netdev early { chain c { type filter hook ingress device x0 priority 0; }; }'", "link del x0\ntap x0", ""},
		{"38 set with a timeout", "nft 'table ip timed { set s { type ipv4_addr; flags timeout; elements = { 10.0.0.1 timeout 1h } }; }'", "link set x0 down\nlink del w0", ""},
		{"39 member of a vrf", "ip link add vr0 type vrf table 10; ip link set vr0 up; ip link set x0 master vr0", "link set x0 nomaster\nlink set x0 master br0", ""},
		{"39 member of a bond", "ip link add bo0 address 02:00:00:00:b0:b0 type bond mode 1; ip link set t1 down; ip link set t1 master bo0; ip link set bo0 up", "link set t1 nomaster", ""},
		{"39 bond whose members leave, and others join", bond, "link set t1 master br0 up\nlink set s0 nomaster\nlink set s0 mtu 1400\nlink set x0 down\nlink set x0 master bo0\nlink set bo0 down\nlink set bo0 mtu 1400 mac 02:00:00:00:b0:b1", ""},
		{"39 bond removed, and a member", bond, "link del t0\nlink del bo0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := free // one after the other, where nothing is added to the lab
			if c.setup != "" {
				t.Parallel()
				l = unsettledLab(t)
				if o := l.Try("sh", "-e", "-c", c.setup); o.Status != 0 {
					t.Skipf("this kernel has no such thing: %s", strings.TrimSpace(o.Err))
				}
				l.settle(t)
			}
			o := l.TryCmd(l.vnet(t, c.text+"\nfail \"the end\"\n"))
			if o.Status != 1 || !strings.Contains(o.Err, cmp.Or(c.says, "the end")) {
				t.Errorf("exit status %d\n%s", o.Status, o.Err)
			}
			if r := l.residue(t); len(r) > 0 {
				t.Errorf("left\n%s", strings.Join(r, "\n"))
				free = newLab(whole)
			}
		})
	}
}

// A bridge takes its MAC from its first port, and has it again when that goes,
// also where the transaction has made the port before.
func TestCaseFirstPort(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add b9 type bridge; ip link set b9 up")
	mac := func() string { return l.Run("cat", "/sys/class/net/b9/address") }
	before := mac()
	for _, text := range []string{"ifb i9\nlink set i9 master b9", "veth old:i9 <-> b9 as i8", "try { ifb i9; link set i9 up master b9; fail \"inside\" }"} {
		if o := l.TryCmd(l.vnet(t, text+"\nfail \"the end\"\n")); o.Status != 1 {
			t.Errorf("exit status %d\n%s", o.Status, o.Err)
		}
		if now := mac(); now != before {
			t.Errorf("after %q the MAC is %s, was %s", text, now, before)
		}
	}
}

// lostMAC is about the MAC that a bridge has lost with its only port
// (image.Residues).
var lostMAC = regexp.MustCompile(`^(fdb b9|link b9 (mac|bridge (bridge|root)_id)|sysfs b9 addr_assign_type)`)

// A lab that has removed a bridge or its port for good is replaced, or taken
// down, without a word about what follows from that.
func TestCaseRemovedForGood(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"only port":          "link del i0",
		"port and bridge":    "link set b9 alias \"y\"\nlink del i0\nlink del b9",
		"bridge":             "link del b9",
		"bridge of a port":   "link set i0 alias \"x\"\nlink del b9",
		"bridge, port later": "link del b9\nlink set i0 mtu 1400",
		"port of a bridge":   "link set b9 alias \"y\"\nlink del i0",
		"beside what stays":  "link set i0 mtu 1400\nlink set i0 nomaster\nlink set i0 master br0\nlink del b9",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := unsettledLab(t)
			l.Script("ip link add b9 type bridge; ip link set b9 up; ip link add i0 type ifb; ip link set i0 up master b9; " +
				"ip link set b9 type bridge vlan_filtering 1 2>/dev/null && bridge vlan add vid 7 dev i0; bridge fdb add 02:00:00:00:00:79 dev i0 master static; bridge link set dev i0 cost 9")
			if o := l.TryCmd(l.vnet(t, "tap made\n"+text+"\n")); o.Status != 0 {
				t.Fatalf("exit status %d\n%s", o.Status, o.Err)
			}
			before := vnettest.Settled(t, l.Machine)
			if o := l.TryCmd(l.vnet(t, "tap more\nfail \"no\"\n", "--replace")); o.Status != 1 || strings.Contains(o.Err, "warning") {
				t.Errorf("replaced: exit status %d\n%s", o.Status, o.Err)
			}
			diff := slices.DeleteFunc(vnettest.Settling(t, l.Machine, before), lostMAC.MatchString)
			if len(diff) > 0 {
				t.Errorf("left\n%s", strings.Join(diff, "\n"))
			}
			if o := l.Try("vnet", "down", "--all"); o.Status != 0 || strings.Contains(o.Out+o.Err, "someone else") {
				t.Errorf("down: exit status %d\n%s%s", o.Status, o.Out, o.Err)
			}
		})
	}
}

// Case 12: a program that a script has left running, with all that it was
// given, holds no lock: the next script does not wait, and nothing waits to be
// recovered.
func TestCaseDaemonHoldsNoLock(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	o := l.TryCmd(l.vnet(t, "in old forward on\nexec in old sh 'setsid sleep 97 >/dev/null 2>&1 &'\nspawn in old sleep 97\n"))
	if o.Status != 0 {
		t.Fatalf("exit status %d\n%s", o.Status, o.Err)
	}
	if o := l.TryCmd(l.vnet(t, "in old forward off\n", "--no-wait")); o.Status != 0 {
		t.Errorf("the next one: exit status %d\n%s", o.Status, o.Err)
	}
	if o := l.Try("vnet", "recover"); o.Status != 0 || strings.Contains(o.Out, "at work") {
		t.Errorf("recover: exit status %d\n%s%s", o.Status, o.Out, o.Err)
	}
}
