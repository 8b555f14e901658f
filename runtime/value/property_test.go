package value

import (
	"encoding/json"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

var addresses = rapid.Custom(func(t *rapid.T) netip.Addr {
	raw := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "raw")
	if rapid.Bool().Draw(t, "four") {
		raw = raw[:4]
	}
	a, _ := netip.AddrFromSlice(raw)
	return a
})

var prefixes = rapid.Custom(func(t *rapid.T) netip.Prefix {
	a := addresses.Draw(t, "a")
	return netip.PrefixFrom(a, rapid.IntRange(0, a.BitLen()).Draw(t, "bits"))
})

// What is added to an address can be taken away again.
func TestAddressInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := NewInt(rapid.Int64Range(-1<<40, 1<<40).Draw(t, "n"))
		for _, v := range []Value{NewIP(addresses.Draw(t, "ip")), NewCIDR(prefixes.Draw(t, "cidr"))} {
			sum, err := Binary("+", v, n)
			if err != nil {
				continue
			}
			back, err := Binary("-", sum, n)
			if err != nil || !Equal(back, v) {
				t.Errorf("%s + %s - %s = %v, %v", v, n, n, back, err)
			}
			if _, ok := v.(IP); !ok {
				continue
			}
			if d, err := Binary("-", sum, v); err != nil || !Equal(d, n) {
				t.Errorf("%s - %s = %v, %v", sum, v, d, err)
			}
		}
	})
}

// Every element of a net lies in it, and the fields agree with each other.
func TestNet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := prefixes.Draw(t, "p")
		a, err := Host(p, rapid.Int64().Draw(t, "n"))
		if err == nil && (!p.Contains(a.Addr()) || a.Bits() != p.Bits()) {
			t.Errorf("%s has %s", p, a)
		}
		first, end := usable(p)
		if !p.Contains(first) || !p.Contains(end) || end.Less(first) {
			t.Errorf("%s goes from %s to %s", p, first, end)
		}
		x, y, err := Pair(p)
		if err != nil {
			return
		}
		if x == y || !p.Contains(x.Addr()) || !p.Contains(y.Addr()) {
			t.Errorf("%s has the pair %s %s", p, x, y)
		}
		if other, err := Peer(x); err == nil && other != y {
			t.Errorf("the peer of %s is %s, not %s", x, other, y)
		}
		if other, err := Peer(y); err == nil && other != x {
			t.Errorf("the peer of %s is %s, not %s", y, other, x)
		}
	})
}

func TestPeer(t *testing.T) {
	for addr, want := range map[string]string{
		"10.0.0.1/30": "10.0.0.2/30", "10.0.0.6/30": "10.0.0.5/30", "10.0.0.0/31": "10.0.0.1/31", "fd00::1/127": "fd00::/127", "fd00::2/126": "fd00::1/126",
		"10.0.0.0/30": "V1213 not the address of a host", "10.0.0.1/24": "V1213 no peer", "10.0.0.1/32": "V1213 no peer", "fd00::3/126": "V1213 the hosts are",
	} {
		p, err := Peer(netip.MustParsePrefix(addr))
		if got := told(NewCIDR(p), err); !matches(got, want) {
			t.Errorf("the peer of %s is %s, want %s", addr, got, want)
		}
	}
}

var words = rapid.OneOf(
	rapid.String(),
	rapid.StringMatching(`-?[0-9]{1,20}`),
	rapid.StringMatching(`[a-h]?[0-9]{1,2}\.\.[a-h]?[0-9]{1,3}`),
	rapid.StringMatching(`[0-9]{1,3}(\.[0-9]{1,3})?(ms|s|us|h|m|mbit|kbps|k|M|b|%)`),
	rapid.StringMatching(`[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(/[0-9]{1,2})?`),
	rapid.StringMatching(`[a-f0-9:]{2,20}(/[0-9]{1,3})?`),
)

// A word keeps its spelling, and no operation on any two of them panics.
func TestAnyWords(t *testing.T) {
	ops := []string{"and", "or", "==", "!=", "<", "<=", ">", ">=", "in", "~", "+", "-", "*", "/", "%"}
	rapid.Check(t, func(t *rapid.T) {
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		x, y := Parse(a), Parse(b)
		if x.String() != a {
			t.Errorf("%q is written %q", a, x)
		}
		op := rapid.SampledFrom(ops).Draw(t, "op")
		v, err := Binary(op, x, y)
		if v == nil && err == nil {
			t.Errorf("%q %s %q = %v, %v", a, op, b, v, err)
		}
		if Equal(x, y) != Equal(y, x) {
			t.Errorf("%q and %q are equal from one side only", a, b)
		}
		if x.Kind() == y.Kind() && (Key(x) == Key(y)) != Equal(x, y) && x.Kind() != KindRange {
			t.Errorf("%q and %q: keys %q and %q", a, b, Key(x), Key(y))
		}
		if Natural(x, y) != -Natural(y, x) {
			t.Errorf("%q and %q have no order", a, b)
		}
		for _, v := range []Value{x, NewText(a)} {
			_, _ = AsInt(v)
			_, _ = AsIP(v)
			_, _ = AsCIDR(v)
			_, _ = AsMAC(v)
			_, _ = AsDuration(v)
			_, _ = AsEnd(v)
			_, _ = Index(v, y)
			_, _ = Field(v, "len")
		}
	})
}

func TestJSON(t *testing.T) {
	const in = `{"z":1,"a":[true,null,"x",-5,"10.0.0.1"],"m":{"k":"0.5"}}`
	v, err := FromJSON([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil || string(out) != in {
		t.Errorf("%s, %v", out, err)
	}
	for _, bad := range []string{"", "{", "[1] 2", `{"a"}`, "nul"} {
		if v, err := FromJSON([]byte(bad)); err == nil {
			t.Errorf("%q is %s", bad, v)
		}
	}
	l := List{Parse("007"), Parse("10mbit"), Parse("1..3"), Unknown{}, Parse("h1:eth0"), List(nil), Parse("10.0.0.1/24")}
	out, err = json.Marshal(l)
	if want := `[7,"10mbit","1..3",{"unknown":true},"h1:eth0",[],"10.0.0.1/24"]`; err != nil || string(out) != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
}

func TestEach(t *testing.T) {
	seq, err := Each(word("{}"), 2)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for vs, err := range seq {
		got += told(List(vs), err)
	}
	if got != `[cost 10][name "x y"]` {
		t.Error(got)
	}
	if _, err := Unpack(word("[a b c]"), 2); !matches(told(nil, err), "V1012 2 names for 3 values") {
		t.Error(err)
	}
	if _, err := Elements(word("1..n")); !matches(told(nil, err), "V1201 has a dollar: 1..$n") {
		t.Errorf("1..n: %v", told(nil, err))
	}
	if _, err := Elements(word("h1..g5")); !matches(told(nil, err), "V1201 differ in their last number") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "1..5", "10.0.0.1/24", "::1..::2", "5m", "0.5%", "02:00:00:00:00:01", "h1:eth0", "\xff", "1..999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := Parse(s)
		if v.String() != s {
			t.Fatalf("%q is written %q", s, v)
		}
		if !Equal(v, NewText(s)) || Key(v) != Key(Parse(v.String())) {
			t.Fatalf("%q is not itself", s)
		}
		if elems, err := Elements(v); err == nil {
			for x := range elems {
				_ = x.String()
				break
			}
		}
	})
}
