// Package graph is a network as one draws it: nodes, and the cables between
// them, as plain data, and the ways to write that down: a picture (SVG), text,
// and the languages of graphviz, Mermaid and D2.
package graph

import (
	"encoding/json"
)

// A Graph is a network. The order of everything in it is that of the names, so
// that the same network is always the same graph. Its JSON is stable: names may
// be added, and those that are there keep their meaning.
type Graph struct {
	Nodes  []Node  `json:"nodes"`
	Cables []Cable `json:"cables"`
}

// What a node is.
const (
	Namespace = "namespace"
	Bridge    = "bridge" // a switch
	Group     = "group"  // a multicast group that tunnels meet in
)

// A Node is a namespace, or a bridge, which is drawn apart from the namespace
// it is in. A namespace that holds nothing but bridges and what is plugged into
// them is no node: its bridges stand for it.
type Node struct {
	ID         string      `json:"id"`        // h1, or gw:br0 for a bridge
	Kind       string      `json:"kind"`      // namespace, bridge or group
	Namespace  string      `json:"namespace"` // "host" for the one vnet was started in
	Name       string      `json:"name"`      // of the namespace or the bridge
	Interfaces []Interface `json:"interfaces"`
}

// An Interface is a link of a node, or a port of a bridge. lo is there only
// where it has addresses of its own.
type Interface struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"` // as ip-link(8) spells it; "" for a physical device
	MAC       string   `json:"mac,omitempty"`
	MTU       int      `json:"mtu,omitempty"`
	Up        bool     `json:"up"`
	Addresses []string `json:"addresses,omitempty"`
	Details   string   `json:"details,omitempty"` // what only its kind has, in words of the language
	To        string   `json:"to,omitempty"`      // a veth's other end, where it cannot be drawn
}

// The kinds of cables that are not those of an interface (veth, vxlan, …).
const (
	Own   = "own"   // a bridge's own interface: what joins it to its namespace
	Stack = "stack" // an interface, and the one it stands on
)

// A Cable joins two interfaces.
type Cable struct {
	Kind string `json:"kind"` // veth, vxlan, own or stack
	A    End    `json:"a"`
	B    End    `json:"b"`
	Up   bool   `json:"up"`             // both ends are
	Text string `json:"text,omitempty"` // what it is: vxlan 42
}

// An End is an interface of a node. The interface is empty where the node
// itself is meant: a bridge, or a group.
type End struct {
	Node      string `json:"node"`
	Interface string `json:"interface,omitempty"`
}

// Empty reports whether there is nothing to draw.
func (g *Graph) Empty() bool { return len(g.Nodes) == 0 }

// JSON writes a graph as JSON, indented, with a line break at its end.
func (g *Graph) JSON() ([]byte, error) {
	out := *g
	if out.Nodes == nil {
		out.Nodes = []Node{}
	}
	if out.Cables == nil {
		out.Cables = []Cable{}
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}

// index finds nodes by their ID.
func (g *Graph) index() map[string]int {
	out := make(map[string]int, len(g.Nodes))
	for i, n := range g.Nodes {
		out[n.ID] = i
	}
	return out
}

// find returns the interface of that name.
func (n *Node) find(name string) *Interface {
	for i := range n.Interfaces {
		if n.Interfaces[i].Name == name {
			return &n.Interfaces[i]
		}
	}
	return nil
}
