package kernel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// ipTool runs iproute2, with which names must be shared.
func ipTool(t testing.TB, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs iproute2 to compare with")
	}
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestNamesAreThoseOfIP(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	if out := ipTool(t, "netns", "list"); !strings.Contains(out, "kt-a") {
		t.Errorf("ip netns list does not show kt-a: %q", out)
	}
	if out := ipTool(t, "-n", "kt-a", "link", "show", "lo"); !strings.Contains(out, "UP") {
		t.Errorf("lo is not up: %s", out)
	}
	ipTool(t, "netns", "del", "kt-a")
	if _, err := h.State(context.Background(), "kt-a"); !errors.Is(err, unix.ENOENT) {
		t.Errorf("a namespace deleted by ip is still seen: %v", err)
	}
	ipTool(t, "netns", "add", "kt-a")
	s, err := h.State(context.Background(), "kt-a")
	if err != nil || s.Links[0].Up {
		t.Errorf("the namespace made anew by ip is not the one seen: %v %+v", err, s)
	}
	names, err := h.Namespaces(context.Background())
	if err != nil || !slices.Contains(names, "kt-a") || slices.Contains(names, host.Start) {
		t.Errorf("Namespaces: %v %v", names, err)
	}
}

// TestHostile puts things into /run/netns that are no network namespaces.
func TestHostile(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	at := func(n string) string { return runDir + "/kt-" + n }
	try := func(name string, made error, undo func()) {
		t.Helper()
		if made != nil {
			t.Fatal(name, made)
		}
		defer undo()
		done := make(chan error, 1)
		go func() { _, err := h.State(context.Background(), "kt-"+name); done <- err }()
		select {
		case err := <-done:
			var e *host.Error
			if !errors.As(err, &e) {
				t.Errorf("%s was opened: %v", name, err)
			}
			t.Log(err)
		case <-time.After(5 * time.Second):
			t.Errorf("%s makes opening hang", name)
		}
		for _, op := range []host.Op{host.NamespaceAdd{Name: "kt-" + name}, host.NamespaceDel{Name: "kt-" + name}} {
			if r := h.Apply(context.Background(), []host.Op{op}, nil)[0]; r.Err == nil {
				t.Errorf("%s succeeded on a %s", op, name)
			}
		}
		if _, err := os.Lstat(at(name)); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	remove := func(n string) func() { return func() { os.Remove(at(n)) } }
	try("fifo", unix.Mkfifo(at("fifo"), 0o600), remove("fifo"))
	try("file", os.WriteFile(at("file"), nil, 0o600), remove("file"))
	try("symlink", os.Symlink(at("a"), at("symlink")), remove("symlink"))
	try("dir", os.Mkdir(at("dir"), 0o700), remove("dir"))
	if err := os.WriteFile(at("uts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	try("uts", unix.Mount("/proc/self/ns/uts", at("uts"), "none", unix.MS_BIND, ""), func() {
		unix.Unmount(at("uts"), unix.MNT_DETACH)
		os.Remove(at("uts"))
	})
	for _, name := range []string{"", ".", "..", "a/b", "-x", "x\ny", strings.Repeat("x", 300), "host"} {
		if r := h.Apply(context.Background(), []host.Op{host.NamespaceAdd{Name: name}}, nil)[0]; r.Err == nil {
			t.Errorf("a namespace %q was made", name)
		}
	}
}

// TestFarEnds checks that nothing is left of a namespace's cables in those that
// stay when it is deleted.
func TestFarEnds(t *testing.T) {
	h := open(t)
	for _, made := range []bool{true, false} {
		t.Run(fmt.Sprintf("made here %v", made), func(t *testing.T) {
			spaces(t, h, "kt-a", "kt-b", "kt-c")
			apply(t, h, veth("kt-a:x", "kt-b:x"), veth("kt-b:y", "kt-a:y"), veth("kt-a:z", "kt-c:z"), veth("kt-b:q", "kt-c:q"),
				host.LinkAdd{Link: link2("kt-a:s"), Peer: ptr(host.Link{NS: host.Start, Name: "kts0"})})
			deleter := h
			if !made {
				deleter = open(t)
			}
			results := apply(t, deleter, host.NamespaceDel{Name: "kt-a"})
			defer apply(t, h, results[0].Undo...)
			// The other host holds a descriptor: look before it is closed.
			if got := linkList(t, h, "kt-b"); got != "lo q" {
				t.Errorf("kt-b has %s", got)
			}
			if got := linkList(t, h, "kt-c"); got != "lo q" {
				t.Errorf("kt-c has %s", got)
			}
			if got := linkList(t, h, host.Start); strings.Contains(got, "kts0") {
				t.Errorf("the starting namespace has %s", got)
			}
		})
	}
}

func linkList(t testing.TB, h *Host, ns string) string {
	t.Helper()
	s, err := h.State(context.Background(), ns)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range s.Links {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestInUse: a namespace that somebody else is in does not die with its name,
// and keeps its cables.
func TestInUse(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	sleep := exec.Command("unshare", "-n", "sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Skip(err)
	}
	defer func() {
		sleep.Process.Kill()
		sleep.Wait()
		// Until the kernel has cleaned up, the cable leads to a namespace that
		// nobody can find.
		wait(t, func() bool { return linkList(t, h, "kt-a") == "lo" })
	}()
	path := fmt.Sprintf("/proc/%d/ns/net", sleep.Process.Pid)
	own, _ := os.Readlink("/proc/self/ns/net")
	wait(t, func() bool { other, err := os.Readlink(path); return err == nil && other != own })
	undo := apply(t, h, host.NamespaceAdopt{Name: "kt-ad", Path: path})[0].Undo
	apply(t, h, veth("kt-ad:x", "kt-a:x"))
	apply(t, h, undo...)
	if got := linkList(t, h, "kt-a"); got != "lo x" {
		t.Errorf("the cable of an adopted namespace: %s", got)
	}
}

func wait(t testing.TB, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

func TestCookie(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	undo := apply(t, h, host.NamespaceAdd{Name: "kt-x"})[0].Undo
	ipTool(t, "netns", "del", "kt-x")
	ipTool(t, "netns", "add", "kt-x")
	defer ipTool(t, "netns", "del", "kt-x")
	r := h.Apply(context.Background(), undo, nil)[0]
	if !errors.Is(r.Err, unix.ESTALE) {
		t.Errorf("another namespace of the same name: %v", r.Err)
	}
}

// TestBatch: what is behind a failure in the same send is taken back.
func TestBatch(t *testing.T) {
	h := open(t)
	furnished(t, h)
	before := dump(t, h, "kt-a", "kt-b", "kt-c")
	ops := []host.Op{
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "i1", Kind: "bridge", Up: true}},
		addr("kt-a", "i1", "10.40.0.1/24"),
		addr("kt-a", "eth0", "10.0.0.1/24"), // already there
		addr("kt-a", "i1", "10.41.0.1/24"),
		host.LinkAdd{Link: host.Link{NS: "kt-a", Name: "i2", Kind: "bridge", Up: true}},
		route(host.Add, "10.44.0.0/16", "10.40.0.9", ""),
		route(host.Del, "10.6.0.0/16", "", ""),
	}
	results := h.Apply(context.Background(), ops, nil)
	for i, r := range results {
		if (r.Err != nil) != (i == 2) || r.Skipped != (i > 2) {
			t.Errorf("%d %s: %+v", i, ops[i], r)
		}
	}
	for i := 1; i >= 0; i-- {
		apply(t, h, results[i].Undo...)
	}
	if after := dump(t, h, "kt-a", "kt-b", "kt-c"); after != before {
		t.Error(differ(before, after))
	}
}

// TestIndexTaken: an index that we chose may have been taken by a program.
func TestIndexTaken(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	ipTool(t, "-n", "kt-a", "link", "add", "other", "type", "bridge")
	apply(t, h, veth("kt-a:eth0", "kt-b:eth0"), addr("kt-a", "eth0", "10.0.0.1/24"), veth("kt-a:eth1", "kt-b:eth1"))
	if got := linkList(t, h, "kt-a"); got != "eth0 eth1 lo other" {
		t.Error(got)
	}
}

func TestMany(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	quiet(t, h, "kt-a", "kt-b")
	var ops []host.Op
	for i := range 200 {
		ops = append(ops, veth(fmt.Sprintf("kt-a:v%d", i), fmt.Sprintf("kt-b:v%d", i)))
	}
	begin := time.Now()
	results := apply(t, h, ops...)
	t.Log("200 veths in", time.Since(begin))
	s, err := h.State(context.Background(), "kt-a")
	if err != nil || len(s.Links) != 201 || s.Links[77].Peer == nil {
		t.Errorf("%d links, %v, %+v", len(s.Links), err, s.Links[77])
	}
	apply(t, h, results[7].Undo...)
	begin = time.Now()
	apply(t, h, host.NamespaceDel{Name: "kt-a"})
	t.Log("taken down in", time.Since(begin))
	if got := linkList(t, h, "kt-b"); got != "lo" {
		t.Errorf("left: %s", got)
	}
}

func TestCancelled(t *testing.T) {
	h := open(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := h.Apply(ctx, []host.Op{host.NamespaceAdd{Name: "kt-a"}}, nil)
	if !r[0].Skipped {
		t.Errorf("%+v", r)
	}
}

func TestSysctl(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	apply(t, h, veth("kt-a:eth0.7", "kt-b:eth0"))
	keys := []string{"net.ipv4.ip_forward", "net.ipv4.conf.eth0/7.forwarding", "net.ipv4.conf.lo.forwarding", "net/ipv4/conf/eth0.7/rp_filter"}
	read := func() (all []string) {
		for _, k := range keys {
			v, err := h.Sysctl(context.Background(), "kt-a", k)
			if err != nil {
				t.Error(err)
			}
			all = append(all, v)
		}
		return all
	}
	apply(t, h, host.SysctlSet{NS: "kt-a", Key: keys[2], Value: "1"})
	before := read()
	for _, k := range keys {
		undo := apply(t, h, host.SysctlSet{NS: "kt-a", Key: k, Value: "1"})[0].Undo
		if v, _ := h.Sysctl(context.Background(), "kt-a", k); v != "1" {
			t.Errorf("%s is %q", k, v)
		}
		apply(t, h, undo...)
		if after := read(); !slices.Equal(before, after) {
			t.Errorf("%s: %v is not undone by %v: %v", k, before, undo, after)
		}
	}
	if v, err := h.Sysctl(context.Background(), "kt-a", "net.ipv4.ping_group_range"); err != nil || strings.Contains(v, "\t") {
		t.Errorf("%q %v", v, err)
	}
}

func TestFiles(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	os.RemoveAll(etcDir + "/kt-a")
	one := apply(t, h, host.HostsAdd{NS: "kt-a", IP: ip("10.0.0.2"), Names: []string{"kt-other", "o"}})[0].Undo
	two := apply(t, h, host.DNSSet{NS: "kt-a", Servers: nil})[0].Undo
	three := apply(t, h, host.DNSSet{NS: "kt-a", Servers: []netip.Addr{ip("192.0.2.53")}})[0].Undo
	out, _ := run(t, h, "kt-a", "cat", "/etc/hosts", "/etc/resolv.conf")
	if !strings.Contains(out, "10.0.0.2\tkt-other o") || !strings.Contains(out, "nameserver 192.0.2.53") || !strings.Contains(out, "localhost") {
		t.Errorf("a program sees %s", out)
	}
	apply(t, h, three...)
	if out, _ = run(t, h, "kt-a", "cat", "/etc/resolv.conf"); out != "" {
		t.Errorf("after the undo a program sees %q", out)
	}
	apply(t, h, two...)
	apply(t, h, one...)
	if _, err := os.Stat(etcDir + "/kt-a"); !os.IsNotExist(err) {
		t.Errorf("/etc/netns/kt-a is left: %v", err)
	}
}

// TestTogether looks at namespaces, and runs programs in them, while they come
// and go.
func TestTogether(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a")
	ctx, cancel := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	for _, look := range []func(){
		func() { h.State(ctx, "kt-a") },
		func() { h.State(ctx, "kt-x") },
		func() { h.Sysctl(ctx, "kt-x", "net.ipv4.ip_forward") },
		func() { h.Exec(ctx, &host.Cmd{NS: "kt-x", Argv: []string{"true"}}) },
		func() { h.Ping(ctx, host.Echo{NS: "kt-x", To: ip("127.0.0.1"), Count: 1, Timeout: time.Second}) },
	} {
		looking.Go(func() {
			for ctx.Err() == nil {
				look()
			}
		})
	}
	for range 30 {
		results := apply(t, h, host.NamespaceAdd{Name: "kt-x"}, veth("kt-x:x", "kt-a:x"), addr("kt-a", "x", "10.0.0.1/24"))
		apply(t, h, results[0].Undo...)
		if got := linkList(t, h, "kt-a"); got != "lo" {
			t.Fatalf("left: %s", got)
		}
	}
	cancel()
	looking.Wait()
}

// TestTwoNames: a namespace with two names is shown by the first of them,
// whichever way its neighbour came to be known.
func TestTwoNames(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-b", "kt-h9", "kt-h10")
	apply(t, h, veth("kt-h9:eth0", "kt-b:p9"), veth("kt-h10:eth0", "kt-b:p10"))
	apply(t, h, host.NamespaceAdopt{Name: "kt-a", Path: runDir + "/kt-b"})
	t.Cleanup(func() { remove(h, "kt-a") })
	for _, way := range [][]string{{"kt-h9", "kt-h10"}, {"kt-b", "kt-h10", "kt-h9"}, {"kt-a", "kt-h9"}} {
		other, err := New() // one that has not made the cables
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		for _, ns := range way {
			s, err := other.State(context.Background(), ns)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range s.Links {
				if strings.HasPrefix(ns, "kt-h") && l.Name == "eth0" && (l.Peer == nil || l.Peer.NS != "kt-a") {
					t.Errorf("%v: the peer of %s:%s is %v", way, ns, l.Name, l.Peer)
				}
				if !strings.HasPrefix(ns, "kt-h") && l.Name != "lo" && (l.Peer == nil || l.Peer.Name != "eth0") {
					t.Errorf("%v: the peer of %s:%s is %v", way, ns, l.Name, l.Peer)
				}
			}
		}
	}
}
