package convert_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"vnet/lang/convert"
	"vnet/lang/parse"
)

// No text makes the conversion panic, and what it gives is a script.
func FuzzShell(f *testing.F) {
	paths, _ := filepath.Glob("testdata/scripts/*.txtar")
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if file.Name == "script.sh" {
				f.Add(string(file.Data))
			}
		}
	}
	cases, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		f.Fatal(err)
	}
	for c := range strings.SplitSeq(string(cases), "\n\n") {
		shell, _, _ := strings.Cut(c, "\n---\n")
		f.Add(shell)
	}
	for _, s := range []string{"\x00", "ip link add $'\\x' type veth", "a() { a \"$@\"; a \"$@\"; }; a 1", "for((;;));do :;done", "ip netns exec a ip -n b netns exec c ip -b -", strings.Repeat("(", 300), "\u202e ip netns add x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		stop := time.AfterFunc(20*time.Second, func() { panic("takes for ever") })
		defer stop.Stop()
		out, err := convert.Shell("fuzz.sh", text, convert.Options{Read: func(string) (string, error) { return text, nil }})
		if err != nil {
			return
		}
		if _, list := parse.File("fuzz.vnet", out.Text); list.Failed() {
			t.Errorf("%q gives a script that does not parse: %v\n%s", text, list[0], out.Text)
		}
	})
}
