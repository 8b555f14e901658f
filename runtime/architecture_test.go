package runtime_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// A rule says who may not import what.
type rule struct {
	who    func(pkg string) bool
	what   func(imported string) bool
	tests  bool // tests must keep it too
	reason string
}

func under(dirs ...string) func(string) bool {
	return func(p string) bool {
		return slices.ContainsFunc(dirs, func(d string) bool { return p == d || strings.HasPrefix(p, d+"/") })
	}
}

func outside(dirs ...string) func(string) bool {
	in := under(dirs...)
	return func(p string) bool { return !in(p) }
}

var rules = []rule{
	{under("vnet/lang"), under("vnet/runtime", "vnet/stdlib", "vnet/repl"), true,
		"lang is about text: it must be of use where nothing can be run"},
	{outside("vnet/lang/lex", "vnet/lang/parse"), under("github.com/alecthomas/participle"), true,
		"which parser reads a script is nobody else's business"},
	{outside("vnet/runtime/kernel"), under("github.com/vishvananda"), true,
		"only the kernel's door knows how to talk to it"},
	{outside("vnet/repl"), under("github.com/chzyer/readline", "github.com/ergochat/readline", "github.com/peterh/liner", "github.com/reeflective/readline"), true,
		"line editing belongs to the prompt"},
	{outside("vnet/repl", "vnet/contrib/man"), under("github.com/spf13"), true,
		"the command line belongs to the face, and to its manual"},
	{outside("vnet/contrib/man"), under("github.com/cpuguy83/go-md2man"), true,
		"manual pages are made when vnet is packed"},
	{outside("vnet/contrib"), under("vnet/contrib"), true,
		"what packs vnet is no part of it"},
	{under("vnet/runtime/eval", "vnet/runtime/tx", "vnet/runtime/model", "vnet/runtime/value", "vnet/runtime/host"), under("vnet/runtime/kernel"), false,
		"what a script means does not depend on the network it meets: eval sees host.Host"},
	{under("vnet/runtime", "vnet/stdlib"), under("vnet/repl"), false,
		"the face is on the outside"},
	{under("vnet/runtime/host", "vnet/runtime/value"), under("vnet/runtime/eval", "vnet/runtime/tx", "vnet/runtime/model"), false,
		"they are what the others talk in"},
	{under("vnet"), func(p string) bool { return p == "testing" || strings.HasPrefix(p, "testing/") }, false,
		"a test has no place in the program"},
}

// exempt may import what tests do: they are of use to tests only.
var exempt = []string{"vnet/examples/vnettest", "vnet/runtime/host/contract", "vnet/runtime/kernel/kerneltest"}

// A listed is what `go list` says of a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "vnet/...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no go command")
	}
	if err != nil {
		t.Fatal(err, stderr.String())
	}
	var all []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// broken lists the imports that break a rule.
func broken(all []listed) []string {
	var out []string
	for _, p := range all {
		for _, r := range rules {
			imports := p.Imports
			if r.tests {
				imports = slices.Concat(imports, p.TestImports, p.XTestImports)
			}
			if !r.who(p.ImportPath) || slices.Contains(exempt, p.ImportPath) {
				continue
			}
			for _, i := range imports {
				if r.what(i) {
					out = append(out, fmt.Sprintf("%s imports %s: %s", p.ImportPath, i, r.reason))
				}
			}
		}
	}
	return out
}

func TestImports(t *testing.T) {
	all := packages(t)
	if len(all) < 10 {
		t.Fatalf("only %d packages found", len(all))
	}
	for _, b := range broken(all) {
		t.Error(b)
	}
}

// A rule that finds nothing may be a rule that cannot find anything.
func TestImportRulesBite(t *testing.T) {
	for _, p := range []listed{
		{ImportPath: "vnet/lang/check", Imports: []string{"vnet/runtime/value"}},
		{ImportPath: "vnet/lang/check", TestImports: []string{"vnet/stdlib"}},
		{ImportPath: "vnet/runtime/eval", Imports: []string{"github.com/alecthomas/participle/v2"}},
		{ImportPath: "vnet/runtime", Imports: []string{"github.com/vishvananda/netlink/nl"}},
		{ImportPath: "vnet/runtime/eval", Imports: []string{"vnet/runtime/kernel"}},
		{ImportPath: "vnet", Imports: []string{"testing"}},
	} {
		if len(broken([]listed{p})) != 1 {
			t.Errorf("%+v is not found", p)
		}
	}
}

// topLevel is what may lie in the root of the project.
var topLevel = []string{"CHANGELOG.md", "DEVELOPERS.md", "LICENSE", "README.md", "contrib", "examples", "go.mod", "go.sum", "lang", "main.go", "repl", "runtime", "stdlib"}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, ".") && !slices.Contains(topLevel, name) && !ignored(name) {
			t.Errorf("%s in the root of the project: it has no room there", name)
		}
	}
}

// ignored reports whether git leaves a name out: what a build leaves behind.
func ignored(name string) bool {
	text, err := os.ReadFile("../.gitignore")
	if err != nil {
		return false
	}
	for pattern := range strings.FieldsSeq(string(text)) {
		if ok, _ := path.Match(strings.Trim(pattern, "/"), name); ok {
			return true
		}
	}
	return false
}
