package runtime_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vnet/lang/diag"
	"vnet/runtime"
)

var update = flag.Bool("update", false, "write what is found as what is wanted")

// TestWrong checks scripts with a mistake, and compares what the user reads
// with the text beside them.
func TestWrong(t *testing.T) {
	scripts, err := filepath.Glob("testdata/wrong/*.vnet")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		name := strings.TrimSuffix(filepath.Base(path), ".vnet")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			found := check(t, filepath.Base(path), string(text))
			got := rendered(t, found, filepath.Base(path), string(text))
			golden := strings.TrimSuffix(path, ".vnet") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// check finds what is wrong with a text, as on a machine of its own.
func check(t *testing.T, name, text string) diag.List {
	t.Helper()
	return runtime.Check(context.Background(), runtime.Script{Name: name, Dir: "testdata/wrong", Text: text})
}

// rendered is what the user reads, 80 columns wide and without colour.
func rendered(t *testing.T, found diag.List, name, text string) string {
	t.Helper()
	var b strings.Builder
	sources := func(file string) (string, bool) {
		if file == name {
			return text, true
		}
		module, err := os.ReadFile(file)
		return string(module), err == nil
	}
	if err := found.Text(&b, sources, diag.Style{Width: 80}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
