package host

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestIP(t *testing.T) {
	text, n := "it's up", 1400
	for _, c := range []struct {
		op   Op
		want string
	}{
		{NamespaceAdd{Name: "red"}, "ip netns add red; ip -n red link set lo up"},
		{NamespaceAdopt{Name: "red", Path: "/proc/7/ns/net"}, "ip netns attach red 7"},
		{LinkAdd{Link: Link{NS: "red", Name: "x", Up: true}, Peer: &Link{NS: "host", Name: "y", Master: "br0", MTU: 1400}},
			"ip link add name y mtu 1400 type veth peer name x netns red; ip link set dev y master br0; ip -n red link set dev x up"},
		{LinkSet{NS: "host", Name: "a", NewName: ptrTo("b"), MTU: &n, Alias: &text},
			`ip link set dev a name b; ip link set dev b mtu 1400; ip link set dev b alias 'it'\''s up'`},
		{RouteSet{Add, Route{NS: "red", Dest: netip.MustParsePrefix("::/0"), Via: netip.MustParseAddr("fd00::1")}},
			"ip -n red -6 route add default via fd00::1 proto static"},
		{SysctlSet{"red", "net.ipv4.ip_local_port_range", "1024 2000"}, "ip netns exec red sysctl -qw 'net.ipv4.ip_local_port_range=1024 2000'"},
		{HostsAdd{"red", netip.MustParseAddr("10.0.0.1"), []string{"web", "www"}},
			"mkdir -p /etc/netns/red; printf '%s\\n' '10.0.0.1\tweb www' >> /etc/netns/red/hosts"},
	} {
		if got := strings.Join(IP(c.op), "; "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.op, got, c.want)
		}
	}
	if lines := IP(LinkDel{NS: "red", Name: "$(reboot)"}); !slices.Equal(lines, []string{"ip -n red link del dev '$(reboot)'"}) {
		t.Error(lines)
	}
}

func ptrTo[T any](v T) *T { return &v }
