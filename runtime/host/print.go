package host

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// words joins the non-empty ones with spaces.
func words(parts ...string) string {
	out := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}

// opt gives "name value", or nothing for an empty value.
func opt(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func optInt(name string, n int) string {
	if n == 0 {
		return ""
	}
	return opt(name, strconv.Itoa(n))
}

func optAddr(name string, a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return opt(name, a.String())
}

func optSwitch(name string, b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return name + " on"
	}
	return name + " off"
}

func flag(name string, on bool) string {
	if on {
		return name
	}
	return ""
}

// Dest prints a destination as routes are written: default for 0/0.
func Dest(p netip.Prefix) string {
	if p.IsValid() && p.Bits() == 0 {
		return "default"
	}
	return p.String()
}

func (e End) String() string { return e.NS + ":" + e.Name }

// End returns where the interface is, by name.
func (l Link) End() End { return End{l.NS, l.Name} }

func (o NamespaceAdd) String() string   { return "ns " + o.Name }
func (o NamespaceAdopt) String() string { return "ns " + o.Name + " from " + o.Path }
func (o NamespaceDel) String() string   { return "ns del " + o.Name }
func (o LinkDel) String() string        { return "link del " + End{o.NS, o.Name}.String() }

func (o LinkAdd) String() string {
	if o.Peer != nil {
		return words("veth", o.Link.side(), "<->", o.Peer.side())
	}
	l := o.Link
	return words(l.Kind, l.End().String(), opt("on", l.Parent), l.kindOptions(), opt("mac", l.MAC),
		optInt("mtu", l.MTU), opt("master", l.Master), flag("down", !l.Up))
}

func (l Link) side() string {
	return words(l.End().String(), opt("mac", l.MAC), optInt("mtu", l.MTU), opt("master", l.Master), flag("down", !l.Up))
}

func (l Link) kindOptions() string {
	switch {
	case l.Bridge != nil:
		return l.Bridge.String()
	case l.Tun != nil:
		return words(optPtr("user", l.Tun.User), optPtr("group", l.Tun.Group), flag("multi_queue", l.Tun.MultiQueue))
	case l.Macvlan != nil:
		return opt("mode", l.Macvlan.Mode)
	case l.VXLAN != nil:
		v := l.VXLAN
		return words("id", strconv.Itoa(v.ID), optAddr("local", v.Local), optAddr("remote", v.Remote),
			optInt("port", v.Port), optInt("ttl", v.TTL), optSwitch("learning", v.Learning))
	}
	return ""
}

func optPtr(name string, n *int) string {
	if n == nil {
		return ""
	}
	return opt(name, strconv.Itoa(*n))
}

func (b *Bridge) String() string {
	ageing := ""
	if b.Ageing != nil {
		ageing = b.Ageing.String()
	}
	return words(optSwitch("stp", b.STP), optSwitch("vlan_filtering", b.VLANFiltering), opt("ageing", ageing))
}

func (o LinkSet) String() string {
	s := words("link set", End{o.NS, o.Name}.String(), flag("down", o.Down))
	if o.NewName != nil {
		s = words(s, "name", *o.NewName)
	}
	if o.MAC != nil {
		s = words(s, "mac", *o.MAC)
	}
	if o.MTU != nil {
		s = words(s, "mtu", strconv.Itoa(*o.MTU))
	}
	if o.Master != nil {
		s = words(s, "nomaster")
		if *o.Master != "" {
			s = strings.TrimSuffix(s, "nomaster") + "master " + *o.Master
		}
	}
	if o.Alias != nil {
		s = words(s, "alias", strconv.Quote(*o.Alias))
	}
	s = words(s, optSwitch("promisc", o.Promisc))
	if o.Bridge != nil {
		s = words(s, o.Bridge.String())
	}
	return words(s, flag("up", o.Up))
}

func (o LinkMove) String() string {
	return words("link set", End{o.NS, o.Name}.String(), "netns", o.To)
}

func (o AddrSet) String() string {
	a := o.Addr
	return words("addr", string(o.Verb), End{a.NS, a.Link}.String(), a.Prefix.String(), optAddr("peer", a.Peer),
		optAddr("broadcast", a.Broadcast), opt("scope", a.Scope), opt("label", a.Label), flag("nodad", a.NoDAD))
}

func (o RouteSet) String() string {
	return words("in", o.Route.NS, "route", string(o.Verb), o.Route.String())
}

// String prints the route as `route add` takes it.
func (r Route) String() string {
	s := words(r.Type, Dest(r.Dest), optAddr("via", r.Via), opt("dev", r.Dev), optAddr("src", r.Src),
		optInt("metric", r.Metric), optInt("table", r.Table), optInt("proto", r.Proto), opt("scope", r.Scope),
		flag("onlink", r.OnLink))
	for _, h := range r.Nexthop {
		s = words(s, "nexthop", optAddr("via", h.Via), opt("dev", h.Dev), optInt("weight", h.Weight), flag("onlink", h.OnLink))
	}
	return s
}

func (o RuleSet) String() string {
	return words("in", o.Rule.NS, "rule", string(o.Verb), o.Rule.String())
}

// String prints the rule as `rule add` takes it.
func (r Rule) String() string {
	mark := ""
	if r.Mark != 0 || r.Mask != 0 {
		mark = fmt.Sprintf("%#x", r.Mark)
		if r.Mask != 0 && r.Mask != 0xffffffff {
			mark += fmt.Sprintf("/%#x", r.Mask)
		}
	}
	family := ""
	if r.Family == 6 && !r.From.IsValid() && !r.To.IsValid() {
		family = "inet6"
	}
	return words(opt("family", family), flag("not", r.Not), optPrefix("from", r.From), optPrefix("to", r.To),
		opt("iif", r.IIf), opt("oif", r.OIf), opt("fwmark", mark), optInt("tos", r.TOS),
		optInt("priority", r.Priority), r.Action, optInt("table", r.Table))
}

func optPrefix(name string, p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return opt(name, p.String())
}

func (o NeighSet) String() string {
	n := o.Neigh
	return words("in", n.NS, "neigh", string(o.Verb), n.IP.String(), opt("lladdr", n.MAC), "dev", n.Dev, flag("proxy", n.Proxy))
}

func (o SysctlSet) String() string { return words("in", o.NS, "sysctl", o.Key, "=", o.Value) }

func (o HostsAdd) String() string {
	return words("in", o.NS, "hosts", o.IP.String(), strings.Join(o.Names, " "))
}

func (o DNSSet) String() string {
	servers := make([]string, len(o.Servers))
	for i, s := range o.Servers {
		servers[i] = s.String()
	}
	return words("in", o.NS, "dns", strings.Join(servers, " "))
}

func (o FileRestore) String() string { return words("restore", "/etc/netns/"+o.NS+"/"+o.Name) }

func (o GroupAdd) String() string  { return "programs " + o.ID }
func (o GroupKill) String() string { return "end programs " + o.ID }

// Details prints what only interfaces of its kind have.
func (l Link) Details() string {
	return words(opt("on", l.Parent), l.kindOptions(), flag("promisc", l.Promisc), opt("alias", quoted(l.Alias)))
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}
