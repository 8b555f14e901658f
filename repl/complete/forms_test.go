package complete

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vnet/lang/parse"
	"vnet/lang/usage"
)

// samples are words of every kind that stands in a form.
var samples = map[usage.Kind]string{
	usage.Switch: "on", usage.Int: "7", usage.MAC: "02:00:00:00:00:01", usage.IP: "10.9.0.1", usage.CIDR: "10.9.0.1/24",
	usage.Dest: "10.9.0.0/16", usage.Duration: "50ms", usage.Rate: "10mbit", usage.Percent: "1%", usage.Size: "64k",
	usage.Name: "h1", usage.Link: "eth0", usage.End: "h1:eth0", usage.Text: "'x'", usage.Path: "lib/x", usage.Port: "80",
	usage.User: "root", usage.Value: "7", usage.NewName: "n9", usage.NewLink: "eth9", usage.NewEnd: "h1:eth9", usage.Bridge: "br0",
	usage.Target: "h2", usage.Gateway: "10.9.0.1", usage.OwnIP: "10.0.0.1", usage.Spawned: "web", usage.Command: "ping",
	usage.Argument: "x", usage.Module: "std/topo", usage.Sysctl: "net.ipv4.ip_forward", usage.Variable: "hosts", usage.NewVar: "v",
	usage.NewFunc: "fn", usage.Fresh: "n9", usage.Topic: "veth", usage.Savepoint: "base", usage.Expr: "$hot",
	usage.Statement: "echo x", usage.Condition: "ping h1 -> h2",
}

// A step is a node of a pattern with what stands for it in a text.
type step struct {
	node   *usage.Node
	text   string
	option *usage.Option
}

// stepsOf gives what may stand for a node.
func stepsOf(e *usage.Entry, n *usage.Node) []step {
	switch n.Item {
	case usage.Literal:
		return []step{{n, n.Word, nil}}
	case usage.Nested:
		return []step{{n, n.Word + " ping", nil}}
	case usage.Block:
		return []step{{n, "{ echo x }", nil}}
	case usage.Lines:
		return []step{{n, "{\nping x\n}", nil}}
	case usage.Parens:
		return []step{{n, "(a, b = 1)", nil}}
	case usage.Anything:
		return []step{{n, "", nil}}
	case usage.Place:
		return []step{{n, samples[n.Kind], nil}}
	}
	var list []step
	for i := range e.Options {
		if o := &e.Options[i]; slices.Contains(n.Scopes, o.Scope) {
			list = append(list, step{n, optionText(e, o), o})
		}
	}
	return list
}

func optionText(e *usage.Entry, o *usage.Option) string {
	arg := samples[o.Wants()]
	switch {
	case o.Kind == usage.None && len(e.Names(usage.Scope(o.Name))) > 0:
		return o.Name + " via 10.9.0.1"
	case o.Kind == usage.None:
		return o.Name
	case o.Kind == usage.Word:
		arg = o.Values[0]
	case o.Name == "env":
		arg = "K=V"
	case o.Kind == usage.Int && o.Min > 7:
		arg = "1400"
	case o.Compare:
		arg = "< " + arg
	case o.Equals:
		arg = "net.ipv4.ip_forward = 1"
	}
	return o.Name + " " + arg
}

// join puts steps behind a statement's word.
func join(word string, steps []step) string {
	text := word
	for _, s := range steps {
		if s.text != "" && s.node.Item != usage.Parens && s.text != "," {
			text += " "
		}
		text += s.text
	}
	return text
}

// ways gives for every node of a pattern the shortest way to it, and from it
// to an end.
func ways(e *usage.Entry, p *usage.Pattern) (to, on map[int][]step) {
	to, on = map[int][]step{}, map[int][]step{}
	var queue []int
	for _, n := range p.First {
		to[n] = nil
		queue = append(queue, n)
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, m := range p.Nodes[n].Next {
			if _, ok := to[m]; !ok {
				to[m] = append(slices.Clone(to[n]), must(e, &p.Nodes[n])...)
				queue = append(queue, m)
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range p.Nodes {
			if _, ok := on[i]; ok {
				continue
			}
			if p.Nodes[i].Last {
				on[i], changed = nil, true
				continue
			}
			for _, m := range p.Nodes[i].Next {
				if rest, ok := on[m]; ok {
					on[i], changed = append(must(e, &p.Nodes[m]), rest...), true
					break
				}
			}
		}
	}
	return to, on
}

// must gives the least that stands for a node: of options those that have to
// be there.
func must(e *usage.Entry, n *usage.Node) []step {
	list := stepsOf(e, n)
	if n.Item != usage.Choices {
		return list[:1]
	}
	var needed []step
	for _, s := range list {
		if s.option.Required {
			needed = append(needed, s)
		}
	}
	if len(needed) == 0 {
		return list[:1]
	}
	return needed
}

// Every word, place and option of every form is offered where it stands,
// and a text made of the form is one that the parser takes and nothing in it is
// marked as wrong.
func TestForms(t *testing.T) {
	s := alive()
	s.links[""] = append(s.links[""], Link{Name: "eth0", Kind: "veth"})
	s.links["h1"] = append(s.links["h1"], Link{Name: "br0", Kind: "bridge"})
	for _, e := range append(slices.Clone(usage.All()), Words...) {
		p := e.Pattern()
		to, on := ways(&e, p)
		for i := range p.Nodes {
			n := &p.Nodes[i]
			head, ok := to[i]
			rest, ends := on[i]
			if !ok || !ends {
				t.Errorf("%s: node %d (%s%s) is not reached or leads nowhere", e.Word, i, n.Word, n.Name)
				continue
			}
			if n.Item == usage.Place && (samples[n.Kind] == "" || n.Kind == usage.None) {
				t.Errorf("%s: nothing is known of %s", e.Word, n.Name)
			}
			for _, st := range stepsOf(&e, n) {
				before := join(e.Word, head) + " "
				if o := st.option; o == nil || o.Same == "" && o.Later == "" && !(o.Scope == usage.Side && o.Place == usage.NewLink && !strings.Contains(before, "br0")) {
					offered(t, s, before, st)
				}
				if n.Item == usage.Choices && !st.option.Required {
					head, rest := slices.Clone(head), slices.Clone(rest)
					for _, m := range must(&e, n) {
						if m.option.Required {
							rest = append([]step{m}, rest...)
						}
					}
					whole(t, s, join(e.Word, append(append(head, st), rest...)), WordOf(e.Word) == nil)
					continue
				}
				whole(t, s, join(e.Word, append(append(slices.Clone(head), must(&e, n)...), rest...)), WordOf(e.Word) == nil)
			}
		}
	}
}

// offered checks that what a step begins with can come behind a text.
func offered(t *testing.T, s State, before string, st step) {
	t.Helper()
	want, _, _ := strings.Cut(st.text, " ")
	switch st.node.Item {
	case usage.Anything:
		return
	case usage.Block, usage.Lines:
		want = "{"
	case usage.Parens:
		want = "("
	case usage.Place:
		switch k := st.node.Kind; k {
		case usage.Statement:
			want = "echo"
		case usage.Condition:
			want = "ping"
		default:
			want = "<" + placeholders[k] + ">"
		}
	}
	if st.node.Item == usage.Parens || want == "," {
		before = strings.TrimRight(before, " ") + " "
	}
	if list := Next(before, len(before), s); !slices.ContainsFunc(list, func(c Candidate) bool { return c.Text == want }) {
		t.Errorf("%q: %q is not offered, only %s", before, want, told(list))
	}
}

// whole checks that a text made of a form is right.
func whole(t *testing.T, s State, text string, statement bool) {
	t.Helper()
	if strings.HasPrefix(text, "rule add") && !strings.Contains(text, "table") && !strings.Contains(text, "lookup") {
		text += " table 7"
	}
	if a, b, ok := strings.Cut(text, "<->"); ok {
		text = a + "<->" + strings.Replace(b, "h1:eth9", "h2:eth9", 1)
	}
	if statement {
		if r := parse.Text("form", text); len(r.Diags) > 0 {
			t.Errorf("%q does not parse: %v", text, r.Diags)
			return
		}
	}
	clean(t, s, text)
}

func clean(t *testing.T, s State, text string) {
	t.Helper()
	for _, m := range MarksAt(text, -1, s) {
		switch m.Class {
		case ClassBad, ClassUnknownName, ClassUnknownVariable, ClassUnknownProgram:
			line := text[strings.LastIndexByte(text[:m.Start], '\n')+1:]
			line, _, _ = strings.Cut(line, "\n")
			t.Errorf("%q is marked %s in %q", text[m.Start:m.End], classNames[m.Class], line)
		}
	}
}

// anywhere is a machine where every program and file is.
type anywhere struct{ still }

func (anywhere) Files(prefix string) []string       { return []string{prefix} }
func (anywhere) Programs(_, prefix string) []string { return []string{prefix} }

// Scripts that are right have no marks that say otherwise.
func TestScriptsAreRight(t *testing.T) {
	files, _ := filepath.Glob("../../examples/*.vnet")
	modules, _ := filepath.Glob("../../stdlib/*.vnet")
	for _, f := range append(append(files, modules...), "../../lang/SPEC.md") {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{string(data)}
		if strings.HasSuffix(f, ".md") {
			texts = nil
			for _, fence := range strings.Split(string(data), "\n```vnet")[1:] {
				head, body, _ := strings.Cut(fence, "\n")
				body, _, _ = strings.Cut(body, "```")
				if !strings.Contains(head, "wrong") {
					texts = append(texts, body)
				}
			}
		}
		if len(texts) == 0 {
			t.Fatal("no texts in", f)
		}
		s := &anywhere{still{functions: builtins()}}
		for _, text := range texts {
			t.Run(filepath.Base(f), func(t *testing.T) { clean(t, s, text) })
		}
	}
}
