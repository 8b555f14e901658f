package wiring_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"vnet/runtime/graph"
	"vnet/runtime/graph/wiring"
)

var rewrite = flag.Bool("rewrite", false, "write the drawings in testdata anew")

// A builder makes graphs.
type builder struct{ graph.Graph }

func (b *builder) node(kind, id string) *graph.Node {
	for i := range b.Nodes {
		if b.Nodes[i].ID == id {
			return &b.Nodes[i]
		}
	}
	ns, as, bridge := strings.Cut(id, ":")
	if !bridge {
		as = ns
	}
	b.Nodes = append(b.Nodes, graph.Node{ID: id, Kind: kind, Namespace: ns, Name: as})
	return &b.Nodes[len(b.Nodes)-1]
}

func kind(id string) string {
	if strings.Contains(id, ":") {
		return graph.Bridge
	}
	return graph.Namespace
}

// cable joins two interfaces, each with its addresses.
func (b *builder) cable(x, xi, xa, y, yi, ya string) {
	for _, e := range [][3]string{{x, xi, xa}, {y, yi, ya}} {
		n := b.node(kind(e[0]), e[0])
		n.Interfaces = append(n.Interfaces, graph.Interface{Name: e[1], Kind: "veth", Up: true, Addresses: strings.Fields(e[2])})
	}
	b.Cables = append(b.Cables, graph.Cable{Kind: "veth", A: graph.End{Node: x, Interface: xi}, B: graph.End{Node: y, Interface: yi}, Up: true})
}

var networks = map[string]func(*builder){
	"cable": func(b *builder) { b.cable("left", "eth0", "10.0.0.1/24", "right", "eth0", "10.0.0.2/24 fd00::2/64") },
	"chain": func(b *builder) {
		for i := range 3 {
			b.cable(fmt.Sprint("r", i), "right", fmt.Sprintf("10.0.%d.1/24", i), fmt.Sprint("r", i+1), "left", fmt.Sprintf("10.0.%d.2/24", i))
		}
		b.node(graph.Namespace, "alone")
	},
	"star": func(b *builder) {
		for i := range 5 {
			b.cable(fmt.Sprint("h", i), "eth0", fmt.Sprintf("10.0.0.%d/24", i+1), "sw:br0", fmt.Sprint("p", i), "")
		}
	},
	"mesh": func(b *builder) {
		for i := range 5 {
			for j := range i {
				b.cable(fmt.Sprint("h", j), fmt.Sprint("h", i), fmt.Sprintf("10.%d.%d.1/30", j, i), fmt.Sprint("h", i), fmt.Sprint("h", j), fmt.Sprintf("10.%d.%d.2/30", j, i))
			}
		}
	},
	"names": func(b *builder) {
		b.cable("a-name-that-is-longer-than-a-window-of-forty-columns", "eth0", "2001:db8:1111:2222:3333:4444:5555:6666/64", "b", "\x1b[31m", "")
		b.Nodes[1].Interfaces[0].Up = false
		b.Nodes[1].Interfaces = append(b.Nodes[1].Interfaces, graph.Interface{Name: "far", Kind: "veth", Up: true, To: "a namespace without a name"})
	},
}

// A drawing fits the window and shows every interface and address.
func TestDraw(t *testing.T) {
	for name, make := range networks {
		for _, o := range []wiring.Options{{Width: 80}, {Width: 40}, {Width: 40, ASCII: true}} {
			file := fmt.Sprintf("testdata/%s.%d.txt", name, o.Width)
			if o.ASCII {
				file = fmt.Sprintf("testdata/%s.ascii.txt", name)
			}
			t.Run(filepath.Base(file), func(t *testing.T) {
				b := &builder{}
				make(b)
				var out strings.Builder
				if err := wiring.Draw(&out, &b.Graph, o); err != nil {
					t.Fatal(err)
				}
				got := out.String()
				for line := range strings.Lines(got) {
					if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > o.Width {
						t.Errorf("%d columns: %s", n, line)
					}
					if o.ASCII && strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) || strings.Contains(line, "\x1b") {
						t.Errorf("not for this terminal: %q", line)
					}
				}
				ends := strings.Count(got, "→") + strings.Count(got, " > ")
				for _, sign := range []string{"├", "┬"} {
					ends += strings.Count(got, sign)
				}
				if !o.ASCII && name != "names" && ends != 2*len(b.Cables) {
					t.Errorf("%d ends of %d cables", ends, len(b.Cables))
				}
				for _, n := range b.Nodes {
					for _, i := range n.Interfaces {
						for _, a := range i.Addresses {
							if name != "names" && !strings.Contains(got, a) {
								t.Errorf("%s is missing", a)
							}
						}
					}
				}
				if *rewrite {
					if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil || got != string(want) {
					t.Errorf("it is now\n%s\nto write it anew: go test ./runtime/graph/wiring -rewrite", got)
				}
			})
		}
	}
}
