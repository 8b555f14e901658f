package graph

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// lines is what a node says in a drawing made by another program: its name,
// and each interface with its addresses.
func (n *Node) lines() []string {
	t := textOf(n, false, func(End) (End, bool) { return End{}, false })
	title := t.title
	if t.sub != "" {
		title += " (" + t.sub + ")"
	}
	out := []string{title}
	for _, r := range t.rows {
		out = append(out, strings.Join(strings.Fields(r.name+" "+r.addr+" "+r.note), " "))
	}
	return out
}

// called gives each node a name that no language takes for anything else.
func (g *Graph) called() map[string]string {
	out := map[string]string{}
	for i, n := range g.Nodes {
		out[n.ID] = "n" + strconv.Itoa(i+1)
	}
	return out
}

// DOT writes a graph in the language of graphviz (graphviz.org/doc/info/lang.html).
func (g *Graph) DOT(w io.Writer) error {
	var b strings.Builder
	b.WriteString("graph network {\n\tgraph [overlap=false, splines=true, nodesep=0.6, ranksep=1]\n" +
		"\tnode [shape=box, fontname=\"Helvetica\", fontsize=11]\n\tedge [fontname=\"Helvetica\", fontsize=9]\n")
	names := g.called()
	for _, n := range g.Nodes {
		look := map[string]string{Bridge: ", style=\"rounded,filled\", fillcolor=\"#e2eefb\"", Group: ", style=dashed"}[n.Kind]
		fmt.Fprintf(&b, "\t%s [label=%s%s]\n", names[n.ID], dotText(strings.Join(n.lines(), "\n")), look)
	}
	for _, c := range g.Cables {
		look := ""
		switch {
		case !c.Up:
			look = ", style=dotted"
		case c.Kind != "veth":
			look = ", style=dashed"
		}
		fmt.Fprintf(&b, "\t%s -- %s [taillabel=%s, headlabel=%s, label=%s%s]\n", names[c.A.Node], names[c.B.Node],
			dotText(c.A.Interface), dotText(c.B.Interface), dotText(c.Text), look)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotText is a quoted text, in which a backslash stands for escapes of the
// label, and & for entities of HTML.
func dotText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, line := range strings.SplitAfter(s, "\n") {
		line, more := strings.CutSuffix(line, "\n")
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;").Replace(printable(line)))
		if more {
			b.WriteString(`\n`)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Mermaid writes a flowchart (mermaid.js.org/syntax/flowchart.html).
func (g *Graph) Mermaid(w io.Writer) error {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	names := g.called()
	for _, n := range g.Nodes {
		open, shut := "[", "]"
		switch n.Kind {
		case Bridge:
			open, shut = "([", "])"
		case Group:
			open, shut = "{{", "}}"
		}
		lines := n.lines()
		for i := range lines {
			lines[i] = mermaidText(lines[i])
		}
		fmt.Fprintf(&b, "  %s%s\"%s\"%s\n", names[n.ID], open, strings.Join(lines, "<br/>"), shut)
	}
	for _, c := range g.Cables {
		line := "---"
		if c.Kind != "veth" || !c.Up {
			line = "-.-"
		}
		text := cableText(c)
		if text != "" {
			line += `|"` + mermaidText(text) + `"|`
		}
		fmt.Fprintf(&b, "  %s %s %s\n", names[c.A.Node], line, names[c.B.Node])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cableText says of a cable, in one line, what it joins.
func cableText(c Cable) string {
	text := c.A.Interface
	if c.B.Interface != "" {
		text = strings.TrimPrefix(text+" – "+c.B.Interface, " – ")
	}
	if c.Text != "" {
		text += " (" + c.Text + ")"
	}
	if !c.Up {
		text += " down"
	}
	return text
}

// mermaidText writes all that is not a plain character by its number, which
// Mermaid reads between # and ;.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range printable(s) {
		switch {
		case r > '~', r == ' ', strings.ContainsRune("-_.:/,()=", r),
			'0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

// D2 writes a graph in the language of D2 (d2lang.com).
func (g *Graph) D2(w io.Writer) error {
	var b strings.Builder
	names := g.called()
	for _, n := range g.Nodes {
		shape := map[string]string{Namespace: "rectangle", Bridge: "oval", Group: "cloud"}[n.Kind]
		fmt.Fprintf(&b, "%s: %s { shape: %s }\n", names[n.ID], d2Text(strings.Join(n.lines(), "\n")), shape)
	}
	for _, c := range g.Cables {
		look := ""
		if c.Kind != "veth" || !c.Up {
			look = "style.stroke-dash: 4; "
		}
		fmt.Fprintf(&b, "%s -- %s: %s { %ssource-arrowhead: %s { shape: none }; target-arrowhead: %s { shape: none } }\n",
			names[c.A.Node], names[c.B.Node], d2Text(c.Text), look, d2Text(c.A.Interface), d2Text(c.B.Interface))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// d2Text is a quoted text; $ would begin a substitution.
func d2Text(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`).Replace(printable(lines[i]))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
