package graph

import (
	"cmp"
	"math"
	"slices"
)

// A Drawing is a graph with a place for everything, in pixels. Boxes do not
// touch each other, cables go round the boxes they do not end at, and no text
// lies on another text, a box or a cable.
type Drawing struct {
	Width, Height float64
	Boxes         []Box
	Wires         []Wire
	Labels        []Label
}

// A Box is a node: its name, and a line for each interface.
type Box struct {
	Rect
	Node *Node
	text boxText
}

// A Wire is a cable: straight from point to point, or where Curved a quadratic
// Bézier curve of three points.
type Wire struct {
	Cable  *Cable
	Points []Point
	Curved bool
}

// A Label is a word at a cable: the name of the interface it ends at, or what
// the cable is.
type Label struct {
	Rect
	Text string
}

// A Point is a place, y downwards.
type Point struct{ X, Y float64 }

// A Rect is a place with its size.
type Rect struct{ X, Y, W, H float64 }

func (r Rect) center() Point { return Point{r.X + r.W/2, r.Y + r.H/2} }

// at puts the middle of a rectangle somewhere.
func (r Rect) at(p Point) Rect { return Rect{p.X - r.W/2, p.Y - r.H/2, r.W, r.H} }

func (r Rect) grow(d float64) Rect { return Rect{r.X - d, r.Y - d, r.W + 2*d, r.H + 2*d} }

func (r Rect) meets(s Rect) bool {
	return r.X < s.X+s.W && s.X < r.X+r.W && r.Y < s.Y+s.H && s.Y < r.Y+r.H
}

// cut returns the part of a line from a to b that is inside a rectangle, as
// fractions of its length (Liang and Barsky, 1984).
func (r Rect) cut(a, b Point) (from, to float64, ok bool) {
	from, to = 0, 1
	for _, e := range [4][2]float64{
		{a.X - b.X, a.X - r.X}, {b.X - a.X, r.X + r.W - a.X},
		{a.Y - b.Y, a.Y - r.Y}, {b.Y - a.Y, r.Y + r.H - a.Y},
	} {
		switch p, q := e[0], e[1]; {
		case p == 0 && q < 0:
			return 0, 0, false
		case p < 0:
			from = max(from, q/p)
		case p > 0:
			to = min(to, q/p)
		}
	}
	return from, to, from < to
}

// line gives a cable as straight pieces.
func (w Wire) line() []Point {
	if !w.Curved {
		return w.Points
	}
	const pieces = 16
	a, c, b := w.Points[0], w.Points[1], w.Points[2]
	out := make([]Point, pieces+1)
	for i := range out {
		t := float64(i) / pieces
		u := 1 - t
		out[i] = Point{u*u*a.X + 2*u*t*c.X + t*t*b.X, u*u*a.Y + 2*u*t*c.Y + t*t*b.Y}
	}
	return out
}

// crosses reports whether a cable passes through a rectangle.
func (w Wire) crosses(r Rect) bool {
	line := w.line()
	for i := 1; i < len(line); i++ {
		if _, _, ok := r.cut(line[i-1], line[i]); ok {
			return true
		}
	}
	return false
}

// Sizes, in pixels.
const (
	margin   = 24.0  // round the whole drawing
	apart    = 22.0  // between boxes
	between  = 48.0  // between parts that no cable joins
	labelH   = 13.0  // a label
	beside   = 3.0   // from a cable to its label
	near     = 120.0 // so far from its end a label may be, that one sees whose it is
	stub     = 20.0  // a cable goes straight from a box, past its label
	wireStep = 14.0  // between cables side by side
)

// Layout finds a place for everything. The same graph is always drawn alike.
func (g *Graph) Layout() *Drawing {
	var parts []*Drawing
	for _, c := range g.components() {
		parts = append(parts, c.draw())
	}
	return pack(parts)
}

// draw lays out a part in which all nodes are joined. Where labels cannot be
// placed at the cables without touching anything, they go into the boxes.
func (c *component) draw() *Drawing {
	for _, dense := range []bool{c.crowded(), true} {
		c.measure(dense)
		var try func(scale float64) *Drawing
		switch {
		case len(c.nodes) == 1:
			return &Drawing{Boxes: []Box{c.box(0, Point{})}}
		case c.isChain():
			return c.chain()
		case c.isStar():
			try = c.star
		case c.isRing():
			try = c.ring
		}
		for scale := 1.0; try != nil && scale < 6; scale *= 1.1 {
			if d := try(scale); d != nil {
				return d
			}
		}
	}
	c.measure(false)
	return c.layered()
}

// pack puts parts side by side, the highest first, in rows about as wide as
// all are high.
func pack(parts []*Drawing) *Drawing {
	area, widest := 0.0, 0.0
	for _, p := range parts {
		p.trim()
		area += (p.Width + between) * (p.Height + between)
		widest = max(widest, p.Width)
	}
	slices.SortStableFunc(parts, func(a, b *Drawing) int { return cmp.Compare(b.Height, a.Height) })
	limit := max(widest, math.Sqrt(area)*1.3)
	all := &Drawing{Width: 2 * margin, Height: 2 * margin}
	x, y, row := margin, margin, 0.0
	for _, p := range parts {
		if x > margin && x+p.Width > margin+limit {
			x, y, row = margin, y+row+between, 0
		}
		p.move(x, y)
		all.Boxes = append(all.Boxes, p.Boxes...)
		all.Wires = append(all.Wires, p.Wires...)
		all.Labels = append(all.Labels, p.Labels...)
		all.Width = max(all.Width, x+p.Width+margin)
		all.Height = max(all.Height, y+p.Height+margin)
		x, row = x+p.Width+between, max(row, p.Height)
	}
	return all
}

// trim moves a drawing to the origin and finds its size.
func (d *Drawing) trim() {
	low, high := Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	see := func(x, y float64) {
		low, high = Point{min(low.X, x), min(low.Y, y)}, Point{max(high.X, x), max(high.Y, y)}
	}
	for _, b := range d.Boxes {
		see(b.X, b.Y)
		see(b.X+b.W, b.Y+b.H)
	}
	for _, l := range d.Labels {
		see(l.X, l.Y)
		see(l.X+l.W, l.Y+l.H)
	}
	for _, w := range d.Wires {
		for _, p := range w.line() {
			see(p.X, p.Y)
		}
	}
	d.move(-low.X, -low.Y)
	d.Width, d.Height = high.X-low.X, high.Y-low.Y
}

func (d *Drawing) move(x, y float64) {
	for i := range d.Boxes {
		d.Boxes[i].X += x
		d.Boxes[i].Y += y
	}
	for i := range d.Labels {
		d.Labels[i].X += x
		d.Labels[i].Y += y
	}
	for i := range d.Wires {
		for k := range d.Wires[i].Points {
			d.Wires[i].Points[k].X += x
			d.Wires[i].Points[k].Y += y
		}
	}
}

// free reports whether boxes keep apart and cables go round the boxes they do
// not end at.
func (d *Drawing) free() bool {
	for i, b := range d.Boxes {
		for _, o := range d.Boxes[:i] {
			if b.grow(apart / 2).meets(o.grow(apart / 2)) {
				return false
			}
		}
		for _, w := range d.Wires {
			if w.Cable.A.Node != b.Node.ID && w.Cable.B.Node != b.Node.ID && w.crosses(b.grow(4)) {
				return false
			}
		}
	}
	return true
}

// straight joins the middles of two boxes, from border to border.
func straight(c *Cable, a, b Rect) Wire {
	p, q := a.center(), b.center()
	_, out, _ := a.cut(p, q)
	in, _, _ := b.cut(p, q)
	return Wire{Cable: c, Points: []Point{along(p, q, out), along(p, q, in)}}
}

func along(p, q Point, t float64) Point { return Point{p.X + (q.X-p.X)*t, p.Y + (q.Y-p.Y)*t} }

func dist(p, q Point) float64 { return math.Hypot(q.X-p.X, q.Y-p.Y) }

// place puts the label of a cable's end beside it, as near to the end as it is
// free of all else; false where it is nowhere.
func (d *Drawing) place(w Wire, from bool, text string) bool {
	line := slices.Clone(w.line())
	if !from {
		slices.Reverse(line)
	}
	total := 0.0
	for i := 1; i < len(line); i++ {
		total += dist(line[i-1], line[i])
	}
	return d.try(w, line, text, 5, total*0.46)
}

// placeMiddle puts a label at the middle of a cable, where there is room.
func (d *Drawing) placeMiddle(w Wire, text string) {
	line := w.line()
	total := 0.0
	for i := 1; i < len(line); i++ {
		total += dist(line[i-1], line[i])
	}
	d.try(w, line, text, total*0.5, total*0.85)
}

// try puts a label beside a stretch of a cable: near its beginning where no other
// cable or label is so near that one could take it for theirs; else anywhere.
func (d *Drawing) try(w Wire, line []Point, text string, from, to float64) bool {
	for _, c := range []struct{ room, to float64 }{{3 * beside, near}, {beside + 2, near}, {beside + 2, to}} {
		if d.tryAt(line, text, from, min(to, from+c.to), func(r Rect) bool { return d.clear(r) && d.alone(r, w, c.room) }) {
			return true
		}
	}
	return d.tryAt(line, text, from, to, d.clear)
}

func (d *Drawing) tryAt(line []Point, text string, from, to float64, fits func(Rect) bool) bool {
	size := Rect{W: labelWidth(text), H: labelH}
	gone := 0.0
	for i := 1; i < len(line); i++ {
		p, q := line[i-1], line[i]
		n := dist(p, q)
		if n == 0 {
			continue
		}
		normal := Point{(q.Y - p.Y) / n, -(q.X - p.X) / n}
		if normal.Y > 0.01 || math.Abs(normal.Y) <= 0.01 && normal.X < 0 {
			normal = Point{-normal.X, -normal.Y} // above first, or on the right
		}
		off := math.Abs(normal.X)*size.W/2 + math.Abs(normal.Y)*size.H/2 + beside
		for s := max(0, from-gone); s <= n && gone+s <= to; s += 4 {
			at := along(p, q, s/n)
			for _, side := range []float64{1, -1} {
				r := size.at(Point{at.X + side*normal.X*off, at.Y + side*normal.Y*off})
				if fits(r) {
					d.Labels = append(d.Labels, Label{r, text})
					return true
				}
			}
		}
		gone += n
	}
	return false
}

// alone reports whether one sees that a label is a cable's: no other one, and no
// other label, is so near to it.
func (d *Drawing) alone(r Rect, of Wire, room float64) bool {
	for _, l := range d.Labels {
		if r.grow(room - beside).meets(l.Rect) {
			return false
		}
	}
	for _, w := range d.Wires {
		if w.Cable != of.Cable && w.crosses(r.grow(room)) {
			return false
		}
	}
	return true
}

// clear reports whether nothing is where a label is to be.
func (d *Drawing) clear(r Rect) bool {
	for _, l := range d.Labels {
		if r.grow(1).meets(l.Rect) {
			return false
		}
	}
	for _, b := range d.Boxes {
		if r.grow(2).meets(b.Rect) {
			return false
		}
	}
	for _, w := range d.Wires {
		if w.crosses(r) {
			return false
		}
	}
	return true
}
