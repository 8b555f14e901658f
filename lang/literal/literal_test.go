package literal

import (
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestClassify(t *testing.T) {
	for want, words := range map[Kind]string{
		Int:      "0 42 -7 +7 007 0x1f 0X1F -9223372036854775808",
		Bool:     "true false",
		IP:       "10.0.0.1 :: ::1 fd00::1 ::ffff:10.0.0.1 1:2:3:4:5:6:7:8",
		CIDR:     "10.0.0.1/24 0.0.0.0/0 fd00::1/64 ::/0",
		MAC:      "02:00:00:00:00:01 a:b:c:d:e:f 02:0A:ff:00:1:0",
		Duration: "250us 50ms 1.5s 5m 2h 3ns 0s 7µs",
		Rate:     "10mbit 1gbit 100kbit 8bit 100kbps 1.5Gbit 3Kibit",
		Percent:  "0.5% 5% 100%",
		Size:     "64k 1500b 10M 1.5G 4KiB",
		Range:    "1..5 5..1 -3..3 h1..h5 h01..h12 10.0.0.1..10.0.0.9 fd00::1..fd00::9 v1.2..v1.9 h1:eth0..h1:eth3 1..99999999999",
		End:      "h1:eth0 a:b 10.0.0.1:80 br-test:tap.1",
		Text: "h1 eth0 on off TRUE 99999999999999999999 0x 1.5 10.0.0.256 10.0.0.01 10.0.0.1/33 10.0.0.1/024 fe80::1%eth0 " +
			"1..a h1..g5 h1..5 .. 1.. ..1 ../x h1..h010 1...5 a:b:c :x x: http://x/a 5M5 50xs -5ms 1.s .5s 1e3s % -5% 10.0.0.1..fd00::1 - + --5 02:00:00:00:00 lo 9999999999h",
	} {
		for w := range strings.FieldsSeq(words) {
			if got := Classify(w); got != want {
				t.Errorf("Classify(%q) = %s, want %s", w, got, want)
			}
		}
	}
	if got := Classify(""); got != Text {
		t.Errorf("the empty word is %s", got)
	}
}

func TestNumbers(t *testing.T) {
	ints := map[string]int64{"007": 7, "0x1f": 31, "-0x10": -16, "+5": 5, "010": 10}
	for s, want := range ints {
		if got, ok := ParseInt(s); !ok || got != want {
			t.Errorf("ParseInt(%q) = %d, %v", s, got, ok)
		}
	}
	durations := map[string]time.Duration{"1.5s": 1500 * time.Millisecond, "250us": 250 * time.Microsecond, "5m": 5 * time.Minute, "0.001ms": time.Microsecond}
	for s, want := range durations {
		if got, ok := ParseDuration(s); !ok || got != want {
			t.Errorf("ParseDuration(%q) = %s, %v", s, got, ok)
		}
	}
	rates := map[string]int64{"8bit": 8, "10mbit": 1e7, "1.5gbit": 15e8, "100kbps": 8e5, "1kibit": 1024, "1Mbit": 1e6}
	for s, want := range rates {
		if got, ok := ParseRate(s); !ok || got != want {
			t.Errorf("ParseRate(%q) = %d, %v", s, got, ok)
		}
	}
	sizes := map[string]int64{"64k": 65536, "1500b": 1500, "10M": 10 << 20, "5m": 5 << 20, "1kb": 1024, "0.5k": 512}
	for s, want := range sizes {
		if got, ok := ParseSize(s); !ok || got != want {
			t.Errorf("ParseSize(%q) = %d, %v", s, got, ok)
		}
	}
	if p, ok := ParsePercent("0.5%"); !ok || p != 0.5 {
		t.Errorf("0.5%% = %v, %v", p, ok)
	}
}

func TestRange(t *testing.T) {
	for s, want := range map[string]string{
		"1..5":                     "1 2 3 4 5",
		"3..1":                     "3 2 1",
		"-2..1":                    "-2 -1 0 1",
		"1..1":                     "1",
		"h1..h3":                   "h1 h2 h3",
		"h3..h1":                   "h3 h2 h1",
		"h08..h11":                 "h08 h09 h10 h11",
		"h8..h11":                  "h8 h9 h10 h11",
		"h098..h101":               "h098 h099 h100 h101",
		"h99..h101":                "h99 h100 h101",
		"r1-1..r1-3":               "r1-1 r1-2 r1-3",
		"a-3..a-1":                 "a-3 a-2 a-1",
		"10.0.0.254..10.0.1.1":     "10.0.0.254 10.0.0.255 10.0.1.0 10.0.1.1",
		"10.0.0.2..10.0.0.1":       "10.0.0.2 10.0.0.1",
		"fd00::ffff..fd00::1:1":    "fd00::ffff fd00::1:0 fd00::1:1",
		"h1:eth9..h1:eth11":        "h1:eth9 h1:eth10 h1:eth11",
		"01..03":                   "01 02 03",
		"10.0.0.0/24..10.0.0.0/26": "10.0.0.0/24 10.0.0.0/25 10.0.0.0/26",
	} {
		r, ok := ParseRange(s)
		if !ok {
			t.Errorf("%s is no range", s)
			continue
		}
		var got []string
		for i := range r.Len() {
			got = append(got, r.At(i))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s = %s, want %s", s, got, want)
		}
	}
	for _, s := range []string{"-9223372036854775808..9223372036854775807", "::..ffff::", "0..9223372036854775807"} {
		if r, ok := ParseRange(s); !ok || r.Len() <= MaxRange {
			t.Errorf("%s: %v, %d elements", s, ok, r.Len())
		}
	}
}

// What Format writes, Parse reads, and as nothing else.
func TestFormat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Min(0).Draw(t, "n")
		if d, ok := ParseDuration(FormatDuration(time.Duration(n))); !ok || d != time.Duration(n) {
			t.Errorf("duration %d: %s", n, FormatDuration(time.Duration(n)))
		}
		if b, ok := ParseRate(FormatRate(n)); !ok || b != n {
			t.Errorf("rate %d: %s", n, FormatRate(n))
		}
		size := FormatSize(n)
		if b, ok := ParseSize(size); !ok || b != n || Classify(size) != Size {
			t.Errorf("size %d: %s is %s", n, size, Classify(size))
		}
		p := rapid.Float64Range(0, 1e6).Draw(t, "p")
		if q, ok := ParsePercent(FormatPercent(p)); len(FormatPercent(p)) < 18 && (!ok || q != p) {
			t.Errorf("percent %v: %s", p, FormatPercent(p))
		}
	})
}

func TestOffset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "raw")
		if rapid.Bool().Draw(t, "six") {
			raw = slices.Concat(raw, raw, raw, raw)
		}
		a, _ := netip.AddrFromSlice(raw)
		n := big.NewInt(rapid.Int64().Draw(t, "n"))
		b, ok := Offset(a, n)
		if !ok {
			return
		}
		if b.Is4() != a.Is4() || Difference(b, a).Cmp(n) != 0 {
			t.Errorf("%s + %s = %s", a, n, b)
		}
		if back, ok := Offset(b, new(big.Int).Neg(n)); !ok || back != a {
			t.Errorf("%s - %s = %s, not %s", b, n, back, a)
		}
	})
}

func FuzzClassify(f *testing.F) {
	for _, s := range []string{"", "1..5", "h1..h05", "10.0.0.1/24", "fe80::1%e", "02:00:00:00:00:01", "1.5s", "9e9%", "h1:eth0", "-", "0x", "99999999999999999999mbit", "1.00000000000000000000001s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind := Classify(s)
		if kind != Range {
			return
		}
		r, ok := ParseRange(s)
		if !ok || r.Len() < 1 {
			t.Fatalf("%q is a range without elements", s)
		}
		from, to, _ := strings.Cut(s, "..")
		if _, isIP := ParseIP(from); isIP {
			return
		}
		if r.At(0) != from && Classify(from) != Int || r.Len() <= MaxRange && r.At(r.Len()-1) != to && Classify(to) != Int {
			t.Fatalf("%q goes from %q to %q", s, r.At(0), r.At(r.Len()-1))
		}
	})
}
