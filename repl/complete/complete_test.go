package complete

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"vnet/lang/usage"
	"vnet/stdlib"
)

var update = flag.Bool("update", false, "write what is found into testdata")

// A still is a State that stands still.
type still struct {
	spaces     []string
	links      map[string][]Link
	variables  []Named
	functions  []Named
	spawned    []Named
	savepoints []Named
	scope      string
	files      []string
	programs   []string
}

func (s *still) Namespaces() []string { return s.spaces }
func (s *still) Links(ns string) []Link {
	if ns == "host" {
		ns = ""
	}
	return s.links[ns]
}
func (s *still) Variables() []Named  { return s.variables }
func (s *still) Functions() []Named  { return s.functions }
func (s *still) Modules() []Named    { return []Named{{"std/check", ""}, {"std/topo", ""}} }
func (s *still) Spawned() []Named    { return s.spawned }
func (s *still) Savepoints() []Named { return s.savepoints }
func (s *still) Scope() string       { return s.scope }
func (s *still) Files(prefix string) []string {
	return slices.DeleteFunc(slices.Clone(s.files), func(f string) bool { return !strings.HasPrefix(f, prefix) })
}
func (s *still) Programs(_, prefix string) []string {
	return slices.DeleteFunc(slices.Clone(s.programs), func(f string) bool { return !strings.HasPrefix(f, prefix) })
}

func cidrs(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func builtins() []Named {
	var list []Named
	for _, b := range stdlib.Builtins {
		list = append(list, Named{b.Name, b.Sig + ": " + b.Doc})
	}
	return list
}

// alive is the network of the tests: h1 and h2 on the bridge br0 of host, h2
// and gw on a cable.
func alive() *still {
	return &still{
		spaces: []string{"gw", "h1", "h2"},
		links: map[string][]Link{
			"": {{Name: "br0", Kind: "bridge"}, {Name: "p1", Kind: "veth", Master: "br0", Peer: "h1:eth0"},
				{Name: "p2", Kind: "veth", Master: "br0", Peer: "h2:eth0"}},
			"h1": {{Name: "eth0", Kind: "veth", Peer: "host:p1", Addrs: cidrs("10.0.0.1/24", "fe80::9822:c4ff:fe93:b5e7/64")}},
			"h2": {{Name: "eth0", Kind: "veth", Peer: "host:p2", Addrs: cidrs("10.0.0.2/24")},
				{Name: "eth1", Kind: "veth", Peer: "gw:eth0", Addrs: cidrs("192.168.5.2/24")}},
			"gw": {{Name: "eth0", Kind: "veth", Peer: "h2:eth1", Addrs: cidrs("192.168.5.1/24")}},
		},
		variables:  []Named{{"hosts", "list [h1 h2]"}, {"hot", "int 3"}},
		functions:  append(builtins(), Named{"lan", "lan(name, net, count = 3)"}),
		spawned:    []Named{{"web", "python3 in gw"}},
		savepoints: []Named{{"before", ""}, {"base", ""}},
		files:      []string{"lab.vnet", "lib/", "notes.txt", "/etc/", "/proc/sys/net/ipv4/conf/", "/proc/sys/net/ipv4/ip_forward"},
		programs:   []string{"curl", "ping", "ping6", "python3"},
	}
}

// where parts a line of testdata from its cursor; ⏎ stands for a newline.
func where(line string) (text string, cursor int) {
	line = strings.ReplaceAll(line, "⏎", "\n")
	cursor = strings.IndexByte(line, '|')
	return line[:cursor] + line[cursor+1:], cursor
}

// told writes candidates as the tables do: what the text becomes up to the
// cursor is not repeated, only the candidate.
func told(list []Candidate) string {
	var words []string
	for _, c := range list {
		words = append(words, c.Text)
	}
	return strings.Join(words, "  ")
}

// tables runs the lines of a file: TEXT => what is found. What is written may
// end in … where the rest does not matter.
func tables(t *testing.T, pattern string, find func(text string, cursor int) string) {
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			in, want, ok := strings.Cut(line, " => ")
			if !ok {
				continue
			}
			text, cursor := where(strings.TrimRight(in, " "))
			if strings.HasSuffix(strings.TrimRight(in, " "), "|") == false && !strings.Contains(in, "|") {
				t.Fatalf("%s:%d: no cursor", file, i+1)
			}
			got := find(text, cursor)
			if fits(got, want) {
				continue
			}
			if *update {
				lines[i] = in + " => " + got
				continue
			}
			t.Errorf("%s:%d: %s\n got %s\nwant %s", file, i+1, in, got, want)
		}
		if *update {
			if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func fits(got, want string) bool {
	if head, ok := strings.CutSuffix(want, "…"); ok {
		return strings.HasPrefix(got, strings.TrimRight(head, " "))
	}
	return got == want
}

func TestAt(t *testing.T) {
	s := alive()
	tables(t, "at*.txt", func(text string, cursor int) string { return told(At(text, cursor, s)) })
}

func TestNext(t *testing.T) {
	s := alive()
	tables(t, "next*.txt", func(text string, cursor int) string { return told(Next(text, cursor, s)) })
}

var classNames = [...]string{
	ClassKeyword: "key", ClassOption: "opt", ClassName: "name", ClassNewName: "new", ClassUnknownName: "UNKNOWN", ClassBad: "BAD",
	ClassString: "str", ClassNumber: "num", ClassAddress: "addr", ClassComment: "comment", ClassVariable: "var",
	ClassUnknownVariable: "UNKNOWNVAR", ClassFunction: "fn", ClassProgram: "prog", ClassUnknownProgram: "NOPROG",
}

// coloured writes marks as TEXT/class.
func coloured(text string, marks []Mark) string {
	var words []string
	for _, m := range marks {
		words = append(words, strings.ReplaceAll(text[m.Start:m.End], "\n", "⏎")+"/"+classNames[m.Class])
	}
	return strings.Join(words, " ")
}

func TestMarks(t *testing.T) {
	s := alive()
	tables(t, "marks*.txt", func(text string, cursor int) string { return coloured(text, MarksAt(text, cursor, s)) })
}

func TestGhost(t *testing.T) {
	s := alive()
	history := []string{"veth a:x <-> b:y", "ns old", "ns h1 h2"}
	for text, want := range map[string]string{
		"":                          "",
		"  ":                        "",
		"ns":                        " h1 h2",
		"ns o":                      "ld",
		"veth a":                    ":x <-> b:y",
		"vet":                       "h a:x <-> b:y",
		"bri":                       "dge",
		"addr add h1:eth0 ":         "10.0.0.3/24",
		"addr add h1:eth0 10.":      "0.0.3/24",
		"veth gw:eth1 <-> br0 ":     "10.0.0.3/24",
		"in h2 route add default v": "ia",
		"in ":                       "",
		"# v":                       "",
		"let x = \"ve":              "",
		"expect ping h1 ":           "-> ",
		"exec in h1 cu":             "rl",
		"link set h1:e":             "th0",
		"rollback to before":        "",
	} {
		if got := Ghost(text, s, history); got != strings.TrimRight(want, " ") {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestInQuotes(t *testing.T) {
	for line, want := range map[string]bool{
		"|": false, "ns a|": false, `echo "|`: true, `echo "a" |`: false, `echo "a|`: true, `echo "a"|`: false,
		`echo 'it|`: true, "echo '''a\nb|": true, `echo "${x|`: true, "# who|": true, "ns a # b|\nns c": true,
		"ns a # b\n|": false, `exec in a echo --x="a|`: true, `echo "a \" b|`: true, `echo "a|" b`: true,
	} {
		text, cursor := where(line)
		if got := InQuotes(text, cursor); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

func TestWords(t *testing.T) {
	if !slices.IsSortedFunc(Words, func(a, b usage.Entry) int { return strings.Compare(a.Word, b.Word) }) {
		t.Error("the words of the prompt are not sorted")
	}
	for _, e := range Words {
		if e.Doc == "" || len(e.Forms) == 0 || usage.Of(e.Word) != nil || WordOf(e.Word) == nil {
			t.Errorf("%s: no doc, no form, or a statement's word", e.Word)
		}
	}
}

// In a scope that was entered, a program is an entry of its own.
func TestScope(t *testing.T) {
	s := alive()
	s.scope = "h1"
	tables(t, "scope.txt", func(text string, cursor int) string {
		return told(At(text, cursor, s)) + " / " + coloured(text, MarksAt(text, cursor, s))
	})
}
