package host

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// IP gives the commands of iproute2 (and sysctl) that do what op does, each a
// line for the shell. What they cannot do, such as keeping the addresses of an
// interface that moves, is left out.
func IP(op Op) []string {
	switch o := op.(type) {
	case NamespaceAdd:
		return []string{line("ip", "netns", "add", o.Name), line("ip", "-n", o.Name, "link", "set", "lo", "up")}
	case NamespaceAdopt:
		return adoptLines(o)
	case NamespaceDel:
		return []string{line("ip", "netns", "del", o.Name)}
	case LinkAdd:
		return linkLines(o)
	case LinkDel:
		return []string{ip(o.NS, "link", "del", "dev", o.Name)}
	case LinkSet:
		return setLines(o)
	case LinkMove:
		return []string{ip(o.NS, "link", "set", "dev", o.Name, "netns", netns(o.To))}
	case AddrSet:
		return []string{addrLine(o)}
	case RouteSet:
		return []string{routeLine(o)}
	case RuleSet:
		return []string{ruleLine(o)}
	case NeighSet:
		return []string{neighLine(o)}
	case SysctlSet:
		return []string{inside(o.NS, "sysctl", "-qw", o.Key+"="+o.Value)}
	case HostsAdd:
		return fileLines(o.NS, "hosts", ">>", o.IP.String()+"\t"+strings.Join(o.Names, " "))
	case DNSSet:
		return dnsLines(o)
	case FileRestore:
		return restoreLines(o)
	}
	return nil
}

// line joins words for the shell, leaving out empty ones.
func line(args ...string) string {
	var out []string
	for _, a := range args {
		if a != "" {
			out = append(out, shellWord(a))
		}
	}
	return strings.Join(out, " ")
}

// shellWord quotes a word where the shell would not take it as it is.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-./:=@%+,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ip is an ip command in a namespace.
func ip(ns string, args ...string) string {
	if ns == Start {
		return line(append([]string{"ip"}, args...)...)
	}
	return line(append([]string{"ip", "-n", ns}, args...)...)
}

// inside is any program in a namespace.
func inside(ns string, args ...string) string {
	if ns == Start {
		return line(args...)
	}
	return line(append([]string{"ip", "netns", "exec", ns}, args...)...)
}

// netns is a namespace as an argument: ip(8) has no name for the first one,
// and takes that of a process for it.
func netns(ns string) string {
	if ns == Start {
		return "1"
	}
	return ns
}

// some gives a name with its value, or nothing without one.
func some(name, value string) []string {
	if value == "" {
		return nil
	}
	return []string{name, value}
}

func someInt(name string, n int) []string {
	if n == 0 {
		return nil
	}
	return []string{name, strconv.Itoa(n)}
}

func someAddr(name string, a netip.Addr) []string {
	if !a.IsValid() {
		return nil
	}
	return []string{name, a.String()}
}

func join(parts ...[]string) []string {
	var out []string
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// linkLines make an interface, set what cannot be said there, and bring it up.
func linkLines(o LinkAdd) []string {
	l := o.Link
	if o.Peer == nil {
		return append([]string{makeLine(l)}, finish(l)...)
	}
	p := *o.Peer
	if p.NS == Start && l.NS != Start {
		l, p = p, l // the other way round no number is needed for Start
	}
	args := join([]string{"link", "add", "name", l.Name}, some("address", l.MAC), someInt("mtu", l.MTU),
		[]string{"type", "veth", "peer", "name", p.Name}, some("address", p.MAC), someInt("mtu", p.MTU))
	if p.NS != l.NS {
		args = append(args, "netns", netns(p.NS))
	}
	return join([]string{ip(l.NS, args...)}, finish(l), finish(p))
}

func makeLine(l Link) string {
	if l.Kind == "tap" || l.Kind == "tun" {
		args := []string{"tuntap", "add", "dev", l.Name, "mode", l.Kind}
		if t := l.Tun; t != nil {
			if t.User != nil {
				args = append(args, "user", strconv.Itoa(*t.User))
			}
			if t.Group != nil {
				args = append(args, "group", strconv.Itoa(*t.Group))
			}
			if t.MultiQueue {
				args = append(args, "multi_queue")
			}
		}
		return ip(l.NS, args...)
	}
	args := []string{"link", "add", "name", l.Name}
	if l.Parent != "" && l.VXLAN == nil {
		args = []string{"link", "add", "link", l.Parent, "name", l.Name}
	}
	args = join(args, some("address", l.MAC), someInt("mtu", l.MTU), []string{"type", l.Kind}, kindArgs(l))
	return ip(l.NS, args...)
}

func kindArgs(l Link) []string {
	switch {
	case l.Bridge != nil:
		return bridgeArgs(l.Bridge)
	case l.Macvlan != nil:
		return some("mode", l.Macvlan.Mode)
	case l.VXLAN != nil:
		return vxlanArgs(l)
	}
	return nil
}

func bridgeArgs(b *Bridge) []string {
	var out []string
	if b.STP != nil {
		out = append(out, "stp_state", digit(*b.STP))
	}
	if b.VLANFiltering != nil {
		out = append(out, "vlan_filtering", digit(*b.VLANFiltering))
	}
	if b.Ageing != nil {
		out = append(out, "ageing_time", strconv.FormatInt(b.Ageing.Milliseconds()/10, 10))
	}
	return out
}

func digit(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

func vxlanArgs(l Link) []string {
	v := l.VXLAN
	remote := "remote"
	if v.Remote.IsMulticast() {
		remote = "group"
	}
	port := v.Port
	if port == 0 {
		port = 4789
	}
	learning := ""
	if v.Learning != nil {
		learning = "nolearning"
		if *v.Learning {
			learning = "learning"
		}
	}
	return join([]string{"id", strconv.Itoa(v.ID)}, someAddr("local", v.Local), someAddr(remote, v.Remote),
		some("dev", l.Parent), someInt("ttl", v.TTL), []string{"dstport", strconv.Itoa(port), learning})
}

// finish sets what the making of an interface has no words for.
func finish(l Link) []string {
	var args []string
	if l.Kind == "tap" || l.Kind == "tun" {
		args = join(args, some("address", l.MAC), someInt("mtu", l.MTU))
	}
	args = join(args, some("master", l.Master), some("alias", l.Alias))
	if l.Promisc {
		args = append(args, "promisc", "on")
	}
	if l.Up {
		args = append(args, "up")
	}
	if len(args) == 0 {
		return nil
	}
	return []string{ip(l.NS, append([]string{"link", "set", "dev", l.Name}, args...)...)}
}

func setLines(o LinkSet) []string {
	var out []string
	name := o.Name
	set := func(args ...string) {
		out = append(out, ip(o.NS, append([]string{"link", "set", "dev", name}, args...)...))
	}
	if o.Down {
		set("down")
	}
	if o.NewName != nil {
		set("name", *o.NewName)
		name = *o.NewName
	}
	if o.MAC != nil {
		set("address", *o.MAC)
	}
	if o.MTU != nil {
		set("mtu", strconv.Itoa(*o.MTU))
	}
	switch {
	case o.Master == nil:
	case *o.Master == "":
		set("nomaster")
	default:
		set("master", *o.Master)
	}
	if o.Alias != nil {
		out = append(out, ip(o.NS, "link", "set", "dev", name, "alias")+" "+shellWord(*o.Alias))
	}
	if o.Promisc != nil {
		set("promisc", map[bool]string{true: "on", false: "off"}[*o.Promisc])
	}
	if o.Up {
		set("up")
	}
	if o.Bridge != nil {
		set(append([]string{"type", "bridge"}, bridgeArgs(o.Bridge)...)...)
	}
	return out
}

func addrLine(o AddrSet) string {
	a := o.Addr
	local := []string{a.Prefix.String()}
	if a.Peer.IsValid() {
		local = []string{a.Prefix.Addr().String(), "peer", netip.PrefixFrom(a.Peer, a.Prefix.Bits()).String()}
	}
	args := join([]string{"addr", string(o.Verb)}, local)
	if o.Verb != Del {
		args = join(args, someAddr("broadcast", a.Broadcast), some("scope", a.Scope), some("label", a.Label), someInt("metric", a.Metric))
		if a.Valid > 0 {
			args = append(args, "valid_lft", seconds(a.Valid), "preferred_lft", seconds(a.Preferred))
		}
	}
	args = append(args, "dev", a.Link)
	if o.Verb != Del {
		args = append(args, flag("nodad", a.NoDAD), flag("noprefixroute", a.NoPrefixRoute))
	}
	return ip(a.NS, args...)
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func routeLine(o RouteSet) string {
	r := o.Route
	args := []string{family6(r.Dest.Addr().Is6()), "route", string(o.Verb), r.Type, Dest(r.Dest)}
	args = join(args, viaArgs(r.Dest, r.Via), some("dev", r.Dev), someAddr("src", r.Src), someInt("metric", r.Metric), someInt("table", r.Table))
	switch {
	case r.Proto != 0:
		args = append(args, "proto", strconv.Itoa(r.Proto))
	case o.Verb != Del:
		args = append(args, "proto", "static")
	}
	args = join(args, some("scope", r.Scope), []string{flag("onlink", r.OnLink)})
	for _, h := range r.Nexthop {
		args = join(args, []string{"nexthop"}, viaArgs(r.Dest, h.Via), some("dev", h.Dev), someInt("weight", h.Weight), []string{flag("onlink", h.OnLink)})
	}
	return ip(r.NS, args...)
}

func family6(v6 bool) string { return flag("-6", v6) }

// viaArgs names the family of a gateway where it is another than the
// destination's.
func viaArgs(dest netip.Prefix, via netip.Addr) []string {
	if via.IsValid() && via.Is6() && !dest.Addr().Is6() {
		return []string{"via", "inet6", via.String()}
	}
	return someAddr("via", via)
}

func ruleLine(o RuleSet) string {
	r := o.Rule
	from, to := "all", ""
	if r.From.IsValid() {
		from = r.From.String()
	}
	if r.To.IsValid() {
		to = r.To.String()
	}
	mark := ""
	if r.Mark != 0 || r.Mask != 0 {
		mark = fmt.Sprintf("%#x", r.Mark)
		if r.Mask != 0 && r.Mask != 0xffffffff {
			mark += fmt.Sprintf("/%#x", r.Mask)
		}
	}
	args := join([]string{family6(r.Family == 6), "rule", string(o.Verb), flag("not", r.Not), "from", from}, some("to", to),
		some("iif", r.IIf), some("oif", r.OIf), some("fwmark", mark), someInt("tos", r.TOS), someInt("priority", r.Priority),
		someInt("table", r.Table), []string{r.Action})
	return ip(r.NS, args...)
}

func neighLine(o NeighSet) string {
	n := o.Neigh
	if n.Proxy {
		return ip(n.NS, "neigh", string(o.Verb), "proxy", n.IP.String(), "dev", n.Dev)
	}
	args := []string{"neigh", string(o.Verb), n.IP.String()}
	if o.Verb != Del {
		args = append(args, "lladdr", n.MAC, "nud", "permanent")
	}
	return ip(n.NS, append(args, "dev", n.Dev)...)
}
