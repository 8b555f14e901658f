package check_test

import (
	"fmt"
	"strings"
	"testing"

	"vnet/lang/check"
	"vnet/lang/parse"
)

// longScript has 10,000 lines as they come in large labs.
func longScript() string {
	var b strings.Builder
	b.WriteString("def wire(a, b, net) { veth $a:$b $net[1] <-> $b:$a $net[2] delay 5ms }\nlet all = [h1..h9]\n")
	for i := range 1666 {
		fmt.Fprintf(&b, "let n%d = %d\n", i, i)
		fmt.Fprintf(&b, "ns a%d b%d\n", i, i)
		fmt.Fprintf(&b, "for i in 1..$n%d { echo \"$i of ${n%d + 1}\" }\n", i, i)
		fmt.Fprintf(&b, "veth a%d:eth0 10.0.0.1/24 <-> b%d:eth0 10.0.0.2/24 mtu 1400 delay 5ms\n", i, i)
		fmt.Fprintf(&b, "wire a%d b%d 10.0.0.0/24\n", i, i)
		fmt.Fprintf(&b, "exec in a%d sh 'ip -br addr | grep -c UP'\n", i)
	}
	return b.String()
}

func BenchmarkFile(b *testing.B) {
	file, _ := parse.File("long.vnet", longScript())
	for b.Loop() {
		if list := check.File(file, known); len(list) > 0 {
			b.Fatal(list)
		}
	}
}

// The worst of the script is that every line is wrong.
func BenchmarkMistakes(b *testing.B) {
	text := strings.ReplaceAll(strings.ReplaceAll(longScript(), "${n", "${nn"), "wire a", "wrie a")
	file, _ := parse.File("long.vnet", text)
	for b.Loop() {
		check.File(file, known)
	}
}
