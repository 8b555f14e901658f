package dump

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vnet/runtime/host"
)

// words joins the non-empty ones with spaces.
func words(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// text is a value as a word of the language: as it is, or quoted.
func text(s string) string {
	plain := func(r rune) bool {
		return '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune("_-.:/%+@", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '$':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r >= 0x7f && r < 0xa0:
			b.WriteString(`\u{` + strconv.FormatInt(int64(r), 16) + "}")
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

func join(addrs []netip.Prefix) string {
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return strings.Join(out, " ")
}

func mac(l host.Link, wanted bool) string {
	if wanted && l.MAC != "" && l.Kind != "tun" {
		return "mac " + l.MAC
	}
	return ""
}

func down(up bool) string {
	if up {
		return ""
	}
	return "down"
}

// Link is the statement that makes an interface, in its namespace.
func Link(l host.Link, addrs []netip.Prefix, macs bool) string {
	mtu := ""
	if l.MTU != 1500 && l.Kind != "vxlan" && l.Kind != "bridge" && l.Kind != "macvlan" {
		mtu = "mtu " + strconv.Itoa(l.MTU)
	}
	return words(l.Kind, l.Name, join(addrs), options(l), mtu, mac(l, macs), down(l.Up))
}

// options are those of its kind that are not what the kernel chooses.
func options(l host.Link) string {
	onOff := func(what string, on bool) string {
		if on {
			return what + " on"
		}
		return what + " off"
	}
	switch {
	case l.Bridge != nil:
		var out []string
		if b := l.Bridge; b.STP != nil && *b.STP {
			out = append(out, "stp on")
		}
		if b := l.Bridge; b.VLANFiltering != nil && *b.VLANFiltering {
			out = append(out, "vlan_filtering on")
		}
		const usual = "5m0s" // BR_DEFAULT_AGEING_TIME
		if b := l.Bridge; b.Ageing != nil && b.Ageing.String() != usual {
			out = append(out, "ageing "+duration(b.Ageing.Milliseconds()))
		}
		return words(out...)
	case l.Tun != nil:
		var out []string
		if l.Tun.User != nil {
			out = append(out, "user "+strconv.Itoa(*l.Tun.User))
		}
		if l.Tun.Group != nil {
			out = append(out, "group "+strconv.Itoa(*l.Tun.Group))
		}
		if l.Tun.MultiQueue {
			out = append(out, "multi_queue")
		}
		return words(out...)
	case l.Macvlan != nil:
		mode := ""
		if l.Macvlan.Mode != "bridge" {
			mode = "mode " + l.Macvlan.Mode
		}
		return words("on "+l.Parent, mode)
	case l.VXLAN != nil:
		v := l.VXLAN
		out := []string{"id " + strconv.Itoa(v.ID)}
		if v.Local.IsValid() {
			out = append(out, "local "+v.Local.String())
		}
		switch {
		case v.Remote.IsMulticast():
			out = append(out, "group "+v.Remote.String())
		case v.Remote.IsValid():
			out = append(out, "remote "+v.Remote.String())
		}
		if l.Parent != "" {
			out = append(out, "dev "+l.Parent)
		}
		if p := cmp.Or(v.Port, 4789); p != 4789 {
			out = append(out, "port "+strconv.Itoa(p))
		}
		if v.TTL != 0 {
			out = append(out, "ttl "+strconv.Itoa(v.TTL))
		}
		if v.Learning != nil && !*v.Learning {
			out = append(out, onOff("learning", false))
		}
		return words(out...)
	}
	return ""
}

func duration(ms int64) string {
	if ms%1000 == 0 {
		return strconv.FormatInt(ms/1000, 10) + "s"
	}
	return strconv.FormatInt(ms, 10) + "ms"
}

// A Cable is a veth with the addresses of both ends; B may be a port of its
// bridge.
type Cable struct {
	A, B           host.Link
	AddrsA, AddrsB []netip.Prefix
	Port, MACs     bool
}

// String is the statement that makes it. Where one end is down both are, so
// that it never is up; the other is taken up later.
func (c Cable) String() string {
	far := c.B.End().String()
	if c.Port {
		far = host.End{NS: c.B.NS, Name: c.B.Master}.String()
		if usual := c.A.NS + "-" + c.A.Name; usual != c.B.Name {
			far += " as " + c.B.Name
		}
	}
	mtu := ""
	if c.A.MTU == c.B.MTU && c.A.MTU != 1500 {
		mtu = "mtu " + strconv.Itoa(c.A.MTU)
	}
	return words("veth", c.A.End().String(), join(c.AddrsA), mac(c.A, c.MACs), "<->", far, join(c.AddrsB), mac(c.B, c.MACs),
		mtu, down(c.A.Up && c.B.Up))
}

// Route is the statement that makes a route.
func Route(r host.Route) string {
	const boot, static, main, usual6 = 3, 4, 254, 1024 // RTPROT_BOOT, RTPROT_STATIC, RT_TABLE_MAIN, IP6_RT_PRIO_USER
	if r.Proto == static {
		r.Proto = 0
	}
	if r.Table == main {
		r.Table = 0
	}
	if r.Dest.Addr().Is6() && r.Metric == usual6 {
		r.Metric = 0
	}
	r.Nexthop = slices.Clone(r.Nexthop)
	for i := range r.Nexthop {
		if r.Nexthop[i].Weight == 1 {
			r.Nexthop[i].Weight = 0
		}
	}
	line := "route add " + r.String()
	if r.Proto == boot {
		line = strings.Replace(line, " proto 3", " proto boot", 1)
	}
	if r.Dest.Addr().Is6() && r.Dest.Bits() == 0 && !r.Via.Is6() {
		line = strings.Replace(line, " default", " ::/0", 1)
	}
	return line
}

// Neighbour is the statement that makes a neighbour entry.
func Neighbour(n host.Neigh) string {
	lladdr, proxy := "", ""
	if n.MAC != "" {
		lladdr = "lladdr " + n.MAC
	}
	if n.Proxy {
		proxy = "proxy"
	}
	return words("neigh add", n.IP.String(), lladdr, "dev "+n.Dev, proxy)
}
