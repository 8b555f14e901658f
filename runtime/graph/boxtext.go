package graph

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Widths of a character as parts of the size of its letters: of a monospace
// font all are alike, of names in bold the widest are taken.
const (
	monoWidth = 0.62
	boldWidth = 0.66
	wideWidth = 1.05 // not ASCII

	titleSize = 14.0
	rowSize   = 11.0
	labelSize = 10.0
	rowHeight = 15.0
	padding   = 10.0
	colGap    = 10.0
	mostRows  = 16 // of a column; a box with more of them has several
)

func textWidth(s string, size, perChar float64) float64 {
	w := 0.0
	for _, r := range s {
		if r < utf8.RuneSelf {
			w += perChar
		} else {
			w += wideWidth
		}
	}
	return w * size
}

func labelWidth(s string) float64 {
	if s == "" {
		return 0
	}
	return textWidth(s, labelSize, monoWidth)
}

// A boxText is what is written into a box.
type boxText struct {
	title, sub string
	rows       []row
	width      [3]float64 // of the columns
}

// A row is a line of a box: an interface, an address, and what else there is
// to say of it.
type row struct{ name, addr, note string }

// textOf writes down what a node's box says: each interface with its
// addresses; of a bridge's ports, those whose cable bears their name already
// are left out. In a dense drawing the cables' other ends are here.
func textOf(n *Node, dense bool, far func(End) (End, bool)) boxText {
	t := boxText{title: n.Name}
	if n.Kind == Bridge && n.Namespace != "host" {
		t.title, t.sub = n.Name, "in "+n.Namespace
	}
	for _, i := range n.Interfaces {
		note := noteOf(n, i)
		other, cabled := far(End{n.ID, i.Name})
		self := n.Kind == Bridge && i.Name == n.Name
		switch {
		case n.Kind == Bridge && cabled && !dense, self && len(i.Addresses) == 0:
			continue
		case dense && cabled:
			note = strings.TrimSpace(note + " → " + strings.Trim(other.Node+":"+other.Interface, ":"))
		}
		rows := []row{{printable(i.Name), "", printable(note)}}
		for k, a := range i.Addresses {
			if k > 0 {
				rows = append(rows, row{})
			}
			rows[k].addr = a
		}
		t.rows = append(t.rows, rows...)
	}
	t.title, t.sub = printable(t.title), printable(t.sub)
	for _, r := range t.rows {
		for k, s := range []string{r.name, r.addr, r.note} {
			t.width[k] = max(t.width[k], textWidth(s, rowSize, monoWidth))
		}
	}
	return t
}

// noteOf says of an interface what its name and addresses do not.
func noteOf(n *Node, i Interface) string {
	var words []string
	switch i.Kind {
	case "veth", "":
	case "bridge":
		if n.Kind != Bridge {
			words = append(words, "bridge")
		}
	case "vxlan":
		words = append(words, "vxlan "+detail(i, "id"))
	default:
		words = append(words, i.Kind)
	}
	if on := detail(i, "on"); on != "" {
		words = append(words, "on "+on)
	}
	if !i.Up {
		words = append(words, "down")
	}
	if i.To != "" {
		words = append(words, "→ "+i.To)
	}
	return strings.Join(words, " ")
}

// detail finds the value of an option.
func detail(i Interface, option string) string {
	words := strings.Fields(i.Details)
	if k := slices.Index(words, option); k >= 0 && k+1 < len(words) {
		return words[k+1]
	}
	return ""
}

// printable leaves nothing in a text that is no character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || 0x80 <= r && r < 0xa0 || r == 0xfffe || r == 0xffff {
			return '�'
		}
		return r
	}, s)
}

// columns is how many columns of rows a box has.
func (t boxText) columns() int { return max(1, (len(t.rows)+mostRows-1)/mostRows) }

// perColumn is how many rows stand in each.
func (t boxText) perColumn() int {
	return int(math.Ceil(float64(len(t.rows)) / float64(t.columns())))
}

// columnWidth is that of one column of rows.
func (t boxText) columnWidth() float64 {
	w := 0.0
	for _, c := range t.width {
		if c > 0 {
			w += cmp.Or(min(w, 1)*colGap, 0) + c
		}
	}
	return w
}

func (t boxText) titleWidth() float64 {
	return textWidth(t.title, titleSize, boldWidth) + textWidth(" "+t.sub, rowSize, monoWidth)*min(1, float64(len(t.sub)))
}

func (t boxText) size() (w, h float64) {
	n := float64(t.columns())
	w = max(t.titleWidth(), t.columnWidth()*n+2*colGap*(n-1), 44) + 2*padding
	h = titleSize + 2*padding - 2
	if len(t.rows) > 0 {
		h += 4 + rowHeight*float64(t.perColumn())
	}
	return math.Ceil(w), math.Ceil(h)
}

func num(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.1f", f), "0"), ".")
}
