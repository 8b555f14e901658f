package model

import (
	"fmt"
	"strings"
	"testing"

	"vnet/runtime/host"
)

func ptr[T any](v T) *T { return &v }

// base is the network that the checks are made on: h1 and h2 on a switch, r
// between h2 and far.
func base(t *testing.T) *Net {
	t.Helper()
	n := New(Options{})
	must(t, n, host.NamespaceAdd{Name: "h1"}, host.NamespaceAdd{Name: "h2"}, host.NamespaceAdd{Name: "r"}, host.NamespaceAdd{Name: "far"},
		bridge("host", "br0"), bridge("host", "br1"))
	one, two := veth("h1", "eth0", "host", "p1"), veth("h2", "eth0", "host", "p2")
	one.Peer.Master, two.Peer.Master = "br0", "br0"
	must(t, n, one, two, veth("h2", "up", "r", "lan"), veth("r", "wan", "far", "eth0"),
		addr("h1", "eth0", "10.0.0.1/24"), addr("h2", "eth0", "10.0.0.2/24"),
		addr("h2", "up", "10.1.0.1/24"), addr("r", "lan", "10.1.0.2/24"), addr("r", "wan", "10.2.0.1/24"), addr("far", "eth0", "10.2.0.2/24"),
		addr("r", "wan", "fd02::1/64"), addr("far", "eth0", "fd02::2/64"),
		host.LinkAdd{Link: host.Link{NS: "r", Name: "t0", Kind: "tun", Up: true}},
		host.LinkAdd{Link: host.Link{NS: "r", Name: "v0", Kind: "veth"}, Peer: &host.Link{NS: "r", Name: "v1", Kind: "veth"}},
		host.LinkAdd{Link: host.Link{NS: "r", Name: "vx", Kind: "vxlan", VXLAN: &host.VXLAN{ID: 7}}},
		addr("r", "v0", "10.9.0.1/24"))
	return n
}

func rt(verb host.Verb, r host.Route) host.RouteSet { return host.RouteSet{Verb: verb, Route: r} }

func TestCheck(t *testing.T) {
	looped := veth("host", "q1", "host", "q2")
	looped.Link.Master, looped.Peer.Master = "br0", "br0"
	for _, c := range []struct {
		op   host.Op
		want string // the findings, or "" for none
	}{
		{host.NamespaceAdd{Name: "new"}, ""},
		{host.NamespaceAdd{Name: "h1"}, "V1003 name: namespace `h1` exists already"},
		{host.NamespaceDel{Name: "fr"}, "V1002 namespace: no namespace `fr`"},
		{veth("h1", "eth1", "h2", "eth1"), ""},
		{veth("h1", "eth0", "h2", "eth1"), "V2002 name: `h1:eth0` is at a cable already (leads to host:p1)"},
		{veth("h1", "eth1", "h2", "eth0"), "V2002 peer: `h2:eth0` is at a cable already"},
		{veth("h1", "eth1", "h1", "eth1"), "V2003 peer: both ends"},
		{bridge("h1", "eth0"), "V2001 name: `h1:eth0` exists already (a veth)"},
		{looped, "warning V2012 peer"},
		{host.LinkSet{NS: "host", Name: "br1", Master: ptr("br0")}, "V2004 name"},
		{host.LinkSet{NS: "r", Name: "t0", Master: ptr("lan")}, "V2005 master"},
		{host.LinkSet{NS: "r", Name: "wan", Master: ptr("lan2")}, "V1101 master: no interface `lan2` in r"},
		{host.LinkMove{NS: "host", Name: "br1", To: "h1"}, "V2007 name"},
		{host.LinkMove{NS: "h2", Name: "up", To: "h1"}, ""},
		{host.LinkMove{NS: "h2", Name: "eth0", To: "h1"}, "V2001 to"},
		{host.LinkMove{NS: "h2", Name: "eth0", To: "h9"}, "V1002 to"},
		{host.LinkAdd{Link: host.Link{NS: "h1", Name: "m", Kind: "macvlan", Parent: "eth9"}}, "V1101 parent"},
		{host.LinkSet{NS: "h1", Name: "eth0", MTU: ptr(70000)}, "V2009 mtu: cannot set mtu 70000 on h1:eth0 (a veth takes 68 to 65535)"},
		{host.LinkSet{NS: "far", Name: "eth0", MTU: ptr(1000)}, "warning V3010 mtu"},
		{host.LinkSet{NS: "h1", Name: "eth0", MAC: ptr("01:00:00:00:00:01")}, "V2010 mac"},
		{host.LinkSet{NS: "h1", Name: "eth0", MAC: ptr("02:00:00:00:00:01")}, ""},
		{host.LinkAdd{Link: host.Link{NS: "r", Name: "v", Kind: "vxlan", VXLAN: &host.VXLAN{ID: 1 << 24}}}, "V2013 id"},
		{host.LinkAdd{Link: host.Link{NS: "r", Name: "v", Kind: "vxlan", VXLAN: &host.VXLAN{ID: 7, Port: 4789}}}, "V2014 id"},
		{host.LinkAdd{Link: host.Link{NS: "r", Name: "v", Kind: "vxlan", VXLAN: &host.VXLAN{ID: 8, Port: 70000}}}, "V2015 value"},
		{host.LinkDel{NS: "r", Name: "lo"}, "V2016 name"},
		{host.LinkDel{NS: "r", Name: "wann"}, "V1101 name: no interface `wann` in r"},

		{addr("h1", "eth0", "10.0.0.1/24"), "V3004 address: 10.0.0.1 is on h1:eth0 already"},
		{addr("h1", "eth0", "10.0.0.0/24"), "V3002 address: 10.0.0.0 is the network address of 10.0.0.0/24 (hosts are 10.0.0.1 to 10.0.0.254)"},
		{addr("h1", "eth0", "10.0.0.255/24"), "V3002 address: 10.0.0.255 is the broadcast address"},
		{addr("h1", "eth0", "10.0.0.0/31"), ""},
		{addr("h1", "eth0", "10.0.0.2/24"), "V3003 address: 10.0.0.2 is there twice on one segment (`h2:eth0` has it already)"},
		{addr("h1", "eth0", "10.1.0.1/24"), ""},
		{addr("h2", "up", "10.0.0.2/24"), "warning V3004 address: h2 has the address 10.0.0.2 twice"},
		{addr("h2", "up", "10.0.0.9/24"), "warning V3008 address: 10.0.0.0/24 is on two interfaces of h2"},
		{addr("h1", "eth0", "224.0.0.1/24"), "V3011 address"},
		{addr("h1", "eth0", "ff02::1/64"), "V3011 address"},
		{host.AddrSet{Verb: host.Del, Addr: host.Addr{NS: "h1", Link: "eth0", Prefix: pfx("10.0.0.1/25")}}, "V3012 address: 10.0.0.1/25 is not on h1:eth0"},

		{via("h1", "10.9.0.0/24", "10.0.0.2"), ""},
		{via("h1", "10.9.0.5/24", "10.0.0.2"), "V3001 destination"},
		{via("h1", "10.9.0.0/24", "10.1.0.2"), "V3005 via: the gateway 10.1.0.2 is on none of the subnets of h1 (connected: 10.0.0.0/24 on eth0)"},
		{via("h1", "10.9.0.0/24", "10.0.0.1"), "V3006 via"},
		{via("h1", "10.9.0.0/24", "10.0.0.255"), "V3005 via: the gateway 10.0.0.255 is a broadcast address"},
		{via("h1", "10.9.0.0/24", "fd00::1"), "V3009 via"},
		{via("r", "10.77.0.0/24", "10.9.0.2"), "V3017 via: `r:v0`, which leads to 10.9.0.2, is down"},
		{via("h1", "10.0.0.0/24", "10.0.0.2"), "V3015 destination: h1 has a route to 10.0.0.0/24 already (it comes with the address of `eth0`)"},
		{rt(host.Change, host.Route{NS: "h1", Dest: pfx("10.8.0.0/24"), Via: ip("10.0.0.2")}), "V3014 destination"},
		{rt(host.Del, host.Route{NS: "h1", Dest: pfx("10.8.0.0/24")}), "V3014 destination"},
		{rt(host.Change, host.Route{NS: "h1", Dest: pfx("10.0.0.0/24"), Dev: "eth0"}), ""},
		{rt(host.Add, host.Route{NS: "h1", Dest: pfx("10.8.0.0/24")}), "V3016 destination"},
		{rt(host.Add, host.Route{NS: "far", Dest: pfx("fd09::/64"), Via: ip("fe80::1")}), "V3016 via"},
		{rt(host.Add, host.Route{NS: "far", Dest: pfx("fd09::/64"), Via: ip("fe80::1"), Dev: "eth0"}), ""},
		{rt(host.Add, host.Route{NS: "r", Dest: pfx("10.8.0.0/24"), Dev: "v0"}), "V3017 dev"},
		{rt(host.Add, host.Route{NS: "r", Dest: pfx("10.8.0.0/24"), Dev: "nope"}), "V1101 dev"},
		{rt(host.Add, host.Route{NS: "h1", Dest: pfx("10.8.0.0/24"), Dev: "eth0", Src: ip("10.0.0.9")}), "V3007 src"},
		{rt(host.Add, host.Route{NS: "h1", Dest: pfx("10.8.0.0/24"), Via: ip("10.5.0.1"), Dev: "eth0", OnLink: true}), ""},
		{rt(host.Add, host.Route{NS: "h1", Dest: pfx("10.8.0.0/24"), Type: "blackhole"}), ""},
		{host.NeighSet{Verb: host.Del, Neigh: host.Neigh{NS: "h1", Dev: "eth0", IP: ip("10.0.0.2")}}, "V3021 address"},
		{host.RuleSet{Verb: host.Del, Rule: host.Rule{NS: "h1", Family: 4, Priority: 5}}, "V3019"},
		{host.SysctlSet{NS: "h1", Key: "net.ipv4.conf.eth7.rp_filter", Value: "0"}, "V1101 key"},
	} {
		n := base(t)
		before := text(n)
		got := findings(n.Check(c.op))
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.op, got, c.want)
		}
		if text(n) != before {
			t.Errorf("Check(%s) changed the network", c.op)
		}
		// What is called an error must be one: the kernel refuses it, but for
		// what it takes and nobody wants.
		if res := n.Apply(bg, []host.Op{c.op}, nil)[0]; c.want == "" && res.Err != nil {
			t.Errorf("%s: no finding, but %v", c.op, res.Err)
		}
	}
}

func findings(fs []host.Finding) string {
	var out []string
	for _, f := range fs {
		s := fmt.Sprintf("%s %s: %s", f.Code, f.Field, f.Summary)
		if f.Warning {
			s = "warning " + s
		}
		if f.Label != "" {
			s += " (" + f.Label + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// What may be elsewhere yields no finding, and is listed.
func TestForeign(t *testing.T) {
	n := New(Options{Foreign: true})
	ops := []host.Op{
		addr("old", "eth0", "10.0.0.1/24"),
		via("old", "10.9.0.0/24", "10.5.0.1"),
		host.LinkSet{NS: "host", Name: "enp3s0", Up: true},
		host.LinkDel{NS: "old", Name: "eth7"},
		rt(host.Change, host.Route{NS: "old", Dest: pfx("10.0.0.0/8"), Dev: "eth0"}),
		veth("host", "v0", "old", "v1"),
	}
	for _, op := range ops {
		if f := n.Check(op); len(f) > 0 {
			t.Errorf("%s: %s", op, findings(f))
		}
		must(t, n, op)
	}
	if got := fmt.Sprint(n.Assumed()); got != "[{namespace old} {link old:eth0} {link host:enp3s0} {link old:eth7}]" {
		t.Error(got)
	}
	if f := n.Check(veth("host", "v0", "old", "v2")); len(f) != 1 {
		t.Errorf("a name of the script taken twice: %s", findings(f))
	}
}

func TestTopology(t *testing.T) {
	n := base(t)
	for _, c := range []struct{ ns, via, want string }{
		{"h2", "r", "10.1.0.2 up"}, {"h1", "h2", "10.0.0.2 eth0"}, {"far", "r", "10.2.0.1 eth0"}, {"h1", "far", "no link joins `h1` and `far`"},
	} {
		a, dev, err := n.Gateway(c.ns, c.via, false)
		if got := strings.TrimPrefix(fmt.Sprint(a, " ", dev), "invalid IP "); err == nil && got != c.want || err != nil && err.Error() != c.want {
			t.Errorf("gateway of %s via %s: %s %v", c.ns, c.via, got, err)
		}
	}
	if a, _, err := n.Gateway("far", "r", true); err != nil || a != ip("fd02::1") {
		t.Error(a, err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"h1", "h2", "[10.0.0.2]"}, {"h2", "r", "[10.1.0.2]"}, {"r", "far", "[10.2.0.2 fd02::2]"}, {"h1", "far", "[10.2.0.2]"},
	} {
		if got, err := n.Target(c.from, c.to); err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s -> %s: %v %v, want %s", c.from, c.to, got, err, c.want)
		}
	}
	if got := n.FreeName("h1", "eth"); got != "eth1" {
		t.Error(got)
	}
	if got := fmt.Sprint(n.Segment(host.End{NS: "h1", Name: "eth0"})); got != "[h1:eth0 h2:eth0 host:br0 host:p1 host:p2]" {
		t.Error(got)
	}
	if p, ok := n.NextFree(host.End{NS: "h1", Name: "eth0"}); !ok || p != pfx("10.0.0.3/24") {
		t.Error(p, ok)
	}
	if end, ok := n.Owner(ip("10.2.0.2")); !ok || end.String() != "far:eth0" {
		t.Error(end, ok)
	}
	must(t, n, via("h1", "0.0.0.0/0", "10.0.0.2"))
	if r, err := n.RouteGet(bg, "h1", ip("10.2.0.2")); err != nil || r.Via != ip("10.0.0.2") || r.Dev != "eth0" {
		t.Error(r, err)
	}
	if _, err := n.RouteGet(bg, "far", ip("10.0.0.1")); err == nil {
		t.Error("a route from nowhere")
	}
}
