package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vnet/runtime"
	"vnet/runtime/graph"
)

var rewrite = flag.Bool("rewrite", false, "write the drawings in testdata anew")

// forms are the ways to write a graph down, by the ending of the file.
var forms = map[string]func(*graph.Graph, io.Writer) error{
	"d2": (*graph.Graph).D2, "dot": (*graph.Graph).DOT, "mmd": (*graph.Graph).Mermaid, "svg": (*graph.Graph).SVG,
	"json": func(g *graph.Graph, w io.Writer) error {
		text, err := g.JSON()
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	},
}

func write(t *testing.T, g *graph.Graph, form string) string {
	t.Helper()
	var b bytes.Buffer
	if err := forms[form](g, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestGolden draws the scripts in testdata, which are to look as they did.
func TestGolden(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.vnet")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the same each time
			g, list := runtime.Graph(context.Background(), runtime.Script{Name: path, Dir: "testdata", Text: string(text)})
			if list.Failed() {
				t.Fatal(list)
			}
			for form := range forms {
				golden(t, strings.TrimSuffix(path, "vnet")+form, write(t, g, form))
			}
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has changed; if that is right, run the test with -rewrite. Now:\n%s", path, got)
	}
}

// nasty are names that mean something in one language or another.
var nasty = []string{
	`a"b`, "x]", "a;b|c", "<b>&lt;", "end", `\n\N`, "a'b", "$x ${y}", "\x1b[31mred", "]--|{", "#35;", "-->", "\xff\xfe", "graph", "%%", "ünï", "a\nb", "`", "(x)", "%{init}",
}

func hostile() *graph.Graph {
	g := &graph.Graph{}
	for i, n := range nasty {
		g.Nodes = append(g.Nodes, graph.Node{ID: n, Kind: []string{graph.Namespace, graph.Bridge, graph.Group}[i%3], Namespace: n, Name: n,
			Interfaces: []graph.Interface{{Name: n, Kind: n, Addresses: []string{"10.0.0.1/24"}, To: n, Details: "on " + n}, {Name: n + "2", Up: true}}})
		if i > 0 {
			g.Cables = append(g.Cables, graph.Cable{Kind: "veth", A: graph.End{Node: nasty[i-1], Interface: n}, B: graph.End{Node: n, Interface: n}, Text: n})
		}
	}
	return g
}

// Whatever interfaces are called, all that is written is still in its language.
func TestHostileNames(t *testing.T) {
	g := hostile()
	for form := range forms {
		text := write(t, g, form)
		if form != "json" && strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
			t.Errorf("%s: a control character in\n%q", form, text)
		}
	}
	var back graph.Graph
	if err := json.Unmarshal([]byte(write(t, g, "json")), &back); err != nil || back.Nodes[0].Name != nasty[0] {
		t.Error(err, back.Nodes[0])
	}
	words := xmlWords(t, write(t, g, "svg"))
	for _, n := range []string{`a"b`, "<b>&lt;", "]--|{", `\n\N`, "$x ${y}"} {
		if !slices.Contains(words, n) {
			t.Errorf("%q is not in the picture", n)
		}
	}
}

// xmlWords are the texts in a picture.
func xmlWords(t *testing.T, text string) (words []string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if c, ok := tok.(xml.CharData); ok {
			words = append(words, string(c))
		}
	}
}

// drawable are the graphs that other programs are given.
func drawable(t *testing.T) map[string]*graph.Graph {
	out := map[string]*graph.Graph{"hostile": hostile(), "empty": {}}
	text, err := os.ReadFile("testdata/rich.vnet")
	if err != nil {
		t.Fatal(err)
	}
	g, list := runtime.Graph(context.Background(), runtime.Script{Name: "rich.vnet", Text: string(text)})
	if list.Failed() {
		t.Fatal(list)
	}
	out["rich"] = g
	return out
}

// give has a program read a graph, and returns what it printed.
func give(t *testing.T, text string, argv ...string) string {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil {
		t.Skipf("needs %s to read what is written", argv[0])
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %v\n%s\n%s", argv, err, errs.String(), text)
	}
	if errs.Len() > 0 {
		t.Logf("%s", errs.String())
	}
	return out.String()
}

// TestGraphviz: graphviz draws what is written, with the names as they are.
func TestGraphviz(t *testing.T) {
	for name, g := range drawable(t) {
		words := xmlWords(t, give(t, write(t, g, "dot"), "dot", "-Tsvg"))
		for _, n := range g.Nodes {
			if name == "rich" && n.Kind == graph.Namespace && !slices.Contains(words, n.Name) {
				t.Errorf("%q is not in the picture of graphviz: %q", n.Name, words)
			}
		}
		for _, n := range []string{`a"b`, "<b>&lt;", `\n\N`} {
			if name == "hostile" && !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, n) }) {
				t.Errorf("%q is not in the picture of graphviz: %q", n, words)
			}
		}
	}
}

// TestD2: D2 reads what is written, with its program or its package of npm.
func TestD2(t *testing.T) {
	for name, g := range drawable(t) {
		t.Run(name, func(t *testing.T) {
			text := write(t, g, "d2")
			if _, err := exec.LookPath("d2"); err == nil {
				give(t, text, "d2", "--layout=dagre", "-", filepath.Join(t.TempDir(), "x.svg"))
				return
			}
			node(t, "@terrastruct/d2", d2Parser, text)
		})
	}
}

// TestMermaid: Mermaid reads what is written.
func TestMermaid(t *testing.T) {
	for name, g := range drawable(t) {
		t.Run(name, func(t *testing.T) { node(t, "mermaid and jsdom", mermaidParser, write(t, g, "mmd")) })
	}
}

// node has a program of JavaScript read a text. Where a package of npm that it
// needs is not found (NODE_PATH), it ends with 77.
func node(t *testing.T, packages, program, text string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skipf("needs node, and %s of npm, to read what is written", packages)
	}
	cmd := exec.Command("node", "-e", program)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	switch {
	case cmd.ProcessState.ExitCode() == 77:
		t.Skipf("needs %s of npm to read what is written", packages)
	case err != nil:
		t.Errorf("%v\n%s\n%s", err, out, text)
	}
}

const mermaidParser = `

try {
  const { JSDOM } = require('jsdom');
  const dom = new JSDOM('<body></body>');
  globalThis.window = dom.window; globalThis.document = dom.window.document;
  const { pathToFileURL } = require('url'), path = require('path');
  const dir = path.dirname(require.resolve('mermaid'));
  import(pathToFileURL(path.join(dir, 'mermaid.core.mjs'))).then(m => {
    const text = require('fs').readFileSync(0, 'utf8');
    return m.default.parse(text).then(() => process.exit(0));
  }).catch(e => { console.error(String(e)); process.exit(1); });
} catch (e) { process.exit(77); }
`

const d2Parser = `
let main;
try { main = require.resolve('@terrastruct/d2'); } catch (e) { process.exit(77); }
const { pathToFileURL } = require('url'), path = require('path');
import(pathToFileURL(path.join(path.dirname(main), '..', 'node-esm', 'index.js'))).then(m => {
  const text = require('fs').readFileSync(0, 'utf8');
  return new m.D2().compile(text, { layout: 'dagre' }).then(() => process.exit(0));
}).catch(e => { console.error(String(e)); process.exit(1); });
`
