package graph

import (
	"math"
	"slices"
)

// A component is a part of a graph in which all nodes are joined.
type component struct {
	g      *Graph
	nodes  []*Node
	at     map[string]int // places in nodes, by ID
	cables []*Cable
	near   [][]int // neighbours, each once, in order
	sizes  []Box   // at the origin
	dense  bool
}

// components takes a graph apart, in the order of the first nodes.
func (g *Graph) components() []*component {
	index := g.index()
	part := make([]int, len(g.Nodes))
	for i := range part {
		part[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		if part[i] != i {
			part[i] = root(part[i])
		}
		return part[i]
	}
	for _, c := range g.Cables {
		a, b := root(index[c.A.Node]), root(index[c.B.Node])
		part[max(a, b)] = min(a, b)
	}
	var out []*component
	of := map[int]*component{}
	for i := range g.Nodes {
		c := of[root(i)]
		if c == nil {
			c = &component{g: g, at: map[string]int{}}
			of[root(i)] = c
			out = append(out, c)
		}
		c.at[g.Nodes[i].ID] = len(c.nodes)
		c.nodes = append(c.nodes, &g.Nodes[i])
		c.near = append(c.near, nil)
	}
	for i := range g.Cables {
		l := &g.Cables[i]
		c := of[root(index[l.A.Node])]
		a, b := c.at[l.A.Node], c.at[l.B.Node]
		if a == b {
			continue
		}
		c.cables = append(c.cables, l)
		if !slices.Contains(c.near[a], b) {
			c.near[a], c.near[b] = append(c.near[a], b), append(c.near[b], a)
		}
	}
	for _, c := range out {
		for _, list := range c.near {
			slices.Sort(list)
		}
	}
	return out
}

// joined counts the pairs of nodes that cables join.
func (c *component) joined() int {
	n := 0
	for _, list := range c.near {
		n += len(list)
	}
	return n / 2
}

// doubled reports whether two cables join the same nodes.
func (c *component) doubled() bool { return len(c.cables) > c.joined() }

func (c *component) isChain() bool {
	return c.joined() == len(c.nodes)-1 && !slices.ContainsFunc(c.near, func(l []int) bool { return len(l) > 2 })
}

func (c *component) isStar() bool {
	return c.joined() == len(c.nodes)-1 && !c.doubled() && c.hub() >= 0
}

// hub is the node that all others are joined to.
func (c *component) hub() int {
	return slices.IndexFunc(c.near, func(l []int) bool { return len(l) == len(c.nodes)-1 })
}

// isRing reports whether the nodes are best drawn in a circle: a ring, or a
// mesh in which nearly every two are joined.
func (c *component) isRing() bool {
	n := len(c.nodes)
	ring := !slices.ContainsFunc(c.near, func(l []int) bool { return len(l) != 2 })
	return n > 2 && !c.doubled() && (ring || c.joined()*3 >= n*(n-1))
}

// crowded reports whether there are too many cables for labels at their ends.
func (c *component) crowded() bool {
	return len(c.cables) > 4*len(c.nodes) && c.isRing()
}

func (c *component) measure(dense bool) {
	c.dense = dense
	ends := map[string]int{}
	side := map[[2]string]int{}
	for _, l := range c.cables {
		ends[l.A.Node]++
		ends[l.B.Node]++
		side[[2]string{l.A.Node, l.B.Node}]++
		side[[2]string{l.B.Node, l.A.Node}]++
	}
	most := map[string]int{}
	for k, n := range side {
		most[k[0]] = max(most[k[0]], n)
	}
	c.sizes = make([]Box, len(c.nodes))
	for i, n := range c.nodes {
		t := textOf(n, dense, c.far)
		w, h := t.size()
		if m := most[n.ID]; m > 1 {
			h = max(h, float64(m+1)*(labelH+2*beside))
			w = max(w, 60*float64(m))
		}
		c.sizes[i] = Box{Rect: Rect{W: w, H: h}, Node: n, text: t}
	}
}

// far finds the other end of the cable at an interface.
func (c *component) far(e End) (End, bool) {
	for _, l := range c.cables {
		switch e {
		case l.A:
			return l.B, true
		case l.B:
			return l.A, true
		}
	}
	return End{}, false
}

func (c *component) box(i int, at Point) Box {
	b := c.sizes[i]
	b.Rect = b.Rect.at(at)
	return b
}

// label is what stands at an end of a cable: the interface, where the box does
// not tell already which one it is.
func (c *component) label(e End) string {
	i := c.at[e.Node]
	n := c.nodes[i]
	switch {
	case c.dense || e.Interface == "":
		return ""
	case n.Kind == Namespace && len(n.Interfaces) == 1:
		return ""
	}
	return e.Interface
}

// letter puts all labels of the cables into a drawing.
func (c *component) letter(d *Drawing) bool {
	for _, w := range d.Wires {
		for _, from := range []bool{true, false} {
			e := w.Cable.A
			if !from {
				e = w.Cable.B
			}
			if text := c.label(e); text != "" && !d.place(w, from, text) {
				return false
			}
		}
	}
	for _, w := range d.Wires {
		if w.Cable.Text != "" {
			d.placeMiddle(w, w.Cable.Text)
		}
	}
	return true
}

// ends gives the places in nodes of a cable's ends.
func (c *component) ends(l *Cable) (int, int) { return c.at[l.A.Node], c.at[l.B.Node] }

// inRow is how many nodes of a chain stand in a row; a longer one turns at the
// end of the row, and comes back in the next.
const inRow = 7

// chain draws nodes in a line.
func (c *component) chain() *Drawing {
	order := c.walk()
	cols := len(order)
	if cols > inRow {
		cols = min(inRow, int(math.Ceil(math.Sqrt(float64(len(order))))))
	}
	wide, high, gap := 0.0, 0.0, 40.0
	for _, s := range c.sizes {
		wide, high = max(wide, s.W), max(high, s.H)
	}
	for _, l := range c.cables {
		gap = max(gap, labelWidth(c.label(l.A))+labelWidth(c.label(l.B))+24, labelWidth(l.Text)+24)
	}
	d := &Drawing{Boxes: make([]Box, len(c.nodes))}
	for i, n := range order {
		row, col := i/cols, i%cols
		if row%2 == 1 {
			col = cols - 1 - col
		}
		d.Boxes[n] = c.box(n, Point{float64(col) * (wide + gap), float64(row) * (high + 64)})
	}
	if cols == len(order) { // one row: no wider than need be
		x := 0.0
		for _, n := range order {
			d.Boxes[n].X = x
			x += d.Boxes[n].W + gap
		}
	}
	for k, l := range c.cables {
		a, b := c.ends(l)
		d.Wires = append(d.Wires, c.parallel(k, d.Boxes[a].Rect, d.Boxes[b].Rect))
	}
	c.letter(d)
	return d
}

// walk gives the nodes of a chain from one end to the other.
func (c *component) walk() []int {
	at := slices.IndexFunc(c.near, func(l []int) bool { return len(l) == 1 })
	order, last := []int{at}, -1
	for {
		next := slices.IndexFunc(c.near[at], func(n int) bool { return n != last })
		if next < 0 {
			return order
		}
		last, at = at, c.near[at][next]
		order = append(order, at)
	}
}

// parallel draws a cable beside the others that join the same boxes.
func (c *component) parallel(k int, a, b Rect) Wire {
	l := c.cables[k]
	n, mine := 0, 0
	for i, o := range c.cables {
		if o.A.Node == l.A.Node && o.B.Node == l.B.Node || o.A.Node == l.B.Node && o.B.Node == l.A.Node {
			if i < k {
				mine++
			}
			n++
		}
	}
	w := straight(l, a, b)
	off := (float64(mine) - float64(n-1)/2) * (labelH + 2*beside)
	if math.Abs(w.Points[0].X-w.Points[1].X) > math.Abs(w.Points[0].Y-w.Points[1].Y) {
		w.Points[0].Y += off
		w.Points[1].Y += off
		return w
	}
	off *= 2.5
	w.Points[0].X += off
	w.Points[1].X += off
	return w
}

// star draws one node in the middle and the others around it.
func (c *component) star(scale float64) *Drawing {
	hub := c.hub()
	var leaves []int
	for i := range c.nodes {
		if i != hub {
			leaves = append(leaves, i)
		}
	}
	d := &Drawing{Boxes: make([]Box, len(c.nodes))}
	d.Boxes[hub] = c.box(hub, Point{})
	for i, p := range c.round(leaves, scale, 110) {
		d.Boxes[leaves[i]] = c.box(leaves[i], p)
	}
	for _, l := range c.cables {
		a, b := c.ends(l)
		d.Wires = append(d.Wires, straight(l, d.Boxes[a].Rect, d.Boxes[b].Rect))
	}
	if !d.free() || !c.letter(d) {
		return nil
	}
	return d
}

// round gives boxes places on an ellipse, those above and below further apart
// than those at the sides, since boxes are wider than high.
func (c *component) round(list []int, scale, least float64) []Point {
	wide, high := 0.0, 0.0
	for _, i := range list {
		wide, high = max(wide, c.sizes[i].W+apart), max(high, c.sizes[i].H+apart)
	}
	const steps = 720
	need := func(rx, ry float64) []float64 { // how many boxes fit up to each step
		sum := make([]float64, steps+1)
		for i := range steps {
			t := 2 * math.Pi * (float64(i) + 0.5) / steps
			dx, dy := rx*math.Cos(t), ry*math.Sin(t) // t is from the top, clockwise
			sum[i+1] = sum[i] + max(math.Abs(dx)/wide, math.Abs(dy)/high)*2*math.Pi/steps
		}
		return sum
	}
	n := float64(len(list))
	rx, ry := wide/2+least, high/2+least
	for need(rx, ry)[steps] < n {
		rx, ry = rx*1.03, ry*1.03
	}
	rx, ry = rx*scale, ry*scale
	sum := need(rx, ry)
	out := make([]Point, len(list))
	step := 0
	for i := range list {
		for step < steps && sum[step] < sum[steps]*float64(i)/n {
			step++
		}
		t := 2 * math.Pi * float64(step) / steps
		out[i] = Point{rx * math.Sin(t), -ry * math.Cos(t)}
	}
	return out
}

// ring draws nodes in a circle. In a large mesh cables bend inwards, so that
// they go round the boxes between.
func (c *component) ring(scale float64) *Drawing {
	order := c.circle()
	d := &Drawing{Boxes: make([]Box, len(c.nodes))}
	place := make([]int, len(order))
	for i, p := range c.round(order, scale, 60+8*float64(len(order))) {
		d.Boxes[order[i]] = c.box(order[i], p)
		place[order[i]] = i
	}
	n := len(order)
	for _, l := range c.cables {
		a, b := c.ends(l)
		w := straight(l, d.Boxes[a].Rect, d.Boxes[b].Rect)
		gap := (place[a] - place[b] + n) % n
		if n > 6 && gap > 1 && gap < n-1 {
			w = bent(l, d.Boxes[a].Rect, d.Boxes[b].Rect)
		}
		d.Wires = append(d.Wires, w)
	}
	if !d.free() || !c.letter(d) {
		return nil
	}
	return d
}

// bent joins two boxes by a curve that is drawn towards the origin.
func bent(l *Cable, a, b Rect) Wire {
	p, q := a.center(), b.center()
	bend := Point{(p.X + q.X) * 0.2, (p.Y + q.Y) * 0.2}
	_, out, _ := a.cut(p, bend)
	_, in, _ := b.cut(q, bend)
	return Wire{Cable: l, Curved: true, Points: []Point{along(p, bend, out), bend, along(q, bend, in)}}
}

// circle gives the nodes in the order of the ring, or of their names.
func (c *component) circle() []int {
	order := []int{0}
	seen := map[int]bool{0: true}
	for len(order) < len(c.nodes) {
		at := order[len(order)-1]
		next := slices.IndexFunc(c.near[at], func(n int) bool { return !seen[n] })
		if next < 0 { // go on with whoever is left
			for i := range c.nodes {
				if !seen[i] {
					seen[i] = true
					order = append(order, i)
					break
				}
			}
			continue
		}
		seen[c.near[at][next]] = true
		order = append(order, c.near[at][next])
	}
	return order
}
