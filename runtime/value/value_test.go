package value

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// word reads a value for a table: 'x is the quoted text x, a list is in
// brackets, ? is unknown, null is null.
func word(s string) Value {
	switch {
	case s == "?":
		return Unknown{}
	case s == "null":
		return Null{}
	case strings.HasPrefix(s, "'"):
		return NewText(s[1:])
	case strings.HasPrefix(s, "["):
		l := List{}
		for w := range strings.FieldsSeq(strings.Trim(s, "[]")) {
			l = append(l, word(w))
		}
		return l
	case s == "{}":
		m := NewMap()
		m.Set("cost", NewInt(10))
		m.Set("name", NewText("x y"))
		return m
	case strings.HasPrefix(s, "pool "):
		net, bits, _ := strings.Cut(s[5:], ",")
		n, _ := AsInt(Parse(bits))
		p, err := NewPool(netip.MustParsePrefix(net), int(n))
		if err != nil {
			panic(err)
		}
		return p
	}
	return Parse(s)
}

// told is the outcome of an operation for a table: the value, or its code and
// what is said.
func told(v Value, err error) string {
	var e *Error
	switch {
	case errors.As(err, &e):
		return string(e.Code) + " " + e.Summary + "; " + e.Help
	case err != nil:
		return err.Error()
	}
	return Source(v)
}

func matches(got, want string) bool {
	if code, part, ok := strings.Cut(want, " "); ok && strings.HasPrefix(want, "V1") {
		return strings.HasPrefix(got, code) && strings.Contains(got, part)
	}
	return got == want
}

func TestBinary(t *testing.T) {
	const u = "(known when it runs)"
	for _, c := range []struct{ a, op, b, want string }{
		{"1", "+", "2", "3"},
		{"007", "+", "1", "8"},
		{"9223372036854775807", "+", "1", "V1205 too large"},
		{"-9223372036854775808", "-", "1", "V1205 too large"},
		{"9223372036854775807", "*", "2", "V1205 too large"},
		{"-9223372036854775808", "/", "-1", "V1205 too large"},
		{"-9223372036854775808", "*", "-1", "V1205 too large"},
		{"-1", "*", "-9223372036854775808", "V1205 too large"},
		{"7", "/", "2", "3"}, {"-7", "/", "2", "-3"}, {"7", "%", "3", "1"},
		{"7", "/", "0", "V1206 `7 / 0` divides by zero"}, {"7", "%", "0", "V1206 zero"},
		{"10.0.0.1", "+", "1", "10.0.0.2"}, {"1", "+", "10.0.0.1", "10.0.0.2"}, {"10.0.1.0", "-", "1", "10.0.0.255"},
		{"fd00::1", "+", "65535", "fd00::1:0"}, {"fd00::", "-", "1", "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"255.255.255.255", "+", "1", "V1205 no address"}, {"0.0.0.0", "-", "1", "V1205 no address"},
		{"10.0.1.0", "-", "10.0.0.0", "256"}, {"fd00::1:0", "-", "fd00::", "65536"}, {"::1", "-", "10.0.0.1", "V1204 family"},
		{"fd00::", "-", "::", "V1205 too far"},
		{"10.0.0.0/24", "+", "1", "10.0.1.0/24"}, {"10.0.0.5/24", "+", "2", "10.0.2.5/24"}, {"10.0.1.0/24", "-", "1", "10.0.0.0/24"},
		{"fd00::/64", "+", "1", "fd00:0:0:1::/64"}, {"255.0.0.0/8", "+", "1", "V1205 no net"}, {"0.0.0.0/0", "+", "1", "V1205 no net"},
		{"10.0.0.0/32", "+", "1", "10.0.0.1/32"},
		{"02:00:00:00:00:ff", "+", "1", "02:00:00:00:01:00"},
		{"1.5s", "+", "500ms", "2s"}, {"50ms", "*", "3", "150ms"}, {"3", "*", "50ms", "150ms"}, {"1s", "/", "4", "250ms"}, {"1s", "/", "250ms", "4"},
		{"50ms", "-", "1s", "-950ms"}, {"50ms", "+", "50", "V1202 `50` has no unit; write 50ms"},
		{"10mbit", "*", "50%", "5mbit"}, {"50%", "*", "10mbit", "5mbit"}, {"10mbit", "+", "1gbit", "1010mbit"}, {"1mbit", "-", "2mbit", "V1213 less than nothing"},
		{"64k", "+", "1", "V1202 no unit"}, {"64k", "*", "2", "128k"}, {"10M", "+", "5m", "15M"},
		{"5%", "+", "0.5%", "5.5%"}, {"5%", "*", "2", "10%"}, {"5%", "/", "0", "V1206 zero"}, {"1s", "/", "0", "V1206 zero"},
		{"'a", "+", "'b", "ab"}, {"'a", "+", "1", "V1204 inside of quotes: \"a1\""}, {"'41", "+", "1", "V1204 int($x)"},
		{"[1 2]", "+", "[a]", "[1 2 a]"}, {"1..3", "+", "[a]", "[1 2 3 a]"}, {"[a]", "+", "'b", "V1204 in brackets: [b]"},
		{"{}", "+", "{}", "{cost: 10, name: \"x y\"}"},
		{"10.0.0.1", "*", "2", "V1204 `*` does not take an address and a number"},
		{"7", "==", "007", "true"}, {"7", "==", "'7", "true"}, {"'007", "==", "007", "true"}, {"'007", "==", "'7", "false"}, {"7", "!=", "8", "true"},
		{"fd00::1", "==", "fd00:0::1", "true"}, {"'10.0.0.1", "==", "10.0.0.1", "true"}, {"10.0.0.1", "==", "10.0.0.1/24", "false"},
		{"1s", "==", "1000ms", "true"}, {"[1 2]", "==", "1..2", "true"}, {"[1 2]", "==", "[1 3]", "false"}, {"null", "==", "null", "true"},
		{"{}", "==", "{}", "true"}, {"true", "==", "'true", "true"}, {"1", "==", "[1]", "false"}, {"h1:eth0", "==", "'h1:eth0", "true"},
		{"2", "<", "10", "true"}, {"'2", "<", "10", "true"}, {"10", ">=", "10", "true"}, {"10.0.0.2", "<", "10.0.0.10", "true"}, {"10.0.0.1", "<", "::1", "true"},
		{"50ms", "<", "1s", "true"}, {"50ms", "<", "50", "V1202 `50` has no unit"}, {"1mbit", "<=", "1000kbit", "true"}, {"5m", "<", "6M", "true"},
		{"a", "<", "b", "true"}, {"[1]", "<", "[2]", "V1204 does not take a list and a list"}, {"1", "<", "10.0.0.1", "V1204 a number and an address"},
		{"2", "in", "1..3", "true"}, {"h2", "in", "[h1..h3]", "true"}, {"x", "in", "[a b]", "false"}, {"cost", "in", "{}", "true"},
		{"10.0.0.9", "in", "10.0.0.0/24", "true"}, {"'10.0.0.9", "in", "10.0.0.0/24", "true"}, {"10.0.1.0/25", "in", "10.0.0.0/16", "true"},
		{"10.0.0.0/16", "in", "10.0.0.0/24", "false"}, {"fd00::1", "in", "10.0.0.0/8", "false"}, {"'b", "in", "'abc", "true"}, {"':", "in", "'fd00::/8", "true"}, {"':", "in", "'10.0.0.0/8", "false"},
		{"5", "in", "10.0.0.0/8", "V1204 `in`"}, {"1", "in", "2", "V1204 `in`"}, {"10.0.0.4/30", "in", "pool 10.0.0.0/24,30", "true"},
		{"'3 of 4", "~", "'\\d of", "true"}, {"10.0.0.1", "~", "'^10[.]", "true"}, {"a", "~", "'(", "V1210 not a regular expression"},
		{"true", "and", "false", "false"}, {"true", "or", "false", "true"}, {"false", "and", "?", "false"}, {"?", "or", "true", "true"},
		{"1", "and", "true", "V1209 neither true nor false"},
		{"?", "+", "1", u}, {"1", "==", "?", u}, {"1", "in", "[? 1]", "true"}, {"1", "in", "[? 2]", u}, {"true", "and", "?", u},
	} {
		if got := told(Binary(c.op, word(c.a), word(c.b))); !matches(got, c.want) {
			t.Errorf("%s %s %s = %s, want %s", c.a, c.op, c.b, got, c.want)
		}
	}
}

func TestUnary(t *testing.T) {
	for _, c := range []struct{ op, v, want string }{
		{"-", "5", "-5"}, {"-", "50ms", "-50ms"}, {"-", "x", "V1204 does not take a text"}, {"-", "-9223372036854775808", "V1205 large"},
		{"not", "true", "false"}, {"not", "on", "false"}, {"not", "null", "true"}, {"not", "0", "V1209 compare it"}, {"not", "[]", "V1209 len($x)"},
		{"not", "?", "(known when it runs)"},
	} {
		if got := told(Unary(c.op, word(c.v))); !matches(got, c.want) {
			t.Errorf("%s %s = %s, want %s", c.op, c.v, got, c.want)
		}
	}
}

func TestAccess(t *testing.T) {
	for _, c := range []struct{ v, i, want string }{
		{"[a b c]", "0", "a"}, {"[a b c]", "-1", "c"}, {"[a b c]", "3", "V1207 has 3; the first is [0], the last is [2]"}, {"[]", "0", "V1207 is empty"},
		{"[a b c]", "-4", "V1207 has 3"}, {"[a]", "x", "V1201 write a number"}, {"5..9", "-1", "9"}, {"'grün", "2", "ü"}, {"5", "0", "V1201 has no elements"},
		{"10.1.0.0/24", "1", "10.1.0.1/24"}, {"10.1.0.9/24", "1", "10.1.0.1/24"}, {"10.1.0.0/24", "-1", "10.1.0.255/24"}, {"10.1.0.0/24", "256", "V1207 it has 256"},
		{"10.1.0.0/24", "-256", "10.1.0.0/24"}, {"10.1.0.0/24", "-257", "V1207 no address"},
		{"fd00::/64", "-1", "fd00::ffff:ffff:ffff:ffff/64"}, {"0.0.0.0/0", "4294967295", "255.255.255.255/0"}, {"0.0.0.0/0", "4294967296", "V1207 no address"},
		{"{}", "cost", "10"}, {"{}", "csot", "V1208 did you mean `cost`"}, {"pool 10.0.0.0/24,26", "-1", "10.0.0.192/26"}, {"?", "0", "(known when it runs)"},
		{"10.0.0.5/24", ".ip", "10.0.0.5"}, {"10.0.0.5/24", ".network", "10.0.0.0/24"}, {"10.0.0.5/24", ".broadcast", "10.0.0.255"},
		{"10.0.0.5/20", ".netmask", "255.255.240.0"}, {"10.0.0.5/24", ".len", "24"}, {"10.0.0.5/24", ".first", "10.0.0.1"}, {"10.0.0.5/24", ".last", "10.0.0.254"},
		{"10.0.0.5/31", ".first", "10.0.0.4"}, {"10.0.0.5/31", ".last", "10.0.0.5"}, {"10.0.0.5/31", ".broadcast", "V1208 hosts"}, {"10.0.0.5/32", ".last", "10.0.0.5"},
		{"fd00::9/64", ".first", "fd00::1"}, {"fd00::9/64", ".last", "fd00::ffff:ffff:ffff:ffff"}, {"fd00::9/64", ".broadcast", "V1208 IPv6 has none"},
		{"fd00::9/60", ".netmask", "ffff:ffff:ffff:fff0::"}, {"'10.0.0.5/24", ".len", "24"}, {"10.0.0.5/24", ".mask", "V1208 no field `mask`"},
		{"10.0.0.5", ".network", "V1208 write 10.0.0.5/24"}, {"h1:eth0", ".ns", "h1"}, {"h1:eth0", ".if", "eth0"}, {"{}", ".name", "\"x y\""}, {"5", ".x", "V1208 no field"},
	} {
		got := ""
		if field, ok := strings.CutPrefix(c.i, "."); ok {
			got = told(Field(word(c.v), field))
		} else {
			got = told(Index(word(c.v), word(c.i)))
		}
		if !matches(got, c.want) {
			t.Errorf("%s of %s = %s, want %s", c.i, c.v, got, c.want)
		}
	}
}

func TestAs(t *testing.T) {
	as := map[string]func(Value) (Value, error){
		"int":      func(v Value) (Value, error) { n, err := AsInt(v); return NewInt(n), err },
		"switch":   func(v Value) (Value, error) { b, err := AsSwitch(v); return Bool(b), err },
		"ip":       func(v Value) (Value, error) { a, err := AsIP(v); return NewIP(a), err },
		"cidr":     func(v Value) (Value, error) { p, err := AsCIDR(v); return NewCIDR(p), err },
		"prefix":   func(v Value) (Value, error) { p, err := AsPrefixOrIP(v); return NewCIDR(p), err },
		"mac":      func(v Value) (Value, error) { m, err := AsMAC(v); return MAC{Addr: m}, err },
		"duration": func(v Value) (Value, error) { d, err := AsDuration(v); return NewDuration(d), err },
		"rate":     func(v Value) (Value, error) { n, err := AsRate(v); return Rate{Bits: n}, err },
		"percent":  func(v Value) (Value, error) { p, err := AsPercent(v); return Percent{P: p}, err },
		"size":     func(v Value) (Value, error) { n, err := AsSize(v); return Size{Bytes: n}, err },
		"text":     func(v Value) (Value, error) { s, err := AsText(v); return Text{S: s}, err },
		"end":      func(v Value) (Value, error) { return AsEnd(v) },
		"list":     func(v Value) (Value, error) { l, err := AsList(v); return List(l), err },
	}
	for _, c := range []struct{ as, v, want string }{
		{"int", "0x10", "16"}, {"int", "'12", "12"}, {"int", "x", "V1201 `x` is not a number"}, {"int", "99999999999999999999", "V1205 too large"},
		{"int", "5s", "V1201 is a duration, not a number"}, {"int", "[1]", "V1201 is a list, not a number"}, {"int", "?", ErrUnknown.Error()},
		{"switch", "on", "true"}, {"switch", "'off", "false"}, {"switch", "true", "true"}, {"switch", "yes", "V1201 neither on nor off"}, {"switch", "1", "V1201 on or off"},
		{"ip", "'10.0.0.1", "10.0.0.1"}, {"ip", "10.0.0.1/24", "V1201 write 10.0.0.1"}, {"ip", "10.0.0.256", "V1203 256 is more than 255"},
		{"ip", "10.0.0", "V1203 3 numbers instead of 4"}, {"ip", "10.0.0.01", "V1203 leading zeros"}, {"ip", "fe80::1%eth0", "V1203 interface is not part"},
		{"ip", "gw", "V1201 is not an address; write an address"}, {"ip", "5", "V1201 is a number, not an address"},
		{"cidr", "10.0.0.1", "V1201 no prefix length; write 10.0.0.1/24"}, {"cidr", "::1", "V1201 write ::1/64"}, {"cidr", "10.0.0.1/33", "V1203 at most 32"},
		{"cidr", "10.0.0.1/255.0.0.0", "V1203 number of bits"}, {"cidr", "10.0.0.1/", "V1203 missing"}, {"cidr", "10.0.0.1/024", "V1203 leading zero"},
		{"prefix", "10.0.0.1", "10.0.0.1/32"}, {"prefix", "fd00::/48", "fd00::/48"}, {"prefix", "default", "V1201 not an address with"},
		{"mac", "2:0:0:0:0:1", "02:00:00:00:00:01"}, {"mac", "02:00:00:00:00:0g", "V1203 MAC"}, {"mac", "x", "V1201 MAC"},
		{"duration", "50", "V1202 `50` has no unit; write 50ms or 50s"}, {"duration", "0", "0s"}, {"duration", "1.5", "V1202 1.5ms"}, {"duration", "'1.5s", "1500ms"},
		{"duration", "soon", "V1201 is not a duration; write a duration, as"}, {"rate", "10", "V1202 write 10mbit or 10kbit"}, {"rate", "10mbit", "10mbit"},
		{"percent", "5", "V1202 write 5%"}, {"percent", "0.5%", "0.5%"}, {"percent", "x", "V1201 as 5% or 0.5%"},
		{"percent", "5s", "V1201 is a duration, not a percentage; write a percentage, as 5%"},
		{"size", "64", "64b"}, {"size", "5m", "5M"}, {"size", "64k", "64k"}, {"size", "-1", "V1201 not a size"},
		{"text", "007", "007"}, {"text", "1..5", "1..5"}, {"text", "[a]", "V1201 one word is wanted"}, {"text", "null", "V1201 nothing"},
		{"end", "h1:eth0", "h1:eth0"}, {"end", "'h1:a/b", "h1:a/b"}, {"end", "h1", "V1201 as h1:eth0"},
		{"list", "[1 5..7]", "[1 5 6 7]"}, {"list", "x", "[x]"}, {"list", "1..99999999", "V1211 more than 1000000"}, {"list", "null", "[]"},
		{"list", "pool 10.0.0.0/24,25", "[10.0.0.0/25 10.0.0.128/25]"},
	} {
		if got := told(as[c.as](word(c.v))); !matches(got, c.want) {
			t.Errorf("%s as %s = %s, want %s", c.v, c.as, got, c.want)
		}
	}
}

func TestSource(t *testing.T) {
	for v, want := range map[string]string{
		"[a 'b 007 '007 h1:eth0 '10.0.0.1]": `[a b 007 "007" h1:eth0 "10.0.0.1"]`, "'a b": `"a b"`, "'": `""`, "'a\"$\n": `"a\"\$\n"`,
		"'#x": `"#x"`, "{}": `{cost: 10, name: "x y"}`, "pool 10.0.0.0/24,25": "subnets(10.0.0.0/24, 25)",
	} {
		if got := Source(word(v)); got != want {
			t.Errorf("Source(%s) = %s, want %s", v, got, want)
		}
	}
}

func TestPool(t *testing.T) {
	p := word("pool 10.0.0.7/29,30").(*Pool)
	for _, want := range []string{"10.0.0.0/30", "10.0.0.4/30"} {
		if got := told(p.Next()); got != want {
			t.Errorf("next is %s, want %s", got, want)
		}
	}
	if got := told(p.Next()); !matches(got, "V1212 all 2 subnets are taken") {
		t.Error(got)
	}
	if p.Len() != 2 || p.Taken() != 2 {
		t.Errorf("%d of %d taken", p.Taken(), p.Len())
	}
	for _, bits := range []int{8, 33, -1} {
		if _, err := NewPool(netip.MustParsePrefix("10.0.0.0/16"), bits); err == nil {
			t.Errorf("a pool of /%d", bits)
		}
	}
	if got := word("pool ::/0,128").(*Pool); got.Len() != 1<<63-1 {
		t.Errorf("%s has %d", got, got.Len())
	}
}
