package command

import "testing"

// No word of a command line becomes more than a word of the statement.
func TestStatement(t *testing.T) {
	for want, args := range map[string][]string{
		`show links in h1 h2`:     {"links", "in", "h1", "h2"},
		`show "ns; ns del h1"`:    {"ns; ns del h1"},
		`show ns "" "a\"b" "\$x"`: {"ns", "", `a"b`, "$x"},
	} {
		if got := statement("show", args); got != want {
			t.Errorf("%q: %s, not %s", args, got, want)
		}
	}
}
