package check

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/usage"
)

// A misfit is why a text cannot stand where a kind is wanted. The words are
// those of a run, which finds the same in values that come from variables.
type misfit struct {
	code          diag.Code
	summary, help string
}

func misfitf(code diag.Code, help, format string, args ...any) *misfit {
	return &misfit{code, fmt.Sprintf(format, args...), help}
}

// A want is how a kind is read and what to say of a text that is none.
type want struct {
	is   func(string) bool
	a    string // what it is called
	help string
	unit [2]string // what to propose for a bare number
}

func reads[T any](parse func(string) (T, bool)) func(string) bool {
	return func(s string) bool { _, ok := parse(s); return ok }
}

var wants = map[usage.Kind]want{
	usage.Int:  {is: reads(literal.ParseInt), a: "a number", help: "write a whole number"},
	usage.Port: {is: reads(literal.ParseInt), a: "a number", help: "write a whole number"},
	usage.MAC:  {is: reads(literal.ParseMAC), a: "a MAC address", help: "write a MAC address, as 02:00:00:00:00:01"},
	usage.IP:   {is: reads(literal.ParseIP), a: "an address", help: "write an address, as 10.0.0.1 or fd00::1"},
	usage.CIDR: {is: reads(literal.ParseCIDR), a: "an address with a prefix length",
		help: "write an address and its prefix length, as 10.0.0.1/24 or fd00::1/64"},
	usage.Duration: {is: reads(literal.ParseDuration), a: "a duration",
		help: "write a duration, as 250us, 50ms, 1.5s or 5m", unit: [2]string{"ms", "s"}},
	usage.Rate:    {is: reads(literal.ParseRate), a: "a rate", help: "write a rate, as 10mbit or 1gbit", unit: [2]string{"mbit", "kbit"}},
	usage.Percent: {is: reads(literal.ParsePercent), a: "a percentage", help: "write a percentage, as 5% or 0.5%", unit: [2]string{"%", ""}},
	usage.Size:    {is: reads(literal.ParseSize), a: "a size", help: "write a size, as 1500b, 64k or 10M"},
}

// fit says why text is not of that kind, or nil.
func fit(kind usage.Kind, text string, quoted bool) *misfit {
	switch kind {
	case usage.Switch:
		return fitSwitch(text)
	case usage.Dest:
		if text == "default" || reads(literal.ParseIP)(text) {
			return nil
		}
		kind = usage.CIDR
	case usage.Size:
		if n, ok := literal.ParseInt(text); ok && n >= 0 {
			return nil
		}
	case usage.Duration, usage.Rate, usage.Percent:
		if n, ok := literal.ParseInt(text); ok && n == 0 && !quoted {
			return nil
		}
	}
	w, ok := wants[kind]
	if !ok || w.is(text) {
		return nil
	}
	return unfit(kind, w, text, quoted)
}

func fitSwitch(text string) *misfit {
	switch text {
	case "on", "off", "true", "false":
		return nil
	}
	return misfitf(diag.WrongKind, "write on or off", "`%s` is neither on nor off", show(text))
}

func unfit(kind usage.Kind, w want, text string, quoted bool) *misfit {
	s := show(text)
	switch {
	case w.unit[0] != "" && literal.IsNumber(text):
		help := "write " + s + w.unit[0]
		if w.unit[1] != "" {
			help += " or " + s + w.unit[1]
		}
		return misfitf(diag.MissingUnit, help, "`%s` has no unit", s)
	case kind == usage.IP || kind == usage.CIDR:
		if m := unfitAddress(kind, w, text, s); m != nil {
			return m
		}
	case (kind == usage.Int || kind == usage.Port) && literal.LooksInt(text):
		return misfitf(diag.Overflow, w.help, "`%s` is too large a number", s)
	case kind == usage.MAC && strings.Count(text, ":") == 5:
		return misfitf(diag.Malformed, w.help, "`%s` is not %s", s, w.a)
	}
	if what := describe(text, quoted); what != "a text" {
		return misfitf(diag.WrongKind, w.help, "`%s` is %s, not %s", s, what, w.a)
	}
	return misfitf(diag.WrongKind, w.help, "`%s` is not %s", s, w.a)
}

// maskLength is how many bits a netmask has; 0 for what is none.
func maskLength(a netip.Addr) int {
	if !a.Is4() {
		return 0
	}
	b := a.As4()
	mask := binary.BigEndian.Uint32(b[:])
	if n := bits.LeadingZeros32(^mask); n >= 8 && mask<<n == 0 {
		return n
	}
	return 0
}

func unfitAddress(kind usage.Kind, w want, text, s string) *misfit {
	if p, ok := literal.ParseCIDR(text); ok && kind == usage.IP {
		return misfitf(diag.WrongKind, "write "+p.Addr().String(), "`%s` has a prefix length, and an address alone is wanted", s)
	}
	if a, ok := literal.ParseIP(text); ok {
		if n := maskLength(a); n > 0 && kind == usage.CIDR {
			return misfitf(diag.WrongKind, fmt.Sprintf("write its length behind the address, as in 10.0.0.1/%d", n), "`%s` is a netmask, not an address", s)
		}
		length := 24
		if a.Is6() {
			length = 64
		}
		return misfitf(diag.WrongKind, fmt.Sprintf("write %s/%d, or whatever the length is", s, length), "`%s` has no prefix length", s)
	}
	if why := badAddress(text); why != "" {
		return misfitf(diag.Malformed, "", "`%s` is not %s: %s", s, w.a, why)
	}
	return nil
}

// badAddress says what is wrong with something that is meant for an address.
func badAddress(s string) string {
	host, length, hasLength := strings.Cut(s, "/")
	if strings.Contains(host, ":") && strings.Contains(host, "%") {
		return "the interface is not part of it"
	}
	if a, ok := literal.ParseIP(host); ok && hasLength {
		n, isInt := literal.ParseInt(length)
		switch {
		case !isInt && strings.Contains(length, "."):
			return "the prefix length is a number of bits, as /24"
		case !isInt || n < 0:
			return "the prefix length is missing"
		case n > int64(a.BitLen()):
			return fmt.Sprintf("the prefix length is at most %d", a.BitLen())
		}
		return "the prefix length is written without sign or leading zero"
	}
	octets := strings.Split(host, ".")
	for _, o := range octets {
		if n, ok := literal.ParseInt(o); !ok {
			return ""
		} else if n > 255 {
			return o + " is more than 255"
		}
	}
	switch {
	case len(octets) == 1:
		return ""
	case len(octets) != 4:
		return fmt.Sprintf("it has %d numbers instead of 4", len(octets))
	}
	return "its numbers are written without leading zeros"
}

var descriptions = map[literal.Kind]string{
	literal.Int: "a number", literal.Bool: "true or false", literal.IP: "an address",
	literal.CIDR: "an address with a prefix length", literal.MAC: "a MAC address", literal.Duration: "a duration",
	literal.Rate: "a rate", literal.Percent: "a percentage", literal.Size: "a size", literal.Range: "a range",
	literal.End: "an interface of a namespace",
}

// describe says in words what a text looks like.
func describe(text string, quoted bool) string {
	if d := descriptions[literal.Classify(text)]; d != "" && !quoted {
		return d
	}
	return "a text"
}

// show gives a text for a message: safe to print, and not too long.
func show(text string) string {
	const limit = 60
	s := name.Quote(text)
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
