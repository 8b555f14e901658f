package model

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/runtime/host"
)

var bg = context.Background()

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func ip(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

func veth(a, an, b, bn string) host.LinkAdd {
	return host.LinkAdd{Link: host.Link{NS: a, Name: an, Kind: "veth", Up: true}, Peer: &host.Link{NS: b, Name: bn, Kind: "veth", Up: true}}
}

func bridge(ns, name string) host.LinkAdd {
	return host.LinkAdd{Link: host.Link{NS: ns, Name: name, Kind: "bridge", Up: true}}
}

func addr(ns, link, p string) host.AddrSet {
	return host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: ns, Link: link, Prefix: pfx(p)}}
}

func via(ns, dest, gw string) host.RouteSet {
	return host.RouteSet{Verb: host.Add, Route: host.Route{NS: ns, Dest: pfx(dest), Via: ip(gw)}}
}

// must applies ops and fails the test at the first refusal.
func must(t *testing.T, n *Net, ops ...host.Op) {
	t.Helper()
	for i, r := range n.Apply(bg, ops, nil) {
		if r.Err != nil {
			t.Fatalf("%s: %v", ops[i], r.Err)
		}
	}
}

// text prints the whole of a network.
func text(n *Net) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(n.spaces)) {
		s := n.spaces[name]
		st := n.snapshot(s)
		fmt.Fprintf(&b, "%s opaque=%v\n", name, s.opaque)
		// An index is not always free any more when a link comes back.
		slices.SortFunc(st.Links, func(a, b host.Link) int { return strings.Compare(a.Name, b.Name) })
		slices.SortStableFunc(st.Addrs, func(a, b host.Addr) int { return strings.Compare(a.Link, b.Link) })
		for _, l := range st.Links {
			fmt.Fprintf(&b, "  %s peer=%v up=%v oper=%s bridge=%v mtu=%d promisc=%v parent=%s\n", host.LinkAdd{Link: l}, l.Peer, l.Up, l.Oper, l.Bridge, l.MTU, l.Promisc, l.Parent)
		}
		for _, a := range st.Addrs {
			fmt.Fprintf(&b, "  %+v\n", a)
		}
		for _, r := range st.Routes {
			fmt.Fprintf(&b, "  %+v\n", r)
		}
		fmt.Fprintf(&b, "  %+v\n  %+v\n  %+v %+v\n", st.Rules, st.Neighs, s.sysctls, s.files)
	}
	return b.String()
}

// randomOp makes an operation that may or may not make sense.
func randomOp(r *rand.Rand) host.Op {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	ns := pick("a", "b", "c")
	link := pick("x", "y", "z", "w", "br", "lo")
	gw4, gw6 := pick("10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.9"), pick("fd00::1", "fd00::2", "fd01::9")
	nets := pick("10.0.0.0/24", "10.0.0.0/25", "10.5.0.0/16", "0.0.0.0/0", "fd00::/64", "fd05::/48", "::/0")
	verb := host.Verb(pick("add", "add", "change", "replace", "append", "del"))
	switch r.IntN(22) {
	case 0:
		return host.NamespaceAdd{Name: ns}
	case 1:
		return host.NamespaceDel{Name: ns}
	case 2, 3, 4:
		o := veth(ns, link, pick("a", "b", "c"), pick("x", "y", "z", "w"))
		o.Link.Master = pick("", "", "br")
		return o
	case 5:
		return bridge(ns, pick("br", "x"))
	case 6:
		return host.LinkAdd{Link: host.Link{NS: ns, Name: link, Kind: "macvlan", Parent: pick("x", "y", "br"), Up: true, Macvlan: &host.Macvlan{Mode: "bridge"}}}
	case 7:
		return host.LinkDel{NS: ns, Name: link}
	case 8:
		return host.LinkMove{NS: ns, Name: link, To: pick("a", "b", "c")}
	case 9, 10:
		return host.LinkSet{NS: ns, Name: link, Down: r.IntN(3) > 0, Up: r.IntN(2) == 0}
	case 11:
		return randomSet(r, ns, pick("x", "y", "z", "w", "br"), pick)
	case 12, 13, 14:
		return host.AddrSet{Verb: host.Verb(pick("add", "add", "replace", "del")), Addr: host.Addr{NS: ns, Link: link,
			Prefix: pfx(pick("10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/25", "10.0.1.1/24", "10.1.0.1/16", "fd00::1/64", "fd00::2/64", "fd01::1/64"))}}
	case 15, 16, 17, 18:
		rt := host.Route{NS: ns, Dest: pfx(nets), Metric: []int{0, 0, 5, 256}[r.IntN(4)], Table: []int{0, 0, 100}[r.IntN(3)]}
		if is6(rt.Dest) {
			rt.Via = ip(gw6)
		} else {
			rt.Via = ip(gw4)
		}
		switch r.IntN(4) {
		case 0:
			rt.Dev, rt.Via = link, netip.Addr{}
		case 1:
			rt.Dev = link
			rt.OnLink = r.IntN(2) == 0
		case 2:
			if !is6(rt.Dest) {
				rt.Src = ip(gw4)
			}
		}
		return host.RouteSet{Verb: verb, Route: rt}
	case 19:
		return host.RuleSet{Verb: host.Verb(pick("add", "del")), Rule: host.Rule{NS: ns, Family: 4, Priority: 100 + r.IntN(2), From: pfx("10.0.0.0/24"), Table: 100 + r.IntN(2)}}
	case 20:
		return host.NeighSet{Verb: host.Verb(pick("add", "replace", "del")), Neigh: host.Neigh{NS: ns, Dev: link, IP: ip(gw4), MAC: "02:00:00:00:00:09"}}
	}
	return host.SysctlSet{NS: ns, Key: pick("net.ipv4.conf.all.promote_secondaries", "net.ipv6.conf.x.disable_ipv6"), Value: pick("0", "1")}
}

func randomSet(r *rand.Rand, ns, link string, pick func(...string) string) host.Op {
	o := host.LinkSet{NS: ns, Name: link}
	name, mac, master, alias := pick("x", "y", "q"), "02:00:00:00:00:0"+pick("1", "2"), pick("", "br"), pick("", "hello")
	mtu, on := []int{1000, 1400, 1500, 9000}[r.IntN(4)], r.IntN(2) == 0
	switch r.IntN(7) {
	case 0:
		o.NewName = &name
	case 1:
		o.MAC = &mac
	case 2:
		o.MTU = &mtu
	case 3:
		o.Master = &master
	case 4:
		o.Alias = &alias
	case 5:
		o.Promisc = &on
	default:
		o.Bridge = &host.Bridge{STP: &on}
	}
	return o
}

func TestUndo(t *testing.T) {
	seeds := uint64(3000)
	if testing.Short() {
		seeds = 300
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		n := New(Options{})
		must(t, n, host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"}, veth("a", "x", "b", "y"))
		var undos [][]host.Op
		var texts []string
		var ops []host.Op
		for range 40 {
			op := randomOp(r)
			before := text(n)
			res := n.Apply(bg, []host.Op{op}, nil)[0]
			if res.Err != nil {
				if after := text(n); after != before {
					t.Fatalf("seed %d: refused %s changed\n%s\nto\n%s", seed, op, before, after)
				}
				continue
			}
			ops, undos, texts = append(ops, op), append(undos, res.Undo), append(texts, before)
		}
		for i := len(undos) - 1; i >= 0; i-- {
			for _, res := range n.Apply(bg, undos[i], nil) {
				if res.Err != nil {
					t.Fatalf("seed %d: undo of %s: %v", seed, ops[i], res.Err)
				}
			}
			if got := text(n); got != texts[i] {
				t.Fatalf("seed %d: undo of %s\nby %s\nwant\n%s\ngot\n%s", seed, ops[i], undos[i], texts[i], got)
			}
		}
	}
}

func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	start := time.Now()
	n := New(Options{})
	must(t, n, bridge("host", "br"))
	for i := range 10000 {
		ns := fmt.Sprintf("n%d", i)
		cable := veth(ns, "eth0", "host", n.FreeName("host", "p"))
		cable.Peer.Master = "br"
		must(t, n, host.NamespaceAdd{Name: ns}, cable)
		a := addr(ns, "eth0", fmt.Sprintf("10.0.%d.%d/16", i/250, i%250+1))
		if f := n.Check(a); len(f) > 0 {
			t.Fatalf("%s: %+v", a, f)
		}
		must(t, n, a, via(ns, "0.0.0.0/0", "10.0.200.1"))
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("10000 namespaces took %s", took)
	} else {
		t.Log(took)
	}
}

func TestRefusals(t *testing.T) {
	n := New(Options{})
	must(t, n, host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"}, veth("a", "x", "b", "y"), addr("a", "x", "10.0.0.1/24"))
	for _, c := range []struct {
		op   host.Op
		want syscall.Errno
	}{
		{host.NamespaceAdd{Name: "a"}, syscall.EEXIST},
		{host.NamespaceDel{Name: "c"}, syscall.ENOENT},
		{veth("a", "x", "b", "z"), syscall.EEXIST},
		{addr("a", "x", "10.0.0.1/24"), syscall.EEXIST},
		{addr("a", "q", "10.0.0.1/24"), syscall.ENODEV},
		{via("a", "10.9.0.0/24", "10.1.0.1"), syscall.ENETUNREACH},
	} {
		res := n.Apply(bg, []host.Op{c.op}, nil)[0]
		var e *host.Error
		if !errors.As(res.Err, &e) || e.Errno != c.want {
			t.Errorf("%s: %v, want %v", c.op, res.Err, c.want)
		}
	}
}
