package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the text, it is judged without a panic.
func FuzzFile(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.vnet")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for part := range strings.SplitSeq(string(data), "\n---\n") {
			f.Add(part)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, d := range found("fuzz.vnet", text) {
			if d.Span.Pos.Offset > len(text) || d.Span.End.Offset > len(text) {
				t.Errorf("%s stands outside of the text", d)
			}
		}
	})
}
