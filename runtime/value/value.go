// Package value is what the expressions of a script come to: numbers,
// addresses, lists; how they are written, compared, added and taken apart.
//
// A value that comes from a word keeps its spelling, so that 007 stays 007
// where a name is wanted and is seven where a number is.
package value

import (
	"net"
	"net/netip"
	"strconv"
	"time"

	"vnet/lang/literal"
)

// A Value is one of the types of this package.
type Value interface {
	Kind() Kind
	String() string // as a user would write it; texts without quotes
}

// A Kind is the type of a value as the language calls it.
type Kind int

const (
	KindNull Kind = iota
	KindBool
	KindInt
	KindText
	KindIP
	KindCIDR
	KindMAC
	KindDuration
	KindRate
	KindPercent
	KindSize
	KindRange
	KindEnd
	KindList
	KindMap
	KindPool
	KindUnknown
)

var kinds = [...]struct{ name, a string }{
	{"null", "nothing"}, {"bool", "true or false"}, {"int", "a number"}, {"text", "a text"},
	{"ip", "an address"}, {"cidr", "an address with a prefix length"}, {"mac", "a MAC address"},
	{"duration", "a duration"}, {"rate", "a rate"}, {"percent", "a percentage"}, {"size", "a size"},
	{"range", "a range"}, {"end", "an interface of a namespace"}, {"list", "a list"}, {"map", "a map"},
	{"pool", "a pool of subnets"}, {"unknown", "known only when the script runs"},
}

// String is the kind's name in the language: cidr.
func (k Kind) String() string { return kinds[k].name }

// A is the kind in a sentence: an address with a prefix length.
func (k Kind) A() string { return kinds[k].a }

// The scalars. Src is the spelling of the word they come from, and empty for
// what was computed.
type (
	Null struct{}
	Bool bool
	Int  struct {
		N   int64
		Src string
	}
	// A Text is quoted, or a word that looks like nothing else.
	Text struct {
		S      string
		Quoted bool
	}
	IP struct {
		Addr netip.Addr
		Src  string
	}
	// A CIDR is an address with a prefix length; it may have host bits.
	CIDR struct {
		Prefix netip.Prefix
		Src    string
	}
	MAC struct {
		Addr [6]byte
		Src  string
	}
	Duration struct {
		D   time.Duration
		Src string
	}
	Rate struct {
		Bits int64 // a second
		Src  string
	}
	Percent struct {
		P   float64 // 0.5 for 0.5%
		Src string
	}
	Size struct {
		Bytes int64
		Src   string
	}
	// An End is an interface of a namespace:  h1:eth0
	End struct{ NS, If string }
	// An Unknown is known only when the script runs: what a program printed,
	// in a plan. Whatever is made of it is Unknown too.
	Unknown struct{ Why string }
)

func (Null) Kind() Kind     { return KindNull }
func (Bool) Kind() Kind     { return KindBool }
func (Int) Kind() Kind      { return KindInt }
func (Text) Kind() Kind     { return KindText }
func (IP) Kind() Kind       { return KindIP }
func (CIDR) Kind() Kind     { return KindCIDR }
func (MAC) Kind() Kind      { return KindMAC }
func (Duration) Kind() Kind { return KindDuration }
func (Rate) Kind() Kind     { return KindRate }
func (Percent) Kind() Kind  { return KindPercent }
func (Size) Kind() Kind     { return KindSize }
func (End) Kind() Kind      { return KindEnd }
func (Unknown) Kind() Kind  { return KindUnknown }

func (Null) String() string   { return "null" }
func (b Bool) String() string { return strconv.FormatBool(bool(b)) }
func (t Text) String() string { return t.S }
func (e End) String() string  { return e.NS + ":" + e.If }

func (i Int) String() string {
	return spelt(i.Src, func() string { return strconv.FormatInt(i.N, 10) })
}
func (i IP) String() string   { return spelt(i.Src, i.Addr.String) }
func (c CIDR) String() string { return spelt(c.Src, c.Prefix.String) }
func (m MAC) String() string {
	return spelt(m.Src, func() string { return m.HardwareAddr().String() })
}
func (d Duration) String() string {
	return spelt(d.Src, func() string { return literal.FormatDuration(d.D) })
}
func (r Rate) String() string {
	return spelt(r.Src, func() string { return literal.FormatRate(r.Bits) })
}
func (p Percent) String() string {
	return spelt(p.Src, func() string { return literal.FormatPercent(p.P) })
}
func (s Size) String() string {
	return spelt(s.Src, func() string { return literal.FormatSize(s.Bytes) })
}

func (u Unknown) String() string {
	if u.Why != "" {
		return "(known when it runs: " + u.Why + ")"
	}
	return "(known when it runs)"
}

// HardwareAddr gives m as Go's net package has it.
func (m MAC) HardwareAddr() net.HardwareAddr { return m.Addr[:] }

func spelt(src string, format func() string) string {
	if src != "" {
		return src
	}
	return format()
}

// NewInt is a computed number.
func NewInt[N int | int64](n N) Int { return Int{N: int64(n)} }

// NewText is a quoted text: it is text whatever it looks like.
func NewText(s string) Text { return Text{S: s, Quoted: true} }

// NewIP is a computed address.
func NewIP(a netip.Addr) IP { return IP{Addr: a} }

// NewCIDR is a computed address with a prefix length.
func NewCIDR(p netip.Prefix) CIDR { return CIDR{Prefix: p} }

// NewDuration is a computed duration.
func NewDuration(d time.Duration) Duration { return Duration{D: d} }

// NewPercent is a computed percentage: 0.5 is 0.5%.
func NewPercent(p float64) Percent { return Percent{P: p} }

// NewRate is a computed rate in bits a second.
func NewRate(bits int64) Rate { return Rate{Bits: bits} }

// NewSize is a computed number of bytes.
func NewSize(bytes int64) Size { return Size{Bytes: bytes} }

// IsUnknown reports whether v, or anything in it, is known only when the
// script runs.
func IsUnknown(v Value) bool { return isUnknown(v, map[*Map]bool{}) }

// isUnknown looks into each map once: one may be in it many times.
func isUnknown(v Value, seen map[*Map]bool) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case List:
		for _, x := range v {
			if isUnknown(x, seen) {
				return true
			}
		}
	case *Map:
		if seen[v] {
			return false
		}
		seen[v] = true
		for _, x := range v.All() {
			if isUnknown(x, seen) {
				return true
			}
		}
	}
	return false
}

// Parse gives a word its value by its looks.
func Parse(text string) Value {
	kind := literal.Classify(text)
	if kind == literal.Text {
		return Text{S: text}
	}
	v, ok := read(text, fromLiteral[kind])
	if !ok {
		return Text{S: text}
	}
	return v
}

var fromLiteral = map[literal.Kind]Kind{
	literal.Int: KindInt, literal.Bool: KindBool, literal.IP: KindIP, literal.CIDR: KindCIDR,
	literal.MAC: KindMAC, literal.Duration: KindDuration, literal.Rate: KindRate, literal.Percent: KindPercent,
	literal.Size: KindSize, literal.Range: KindRange, literal.End: KindEnd,
}

// read takes s for a value of that kind, if it can be one.
func read(s string, kind Kind) (Value, bool) {
	switch kind {
	case KindBool:
		b, ok := literal.ParseBool(s)
		return Bool(b), ok
	case KindInt:
		n, ok := literal.ParseInt(s)
		return Int{n, s}, ok
	case KindIP:
		a, ok := literal.ParseIP(s)
		return IP{a, s}, ok
	case KindCIDR:
		p, ok := literal.ParseCIDR(s)
		return CIDR{p, s}, ok
	case KindMAC:
		m, ok := literal.ParseMAC(s)
		return MAC{m, s}, ok
	case KindDuration:
		d, ok := literal.ParseDuration(s)
		return Duration{d, s}, ok
	case KindRate:
		r, ok := literal.ParseRate(s)
		return Rate{r, s}, ok
	case KindPercent:
		p, ok := literal.ParsePercent(s)
		return Percent{p, s}, ok
	case KindSize:
		n, ok := literal.ParseSize(s)
		return Size{n, s}, ok
	case KindRange:
		r, ok := literal.ParseRange(s)
		return Range{r, s}, ok
	case KindEnd:
		ns, link, ok := literal.ParseEnd(s)
		return End{ns, link}, ok
	}
	return nil, false
}
