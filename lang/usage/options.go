package usage

import "slices"

// with returns base and more as one list, sorted by name.
func with(base []Option, more ...Option) []Option {
	all := append(slices.Clone(base), more...)
	slices.SortStableFunc(all, func(a, b Option) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}

// device holds the options of every statement that makes an interface.
var device = []Option{
	{Name: "down", Doc: "do not take it up"},
	{Name: "mac", Arg: "M", Kind: MAC, Arity: 1, Doc: "its hardware address"},
	{Name: "mtu", Arg: "N", Kind: Int, Min: 68, Max: 65535, Arity: 1, Doc: "the largest packet, in bytes"},
}

var tuntap = with(device,
	Option{Name: "group", Arg: "G", Kind: User, Arity: 1, Doc: "the group that may open it"},
	Option{Name: "multi_queue", Doc: "let several programs open it"},
	Option{Name: "user", Arg: "U", Kind: User, Arity: 1, Doc: "the user who may open it"},
)

// A tun carries packets without frames, and so has no hardware address.
var tun = slices.DeleteFunc(slices.Clone(tuntap), func(o Option) bool { return o.Name == "mac" })

// An uplink that is down would be none.
var uplink = with(slices.DeleteFunc(slices.Clone(device), func(o Option) bool { return o.Name == "down" }),
	Option{Name: "carrier", Arg: "PROGRAM", Kind: Word, Values: []string{"pasta", "slirp4netns"}, Arity: 1, Doc: "the program that carries it, else the first of them that is installed"},
)

var vxlan = with(device,
	Option{Name: "dev", Arg: "IF", Kind: Link, Arity: 1, Doc: "the interface its packets leave by"},
	Option{Name: "group", Arg: "IP", Kind: IP, Arity: 1, Doc: "the multicast group of the other ends"},
	Option{Name: "id", Arg: "N", Kind: Int, Min: 0, Max: 1<<24 - 1, Arity: 1, Required: true, Doc: "the network's number"},
	Option{Name: "learning", Arg: "on|off", Kind: Switch, Arity: 1, Doc: "learn addresses from what comes in"},
	Option{Name: "local", Arg: "IP", Kind: IP, Place: OwnIP, Arity: 1, Doc: "the address to send from"},
	Option{Name: "on", Arg: "IF", Kind: Link, Arity: 1, Same: "dev", Doc: "the interface its packets leave by"},
	Option{Name: "port", Arg: "N", Kind: Port, Arity: 1, Doc: "the UDP port"},
	Option{Name: "remote", Arg: "IP", Kind: IP, Arity: 1, Doc: "the address of the other end"},
	Option{Name: "ttl", Arg: "N", Kind: Int, Min: 0, Max: 255, Arity: 1, Doc: "the hop limit of its packets"},
)

var cable = []Option{
	{Name: "access", Arg: "VID", Kind: Int, Min: 1, Max: 4094, Arity: 1, Scope: Side, Doc: "the VLAN of the port", Later: "where the kernel can: `exec in NS bridge vlan add dev PORT vid 10 pvid untagged`"},
	{Name: "as", Arg: "PORT", Kind: Link, Place: NewLink, Arity: 1, Scope: Side, Doc: "the name of the bridge's port"},
	{Name: "delay", Arg: "D", Kind: Duration, Arity: 1, Scope: Cable, Doc: "the time a packet takes", Later: "where the kernel can: `exec in NS tc qdisc add dev IF root netem delay 50ms`"},
	{Name: "down", Scope: Cable, Doc: "do not take it up"},
	{Name: "jitter", Arg: "D", Kind: Duration, Arity: 1, Scope: Cable, Doc: "how much the delay varies", Later: "where the kernel can: `exec in NS tc qdisc add dev IF root netem delay 50ms 5ms`"},
	{Name: "loss", Arg: "P", Kind: Percent, Arity: 1, Scope: Cable, Doc: "how many packets are lost", Later: "where the kernel can: `exec in NS tc qdisc add dev IF root netem loss 1%`"},
	{Name: "mac", Arg: "M", Kind: MAC, Arity: 1, Scope: Side, Doc: "the hardware address of this end"},
	{Name: "mtu", Arg: "N", Kind: Int, Min: 68, Max: 65535, Arity: 1, Scope: Cable, Doc: "the largest packet, in bytes"},
	{Name: "net", Arg: "CIDR", Kind: CIDR, Arity: 1, Scope: Cable, Doc: "a subnet whose first two addresses the ends get"},
	{Name: "rate", Arg: "R", Kind: Rate, Arity: 1, Scope: Cable, Doc: "how much it carries", Later: "where the kernel can: `exec in NS tc qdisc add dev IF root netem rate 10mbit`"},
	{Name: "trunk", Arg: "[VID…]", Kind: Int, Min: 1, Max: 4094, Arity: Many, Optional: true, Scope: Side, Doc: "the VLANs that pass tagged", Later: "where the kernel can: `exec in NS bridge vlan add dev PORT vid 10`"},
}

// tables are the routing tables that have names.
var tables = []string{"default", "local", "main"}

var routes = []Option{
	{Name: "dev", Arg: "IF", Kind: Link, Arity: 1, Doc: "the interface to send by"},
	{Name: "metric", Arg: "N", Kind: Int, Min: 0, Max: 1<<32 - 1, Arity: 1, Doc: "its cost: the lowest wins"},
	{Name: "nexthop", Arg: "via IP [dev IF] [weight N]", Repeat: true, Doc: "one way of several"},
	{Name: "onlink", Doc: "believe that the gateway is on the link"},
	{Name: "proto", Arg: "P", Kind: Value, Arity: 1, Doc: "who made it"},
	{Name: "scope", Arg: "S", Kind: Value, Values: []string{"global", "host", "link", "nowhere", "site"}, Arity: 1, Doc: "how far it reaches"},
	{Name: "src", Arg: "IP", Kind: IP, Place: OwnIP, Arity: 1, Doc: "the address to send from"},
	{Name: "table", Arg: "T", Kind: Value, Values: tables, Arity: 1, Doc: "another routing table"},
	{Name: "via", Arg: "IP|NS", Kind: Value, Place: Gateway, Arity: 1, Doc: "the gateway"},
	{Name: "dev", Arg: "IF", Kind: Link, Arity: 1, Scope: Hop, Doc: "the interface to send by"},
	{Name: "onlink", Scope: Hop, Doc: "believe that the gateway is on the link"},
	{Name: "via", Arg: "IP|NS", Kind: Value, Place: Gateway, Arity: 1, Scope: Hop, Doc: "the gateway"},
	{Name: "weight", Arg: "N", Kind: Int, Min: 1, Max: 256, Arity: 1, Scope: Hop, Doc: "its share"},
}

var rules = []Option{
	{Name: "blackhole", Doc: "drop silently"},
	{Name: "family", Arg: "F", Kind: Word, Values: []string{"inet", "inet6"}, Arity: 1, Doc: "IPv4 or IPv6, where no address tells"},
	{Name: "from", Arg: "CIDR", Kind: Dest, Arity: 1, Doc: "the sender"},
	{Name: "fwmark", Arg: "N", Kind: Value, Arity: 1, Doc: "the mark of the packet"},
	{Name: "iif", Arg: "IF", Kind: Link, Arity: 1, Doc: "the interface it came in by"},
	{Name: "lookup", Arg: "T", Kind: Value, Values: tables, Arity: 1, Same: "table", Doc: "the routing table to ask"},
	{Name: "not", Doc: "turn the condition round"},
	{Name: "oif", Arg: "IF", Kind: Link, Arity: 1, Doc: "the interface it leaves by"},
	{Name: "pref", Arg: "N", Kind: Int, Min: 0, Max: 1<<32 - 1, Arity: 1, Same: "priority", Doc: "its place among the rules"},
	{Name: "priority", Arg: "N", Kind: Int, Min: 0, Max: 1<<32 - 1, Arity: 1, Doc: "its place among the rules"},
	{Name: "prohibit", Doc: "refuse: not allowed"},
	{Name: "table", Arg: "T", Kind: Value, Values: tables, Arity: 1, Doc: "the routing table to ask"},
	{Name: "to", Arg: "CIDR", Kind: Dest, Arity: 1, Doc: "the receiver"},
	{Name: "tos", Arg: "N", Kind: Value, Arity: 1, Doc: "the type of service"},
	{Name: "unreachable", Doc: "refuse: not reachable"},
}

// conditions are the options of what expect and wait until look at.
var conditions = []Option{
	{Name: "count", Arg: "N", Kind: Int, Min: 1, Max: 1 << 20, Arity: 1, Scope: Ping, Doc: "how many requests"},
	{Name: "loss", Arg: "P", Kind: Percent, Arity: 1, Compare: true, Scope: Ping, Doc: "how many may be lost"},
	{Name: "rtt", Arg: "D", Kind: Duration, Arity: 1, Compare: true, Scope: Ping, Doc: "how long an answer may take"},
	{Name: "size", Arg: "N", Kind: Size, Arity: 1, Scope: Ping, Doc: "the bytes in a request"},
	{Name: "within", Arg: "D", Kind: Duration, Arity: 1, Scope: Ping, Doc: "try again for this time"},
	{Name: "port", Arg: "N", Kind: Port, Arity: 1, Required: true, Scope: Dial, Doc: "the port to connect to"},
	{Name: "within", Arg: "D", Kind: Duration, Arity: 1, Scope: Dial, Doc: "try again for this time"},
	{Name: "within", Arg: "D", Kind: Duration, Arity: 1, Scope: Way, Doc: "try again for this time"},
	{Name: "dev", Arg: "IF", Kind: Link, Arity: 1, Scope: RouteTo, Doc: "the interface it goes by"},
	{Name: "via", Arg: "IP", Kind: Value, Place: Gateway, Arity: 1, Scope: RouteTo, Doc: "the gateway it goes by"},
	{Name: "within", Arg: "D", Kind: Duration, Arity: 1, Scope: RouteTo, Doc: "try again for this time"},
}
