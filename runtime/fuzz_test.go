package runtime_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vnet/lang/diag"
	"vnet/runtime"
)

// Whatever the text, a check comes to an end, has a page for what it says,
// and calls nothing a mistake in vnet itself.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"../examples/*.vnet", "testdata/wrong/*.vnet"} {
		files, _ := filepath.Glob(pattern)
		for _, path := range files {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			t.Skip()
		}
		ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		defer time.AfterFunc(12*time.Second, func() { panic("a check that does not end") }).Stop()
		found := runtime.Check(ctx, runtime.Script{Name: "f.vnet", Dir: dir, Text: text})
		if ctx.Err() != nil {
			t.Error("no end within 8 s")
		}
		for _, d := range found {
			if _, ok := diag.Explain(d.Code); !ok || d.Code == diag.Bug || d.Summary == "" {
				t.Errorf("%v", d)
			}
		}
		rendered(t, found, "f.vnet", text)
	})
}
