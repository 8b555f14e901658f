package show

import (
	"bytes"
	"encoding/json"
	"errors"
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

// What programs read has the same for each namespace, and lists where there is
// nothing.
func TestJSON(t *testing.T) {
	s := state()
	s.Routes = append(s.Routes, host.Route{Dest: netip.MustParsePrefix("10.9.0.0/16"), Via: netip.MustParseAddr("10.0.0.2"), Table: 7})
	s.Rules = []host.Rule{{Family: 6, Priority: 500, From: netip.MustParsePrefix("fd00::/64"), Table: 7}}
	for _, c := range []struct {
		what  string
		table int
		want  string
	}{
		{"links", 0, `[{"links":[{"name":"lo","kind":"device","state":"UP","mtu":65536,"mac":"00:00:00:00:00:00"},` +
			`{"name":"eth0","kind":"veth","state":"UP","mtu":1500,"mac":"02:00:00:00:00:01","peer":"h2:eth0"}],"namespace":"h1"}]`},
		{"addrs", 0, `[{"addrs":[{"link":"lo","address":"127.0.0.1/8"},{"link":"eth0","address":"10.0.0.1/24"},` +
			`{"link":"eth0","address":"fe80::400:a8ff:fe4f:f8b5/64","tentative":true}],"namespace":"h1"}]`},
		{"routes", 0, `[{"namespace":"h1","routes":[{"dst":"10.0.0.0/24","dev":"eth0","src":"10.0.0.1","table":254},{"dst":"10.9.0.0/16","via":"10.0.0.2","table":7}]}]`},
		{"routes", 254, `[{"namespace":"h1","routes":[{"dst":"10.0.0.0/24","dev":"eth0","src":"10.0.0.1","table":254}]}]`},
		{"rules", 0, `[{"namespace":"h1","rules":[{"family":"inet6","priority":500,"rule":"from fd00::/64 table 7"}]}]`},
		{"neigh", 0, `[{"namespace":"h1","neigh":[]}]`},
	} {
		text, err := JSON(c.what, []*host.State{s}, c.table)
		var got bytes.Buffer
		if err := errors.Join(err, json.Compact(&got, text)); err != nil || strings.TrimSpace(got.String()) != c.want {
			t.Errorf("%s: %v\n%s\nand not\n%s", c.what, err, &got, c.want)
		}
	}
	if text, err := NamespacesJSON(nil); err != nil || string(text) != "[]\n" {
		t.Errorf("no namespaces: %q, %v", text, err)
	}
}
