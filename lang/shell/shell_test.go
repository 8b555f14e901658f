package shell

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		text         string
		want         string // a part of the message; empty if all is well
		line, column int
	}{
		{"echo one | grep -c o || true", "", 0, 0},
		{"for i in 1 2; do\n  echo \"$i\"\ndone", "", 0, 0},
		{"cat <<END\n$HOME\nEND", "", 0, 0},
		{"if true; then echo", "fi", 1, 1},
		{"echo 'open", "quote", 1, 6},
		{"true\necho (two)", "foo(", 2, 1},
		{"", "", 0, 0},
	} {
		got := Check(test.text)
		switch {
		case got == nil && test.want == "":
		case got == nil:
			t.Errorf("%q: nothing found, want %q", test.text, test.want)
		case test.want == "" || !strings.Contains(got.Text, test.want) || got.Line != test.line || got.Column != test.column:
			t.Errorf("%q: %+v, want %q at %d:%d", test.text, *got, test.want, test.line, test.column)
		}
	}
}
