package diag

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every code of the package has a page, and every page a code.
func TestCodes(t *testing.T) {
	constants := codeConstants(t)
	for code, name := range constants {
		if _, ok := Explain(code); !ok {
			t.Errorf("%s (%s) has no page codes/%s.md", code, name, code)
		}
	}
	for _, code := range Codes() {
		if constants[code] == "" {
			t.Errorf("codes/%s.md is about no code of the package", code)
		}
	}
	if _, ok := Explain("V9999"); ok {
		t.Error("V9999 has a page")
	}
	if _, ok := Explain("../explain"); ok {
		t.Error("a path has a page")
	}
}

var titleLine = regexp.MustCompile(`^# V[0-9]{4}: [^A-Z].{3,60}$`)

func TestPages(t *testing.T) {
	for _, code := range Codes() {
		page, _ := Explain(code)
		lines := strings.Split(page, "\n")
		if !titleLine.MatchString(lines[0]) || !strings.HasPrefix(lines[0], "# "+string(code)) || strings.HasSuffix(lines[0], ".") {
			t.Errorf("%s begins with %q; want `# %s: a title in lower case`", code, lines[0], code)
		}
		if Title(code) == "" {
			t.Errorf("%s has no title", code)
		}
		inside := false
		for i, line := range lines {
			if len([]rune(line)) > 100 {
				t.Errorf("%s:%d is wider than 100 columns", code, i+1)
			}
			fence, ok := strings.CutPrefix(line, "```")
			switch {
			case !ok:
			case inside && fence != "":
				t.Errorf("%s:%d: a fence within a fence", code, i+1)
			case !inside && fence != "vnet" && fence != "vnet wrong" && fence != "text" && fence != "sh":
				t.Errorf("%s:%d: a fence called %q; want vnet, vnet wrong, text or sh", code, i+1, fence)
			}
			if ok {
				inside = !inside
			}
		}
		if inside {
			t.Errorf("%s: a fence is not closed", code)
		}
	}
}

// codeConstants finds the constants of type Code, by their value.
func codeConstants(t *testing.T) map[Code]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[Code]string{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			typ, _ := spec.Type.(*ast.Ident)
			lit, _ := spec.Values[0].(*ast.BasicLit)
			if typ == nil || typ.Name != "Code" || lit == nil {
				return true
			}
			value, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if before := found[Code(value)]; before != "" {
				t.Errorf("%s is both %s and %s", value, before, spec.Names[0].Name)
			}
			found[Code(value)] = spec.Names[0].Name
			return true
		})
	}
	return found
}
