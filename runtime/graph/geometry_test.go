package graph

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A maker makes networks: hosts with an address on each interface.
type maker struct {
	g     Graph
	ports map[string]int
}

func (m *maker) node(kind, id string) string {
	if m.ports == nil {
		m.ports = map[string]int{}
	}
	if _, ok := m.ports[id]; !ok {
		m.ports[id] = 0
		m.g.Nodes = append(m.g.Nodes, Node{ID: id, Kind: kind, Namespace: id, Name: id, Interfaces: []Interface{}})
	}
	return id
}

// join plugs a cable in: at a bridge into a port that is named for the other
// end, else into the next ethN.
func (m *maker) join(a, b string) {
	ends := [2]End{{Node: a}, {Node: b}}
	for i := range ends {
		n := &m.g.Nodes[m.g.index()[ends[i].Node]]
		other := ends[1-i].Node
		ends[i].Interface = fmt.Sprintf("eth%d", m.ports[n.ID])
		if n.Kind == Bridge {
			ends[i].Interface = fmt.Sprintf("%s-eth%d", other, m.ports[other])
		}
		m.ports[n.ID]++
		f := Interface{Name: ends[i].Interface, Kind: "veth", Up: true}
		if n.Kind != Bridge {
			f.Addresses = []string{fmt.Sprintf("10.%d.%d.%d/24", len(m.g.Cables)/250, len(m.g.Cables)%250, i+1)}
		}
		n.Interfaces = append(n.Interfaces, f)
	}
	m.g.Cables = append(m.g.Cables, Cable{Kind: "veth", A: ends[0], B: ends[1], Up: true})
}

func (m *maker) hosts(n int) []string {
	var out []string
	for i := range n {
		out = append(out, m.node(Namespace, fmt.Sprintf("h%d", i+1)))
	}
	return out
}

func star(n int) *Graph {
	var m maker
	sw := m.node(Bridge, "sw")
	for _, h := range m.hosts(n - 1) {
		m.join(h, sw)
	}
	return &m.g
}

func chain(n, cables int) *Graph {
	var m maker
	list := m.hosts(n)
	for i := range list[1:] {
		for range cables {
			m.join(list[i], list[i+1])
		}
	}
	return &m.g
}

func ringOf(n int) *Graph {
	g := chain(n, 1)
	m := maker{g: *g, ports: map[string]int{}}
	for _, node := range g.Nodes {
		m.ports[node.ID] = 2
	}
	m.join(g.Nodes[n-1].ID, g.Nodes[0].ID)
	return &m.g
}

func mesh(n int) *Graph {
	var m maker
	list := m.hosts(n)
	for i, a := range list {
		for _, b := range list[i+1:] {
			m.join(a, b)
		}
	}
	return &m.g
}

func tree(depth, width int) *Graph {
	var m maker
	list := []string{m.node(Namespace, "root")}
	for at := 0; depth > 0; depth-- {
		var next []string
		for _, up := range list[at:] {
			for range width {
				h := m.node(Namespace, fmt.Sprintf("n%d", len(m.g.Nodes)))
				m.join(up, h)
				next = append(next, h)
			}
		}
		at = len(list)
		list = append(list, next...)
	}
	return &m.g
}

func spineLeaf(spines, leaves, hosts int) *Graph {
	var m maker
	for i := range leaves {
		leaf := m.node(Namespace, fmt.Sprintf("leaf%d", i+1))
		for k := range spines {
			m.join(m.node(Namespace, fmt.Sprintf("spine%d", k+1)), leaf)
		}
		for k := range hosts {
			m.join(leaf, m.node(Namespace, fmt.Sprintf("h%d-%d", i+1, k+1)))
		}
	}
	return &m.g
}

func random(seed uint64, n, cables int) *Graph {
	r := rand.New(rand.NewPCG(seed, 7))
	var m maker
	list := m.hosts(n)
	for i := range list {
		if r.IntN(4) == 0 {
			m.g.Nodes[i].Kind = Bridge
		}
	}
	for range cables {
		if a, b := r.IntN(n), r.IntN(n); a != b {
			m.join(list[a], list[b])
		}
	}
	return &m.g
}

// networks are what pictures are tried on.
func networks() map[string]*Graph {
	out := map[string]*Graph{}
	for _, n := range []int{1, 2, 3, 5, 7, 8, 12, 30, 50} {
		out[fmt.Sprintf("chain-%d", n)] = chain(n, 1)
	}
	for _, n := range []int{4, 5, 8, 13, 25, 50} {
		out[fmt.Sprintf("star-%d", n)] = star(n)
		out[fmt.Sprintf("mesh-%d", n)] = mesh(n)
		out[fmt.Sprintf("ring-%d", n)] = ringOf(n)
	}
	out["bundle"] = chain(4, 3)
	out["tree-2-3"], out["tree-3-3"], out["tree-5-2"], out["tree-1-6"] = tree(2, 3), tree(3, 3), tree(4, 2), tree(1, 6)
	out["spine-2-4-0"], out["spine-2-4-2"], out["spine-4-8-0"], out["spine-4-8-4"] = spineLeaf(2, 4, 0), spineLeaf(2, 4, 2), spineLeaf(4, 8, 0), spineLeaf(4, 8, 4)
	for i := range uint64(40) {
		n := 2 + int(i*49/40)
		out[fmt.Sprintf("random-%d", i)] = random(i, n, n*(2+int(i)%5)/2)
	}
	return out
}

// TestGeometry: in no picture does anything lie on anything else.
func TestGeometry(t *testing.T) {
	for name, g := range networks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := g.Layout()
			if len(d.Boxes) != len(g.Nodes) || len(d.Wires) != len(g.Cables) {
				t.Errorf("%d boxes for %d nodes, %d wires for %d cables", len(d.Boxes), len(g.Nodes), len(d.Wires), len(g.Cables))
			}
			for _, e := range d.errors() {
				t.Error(e)
			}
			if dir := os.Getenv("GRAPH_DUMP"); dir != "" {
				f, err := os.Create(filepath.Join(dir, name+".svg"))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				_ = g.SVG(f)
			}
		})
	}
}

// errors lists what lies on what.
func (d *Drawing) errors() (out []string) {
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	page := Rect{0, 0, d.Width, d.Height}
	in := func(r Rect) bool { return r.X >= 0 && r.Y >= 0 && r.X+r.W <= page.W && r.Y+r.H <= page.H }
	for i, b := range d.Boxes {
		if !in(b.Rect) {
			bad("box %s is outside", b.Node.ID)
		}
		if w, h := b.text.size(); w > b.W+0.01 || h > b.H+0.01 {
			bad("the text of %s does not fit its box", b.Node.ID)
		}
		for _, o := range d.Boxes[:i] {
			if b.meets(o.Rect) {
				bad("box %s on box %s", b.Node.ID, o.Node.ID)
			}
		}
		for _, l := range d.Labels {
			if b.meets(l.Rect) {
				bad("label %s on box %s", l.Text, b.Node.ID)
			}
		}
		for _, w := range d.Wires {
			own := slices.Contains([]string{w.Cable.A.Node, w.Cable.B.Node}, b.Node.ID)
			if own && w.crosses(b.grow(-1)) || !own && w.crosses(b.Rect) {
				bad("cable %s through box %s", caption(w.Cable), b.Node.ID)
			}
			if own && !w.touches(b.Rect) {
				bad("cable %s does not reach box %s", caption(w.Cable), b.Node.ID)
			}
		}
	}
	for i, l := range d.Labels {
		if !in(l.Rect) {
			bad("label %s is outside", l.Text)
		}
		for _, o := range d.Labels[:i] {
			if l.meets(o.Rect) {
				bad("label %s on label %s", l.Text, o.Text)
			}
		}
		for _, w := range d.Wires {
			if w.crosses(l.Rect) {
				bad("cable %s through label %s", caption(w.Cable), l.Text)
			}
		}
	}
	return out
}

func (w Wire) touches(r Rect) bool {
	line := w.line()
	for _, p := range []Point{line[0], line[len(line)-1]} {
		if r.grow(0.5).meets(Rect{p.X, p.Y, 0.01, 0.01}) {
			return true
		}
	}
	return false
}

// TestLabels: an interface that is not named in its box is named at its cable.
func TestLabels(t *testing.T) {
	for name, g := range networks() {
		d := g.Layout()
		said := map[string]int{}
		for _, l := range d.Labels {
			said[l.Text]++
		}
		for _, b := range d.Boxes {
			for _, r := range b.text.rows {
				said[r.name]++
			}
		}
		for _, n := range g.Nodes {
			for _, i := range n.Interfaces {
				if said[i.Name]--; said[i.Name] < 0 {
					t.Fatalf("%s: %s of %s is written nowhere", name, i.Name, n.ID)
				}
			}
		}
	}
}

// The errors of a drawing that is wrong in every way are found.
func TestGeometryBites(t *testing.T) {
	g := chain(3, 1)
	d := g.Layout()
	d.Boxes[1].Rect = d.Boxes[0].Rect
	d.Labels[0].Rect = Rect{-5, d.Boxes[0].Y, 400, 20}
	if n := len(d.errors()); n < 6 {
		t.Errorf("only %d errors found: %v", n, d.errors())
	}
}

// Where there is room, the cable that is nearest to a label is the one whose end
// it names.
func TestLabelsAreNearTheirCables(t *testing.T) {
	for name, g := range map[string]*Graph{"star of 4": star(4), "star of 6": star(6), "star of 8": star(8), "star of 12": star(12), "star of 20": star(20)} {
		d := g.Layout()
		if len(d.Labels) == 0 {
			t.Errorf("%s: no label", name)
		}
		for _, l := range d.Labels {
			var near []string
			for grown := 1.0; len(near) == 0 && grown < 20; grown++ {
				for _, w := range d.Wires {
					if w.crosses(l.grow(grown)) {
						near = append(near, w.Cable.A.Interface, w.Cable.B.Interface)
					}
				}
			}
			if len(near) != 2 || !slices.Contains(near, l.Text) {
				t.Errorf("%s: nearest to %s are the cables of %q", name, l.Text, near)
			}
		}
	}
}
