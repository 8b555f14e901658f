package complete

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// crowd is a network of n namespaces, each with two links, the first on one
// bridge.
func crowd(n int) *still {
	s := &still{links: map[string][]Link{}, functions: builtins(), variables: []Named{{"hosts", ""}}, programs: []string{"ping"}}
	host := []Link{{Name: "br0", Kind: "bridge"}}
	for i := range n {
		ns := fmt.Sprintf("h%04d", i)
		s.spaces = append(s.spaces, ns)
		port := fmt.Sprintf("p%d", i)
		host = append(host, Link{Name: port, Kind: "veth", Master: "br0", Peer: ns + ":eth0"})
		addr := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i%250 + 1)}), 16)
		s.links[ns] = []Link{
			{Name: "eth0", Kind: "veth", Peer: "host:" + port, Addrs: []netip.Prefix{addr}},
			{Name: "eth1", Kind: "veth"},
		}
	}
	s.links[""] = host
	return s
}

// long are lines of some 200 characters at whose end much can come.
var long = []string{
	"veth h0001:eth7 mac 02:00:00:00:00:01 10.0.3.9/16 10.0.3.10/16 10.0.3.11/16 10.0.3.12/16 10.0.3.13/16 10.0.3.14/16 fd00::1/64 fd00::2/64 fd00:1:2:3::4/64 <-> h0002:eth7 10.0.3.15/16 mtu 1400 delay 50ms loss 1% rate ",
	"in h0001 h0002 h0003 h0004 h0005 h0006 h0007 h0008 h0009 h0010 h0011 h0012 h0013 h0014 h0015 h0016 h0017 h0018 h0019 h0020 h0021 h0022 h0023 h0024 h0025 h0026 h0027 h0028 h0029 h0030 h0031 h",
	"ns n1 n2 n3 n4 n5 n6; veth n1:eth0 10.9.0.1/24 <-> n2:eth0 10.9.0.2/24; veth n3:eth0 10.9.1.1/24 <-> n4:eth0 10.9.1.2/24; let x = len($hosts) + 5; echo \"$x and ${x + 1} of $hosts\"; veth n5:eth0 <-> br0 ",
}

// key does all that a key stroke asks for.
func key(text string, s State) {
	At(text, len(text), s)
	Marks(text, s)
	Ghost(text, s, nil)
	Next(text, len(text), s)
}

func BenchmarkKey(b *testing.B) {
	s := crowd(500)
	for i, text := range long {
		b.Run(fmt.Sprint(i), func(b *testing.B) {
			for b.Loop() {
				key(text, s)
			}
		})
	}
}

// pasted is an entry of n times five lines.
func pasted(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "ns a%d b%d\n", i, i)
		fmt.Fprintf(&b, "veth a%d:eth0 10.%d.0.1/24 <-> b%d:eth0 10.%d.0.2/24 mtu 1400\n", i, i, i, i)
		fmt.Fprintf(&b, "let x%d = len([a b c]) + %d\n", i, i)
		fmt.Fprintf(&b, "in a%d route add 10.250.%d.0/24 via 10.%d.0.2 dev eth0 # a way\n", i, i, i)
		fmt.Fprintf(&b, "exec in a%d ping -c 1 10.%d.0.2 \"$x%d\"\n", i, i, i)
	}
	return b.String()
}

func BenchmarkPasted(b *testing.B) {
	s, text := crowd(500), pasted(200)
	for b.Loop() {
		Marks(text, s)
	}
}
