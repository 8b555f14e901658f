package graph

import (
	"fmt"
	"io"
	"strings"
)

// style is that of the picture: it follows the reader's light or dark scheme,
// has no background of its own, and is nobody else's on the page it stands in.
const style = `
  .vnet { color: #1c2733; font-family: "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif }
  .vnet .box { fill: #f5f8fb; stroke: #5b7083; stroke-width: 1.2 }
  .vnet .bridge { fill: #e2eefb; stroke: #2f6fb0 }
  .vnet .group { fill: #fbf3dd; stroke: #a67c1a }
  .vnet .wire { fill: none; stroke: #44566a; stroke-width: 1.3 }
  .vnet .wire.vxlan { stroke: #a67c1a; stroke-dasharray: 6 4 }
  .vnet .wire.own, .vnet .wire.stack { stroke: #2f6fb0; stroke-dasharray: 2 3 }
  .vnet .wire.down { stroke: #b3423a; stroke-dasharray: 8 3 2 3 }
  .vnet .name { font-size: 14px; font-weight: bold; fill: currentColor }
  .vnet .sub { font-size: 11px; font-weight: normal; fill: #5b7083 }
  .vnet .row, .vnet .label { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 11px; fill: currentColor }
  .vnet .if { fill: #5b7083 }
  .vnet .label { font-size: 10px; fill: #44566a }
  @media (prefers-color-scheme: dark) {
    .vnet { color: #e4ebf2 }
    .vnet .box { fill: #202a34; stroke: #8fa3b5 }
    .vnet .bridge { fill: #17324d; stroke: #6fb0ee }
    .vnet .group { fill: #3a3016; stroke: #d8b25a }
    .vnet .wire { stroke: #a9bacb }
    .vnet .wire.vxlan { stroke: #d8b25a }
    .vnet .wire.own, .vnet .wire.stack { stroke: #6fb0ee }
    .vnet .wire.down { stroke: #ef8a80 }
    .vnet .sub, .vnet .if { fill: #9fb2c4 }
    .vnet .label { fill: #b8c7d6 }
  }
`

// SVG writes a picture: one that can be put into a document or a page, and is
// readable on light and dark ground.
func (g *Graph) SVG(w io.Writer) error {
	d := g.Layout()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="vnet" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="network">`+"\n",
		num(d.Width), num(d.Height), num(d.Width), num(d.Height))
	b.WriteString("<style>" + style + "</style>\n")
	for _, l := range d.Wires {
		fmt.Fprintf(&b, `<path class="%s" d="%s"><title>%s</title></path>`+"\n", wireClass(l.Cable), path(l), xml(caption(l.Cable)))
	}
	for _, box := range d.Boxes {
		box.svg(&b)
	}
	for _, l := range d.Labels {
		fmt.Fprintf(&b, `<text class="label" x="%s" y="%s">%s</text>`+"\n", num(l.X), num(l.Y+labelH-3), xml(l.Text))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func wireClass(c *Cable) string {
	class := "wire " + c.Kind
	if !c.Up {
		class += " down"
	}
	return class
}

// caption is a cable in words.
func caption(c *Cable) string {
	text := strings.Trim(c.A.Node+":"+c.A.Interface, ":") + " – " + strings.Trim(c.B.Node+":"+c.B.Interface, ":")
	if c.Text != "" {
		text += " (" + c.Text + ")"
	}
	if !c.Up {
		text += " down"
	}
	return text
}

func path(w Wire) string {
	var b strings.Builder
	for i, p := range w.Points {
		switch {
		case i == 0:
			b.WriteString("M")
		case w.Curved && i == 1:
			b.WriteString(" Q")
		case w.Curved:
			b.WriteString(" ")
		default:
			b.WriteString(" L")
		}
		b.WriteString(num(p.X) + " " + num(p.Y))
	}
	return b.String()
}

func (box Box) svg(b *strings.Builder) {
	round := 3
	if box.Node.Kind != Namespace {
		round = 12
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect class="box %s" x="%s" y="%s" width="%s" height="%s" rx="%d"/>`+"\n",
		xml(box.Node.ID), box.Node.Kind, num(box.X), num(box.Y), num(box.W), num(box.H), round)
	t := box.text
	_, high := t.size()
	y := box.Y + (box.H-high)/2 + padding + titleSize - 2
	fmt.Fprintf(b, `<text class="name" x="%s" y="%s" text-anchor="middle">%s`, num(box.X+box.W/2), num(y), xml(t.title))
	if t.sub != "" {
		fmt.Fprintf(b, ` <tspan class="sub">%s</tspan>`, xml(t.sub))
	}
	b.WriteString("</text>\n")
	per := t.perColumn()
	full := t.columnWidth()*float64(t.columns()) + 2*colGap*float64(t.columns()-1)
	for i, r := range t.rows {
		x := box.X + (box.W-full)/2 + float64(i/per)*(t.columnWidth()+2*colGap)
		line := num(y + 4 + rowHeight*float64(i%per+1))
		for k, s := range []string{r.name, r.addr, r.note} {
			class := "row"
			if k != 1 {
				class = "row if"
			}
			if s != "" {
				fmt.Fprintf(b, `<text class="%s" x="%s" y="%s">%s</text>`+"\n", class, num(x), line, xml(s))
			}
			if t.width[k] > 0 {
				x += t.width[k] + colGap
			}
		}
	}
	b.WriteString("</g>\n")
}

// xml escapes text for XML, where some characters may not stand at all.
func xml(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(printable(s))
}
