package image

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// others is what another program does meanwhile to what the transaction did not
// touch.
const others = `
	ip addr add 10.50.0.1/24 dev v1
	ip addr add 10.50.1.1/24 dev v1
	ip addr add fd50::1/64 dev v1 nodad
	ip route add 10.51.0.0/16 via 10.0.1.9
	ip route append 10.5.0.0/16 via 10.0.1.8
	ip route add table 77 default dev v1
	ip rule add from 10.51.0.0/16 table 77 pref 500
	ip neigh add 10.0.1.77 lladdr 02:00:00:00:00:77 dev v1
	ip link set v1 txqueuelen 77
	ip link add other type bridge
	echo 2 > /proc/sys/net/ipv4/conf/v1/rp_filter
	echo 77 > /proc/sys/net/core/somaxconn
	nft add table ip other
	tc qdisc replace dev i0 root tbf rate 1mbit burst 10kb latency 10ms`

// What is in the write set is restored, and what another program did elsewhere
// stays.
func Test40Foreign(t *testing.T) {
	t.Parallel()
	v0 := []LinkRef{{Name: "v0"}}
	cases := []struct {
		name, script string
		set          WriteSet
	}{
		{"down", "ip link set v0 down", WriteSet{Links: v0}},
		{"mtu", "ip link set v0 mtu 1000", WriteSet{Links: v0}},
		{"rename", "ip link set v0 name w0; ip link set w0 address 02:00:00:00:00:99", WriteSet{Links: v0}},
		{"traffic control", "tc qdisc del dev v0 root", WriteSet{Links: []LinkRef{{Name: "v0", Only: Traffic}}}},
		{"addresses", "ip addr flush dev v0", WriteSet{Links: []LinkRef{{Name: "v0", Only: Addrs}}}},
		{"neighbours", "ip neigh flush dev v0 nud permanent", WriteSet{Links: []LinkRef{{Name: "v0", Only: Neighs}}}},
		{"port", "ip link set v2 nomaster", WriteSet{Links: []LinkRef{{Name: "v2"}, {Name: "br0"}}}},
		{"routes", "ip route del 10.6.0.0/16; ip route flush 10.5.0.0/16; ip route append 10.5.0.0/16 via 10.0.1.8; ip -6 route del fd05::/64", WriteSet{Routes: []RouteRef{
			{unix.AF_INET, 254, netip.MustParsePrefix("10.6.0.0/16")}, {unix.AF_INET6, 254, netip.MustParsePrefix("fd05::/64")},
			{unix.AF_INET, 254, netip.MustParsePrefix("10.5.0.0/16")}}}},
		{"rules", "ip rule del pref 300; ip rule add from 10.3.0.0/16 table 3 pref 300", WriteSet{Rules: []RuleRef{{unix.AF_INET, 300}}}},
		{"nexthops", "ip nexthop del id 5", WriteSet{Nexthops: []uint32{5}}},
		{"ip_forward", "echo 1 > /proc/sys/net/ipv4/ip_forward", WriteSet{Sysctls: []string{"ipv4/ip_forward"}}},
		{"IPv6 off for one", "echo 1 > /proc/sys/net/ipv6/conf/v0/disable_ipv6", WriteSet{Sysctls: []string{"ipv6/conf/v0/disable_ipv6"}}},
		{"nftables", "nft delete table inet filter", WriteSet{Tables: []string{"inet filter"}}},
		{"labels", "ip addrlabel add prefix fd99::/64 label 99", WriteSet{Labels: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich)
			pre := l.settled()
			// What the others do is seen in a namespace where nothing else happens.
			l.Script(strings.ReplaceAll(c.script, "ip route append 10.5.0.0/16 via 10.0.1.8", "true"))
			foreign := others
			if c.name == "routes" {
				foreign = strings.Replace(others, "ip route append 10.5.0.0/16 via 10.0.1.8", "true", 1)
			}
			l.Script(foreign)
			if residue := l.restore(t, pre, c.set); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.Script(undoOthers(foreign))
			l.same(t, pre)
		})
	}
}

// A parameter of all links is one of those that were there: what another program
// gives to a link that it has made since is its own.
func Test40ForeignLink(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ipv4/ip_forward", "ipv4/conf/all/forwarding", "ipv6/conf/all/forwarding", "ipv6/conf/all/disable_ipv6", "ipv6/conf/default/accept_ra"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich)
			pre := l.settled()
			value := l.Script("cat /proc/sys/net/" + key)
			l.Script("echo 1 > /proc/sys/net/" + key + `
				ip link add other type bridge
				ip link set other up
				ip addr add 10.52.0.1/24 dev other
				ip route add 10.53.0.0/16 via 10.52.0.9
				ip neigh add 10.52.0.9 lladdr 02:00:00:00:00:09 dev other
				bridge fdb add 02:00:00:00:00:0a dev other self permanent`)
			set := WriteSet{Sysctls: []string{key}, Ours: NewOurs()}
			set.Ours.Everywhere = true
			set.Ours.Wrote("sysctl "+key, "1")
			v, err := Judge(context.Background(), l.ns, pre, set)
			if err != nil || v != nil {
				t.Fatal("judged:", v, err)
			}
			residue, err := Restore(context.Background(), l.ns, pre, set, v)
			if err != nil || len(residue) > 0 {
				t.Error("residue:", strings.Join(residue, "\n"), err)
			}
			l.Script("[ $(cat /proc/sys/net/" + key + ") = " + strings.TrimSpace(value) + ` ]
				bridge fdb del 02:00:00:00:00:0a dev other self
				ip neigh del 10.52.0.9 dev other
				ip route del 10.53.0.0/16 via 10.52.0.9
				ip addr del 10.52.0.1/24 dev other
				ip link del other`)
			l.same(t, pre)
		})
	}
}

// undoOthers takes back what others did; where it is not there any more it
// fails, and so does the test.
func undoOthers(did string) string {
	undo := `
	ip addr del 10.50.0.1/24 dev v1
	ip addr del 10.50.1.1/24 dev v1
	ip addr del fd50::1/64 dev v1
	ip route del 10.51.0.0/16 via 10.0.1.9
	ip route del 10.5.0.0/16 via 10.0.1.8
	ip route del table 77 default dev v1
	ip rule del from 10.51.0.0/16 table 77 pref 500
	ip neigh del 10.0.1.77 dev v1
	ip -o link show v1 | grep -q 'qlen 77'; ip link set v1 txqueuelen 1000
	ip link del other
	grep -qx 2 /proc/sys/net/ipv4/conf/v1/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/v1/rp_filter
	grep -qx 77 /proc/sys/net/core/somaxconn; echo 4096 > /proc/sys/net/core/somaxconn
	nft delete table ip other
	tc qdisc del dev i0 root`
	if !strings.Contains(did, "10.0.1.8") {
		undo = strings.Replace(undo, "ip route del 10.5.0.0/16 via 10.0.1.8", "true", 1)
	}
	return undo
}

// What somebody changed of what was touched is told, whether it is new, other
// than it was or gone, and left as it is; what the transaction did is not.
func Test41ForeignOnTouched(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script(rich)
	pre := l.settled()
	const ours = `ip link set v0 mtu 1400 alias ours
		ip addr add 10.60.0.1/24 dev v0
		ip route replace 10.6.0.0/16 via 10.0.0.7
		ip route add 10.63.0.0/16 via 10.0.0.7 metric 5
		ip rule del from 10.8.0.0/16 pref 300
		ip neigh change 10.0.0.7 lladdr 02:00:00:00:00:01 dev v0
		echo 1 > /proc/sys/net/ipv4/conf/v0/log_martians
		echo 1 > /proc/sys/net/ipv4/ip_forward`
	l.Script(ours)
	set := WriteSet{Links: []LinkRef{{Name: "v0"}}, Rules: []RuleRef{{unix.AF_INET, 300}}, Sysctls: []string{"ipv4/ip_forward", "ipv4/conf/v0/log_martians"},
		Routes: []RouteRef{{unix.AF_INET, 254, netip.MustParsePrefix("10.6.0.0/16")}, {unix.AF_INET, 254, netip.MustParsePrefix("10.63.0.0/16")}},
		Ours:   NewOurs()}
	via := []netip.Addr{netip.MustParseAddr("10.0.0.7")}
	for _, id := range []string{
		AddrID("v0", netip.MustParsePrefix("10.60.0.1/24")),
		WayID(RouteID(254, netip.MustParsePrefix("10.6.0.0/16"), 0), via), RouteID(254, netip.MustParsePrefix("10.6.0.0/16"), 0),
		WayID(RouteID(254, netip.MustParsePrefix("10.63.0.0/16"), 5), via), RouteID(254, netip.MustParsePrefix("10.63.0.0/16"), 5),
		RuleID(300, netip.MustParsePrefix("10.8.0.0/16"), netip.Prefix{}, 100), NeighID("v0", via[0]),
	} {
		set.Ours.Objects[id] = true
	}
	for thing, value := range map[string]string{LinkID("v0", "mtu"): "1400", LinkID("v0", "alias"): "ours", NeighID("v0", via[0]): "02:00:00:00:00:01",
		"sysctl ipv4/ip_forward": "1", "sysctl ipv4/conf/v0/log_martians": "1"} {
		set.Ours.Wrote(thing, value)
	}
	judge := func() *Verdict {
		t.Helper()
		v, err := Judge(context.Background(), l.ns, pre, set)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := judge(); v != nil {
		t.Fatalf("nobody else did anything: %q", v.Lines)
	}
	const theirs = `ip link set v0 mtu 1300
		ip addr add 10.61.0.1/24 dev v0
		ip addr del 10.1.0.1/24 dev v0
		ip route add 10.62.0.0/16 via 10.0.0.7
		ip route del 10.5.0.0/16 via 10.0.0.8
		ip neigh change 10.0.0.7 lladdr 02:00:00:00:00:02 dev v0
		echo 2 > /proc/sys/net/ipv4/conf/v0/rp_filter`
	l.Script(theirs)
	v := judge()
	if v == nil {
		t.Fatal("nothing is seen")
	}
	want := []string{"link v0 mtu: 1300", "addr v0", "10.61.0.1/24", "gone: addr v0", "10.62.0.0/16", "gone: route inet table 254 10.5.0.0/16", "neigh v0 inet 10.0.0.7", "sysctl ipv4/conf/v0/rp_filter: 2"}
	for _, w := range want {
		if !slices.ContainsFunc(v.Lines, func(r string) bool { return strings.Contains(r, w) }) {
			t.Errorf("nothing is said of %s", w)
		}
	}
	for _, line := range v.Lines {
		if !slices.ContainsFunc(want, func(w string) bool { return strings.Contains(line, w) }) {
			t.Error("said too:", line)
		}
	}
	residue, err := Restore(context.Background(), l.ns, pre, set, v)
	if err != nil || len(residue) > 0 {
		t.Error("residue:", strings.Join(residue, "\n"), err)
	}
	// With theirs in a namespace of its own, all is the same.
	same := newLab(t)
	same.Script(rich)
	same.settled()
	same.Script(theirs)
	if diff := declared(same.settled(), l.settled(), Portable, nil); len(diff) > 0 {
		t.Error(strings.Join(diff, "\n"))
	}
}

// A link that was moved away and back may have got another number.
func Test23MovedAndBack(t *testing.T) {
	t.Parallel()
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprint("number taken ", taken), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich + "\nip link del vx0") // it would go for good with the link it is on
			pre := l.settled()
			var index int32
			for _, link := range pre.links() {
				if link.name == "v0" {
					index = link.index
				}
			}
			script := "ip link set v0 netns far\n"
			if taken {
				script += fmt.Sprintf("ip link add thief index %d type ifb\n", index)
			}
			l.Script(script + fmt.Sprintf("ip -n far link set v0 netns /proc/%d/fd/%d", os.Getpid(), l.ns))
			if taken {
				l.Script("ip link add thief2 type veth peer name thief3") // of the same kind, elsewhere
			}
			set := WriteSet{Links: []LinkRef{{Index: index, Name: "v0"}}}
			if residue := l.restore(t, pre, set); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.Script("ip link del thief2 2>/dev/null || true; ip link del thief 2>/dev/null || true")
			if diff := declared(pre, l.settled(), Strict, nil); len(diff) > 0 {
				t.Error(strings.Join(diff, "\n"))
			}
		})
	}
}

// A pre-image of a link that came up only just before does not show its carrier:
// having one is no residue.
func TestPreImageTooEarly(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up; ip addr add 10.0.0.1/24 dev v0")
	pre := l.take()
	l.settled()
	l.Script("ip link set v0 mtu 1400")
	if residue := l.restore(t, pre, WriteSet{Links: []LinkRef{{Name: "v0"}}}); len(residue) > 0 {
		t.Error("residue:\n", strings.Join(residue, "\n"))
	}
	l.Script("ip -6 addr show dev v0 | grep -q fe80")
}

// A list that changes while it is read is read again.
func Test46Churn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add i0 type ifb; ip link set i0 up; for i in $(seq 200); do echo addr add 10.0.$i.1/24 dev i0; echo addr add fd00:$i::1/64 dev i0; done | ip -batch -")
	ctx, stop := context.WithCancel(context.Background())
	churned := make(chan struct{})
	go func() {
		defer close(churned)
		for ctx.Err() == nil {
			l.Try("sh", "-c", "for i in $(seq 50); do echo addr add 10.9.$i.1/24 dev i0; echo link add x$i type ifb; echo link del x$i; echo addr del 10.9.$i.1/24 dev i0; done | ip -batch -")
		}
	}()
	for range 30 {
		img := l.takeParts(0)
		have := 0
		for _, m := range img.Dumps[secAddr] {
			if m.Data[0] == unix.AF_INET && strings.HasPrefix(addrKey(m), "10.0.") {
				have++
			}
		}
		if have != 200 {
			t.Errorf("%d of 200 addresses", have)
		}
	}
	stop()
	<-churned
}

// A write set can be kept in a journal, and an empty one does nothing.
func TestWriteSet(t *testing.T) {
	set := WriteSet{Links: []LinkRef{{2, "v0", Addrs}}, Rules: []RuleRef{{unix.AF_INET, 300}}, Sysctls: []string{"ipv4/ip_forward"},
		Routes: []RouteRef{{unix.AF_INET, 254, netip.MustParsePrefix("10.6.0.0/16")}, {Family: unix.AF_INET6, Table: 7}}}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	var back WriteSet
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(set, back) {
		t.Errorf("%s: %+v, %v", text, back, err)
	}
	if residue, err := Restore(context.Background(), -1, &Image{}, WriteSet{}, nil); err != nil || residue != nil {
		t.Error("nothing was touched:", residue, err)
	}
}

func BenchmarkRestore(b *testing.B) {
	l := newLab(b)
	l.Script(`ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up
		ip addr add 10.0.0.1/24 dev v0; ip addr add fd00::1/64 dev v0 nodad; ip route add default via 10.0.0.2`)
	pre := l.settled()
	for _, c := range []struct{ name, script string }{
		{"nothing", "true"}, {"address", "ip addr del 10.0.0.1/24 dev v0"}, {"mtu", "ip link set v0 mtu 1000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				l.Script(c.script)
				b.StartTimer()
				residue, err := Restore(context.Background(), l.ns, pre, WriteSet{Links: []LinkRef{{Name: "v0"}}}, nil)
				if err != nil || len(residue) > 0 {
					b.Fatal(err, residue)
				}
			}
		})
	}
}
