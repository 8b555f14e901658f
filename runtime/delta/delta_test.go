package delta

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/model"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func some[T any](v T) *T { return &v }

// network is a model after operations.
func network(t *testing.T, ops ...host.Op) *model.Net {
	t.Helper()
	net := model.New(model.Options{})
	for _, r := range net.Apply(context.Background(), ops, nil) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	return net
}

func stockOf(t *testing.T, net *model.Net, chosen Choices) Stock {
	t.Helper()
	names, err := net.Namespaces(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var states []*host.State
	for _, ns := range names {
		st, err := net.State(context.Background(), ns)
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, st)
	}
	return Of(states, chosen)
}

// pair is two namespaces and a cable between them.
func pair(more ...host.Op) []host.Op {
	return append([]host.Op{
		host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"},
		host.LinkAdd{Link: host.Link{NS: "a", Name: "eth0", Kind: "veth", Up: true},
			Peer: &host.Link{NS: "b", Name: "eth0", Kind: "veth", Up: true}},
		host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "a", Link: "eth0", Prefix: prefix("10.0.0.1/24")}},
		host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "b", Link: "eth0", Prefix: prefix("10.0.0.2/24")}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "a", Dest: prefix("10.9.0.0/16"), Via: netip.MustParseAddr("10.0.0.2")}},
	}, more...)
}

func bridge(b *host.Bridge) host.Op {
	return host.LinkAdd{Link: host.Link{NS: "a", Name: "br0", Kind: "bridge", Up: true, Bridge: b}}
}

// What differs is told as one would write it, and carrying it out leaves no
// difference, in either direction.
func TestBetween(t *testing.T) {
	route := func(via string) host.Op {
		return host.RouteSet{Verb: host.Add, Route: host.Route{NS: "b", Dest: prefix("10.7.0.0/16"), Via: netip.MustParseAddr(via)}}
	}
	for name, c := range map[string]struct {
		a, b []host.Op
		want string
	}{
		"same":      {pair(), pair(), ""},
		"namespace": {pair(), pair(host.NamespaceAdd{Name: "c"}), "ns c"},
		"all": {nil, pair(), "ns a; ns b; veth a:eth0 <-> b:eth0; addr add a:eth0 10.0.0.1/24; addr add b:eth0 10.0.0.2/24; " +
			"in a route add 10.9.0.0/16 via 10.0.0.2 dev eth0"},
		"mtu":    {pair(), pair(host.LinkSet{NS: "a", Name: "eth0", MTU: some(1400)}), "link set a:eth0 mtu 1400"},
		"alias":  {pair(), pair(host.LinkSet{NS: "a", Name: "eth0", Alias: some("up")}), `link set a:eth0 alias "up"`},
		"addr":   {pair(), pair(host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "a", Link: "eth0", Prefix: prefix("10.1.0.1/24")}}), "addr add a:eth0 10.1.0.1/24"},
		"route":  {pair(route("10.0.0.1")), pair(route("10.0.0.3")), "in b route change 10.7.0.0/16 via 10.0.0.3 dev eth0"},
		"rule":   {pair(), pair(host.RuleSet{Verb: host.Add, Rule: host.Rule{NS: "a", Family: 4, From: prefix("10.0.0.0/8"), Priority: 100, Table: 7}}), "in a rule add from 10.0.0.0/8 priority 100 table 7"},
		"down":   {pair(), pair(host.LinkSet{NS: "b", Name: "eth0", Down: true}), "link set b:eth0 down"},
		"kind":   {pair(bridge(nil)), pair(host.LinkAdd{Link: host.Link{NS: "a", Name: "br0", Kind: "ifb", Up: true}}), "link del a:br0; ifb a:br0"},
		"bridge": {pair(bridge(&host.Bridge{STP: some(false)})), pair(bridge(&host.Bridge{STP: some(true)})), "link set a:br0 stp on"},
		"port":   {pair(bridge(nil)), pair(bridge(nil), host.LinkSet{NS: "a", Name: "eth0", Master: some("br0")}), "link set a:eth0 master br0"},
		"neighbour": {pair(), pair(host.NeighSet{Verb: host.Add, Neigh: host.Neigh{NS: "a", Dev: "eth0", IP: netip.MustParseAddr("10.0.0.9"), MAC: "02:00:00:00:00:09"}}),
			"in a neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0"},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := network(t, c.a...), network(t, c.b...)
			ops := Between(stockOf(t, from, nil), stockOf(t, to, nil))
			if got := texts(ops); got != c.want {
				t.Errorf("tells\n%s\nand not\n%s", got, c.want)
			}
			lead(t, from, to)
			lead(t, to, network(t, c.a...))
		})
	}
}

func texts(ops []host.Op) string {
	var out []string
	for _, op := range ops {
		out = append(out, op.String())
	}
	return strings.Join(out, "; ")
}

// lead carries out what lies between two networks.
func lead(t *testing.T, from, to *model.Net) {
	t.Helper()
	want := stockOf(t, to, nil)
	ops := Between(stockOf(t, from, nil), want)
	for i, r := range from.Apply(context.Background(), ops, nil) {
		if r.Err != nil {
			t.Errorf("%s: %v", ops[i], r.Err)
		}
	}
	if left := Between(stockOf(t, from, nil), want); len(left) > 0 {
		t.Errorf("after\n%s\nis left\n%s", texts(ops), texts(left))
	}
}

// What was told otherwise wins over what stood, and nothing else does.
func TestMerge(t *testing.T) {
	mtu := func(n int) host.Op { return host.LinkSet{NS: "a", Name: "eth0", MTU: &n} }
	stood := stockOf(t, network(t, pair(mtu(1300), host.NamespaceAdd{Name: "programs-made"})...), nil)
	was := stockOf(t, network(t, pair(mtu(1400))...), nil)
	same := Merge(stood, was, was)
	if left := Between(stood, same); len(left) > 0 {
		t.Errorf("nothing was told otherwise, and yet\n%s", texts(left))
	}
	edited := Merge(stood, was, stockOf(t, network(t, pair(mtu(1450), host.NamespaceAdd{Name: "c"})...), nil))
	if got, want := texts(Between(stood, edited)), "ns c; link set a:eth0 mtu 1450"; got != want {
		t.Errorf("tells\n%s\nand not\n%s", got, want)
	}
}

// Of what was there before only what operations were about is in their scope.
func TestScope(t *testing.T) {
	old := network(t, pair()...)
	all := stockOf(t, old, nil)
	got := all.Within(ScopeOf([]host.Op{
		host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "a", Link: "eth0", Prefix: prefix("10.0.0.1/24")}},
		host.RouteSet{Verb: host.Replace, Route: host.Route{NS: "a", Dest: prefix("10.9.0.0/16"), Via: netip.MustParseAddr("10.0.0.3")}},
	}))
	if len(got) != 2 {
		t.Errorf("in the scope are %d things: %v", len(got), got.keys())
	}
	made := all.Within(ScopeOf([]host.Op{host.NamespaceAdd{Name: "a"}}))
	for k := range all {
		if _, in := made[k]; in != (k.ns == "a") {
			t.Errorf("%v in the scope: %v", k, in)
		}
	}
}
