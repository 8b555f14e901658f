// Package literal says what a word looks like: a number, an address, a rate.
//
// It knows nothing of variables or of the place where a word stands. Every
// parser takes the whole text or refuses it, in linear time and without panics.
package literal

import (
	"net/netip"
	"strconv"
	"strings"
)

// A Kind is what a word looks like.
type Kind int

const (
	Text     Kind = iota // anything else
	Int                  // 42 -7 0x1f 007
	Bool                 // true false
	IP                   // 10.0.0.1 fd00::1
	CIDR                 // 10.0.0.1/24 fd00::1/64
	MAC                  // 02:00:00:00:00:01
	Duration             // 250us 50ms 1.5s 5m 2h
	Rate                 // 10mbit 1gbit 100kbps
	Percent              // 0.5%
	Size                 // 64k 1500b 10M
	Range                // 1..5 h1..h5 10.0.0.1..10.0.0.9
	End                  // h1:eth0
)

var kindNames = [...]string{"text", "int", "bool", "ip", "cidr", "mac", "duration", "rate", "percent", "size", "range", "end"}

func (k Kind) String() string { return kindNames[k] }

// maxLen is longer than any literal that is not text.
const maxLen = 512

// Classify says what text looks like. Where two readings are possible the
// earlier wins: `5m` is five minutes, and a size only where a size is wanted.
func Classify(text string) Kind {
	if text == "" || len(text) > maxLen {
		return Text
	}
	for _, l := range looks {
		if l.is(text) {
			return l.kind
		}
	}
	return Text
}

// looks is in the order of precedence, which Classify documents.
var looks = [...]struct {
	kind Kind
	is   func(string) bool
}{
	{Bool, func(s string) bool { return s == "true" || s == "false" }},
	{Int, ok(ParseInt)},
	{Range, ok(ParseRange)},
	{CIDR, ok(ParseCIDR)},
	{IP, ok(ParseIP)},
	{MAC, ok(ParseMAC)},
	{Percent, ok(ParsePercent)},
	{Duration, ok(ParseDuration)},
	{Rate, ok(ParseRate)},
	{Size, ok(ParseSize)},
	{End, looksLikeEnd},
}

func ok[T any](parse func(string) (T, bool)) func(string) bool {
	return func(s string) bool { _, ok := parse(s); return ok }
}

// ParseBool reads true and false.
func ParseBool(s string) (value, ok bool) { return s == "true", s == "true" || s == "false" }

// ParseInt reads a whole number, decimal or 0x, with or without a sign. A
// leading zero does not make it octal.
func ParseInt(s string) (int64, bool) {
	if !LooksInt(s) {
		return 0, false
	}
	digits, sign := s, ""
	if s[0] == '-' || s[0] == '+' {
		sign, digits = s[:1], s[1:]
	}
	base := 10
	if hasHex(digits) {
		base, digits = 16, digits[2:]
	}
	n, err := strconv.ParseInt(sign+digits, base, 64)
	return n, err == nil
}

// LooksInt reports whether s is written as a whole number, of any size.
func LooksInt(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-")
	if hasHex(s) {
		return len(s) > 2 && all(s[2:], isHex)
	}
	return s != "" && all(s, isDigit)
}

// ParseIP reads an IPv4 or IPv6 address without a zone.
func ParseIP(s string) (netip.Addr, bool) {
	if strings.Contains(s, "%") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a, err == nil
}

// ParseCIDR reads an address with a prefix length; its host bits are kept.
func ParseCIDR(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}

// ParseMAC reads six groups of one or two hexadecimal digits, as ip does.
func ParseMAC(s string) (mac [6]byte, ok bool) {
	if len(s) > 17 || strings.Count(s, ":") != 5 {
		return mac, false
	}
	i := 0
	for group := range strings.SplitSeq(s, ":") {
		if len(group) == 0 || len(group) > 2 || !all(group, isHex) {
			return mac, false
		}
		b, _ := strconv.ParseUint(group, 16, 8)
		mac[i] = byte(b)
		i++
	}
	return mac, true
}

// ParseEnd reads NAMESPACE:INTERFACE: one colon, with something on both sides.
// Whether the names may be used is for package name to say.
func ParseEnd(s string) (ns, link string, ok bool) {
	ns, link, ok = strings.Cut(s, ":")
	if !ok || ns == "" || link == "" || strings.Contains(link, ":") {
		return "", "", false
	}
	return ns, link, true
}

// looksLikeEnd leaves http://x and the like to text.
func looksLikeEnd(s string) bool {
	_, _, ok := ParseEnd(s)
	return ok && !strings.ContainsAny(s, "/ \t\r\n")
}

func hasHex(s string) bool { return strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") }

func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }
