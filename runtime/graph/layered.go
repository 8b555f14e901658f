package graph

import (
	"cmp"
	"math"
	"slices"
)

// Drawing in layers follows Sugiyama, Tagawa and Toda (1981): nodes are put on
// layers, cables that are longer than one layer get a place on each they pass,
// the order on each layer is chosen for few crossings, and places for short
// cables. Each cable has a stub of its own at a box, with its label beside it,
// and crosses others only between the layers, where nothing else is.

// A spot is a node's place on a layer, or that of a cable passing by.
type spot struct {
	node  int // -1: a cable
	layer int
	x     float64
	width float64
	up    []*link // to the layer above
	down  []*link
	flat  []*link // to a node of the same layer
}

// A link is a piece of a cable, from one layer to the next.
type link struct {
	cable      int
	upper, low *spot
}

// A plan is a distribution of nodes over layers.
type plan struct {
	c      *component
	layers [][]*spot
	spots  []*spot         // of the nodes
	chains map[int][]*spot // the way of each cable, from its upper end
}

// layered draws nodes in layers, by the plan that costs the least.
func (c *component) layered() *Drawing {
	var best *plan
	least := math.Inf(1)
	for _, rank := range c.ranks() {
		p := c.plan(rank)
		p.order()
		if cost := p.cost(rank); cost < least {
			best, least = p, cost
		}
	}
	best.space()
	return best.draw()
}

// ranks proposes layers: by the distance from each node (but no more than some
// dozens), by that from the leaves, and for a graph of two sides, the sides.
func (c *component) ranks() [][]int {
	var out [][]int
	tops := make([]int, len(c.nodes))
	for i := range tops {
		tops[i] = i
	}
	slices.SortStableFunc(tops, func(a, b int) int { return len(c.near[b]) - len(c.near[a]) })
	for _, i := range tops[:min(len(tops), 24)] {
		out = append(out, c.distance(i))
	}
	var leaves []int
	for i, l := range c.near {
		if len(l) == 1 {
			leaves = append(leaves, i)
		}
	}
	if len(leaves) > 0 {
		rank := c.distance(leaves...)
		most := slices.Max(rank)
		for i := range rank {
			rank[i] = most - rank[i]
		}
		out = append(out, rank)
	}
	if sides := c.sides(); sides != nil {
		out = append(out, sides)
	}
	return out
}

// distance counts the cables from the nearest of some nodes.
func (c *component) distance(from ...int) []int {
	rank := make([]int, len(c.nodes))
	for i := range rank {
		rank[i] = -1
	}
	for _, i := range from {
		rank[i] = 0
	}
	for queue := slices.Clone(from); len(queue) > 0; queue = queue[1:] {
		for _, n := range c.near[queue[0]] {
			if rank[n] < 0 {
				rank[n] = rank[queue[0]] + 1
				queue = append(queue, n)
			}
		}
	}
	return rank
}

// sides puts the fewer nodes of a graph of two sides above the others; nil for
// another graph.
func (c *component) sides() []int {
	rank := c.distance(0)
	odd := 0
	for i, r := range rank {
		rank[i] = r % 2
		odd += r % 2
	}
	for i, list := range c.near {
		if slices.ContainsFunc(list, func(n int) bool { return rank[n] == rank[i] }) {
			return nil
		}
	}
	if odd < len(rank)-odd {
		for i := range rank {
			rank[i] = 1 - rank[i]
		}
	}
	return rank
}

func (c *component) plan(rank []int) *plan {
	p := &plan{c: c, layers: make([][]*spot, slices.Max(rank)+1), chains: map[int][]*spot{}}
	for i := range c.nodes {
		p.spots = append(p.spots, &spot{node: i, layer: rank[i]})
	}
	for _, i := range c.descend(rank) {
		p.layers[rank[i]] = append(p.layers[rank[i]], p.spots[i])
	}
	for k, l := range c.cables {
		a, b := c.ends(l)
		if rank[a] > rank[b] {
			a, b = b, a
		}
		at := p.spots[a]
		way := []*spot{at}
		if rank[a] == rank[b] {
			f := &link{k, at, p.spots[b]}
			at.flat, p.spots[b].flat = append(at.flat, f), append(p.spots[b].flat, f)
		}
		for r := rank[a] + 1; r <= rank[b]; r++ {
			next := p.spots[b]
			if r < rank[b] {
				next = &spot{node: -1, layer: r}
				p.layers[r] = append(p.layers[r], next)
			}
			f := &link{k, at, next}
			at.down, next.up = append(at.down, f), append(next.up, f)
			way, at = append(way, next), next
		}
		p.chains[k] = way
	}
	for _, layer := range p.layers {
		for i, s := range layer {
			s.x = float64(i)
		}
	}
	return p
}

// descend orders nodes so that those below one stand together.
func (c *component) descend(rank []int) []int {
	var out []int
	seen := make([]bool, len(rank))
	var visit func(int)
	visit = func(i int) {
		seen[i] = true
		out = append(out, i)
		for _, n := range c.near[i] {
			if !seen[n] && rank[n] > rank[i] {
				visit(n)
			}
		}
	}
	for layer := 0; len(out) < len(rank); layer++ {
		for i := range rank {
			if !seen[i] && rank[i] == layer {
				visit(i)
			}
		}
	}
	return out
}

// order sorts each layer by where its neighbours are, down and up, and keeps
// what had the fewest crossings.
func (p *plan) order() {
	best := p.clone()
	least := p.crossings()
	for round := 0; round < 12 && least > 0; round++ {
		for i := range p.layers {
			if round%2 == 0 {
				p.sort(p.layers[i], func(s *spot) []*link { return s.up })
			} else {
				p.sort(p.layers[len(p.layers)-1-i], func(s *spot) []*link { return s.down })
			}
		}
		if n := p.crossings(); n < least {
			best, least = p.clone(), n
		}
	}
	p.layers = best
	for _, layer := range p.layers {
		for i, s := range layer {
			s.x = float64(i)
		}
	}
}

func (p *plan) clone() [][]*spot {
	out := make([][]*spot, len(p.layers))
	for i := range out {
		out[i] = slices.Clone(p.layers[i])
	}
	return out
}

func (p *plan) sort(layer []*spot, links func(*spot) []*link) {
	want := map[*spot]float64{}
	for _, s := range layer {
		want[s] = s.x
		list := links(s)
		if len(list) == 0 {
			continue
		}
		sum := 0.0
		for _, l := range list {
			sum += l.other(s).x
		}
		want[s] = sum / float64(len(list))
	}
	slices.SortStableFunc(layer, func(a, b *spot) int { return cmp.Compare(want[a], want[b]) })
	for i, s := range layer {
		s.x = float64(i)
	}
}

func (l *link) other(s *spot) *spot {
	if l.upper == s {
		return l.low
	}
	return l.upper
}

// crossings counts the pairs of cables that cross between two layers.
func (p *plan) crossings() int {
	n := 0
	for _, layer := range p.layers {
		var ends [][2]float64
		for _, s := range layer {
			for _, l := range s.down {
				ends = append(ends, [2]float64{l.upper.x, l.low.x})
			}
		}
		for i, a := range ends {
			for _, b := range ends[:i] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					n++
				}
			}
		}
	}
	return n
}

// cost weighs what makes a drawing hard to read: crossings, cables past a
// layer or along it, and nodes of one role on several layers.
func (p *plan) cost(rank []int) float64 {
	cost := float64(p.crossings())
	for k, way := range p.chains {
		cost += 2 * float64(len(way)-2)
		if a, b := p.c.ends(p.c.cables[k]); rank[a] == rank[b] {
			cost += 4
		}
	}
	layers := map[uint64][]int{}
	for i, role := range p.c.roles() {
		if !slices.Contains(layers[role], rank[i]) {
			layers[role] = append(layers[role], rank[i])
		}
	}
	for _, l := range layers {
		cost += 1000 * float64(len(l)-1)
	}
	return cost
}

// roles gives nodes with like neighbourhoods like numbers (Weisfeiler and
// Leman, 1968, two rounds).
func (c *component) roles() []uint64 {
	role := make([]uint64, len(c.nodes))
	for i := range role {
		role[i] = uint64(len(c.near[i]))
	}
	for range 2 {
		next := make([]uint64, len(role))
		for i, list := range c.near {
			var around []uint64
			for _, n := range list {
				around = append(around, role[n])
			}
			slices.Sort(around)
			next[i] = role[i] * 0x9E3779B97F4A7C15
			for _, r := range around {
				next[i] = (next[i] ^ r) * 0x100000001B3
			}
		}
		role = next
	}
	return role
}

// space finds the places on the layers: as near to the neighbours as the
// distances between boxes allow.
func (p *plan) space() {
	for _, layer := range p.layers {
		for _, s := range layer {
			s.width = 2
			if s.node >= 0 {
				s.width = max(p.c.sizes[s.node].W, p.ports(s, s.up), p.ports(s, append(s.down[:len(s.down):len(s.down)], s.flat...)))
				p.c.sizes[s.node].W = s.width
			}
		}
		x := 0.0
		for _, s := range layer {
			s.x = x + s.width/2
			x += s.width + apart
		}
	}
	for round := range 24 {
		for i := range p.layers {
			if round%2 == 1 {
				i = len(p.layers) - 1 - i
			}
			settle(p.layers[i])
		}
	}
}

// ports is the room that the ends of cables need at one side of a box.
func (p *plan) ports(s *spot, list []*link) float64 {
	w := 0.0
	for _, l := range list {
		w += p.cell(s, l)
	}
	return w + wireStep
}

// cell is the room of one cable's end: itself and its label.
func (p *plan) cell(s *spot, l *link) float64 {
	e := p.end(s, l)
	return max(wireStep, labelWidth(p.c.label(e))+2*beside+6)
}

// end is the end of a cable at a node.
func (p *plan) end(s *spot, l *link) End {
	cable := p.c.cables[l.cable]
	if p.c.at[cable.A.Node] == s.node {
		return cable.A
	}
	return cable.B
}

// settle moves the spots of a layer to the middle of their neighbours, in
// order and apart: the least squares under these bounds, by pooling adjacent
// violators.
func settle(layer []*spot) {
	type block struct{ sum, weight, at float64 }
	var blocks []block
	var sizes []int
	offsets := make([]float64, len(layer))
	for i, s := range layer {
		if i > 0 {
			offsets[i] = offsets[i-1] + layer[i-1].width/2 + apart + s.width/2
		}
		want, weight := s.x, 0.1
		if list := slices.Concat(s.up, s.down); len(list) > 0 {
			sum, all := 0.0, 0.0
			for _, l := range list { // those with few cables have nowhere else to go
				few := 1 / float64(len(l.other(s).up)+len(l.other(s).down))
				sum, all = sum+few*l.other(s).x, all+few
			}
			want, weight = sum/all, 1
			if s.node < 0 {
				weight = 2
			}
		}
		b, n := block{(want - offsets[i]) * weight, weight, want - offsets[i]}, 1
		for len(blocks) > 0 && blocks[len(blocks)-1].at > b.at {
			last := blocks[len(blocks)-1]
			b.sum, b.weight = b.sum+last.sum, b.weight+last.weight
			b.at = b.sum / b.weight
			n += sizes[len(sizes)-1]
			blocks, sizes = blocks[:len(blocks)-1], sizes[:len(sizes)-1]
		}
		blocks, sizes = append(blocks, b), append(sizes, n)
	}
	i := 0
	for k, b := range blocks {
		for range sizes[k] {
			layer[i].x = b.at + offsets[i]
			i++
		}
	}
}

// draw puts the layers below each other.
func (p *plan) draw() *Drawing {
	d := &Drawing{Boxes: make([]Box, len(p.c.nodes))}
	tops := make([]float64, len(p.layers)) // of the bands with boxes and stubs
	highs := make([]float64, len(p.layers))
	y := 0.0
	for i, layer := range p.layers {
		highest, furthest, flat := 0.0, 0.0, 0
		for _, s := range layer {
			if s.node >= 0 {
				highest = max(highest, p.c.sizes[s.node].H)
			}
			for _, l := range s.down {
				furthest = max(furthest, math.Abs(l.low.x-s.x))
			}
			flat += len(s.flat)
		}
		tops[i], highs[i] = y, highest+2*stub
		gap := min(max(16, furthest*0.14), 180)
		if flat > 0 {
			gap = max(gap, 24)
		}
		y += highs[i] + gap
		for _, s := range layer {
			if s.node >= 0 {
				d.Boxes[s.node] = p.c.box(s.node, Point{s.x, tops[i] + highs[i]/2})
			}
		}
	}
	at := p.attach(d)
	for k, l := range p.c.cables {
		d.Wires = append(d.Wires, p.wire(k, l, at, tops, highs))
	}
	for _, w := range d.Wires {
		if w.Cable.Text != "" {
			d.placeMiddle(w, w.Cable.Text)
		}
	}
	return d
}

// A port is where a cable leaves a box.
type port struct {
	spot  *spot
	cable int
	lower bool
}

// attach gives each end of a cable a place at its box, in the order of where
// they lead, and puts the labels there.
func (p *plan) attach(d *Drawing) map[port]Point {
	out := map[port]Point{}
	for _, s := range p.spots {
		box := d.Boxes[s.node]
		for _, lower := range []bool{false, true} {
			list, y, label := slices.Clone(s.up), box.Y, box.Y-beside-labelH
			if lower {
				list, y, label = slices.Concat(s.down, s.flat), box.Y+box.H, box.Y+box.H+beside
			}
			slices.SortStableFunc(list, func(a, b *link) int { return cmp.Compare(a.other(s).x, b.other(s).x) })
			x := s.x - (p.ports(s, list)-wireStep)/2
			for _, l := range list {
				w := p.cell(s, l)
				text := p.c.label(p.end(s, l))
				at := x + w/2
				if text != "" && len(list) > 1 {
					at = x + beside
				}
				out[port{s, l.cable, lower}] = Point{at, y}
				if text != "" {
					d.Labels = append(d.Labels, Label{Rect{at + beside, label, labelWidth(text), labelH}, text})
				}
				x += w
			}
		}
	}
	return out
}

// wire leads a cable along its way: straight past the boxes of each layer.
func (p *plan) wire(k int, l *Cable, at map[port]Point, tops, highs []float64) Wire {
	way := p.chains[k]
	a, b := p.c.ends(l)
	if p.spots[a].layer == p.spots[b].layer {
		from, to := at[port{p.spots[a], k, true}], at[port{p.spots[b], k, true}]
		y := tops[p.spots[a].layer] + highs[p.spots[a].layer]
		return Wire{Cable: l, Points: []Point{from, {from.X, y}, {(from.X + to.X) / 2, y + 16}, {to.X, y}, to}}
	}
	var line []Point
	for i, s := range way {
		top, bottom := tops[s.layer], tops[s.layer]+highs[s.layer]
		switch {
		case i == 0:
			from := at[port{s, k, true}]
			line = append(line, from, Point{from.X, bottom})
		case i == len(way)-1:
			to := at[port{s, k, false}]
			line = append(line, Point{to.X, top}, to)
		default:
			line = append(line, Point{s.x, top}, Point{s.x, bottom})
		}
	}
	if way[0].node != a {
		slices.Reverse(line)
	}
	return Wire{Cable: l, Points: line}
}
