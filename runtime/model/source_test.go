package model

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"vnet/runtime/host"
)

// What is alive is learnt from the source, and forgotten when a program may
// have changed it.
func TestSource(t *testing.T) {
	alive := base(t)
	must(t, alive, host.NamespaceAdd{Name: "old"}, addr("old", "lo", "10.77.0.1/32"))
	alive.spaces[host.Start].opaque = false
	n := New(Options{Source: alive})
	if !n.Known("h1") || n.Known("nobody") || !n.IsBridge("host", "br0") || !n.HasLink("r", "wan") {
		t.Error("not learnt")
	}
	if f := n.Check(host.NamespaceAdd{Name: "old"}); len(f) != 1 || len(f[0].Help) == 0 {
		t.Errorf("%+v", f)
	}
	for _, ns := range []string{"h1", "h2", "r", "far", "host"} {
		a, _ := alive.State(bg, ns)
		b, err := n.State(bg, ns)
		if err != nil || fmt.Sprint(a.Addrs, a.Routes, a.Rules) != fmt.Sprint(b.Addrs, b.Routes, b.Rules) || len(a.Links) != len(b.Links) {
			t.Errorf("%s: %v\n%+v\n%+v", ns, err, a, b)
		}
	}
	before := text(n)
	undo := n.Apply(bg, []host.Op{host.NamespaceDel{Name: "h2"}}, nil)[0].Undo
	if _, err := n.State(bg, "h2"); !errors.Is(err, syscall.ENOENT) {
		t.Error("still there:", err)
	}
	must(t, n, undo...)
	if got := text(n); got != before {
		t.Errorf("got\n%s\nwant\n%s", got, before)
	}
	must(t, alive, addr("h1", "eth0", "10.0.0.77/24"))
	if n.Addrs(host.End{NS: "h1", Name: "eth0"})[0].Prefix != pfx("10.0.0.1/24") || len(n.Addrs(host.End{NS: "h1", Name: "eth0"})) != 1 {
		t.Error("looked too early")
	}
	n.Invalidate("h1")
	if got := n.Addrs(host.End{NS: "h1", Name: "eth0"}); len(got) != 2 {
		t.Error(got)
	}
	if got := n.Segment(host.End{NS: "h2", Name: "eth0"}); len(got) != 5 {
		t.Error(got)
	}
	names, err := n.Namespaces(bg)
	if err != nil || fmt.Sprint(names) != "[far h1 h2 old r]" {
		t.Error(names, err)
	}
}

// A namespace that may not be looked into is opaque.
func TestBlindSource(t *testing.T) {
	n := New(Options{Source: blind{New(Options{})}})
	for _, op := range []host.Op{addr("x", "eth0", "10.0.0.1/24"), via("x", "10.9.0.0/24", "10.7.0.1"), host.LinkDel{NS: "x", Name: "eth9"}} {
		if f := n.Check(op); len(f) > 0 {
			t.Errorf("%s: %s", op, findings(f))
		}
		must(t, n, op)
	}
	if _, err := n.State(bg, "x"); !errors.Is(err, host.ErrUnknown) {
		t.Error(err)
	}
}

// To name a namespace, or to run a program in it, is no reason to look into it.
func TestNotLookedInto(t *testing.T) {
	alive := New(Options{})
	must(t, alive, host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"})
	source := &counting{Looker: alive}
	n := New(Options{Source: source})
	n.Doubt("a")
	if !n.Known("a") || !n.Known("b") || n.Known("c") || source.states != 0 {
		t.Errorf("looked %d times", source.states)
	}
	if !n.Opaque("a") || n.Opaque("b") || source.states != 2 {
		t.Errorf("looked %d times, or forgot the program", source.states)
	}
	must(t, alive, host.NamespaceDel{Name: "b"}, host.NamespaceAdd{Name: "c"})
	n.Invalidate("b")
	if n.Known("b") || !n.Known("c") {
		t.Error("it is not asked again after a program ran")
	}
}

type counting struct {
	host.Looker
	states int
}

func (c *counting) State(ctx context.Context, ns string) (*host.State, error) {
	c.states++
	return c.Looker.State(ctx, ns)
}

type blind struct{ host.Looker }

func (blind) Exists(context.Context, string) (bool, error) { return false, host.ErrUnknown }

func (blind) State(context.Context, string) (*host.State, error) { return nil, host.ErrUnknown }

func TestConcurrent(t *testing.T) {
	n := New(Options{})
	must(t, n, bridge("host", "br"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			ns := fmt.Sprintf("n%d", i)
			for range 50 {
				cable := veth(ns, "eth0", "host", ns)
				cable.Peer.Master = "br"
				n.Apply(bg, []host.Op{host.NamespaceAdd{Name: ns}, cable, addr(ns, "eth0", fmt.Sprintf("10.0.0.%d/24", i+1))}, nil)
				n.Check(addr(ns, "eth0", "10.0.0.1/24"))
				n.Target(ns, "n0")
				n.State(bg, "host")
				n.Apply(bg, []host.Op{host.NamespaceDel{Name: ns}}, nil)
			}
		})
	}
	wg.Wait()
}

func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := New(Options{})
	for i := range 10000 {
		a, b := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		must(t, n, host.NamespaceAdd{Name: a})
		if i%2 == 0 {
			must(t, n, host.NamespaceAdd{Name: b}, veth(a, "eth0", b, "eth0"), addr(a, "eth0", "10.0.0.1/24"), addr(b, "eth0", "10.0.0.2/24"))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := (after.HeapAlloc - before.HeapAlloc) >> 20; used > 200 {
		t.Errorf("%d MB", used)
	} else {
		t.Logf("%d MB", used)
	}
	runtime.KeepAlive(n)
}

// A namespace that goes with a lab is not looked at; what leads to it is gone with
// it, also where that is looked at later.
func TestUnseenGoes(t *testing.T) {
	for _, early := range []bool{false, true} {
		alive := &counted{Net: base(t), asked: map[string]int{}}
		alive.spaces[host.Start].opaque = false
		n := New(Options{Source: alive})
		if early {
			n.Known("r")
			must(t, n, addr("r", "lan", "10.66.0.1/24"))
		}
		undo := n.Apply(bg, []host.Op{host.NamespaceDel{Name: "far", Made: true}}, nil)[0].Undo
		if n.Known("far") || n.HasLink("r", "wan") || alive.asked["far"] > 0 {
			t.Errorf("early %v: still there, or asked: %v", early, alive.asked)
		}
		if fmt.Sprint(undo) == "[]" {
			t.Error("cannot be taken back")
		}
		must(t, n, undo...)
		if !n.Known("far") {
			t.Error("does not come back")
		}
		n = New(Options{Source: alive})
		n.Hide("far")
		if n.Known("far") || n.HasLink("r", "wan") || !n.HasLink("r", "lan") || alive.asked["far"] > 0 {
			t.Errorf("hidden, but there: %v", alive.asked)
		}
	}
}

// counted is a network that knows what it was asked for.
type counted struct {
	*Net
	asked map[string]int
}

func (c *counted) State(ctx context.Context, ns string) (*host.State, error) {
	c.asked[ns]++
	return c.Net.State(ctx, ns)
}
