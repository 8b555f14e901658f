package value

import (
	"net/netip"
	"strings"
	"time"

	"vnet/lang/diag"
	"vnet/lang/literal"
)

// The As functions are for the places where a statement wants a kind: the
// place decides how a word is read. Text that spells the kind is accepted.

// AsInt wants a whole number.
func AsInt(v Value) (int64, error) {
	x, err := as(v, KindInt, "write a whole number")
	if err != nil {
		return 0, err
	}
	return x.(Int).N, nil
}

// AsSwitch wants on or off; true and false will do.
func AsSwitch(v Value) (bool, error) {
	switch v := v.(type) {
	case Unknown:
		return false, ErrUnknown
	case Bool:
		return bool(v), nil
	case Text:
		switch v.S {
		case "on", "true":
			return true, nil
		case "off", "false":
			return false, nil
		}
	}
	return false, Errorf(diag.WrongKind, "`%s` is neither on nor off", Show(v)).WithHelp("write on or off")
}

// AsIP wants an address.
func AsIP(v Value) (netip.Addr, error) {
	x, err := as(v, KindIP, "write an address, as 10.0.0.1 or fd00::1")
	if err != nil {
		return netip.Addr{}, err
	}
	return x.(IP).Addr, nil
}

// AsCIDR wants an address with a prefix length; host bits are kept.
func AsCIDR(v Value) (netip.Prefix, error) {
	x, err := as(v, KindCIDR, "write an address and its prefix length, as 10.0.0.1/24 or fd00::1/64")
	if err != nil {
		return netip.Prefix{}, err
	}
	return x.(CIDR).Prefix, nil
}

// AsPrefixOrIP wants an address with or without a prefix length; without one
// it is the host alone, /32 or /128.
func AsPrefixOrIP(v Value) (netip.Prefix, error) {
	if x, ok := reread(v, KindIP); ok {
		a := x.(IP).Addr
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return AsCIDR(v)
}

// AsMAC wants a MAC address.
func AsMAC(v Value) ([6]byte, error) {
	x, err := as(v, KindMAC, "write a MAC address, as 02:00:00:00:00:01")
	if err != nil {
		return [6]byte{}, err
	}
	return x.(MAC).Addr, nil
}

// AsDuration wants a duration; a bare 0 will do.
func AsDuration(v Value) (time.Duration, error) {
	if isZero(v) {
		return 0, nil
	}
	x, err := as(v, KindDuration, "write a duration, as 250us, 50ms, 1.5s or 5m")
	if err != nil {
		return 0, err
	}
	return x.(Duration).D, nil
}

// AsRate wants a rate, in bits a second; a bare 0 will do.
func AsRate(v Value) (int64, error) {
	if isZero(v) {
		return 0, nil
	}
	x, err := as(v, KindRate, "write a rate, as 10mbit or 1gbit")
	if err != nil {
		return 0, err
	}
	return x.(Rate).Bits, nil
}

// AsPercent wants a percentage: 0.5 for 0.5%; a bare 0 will do.
func AsPercent(v Value) (float64, error) {
	if isZero(v) {
		return 0, nil
	}
	x, err := as(v, KindPercent, "write a percentage, as 5% or 0.5%")
	if err != nil {
		return 0, err
	}
	return x.(Percent).P, nil
}

// AsSize wants a number of bytes; a bare number is one.
func AsSize(v Value) (int64, error) {
	if x, ok := reread(v, KindInt); ok && x.(Int).N >= 0 {
		return x.(Int).N, nil
	}
	x, err := as(v, KindSize, "write a size, as 1500b, 64k or 10M")
	if err != nil {
		return 0, err
	}
	return x.(Size).Bytes, nil
}

// AsText wants anything that can be written as one word: its spelling.
func AsText(v Value) (string, error) {
	switch v := v.(type) {
	case Unknown:
		return "", ErrUnknown
	case Null, List, *Map, *Pool:
		e := Errorf(diag.WrongKind, "one word is wanted here, and this is %s: `%s`", v.Kind().A(), Show(v))
		if _, ok := v.(List); ok {
			return "", e.WithHelp("take one element with [0], or join them: join($list, \" \")")
		}
		return "", e
	}
	return v.String(), nil
}

// AsEnd wants an interface of a namespace.
func AsEnd(v Value) (End, error) {
	x, err := as(v, KindEnd, "write the namespace, a colon and the interface, as h1:eth0")
	if err != nil {
		return End{}, err
	}
	return x.(End), nil
}

// AsList wants a list; a range is written out, and any single value is a list
// of one.
func AsList(v Value) ([]Value, error) {
	switch v := v.(type) {
	case Unknown:
		return nil, ErrUnknown
	case List:
		return Splat(v)
	case Range, *Pool:
		return Splat(v)
	case Null:
		return nil, nil
	}
	return []Value{v}, nil
}

func as(v Value, kind Kind, help string) (Value, error) {
	if _, ok := v.(Unknown); ok {
		return nil, ErrUnknown
	}
	if x, ok := reread(v, kind); ok {
		return x, nil
	}
	return nil, unfit(v, kind, help)
}

// reread takes a scalar for another kind by its spelling: 5m for a size.
func reread(v Value, kind Kind) (Value, bool) {
	if v.Kind() == kind {
		return v, true
	}
	switch v.(type) {
	case Null, List, *Map, *Pool, Unknown:
		return nil, false
	}
	return read(v.String(), kind)
}

func isZero(v Value) bool {
	n, ok := v.(Int)
	return ok && n.N == 0
}

// units are what to propose for a bare number.
var units = map[Kind][2]string{
	KindDuration: {"ms", "s"}, KindRate: {"mbit", "kbit"}, KindPercent: {"%", ""},
}

// unfit says why v cannot stand where kind is wanted.
func unfit(v Value, kind Kind, help string) *Error {
	s := Show(v)
	unit, measured := units[kind]
	_, isText := v.(Text)
	switch {
	case measured && literal.IsNumber(v.String()):
		e := Errorf(diag.MissingUnit, "`%s` has no unit", s).WithHelp("write %s%s", s, unit[0])
		if unit[1] != "" {
			e.Help += " or " + s + unit[1]
		}
		return e
	case kind == KindIP && v.Kind() == KindCIDR:
		a := v.(CIDR).Prefix.Addr()
		return Errorf(diag.WrongKind, "`%s` has a prefix length, and an address alone is wanted", s).WithHelp("write %s", a)
	case kind == KindCIDR && v.Kind() == KindIP:
		bits := 24
		if v.(IP).Addr.Is6() {
			bits = 64
		}
		return Errorf(diag.WrongKind, "`%s` has no prefix length", s).WithHelp("write %s/%d, or whatever the length is", s, bits)
	case kind == KindIP || kind == KindCIDR:
		if why := badAddress(v.String()); why != "" {
			return Errorf(diag.Malformed, "`%s` is not %s: %s", s, kind.A(), why)
		}
	case kind == KindInt && literal.LooksInt(v.String()):
		return Errorf(diag.Overflow, "`%s` is too large a number", s)
	}
	if isText {
		return &Error{Code: codeOf(v, kind), Summary: "`" + s + "` is not " + kind.A(), Help: help}
	}
	return Errorf(diag.WrongKind, "`%s` is %s, not %s", s, v.Kind().A(), kind.A()).WithHelp("%s", help)
}

func codeOf(v Value, kind Kind) diag.Code {
	if kind == KindMAC && strings.Count(v.String(), ":") == 5 {
		return diag.Malformed
	}
	return diag.WrongKind
}

// badAddress says what is wrong with something that is meant for an address.
func badAddress(s string) string {
	host, length, hasLength := strings.Cut(s, "/")
	if strings.Contains(host, ":") && strings.Contains(host, "%") {
		return "the interface is not part of it"
	}
	a, ok := literal.ParseIP(host)
	if ok && hasLength {
		n, isNumber := literal.ParseInt(length)
		switch {
		case !isNumber && strings.Contains(length, "."):
			return "the prefix length is a number of bits, as /24"
		case !isNumber || n < 0:
			return "the prefix length is missing"
		case n > int64(a.BitLen()):
			return "the prefix length is at most " + NewInt(a.BitLen()).String()
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
		return "it has " + NewInt(len(octets)).String() + " numbers instead of 4"
	}
	return "its numbers are written without leading zeros"
}
