package parse

import (
	"fmt"
	"strings"
	"testing"
)

// wrong are texts with a mistake: what is said, where (line:column-column), and
// part of the help.
var wrong = []struct{ text, code, at, summary, help string }{
	{"veth a 10.0.0.1/24 b", "V0103", "1:20-21", "`<->` is missing between the two ends of the cable", "write `<->` before `b`"},
	{"veth a -> b", "V0103", "1:8-10", "`<->` is missing", ""},
	{"veth a:x", "V0103", "1:9-9", "`<->` is missing", ""},
	{"veth a:x <->", "V0102", "1:13-13", "`veth` needs an interface such as `h1:eth0`", ""},
	{"veth <-> b", "V0102", "1:6-9", "`veth` needs an interface", ""},
	{"veth a mtu 5 <-> b", "V0205", "1:8-11", "`mtu` belongs to the cable as a whole", "after the second end"},
	{"veth a <-> b mut 1400", "V0201", "1:14-17", "`veth` has no option `mut`", "did you mean `mtu`?"},
	{"veth a <-> b mtu", "V0202", "1:17-17", "`mtu` needs a number", "write `mtu N`"},
	{"veth a <-> b mtu delay 5ms", "V0202", "1:18-23", "`mtu` needs a number", ""},
	{"veth a <-> b mtu 5 mtu 6", "V0203", "1:20-23", "`mtu` is given twice", ""},
	{"bridge sw:br0 ports p1 p2", "V0201", "1:15-20", "`bridge` has no option `ports`", "a cable to it makes a port: `veth h1:eth0 <-> br0 as p1`; an interface that is there becomes one: `link set X master br0`"},
	{"bridge br0 { h1 h2 }", "V0104", "1:12-13", "`{` is too much for `bridge`", "a cable to it makes a port: `veth h1:eth0 <-> br0 as p1`; an interface that is there becomes one: `link set X master br0`"},
	{"veth h1:eth0 <-> sw:p1 master br0", "V0201", "1:24-30", "`veth` has no option `master`", "to plug a cable into a bridge, name the bridge as its end: `veth h1:eth0 <-> br0 as p1`"},
	{"veth h1:eth0 master br0 <-> sw:p1", "V0201", "1:14-20", "`veth` has no option `master`", "to plug a cable into a bridge, name the bridge as its end: `veth h1:eth0 <-> br0 as p1`"},
	{"bridge br0 spt off", "V0201", "1:12-15", "`bridge` has no option `spt`", "did you mean `stp`?"},
	{"bridge br0 stp", "V0202", "1:15-15", "`stp` needs `on` or `off`", ""},
	{"macvlan a:m mode bridge", "V0204", "1:24-24", "`macvlan` needs `on PARENT`", ""},
	{"ns", "V0102", "1:3-3", "`ns` needs the name of a namespace", "ns NAME…"},
	{"ns a; ns; ns b", "V0102", "1:9-9", "`ns` needs", ""},
	{"ns a }", "V0303", "1:6-7", "`}` closes nothing", ""},
	{"ns a {\n  echo x\n", "V0302", "1:6-7", "`{` is never closed", "`}`"},
	{"link add x type dummy", "V0107", "1:6-9", "`link` has no `add`", "dummy x"},
	{"link add v0 type veth peer name v1", "V0107", "1:6-9", "`link` has no `add`", "veth a:v0 <-> b:v1"},
	{"addr add 10.0.0.1/24 dev eth0", "V0102", "1:22-25", "`addr` needs an address", "write `addr add eth0 10.0.0.1/24`"},
	{"route show", "V0107", "1:7-11", "`route` has no `show`", "show routes"},
	{"show route", "V0107", "1:6-11", "`show` has no `route`", "did you mean `routes`?"},
	{"link set a:b", "V0102", "1:13-13", "`link set` needs something to change", ""},
	{"ip link add v0 type veth peer name v1", "V0105", "1:1-3", "`ip` is not a statement", "write `veth a:v0 <-> b:v1`"},
	{"ip netns add x", "V0105", "1:1-3", "`ip`", "write `ns x`"},
	{"ip addr add 10.0.0.1/24 dev eth0", "V0105", "1:1-3", "`ip`", "write `addr add eth0 10.0.0.1/24`"},
	{"sudo ip netns exec h1 ip link set lo up", "V0105", "1:1-5", "`sudo`", "write `in h1 link set lo up`"},
	{"ip netns exec x ping -c 1 y", "V0105", "1:1-3", "`ip`", "write `exec in x ping -c 1 y`"},
	{"brctl addif br0 eth0", "V0105", "1:1-6", "`brctl`", "write `link set eth0 master br0`"},
	{"ifconfig eth0 10.0.0.1 netmask 255.255.0.0", "V0105", "1:1-9", "`ifconfig`", "write `addr add eth0 10.0.0.1/16`"},
	{"in gw nat masquerade out wan", "V0106", "1:7-10", "`nat` is not in this version of vnet", "nft"},
	{"n = 5", "V0108", "1:1-2", "`n = …` needs `let` or `set`", "`let n = …`"},
	{"let my-n = 5", "V0109", "1:5-9", "`my-n` is no name for a variable", "`my_n`"},
	{"let $n = 5", "V0109", "1:5-7", "`$n` is no name", "`n`"},
	{"let n 5", "V0110", "1:7-8", "`=` is missing", ""},
	{"let n = $a -1", "V0308", "1:12-14", "an operator has a space on both sides", "`- 1`"},
	{"let n = (1 + 1)..4", "V0104", "1:16-19", "the ends of a range do not stand in `( )`", "`1..$last`"},
	{"for i in 1..($n - 1) { echo x }", "V0401", "1:13-14", "the ends of a range do not stand in `( )`", "`1..$last`"},
	{"link set lo up in a", "V0201", "1:16-18", "`link` has no option `in`", "the namespace stands before: `in a link set lo up`"},
	{"forward on in a", "V0104", "1:12-14", "`in` is too much for `forward`", "the namespace stands before: `in a forward on`"},
	{"forward r on", "V0104", "1:11-13", "`on` is too much for `forward`", "the namespace stands before: `in r forward on`"},
	{"for i in {1..3} { ns h$i }", "V0304", "1:11-15", "an entry of a map is `KEY: VALUE`", "a range stands without braces: `1..3`"},
	{"for i in 1..2 echo $i", "V0401", "1:15-19", "`{` is missing before the block", "`{ echo … }`"},
	{"for i in 1 2 3 { ns h$i }", "V0401", "1:12-13", "`{` is missing before the block", "several values stand in a list: `[1 2 …]`"},
	{"set x += 1", "V0110", "1:7-8", "`=` is missing before the value", "write `set x = $x + …`"},
	{"x++", "V0101", "1:1-4", "`x++` begins no statement", "write `set x = $x + 1`"},
	{"// note", "V0101", "1:1-3", "`//` begins no statement", "a comment begins with `#`"},
	{"expect http a -> b", "V0104", "1:13-14", "`a` is too much for `expect`", "the checks are `ping`"},
	{"expect a ping b", "V0104", "1:10-14", "`ping` is too much for `expect`", "the checks are `ping`"},
	{"forward r { x }", "V0104", "1:11-12", "`{` is too much for `forward`", "its form is"},
	{"route r 10.0.0.0/8 via 10.0.0.1", "V0201", "1:9-19", "`route` has no option `10.0.0.0/8`", "the namespace stands before: `in r route add 10.0.0.0/8 via 10.0.0.1`"},
	{"route r default via 10.0.0.1", "V0201", "1:9-16", "`route` has no option `default`", "the namespace stands before: `in r route add default via 10.0.0.1`"},
	{"sysctl r net.ipv4.ip_forward=1", "V0110", "1:10-29", "`=` is missing before the value", "the namespace stands before: `in r sysctl net.ipv4.ip_forward = 1`"},
	{"sysctl -w net.ipv4.ip_forward=1", "V0110", "1:11-30", "`=` is missing before the value", "without `-w`"},
	{"expect ping from a to b", "V0103", "1:18-19", "`->` is missing between the two ends of the way", "write `a -> b`"},
	{"let n = a b", "V0104", "1:11-12", "`b` is too much for `let`", "quotes"},
	{"let n = 1 +", "V0301", "1:12-12", "a value is missing here", ""},
	{"let n = (1 + 2", "V0302", "1:9-10", "`(` is never closed", ""},
	{"let n = len ([a])", "V0307", "1:13-14", "a call has no space before `(`", "`len(…)`"},
	{"let n = f(a b)", "V0305", "1:13-14", "a comma is missing between the arguments", ""},
	{"let m = {a:1}", "V0304", "1:10-13", "an entry of a map is `KEY: VALUE`", "`a: 1`"},
	{"if $a = 1 { echo x }", "V0308", "1:7-8", "`=` gives a value, it does not compare", "`==`"},
	{"if $a\n{ echo x }", "V0401", "1:6-6", "`{` is missing before the block", "at the end of the line"},
	{"if $a { echo x }\nelse { echo y }", "V0402", "2:1-5", "`else` stands alone", "} else {"},
	{"try { echo x } else { echo y }", "V0402", "1:16-20", "`else` stands alone", "} catch e {"},
	{"if $a { echo x } catch { echo y }", "V0402", "1:18-23", "`catch` stands alone", "follows the block of a `try`"},
	{"trasaction \"x\" {\n  ns b\n}", "V0101", "1:1-11", "no statement `trasaction` with a block", "did you mean `transaction`?"},
	{"10.0.0.1 x", "V0101", "1:1-9", "`10.0.0.1` begins no statement", ""},
	{"exec in a ls | wc", "V0501", "1:14-15", "`|` is for a shell", "`exec in a sh 'ls | wc'`"},
	{"exec timeout 5s quiet in a ls > x", "V0501", "1:31-32", "`>` is for a shell", "`exec timeout 5s quiet in a sh 'ls > x'`"},
	{"exec in a", "V0502", "1:10-10", "`exec` needs a program", ""},
	{"exec in a echo (x)", "V0503", "1:16-17", "`(` has to be quoted", ""},
	{"exec in a sh 'x' y", "V0504", "1:18-19", "`sh` takes one text", ""},
	{"spawn", "V0502", "1:6-6", "`spawn` needs a program", ""},
	{"spawn in a {\n  ls\n}", "V0502", "1:12-13", "`spawn` starts one program", ""},
	{"spawn as web in a ls | wc", "V0501", "1:22-23", "`|` is for a shell", "`spawn as web in a sh 'ls | wc'`"},
	{"let p = spawn in a", "V0502", "1:19-19", "`spawn` needs a program", ""},
	{"stop", "V0102", "1:5-5", "`stop` needs the name of a program", ""},
	{"exec env x ls", "V0202", "1:10-11", "`env` needs a name and a value", ""},
	{"echo “hello” x", "V0003", "1:6-13", "a typographic quote", "write `\"hello\"`"},
	{"echo a–b", "V0004", "1:7-8", "a long dash", ""},
	{"ns\u00a0a", "V0005", "1:3-4", "a space that is not the ordinary one", ""},
	{"ns a\x00", "V0001", "1:5-6", "a byte that has no place", "not a text file"},
	{"ns a\xff", "V0002", "1:5-6", "not UTF-8", ""},
	{"echo \"abc\n", "V0007", "1:6-7", "never closed", ""},
	{"echo '''abc\n", "V0007", "1:6-9", "never closed", ""},
	{`echo "a\qb"`, "V0008", "1:8-10", "an escape", ""},
	{`echo "a$ b"`, "V0009", "1:8-9", "`$` without the name", "$$"},
	{`echo ${x`, "V0010", "1:6-8", "not closed on its line", ""},
	{`echo "a${x b"`, "V0010", "1:8-10", "not closed", ""},
	{`echo "a${}b"`, "V0014", "1:8-11", "nothing between", ""},
	{`echo "é ${a b}"`, "V0104", "1:13-14", "`b` is too much for this expression", ""},
	{`echo ${a -1}`, "V0308", "1:10-12", "an operator", ""},
	{`echo ${1 +}`, "V0301", "1:6-12", "a value is missing", ""},
	{"echo a\"b\"", "V0012", "1:7-10", "no space between", ""},
	{"echo a && b", "V0013", "1:8-10", "`&&` means nothing", "`and`"},
	{"echo h[1]", "V0306", "1:7-8", "no space between `h` and `[`", "$h[…]"},
	{"expect ping a b", "V0103", "1:15-16", "`->` is missing", ""},
	{"expect tcp a -> b within 5s", "V0204", "1:28-28", "`tcp` and `udp` need `port N`", ""},
	{"expect ping a -> b loss 5%", "V0206", "1:25-27", "`loss` needs a comparison", "`loss < 5%`"},
	{"expect ping a -> b withn 5s", "V0201", "1:20-25", "`ping` has no option `withn`", "`within`"},
	{"expect no $x == 1", "V0101", "1:11-18", "`no` does not go with", "not"},
	{"wait 5s timeout 3s", "V0205", "1:9-16", "`timeout` goes with `wait until`", ""},
	{"def veth(a) { }", "V0109", "1:5-9", "`veth` is a word of the language", ""},
	{"def f(a b) { }", "V0305", "1:9-10", "a comma is missing between the parameters", ""},
	{"try ns a catch e { echo x }", "V0402", "1:10-15", "`catch` goes with `try { … }`", "in braces"},
	{"ns a fowrard on", "V0201", "1:6-13", "`ns` has no option `fowrard`", "did you mean `forward`?"},
	{"not $x", "V0101", "1:1-4", "`not` begins no statement", ""},
	{"exec in a {\n  ls (x)\n}", "V0503", "2:6-7", "`(` has to be quoted", ""},
	{"let r = exec in a ls > x", "V0501", "1:22-23", "`>` is for a shell", "`exec in a sh 'ls > x'`"},
	{"let x = [1 2", "V0302", "1:9-10", "`[` is never closed", ""},
	{"let x = [1 2)", "V0303", "1:13-14", "`)` closes nothing", ""},
	{"link st a:b up", "V0107", "1:6-8", "`link` has no `st`", "did you mean `set`?"},
	{"expect route a -> b va c", "V0201", "1:21-23", "`route` has no option `va`", "`via`"},
	{"route add default va 10.0.0.1", "V0201", "1:19-21", "`route` has no option `va`", "`via`"},
	{"on exec ls", "V0107", "1:4-8", "`on` has no `exec`", "`rollback`"},
}

func TestWrong(t *testing.T) {
	for _, c := range wrong {
		check(t, c.text)
		_, diags := File("t", c.text)
		if c.code == "" {
			continue
		}
		if len(diags) == 0 {
			t.Errorf("%q: nothing is said; want %s", c.text, c.code)
			continue
		}
		d := diags[0]
		at := fmt.Sprintf("%d:%d-%d", d.Span.Pos.Line, d.Span.Pos.Column, d.Span.End.Column)
		if string(d.Code) != c.code || at != c.at || !strings.Contains(d.Summary, c.summary) || !strings.Contains(strings.Join(d.Help, "\n"), c.help) {
			t.Errorf("%q\n got %s %s %s %q\nwant %s %s %s %q", c.text, d.Code, at, d.Summary, d.Help, c.code, c.at, c.summary, c.help)
		}
		if len(diags) > 1 {
			t.Errorf("%q: one mistake, %d messages:\n%s", c.text, len(diags), diags.Error())
		}
	}
}

// All mistakes of a text are found, and a block after one is still read.
func TestAllMistakes(t *testing.T) {
	_, diags := File("t", "veth a b\nfor i of $x {\n  ns\n  ns ok\n}\nip link\nin a b {\n  bridge x spt off\n")
	var codes []string
	for _, d := range diags {
		codes = append(codes, fmt.Sprintf("%s@%d", d.Code, d.Span.Pos.Line))
	}
	if got, want := strings.Join(codes, " "), "V0103@1 V0102@2 V0102@3 V0105@6 V0302@7 V0201@8"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIncomplete(t *testing.T) {
	for text, want := range map[string]bool{
		"ns a {": true, "ns a {\n echo x\n": true, "veth a <->": true, "let x = [1 2": true, "let x =": true,
		"echo \\": true, "echo '''a\n": true, "echo \"\"\"": true, "exec in a {\n ls\n": true, "let x = 1 +": true,
		"let x = f(a,": true, "": false, "ns a": false, "ns a {}": false, "veth a": false, "echo \"a": false,
		"ns a {\n veth x y\n": false, "expect ping a ->": true, "exec in a ls \\": true, "def f(": true, "if $a {\n": true,
		"let m = {a: 1,": true, "let m = {": true,
	} {
		if r := Text("t", text); r.Incomplete != want {
			t.Errorf("%q: Incomplete is %v; %v", text, r.Incomplete, r.Diags)
		}
	}
}

func TestDepth(t *testing.T) {
	for _, piece := range []string{"(", "[", "{", "{\n", "try {\n", "not ", "- ", "in a ", "${", "$a[", "else if x {", "\"${", "f(", "{a: ", "if a {\n"} {
		for _, head := range []string{"", "let x = ", "echo "} {
			_, diags := File("t", head+strings.Repeat(piece, 5000))
			if len(diags) == 0 && head != "echo " {
				t.Errorf("%q %q: nothing is said", head, piece)
			}
			if len(diags) > 3 {
				t.Errorf("%q %q: %d messages", head, piece, len(diags))
			}
		}
	}
}
