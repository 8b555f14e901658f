package stdlib

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"vnet/runtime/value"
)

// world is a small one: it has the namespace h1 and the variable HOME.
type world struct{ random io.Reader }

func (world) Getenv(name string) (string, bool) { return "/root", name == "HOME" }
func (world) ReadFile(path string) ([]byte, error) {
	if path == "hosts" {
		return []byte("h1 h2\n"), nil
	}
	return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("no such file or directory")}
}
func (world) Arg(name string) (value.Value, bool) { return value.Parse("3"), name == "count" }
func (w world) Random() io.Reader                 { return w.random }
func (world) Exists(ref value.Value) (value.Value, error) {
	return value.Bool(ref.String() == "h1"), nil
}
func (world) Addrs(value.Value) (value.Value, error) { return value.Unknown{}, nil }
func (world) Links(value.Value) (value.Value, error) { return nil, value.ErrUnknown }
func (world) Routes(ns value.Value) (value.Value, error) {
	return nil, errors.New("no namespace `" + ns.String() + "`")
}

// parse reads an argument for a table: 'x is quoted, lists nest, {} is a map,
// pool is one, ? is unknown.
func parse(s string) value.Value {
	switch {
	case s == "?":
		return value.Unknown{}
	case s == "{}":
		m := value.NewMap()
		m.Set("b", value.NewInt(1))
		m.Set("a", value.NewInt(2))
		return m
	case s == "pool":
		c := call("subnets", "10.0.0.0/29", "30")
		return c
	case strings.HasPrefix(s, "'"):
		return value.NewText(s[1:])
	case strings.HasPrefix(s, "["):
		l := value.List{}
		for w := range strings.FieldsSeq(s[1 : len(s)-1]) {
			l = append(l, parse(w))
		}
		return l
	}
	return value.Parse(s)
}

func do(fn string, args ...string) (value.Value, error) {
	b, ok := Lookup(fn)
	if !ok {
		return nil, errors.New("no " + fn)
	}
	c := &Call{Env: world{bytes.NewReader(make([]byte, 32))}}
	for _, a := range args {
		name, v, named := strings.Cut(a, "=")
		if !named {
			name, v = "", a
		}
		c.Args = append(c.Args, Arg{name, parse(v)})
	}
	return b.Do(c)
}

func call(fn string, args ...string) value.Value {
	v, err := do(fn, args...)
	if err != nil {
		panic(err)
	}
	return v
}

func TestBuiltins(t *testing.T) {
	const u = "(known when it runs)"
	for _, c := range []struct{ call, want string }{
		{"len|[a 1..3]", "4"}, {"len|1..9", "9"}, {"len|'grün", "4"}, {"len|{}", "2"}, {"len|pool", "2"}, {"len|?", u},
		{"keys|{}", "[b a]"}, {"values|{}", "[1 2]"}, {"keys|[a]", "V1201 keys: `[a]` is a list, not a map"},
		{"sort|[h10 h2 h1]", "[h1 h2 h10]"}, {"sort|[10.0.0.10 10.0.0.9]", "[10.0.0.9 10.0.0.10]"}, {"sort|[3 10 2]", "[2 3 10]"}, {"sort|[b ? a]", u}, {"sort|5", "V1201 sort: `5` is a number, not a list; write it in brackets: [5]"},
		{"uniq|[1 01 a a 10.0.0.1]", "[1 a 10.0.0.1]"}, {"reverse|1..3", "[3 2 1]"}, {"reverse|{}", "V1201 is a map, not a list"},
		{"range|3", "[0 1 2]"}, {"range|1|4", "[1 2 3]"}, {"range|6|0|-2", "[6 4 2]"}, {"range|0", "[]"}, {"range|0|5|0", "V1213 step of 0"}, {"range|9999999", "V1211 more than 1000000"},
		{"range|9223372036854775806|9223372036854775807|5", "[9223372036854775806]"}, {"range|-9223372036854775807|-9223372036854775808|-5", "[-9223372036854775807]"},
		{"enumerate|[a b]", "[[0 a] [1 b]]"}, {"enumerate|[a b]|start=1", "[[1 a] [2 b]]"},
		{"zip|[a b]|1..9", "[[a 1] [b 2]]"}, {"zip|[a b]|pool", "[[a 10.0.0.0/30] [b 10.0.0.4/30]]"}, {"zip|[a b]|[1]", "V1213 lists of 2 and 1"}, {"zip|[a b c]|pool", "V1213 2 elements are not enough"},
		{"zip|1..2|1..9", "[[1 1] [2 2]]"}, {"zip|[a]|5", "V1201 zip: `5` is a number"},
		{"pairs|[a b c]", "[[a b] [a c] [b c]]"}, {"pairs|[a]", "[]"}, {"pairs|h1..h3", "[[h1 h2] [h1 h3] [h2 h3]]"}, {"pairs|1..9999", "V1211 more than a list"}, {"pairs|{}", "V1201 map, not a list"}, {"pairs|?", u},
		{"chain|[a b c]", "[[a b] [b c]]"}, {"product|[a b]|[1 2]", "[[a 1] [a 2] [b 1] [b 2]]"}, {"product|[a b]|[]", "[]"}, {"product|1..1000|1..1001", "V1211 1001000 elements"},
		{"subnets|10.0.0.0/16|30", "subnets(10.0.0.0/16, 30)"}, {"subnets|'fd00::/48|64", "subnets(fd00::/48, 64)"}, {"subnets|10.0.0.0/16|8", "V1213 subnets: `10.0.0.0/16` has no subnets of length 8"},
		{"subnets|10.0.0.0/16|9223372036854775807", "V1213 subnets"}, {"next|pool", "10.0.0.0/30"}, {"next|10.0.0.1", "10.0.0.2"}, {"next|'10.0.0.0/24", "10.0.1.0/24"}, {"next|5", "V1201 nothing comes next"},
		{"host|10.0.0.0/24|5", "10.0.0.5/24"}, {"host|10.0.0.0/24|-1", "10.0.0.255/24"}, {"host|10.0.0.0/24|256", "V1207 host: "}, {"peer|10.0.0.1/30", "10.0.0.2/30"}, {"peer|fd00::/127", "fd00::1/127"}, {"peer|10.0.0.1/24", "V1213 no peer"},
		{"ip|10.0.0.1/24", "10.0.0.1"}, {"ip|'fd00::1", "fd00::1"}, {"ip|x", "V1201 ip: `x` is not an address"}, {"cidr|10.0.0.1|24", "10.0.0.1/24"}, {"cidr|10.0.0.1/8|24", "10.0.0.1/24"}, {"cidr|10.0.0.1|33", "V1213 from 0 to 32"}, {"cidr|10.0.0.1", "V1201 no prefix length"},
		{"mac|1", "02:00:00:00:00:01"}, {"mac|02:00:00:00:00:09", "02:00:00:00:00:09"}, {"mac|h1", call("mac", "h1").String()}, {"mac|[a]", "V1201 one word"},
		{"int|'0x1f", "31"}, {"int|' 7 ", "7"}, {"int|true", "1"}, {"int|x", "V1201 not a number"}, {"str|10.0.0.1", `"10.0.0.1"`}, {"str|[a b]", `"[a b]"`},
		{"lower|'AB", "ab"}, {"upper|ab", "AB"}, {"split|' a  b 7", "[a b 7]"}, {"split|'a,b,,c|','", "[\"a,b,,c\"]"}, {"split|a:b|:", "[a b]"}, {"join|[a 1 10.0.0.1]", `"a 1 10.0.0.1"`}, {"join|[a b]|-", "a-b"}, {"join|[a ?]", u}, {"join|[]", `""`},
		{"replace|'a.b.c|.|-", "a-b-c"}, {"replace|a|'|b", "V1213 nothing to replace"}, {"trim|'  a \n", "a"}, {"trim|xxax|x", "a"},
		{"match|'rtt 3 ms|'(\\d+) ms", `["3 ms" 3]`}, {"match|a|b", "[]"}, {"match|a|'(", "V1210 match: "},
		{"env|HOME", "/root"}, {"env|NONE", "V1222 no variable of the environment `NONE`; set it"}, {"env|NONE|5", "5"}, {"arg|count", "3"}, {"arg|x", "V1222 no argument"}, {"arg|x|default=7", "7"},
		{"file|hosts", `"h1 h2\n"`}, {"file|none", "V1222 cannot read `none`: no such file"}, {"json|'[1", "V1222 json: this is not JSON"}, {"json|'[1,null,0.5]", "[1 null 0.5]"},
		{"exists|h1", "true"}, {"addrs|h1", u}, {"links|h1", u}, {"routes|hx", "V1222 routes: no namespace `hx`"}, {"exists|?", u},
		{"wgkey", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=\""}, {"wgkey|public='AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEA=", "\"L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q=\""}, {"wgkey|public=x", "V1222 not a private WireGuard key"}, {"wgkey|a|public=b", "V1220 not both"},
		{"len", "V1220 len lacks its argument `x`; its form is len(x)"}, {"len|a|b", "V1220 len has too many arguments"}, {"range|1|a=2", "V1220 gets its argument `a` twice"},
		{"subnets|10.0.0.0/16|lne=24", "V1221 subnets has no argument `lne`; did you mean `len`?"}, {"zip", "V1220 lacks its argument `lists`"},
	} {
		parts := strings.Split(c.call, "|")
		got := told(do(parts[0], parts[1:]...))
		code, part, _ := strings.Cut(c.want, " ")
		if strings.HasPrefix(c.want, "V1") && strings.HasPrefix(got, code) && strings.Contains(got, part) {
			continue
		}
		if got != c.want {
			t.Errorf("%s = %s, want %s", c.call, got, c.want)
		}
	}
}

func told(v value.Value, err error) string {
	var e *value.Error
	if errors.As(err, &e) {
		return string(e.Code) + " " + e.Summary + "; " + e.Help
	}
	if err != nil {
		return "not a value.Error: " + err.Error()
	}
	return value.Source(v)
}

func TestTable(t *testing.T) {
	if !slices.IsSorted(Names()) {
		t.Error("the table is not sorted")
	}
	for _, b := range Builtins {
		if !strings.HasPrefix(b.Sig, b.Name+"(") || !strings.HasSuffix(b.Sig, ")") || b.Doc == "" || b.Fn == nil {
			t.Errorf("%s: %q %q", b.Name, b.Sig, b.Doc)
		}
		if got, ok := Lookup(b.Name); !ok || got != b {
			t.Errorf("%s is not found", b.Name)
		}
	}
	if _, ok := Lookup("nothing"); ok {
		t.Error("nothing is found")
	}
}

// An error knows the argument that it is about.
func TestArgError(t *testing.T) {
	_, err := do("host", "10.0.0.0/24", "n=x")
	var e *ArgError
	if !errors.As(err, &e) || e.Arg != 1 {
		t.Errorf("%#v", err)
	}
}

func TestKeysDiffer(t *testing.T) {
	a, b := call("wgkey", "a"), call("wgkey", "b")
	if a == b || a != call("wgkey", "a") {
		t.Error("keys of seeds")
	}
	tried, _ := Lookup("wgkey")
	v, err := tried.Do(&Call{Env: world{}})
	if err != nil || !value.IsUnknown(v) {
		t.Errorf("a random key is %v, %v", v, err)
	}
}
