package stdlib

import (
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/value"
)

func toInt(c *Call) (value.Value, error) {
	var v value.Value
	if err := c.Unpack(&v); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case value.Bool:
		if x {
			return value.NewInt(1), nil
		}
		return value.NewInt(0), nil
	case value.Text:
		v = value.NewText(strings.TrimSpace(x.S))
	}
	n, err := value.AsInt(v)
	return value.NewInt(n), err
}

func str(c *Call) (value.Value, error) {
	var v value.Value
	if err := c.Unpack(&v); err != nil {
		return nil, err
	}
	if value.IsUnknown(v) {
		return value.Unknown{}, nil
	}
	s := v.String()
	return value.NewText(s), value.FitsText(len(s))
}

func lower(c *Call) (value.Value, error) { return mapText(c, strings.ToLower) }
func upper(c *Call) (value.Value, error) { return mapText(c, strings.ToUpper) }

func mapText(c *Call, f func(string) string) (value.Value, error) {
	var s string
	if err := c.Unpack(&s); err != nil {
		return nil, err
	}
	return value.NewText(f(s)), nil
}

// split gives words, which are what they look like: addresses and numbers that
// a program printed can be used as such.
func split(c *Call) (value.Value, error) {
	var s, at string
	if err := c.Unpack(&s, &at); err != nil {
		return nil, err
	}
	parts := strings.SplitSeq(s, at)
	if at == "" {
		parts = strings.FieldsSeq(s)
	}
	out := value.List{}
	for p := range parts {
		if err := value.FitsList(len(out) + 1); err != nil {
			return nil, err
		}
		out = append(out, value.Parse(p))
	}
	return out, nil
}

func join(c *Call) (value.Value, error) {
	var l []value.Value
	between := " "
	if err := c.Unpack(&l, &between); err != nil {
		return nil, err
	}
	parts := make([]string, len(l))
	size := 0
	for i, v := range l {
		s, err := value.AsText(v)
		if err == nil {
			size += len(s) + len(between)
			err = value.FitsText(size)
		}
		if err != nil {
			return nil, err
		}
		parts[i] = s
	}
	return value.NewText(strings.Join(parts, between)), nil
}

func replace(c *Call) (value.Value, error) {
	var s, old, by string
	if err := c.Unpack(&s, &old, &by); err != nil {
		return nil, err
	}
	if old == "" {
		return nil, value.Errorf(diag.OutOfBounds, "there is nothing to replace in an empty text")
	}
	if n := strings.Count(s, old); n > 0 {
		if err := value.FitsText(min(len(by), value.MaxText+1) * n); err != nil {
			return nil, err
		}
	}
	return value.NewText(strings.ReplaceAll(s, old, by)), nil
}

func trim(c *Call) (value.Value, error) {
	chars := " \t\r\n"
	var s string
	if err := c.Unpack(&s, &chars); err != nil {
		return nil, err
	}
	return value.NewText(strings.Trim(s, chars)), nil
}

func match(c *Call) (value.Value, error) {
	var s, pattern string
	if err := c.Unpack(&s, &pattern); err != nil {
		return nil, err
	}
	re, err := value.Regexp(pattern)
	if err != nil {
		return nil, &ArgError{c.bound[1].args[0], err}
	}
	out := value.List{}
	for _, group := range re.FindStringSubmatch(s) {
		out = append(out, value.Parse(group))
	}
	return out, nil
}

func fromJSON(c *Call) (value.Value, error) {
	var s string
	if err := c.Unpack(&s); err != nil {
		return nil, err
	}
	v, err := value.FromJSON([]byte(s))
	if err != nil {
		return nil, value.Errorf(diag.FunctionFailed, "this is not JSON: %s", name.Quote(err.Error())).
			WithHelp("many programs print JSON when asked: ip -j, lsblk -J")
	}
	return v, nil
}
