package kernel

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"vnet/runtime/host"
	"vnet/runtime/kernel/kerneltest"
)

// chained makes kt-a - kt-b - kt-c with routes, kt-b forwarding.
func chained(t testing.TB, h *Host) {
	t.Helper()
	spaces(t, h, "kt-a", "kt-b", "kt-c")
	apply(t, h, veth("kt-a:r", "kt-b:l"), veth("kt-b:r", "kt-c:l"),
		addr("kt-a", "r", "10.0.1.1/24"), addr("kt-b", "l", "10.0.1.2/24"),
		addr("kt-b", "r", "10.0.2.1/24"), addr("kt-c", "l", "10.0.2.2/24"),
		addr("kt-a", "r", "fd01::1/64"), addr("kt-b", "l", "fd01::2/64"),
		addr("kt-b", "r", "fd02::1/64"), addr("kt-c", "l", "fd02::2/64"),
		host.SysctlSet{NS: "kt-b", Key: "net.ipv4.ip_forward", Value: "1"},
		host.SysctlSet{NS: "kt-b", Key: "net.ipv6.conf.all.forwarding", Value: "1"},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("0.0.0.0/0"), Via: ip("10.0.1.2")}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-c", Dest: dest("0.0.0.0/0"), Via: ip("10.0.2.1")}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("::/0"), Via: ip("fd01::2")}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-c", Dest: dest("::/0"), Via: ip("fd02::1")}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-a", Dest: dest("10.77.0.0/16"), Type: "blackhole"}},
		host.RouteSet{Verb: host.Add, Route: host.Route{NS: "kt-b", Dest: dest("10.78.0.0/16"), Type: "prohibit"}},
	)
	settled6(t, h, "kt-a", "kt-b", "kt-c")
}

// settled6 waits for duplicate address detection: a router without a settled
// link-local address cannot ask for neighbours.
func settled6(t testing.TB, h *Host, names ...string) {
	t.Helper()
	wait(t, func() bool {
		for _, ns := range names {
			s, err := h.State(context.Background(), ns)
			if err != nil {
				t.Fatal(err)
			}
			local := 0
			for _, a := range s.Addrs {
				if a.Tentative {
					return false
				}
				if a.Prefix.Addr().IsLinkLocalUnicast() {
					local++
				}
			}
			if local < len(s.Links)-1 {
				return false
			}
		}
		return true
	})
}

func TestPing(t *testing.T) {
	h := open(t)
	chained(t, h)
	cases := []struct {
		ns, to, why string
		size        int
	}{
		{"kt-a", "10.0.1.1", "", 56},
		{"kt-a", "10.0.1.2", "", 56},
		{"kt-a", "10.0.2.2", "", 56},
		{"kt-a", "10.0.2.2", "", 0},
		{"kt-a", "10.0.2.2", "", 3000},
		{"kt-a", "fd01::2", "", 56},
		{"kt-a", "fd02::2", "", 56},
		{"kt-a", "::1", "", 56},
		{"kt-a", "fd02::2", "", 3000},
		{"kt-a", "10.0.1.99", "no answer from 10.0.1.99 within 300ms", 56},
		// A router says so only a few times a second (icmp_ratelimit).
		{"kt-a", "10.9.9.9", "10.0.1.2 says: network unreachable", 56},
		{"kt-a", "10.78.0.1", "10.0.1.2 says: filtered", 56},
		{"kt-a", "fd09::9", "fd01::2 says: no route", 56},
		{"kt-b", "192.0.2.1", "no route to 192.0.2.1", 56},
		{"kt-b", "fd09::9", "no route to fd09::9", 56},
		{"kt-a", "10.77.0.1", "packets to 10.77.0.1 are dropped here", 56},
		{"kt-a", "10.0.1.2", "the packet to 10.0.1.2 is too big", 70000},
	}
	for _, c := range cases {
		want, count := 2, 2
		if c.why != "" {
			want, count = 0, 1
		}
		r, err := h.Ping(context.Background(), host.Echo{NS: c.ns, To: ip(c.to), Count: count, Size: c.size, Timeout: 300 * time.Millisecond, Interval: time.Millisecond})
		if err != nil || r.Sent != count || r.Received != want || len(r.RTT) != want || r.Why != c.why {
			t.Errorf("%s -> %s: %+v %v", c.ns, c.to, r, err)
		}
	}
	if _, err := h.Ping(context.Background(), host.Echo{NS: "kt-nowhere", To: ip("10.0.0.1"), Count: 1}); err == nil {
		t.Error("pinged from nowhere")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := h.Ping(ctx, host.Echo{NS: "kt-a", To: ip("10.0.1.99"), Count: 9, Timeout: time.Minute}); err == nil || time.Since(begin) > kerneltest.Patience(time.Second) {
		t.Errorf("not cancelled: %v after %s", err, time.Since(begin))
	}
}

func TestPingLinkLocal(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-a", "kt-b")
	apply(t, h, veth("kt-a:x", "kt-b:x"), addr("kt-a", "x", "fe80::a/64"), addr("kt-b", "x", "fe80::b/64"))
	settled6(t, h, "kt-a", "kt-b")
	r, err := h.Ping(context.Background(), host.Echo{NS: "kt-a", To: ip("fe80::b%x"), Count: 1, Timeout: time.Second})
	if err != nil || r.Received != 1 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestTrace(t *testing.T) {
	h := open(t)
	chained(t, h)
	for _, way := range [][]netip.Addr{{ip("10.0.1.2"), ip("10.0.2.2")}, {ip("fd01::2"), ip("fd02::2")}, {ip("10.0.1.2")}} {
		got, err := h.Trace(context.Background(), "kt-a", way[len(way)-1])
		if err != nil || !slices.Equal(got, way) {
			t.Errorf("%v: %v %v", way, got, err)
		}
	}
	got, err := h.Trace(context.Background(), "kt-a", ip("10.9.9.9"))
	if err == nil || !strings.Contains(err.Error(), "network unreachable") || !slices.Equal(got, []netip.Addr{ip("10.0.1.2")}) {
		t.Errorf("to nowhere: %v %v", got, err)
	}
}

func TestConnect(t *testing.T) {
	h := open(t)
	chained(t, h)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Exec(ctx, &host.Cmd{NS: "kt-c", Argv: []string{"python3", "-c", `
import socket, time
a = socket.socket(socket.AF_INET6); a.bind(("::", 80)); a.listen()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 53))
e = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); e.bind(("0.0.0.0", 7))
while True: e.sendto(*e.recvfrom(9))
`}})
	}()
	defer func() { cancel(); <-done }()
	dial := func(proto, to string) error {
		return h.Connect(context.Background(), host.Dial{NS: "kt-a", Proto: proto, To: netip.MustParseAddrPort(to), Timeout: 700 * time.Millisecond})
	}
	wait(t, func() bool { return dial("udp", "10.0.2.2:7") == nil })
	for _, c := range []struct{ proto, to, why string }{
		{"tcp", "10.0.2.2:80", ""},
		{"tcp", "[fd02::2]:80", ""},
		{"udp", "10.0.2.2:7", ""},
		{"udp", "10.0.2.2:53", ""},
		{"tcp", "10.0.2.2:81", "10.0.2.2 refuses tcp port 81: nothing listens there"},
		{"udp", "10.0.2.2:54", "10.0.2.2 refuses udp port 54: nothing listens there"},
		{"tcp", "10.0.2.99:80", "no answer from 10.0.2.99 port 80 within 700ms"},
		{"udp", "10.0.2.99:80", "no answer from 10.0.2.99 port 80 within 700ms"},
		{"tcp", "10.9.9.9:80", "no route to 10.9.9.9"},
	} {
		err := dial(c.proto, c.to)
		if (err == nil) != (c.why == "") || err != nil && err.Error() != c.why {
			t.Errorf("%s %s: %v, want %q", c.proto, c.to, err, c.why)
		}
	}
}

func TestRouteGet(t *testing.T) {
	h := open(t)
	chained(t, h)
	for to, want := range map[string]string{
		"10.0.1.9":  "10.0.1.0/24 dev r src 10.0.1.1 proto 2",
		"10.9.9.9":  "default via 10.0.1.2 dev r proto 4",
		"10.0.1.1":  "local 10.0.1.1/32 dev lo",
		"fd01::9":   "fd01::/64 dev r metric 256 proto 2",
		"fd09::9":   "default via fd01::2 dev r metric 1024 proto 4",
		"10.77.0.1": "no route",
	} {
		r, err := h.RouteGet(context.Background(), "kt-a", ip(to))
		got := r.String()
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("to %s: %q, want %q", to, got, want)
		}
	}
}
