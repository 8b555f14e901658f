package literal

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// A unit is a suffix and what one of it amounts to.
type unit struct {
	name  string
	times uint64
}

// The tables are in the order in which a value looks for the unit to be
// written with: see value.Duration.String and its like.
var (
	durations = []unit{
		{"h", uint64(time.Hour)}, {"m", uint64(time.Minute)}, {"s", uint64(time.Second)},
		{"ms", uint64(time.Millisecond)}, {"us", uint64(time.Microsecond)}, {"ns", 1}, {"µs", uint64(time.Microsecond)},
	}
	// As in tc: bit is a bit and bps a byte a second; k is 1000 and ki is 1024.
	rates = []unit{
		{"tbit", 1e12}, {"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1},
		{"tibit", 1 << 40}, {"gibit", 1 << 30}, {"mibit", 1 << 20}, {"kibit", 1 << 10},
		{"tbps", 8e12}, {"gbps", 8e9}, {"mbps", 8e6}, {"kbps", 8e3}, {"bps", 8},
		{"tibps", 8 << 40}, {"gibps", 8 << 30}, {"mibps", 8 << 20}, {"kibps", 8 << 10},
	}
	// As in tc: k is 1024.
	sizes = []unit{
		{"t", 1 << 40}, {"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"b", 1},
		{"tb", 1 << 40}, {"gb", 1 << 30}, {"mb", 1 << 20}, {"kb", 1 << 10},
		{"tib", 1 << 40}, {"gib", 1 << 30}, {"mib", 1 << 20}, {"kib", 1 << 10},
	}
)

// ParseDuration reads a number with a unit: ns us ms s m h. The unit is in
// lower case, so that 10M is left to be a size.
func ParseDuration(s string) (time.Duration, bool) {
	n, ok := measure(s, durations, false)
	return time.Duration(n), ok
}

// ParseRate reads a rate as tc writes it and gives it in bits a second.
func ParseRate(s string) (int64, bool) { return measure(s, rates, true) }

// ParseSize reads a number of bytes: b k m g t, in either case, where k is
// 1024 bytes.
func ParseSize(s string) (int64, bool) { return measure(s, sizes, true) }

// ParsePercent reads a number with a percent sign.
func ParsePercent(s string) (float64, bool) {
	num, found := strings.CutSuffix(s, "%")
	if _, _, rest, ok := decimal(num); !found || !ok || rest != "" {
		return 0, false
	}
	p, err := strconv.ParseFloat(num, 64)
	return p, err == nil
}

// IsNumber reports whether s is a number without a unit: 50 1.5
func IsNumber(s string) bool {
	_, _, rest, ok := decimal(s)
	return ok && rest == ""
}

// FormatDuration writes d in the largest unit that needs no fraction.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	return format(int64(d), durations[:6])
}

// FormatRate writes bits a second in the largest unit that needs no fraction.
func FormatRate(bits int64) string { return format(bits, rates[:5]) }

// FormatSize writes bytes in the largest unit that needs no fraction. Mega is
// a capital, or it would read as minutes.
func FormatSize(bytes int64) string {
	s := format(bytes, sizes[:5])
	if mega, ok := strings.CutSuffix(s, "m"); ok {
		return mega + "M"
	}
	return s
}

// FormatPercent writes p with as many digits as it needs.
func FormatPercent(p float64) string { return strconv.FormatFloat(p, 'f', -1, 64) + "%" }

func format(n int64, units []unit) string {
	for _, u := range units {
		if times := int64(u.times); n%times == 0 && (n != 0 || times == 1) {
			return strconv.FormatInt(n/times, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func measure(s string, units []unit, fold bool) (int64, bool) {
	mantissa, scale, name, ok := decimal(s)
	if !ok || name == "" {
		return 0, false
	}
	for _, u := range units {
		if u.name == name || fold && strings.EqualFold(u.name, name) {
			hi, lo := bits.Mul64(mantissa, u.times)
			if hi >= scale {
				return 0, false
			}
			n, _ := bits.Div64(hi, lo, scale)
			return int64(n), n <= math.MaxInt64
		}
	}
	return 0, false
}

// decimal reads an unsigned number as mantissa/scale and gives what follows it.
func decimal(s string) (mantissa, scale uint64, rest string, ok bool) {
	scale = 1
	i, dot := 0, false
	for ; i < len(s); i++ {
		switch {
		case isDigit(s[i]):
			if mantissa >= 1e18 || scale >= 1e18 {
				return 0, 0, "", false
			}
			mantissa = mantissa*10 + uint64(s[i]-'0')
			if dot {
				scale *= 10
			}
			continue
		case s[i] == '.' && !dot && i > 0 && i+1 < len(s) && isDigit(s[i+1]):
			dot = true
			continue
		}
		break
	}
	return mantissa, scale, s[i:], i > 0
}
