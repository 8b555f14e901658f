package kernel

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"vnet/runtime/host"
)

// open returns a host for a test, which is skipped where it is not allowed to
// make namespaces.
func open(t testing.TB) *Host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make namespaces")
	}
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// apply carries out operations, all of which must succeed.
func apply(t testing.TB, h *Host, ops ...host.Op) []host.Result {
	t.Helper()
	results := h.Apply(context.Background(), ops)
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("%s: %v", ops[i], r.Err)
		}
		if r.Skipped {
			t.Fatalf("%s: skipped", ops[i])
		}
	}
	return results
}

// spaces makes namespaces for a test and removes them at its end.
func spaces(t testing.TB, h *Host, names ...string) {
	t.Helper()
	for _, ns := range names {
		_ = h.Apply(context.Background(), []host.Op{host.NamespaceDel{Name: ns}})
		apply(t, h, host.NamespaceAdd{Name: ns})
		t.Cleanup(func() { h.Apply(context.Background(), []host.Op{host.NamespaceDel{Name: ns}}) })
	}
}

func veth(a, b string) host.LinkAdd {
	return host.LinkAdd{Link: link2(a), Peer: ptr(link2(b))}
}

func link2(s string) host.Link {
	var l host.Link
	for i := range s {
		if s[i] == ':' {
			l.NS, l.Name = s[:i], s[i+1:]
		}
	}
	l.Kind, l.Up = "veth", true
	return l
}

func ptr[T any](v T) *T { return &v }

func addr(ns, link, prefix string) host.AddrSet {
	return host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: ns, Link: link, Prefix: netip.MustParsePrefix(prefix), NoDAD: true}}
}

func run(t testing.TB, h *Host, ns string, argv ...string) (string, host.Exit) {
	t.Helper()
	var out bytes.Buffer
	exit, err := h.Exec(context.Background(), &host.Cmd{NS: ns, Argv: argv, Stdout: &out, Stderr: &out})
	if err != nil {
		t.Fatalf("exec %v in %s: %v", argv, ns, err)
	}
	return out.String(), exit
}

func TestTwoHosts(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	begin := time.Now()
	apply(t, h, veth("kt-a:eth0", "kt-b:eth0"),
		addr("kt-a", "eth0", "10.0.0.1/24"), addr("kt-b", "eth0", "10.0.0.2/24"),
		addr("kt-a", "eth0", "fd00::1/64"), addr("kt-b", "eth0", "fd00::2/64"),
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: netip.MustParsePrefix("0.0.0.0/0"), Via: netip.MustParseAddr("10.0.0.2")}})
	t.Log("built in", time.Since(begin))
	out, exit := run(t, h, "kt-a", "ip", "-d", "addr")
	t.Logf("%s %+v", out, exit)
	for _, to := range []string{"10.0.0.2", "fd00::2", "10.0.0.9", "fd01::1"} {
		r, err := h.Ping(context.Background(), host.Echo{NS: "kt-a", To: netip.MustParseAddr(to), Count: 2, Size: 56, Timeout: time.Second})
		t.Log(to, fmt.Sprintf("%+v", r), err)
	}
	s, err := h.State(context.Background(), "kt-a")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s)
}
