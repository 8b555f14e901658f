// Package wiring draws a network for a terminal: a box for each node, the
// cables in a gutter beside them.
package wiring

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"vnet/lang/name"
	"vnet/runtime/graph"
)

// Options say what a drawing has to fit.
type Options struct {
	Width int  // of the window, in columns; 0: 80
	ASCII bool // no other characters
}

// A box is a node.
type box struct {
	title string
	ports []port
}

// A port is an interface in a box, with a line for each of its addresses. One
// without lines is the box itself, to which a cable may go as well.
type port struct {
	end   graph.End
	lines []string
	row   int // of its first line in the drawing
}

// A wire is a cable between two ports, which it names by box and place, the
// upper one first.
type wire struct {
	ends    [2]graph.End
	a, b    [2]int
	channel int // of the gutter; -1: there is no room, and it is put in words
}

// A plan is a network on its way to a drawing.
type plan struct {
	Options
	boxes []box
	wires []wire
	inner int // columns inside the boxes
	used  int // channels
}

// Draw draws a network. Nodes that are joined stand near each other; a cable
// for which the window is too narrow is put in words at both of its ends.
func Draw(w io.Writer, g *graph.Graph, o Options) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	p := &plan{Options: o}
	for i := range g.Nodes {
		p.boxes = append(p.boxes, boxOf(&g.Nodes[i]))
	}
	for _, c := range g.Cables {
		p.wires = append(p.wires, wire{ends: [2]graph.End{c.A, c.B}})
	}
	p.order()
	p.connect()
	p.fit()
	_, err := io.WriteString(w, p.draw())
	return err
}

// boxOf makes the box of a node. A bridge's own interface says nothing that
// its title does not, unless it has addresses.
func boxOf(n *graph.Node) box {
	b := box{title: n.Name, ports: []port{{end: graph.End{Node: n.ID}}}}
	if n.Kind == graph.Bridge {
		b.title += " (bridge)"
		if n.Namespace != "host" {
			b.title = n.Namespace + ":" + b.title
		}
	}
	b.title = name.Quote(b.title)
	for _, i := range n.Interfaces {
		q := port{end: graph.End{Node: n.ID, Interface: i.Name}}
		if n.Kind != graph.Bridge || i.Name != n.Name || len(i.Addresses) > 0 {
			q.lines = linesOf(n, i)
		}
		b.ports = append(b.ports, q)
	}
	return b
}

func linesOf(n *graph.Node, i graph.Interface) []string {
	first := i.Name
	if i.Kind != "veth" && i.Kind != "" && i.Kind != "bridge" {
		first += " (" + i.Kind + ")"
	}
	if !i.Up {
		first += " (down)"
	}
	if i.To != "" {
		first += " > " + i.To
	}
	first = name.Quote(first)
	lines := []string{first}
	pad := strings.Repeat(" ", utf8.RuneCountInString(first))
	for k, a := range i.Addresses {
		if k == 0 {
			lines[0] += "  " + a
		} else {
			lines = append(lines, pad+"  "+a)
		}
	}
	return lines
}

// order puts boxes that are joined next to each other: each network from its
// end, or from its switch, on, the neighbours with few cables first.
func (p *plan) order() {
	at := map[string]int{}
	for i, b := range p.boxes {
		at[b.ports[0].end.Node] = i
	}
	near := make([][]int, len(p.boxes))
	join := func(i, j int) {
		if i != j && !slices.Contains(near[i], j) {
			near[i] = append(near[i], j)
		}
	}
	for _, w := range p.wires {
		i, j := at[w.ends[0].Node], at[w.ends[1].Node]
		join(i, j)
		join(j, i)
	}
	for i := range near {
		slices.SortStableFunc(near[i], func(a, b int) int { return cmp.Compare(len(near[a]), len(near[b])) })
	}
	starts := make([]int, len(p.boxes))
	for i := range starts {
		starts[i] = i
	}
	// The end of a chain has one neighbour; one without any comes last.
	rank := func(i int) int {
		if len(near[i]) == 0 {
			return len(p.boxes)
		}
		return len(near[i])
	}
	slices.SortStableFunc(starts, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	var sorted []box
	seen := make([]bool, len(p.boxes))
	var visit func(int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		sorted = append(sorted, p.boxes[i])
		for _, j := range near[i] {
			visit(j)
		}
	}
	for _, i := range starts {
		visit(i)
	}
	p.boxes = sorted
}

// connect finds the ports of the cables.
func (p *plan) connect() {
	at := map[graph.End][2]int{}
	for i, b := range p.boxes {
		for j, q := range b.ports {
			if len(q.lines) == 0 {
				j = 0
			}
			at[q.end] = [2]int{i, j}
		}
	}
	p.wires = slices.DeleteFunc(p.wires, func(w wire) bool { return at[w.ends[0]] == at[w.ends[1]] })
	for i := range p.wires {
		w := &p.wires[i]
		w.a, w.b = at[w.ends[0]], at[w.ends[1]]
		if slices.Compare(w.a[:], w.b[:]) > 0 {
			w.a, w.b = w.b, w.a
		}
	}
}

func (p *plan) port(at [2]int) *port { return &p.boxes[at[0]].ports[at[1]] }
