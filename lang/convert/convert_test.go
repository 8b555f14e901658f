package convert_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"vnet/lang/check"
	"vnet/lang/convert"
	"vnet/lang/format"
	"vnet/lang/parse"
)

var update = flag.Bool("update", false, "write the results that are wanted")

// Each archive has a script.sh, want.vnet and notes; left is how many statements
// cannot be converted. The others are files that the script reads, or say how it
// is run (see the examples, which compare what both scripts lead to).
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/scripts/*.txtar")
	if err != nil || len(paths) < 15 {
		t.Fatal("where are the scripts?", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range a.Files {
		files[f.Name] = string(f.Data)
	}
	got, err := convert.Shell("script.sh", files["script.sh"], convert.Options{Read: func(path string) (string, error) {
		if text, ok := files[path]; ok {
			return text, nil
		}
		return "", errors.New("no such file")
	}})
	if err != nil {
		t.Fatal(err)
	}
	var notes strings.Builder
	for _, n := range got.Notes {
		fmt.Fprintf(&notes, "%d: %s: %s\n", n.Line, [...]string{"dropped", "changed", "not converted"}[n.Kind], n.Text)
	}
	if *update {
		rewrite(t, path, a, map[string]string{"want.vnet": got.Text, "notes": notes.String()})
		return
	}
	if got.Text != files["want.vnet"] {
		t.Errorf("got:\n%s\nwant:\n%s", got.Text, files["want.vnet"])
	}
	if notes.String() != files["notes"] {
		t.Errorf("notes:\n%s\nwant:\n%s", notes.String(), files["notes"])
	}
	if left, _ := strconv.Atoi(strings.TrimSpace(files["left"])); got.Left() != left {
		t.Errorf("%d statements are left, want %d", got.Left(), left)
	}
	sound(t, got.Text)
}

// sound checks that a result is laid out, and that its text alone is right.
func sound(t *testing.T, text string) {
	t.Helper()
	if out, list := format.Source("out.vnet", text); list.Failed() || out != text {
		t.Errorf("not as it is laid out: %v\n%s", list, out)
	}
	file, list := parse.File("out.vnet", text)
	for _, d := range append(list, check.File(file, func(string) bool { return true })...) {
		t.Error(d)
	}
}

func rewrite(t *testing.T, path string, a *txtar.Archive, files map[string]string) {
	t.Helper()
	for _, name := range []string{"want.vnet", "notes"} {
		found := false
		for i := range a.Files {
			if a.Files[i].Name == name {
				a.Files[i].Data, found = []byte(files[name]), true
			}
		}
		if !found {
			a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(files[name])})
		}
	}
	if err := os.WriteFile(path, txtar.Format(a), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Each case is a script of the shell and, behind ---, what it becomes.
func TestCases(t *testing.T) {
	const path = "testdata/cases.txt"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for c := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n\n") {
		script, want, ok := strings.Cut(c, "\n---\n")
		if !ok {
			t.Fatalf("no --- in %q", c)
		}
		got, err := convert.Shell("case.sh", script, convert.Options{})
		if err != nil {
			t.Fatalf("%s: %v", script, err)
		}
		if out := strings.TrimSuffix(got.Text, "\n"); out != want && !*update {
			t.Errorf("%s\ngives:\n%s\nwant:\n%s", script, out, want)
		}
		sound(t, got.Text)
		all = append(all, script+"\n---\n"+strings.TrimSuffix(got.Text, "\n"))
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(all, "\n\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoShell(t *testing.T) {
	_, err := convert.Shell("x", "if true\nthen (", convert.Options{})
	var bad *convert.SyntaxError
	if !errors.As(err, &bad) || bad.Line != 2 {
		t.Errorf("got %v", err)
	}
}
