package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

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
	results := h.Apply(context.Background(), ops, nil)
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
		remove(h, ns)
		apply(t, h, host.NamespaceAdd{Name: ns})
		t.Cleanup(func() { remove(h, ns) })
	}
}

// remove deletes a namespace for good, if it is there.
func remove(h *Host, ns string) {
	r := h.Apply(context.Background(), []host.Op{host.NamespaceDel{Name: ns}}, nil)[0]
	h.Apply(context.Background(), r.Final, nil)
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

// quiet switches off link-local addresses, which come and go by themselves.
func quiet(t testing.TB, h *Host, names ...string) {
	t.Helper()
	for _, ns := range names {
		apply(t, h, host.SysctlSet{NS: ns, Key: "net.ipv6.conf.default.addr_gen_mode", Value: "1"})
	}
}

// dump prints what namespaces hold, without what changes by itself.
func dump(t testing.TB, h *Host, names ...string) string {
	t.Helper()
	var lines []string
	for _, ns := range names {
		s, err := h.State(context.Background(), ns)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, "namespace "+ns)
		for _, l := range s.Links {
			l.Oper, l.Carrier, l.Index = "", false, 0 // linkwatch is late
			b, _ := json.Marshal(l)
			lines = append(lines, string(b))
		}
		for _, a := range s.Addrs {
			if a.Dynamic {
				continue
			}
			a.Tentative = false
			b, _ := json.Marshal(a)
			lines = append(lines, string(b))
		}
		for _, r := range s.Routes {
			if r.Dest != dest("fe80::/64") {
				lines = append(lines, ns+" route "+r.String())
			}
		}
		for _, r := range s.Rules {
			lines = append(lines, ns+" rule "+r.String())
		}
		for _, n := range s.Neighs {
			if n.State == "permanent" || n.Proxy {
				b, _ := json.Marshal(n)
				lines = append(lines, string(b))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func dest(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func ip(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}
