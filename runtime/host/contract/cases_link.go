package contract

import "vnet/runtime/host"

func (o ops) spaceCases() []testCase {
	cable := []host.Op{o.veth("a:x", "b:y"), o.addr(host.Add, "a:x", "10.0.0.1/24"), o.addr(host.Add, "b:y", "10.0.0.2/24")}
	return []testCase{
		{"namespace twice", nil, host.NamespaceAdd{Name: o.ns("a")}},
		{"namespace del of none", nil, host.NamespaceDel{Name: o.ns("none")}},
		{"namespace del", []host.Op{o.addr(host.Add, "a:lo", "10.9.9.9/32")}, host.NamespaceDel{Name: o.ns("a")}},
		{"namespace del with cable", cable, host.NamespaceDel{Name: o.ns("a")}},
	}
}

func (o ops) linkCases() []testCase {
	cable := []host.Op{o.veth("a:x", "b:y")}
	full := []host.Op{o.veth("a:x", "b:y"), o.addr(host.Add, "a:x", "10.0.0.1/24"), o.addr(host.Add, "a:x", "fd00::1/64"),
		o.addr(host.Add, "b:y", "10.0.0.2/24"), o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2"), o.route(host.Add, "b", "0.0.0.0/0 via 10.0.0.1")}
	sw := []host.Op{o.add("bridge", "a:sw"), o.veth("b:y", "a:p"), o.set("a:p", master("sw"))}
	return []testCase{
		{"veth", nil, o.veth("a:x", "b:y")},
		{"veth in one namespace", nil, o.veth("a:x", "a:y")},
		{"veth twice", cable, o.veth("a:x", "b:z")},
		{"veth peer taken", cable, o.veth("a:z", "b:y")},
		{"veth to itself", nil, o.veth("a:x", "a:x")},
		{"veth into no namespace", nil, o.veth("a:x", "none:y")},
		{"veth mtu too small", nil, o.withMTU(o.veth("a:x", "b:y"), 67)},
		{"veth mtu too large", nil, o.withMTU(o.veth("a:x", "b:y"), 65536)},
		{"veth mtu", nil, o.withMTU(o.veth("a:x", "b:y"), 9000)},
		{"veth into bridge", sw[:1], o.withMaster(o.veth("b:y", "a:p"), "sw")},
		{"bridge", nil, o.add("bridge", "a:sw")},
		{"bridge twice", sw, o.add("bridge", "a:sw")},
		{"tap", nil, o.add("tap", "a:t")},
		{"tun", nil, o.add("tun", "a:t")},
		{"tap over veth", cable, o.add("tap", "a:x")},
		{"macvlan", cable, o.add("macvlan", "a:m", on("x"))},
		{"macvlan on nothing", nil, o.add("macvlan", "a:m", on("none"))},
		{"macvlan mtu too large", cable, o.add("macvlan", "a:m", on("x"), mtu(9000))},
		{"macvlan on port", sw, o.add("macvlan", "a:m", on("p"))},
		{"macvlan on bridge", sw, o.add("macvlan", "a:m", on("sw"))},
		{"vxlan", cable, o.add("vxlan", "a:vx", on("x"), vni(5))},
		{"vxlan without device", nil, o.add("vxlan", "a:vx", vni(5))},
		{"vxlan id of one that was deleted", []host.Op{o.add("vxlan", "a:vx", vni(5)), o.del("a:vx")}, o.add("vxlan", "a:vx", vni(5))},
		{"vxlan id of one that went with what it stood on", append(cable[:1:1], o.add("vxlan", "a:vx", on("x"), vni(5)), o.del("b:y")), o.add("vxlan", "a:vy", vni(5))},
		{"vxlan id of one deleted elsewhere", []host.Op{o.add("vxlan", "a:vx", vni(5)), o.del("a:vx")}, o.add("vxlan", "b:vx", vni(5))},
		{"vxlan id twice", []host.Op{o.add("vxlan", "a:vx", vni(5))}, o.add("vxlan", "a:vy", vni(5))},
		{"link del of none", nil, o.del("a:x")},
		{"link del lo", nil, o.del("a:lo")},
		{"link del veth", full, o.del("b:y")},
		{"link del bridge", sw, o.del("a:sw")},
		{"link del under macvlan", append(cable[:1:1], o.add("macvlan", "a:m", on("x"))), o.del("a:x")},
		{"link del under vxlan", append(cable[:1:1], o.add("vxlan", "a:vx", on("x"), vni(5))), o.del("b:y")},
		{"move", full, o.move("a:x", "c")},
		{"move bridge", sw, o.move("a:sw", "b")},
		{"move lo", nil, o.move("a:lo", "b")},
		{"move over another", append(cable[:1:1], o.add("tap", "c:x")), o.move("a:x", "c")},
		{"move port", sw, o.move("a:p", "c")},
		{"move macvlan", append(cable[:1:1], o.add("macvlan", "a:m", on("x"))), o.move("a:m", "c")},
		{"move to the far end", cable, o.move("a:x", "b")},
	}
}

// moveCases move an interface that carries something to where not all of that
// has a place, or away from what depends on it.
func (o ops) moveCases() []testCase {
	cable := []host.Op{o.veth("a:x", "b:y"), o.addr(host.Add, "a:x", "10.0.0.1/24"), o.addr(host.Add, "a:x", "fd00::1/64"),
		o.addr(host.Add, "b:y", "10.0.0.2/24"), o.addr(host.Add, "b:y", "fd00::2/64"), o.veth("a:z", "c:w"), o.addr(host.Add, "a:z", "10.1.0.1/24"),
		o.addr(host.Add, "a:z", "fd01::1/64"), o.addr(host.Add, "c:w", "10.1.0.2/24"), o.addr(host.Add, "c:w", "fd01::2/64")}
	with := func(more ...host.Op) []host.Op { return append(cable[:len(cable):len(cable)], more...) }
	return []testCase{
		{"move to its gateway", with(o.route(host.Add, "b", "0.0.0.0/0 via 10.0.0.1")), o.move("b:y", "a")},
		{"move to its gateway of IPv6", with(o.route(host.Add, "b", "::/0 via fd00::1")), o.move("b:y", "a")},
		{"move to a route like its own", with(o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2"), o.route(host.Add, "c", "10.9.0.0/24 via 10.1.0.1")), o.move("a:x", "c")},
		{"move to a route of IPv6 like its own", with(o.route(host.Add, "a", "fd09::/64 via fd00::2"), o.route(host.Add, "c", "fd09::/64 via fd01::1")), o.move("a:x", "c")},
		{"move of routes to one destination", with(o.route(host.Add, "a", "fd09::/64 via fd00::2"), o.route(host.Append, "a", "fd09::/64 via fd00::9"),
			o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2"), o.route(host.Append, "a", "10.9.0.0/24 via 10.0.0.9")), o.move("a:x", "c")},
		{"move of a route behind another", with(o.route(host.Add, "a", "10.9.0.0/24 via 10.1.0.2"), o.route(host.Append, "a", "10.9.0.0/24 via 10.0.0.2")), o.move("a:x", "c")},
		{"move from the source of its route", with(o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2 src 10.1.0.1")), o.move("a:x", "c")},
		{"move of the source of a route", with(o.route(host.Add, "a", "10.9.0.0/24 via 10.1.0.2 src 10.0.0.1")), o.move("a:x", "c")},
		{"move without its connected route", with(o.route(host.Del, "a", "10.0.0.0/24 dev x"), o.route(host.Del, "a", "fd00::/64 dev x")), o.move("a:x", "c")},
		{"move while down", with(o.set("a:x", down)), o.move("a:x", "c")},
		{"move of secondaries", with(o.addr(host.Add, "a:x", "10.0.0.3/24"), o.addr(host.Add, "a:x", "fd00::3/64")), o.move("a:x", "c")},
		{"move of neighbours", with(o.neigh(host.Add, "a:x", "10.0.0.7"), o.neigh(host.Add, "a:z", "10.1.0.7")), o.move("a:x", "c")},
		{"move beside the same address", with(o.addr(host.Add, "c:w", "10.0.0.1/24"), o.addr(host.Add, "c:w", "fd00::1/64")), o.move("a:x", "c")},
	}
}

func (o ops) withMTU(l host.LinkAdd, n int) host.LinkAdd {
	l.Link.MTU, l.Peer.MTU = n, n
	return l
}

func (o ops) withMaster(l host.LinkAdd, m string) host.LinkAdd {
	l.Peer.Master = m
	return l
}

func (o ops) setCases() []testCase {
	cable := []host.Op{o.veth("a:x", "b:y")}
	full := []host.Op{o.veth("a:x", "b:y"), o.veth("a:z", "b:w"), o.addr(host.Add, "a:x", "10.0.0.1/24"), o.addr(host.Add, "a:x", "fd00::1/64"),
		o.route(host.Add, "a", "10.9.0.0/24 via 10.0.0.2"), o.route(host.Add, "a", "fd09::/64 via fd00::2"),
		o.route(host.Add, "a", "10.8.0.0/24 dev z"), o.neigh(host.Add, "a:x", "10.0.0.7")}
	sw := []host.Op{o.add("bridge", "a:sw"), o.add("bridge", "a:sx"), o.veth("b:y", "a:p"), o.add("tun", "a:t")}
	port := append(sw[:len(sw):len(sw)], o.set("a:p", master("sw")))
	return []testCase{
		{"set of none", nil, o.set("a:x", up)},
		{"down", full, o.set("a:x", down)},
		{"up again", append(full[:len(full):len(full)], o.set("a:x", down)), o.set("a:x", up)},
		{"rename", full, o.set("a:x", newName("q"))},
		{"rename to another", full, o.set("a:x", newName("z"))},
		{"mtu", full, o.set("a:x", setMTU(1400))},
		{"mtu below ipv6", full, o.set("a:x", setMTU(1000))},
		{"mtu too small", cable, o.set("a:x", setMTU(67))},
		{"mtu too large", cable, o.set("a:x", setMTU(65536))},
		{"mtu of tap too large", []host.Op{o.add("tap", "a:t")}, o.set("a:t", setMTU(65522))},
		{"mtu of tun", []host.Op{o.add("tun", "a:t")}, o.set("a:t", setMTU(65535))},
		{"mtu under macvlan", append(cable[:1:1], o.add("macvlan", "a:m", on("x"))), o.set("a:x", setMTU(1400))},
		{"mtu of macvlan too large", append(cable[:1:1], o.add("macvlan", "a:m", on("x"))), o.set("a:m", setMTU(1501))},
		{"mac", full, o.set("a:x", mac("02:00:00:00:00:01"))},
		{"mac of a group", cable, o.set("a:x", mac("01:00:00:00:00:01"))},
		{"mac zero", cable, o.set("a:x", mac("00:00:00:00:00:00"))},
		{"alias", cable, o.set("a:x", alias("uplink"))},
		{"promisc", cable, o.set("a:x", promisc(true))},
		{"stp", sw, o.set("a:sw", stp(true))},
		{"master", sw, o.set("a:p", master("sw"))},
		{"master twice", port, o.set("a:p", master("sw"))},
		{"master of another", port, o.set("a:p", master("sx"))},
		{"nomaster", port, o.set("a:p", master(""))},
		{"master of none", sw, o.set("a:p", master("none"))},
		{"master no bridge", append(sw[:len(sw):len(sw)], o.veth("a:x", "b:x")), o.set("a:p", master("x"))},
		{"bridge in bridge", sw, o.set("a:sx", master("sw"))},
		{"tun in bridge", sw, o.set("a:t", master("sw"))},
		{"lo in bridge", sw, o.set("a:lo", master("sw"))},
		{"macvlan parent in bridge", append(sw[:len(sw):len(sw)], o.add("macvlan", "a:m", on("p"))), o.set("a:p", master("sw"))},
	}
}
