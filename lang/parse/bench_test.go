package parse

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// script returns a script of about n lines with the usual mix of statements.
func script(n int) string {
	var b strings.Builder
	for i := 0; strings.Count(b.String()[max(0, b.Len()-1):], "\n") >= 0 && i < n/10; i++ {
		fmt.Fprintf(&b, "ns h%d r%d # two of them\n", i, i)
		fmt.Fprintf(&b, "veth h%d:eth0 10.%d.%d.1/24 <-> r%d:eth0 10.%d.%d.2/24 mtu 1400\n", i, i/256, i%256, i, i/256, i%256)
		fmt.Fprintf(&b, "in h%d route add default via 10.%d.%d.2\n", i, i/256, i%256)
		fmt.Fprintf(&b, "in r%d {\n  forward on\n  sysctl net.ipv4.conf.all.rp_filter = 0\n}\n", i)
		fmt.Fprintf(&b, "let n%d = len([a b c]) + %d * 2\n", i, i)
		fmt.Fprintf(&b, "exec in h%d ping -c 1 10.%d.%d.2\n", i, i/256, i%256)
		fmt.Fprintf(&b, "expect ping h%d -> r%d within 5s\n", i, i)
	}
	return b.String()
}

func BenchmarkFile(b *testing.B) {
	text := script(10000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, diags := File("bench", text); len(diags) > 0 {
			b.Fatal(diags)
		}
	}
}

func BenchmarkFirstStatement(b *testing.B) {
	for b.Loop() {
		g := of[veth]("veth").(*production[veth])
		g.parser()
	}
}

// Text made to be slow is not.
func TestNotQuadratic(t *testing.T) {
	const n = 1 << 15
	for _, piece := range []string{
		"a ", "$a[", "${", "$a.b", "\"", "'", "(", "[ ", "{ ", "{\n", "not ", "- ", "try ", "in a ", "“", "\x00", "\xff", "$", "a,", "exec \"", "\"${", "x={", ";", "\n",
		"exec a \n", "} ", "else if a {} ", "if a {} else ", "a + ", "$x[0]", ".a", "veth a <-> ", "mtu 5 ", "\"$x\" ", "'''", "\\\n", "#", "f(", "{a: ", "echo ${a[",
		"exec in a $a[\"", "expect ", "let a = ", "a=",
	} {
		for _, head := range []string{"", "let x = ", "exec in a ", "if ", "echo \""} {
			text := head + strings.Repeat(piece, n/len(piece))
			start := time.Now()
			Text("slow", text)
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("%q and then %q: %v", head, piece, took)
			}
		}
	}
}
