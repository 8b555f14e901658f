package value

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
)

// Index is v[i]: an element of a list, range or pool, the value of a key, a
// character of a text, or the i-th address of a net with its prefix length
// kept. Negative numbers count from the end.
func Index(v, i Value) (Value, error) {
	if u, ok := firstUnknown(v, i); ok {
		return u, nil
	}
	if m, ok := v.(*Map); ok {
		return m.index(i)
	}
	n, err := AsInt(i)
	if err != nil {
		return nil, Errorf(diag.WrongKind, "`%s` cannot be counted with `%s`", Show(v), Show(i)).WithHelp("write a number between the brackets; the first is 0")
	}
	switch v := v.(type) {
	case List:
		return at(v, n, int64(len(v)), func(n int64) Value { return v[n] })
	case Range:
		return at(v, n, v.Len(), v.At)
	case *Pool:
		return at(v, n, v.Len(), func(n int64) Value { return v.At(n) })
	case Text:
		r := []rune(v.S)
		return at(v, n, int64(len(r)), func(n int64) Value { return Text{string(r[n]), v.Quoted} })
	case CIDR:
		p, err := Host(v.Prefix, n)
		return NewCIDR(p), err
	}
	return nil, Errorf(diag.WrongKind, "`%s` is %s and has no elements", Show(v), v.Kind().A()).
		WithHelp("lists, maps, texts and prefixes have")
}

func at(v Value, i, n int64, get func(int64) Value) (Value, error) {
	if i < 0 && i+n >= 0 {
		return get(i + n), nil
	}
	if 0 <= i && i < n {
		return get(i), nil
	}
	if n == 0 {
		return nil, Errorf(diag.NoElement, "no element [%d]: `%s` is empty", i, Show(v))
	}
	return nil, Errorf(diag.NoElement, "no element [%d]: `%s` has %d", i, Show(v), n).
		WithHelp("the first is [0], the last is [%d] or [-1]", n-1)
}

func (m *Map) index(k Value) (Value, error) {
	key, err := AsText(k)
	if err != nil {
		return nil, Errorf(diag.WrongKind, "`%s` cannot be a key: keys are texts", Show(k))
	}
	if v, ok := m.Get(key); ok {
		return v, nil
	}
	return nil, missing("key", key, m.keys)
}

func missing(what, want string, have []string) *Error {
	e := Errorf(diag.NoField, "no %s `%s`", what, name.Quote(want))
	if near, ok := name.Near(want, have); ok {
		return e.WithHelp("did you mean `%s`?", name.Quote(near))
	}
	if len(have) == 0 {
		return e.WithHelp("there are none")
	}
	if len(have) > 12 {
		have = append(slices.Clone(have[:12]), "…")
	}
	return e.WithHelp("there are: %s", name.Quote(strings.Join(have, " ")))
}

// fields are the named parts of the kinds that have them; those of a map are
// its keys.
var fields = map[Kind]map[string]func(Value) (Value, error){
	KindCIDR: {
		"ip":        ofCIDR(func(c CIDR) (Value, error) { return NewIP(c.Prefix.Addr()), nil }),
		"network":   ofCIDR(func(c CIDR) (Value, error) { return NewCIDR(c.Prefix.Masked()), nil }),
		"len":       ofCIDR(func(c CIDR) (Value, error) { return NewInt(c.Prefix.Bits()), nil }),
		"netmask":   ofCIDR(func(c CIDR) (Value, error) { return NewIP(netmask(c.Prefix)), nil }),
		"broadcast": ofCIDR(broadcastField),
		"first":     ofCIDR(func(c CIDR) (Value, error) { a, _ := usable(c.Prefix); return NewIP(a), nil }),
		"last":      ofCIDR(func(c CIDR) (Value, error) { _, b := usable(c.Prefix); return NewIP(b), nil }),
	},
	KindEnd: {
		"ns": func(v Value) (Value, error) { return Parse(v.(End).NS), nil },
		"if": func(v Value) (Value, error) { return Parse(v.(End).If), nil },
	},
}

func ofCIDR(f func(CIDR) (Value, error)) func(Value) (Value, error) {
	return func(v Value) (Value, error) { return f(v.(CIDR)) }
}

// Field is v.name.
func Field(v Value, field string) (Value, error) {
	switch v := v.(type) {
	case Unknown:
		return v, nil
	case *Map:
		if x, ok := v.Get(field); ok {
			return x, nil
		}
		return nil, missing("key", field, v.keys)
	case Text:
		// Text that spells an address or an end has its fields.
		for _, kind := range []Kind{KindCIDR, KindEnd} {
			if x, ok := read(v.S, kind); ok && fields[kind][field] != nil {
				return fields[kind][field](x)
			}
		}
	}
	have := fields[v.Kind()]
	if get, ok := have[field]; ok {
		return get(v)
	}
	if have == nil {
		e := Errorf(diag.NoField, "`%s` is %s and has no field `%s`", Show(v), v.Kind().A(), name.Quote(field))
		if v.Kind() == KindIP && fields[KindCIDR][field] != nil {
			return nil, e.WithHelp("an address with a prefix length has: write %s/24", Show(v))
		}
		return nil, e
	}
	return nil, missing("field", field, slices.Sorted(maps.Keys(have)))
}

// Elements goes through what is in v: the elements of a list, range or pool,
// the keys of a map.
func Elements(v Value) (iter.Seq[Value], error) {
	switch v := v.(type) {
	case Unknown:
		return nil, ErrUnknown
	case List:
		return slices.Values(v), nil
	case *Map:
		return func(yield func(Value) bool) {
			for _, k := range v.keys {
				if !yield(NewText(k)) {
					return
				}
			}
		}, nil
	case Range:
		return count(v, v.Len(), v.At)
	case *Pool:
		return count(v, v.Len(), func(i int64) Value { return v.At(i) })
	}
	e := Errorf(diag.WrongKind, "`%s` is %s, not a list", Show(v), v.Kind().A())
	if from, to, ok := strings.Cut(v.String(), ".."); ok && from != "" && to != "" {
		if literal.IsNumber(from) && name.Identifier(to) == nil {
			return nil, e.WithHelp("a variable has a dollar: %s..$%s", from, to)
		}
		return nil, e.WithHelp("the two ends of a range differ in their last number, as h1..h5")
	}
	return nil, e.WithHelp("write it in brackets: [%s]", Source(v))
}

func count(v Value, n int64, at func(int64) Value) (iter.Seq[Value], error) {
	if n > literal.MaxRange {
		return nil, Errorf(diag.LongRange, "`%s` has more than %d elements", Show(v), literal.MaxRange).
			WithHelp("take a part of it, or `next` from a pool")
	}
	return func(yield func(Value) bool) {
		for i := range n {
			if !yield(at(i)) {
				return
			}
		}
	}, nil
}

// Each goes through v for a loop with n variables: with one they get the
// elements (of a map, the keys), with more the parts of each element, which is
// then a list of n; of a map, key and value.
func Each(v Value, n int) (iter.Seq2[[]Value, error], error) {
	if m, ok := v.(*Map); ok && n == 2 {
		return func(yield func([]Value, error) bool) {
			for k, x := range m.All() {
				if !yield([]Value{NewText(k), x}, nil) {
					return
				}
			}
		}, nil
	}
	elems, err := Elements(v)
	if err != nil {
		return nil, err
	}
	return func(yield func([]Value, error) bool) {
		for x := range elems {
			if !yield(Unpack(x, n)) {
				return
			}
		}
	}, nil
}

// Unpack gives the parts of v for n variables.
func Unpack(v Value, n int) ([]Value, error) {
	if n == 1 {
		return []Value{v}, nil
	}
	if u, ok := v.(Unknown); ok {
		return slices.Repeat([]Value{u}, n), nil
	}
	parts, err := Splat(v)
	if err != nil {
		return nil, err
	}
	if len(parts) != n {
		return nil, Errorf(diag.WrongCount, "%d names for %d values: `%s`", n, len(parts), Show(v))
	}
	return parts, nil
}

// Splat is v as the arguments or elements it stands for as a whole word: the
// elements of a list, range or pool, with the ranges in a list written out;
// else v alone.
func Splat(v Value) ([]Value, error) {
	switch v := v.(type) {
	case List:
		if !slices.ContainsFunc(v, func(x Value) bool { return x.Kind() == KindRange }) {
			return v, nil
		}
		var out []Value
		for _, x := range v {
			if x.Kind() != KindRange {
				out = append(out, x)
				continue
			}
			elems, err := Splat(x)
			if err != nil {
				return nil, err
			}
			out = append(out, elems...)
		}
		return out, nil
	case Range, *Pool:
		elems, err := Elements(v)
		if err != nil {
			return nil, err
		}
		return slices.Collect(elems), nil
	}
	return []Value{v}, nil
}

func firstUnknown(vs ...Value) (Unknown, bool) {
	for _, v := range vs {
		if u, ok := v.(Unknown); ok {
			return u, true
		}
	}
	return Unknown{}, false
}
