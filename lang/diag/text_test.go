package diag

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"vnet/lang/token"
)

var update = flag.Bool("update", false, "write the golden files")

const twoHosts = `# Two hosts, one cable.
ns left right
veth left:eth0 10.0.0.1/24 <-> rigth:eth0 10.0.0.2/24
expect ping left -> right
transaction "uplink" {
  addr add left:eth0 10.0.0.1/24
	tab	stop
}
echo "日本語 and é" 'x'
for h in [a b] {
  ns $h
}
`

// find finds the nth (from 0) occurrence of what in text.
func find(t testing.TB, file, text, what string, nth int) token.Span {
	t.Helper()
	at := -1
	for range nth + 1 {
		i := strings.Index(text[at+1:], what)
		if i < 0 {
			t.Fatalf("%q is not there", what)
		}
		at += 1 + i
	}
	return token.Span{Pos: posAt(file, text, at), End: posAt(file, text, at+len(what))}
}

func posAt(file, text string, at int) token.Pos {
	before := text[:at]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return token.Pos{Filename: file, Offset: at, Line: 1 + strings.Count(before, "\n"), Column: 1 + utf8.RuneCountInString(line)}
}

func TestText(t *testing.T) {
	in := func(what string, nth int) token.Span { return find(t, "two.vnet", twoHosts, what, nth) }
	long := "ns " + strings.Repeat("host-with-a-name ", 20) + "here " + strings.Repeat("and-more ", 20)
	hostile := "echo \x1b[31mred\x07 \xff\u202e done"
	module := "def mesh(hosts) {\n  fail \"none\"\n}\n"
	sources := func(name string) (string, bool) {
		switch name {
		case "two.vnet":
			return twoHosts, true
		case "long.vnet":
			return long, true
		case "hostile.vnet", "evil\x1b[2J.vnet":
			return hostile, true
		case "std/topo":
			return module, true
		}
		return "", false
	}
	typo := New("V1002", in("rigth", 0), "no namespace `rigth`").
		WithLabel("not created before this line").
		WithNote(in("right", 0), "`right` is created here").
		WithHelp("did you mean `right`?")
	refused := New("V5101", in("10.0.0.1/24", 1), "cannot add 10.0.0.1/24 to left:eth0")
	refused.Kernel = "file exists (EEXIST)"
	refused.Inside = []string{`transaction "uplink" (two.vnet:5)`, "demo.vnet:2"}
	printed := New("V4001", in("echo", 0), "`echo` ended with status 1")
	printed.Output = strings.Repeat("line\n", 14) + "\x1b[2Jlast\tone\r\n\n"
	prose := New("V5101", in("rigth", 0), "cannot do `link set right:eth0 mtu 70000` while the other end is up").
		WithHelp("write `link set right:eth0 mtu 1400` or less, or raise it at the other end").
		WithHelp("look at it:\n  ip -d link show dev a-long-name-that-does-not-fit")
	prose.Kernel = "mtu greater than device maximum (EINVAL)"
	wide := New("V1001", in("'x'", 0), "odd").WithLabel("after wide characters")

	for name, c := range map[string]struct {
		list  List
		style Style
	}{
		"typo":    {List{typo}, Style{}},
		"ascii":   {List{typo}, Style{ASCII: true}},
		"colour":  {List{typo}, Style{Color: true}},
		"narrow":  {List{typo}, Style{Width: 40}},
		"prose":   {List{prose}, Style{Width: 40}},
		"refused": {List{refused}, Style{}},
		"output":  {List{printed}, Style{}},
		"wide":    {List{wide}, Style{}},
		"tab":     {List{New("V1001", in("stop", 0), "odd")}, Style{}},
		"gap": {List{New("V1001", in("left", 3), "odd").WithLabel("here").
			WithNote(in("left", 1), "one between").WithNote(in("ns", 1), "many between").
			WithNote(in("eth0", 2), "same line")}, Style{}},
		"block": {List{New("V1001", in("for h in [a b] {\n  ns $h\n}", 0), "odd").WithLabel("begins here")}, Style{}},
		"end of file": {List{New("V0001", token.Span{Pos: posAt("two.vnet", twoHosts, len(twoHosts))}, "`}` is missing").
			WithLabel("the file ends here").WithNote(in("{", 1), "opened here")}, Style{}},
		"module": {List{New("V4010", find(t, "std/topo", module, "fail", 0), "none").
			WithNote(in("expect", 0), "called from here")}, Style{}},
		"no source": {List{New("V1001", find(t, "gone.vnet", module, "fail", 0), "odd").WithLabel("why").
			WithNote(find(t, "gone.vnet", module, "def", 0), "begins")}, Style{}},
		"no place":       {List{New("V7001", token.Span{}, "no file `x`"), Warn("V1003", in("ns", 0), "odd")}, Style{}},
		"long line":      {List{New("V1001", find(t, "long.vnet", long, "here", 0), "odd").WithLabel("in the middle of it")}, Style{}},
		"long line head": {List{New("V1001", find(t, "long.vnet", long, "ns", 0), "odd").WithLabel("at its beginning")}, Style{Width: 40}},
		"long line tail": {List{New("V1001", token.Span{Pos: posAt("long.vnet", long, len(long))}, "odd").WithLabel("at its end")}, Style{ASCII: true}},
		"hostile": {List{New("V1001", find(t, "hostile.vnet", hostile, "done", 0), "bad \x1b[2J name\nhere").WithLabel("\x1b]0;title\x07").
			WithHelp("write\n  `x\x1b`")}, Style{}},
		"hostile name": {List{New("V1001", find(t, "evil\x1b[2J.vnet", hostile, "done", 0), "odd")}, Style{}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := c.list.Text(&b, sources, c.style); err != nil {
				t.Fatal(err)
			}
			golden(t, "text/"+strings.ReplaceAll(name, " ", "-")+".txt", b.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(file))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", path, got, want)
	}
}

// Whatever a script holds, no line of source is wider than the terminal, and
// no control byte but the line break gets out.
func FuzzText(f *testing.F) {
	f.Add(twoHosts, 5, 20, 80)
	f.Add("\x1b\xff\t日本語", 1, 3, 40)
	f.Add(strings.Repeat("日", 200), 300, 20, 20)
	f.Fuzz(func(t *testing.T, text string, at, length, width int) {
		if at < 0 || length < 0 || at > len(text) || length > len(text)-at || width > 400 {
			t.Skip()
		}
		span := token.Span{Pos: posAt("f", text, at), End: posAt("f", text, at+length)}
		for i, message := range []string{"odd", text, "odd", text} {
			style := Style{Width: width, ASCII: i > 1}
			list := List{New("V1001", span, "%s", message).WithLabel("label").WithNote(token.Span{Pos: posAt("f", text, 0)}, "n")}
			var b strings.Builder
			_ = list.Text(&b, Source("f", text), style)
			for i, line := range strings.Split(b.String(), "\n") {
				// What a message says is not cut; it may hold a bar as well.
				framed := message != text && strings.Contains(line, marksOf(style).bar)
				if w := widths.StringWidth(line); i > 0 && framed && w > style.width() {
					t.Errorf("%d columns where %d fit: %q", w, style.width(), line)
				}
				for _, r := range line {
					if r < ' ' || r == 0x7f {
						t.Errorf("control character in %q", line)
					}
				}
			}
		}
	})
}

func TestJSON(t *testing.T) {
	span := find(t, "two.vnet", twoHosts, "rigth", 0)
	d := New("V1002", span, "no namespace `rigth`").WithLabel("<-> here").
		WithNote(find(t, "two.vnet", twoHosts, "right", 0), "made here").WithHelp("write `right`")
	d.Kernel = "no \u009b such"
	var b strings.Builder
	if err := (List{d, New("V7001", token.Span{}, "x")}).JSON(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "json/two.json", b.String())
}
