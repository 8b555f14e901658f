package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vnet/runtime"
)

// A log is printed as it is, or line by line, however long it is and its lines
// are; what was printed is not printed again.
func TestTail(t *testing.T) {
	long := strings.Repeat("x", 3*longLine/2)
	var text strings.Builder
	for i := range 20_000 {
		text.WriteString(strings.Repeat("y", i%97) + "\n")
	}
	for name, c := range map[string]struct{ log, more, lines string }{
		"short":    {"a\nb\n", "c\n", "a\nb\nc\n"},
		"no end":   {"a\nb", "c", "a\nbc\n"},
		"many":     {text.String(), "z\n", text.String() + "z\n"},
		"too long": {long, "\n", long + "\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "web.log")
			plain, lines := &tail{program: runtime.LabProgram{Name: "web", Log: path}}, &tail{program: runtime.LabProgram{Name: "web", Log: path}, prefix: true}
			var asIs, prefixed bytes.Buffer
			for _, part := range []string{c.log, c.more} {
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.WriteString(part); err != nil {
					t.Fatal(err)
				}
				f.Close()
				if !plain.print(&asIs) || !lines.print(&prefixed) {
					t.Fatal("no log")
				}
			}
			lines.finish(&prefixed)
			if asIs.String() != c.log+c.more {
				t.Errorf("printed are %d bytes, and not %d", asIs.Len(), len(c.log+c.more))
			}
			var want strings.Builder
			for line := range strings.Lines(c.lines) {
				want.WriteString("web | " + line)
			}
			if name != "too long" && prefixed.String() != want.String() {
				t.Errorf("line by line: %d bytes, and not %d", prefixed.Len(), want.Len())
			}
			if rest := strings.NewReplacer("web | ", "", "\n", "").Replace(prefixed.String()); rest != strings.ReplaceAll(c.log+c.more, "\n", "") {
				t.Errorf("line by line something is lost: %d bytes", len(rest))
			}
		})
	}
}
