package graph

import (
	"fmt"
	"io"
	"strings"

	"vnet/lang/name"
)

// Text writes each node with its interfaces, and what they are joined to.
func (g *Graph) Text(w io.Writer) error {
	var b strings.Builder
	far := map[End][]string{}
	for _, c := range g.Cables {
		note := ""
		if c.Text != "" {
			note = " (" + c.Text + ")"
		}
		far[c.A] = append(far[c.A], c.B.words(g)+note)
		far[c.B] = append(far[c.B], c.A.words(g)+note)
	}
	for k, n := range g.Nodes {
		if k > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s\n", name.Quote(n.heading()))
		var rows [][3]string
		var wide [2]int
		for _, i := range n.Interfaces {
			if n.Kind == Bridge && i.Name == n.Name && len(i.Addresses) == 0 {
				continue // the bridge itself
			}
			words := append([]string{i.Name}, i.Addresses...)
			if note := noteOf(&n, i); note != "" {
				words = append(words, note)
			}
			row := [3]string{name.Quote(i.Name), name.Quote(strings.Join(words[1:], " ")), name.Quote(strings.Join(far[End{n.ID, i.Name}], ", "))}
			for c := range wide {
				wide[c] = max(wide[c], len([]rune(row[c])))
			}
			rows = append(rows, row)
		}
		if n.Kind == Group {
			rows = append(rows, [3]string{"", "", strings.Join(far[End{Node: n.ID}], ", ")})
		}
		for i, r := range rows {
			branch, to := "├─", ""
			if i == len(rows)-1 {
				branch = "└─"
			}
			if r[2] != "" {
				to = " ── " + r[2]
			}
			line := fmt.Sprintf("%s %-*s  %-*s", branch, wide[0], r[0], wide[1], r[1])
			b.WriteString(strings.TrimRight(line+to, " ") + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// heading is what a node is called.
func (n *Node) heading() string {
	switch {
	case n.Kind == Bridge && n.Namespace == "host":
		return n.Name + " (bridge)"
	case n.Kind == Bridge:
		return n.Name + " (bridge in " + n.Namespace + ")"
	}
	return n.Name
}

// words names an end as the language does.
func (e End) words(g *Graph) string {
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.ID == e.Node {
			switch {
			case e.Interface == "":
				return n.heading()
			case n.Kind == Bridge:
				return n.Namespace + ":" + e.Interface + " on " + n.Name
			}
		}
	}
	return e.Node + ":" + e.Interface
}
