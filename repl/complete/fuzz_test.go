package complete

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzComplete takes any text and any cursor: nothing panics, and what comes
// back lies in the text, on the boundaries of its characters.
func FuzzComplete(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txt")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			if in, _, ok := strings.Cut(line, " => "); ok {
				text, cursor := where(in)
				f.Add(text, cursor)
			}
		}
	}
	for _, text := range []string{"", "\xff", "ü:", "ns \"", "veth a:x <-> \xe2\x82", "let x = ${", "a(b[{", "}}", "$", "ns $", "\ufeffns a", "veth :", "in", "exec {\n{", "\r\n", "1..9999999", "ns h1..h99999999999"} {
		f.Add(text, len(text))
	}
	s := alive()
	f.Fuzz(func(t *testing.T, text string, cursor int) {
		for _, list := range [][]Candidate{At(text, cursor, s), Next(text, cursor, s)} {
			for _, c := range list {
				span(t, text, c.Start, c.End)
				if c.Text == "" {
					t.Errorf("an empty candidate of kind %d", c.Kind)
				}
			}
		}
		last := 0
		for _, m := range MarksAt(text, cursor, s) {
			span(t, text, m.Start, m.End)
			if m.Start < last || m.End == m.Start {
				t.Errorf("mark %d-%d after %d", m.Start, m.End, last)
			}
			last = m.End
		}
		Ghost(text, s, []string{"ns a", text + "x"})
		InQuotes(text, cursor)
	})
}

func span(t *testing.T, text string, from, to int) {
	t.Helper()
	if from < 0 || to < from || to > len(text) {
		t.Fatalf("%d-%d of %d", from, to, len(text))
	}
	for _, at := range []int{from, to} {
		if at < len(text) && !utf8.RuneStart(text[at]) && utf8.ValidString(text) {
			t.Errorf("%d is inside of a character", at)
		}
	}
}
