package kernel

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/host/contract"
)

func route(verb host.Verb, to, via, dev string) host.RouteSet {
	return host.RouteSet{Verb: verb, Route: host.Route{NS: "kt-a", Dest: dest(to), Via: ip(via), Dev: dev}}
}

// TestUndo carries out each operation on a network that is there, and then its
// undo: what is seen must be as before.
func TestUndo(t *testing.T) {
	h := open(t)
	set := func(change func(*host.LinkSet)) host.Op {
		s := host.LinkSet{NS: "kt-a", Name: "eth0"}
		change(&s)
		return s
	}
	cases := []struct {
		name string
		op   host.Op
	}{
		{"veth", veth("kt-a:x", "kt-b:y")},
		{"namespace", host.NamespaceAdd{Name: "kt-d"}},
		{"namespace del", host.NamespaceDel{Name: "kt-a"}},
		{"veth in one namespace", veth("kt-a:x", "kt-a:y")},
		{"veth as port", host.LinkAdd{Link: link2("kt-b:x"), Peer: &host.Link{NS: "kt-a", Name: "p", Kind: "veth", Up: true, Master: "br0", MTU: 1400, MAC: "02:00:00:00:00:09", Alias: "to x"}}},
		{"bridge", host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "br1", Kind: "bridge", Up: true, MTU: 1400, Bridge: &host.Bridge{STP: ptr(true), Ageing: ptr(30 * time.Second)}}}},
		{"tap", host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "tap0", Kind: "tap", Up: true, MTU: 1300, MAC: "02:00:00:00:00:08", Tun: &host.Tun{User: ptr(1000), MultiQueue: true}}}},
		{"tun", host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "tun0", Kind: "tun", Tun: &host.Tun{Group: ptr(100)}}}},
		{"macvlan", host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "mv0", Kind: "macvlan", Parent: "eth0", Up: true, Macvlan: &host.Macvlan{Mode: "bridge"}}}},
		{"vxlan", host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "vx0", Kind: "vxlan", Parent: "eth0", Up: true, VXLAN: &host.VXLAN{ID: 42, Local: ip("10.0.0.1"), Remote: ip("10.0.0.2"), Learning: ptr(false)}}}},
		{"ifb", host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "i0", Kind: "ifb", Up: true}}},
		{"down", set(func(s *host.LinkSet) { s.Down = true })},
		{"mtu", set(func(s *host.LinkSet) { s.MTU = ptr(1400) })},
		{"mtu too small for IPv6", set(func(s *host.LinkSet) { s.MTU = ptr(1000) })},
		{"mac", set(func(s *host.LinkSet) { s.MAC = ptr("02:00:00:00:00:01") })},
		{"rename", set(func(s *host.LinkSet) { s.NewName = ptr("lan"); s.Alias = ptr("the lan"); s.Promisc = ptr(true) })},
		{"master", set(func(s *host.LinkSet) { s.Master = ptr("br0") })},
		{"nomaster", host.LinkSet{NS: "kt-a", Name: "port", Master: ptr("")}},
		{"bridge options", host.LinkSet{NS: "kt-a", Name: "br0", Bridge: &host.Bridge{STP: ptr(true), Ageing: ptr(time.Minute)}}},
		{"everything", host.LinkSet{NS: "kt-a", Name: "eth0", Down: true, NewName: ptr("lan"), MAC: ptr("02:00:00:00:00:01"), MTU: ptr(1300), Master: ptr("br0"), Alias: ptr("x"), Up: true}},
		{"move", host.LinkMove{NS: "kt-a", Name: "eth0", To: "kt-c"}},
		{"link del", host.LinkDel{NS: "kt-a", Name: "eth0"}},
		{"used bridge del", host.LinkDel{NS: "kt-a", Name: "br0"}},
		{"bridge del", host.LinkDel{NS: "kt-a", Name: "br9"}},
		{"addr add", addr("kt-a", "eth0", "10.9.0.1/16")},
		{"addr6 add", addr("kt-a", "eth0", "fd09::1/64")},
		{"addr with all", host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "kt-a", Link: "eth0", Prefix: dest("10.8.0.1/24"), Broadcast: ip("10.8.0.255"), Label: "eth0:x", Scope: "link", Metric: 77, Valid: time.Hour, Preferred: time.Minute}}},
		{"addr peer", host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "kt-a", Link: "eth0", Prefix: dest("10.8.0.1/32"), Peer: ip("10.8.0.2")}}},
		{"addr del primary", host.AddrSet{Verb: host.Del, Addr: host.Addr{NS: "kt-a", Link: "eth0", Prefix: dest("10.0.0.1/24")}}},
		{"addr6 del", host.AddrSet{Verb: host.Del, Addr: host.Addr{NS: "kt-a", Link: "eth0", Prefix: dest("fd00::1/64")}}},
		{"addr replace", host.AddrSet{Verb: host.Replace, Addr: host.Addr{NS: "kt-a", Link: "eth0", Prefix: dest("10.7.0.1/24")}}},
		{"route add", route(host.Add, "10.5.0.0/16", "10.0.0.2", "")},
		{"route dev", route(host.Add, "10.5.0.0/16", "", "eth0")},
		{"route append", route(host.Append, "10.6.0.0/16", "10.0.0.3", "")},
		{"route change", route(host.Change, "10.6.0.0/16", "10.0.0.9", "")},
		{"route replace", route(host.Replace, "10.6.0.0/16", "", "br0")},
		{"route replace new", route(host.Replace, "10.66.0.0/16", "10.0.0.9", "")},
		{"route del", route(host.Del, "10.6.0.0/16", "", "")},
		{"route del default", route(host.Del, "0.0.0.0/0", "", "")},
		{"route6 add", route(host.Add, "fd55::/64", "fd00::2", "")},
		{"route6 change", route(host.Change, "fd66::/64", "fd00::9", "eth0")},
		{"route6 del", route(host.Del, "fd66::/64", "", "")},
		{"blackhole", host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.99.0.0/16"), Type: "blackhole"}}},
		{"unreachable6", host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("fd99::/64"), Type: "unreachable", Metric: 5}}},
		{"blackhole del", host.RouteSet{Verb: host.Del, Route: host.Route{NS: "kt-a", Dest: dest("10.98.0.0/16"), Type: "blackhole"}}},
		{"route options", host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.5.0.0/16"), Via: ip("192.0.2.1"), Dev: "eth0", OnLink: true, Src: ip("10.0.0.1"), Metric: 5, Table: 1000, Proto: 99}}},
		{"multipath", host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.5.0.0/16"), Nexthop: []host.Nexthop{{Via: ip("10.0.0.2"), Weight: 3}, {Via: ip("10.0.0.3"), Dev: "eth0"}}}}},
		{"multipath6", host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("fd5::/64"), Nexthop: []host.Nexthop{{Via: ip("fd00::2")}, {Via: ip("fd00::3")}}}}},
		{"multipath del", route(host.Del, "10.97.0.0/16", "", "")},
		{"via inet6", route(host.Add, "10.5.0.0/16", "fd00::2", "eth0")},
		{"rule add", host.RuleSet{Verb: host.Add, Rule: host.Rule{NS: "kt-a", Family: 4, From: dest("10.0.0.0/24"), Table: 100}}},
		{"rule options", host.RuleSet{Verb: host.Add, Rule: host.Rule{NS: "kt-a", Family: 6, Priority: 9, Not: true, To: dest("fd00::/8"), IIf: "eth0", Mark: 5, Mask: 255, Action: "prohibit"}}},
		{"rule del", host.RuleSet{Verb: host.Del, Rule: host.Rule{NS: "kt-a", Family: 4, Priority: 50, From: dest("10.1.0.0/16"), Table: 1000}}},
		{"neigh add", host.NeighSet{Verb: host.Add, Neigh: host.Neigh{NS: "kt-a", Dev: "eth0", IP: ip("10.0.0.77"), MAC: "02:00:00:00:00:77"}}},
		{"neigh proxy", host.NeighSet{Verb: host.Add, Neigh: host.Neigh{NS: "kt-a", Dev: "eth0", IP: ip("10.0.0.78"), Proxy: true}}},
		{"neigh replace", host.NeighSet{Verb: host.Replace, Neigh: host.Neigh{NS: "kt-a", Dev: "eth0", IP: ip("10.0.0.50"), MAC: "02:00:00:00:00:78"}}},
		{"neigh del", host.NeighSet{Verb: host.Del, Neigh: host.Neigh{NS: "kt-a", Dev: "eth0", IP: ip("10.0.0.50")}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			furnished(t, h)
			before := dump(t, h, "kt-a", "kt-b", "kt-c", "kt-d")
			r := h.Apply(context.Background(), []host.Op{c.op}, nil)[0]
			var e *host.Error
			if errors.As(r.Err, &e) && (e.Errno == unix.EOPNOTSUPP || e.Errno == unix.EBUSY && !contract.LiveRename()) {
				t.Skip(r.Err)
			}
			if r.Err != nil {
				t.Fatalf("%s: %v", c.op, r.Err)
			}
			during := dump(t, h, "kt-a", "kt-b", "kt-c", "kt-d")
			if during == before {
				t.Errorf("%s changed nothing", c.op)
			}
			for i, u := range h.Apply(context.Background(), r.Undo, nil) {
				if u.Err != nil {
					t.Errorf("undo %s: %v", r.Undo[i], u.Err)
				}
			}
			if after := dump(t, h, "kt-a", "kt-b", "kt-c", "kt-d"); after != before {
				t.Errorf("%s is not undone by %v\n%s", c.op, r.Undo, differ(before, after))
			}
		})
	}
}

// A cable is taken back at the end that stays, whichever was named first: many
// ends in one namespace are removed in the time of one.
func TestUndoWhereItStays(t *testing.T) {
	old, h := open(t), open(t)
	spaces(t, old, "kt-a")
	spaces(t, h, "kt-b")
	var ops []host.Op
	for i, op := range []host.LinkAdd{veth("kt-a:x", "kt-b:x"), veth("kt-b:y", "kt-a:y")} {
		undo := apply(t, h, op)[0].Undo
		del, ok := undo[0].(host.LinkDel)
		if len(undo) != 1 || !ok || del.NS != "kt-a" || del.Index == 0 || del.MAC == "" {
			t.Errorf("%d: undo %+v", i, undo)
		}
		ops = append(ops, undo...)
	}
	apply(t, open(t), ops...)
	for _, ns := range []string{"kt-a", "kt-b"} {
		s, err := h.State(t.Context(), ns)
		if err != nil || len(s.Links) != 1 {
			t.Errorf("%s: %+v, %v", ns, s.Links, err)
		}
	}
}

// furnished makes two namespaces with something of everything.
func furnished(t *testing.T, h *Host) {
	t.Helper()
	spaces(t, h, "kt-a", "kt-b", "kt-c")
	quiet(t, h, "kt-a", "kt-b", "kt-c")
	apply(t, h,
		veth("kt-a:eth0", "kt-b:eth1"),
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "br0", Kind: "bridge", Up: true, MAC: "02:00:00:00:00:b0"}},
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "br9", Kind: "bridge", Bridge: &host.Bridge{STP: ptr(true)}}},
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "port", Kind: "veth", Up: true, Master: "br0"}, Peer: ptr(link2("kt-b:port"))},
		addr("kt-a", "eth0", "10.0.0.1/24"), addr("kt-a", "eth0", "10.0.0.11/24"), addr("kt-b", "eth1", "10.0.0.2/24"),
		addr("kt-a", "eth0", "fd00::1/64"), addr("kt-b", "eth1", "fd00::2/64"), addr("kt-a", "br0", "10.1.0.1/24"),
		route(host.Add, "0.0.0.0/0", "10.0.0.2", ""),
		route(host.Add, "10.6.0.0/16", "10.0.0.2", ""),
		route(host.Add, "fd66::/64", "fd00::2", ""),
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.98.0.0/16"), Type: "blackhole"}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.97.0.0/16"), Nexthop: []host.Nexthop{{Via: ip("10.0.0.2"), Weight: 3}, {Via: ip("10.0.0.3")}}}},
		host.RuleSet{Verb: host.Add, Rule: host.Rule{NS: "kt-a", Family: 4, Priority: 50, From: dest("10.1.0.0/16"), Table: 1000}},
		host.NeighSet{Verb: host.Add, Neigh: host.Neigh{NS: "kt-a", Dev: "br0", IP: ip("10.1.0.50"), MAC: "02:00:00:00:00:50"}},
		host.NeighSet{Verb: host.Add, Neigh: host.Neigh{NS: "kt-a", Dev: "eth0", IP: ip("10.0.0.50"), MAC: "02:00:00:00:00:50"}},
	)
	// The kernel gives a bridge its carrier behind the port's, in its own time.
	until(t, "the bridge has a carrier", func() bool { return carrier(t, h, "kt-a", "br0") })
}

func carrier(t testing.TB, h *Host, ns, link string) bool {
	t.Helper()
	s, err := h.State(context.Background(), ns)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(s.Links, func(l host.Link) bool { return l.Name == link && l.Carrier })
}

func differ(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "+ "+l)
		}
	}
	return strings.Join(out, "\n")
}

// TestRefusals holds the kernel's own words and the field they are about.
func TestRefusals(t *testing.T) {
	h := open(t)
	furnished(t, h)
	big := veth("kt-a:x", "kt-b:y")
	big.Link.MTU = 70000
	bigPeer := veth("kt-a:x", "kt-b:y")
	bigPeer.Peer.MTU = 70000
	cases := []struct {
		op     host.Op
		errno  syscall.Errno
		field  host.Field
		kernel string
	}{
		{big, unix.EINVAL, host.FieldMTU, ""},
		{bigPeer, unix.EINVAL, host.FieldMTU, ""},
		{host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "x", Kind: "bridge", MTU: 70000}}, unix.EINVAL, host.FieldMTU, "mtu greater than device maximum"},
		{host.LinkSet{NS: "kt-a", Name: "eth0", MTU: ptr(70000)}, unix.EINVAL, host.FieldMTU, "mtu greater than device maximum"},
		{veth("kt-a:eth0", "kt-b:y"), unix.EEXIST, host.FieldName, ""},
		{veth("kt-a:x", "kt-b:eth1"), unix.EEXIST, host.FieldPeer, ""},
		{veth("kt-nowhere:x", "kt-b:y"), unix.ENOENT, host.FieldNS, ""},
		{veth("kt-a:x", "kt-nowhere:y"), unix.ENOENT, host.FieldPeerNS, ""},
		{veth("kt-a:lo", "kt-b:y"), unix.EINVAL, host.FieldName, ""},
		{veth("kt-a:x%d", "kt-b:y"), unix.EINVAL, host.FieldName, ""},
		{host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "x", Kind: "nonsense"}}, unix.EOPNOTSUPP, host.FieldNone, ""},
		{host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "x", Kind: "bridge", Master: "none"}}, unix.ENODEV, host.FieldMaster, ""},
		{host.LinkSet{NS: "kt-a", Name: "none", Up: true}, unix.ENODEV, host.FieldName, ""},
		{host.LinkSet{NS: "kt-a", Name: "eth0", MAC: ptr("01:00:00:00:00:01")}, unix.EADDRNOTAVAIL, host.FieldMAC, ""},
		{host.LinkSet{NS: "kt-a", Name: "eth0", Down: true, NewName: ptr("br0")}, unix.EEXIST, host.FieldName, ""},
		{host.LinkDel{NS: "kt-a", Name: "eth0", Index: 999}, unix.ESTALE, host.FieldName, ""},
		{host.LinkMove{NS: "kt-a", Name: "br0", To: "kt-b"}, unix.EINVAL, host.FieldName, ""},
		{host.LinkMove{NS: "kt-a", Name: "port", To: "kt-b"}, unix.EEXIST, host.FieldTo, ""},
		{addr("kt-a", "eth0", "10.0.0.1/24"), unix.EEXIST, host.FieldAddr, ""},
		{addr("kt-a", "none", "10.0.0.1/24"), unix.ENODEV, host.FieldDev, ""},
		{host.AddrSet{Verb: host.Del, Addr: host.Addr{NS: "kt-a", Link: "eth0", Prefix: dest("10.0.0.99/24")}}, unix.EADDRNOTAVAIL, host.FieldAddr, ""},
		{route(host.Add, "10.5.0.0/16", "192.0.2.1", ""), unix.ENETUNREACH, host.FieldVia, "Nexthop has invalid gateway"},
		{route(host.Add, "10.5.0.1/16", "10.0.0.2", ""), unix.EINVAL, host.FieldDest, "Invalid prefix for given prefix length"},
		{route(host.Add, "10.6.0.0/16", "10.0.0.2", ""), unix.EEXIST, host.FieldDest, ""},
		{route(host.Change, "10.77.0.0/16", "10.0.0.2", ""), unix.ENOENT, host.FieldDest, ""},
		{route(host.Change, "fd77::/64", "fd00::2", ""), unix.ENOENT, host.FieldDest, ""},
		{route(host.Del, "10.77.0.0/16", "", ""), unix.ESRCH, host.FieldDest, ""},
		{host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.5.0.0/16"), Via: ip("10.0.0.2"), Src: ip("192.0.2.9")}}, unix.EINVAL, host.FieldSrc, ""},
		{host.RuleSet{Verb: host.Del, Rule: host.Rule{NS: "kt-a", Family: 4, Priority: 51}}, unix.ENOENT, host.FieldNone, ""},
		{host.NamespaceAdd{Name: "kt-a"}, unix.EEXIST, host.FieldName, ""},
		{host.NamespaceAdd{Name: "../kt-x"}, unix.EINVAL, host.FieldName, ""},
		{host.NamespaceDel{Name: "kt-a", ID: 1}, unix.ESTALE, host.FieldNS, ""},
		{host.NamespaceDel{Name: "kt-nowhere"}, unix.ENOENT, host.FieldNS, ""},
		{host.SysctlSet{NS: "kt-a", Key: "net.ipv4.nothing", Value: "1"}, unix.ENOENT, host.FieldKey, ""},
		{host.SysctlSet{NS: "kt-a", Key: "net/../kernel/hostname", Value: "1"}, unix.EXDEV, host.FieldKey, ""},
		{host.SysctlSet{NS: "kt-a", Key: "kernel.hostname", Value: "1"}, unix.EINVAL, host.FieldKey, ""},
		{host.SysctlSet{NS: "kt-a", Key: "net.ipv4.ip_forward", Value: "many"}, unix.EINVAL, host.FieldValue, ""},
		{host.HostsAdd{NS: host.Start, IP: ip("10.0.0.1"), Names: []string{"x"}}, unix.EINVAL, host.FieldNS, ""},
	}
	before := dump(t, h, "kt-a", "kt-b", "kt-c")
	for _, c := range cases {
		t.Run(c.op.String(), func(t *testing.T) {
			r := h.Apply(context.Background(), []host.Op{c.op}, nil)[0]
			var e *host.Error
			if !errors.As(r.Err, &e) {
				t.Fatalf("not refused as it should be: %v", r.Err)
			}
			t.Log(e)
			if e.Errno != c.errno || e.Field != c.field || c.kernel != "" && !strings.Contains(e.Kernel, c.kernel) {
				t.Errorf("got %v field %q kernel %q, want %v %q %q", e.Errno, e.Field, e.Kernel, c.errno, c.field, c.kernel)
			}
			if len(r.Undo) != 0 {
				t.Errorf("a refused operation has an undo: %v", r.Undo)
			}
			if after := dump(t, h, "kt-a", "kt-b", "kt-c"); after != before {
				t.Errorf("a refused operation changed something\n%s", differ(before, after))
			}
		})
	}
}
