package show

import (
	"net/netip"
	"strings"
	"testing"

	"vnet/runtime/host"
)

func state() *host.State {
	return &host.State{NS: "h1",
		Links: []host.Link{
			{Name: "lo", Up: true, MTU: 65536, MAC: "00:00:00:00:00:00"},
			{Name: "eth0", Kind: "veth", Up: true, Oper: "up", MTU: 1500, MAC: "02:00:00:00:00:01", Peer: &host.End{NS: "h2", Name: "eth0"}},
		},
		Addrs: []host.Addr{
			{Link: "lo", Prefix: netip.MustParsePrefix("127.0.0.1/8")},
			{Link: "eth0", Prefix: netip.MustParsePrefix("10.0.0.1/24")},
			{Link: "eth0", Prefix: netip.MustParsePrefix("fe80::400:a8ff:fe4f:f8b5/64"), Tentative: true},
		},
		Routes: []host.Route{{Dest: netip.MustParsePrefix("10.0.0.0/24"), Dev: "eth0", Src: netip.MustParseAddr("10.0.0.1"), Table: 254}},
	}
}

// A table that is wider than the window is printed record by record.
func TestWidth(t *testing.T) {
	const wide = `LINK  KIND    STATE  MTU    MAC                PEER
lo    device  UP     65536  00:00:00:00:00:00  -
eth0  veth    UP     1500   02:00:00:00:00:01  h2:eth0
`
	const narrow = `LINK     lo
KIND     device
STATE    UP
MTU      65536
MAC      00:00:00:00:00:00

LINK     eth0
KIND     veth
STATE    UP
MTU      1500
MAC      02:00:00:00:00:01
PEER     h2:eth0
`
	links := func(p *Printer) error { return p.Links(state()) }
	addrs := func(p *Printer) error { return p.Addrs(state()) }
	routes := func(p *Printer) error { return p.Routes(state(), 0) }
	for _, c := range []struct {
		print func(*Printer) error
		width int
		want  string
	}{
		{links, 0, wide}, {links, 54, wide}, {links, 53, narrow}, {links, 40, narrow}, {links, 26, narrow},
		{addrs, 40, `LINK       lo
STATE      UP
ADDRESSES  127.0.0.1/8

LINK       eth0
STATE      UP
ADDRESSES  10.0.0.1/24
           fe80::400:a8ff:fe4f:f8b5/64
           (tentative)
`},
		{routes, 0, "10.0.0.0/24 dev eth0 src 10.0.0.1\n"},
		{routes, 20, "10.0.0.0/24 dev eth0\n    src 10.0.0.1\n"},
	} {
		var out strings.Builder
		if err := c.print(&Printer{W: &out, Width: c.width}); err != nil || out.String() != c.want {
			t.Errorf("in %d columns, %v:\n%s\nwant\n%s", c.width, err, &out, c.want)
		}
	}
}
