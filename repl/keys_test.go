package repl

import (
	"os"
	"strings"
	"testing"
)

// TestMain keeps what the machine's environment says out of the tests.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == actorArg {
		act()
		return
	}
	os.Unsetenv("NO_COLOR")
	os.Setenv("TERM", "xterm")
	os.Exit(m.Run())
}

// A keyCase is keys typed at a prompt, and the screen that they lead to; | is
// the cursor.
type keyCase struct {
	name, keys, want string
}

// past is the history of all cases, oldest first.
var past = []string{"ns old", "veth a:x <-> b:y", "for i in 1..2 {\n  ns h$i\n}", "ns new"}

func playAll(t *testing.T, cols, rows int, cases []keyCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := LoadHistory("")
			for _, e := range past {
				h.Keep(e)
			}
			d := newDesk(t, cols, rows, TerminalOptions{History: h})
			d.play("«vnet>»" + c.keys)
			d.expect(c.want)
		})
	}
}

func TestEditing(t *testing.T) {
	playAll(t, 80, 12, []keyCase{
		{"characters", "ns a", "vnet> ns a|"},
		{"enter", "ns a\r", "vnet> ns a\ngot \"ns a\\n\"\nvnet> |"},
		{"enter in the middle", "ns a\x1b[D\x1b[D\r", "vnet> ns a\ngot \"ns a\\n\"\nvnet> |"},
		{"empty line", "\r", "vnet>\ngot \"\\n\"\nvnet> |"},
		{"ctrl-c drops the line", "ns a\x03", "vnet> ns a^C\ndropped\nvnet> |"},
		{"ctrl-c on an empty line", "\x03", "vnet> ^C\ndropped\nvnet> |"},
		{"ctrl-c drops a block", "in a {\rns a\x03", "vnet> in a {\n   {>   ns a^C\ndropped\nvnet> |"},
		{"ctrl-d on an empty line is the end", "\x04", "vnet>\nbye\n|"},
		{"ctrl-d deletes", "abc\x01\x04", "vnet> |bc"},
		{"ctrl-d at the end of a line", "abc\x04d", "vnet> abcd|"},
		{"delete on an empty line does nothing", "\x1b[3~a", "vnet> a|"},
		{"delete", "abc\x01\x1b[3~", "vnet> |bc"},
		{"delete at the end", "abc\x1b[3~d", "vnet> abcd|"},
		{"backspace", "abc\x7f", "vnet> ab|"},
		{"backspace as ctrl-h", "abc\x08", "vnet> ab|"},
		{"backspace on an empty line", "\x7fa", "vnet> a|"},
		{"left and right", "abc\x1b[D\x1b[D\x1b[C-", "vnet> ab-|c"},
		{"arrows in application mode", "abc\x1bOD\x1bOD\x1bOC-", "vnet> ab-|c"},
		{"ctrl-b and ctrl-f", "abc\x02\x02\x06-", "vnet> ab-|c"},
		{"ctrl-a and ctrl-e", "bc\x01a\x05d", "vnet> abcd|"},
		{"ctrl-k", "ab cd\x1b[D\x1b[D\x0b", "vnet> ab |"},
		{"ctrl-u", "ab cd\x1b[D\x1b[D\x15", "vnet> |cd"},
		{"ctrl-w in the first word", "h1:eth0 x\x1b[D\x1b[D\x17", "vnet> | x"},
		{"ctrl-w", "ns h1:eth0 \x17", "vnet> ns |"},
		{"ctrl-w at the beginning", "\x17a", "vnet> a|"},
		{"alt-backspace", "ns h1:eth0\x1b\x7f", "vnet> ns h1:|"},
		{"alt-d", "ns h1:eth0\x01\x1bd", "vnet> | h1:eth0"},
		{"ctrl-y brings back", "ns a b\x17\x17\x19\x19", "vnet> ns a a |"},
		{"ctrl-y over entries", "ab cd\x17\x03«dropped»«vnet> »\x19", "vnet> ab ^C\ndropped\nvnet> cd|"},
		{"ctrl-t", "ab\x14", "vnet> ba|"},
		{"ctrl-_ undoes", "ns abc\x17\x1f", "vnet> ns abc|"},
		{"ctrl-_ undoes a word", "ns abc\x1f", "vnet> ns |"},
		{"ctrl-v", "\x16?\x16\tx", "vnet> ?    x|"},
		{"ctrl-l clears", "ns a\r«vnet> »ns b\x0c", "vnet> ns b|"},
		{"ctrl-c right behind an escape", "a\x1b\x03", "vnet> a^C\ndropped\nvnet> |"},
		{"alt with an unknown key", "a\x1bqb", "vnet> ab|"},
		{"unknown sequences", "a\x1b[5~\x1b[[A\x1b[15~\x1b[I\x1b[?1;2c\x1b]0;x\x07b", "vnet> ab|"},
		{"bytes that are no text", "a\xff\xc3\x28\x00b", "vnet> ab|"},
		{"keypad", "\x1bOq\x1bOr\x1bOM", "vnet> 12\ngot \"12\\n\"\nvnet> |"},
	})
}

func TestHomeAndEnd(t *testing.T) {
	var cases []keyCase
	for name, keys := range map[string][2]string{
		"xterm": {"\x1b[H", "\x1b[F"}, "application mode": {"\x1bOH", "\x1bOF"},
		"linux console and tmux": {"\x1b[1~", "\x1b[4~"}, "rxvt": {"\x1b[7~", "\x1b[8~"},
		"with a modifier": {"\x1b[1;5H", "\x1b[1;2F"}, "rxvt with ctrl": {"\x1b[7^", "\x1b[8$"},
	} {
		cases = append(cases, keyCase{name, "bc" + keys[0] + "a" + keys[1] + "d", "vnet> abcd|"})
	}
	playAll(t, 80, 5, cases)
}

func TestByWords(t *testing.T) {
	var cases []keyCase
	for name, keys := range map[string][2]string{
		"ctrl in xterm": {"\x1b[1;5D", "\x1b[1;5C"}, "alt in xterm": {"\x1b[1;3D", "\x1b[1;3C"},
		"alt-b and alt-f": {"\x1bb", "\x1bf"}, "ctrl in rxvt": {"\x1bOd", "\x1bOc"},
		"ctrl in old xterms": {"\x1b[5D", "\x1b[5C"}, "alt as a prefix": {"\x1b\x1b[D", "\x1b\x1b[C"},
	} {
		cases = append(cases, keyCase{name, "one two three" + keys[0] + keys[0] + keys[0] + keys[1] + "|", "vnet> one ||two three"})
	}
	playAll(t, 80, 5, cases)
}

func TestBlocks(t *testing.T) {
	playAll(t, 60, 14, []keyCase{
		{"enter goes on while brackets are open", "for i in 1..2 {\rns h$i\r}",
			"vnet> for i in 1..2 {\n   {>   ns h$i\n   {> }|"},
		{"and submits when they are closed", "for i in 1..2 {\rns h$i\r}\r",
			"vnet> for i in 1..2 {\n   {>   ns h$i\n   {> }\ngot \"for i in 1..2 {\\n  ns h$i\\n}\\n\"\nvnet> |"},
		{"the prompt shows what is open", "for i in 1..2 {\rlet x = [\r(",
			"vnet> for i in 1..2 {\n   {>   let x = [\n  {[>     (|"},
		{"an open text", "echo \"\"\"\rx", "vnet> echo \"\"\"\n   \"> x|"},
		{"an arrow at the end", "veth a:x <->\rb:y", "vnet> veth a:x <->\n    > b:y|"},
		{"alt-enter breaks a line", "ns a\x1b\rns b\r", "vnet> ns a\n    > ns b\ngot \"ns a\\nns b\\n\"\nvnet> |"},
		{"shift-enter as xterm sends it", "ns a\x1b[27;2;13~ns b", "vnet> ns a\n    > ns b|"},
		{"ctrl-enter as kitty sends it", "ns a\x1b[13;5uns b", "vnet> ns a\n    > ns b|"},
		{"backspace joins lines", "ns a\x1b\rb\x1b[D\x7f", "vnet> ns a|b"},
		{"delete joins lines", "ns a\x1b\rb\x1b[A\x05\x1b[3~", "vnet> ns a|b"},
		{"left goes over the edge", "ns a\x1b\rb\x01\x1b[D-", "vnet> ns a-|\n    > b"},
		{"right goes over the edge", "ns a\x1b\rb\x1b[A\x05\x1b[C-", "vnet> ns a\n    > -|b"},
		{"up in a block keeps the column", "ns abc\x1b\rns d\x1b[A-", "vnet> ns a-|bc\n    > ns d"},
		{"down in a block", "ns abc\x1b\rns d\x1b[A\x1b[B-", "vnet> ns abc\n    > ns d-|"},
		{"home and end are those of the line", "ns abc\x1b\rns d\x01-\x05-", "vnet> ns abc\n    > -ns d-|"},
		{"alt-< is the beginning", "ns abc\x1b\rns d\x1b<-", "vnet> -|ns abc\n    > ns d"},
		{"alt-> is the end", "ns abc\x1b\rns d\x1b<\x1b>-", "vnet> ns abc\n    > ns d-|"},
		{"a block is broken in its middle", "in a {\rns ab\x1b[D\r", "vnet> in a {\n   {>   ns a\n   {>   |b"},
	})
}

func TestRecall(t *testing.T) {
	playAll(t, 60, 14, []keyCase{
		{"up", "\x1b[A", "vnet> ns new|"},
		{"ctrl-p", "\x10", "vnet> ns new|"},
		{"an entry of several lines", "\x1b[A\x1b[A", "vnet> for i in 1..2 {\n   {>   ns h$i\n   {> }|"},
		{"is run as one", "\x1b[A\x1b[A\r", "vnet> for i in 1..2 {\n   {>   ns h$i\n   {> }\ngot \"for i in 1..2 {\\n  ns h$i\\n}\\n\"\nvnet> |"},
		{"and can be edited", "\x1b[A\x1b[A\x02\x1b[A\x05\x7fj", "vnet> for i in 1..2 {\n   {>   ns h$j|\n   {> }"},
		{"up goes on over it", "\x1b[A\x1b[A\x1b[A", "vnet> veth a:x <-> b:y|"},
		{"up stops at the oldest", "\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A", "vnet> ns old|"},
		{"down comes back to what was typed", "echo\x1b[A\x1b[B", "vnet> echo|"},
		{"up keeps to what begins so", "ns\x1b[A\x1b[A", "vnet> ns old|"},
		{"up takes any when none begins so", "echo\x1b[A", "vnet> ns new|"},
		{"down on a new line", "\x1b[Bx", "vnet> x|"},
		{"a new entry is the first", "ns b\r«\"\nvnet> »\x1b[A", "vnet> ns b\ngot \"ns b\\n\"\nvnet> ns b|"},
		{"a repeated entry is there once", "ns old\r«\"\nvnet> »\x1b[A\x1b[A", "vnet> ns old\ngot \"ns old\\n\"\nvnet> ns new|"},
		{"ctrl-r", "\x12old", "vnet> ns |old\nsearch: old"},
		{"ctrl-r again is older", "\x12ns\x12", "vnet> for i in 1..2 {\n   {>   |ns h$i\n   {> }\nsearch: ns"},
		{"ctrl-s is newer", "\x12ns\x12\x13", "vnet> |ns new\nsearch: ns"},
		{"nothing found", "\x12nsx", "vnet> |ns new\nno match: nsx"},
		{"small letters find large ones", "ns ABC\r«\"\nvnet> »\x12abc", "vnet> ns ABC\ngot \"ns ABC\\n\"\nvnet> ns |ABC\nsearch: abc"},
		{"backspace in a search", "\x12oldx\x7f", "vnet> ns |old\nsearch: old"},
		{"enter runs what was found", "\x12old\r", "vnet> ns old\ngot \"ns old\\n\"\nvnet> |"},
		{"right takes it", "\x12old\x1b[C", "vnet> ns o|ld"},
		{"escape takes it", "\x12old\x1b", "vnet> ns |old"},
		{"ctrl-g gives what was typed back", "abc\x12old\x07", "vnet> abc|"},
		{"ctrl-c gives it back, too", "abc\x12old\x03", "vnet> abc|"},
		{"down from what was found", "\x12old\x1b\x1b[B", "vnet> veth a:x <-> b:y|"},
	})
}

func TestPaste(t *testing.T) {
	paste := func(text string) string { return "\x1b[200~" + text + "\x1b[201~" }
	playAll(t, 60, 14, []keyCase{
		{"one line", paste("ns a"), "vnet> ns a|"},
		{"a script is one entry", paste("ns a\rns b\r"), "vnet> ns a\n    > ns b|"},
		{"carried out at enter", paste("ns a\r\nns b\r\n") + "\r", "vnet> ns a\n    > ns b\ngot \"ns a\\nns b\\n\"\nvnet> |"},
		{"in the middle", "ns ad\x1b[D" + paste("b c"), "vnet> ns ab c|d"},
		{"keys in it are none", paste("a\x1b[A\x03\x04b"), "vnet> a[Ab|"},
		{"tabs", paste("\tns a"), "vnet>     ns a|"},
		{"a shell's prompts", paste("$ ns a\n$ ns b\n"), "vnet> ns a\n    > ns b|"},
		{"a shell's prompts with a name", paste("bob@lab:~/x$ ns a\n"), "vnet> ns a|"},
		{"root's prompts", paste("# ns a\n# veth a:x <-> b:y\n"), "vnet> ns a\n    > veth a:x <-> b:y|"},
		{"a comment stays", paste("# Two hosts.\n# in the lab\nns a\n"), "vnet> # Two hosts.\n    > # in the lab\n    > ns a|"},
		{"a comment alone stays", paste("# for the hosts\n"), "vnet> # for the hosts|"},
		{"a session with vnet", paste("vnet> ns a\nmade 1\nvnet(1)*> for i in 1..2 {\n       {>   ns h$i\n       {> }\ndone\n"),
			"vnet> ns a\n    > for i in 1..2 {\n   {>   ns h$i\n   {> }|"},
		{"a variable stays", paste("$x = 1\n"), "vnet> $x = 1|"},
		{"a paste can be undone", "ns a" + paste("b\nc") + "\x1f", "vnet> ns a|"},
		{"higher than the screen", paste(strings.Repeat("ns a\n", 19) + "ns b"), "… 7 rows above\n" + strings.Repeat("    > ns a\n", 12) + "    > ns b|"},
		{"the top of it", paste(strings.Repeat("ns a\n", 19)+"ns b") + "\x1b<", "vnet> |ns a\n" + strings.Repeat("    > ns a\n", 12) + "… 7 rows below"},
	})
}

func TestHelp(t *testing.T) {
	list := " <name>  a new namespace\n ns      make namespaces\n veth    a cable between two namespaces"
	playAll(t, 80, 12, []keyCase{
		{"tab inserts the only candidate", "ve\t", "vnet> veth |"},
		{"no second space", "ve x\x1b[D\x1b[D\t", "vnet> veth| x"},
		{"tab replaces what is like it", "ns rigth\t", "vnet> ns right |"},
		{"tab lists", "v\t", "vnet> v|\n veth   a cable between two namespaces\n vlan   an interface for one VLAN\n vxlan"},
		{"tab inserts what all begin with", "ad\t", "vnet> addr|\n addr1  addr2  addr3"},
		{"tab again takes the first", "v\t\t", "vnet> veth|\n veth   a cable between two namespaces\n vlan   an interface for one VLAN\n vxlan"},
		{"and the next", "v\t\t\t", "vnet> vlan|\n veth   a cable between two namespaces\n vlan   an interface for one VLAN\n vxlan"},
		{"and goes round", "ad\t\t\t\t\t", "vnet> addr1|\n addr1  addr2  addr3"},
		{"shift-tab takes the last", "ad\t\x1b[Z", "vnet> addr3|\n addr1  addr2  addr3"},
		{"down and up choose", "ad\t\t\x1b[B\x1b[B\x1b[A", "vnet> addr2|\n addr1  addr2  addr3"},
		{"enter takes what is chosen", "ad\t\t\r", "vnet> addr1 |"},
		{"escape gives back what was typed", "v\t\t\x1b", "vnet> v|"},
		{"typing goes on", "ad\t\t:x", "vnet> addr1:x|"},
		{"nothing to complete", "zz\t", "vnet> zz|"},
		{"in the middle of the text", "ns ve x\x1b[D\x1b[D\t", "vnet> ns veth| x"},
		{"question mark tells", "?", "vnet> |\n" + list},
		{"and is not entered", "ns ?", "vnet> ns |\n" + list},
		{"typing closes the list", "?x", "vnet> x|"},
		{"escape closes the list", "?\x1b", "vnet> |"},
		{"it is a character in quotes", "echo \"why?", "vnet> echo \"why?|"},
		{"and in a word that nothing is known of", "opaque http://x/?a", "vnet> opaque http://x/?a|"},
		{"nothing known", "opaque ?", "vnet> opaque |\n nothing is known to come here"},
		{"in a block", "in a {\r?", "vnet> in a {\n   {>   |\n" + list},
		{"more than the screen has room for", "many\t", "vnet> many|\n many00  one of many\n many01  one of many\n many02  one of many\n" +
			" many03  one of many\n many04  one of many\n many05  one of many\n many06  one of many\n many07  one of many\n… 52 more"},
		{"what is chosen stays in sight", "many\t" + strings.Repeat("\t", 11), "vnet> many10|\n many03  one of many\n many04  one of many\n" +
			" many05  one of many\n many06  one of many\n many07  one of many\n many08  one of many\n many09  one of many\n many10  one of many\n… 49 more"},
		{"a suggestion", "ping", "vnet> ping| left -> right"},
		{"right takes it", "ping\x1b[C", "vnet> ping left -> right|"},
		{"end takes it", "ping\x1b[F", "vnet> ping left -> right|"},
		{"ctrl-e takes it", "ping\x05", "vnet> ping left -> right|"},
		{"ctrl-f takes it", "ping\x06", "vnet> ping left -> right|"},
		{"a word of it", "ping\x1bf", "vnet> ping left|"},
		{"enter does not", "ping\r", "vnet> ping\ngot \"ping\\n\"\nvnet> |"},
		{"it stands behind the end only", "ping\x1b[D", "vnet> pin|g"},
		{"nothing in it acts on the terminal", "evil", "vnet> evil|[31mx"},
	})
}
