package repl

import (
	"testing"

	"vnet/repl/complete"
)

// The model of a screen in the other tests knows no wide characters.
func TestWideCharacters(t *testing.T) {
	for _, c := range []struct {
		name, text string
		cells      int // behind the text
		rows       int
	}{
		{"wide", "網絡", 6 + 4, 1},
		{"combining", "e\u0301x", 6 + 2, 1},
		{"a wide one does not fit at the end of a row", "0123456789012網", 2, 2},
		{"control characters are shown by their number", "\x1b", 6 + 4, 1},
		{"and what turns text round", "\u202e", 6 + 6, 1},
	} {
		d := newDesk(t, 20, 10, TerminalOptions{})
		b := newBlock(d.editor.(*terminal).keys.term.GetConfig())
		b.set(c.text, len(c.text))
		e := &entry{block: b, assistant: nobody{}}
		f := e.frame(look{width: 20, height: 10, first: "vnet> "}, false)
		if len(f.rows) != c.rows || f.atCell != c.cells || f.atRow != c.rows-1 {
			t.Errorf("%s: %d rows, the cursor at %d in row %d", c.name, len(f.rows), f.atCell, f.atRow)
		}
	}
}

// A candidate is never wider than the screen allows.
func TestMenuIsNarrow(t *testing.T) {
	m := &menu{sel: -1, list: []complete.Candidate{
		{Text: "網絡網絡網絡網絡網絡網絡", Doc: "網絡網絡網絡網絡網絡網絡網絡網絡"}, {Text: "a\x1b[2Jb\nc", Doc: "x"}, {Text: "c"}}}
	for width := 4; width < 100; width++ {
		for rows := 1; rows < 5; rows++ {
			lines := m.lines(width, rows, signs{"…", "⏎"})
			if len(lines) > rows {
				t.Errorf("%d lines in %d rows", len(lines), rows)
			}
			for _, l := range lines {
				p := &pen{width: 1 << 20}
				for _, s := range l {
					for _, r := range s.text {
						if r < ' ' {
							t.Fatalf("a control character in %q", s.text)
						}
						_, n := glyphOf(r)
						p.put(string(r), n, "")
					}
				}
				if p.cells > max(width-1, 1) {
					t.Errorf("a line of %d cells in %d columns: %v", p.cells, width, l)
				}
			}
		}
	}
}
