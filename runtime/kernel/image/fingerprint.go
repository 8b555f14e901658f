package image

import (
	"slices"
	"strings"
)

// An Entry is one thing of a namespace and what there is to say of it: a line
// each, in order where the kernel's order means something, else sorted.
type Entry struct {
	Thing string
	Lines []string

	section section
	links   []string // the links it is about
}

// Links are the links an entry is about.
func (e Entry) Links() []string { return e.links }

// A Fingerprint is all that an image tells in some form.
type Fingerprint []Entry

// String gives the canonical text: a line for each fact.
func (f Fingerprint) String() string {
	var b strings.Builder
	for _, e := range f {
		for _, l := range e.Lines {
			b.WriteString(e.Thing + ": " + l + "\n")
		}
	}
	return b.String()
}

// A canvas collects entries.
type canvas struct {
	*view
	list  []*Entry
	index map[string]*Entry
	loose map[string]bool // things whose lines have no order
}

// add says something of a thing.
func (c *canvas) add(s section, thing, line string, links ...string) *Entry {
	e := c.index[thing]
	if e == nil {
		e = &Entry{Thing: thing, section: s}
		c.index[thing] = e
		c.list = append(c.list, e)
	}
	e.Lines = append(e.Lines, line)
	for _, l := range links {
		if l != "" && l != "-" && !slices.Contains(e.links, l) {
			e.links = append(e.links, l)
		}
	}
	return e
}

// Fingerprint puts an image into lines.
func (img *Image) Fingerprint(form Form) Fingerprint { return newView(img, form).fingerprint() }

func (v *view) fingerprint() Fingerprint {
	c := newCanvas(v)
	for _, draw := range []func(){
		c.drawLinks, c.drawAddrs, c.drawRoutes, c.drawRules, c.drawNexthops, c.drawNeighs, c.drawProxies,
		c.drawFDB, c.drawMDB, c.drawVLANs, c.drawTraffic, c.drawLabels, c.drawNeighTables, c.drawNetconf,
		c.drawFeatures, c.drawXFRM, c.drawSysctls, c.drawSysfs, c.drawGroups, c.drawTables,
	} {
		draw()
	}
	return c.fingerprint()
}

func newCanvas(v *view) *canvas {
	return &canvas{view: v, index: map[string]*Entry{}, loose: map[string]bool{}}
}

// fingerprint puts what was drawn in order.
func (c *canvas) fingerprint() Fingerprint {
	f := make(Fingerprint, len(c.list))
	for i, e := range c.list {
		if c.loose[e.Thing] {
			slices.Sort(e.Lines)
		}
		f[i] = *e
	}
	slices.SortStableFunc(f, func(a, b Entry) int { return strings.Compare(a.Thing, b.Thing) })
	return f
}

// Diff says how b differs from a, a line for each thing that does. Parameters
// that a kernel module has brought are none: see Residues.
func Diff(a, b Fingerprint) []string {
	var out []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case j == len(b) || i < len(a) && a[i].Thing < b[j].Thing:
			out = append(out, compare(a[i].Thing, a[i].Lines, nil)...)
			i++
		case i == len(a) || a[i].Thing > b[j].Thing:
			if !b[j].ofModule() {
				out = append(out, compare(b[j].Thing, nil, b[j].Lines)...)
			}
			j++
		default:
			out = append(out, compare(a[i].Thing, a[i].Lines, b[j].Lines)...)
			i, j = i+1, j+1
		}
	}
	return out
}

// ofModule reports whether something that was not there before can only have
// come with a kernel module: parameters that are no link's are there from the
// beginning of a namespace.
func (e Entry) ofModule() bool {
	path, ok := strings.CutPrefix(e.Thing, "sysctl ")
	dev := sysctlDevice(path)
	return ok && (dev == "" || dev == "all" || dev == "default")
}

// compare puts into words how what is said of a thing has changed.
func compare(thing string, was, is []string) []string {
	if slices.Equal(was, is) {
		return nil
	}
	gone, come := subtract(was, is), subtract(is, was)
	switch {
	case len(gone) == 0 && len(come) == 0:
		return []string{thing + ": another order: " + strings.Join(is, " | ") + ", was " + strings.Join(was, " | ")}
	case len(gone) == 1 && len(come) == 1:
		return []string{thing + ": " + changedWords(gone[0], come[0])}
	}
	var out []string
	for _, l := range gone {
		out = append(out, thing+": gone: "+l)
	}
	for _, l := range come {
		out = append(out, thing+": new: "+l)
	}
	return out
}

// subtract returns the lines of a that b has not, as often.
func subtract(a, b []string) []string {
	left := map[string]int{}
	for _, l := range b {
		left[l]++
	}
	var out []string
	for _, l := range a {
		if left[l]--; left[l] < 0 {
			out = append(out, l)
		}
	}
	return out
}

// changedWords shows two lines by the words that are not the same in both.
func changedWords(was, is string) string {
	a, b := strings.Fields(was), strings.Fields(is)
	gone, come := subtract(a, b), subtract(b, a)
	var subject string // what both begin with says which one it is
	if len(a) > 0 && len(b) > 0 && a[0] == b[0] && !strings.Contains(a[0], "=") {
		subject = a[0] + ": "
	}
	word := func(w []string) string {
		if len(w) == 0 {
			return "nothing"
		}
		return strings.Join(w, " ")
	}
	return subject + word(come) + ", was " + word(gone)
}
