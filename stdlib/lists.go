package stdlib

import (
	"math"
	"slices"

	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/runtime/value"
)

func length(c *Call) (value.Value, error) {
	var v value.Value
	if err := c.Unpack(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case value.Unknown:
		return v, nil
	case value.List:
		all, err := value.Splat(v)
		return value.NewInt(len(all)), err
	case *value.Map:
		return value.NewInt(v.Len()), nil
	case value.Range:
		return value.NewInt(v.Len()), nil
	case *value.Pool:
		return value.NewInt(v.Len()), nil
	case value.Null:
		return nil, value.Errorf(diag.WrongKind, "null has no length")
	}
	return value.NewInt(len([]rune(v.String()))), nil
}

func keys(c *Call) (value.Value, error) {
	var m *value.Map
	if err := c.Unpack(&m); err != nil {
		return nil, err
	}
	out := value.List{}
	for k := range m.All() {
		out = append(out, value.NewText(k))
	}
	return out, nil
}

func values(c *Call) (value.Value, error) {
	var m *value.Map
	if err := c.Unpack(&m); err != nil {
		return nil, err
	}
	out := value.List{}
	for _, v := range m.All() {
		out = append(out, v)
	}
	return out, nil
}

func sorted(c *Call) (value.Value, error) {
	var l []value.Value
	if err := c.Unpack(&l); err != nil {
		return nil, err
	}
	for _, v := range l {
		if value.IsUnknown(v) {
			return value.Unknown{}, nil
		}
	}
	return value.List(slices.SortedStableFunc(slices.Values(l), value.Natural)), nil
}

func uniq(c *Call) (value.Value, error) {
	var l []value.Value
	if err := c.Unpack(&l); err != nil {
		return nil, err
	}
	out, seen := value.List{}, map[string]bool{}
	for _, v := range l {
		if value.IsUnknown(v) {
			return value.Unknown{}, nil
		}
		if k := value.Key(v); !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out, nil
}

func reverse(c *Call) (value.Value, error) {
	var l []value.Value
	if err := c.Unpack(&l); err != nil {
		return nil, err
	}
	l = slices.Clone(l)
	slices.Reverse(l)
	return value.List(l), nil
}

func numbers(c *Call) (value.Value, error) {
	var a, b, step int64 = 0, 0, 1
	if err := c.Unpack(&a, &b, &step); err != nil {
		return nil, err
	}
	if len(c.bound[1].args) == 0 {
		a, b = 0, a
	}
	if step == 0 {
		return nil, value.Errorf(diag.OutOfBounds, "a step of 0 never arrives")
	}
	out := value.List{}
	// The distance left is compared, and not the next number, so that nothing
	// overflows at the ends of what a number can be.
	for n := a; step > 0 && n < b || step < 0 && n > b; n += step {
		if len(out) == literal.MaxRange {
			return nil, value.Errorf(diag.LongRange, "more than %d numbers", literal.MaxRange)
		}
		out = append(out, value.NewInt(n))
		if step > 0 && uint64(b)-uint64(n) <= uint64(step) || step < 0 && uint64(n)-uint64(b) <= -uint64(step) {
			break
		}
	}
	return out, nil
}

func enumerate(c *Call) (value.Value, error) {
	var l []value.Value
	var start int64
	if err := c.Unpack(&l, &start); err != nil {
		return nil, err
	}
	out := make(value.List, len(l))
	for i, v := range l {
		out[i] = value.List{value.NewInt(start + int64(i)), v}
	}
	return out, nil
}

// zip takes lists of one length; ranges and pools have only to be long enough,
// since they are written to be taken from.
func zip(c *Call) (value.Value, error) {
	n, open := int64(-1), int64(math.MaxInt64)
	columns := make([]func(int64) value.Value, len(c.Args))
	for i, a := range c.Args {
		switch v := a.Value.(type) {
		case value.Range:
			open, columns[i] = min(open, v.Len()), v.At
			continue
		case *value.Pool:
			open, columns[i] = min(open, v.Len()), func(i int64) value.Value { return v.At(i) }
			continue
		}
		l, err := list(a.Value)
		if err == nil && n >= 0 && n != int64(len(l)) {
			err = value.Errorf(diag.OutOfBounds, "lists of %d and %d elements do not go together", n, len(l))
		}
		if err != nil {
			return nil, &ArgError{i, err}
		}
		n, columns[i] = int64(len(l)), func(i int64) value.Value { return l[i] }
	}
	if n < 0 {
		n = open
	}
	if open < n {
		return nil, value.Errorf(diag.OutOfBounds, "%d elements are not enough for a list of %d", open, n)
	}
	return rows(columns, n)
}

func rows(columns []func(int64) value.Value, n int64) (value.Value, error) {
	if err := fits(n); err != nil {
		return nil, err
	}
	out := make(value.List, n)
	for i := range out {
		row := make(value.List, len(columns))
		for j, at := range columns {
			row[j] = at(int64(i))
		}
		out[i] = row
	}
	return out, nil
}

func pairs(c *Call) (value.Value, error) {
	var l []value.Value
	if err := c.Unpack(&l); err != nil {
		return nil, err
	}
	n := int64(len(l))
	if err := fits(n * (n - 1) / 2); err != nil {
		return nil, err
	}
	out := value.List{}
	for i, a := range l {
		for _, b := range l[i+1:] {
			out = append(out, value.List{a, b})
		}
	}
	return out, nil
}

func chain(c *Call) (value.Value, error) {
	var l []value.Value
	if err := c.Unpack(&l); err != nil {
		return nil, err
	}
	out := value.List{}
	for i := 1; i < len(l); i++ {
		out = append(out, value.List{l[i-1], l[i]})
	}
	return out, nil
}

func product(c *Call) (value.Value, error) {
	var lists [][]value.Value
	if err := c.Unpack(&lists); err != nil {
		return nil, err
	}
	out := []value.List{{}}
	for _, l := range lists {
		if err := fits(int64(len(out)) * int64(len(l))); err != nil {
			return nil, err
		}
		var longer []value.List
		for _, row := range out {
			for _, v := range l {
				longer = append(longer, append(slices.Clip(row), v))
			}
		}
		out = longer
	}
	all := make(value.List, len(out))
	for i, row := range out {
		all[i] = row
	}
	return all, nil
}

func fits(n int64) error {
	if n > literal.MaxRange {
		return value.Errorf(diag.LongRange, "%d elements are more than a list may have", n)
	}
	return nil
}
