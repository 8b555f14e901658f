package main

import (
	"fmt"
	"net/netip"
)

// A network is what all ways have to build.
type network struct {
	Spaces  []space  `json:"spaces"`
	Bridges []bridge `json:"bridges"`
	Cables  [][2]end `json:"cables"`
}

// A space is a namespace, with its lo up.
type space struct {
	Name    string  `json:"name"`
	Forward bool    `json:"forward"`
	Routes  []route `json:"routes"`
}

// A bridge has an address of its own.
type bridge struct {
	NS   string       `json:"ns"`
	Name string       `json:"name"`
	Addr netip.Prefix `json:"addr"`
}

// A route leads to a net by way of a neighbour.
type route struct {
	Dest netip.Prefix `json:"dest"`
	Via  netip.Addr   `json:"via"`
}

// An end of a cable has an address or is a port of a bridge.
type end struct {
	NS     string       `json:"ns"`
	Name   string       `json:"name"`
	Addr   netip.Prefix `json:"addr"`
	Bridge string       `json:"bridge,omitempty"`
}

var anywhere = netip.MustParsePrefix("0.0.0.0/0")

// A shape makes a network of n hosts, and has the script that makes it.
type shape struct {
	network func(n int) *network
	script  string
	hosts   string // a list of all namespaces, in vnet's words
}

var shapeOf = map[string]shape{
	"star":  {star, starScript, "[sw h1..h$n]"},
	"chain": {chain, chainScript, "[n1..n$n]"},
	"mesh":  {mesh, meshScript, "[n1..n$n]"},
	"tree":  {tree, treeScript, "[n1..n$n]"},
}

// The scripts are written as a user would write them.
const (
	starScript = `param n
let hosts = [h1..h$n]
let net   = 10.0.0.0/8

ns sw $hosts
bridge sw:br0 10.255.255.254/8
for i, h in enumerate($hosts, 1) {
  veth $h:eth0 $net[$i] <-> sw:br0
  in $h route add default via sw
}
`
	chainScript = `param n
let nodes = [n1..n$n]
let nets  = subnets(10.0.0.0/8, 30)
let first = 10.0.0.0/30

ns $nodes forward on
for a, b in chain($nodes) {
  veth $a:right <-> $b:left net next($nets)
  in $a route add default via $b
  if $a != n1 { in $b route add $first via $a }
}
`
	meshScript = `param n
let nodes = [n1..n$n]
let nets  = subnets(10.0.0.0/8, 30)

ns $nodes
for a, b in pairs($nodes) {
  veth $a:$b <-> $b:$a net next($nets)
}
`
	treeScript = `param n
let nets = subnets(10.0.0.0/8, 30)

ns [n1..n$n] forward on
for i in 2..$n {
  let up = $i / 2
  veth n$i:up <-> n$up:n$i net next($nets)
  in n$i route add default via n$up
}
`
)

// star is n hosts on a bridge in a namespace of its own, each with an address
// and a default route.
func star(n int) *network {
	sw := netip.MustParsePrefix("10.255.255.254/8")
	net := &network{Spaces: []space{{Name: "sw"}}, Bridges: []bridge{{NS: "sw", Name: "br0", Addr: sw}}}
	for i := 1; i <= n; i++ {
		h := fmt.Sprintf("h%d", i)
		net.Spaces = append(net.Spaces, space{Name: h, Routes: []route{{anywhere, sw.Addr()}}})
		net.Cables = append(net.Cables, [2]end{
			{NS: h, Name: "eth0", Addr: netip.PrefixFrom(ten(i), 8)}, {NS: "sw", Name: h + "-eth0", Bridge: "br0"}})
	}
	return net
}

// ten is the i-th address of 10.0.0.0/8.
func ten(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }

// wire lays the k-th cable of a network, with a net of its own.
func (net *network) wire(a, aName, b, bName string) (left, right netip.Addr) {
	k := 4 * len(net.Cables)
	left, right = ten(k+1), ten(k+2)
	net.Cables = append(net.Cables, [2]end{
		{NS: a, Name: aName, Addr: netip.PrefixFrom(left, 30)}, {NS: b, Name: bName, Addr: netip.PrefixFrom(right, 30)}})
	return left, right
}

func nodes(n int, forward bool) *network {
	net := &network{}
	for i := 1; i <= n; i++ {
		net.Spaces = append(net.Spaces, space{Name: fmt.Sprintf("n%d", i), Forward: forward})
	}
	return net
}

// chain is n routers in a line, with static routes both ways.
func chain(n int) *network {
	net := nodes(n, true)
	first := netip.MustParsePrefix("10.0.0.0/30")
	for i := range n - 1 {
		a, b := &net.Spaces[i], &net.Spaces[i+1]
		left, right := net.wire(a.Name, "right", b.Name, "left")
		a.Routes = append(a.Routes, route{anywhere, right})
		if i > 0 {
			b.Routes = append(b.Routes, route{first, left})
		}
	}
	return net
}

// mesh is n hosts with a cable between any two.
func mesh(n int) *network {
	net := nodes(n, false)
	for i, a := range net.Spaces {
		for _, b := range net.Spaces[i+1:] {
			net.wire(a.Name, b.Name, b.Name, a.Name)
		}
	}
	return net
}

// tree is n routers, each with two below it.
func tree(n int) *network {
	net := nodes(n, true)
	for i := 2; i <= n; i++ {
		low, high := &net.Spaces[i-1], &net.Spaces[i/2-1]
		_, up := net.wire(low.Name, "up", high.Name, low.Name)
		low.Routes = append(low.Routes, route{anywhere, up})
	}
	return net
}
