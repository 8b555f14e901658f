package format

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"vnet/lang/parse"
)

// The files in testdata hold a script as written and as laid out.
func TestSource(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil || len(ar.Files) != 2 {
				t.Fatal("want two files", err)
			}
			in, want := string(ar.Files[0].Data), string(ar.Files[1].Data)
			for i, src := range []string{in, want, strings.ReplaceAll(in, "\n", "\r\n")} {
				if i == 2 && (strings.Contains(in, `"""`) || strings.Contains(in, "'''")) {
					continue // the line ends of a text are part of it
				}
				got, list := Source("x.vnet", src)
				if list.Failed() {
					t.Fatal(list)
				}
				if got != want {
					t.Fatalf("got:\n%s\nwant:\n%s", got, want)
				}
			}
		})
	}
}

// Scripts of the project are laid out as the formatter does it.
func TestLibrary(t *testing.T) {
	for _, pattern := range []string{"../../stdlib/*.vnet"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, list := Source(file, string(src))
			if list.Failed() {
				t.Error(list)
				continue
			}
			if got != string(src) {
				t.Errorf("%s is not formatted; write `vnet fmt -w %s`", file, file)
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	const src = "veth  a <-> \nns  x"
	got, list := Source("x.vnet", src)
	if !list.Failed() || got != src {
		t.Errorf("an invalid script gives %q, %v", got, list)
	}
}

// The result parses, means the same and is its own result.
func holds(t *testing.T, src string) {
	t.Helper()
	if _, list := parse.File("x", src); list.Failed() {
		return
	}
	once, list := Source("x", src)
	if list.Failed() {
		t.Fatalf("%q becomes something else: %v", src, list)
	}
	twice, list := Source("x", once)
	if list.Failed() || once != twice {
		t.Errorf("%q becomes\n%s\nand then\n%s\n%v", src, once, twice, list)
	}
}

// corpus is every script there is.
func corpus(t testing.TB) []string {
	var all []string
	for _, pattern := range []string{"testdata/*.txtar", "../../stdlib/*.vnet", "../../examples/*.vnet"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, ".txtar") {
				data = txtar.Parse(data).Files[0].Data
			}
			all = append(all, string(data))
		}
	}
	return all
}

// Scripts stay what they are however space, breaks and comments are strewn in.
func TestSpace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{" ", "  ", "\n", "\n\n\n", "\t", ";", " \\\n", " # x\n", "\n# y\n", "{", "}"}
	for _, src := range corpus(t) {
		for range 150 {
			text := src
			for range 1 + r.IntN(3) {
				at := r.IntN(len(text) + 1)
				if r.IntN(2) == 0 { // beside a space a piece often changes nothing
					if i := strings.IndexAny(text[at:], " \n,{}[]()<>"); i >= 0 {
						at += i
					}
				}
				text = text[:at] + pieces[r.IntN(len(pieces))] + text[at:]
			}
			holds(t, text)
		}
	}
}

func FuzzSource(f *testing.F) {
	for _, src := range corpus(f) {
		f.Add(src)
	}
	f.Fuzz(holds)
}
