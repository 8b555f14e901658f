package complete

import (
	"strings"
	"testing"
	"time"
)

// Text made to be slow is not.
func TestNotQuadratic(t *testing.T) {
	const n = 1 << 13
	s := alive()
	for _, piece := range []string{
		"a ", "$a[", "${", "$ho ", "\"", "(", "[ ", "{ ", "{\n", "try ", "in a ", "ns h1..h999 ", "ns a;", "echo $x;", "let a = $b\n",
		"def f(a) {\n", "veth a:b 10.0.0.1/24 <-> b:c 10.0.0.2/24\n", "veth a:b <-> br1\n", "exec in a b\n", "mtu 5 ", "} ", "f(", "x={", "if a {} else ",
	} {
		for _, head := range []string{"", "let x = ", "exec in a ", "ns a\n"} {
			text := head + strings.Repeat(piece, n/len(piece))
			took := spent(t, func() {
				Marks(text, s)
				At(text, len(text), s)
			})
			if took > 2*time.Second {
				t.Errorf("%q and then %q: %v", head, piece, took)
			}
		}
	}
}
