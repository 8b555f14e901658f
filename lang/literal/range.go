package literal

import (
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
)

// MaxRange is how many elements a range may have.
const MaxRange = 1_000_000

// A Sequence is a range: numbers, names that differ in their last number, or
// addresses, upwards or downwards. It begins and ends with what was written.
type Sequence struct {
	prefix string // before the number of a name
	width  int    // zero padding of the number
	from   int64
	count  int64
	down   bool
	addr   netip.Addr // the first, of a range of addresses
}

// Len is the number of elements; MaxInt64 stands for as many or more.
func (r Sequence) Len() int64 { return r.count }

// At gives the i-th element, from 0, as it would be written.
func (r Sequence) At(i int64) string {
	if r.down {
		i = -i
	}
	if r.addr.IsValid() {
		a, _ := Offset(r.addr, big.NewInt(i))
		return a.String()
	}
	n := r.from + i
	digits := strconv.FormatInt(n, 10)
	if pad := r.width - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	return r.prefix + digits
}

// ParseRange reads FROM..TO.
func ParseRange(s string) (Sequence, bool) {
	from, to, ok := strings.Cut(s, "..")
	if !ok || from == "" || to == "" || len(s) > maxLen {
		return Sequence{}, false
	}
	if a, ok := ParseIP(from); ok {
		b, ok := ParseIP(to)
		if !ok || a.Is4() != b.Is4() {
			return Sequence{}, false
		}
		return Sequence{addr: a, count: Distance(a, b), down: b.Less(a)}, true
	}
	if r, ok := numbers("", from, to); ok {
		return r, true
	}
	n := len(from) - len(strings.TrimRight(from, "0123456789"))
	prefix := from[:len(from)-n]
	rest, ok := strings.CutPrefix(to, prefix)
	if !ok || rest == "" || prefix == "" || !all(rest, isDigit) {
		return Sequence{}, false
	}
	return numbers(prefix, from[len(prefix):], rest)
}

// Distance is the number of addresses from a to b, both included.
func Distance(a, b netip.Addr) int64 {
	d := Difference(a, b)
	d.Abs(d).Add(d, big.NewInt(1))
	if !d.IsInt64() {
		return math.MaxInt64
	}
	return d.Int64()
}

// Difference is how far a is after b.
func Difference(a, b netip.Addr) *big.Int { return new(big.Int).Sub(toInt(a), toInt(b)) }

// Offset is the address n after a, in a's family.
func Offset(a netip.Addr, n *big.Int) (netip.Addr, bool) {
	sum := new(big.Int).Add(toInt(a), n)
	if sum.Sign() < 0 || sum.BitLen() > a.BitLen() {
		return netip.Addr{}, false
	}
	b := sum.FillBytes(make([]byte, a.BitLen()/8))
	return netip.AddrFromSlice(b)
}

func toInt(a netip.Addr) *big.Int { return new(big.Int).SetBytes(a.AsSlice()) }

func numbers(prefix, from, to string) (Sequence, bool) {
	a, aok := plainInt(from, prefix == "")
	b, bok := plainInt(to, prefix == "")
	if !aok || !bok {
		return Sequence{}, false
	}
	width, ok := padding(from, to)
	if !ok {
		return Sequence{}, false
	}
	r := Sequence{prefix: prefix, width: width, from: a, down: b < a}
	span := uint64(b) - uint64(a)
	if r.down {
		span = -span
	}
	r.count = math.MaxInt64
	if span < math.MaxInt64 {
		r.count = int64(span) + 1
	}
	return r, true
}

// padding is the width that lets both ends of a range come out as written.
func padding(from, to string) (int, bool) {
	width := 0
	for _, s := range []string{from, to} {
		if len(s) > 1 && s[0] == '0' {
			width = max(width, len(s))
		}
	}
	fits := func(s string) bool { return s[0] != '-' && (len(s) == width || len(s) > width && s[0] != '0') }
	return width, width == 0 || fits(from) && fits(to)
}

func plainInt(s string, signed bool) (int64, bool) {
	digits := s
	if signed {
		digits = strings.TrimPrefix(s, "-")
	}
	if digits == "" || !all(digits, isDigit) || len(digits) > 1 && digits[0] == '0' && digits != s {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
