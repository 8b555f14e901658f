package contract

import "vnet/runtime/host"

func (o ops) addrCases() []testCase {
	cable := []host.Op{o.veth("a:x", "b:y"), o.veth("a:z", "b:w")}
	with := func(more ...host.Op) []host.Op { return append(cable[:2:2], more...) }
	one := o.addr(host.Add, "a:x", "10.0.0.1/24")
	two := o.addr(host.Add, "a:x", "10.0.0.2/24")
	six := o.addr(host.Add, "a:x", "fd00::1/64")
	return []testCase{
		{"addr", cable, one},
		{"addr twice", with(one), one},
		{"addr with another length", with(one), o.addr(host.Add, "a:x", "10.0.0.1/25")},
		{"addr on another link", with(one), o.addr(host.Add, "a:z", "10.0.0.1/24")},
		{"addr secondary", with(one), two},
		{"addr of one host", cable, o.addr(host.Add, "a:x", "10.0.0.1/32")},
		{"addr on lo", cable, o.addr(host.Add, "a:lo", "10.0.0.1/24")},
		{"addr on none", nil, one},
		{"addr on link that is down", with(o.set("a:x", down)), one},
		{"addr replace", with(one), o.addr(host.Replace, "a:x", "10.0.0.1/24")},
		{"addr del", with(one), o.addr(host.Del, "a:x", "10.0.0.1/24")},
		{"addr del of none", with(one), o.addr(host.Del, "a:x", "10.0.0.9/24")},
		{"addr del with another length", with(one), o.addr(host.Del, "a:x", "10.0.0.1/25")},
		{"addr del primary", with(one, two), o.addr(host.Del, "a:x", "10.0.0.1/24")},
		{"addr del primary promotes", with(o.sysctl("a", "net.ipv4.conf.all.promote_secondaries", "1"), one, two), o.addr(host.Del, "a:x", "10.0.0.1/24")},
		{"addr del secondary", with(one, two), o.addr(host.Del, "a:x", "10.0.0.2/24")},
		{"addr del with routes", with(one, o.addr(host.Add, "a:x", "10.7.0.1/24"), o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2"),
			o.route(host.Add, "a", "10.8.0.0/24 dev z src 10.0.0.1")), o.addr(host.Del, "a:x", "10.0.0.1/24")},
		{"addr del of the last", with(one, o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2"), o.route(host.Add, "a", "10.8.0.0/24 dev x"),
			o.neigh(host.Add, "a:x", "10.0.0.7")), o.addr(host.Del, "a:x", "10.0.0.1/24")},
		{"addr del one of two links", with(one, o.addr(host.Add, "a:z", "10.0.0.3/24")), o.addr(host.Del, "a:x", "10.0.0.1/24")},
		{"addr6", cable, six},
		{"addr6 twice", with(six), six},
		{"addr6 with another length", with(six), o.addr(host.Add, "a:x", "fd00::1/65")},
		{"addr6 of one host", cable, o.addr(host.Add, "a:x", "fd00::1/128")},
		{"addr6 on link that is down", with(o.set("a:x", down)), six},
		{"addr6 multicast", cable, o.addr(host.Add, "a:x", "ff02::1/64")},
		{"addr6 unspecified", cable, o.addr(host.Add, "a:x", "::/64")},
		{"addr6 loopback", cable, o.addr(host.Add, "a:x", "::1/128")},
		{"addr6 small mtu", with(o.set("a:x", setMTU(1000))), six},
		{"addr6 switched off", with(o.sysctl("a", "net.ipv6.conf.x.disable_ipv6", "1")), six},
		{"addr6 del", with(six, o.route(host.Add, "a", "fd09::/64 via fd00::2")), o.addr(host.Del, "a:x", "fd00::1/64")},
		{"addr6 del of none", with(six), o.addr(host.Del, "a:x", "fd00::9/64")},
		{"addr6 del one of two", with(six, o.addr(host.Add, "a:x", "fd00::2/64")), o.addr(host.Del, "a:x", "fd00::1/64")},
	}
}

func (o ops) routeCases() []testCase {
	base := []host.Op{o.veth("a:x", "b:y"), o.veth("a:z", "b:w"), o.addr(host.Add, "a:x", "10.0.0.1/24"), o.addr(host.Add, "a:x", "fd00::1/64")}
	with := func(more ...host.Op) []host.Op { return append(base[:len(base):len(base)], more...) }
	r := func(verb host.Verb, text string) host.Op { return o.route(verb, "a", text) }
	one, one6 := r(host.Add, "10.9.0.0/24 via 10.0.0.2"), r(host.Add, "fd09::/64 via fd00::2")
	return []testCase{
		{"route", base, one},
		{"route default", base, r(host.Add, "0.0.0.0/0 via 10.0.0.2")},
		{"route twice", with(one), one},
		{"route via another", with(one), r(host.Add, "10.9.0.0/24 via 10.0.0.3")},
		{"route with another metric", with(one), r(host.Add, "10.9.0.0/24 via 10.0.0.3 metric 5")},
		{"route append", with(one), r(host.Append, "10.9.0.0/24 via 10.0.0.3")},
		{"route append the same", with(one), r(host.Append, "10.9.0.0/24 via 10.0.0.2")},
		{"route change", with(one), r(host.Change, "10.9.0.0/24 via 10.0.0.3")},
		{"route change of none", base, r(host.Change, "10.9.0.0/24 via 10.0.0.3")},
		{"route change of connected", base, r(host.Change, "10.0.0.0/24 dev z")},
		{"route replace", with(one), r(host.Replace, "10.9.0.0/24 via 10.0.0.3")},
		{"route replace of none", base, r(host.Replace, "10.9.0.0/24 via 10.0.0.3")},
		{"route del", with(one), r(host.Del, "10.9.0.0/24")},
		{"route del of none", base, r(host.Del, "10.9.0.0/24")},
		{"route del via another", with(one), r(host.Del, "10.9.0.0/24 via 10.0.0.3")},
		{"route del one of two", with(one, r(host.Append, "10.9.0.0/24 via 10.0.0.3"), r(host.Append, "10.9.0.0/24 via 10.0.0.4")), r(host.Del, "10.9.0.0/24 via 10.0.0.3")},
		{"route via nowhere", base, r(host.Add, "10.9.0.0/24 via 10.5.0.2")},
		{"route via nowhere dev", base, r(host.Add, "10.9.0.0/24 via 10.5.0.2 dev x")},
		{"route onlink", base, r(host.Add, "10.9.0.0/24 via 10.5.0.2 dev x onlink")},
		{"route onlink without dev", base, r(host.Add, "10.9.0.0/24 via 10.5.0.2 onlink")},
		{"route via the wrong dev", base, r(host.Add, "10.9.0.0/24 via 10.0.0.2 dev z")},
		{"route via a routed gateway", with(one), r(host.Add, "10.10.0.0/24 via 10.9.0.5")},
		{"route via broadcast", base, r(host.Add, "10.9.0.0/24 via 10.0.0.255")},
		{"route via itself", base, r(host.Add, "10.9.0.0/24 via 10.0.0.1")},
		{"route dev", base, r(host.Add, "10.9.0.0/24 dev z")},
		{"route dev of none", base, r(host.Add, "10.9.0.0/24 dev none")},
		{"route dev that is down", with(o.set("a:z", down)), r(host.Add, "10.9.0.0/24 dev z")},
		{"route via dev that is down", with(o.set("a:z", down)), r(host.Add, "10.9.0.0/24 via 10.5.0.1 dev z")},
		{"route to host bits", base, r(host.Add, "10.9.0.1/24 via 10.0.0.2")},
		{"route src", base, r(host.Add, "10.9.0.0/24 dev x src 10.0.0.1")},
		{"route src of another", base, r(host.Add, "10.9.0.0/24 dev x src 10.0.0.9")},
		{"route blackhole", base, r(host.Add, "blackhole 10.9.0.0/24")},
		{"route blackhole twice", with(r(host.Add, "blackhole 10.9.0.0/24")), r(host.Add, "unreachable 10.9.0.0/24")},
		{"route in a table", base, r(host.Add, "10.9.0.0/24 via 10.0.0.2 table 100")},
		{"route to a connected subnet", base, r(host.Add, "10.0.0.0/24 dev z")},
		{"route multipath", base, r(host.Add, "10.9.0.0/24 nexthop 10.0.0.2 nexthop 10.0.0.3")},
		{"route multipath via nowhere", base, r(host.Add, "10.9.0.0/24 nexthop 10.0.0.2 nexthop 10.5.0.3")},
		{"route6", base, one6},
		{"route6 twice", with(one6), one6},
		{"route6 append", with(one6), r(host.Append, "fd09::/64 via fd00::3")},
		{"route6 change", with(one6), r(host.Change, "fd09::/64 via fd00::3")},
		{"route6 change of none", base, r(host.Change, "fd09::/64 via fd00::3")},
		{"route6 del", with(one6), r(host.Del, "fd09::/64")},
		{"route6 del of none", base, r(host.Del, "fd09::/64")},
		{"route6 via nowhere", base, r(host.Add, "fd09::/64 via fd05::2")},
		{"route6 via itself", base, r(host.Add, "fd09::/64 via fd00::1")},
		{"route6 via link-local", base, r(host.Add, "fd09::/64 via fe80::1 dev x")},
		{"route6 via link-local without dev", base, r(host.Add, "fd09::/64 via fe80::1")},
		{"route6 dev that is down", with(o.set("a:z", down)), r(host.Add, "fd09::/64 dev z")},
		{"route6 src of another", base, r(host.Add, "fd09::/64 dev x src fd00::9")},
		{"route6 blackhole", base, r(host.Add, "blackhole fd09::/64")},
		{"route6 multipath", base, r(host.Add, "fd09::/64 nexthop fd00::2 nexthop fd00::3")},
	}
}

func (o ops) otherCases() []testCase {
	cable := []host.Op{o.veth("a:x", "b:y"), o.addr(host.Add, "a:x", "10.0.0.1/24")}
	with := func(more ...host.Op) []host.Op { return append(cable[:2:2], more...) }
	return []testCase{
		{"rule", nil, o.rule(host.Add, "a", "10.0.0.0/24", 50, 100)},
		{"rule without priority", nil, o.rule(host.Add, "a", "10.0.0.0/24", 0, 100)},
		{"rule second without priority", []host.Op{o.rule(host.Add, "a", "10.0.0.0/24", 50, 100)}, o.rule(host.Add, "a", "10.1.0.0/24", 0, 100)},
		{"rule twice", []host.Op{o.rule(host.Add, "a", "10.0.0.0/24", 50, 100)}, o.rule(host.Add, "a", "10.0.0.0/24", 50, 100)},
		{"rule del", []host.Op{o.rule(host.Add, "a", "10.0.0.0/24", 50, 100), o.rule(host.Add, "a", "10.1.0.0/24", 50, 100)}, o.rule(host.Del, "a", "10.0.0.0/24", 50, 0)},
		{"rule del of none", nil, o.rule(host.Del, "a", "10.0.0.0/24", 50, 0)},
		{"neigh", cable, o.neigh(host.Add, "a:x", "10.0.0.9")},
		{"neigh twice", with(o.neigh(host.Add, "a:x", "10.0.0.9")), o.neigh(host.Add, "a:x", "10.0.0.9")},
		{"neigh replace", with(o.neigh(host.Add, "a:x", "10.0.0.9")), o.neigh(host.Replace, "a:x", "10.0.0.9")},
		{"neigh del", with(o.neigh(host.Add, "a:x", "10.0.0.9")), o.neigh(host.Del, "a:x", "10.0.0.9")},
		{"neigh del of none", cable, o.neigh(host.Del, "a:x", "10.0.0.9")},
		{"neigh on none", cable, o.neigh(host.Add, "a:none", "10.0.0.9")},
		{"sysctl of none", cable, o.sysctl("a", "net.ipv4.conf.none.rp_filter", "1")},
		{"sysctl disable_ipv6", with(o.addr(host.Add, "a:x", "fd00::1/64")), o.sysctl("a", "net.ipv6.conf.x.disable_ipv6", "1")},
	}
}
