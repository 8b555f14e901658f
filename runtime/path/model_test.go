package path_test

import (
	"context"
	"net/netip"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/path"
)

// built is a network in memory:  h1 -- sw:br0 -- r -- h2
func built(t *testing.T, more ...host.Op) *model.Net {
	t.Helper()
	n := model.New(model.Options{})
	end := func(ns, name, master string) host.Link {
		return host.Link{NS: ns, Name: name, Kind: "veth", Up: true, Master: master}
	}
	cable := func(a, b host.Link) host.Op { return host.LinkAdd{Link: a, Peer: &b} }
	addr := func(ns, link, p string) host.Op {
		return host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: ns, Link: link, Prefix: netip.MustParsePrefix(p)}}
	}
	ops := []host.Op{
		host.NamespaceAdd{Name: "h1"}, host.NamespaceAdd{Name: "sw"}, host.NamespaceAdd{Name: "r"}, host.NamespaceAdd{Name: "h2"},
		host.LinkAdd{Link: host.Link{NS: "sw", Name: "br0", Kind: "bridge", Up: true}},
		cable(end("h1", "eth0", ""), end("sw", "p1", "br0")), cable(end("r", "lan", ""), end("sw", "p2", "br0")),
		cable(end("r", "wan", ""), end("h2", "eth0", "")),
		addr("h1", "eth0", "10.0.0.1/24"), addr("r", "lan", "10.0.0.254/24"),
		addr("r", "wan", "10.0.1.254/24"), addr("h2", "eth0", "10.0.1.2/24"),
		host.SysctlSet{NS: "r", Key: "net.ipv4.ip_forward", Value: "1"},
		route("h1", "10.0.1.0/24", "10.0.0.254"), route("h2", "10.0.0.0/24", "10.0.1.254"),
	}
	for i, r := range n.Apply(context.Background(), append(ops, more...), nil) {
		if r.Err != nil {
			t.Fatalf("%s: %v", append(ops, more...)[i], r.Err)
		}
	}
	return n
}

func route(ns, dest, via string) host.Op {
	return host.RouteSet{Verb: host.Add, Route: host.Route{NS: ns, Dest: netip.MustParsePrefix(dest), Via: netip.MustParseAddr(via)}}
}

func set(ns, name string, s host.LinkSet) host.Op {
	s.NS, s.Name = ns, name
	return s
}

func TestModel(t *testing.T) {
	none, small := "", 1280
	gone := func(ns, dest, via string) host.Op {
		r := route(ns, dest, via).(host.RouteSet)
		r.Verb = host.Del
		return r
	}
	for _, c := range []struct {
		name         string
		broken       []host.Op
		cause        path.Cause
		what, repair string
	}{
		{"whole", nil, "", "", ""},
		{"near link down", []host.Op{set("h1", "eth0", host.LinkSet{Down: true})}, path.LinkDown, "h1:eth0 is down", "link set h1:eth0 up"},
		{"port down", []host.Op{set("sw", "p2", host.LinkSet{Down: true})}, path.LinkDown, "sw:p2 is down", "link set sw:p2 up"},
		{"bridge down", []host.Op{set("sw", "br0", host.LinkSet{Down: true})}, path.LinkDown, "sw:br0 is down", "link set sw:br0 up"},
		{"no port", []host.Op{set("sw", "p2", host.LinkSet{Master: &none})}, path.NotAPort, "sw:p2 is not a port of br0", "link set sw:p2 master br0"},
		{"no route", []host.Op{gone("h1", "10.0.1.0/24", "10.0.0.254")}, path.NoRoute, "h1 has no route to 10.0.1.2", "in h1 route add 10.0.1.0/24 via 10.0.0.254"},
		{
			"no way back", []host.Op{gone("h2", "10.0.0.0/24", "10.0.1.254")}, path.NoRoute,
			"on the way back, h2 has no route to 10.0.0.1", "in h2 route add 10.0.0.0/24 via 10.0.1.254",
		},
		{
			"wrong gateway", []host.Op{gone("h1", "10.0.1.0/24", "10.0.0.254"), route("h1", "10.0.1.0/24", "10.0.0.77")}, path.WrongVia,
			"nobody behind h1:eth0 has 10.0.0.77, the gateway of h1 to 10.0.1.0/24", "in h1 route replace 10.0.1.0/24 via 10.0.0.254",
		},
		{
			"forwarding off", []host.Op{host.SysctlSet{NS: "r", Key: "net.ipv4.ip_forward", Value: "0"}}, path.NotRouting,
			"r does not forward IPv4: net.ipv4.ip_forward is 0", "in r forward on",
		},
		{
			"MTU", []host.Op{set("r", "wan", host.LinkSet{MTU: &small})}, path.TooBig,
			"a packet of 1400 bytes does not fit through r:wan, whose MTU is 1280", "link set r:wan mtu 1400",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := path.Find(context.Background(), built(t, c.broken...), path.Query{From: "h1", To: "h2", Size: 1400})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case r.Stop == nil && c.cause == "":
				return
			case r.Stop == nil:
				t.Fatalf("nothing stops it: %+v", r)
			case r.Stop.Cause != c.cause:
				t.Fatalf("got %q: %s", r.Stop.Cause, r.Stop)
			case r.Stop.String() != c.what || r.Stop.Repair != c.repair:
				t.Errorf("got  %s | %s\nwant %s | %s", r.Stop, r.Stop.Repair, c.what, c.repair)
			}
		})
	}
}
