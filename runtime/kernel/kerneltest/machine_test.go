package kerneltest

import (
	"strings"
	"testing"
)

// A machine does not see the real one, and the real one does not see it.
func TestPrivate(t *testing.T) {
	t.Parallel()
	a, b := New(t), New(t)
	a.Script(`ip netns add red
		ip link add br0 type bridge
		mkdir -p /etc/netns/red && echo x > /etc/netns/red/hosts
		sysctl -qw net.ipv4.ip_forward=1 || echo 1 > /proc/sys/net/ipv4/ip_forward`)
	if out := b.Script("ip netns; ip -o link; ls /etc; cat /proc/sys/net/ipv4/ip_forward"); strings.Contains(out, "red") || strings.Contains(out, "br0") || strings.Contains(out, "netns") || !strings.HasSuffix(out, "0\n") {
		t.Errorf("one machine sees the other:\n%s", out)
	}
	if out := a.Run("ip", "netns"); strings.TrimSpace(out) != "red" {
		t.Errorf("namespaces: %q", out)
	}
	if out := a.Run("ls", "/sys/class/net"); !strings.Contains(out, "br0") {
		t.Errorf("/sys shows %q", out)
	}
}

// What a snapshot must notice. A comparison that finds no difference proves
// something only if it can find one.
func TestSnapshotNotices(t *testing.T) {
	t.Parallel()
	const setUp = `
		ip netns add old
		ip link add br0 type bridge; ip link set br0 up
		ip link add v0 type veth peer name v1 netns old
		ip link set v0 up; ip -n old link set v1 up; ip -n old link set lo up
		ip addr add 10.0.0.1/24 dev v0
		ip addr add 10.0.0.2/24 dev v0
		ip addr add fd00::1/64 dev v0 nodad
		ip -n old addr add 10.0.0.9/24 dev v1
		ip route add 10.1.0.0/24 via 10.0.0.9
		ip rule add from 10.9.0.0/16 table 100`
	changes := []string{
		"ip link add d0 type bridge", "ip link set v0 down", "ip link set v0 mtu 1400", "ip link set v0 address 02:00:00:00:00:07",
		"ip link set v0 promisc on", "ip link set v0 alias x", "ip link set v0 name v7", "ip link set v0 master br0", "ip link set v0 txqueuelen 7",
		"ip link set v0 netns old", "ip link del v0", "ip link set br0 type bridge ageing_time 700",
		"ip -n old link set v1 mtu 1300", "ip -n old addr del 10.0.0.9/24 dev v1", "ip netns del old", "ip netns add new",
		"ip addr add 10.0.0.3/24 dev v0", "ip addr del 10.0.0.2/24 dev v0", "ip addr del fd00::1/64 dev v0",
		"ip addr del 10.0.0.1/24 dev v0; ip addr add 10.0.0.1/24 dev v0",
		"ip route add 10.2.0.0/24 via 10.0.0.9", "ip route change 10.1.0.0/24 via 10.0.0.8", "ip route add table 7 default dev v0",
		"ip -6 route add fd01::/64 via fd00::2", "ip rule add from 10.8.0.0/16 table 100", "ip rule del from 10.9.0.0/16", "ip -6 rule add from fd00::/64 table 7",
		"ip neigh add 10.0.0.7 lladdr 02:00:00:00:00:01 dev v0", "ip neigh add proxy 10.0.0.7 dev v0",
		"echo 1 > /proc/sys/net/ipv4/ip_forward", "echo 7 > /proc/sys/net/ipv4/conf/v0/rp_filter || echo 2 > /proc/sys/net/ipv4/conf/v0/rp_filter",
		"ip netns exec old sh -c 'echo 1 > /proc/sys/net/ipv6/conf/v1/forwarding'",
		"mkdir -p /etc/netns/old", "touch /run/netns/file", "mkdir /run/vnet", "mount -t tmpfs t /mnt", "sleep 60 & sleep 0.01",
	}
	// All are set up before the first is looked at: then one that has settled
	// stands for all that are older.
	machines := make([]*Machine, len(changes))
	for i := range changes {
		machines[i] = New(t)
		machines[i].Script(setUp)
	}
	machines[len(changes)-1].Settle()
	for i, change := range changes {
		t.Run(change, func(t *testing.T) {
			m := machines[i]
			before := m.Snapshot()
			if diff := before.Diff(m.Snapshot()); diff != "" {
				t.Fatal("not settled:", diff)
			}
			m.Script("exec >/dev/null 2>&1; " + change)
			if before.Diff(m.Snapshot()) == "" {
				t.Error("not noticed")
			}
		})
	}
}

// An idle machine gives the same snapshot again.
func TestSnapshotStable(t *testing.T) {
	t.Parallel()
	m := New(t)
	m.Script(`ip netns add old; ip link add br0 type bridge; ip link set br0 up
		ip link add v0 type veth peer name v1 netns old; ip link set v0 up master br0; ip -n old link set v1 up
		ip addr add 10.0.0.1/24 dev br0; ip -n old addr add 10.0.0.2/24 dev v1
		ping -c 1 -W 1 10.0.0.2 >/dev/null`)
	m.Settle()
	before := m.Snapshot()
	m.Script("ping -c 2 -i 0.3 10.0.0.2")
	if diff := before.Diff(m.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(b)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	m := New(b)
	m.Run("ip", "netns", "add", "red")
	for b.Loop() {
		m.Snapshot()
	}
}
