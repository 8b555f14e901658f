package value

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Equal reports whether a and b are the same. Numbers and addresses are
// compared by what they are, not by their spelling: 007 is 7, fd00::0:1 is
// fd00::1. A text and a word are the same if the text spells the word or reads
// the same: what a program printed can be compared with a number.
func Equal(a, b Value) bool {
	if isSequence(a) && isSequence(b) {
		return equalLists(a, b)
	}
	if a.Kind() != b.Kind() {
		if a.Kind() != KindText && b.Kind() != KindText {
			return false
		}
		if isScalar(a) && isScalar(b) && a.String() == b.String() {
			return true
		}
		var ok bool
		if a, b, ok = meet(a, b); !ok {
			return false
		}
	}
	switch a := a.(type) {
	case Null:
		return true
	case Bool:
		return a == b.(Bool)
	case Text:
		return a.S == b.(Text).S
	case End:
		return a == b.(End)
	case *Map:
		return equalMaps(a, b.(*Map))
	case *Pool:
		b := b.(*Pool)
		return a.Net == b.Net && a.Bits == b.Bits
	}
	c, ok := order(a, b)
	return ok && c == 0
}

// Compare orders a and b: numbers, addresses (IPv4 before IPv6), quantities,
// and texts by their bytes.
func Compare(a, b Value) (int, error) {
	x, y, ok := meet(a, b)
	if ok {
		if c, ok := order(x, y); ok {
			return c, nil
		}
	}
	for _, p := range [][2]Value{{a, b}, {b, a}} {
		if _, measured := units[p[0].Kind()]; measured && p[1].Kind() == KindInt {
			return 0, unfit(p[1], p[0].Kind(), "")
		}
	}
	return 0, operatorError("<", a, b)
}

// meet brings a and b to one kind, if the spelling of one allows it.
func meet(a, b Value) (Value, Value, bool) {
	if a.Kind() == b.Kind() {
		return a, b, true
	}
	if b.Kind() != KindText {
		if x, ok := reread(a, b.Kind()); ok {
			return x, b, true
		}
	}
	if a.Kind() != KindText {
		if y, ok := reread(b, a.Kind()); ok {
			return a, y, true
		}
	}
	return a, b, false
}

// order compares two scalars of one kind; the kinds without an order are not ok.
func order(a, b Value) (c int, ok bool) {
	switch a := a.(type) {
	case Int:
		return cmp.Compare(a.N, b.(Int).N), true
	case Text:
		return strings.Compare(a.S, b.(Text).S), true
	case IP:
		return a.Addr.Compare(b.(IP).Addr), true
	case CIDR:
		return a.Prefix.Compare(b.(CIDR).Prefix), true
	case MAC:
		b := b.(MAC)
		return bytes.Compare(a.Addr[:], b.Addr[:]), true
	case Duration:
		return cmp.Compare(a.D, b.(Duration).D), true
	case Rate:
		return cmp.Compare(a.Bits, b.(Rate).Bits), true
	case Percent:
		return cmp.Compare(a.P, b.(Percent).P), true
	case Size:
		return cmp.Compare(a.Bytes, b.(Size).Bytes), true
	}
	return 0, false
}

// Key is the same for two values exactly if they are of one kind and Equal.
func Key(v Value) string {
	var s string
	switch v := v.(type) {
	case Int:
		s = NewInt(v.N).String()
	case IP:
		s = v.Addr.String()
	case CIDR:
		s = v.Prefix.String()
	case MAC:
		s = v.HardwareAddr().String()
	case Duration:
		s = v.D.String()
	case Rate:
		s = NewInt(v.Bits).String()
	case Percent:
		s = Percent{P: v.P}.String()
	case Size:
		s = NewInt(v.Bytes).String()
	case List:
		for _, x := range v {
			k := Key(x)
			s += NewInt(len(k)).String() + ":" + k
		}
	default:
		s = v.String()
	}
	return v.Kind().String() + " " + s
}

// Natural orders values as people do, for sorting: like by like, and h2 before
// h10 in texts.
func Natural(a, b Value) int {
	if x, y, ok := meet(a, b); ok && x.Kind() != KindText {
		if c, ok := order(x, y); ok {
			return c
		}
	}
	return naturalText(a.String(), b.String())
}

func naturalText(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		xn, yn := leadingDigits(x), leadingDigits(y)
		if xn == 0 || yn == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(x[:xn], "0"), strings.TrimLeft(y[:yn], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[xn:], y[yn:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func leadingDigits(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }

func isScalar(v Value) bool {
	switch v.(type) {
	case Null, List, *Map, *Pool, Unknown:
		return false
	}
	return true
}

func isSequence(v Value) bool { return v.Kind() == KindList || v.Kind() == KindRange }

func equalLists(a, b Value) bool {
	if r, ok := a.(Range); ok {
		if s, ok := b.(Range); ok && r.src == s.src {
			return true
		}
	}
	x, err := Splat(a)
	if err != nil {
		return false
	}
	y, err := Splat(b)
	if err == nil && len(x) == len(y) && (len(x) == 0 || &x[0] == &y[0]) {
		return true
	}
	return err == nil && slices.EqualFunc(x, y, Equal)
}

func equalMaps(a, b *Map) bool {
	if a == b || a.Len() != b.Len() {
		return a == b
	}
	for k, v := range a.All() {
		if w, ok := b.Get(k); !ok || !Equal(v, w) {
			return false
		}
	}
	return true
}
