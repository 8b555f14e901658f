package value

import (
	"errors"
	"regexp"
	"regexp/syntax"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
)

// Truth is v as a condition: true, false, and the words on and off; null is
// false. Anything else is an error, so that a forgotten comparison shows.
func Truth(v Value) (bool, error) {
	switch v := v.(type) {
	case Unknown:
		return false, ErrUnknown
	case Null:
		return false, nil
	case Bool:
		return bool(v), nil
	case Text:
		if v.S == "on" || v.S == "off" || v.S == "true" || v.S == "false" {
			return v.S == "on" || v.S == "true", nil
		}
	}
	e := Errorf(diag.NotCondition, "`%s` is %s, neither true nor false", Show(v), v.Kind().A())
	switch v.(type) {
	case Int:
		return false, e.WithHelp("compare it, as in $n != 0")
	case Text:
		return false, e.WithHelp("compare it, as in $x != \"\"")
	case List, *Map:
		return false, e.WithHelp("compare its length, as in len($x) > 0")
	}
	return false, e.WithHelp("compare it with something")
}

// Unary is not v and -v.
func Unary(op string, v Value) (Value, error) {
	if u, ok := v.(Unknown); ok {
		return u, nil
	}
	if op == "not" {
		b, err := Truth(v)
		return Bool(!b), err
	}
	switch v := v.(type) {
	case Int:
		return subInt(0, v.N)
	case Duration:
		return Duration{D: -v.D}, nil
	}
	return nil, Errorf(diag.WrongOperands, "`-` does not take %s: `%s`", v.Kind().A(), Show(v))
}

// Binary is a op b. Both are there already: and, or and their short circuit
// are for the caller, who need not have a value for b.
func Binary(op string, a, b Value) (Value, error) {
	switch op {
	case "and", "or":
		return logic(op, a, b)
	case "==", "!=":
		if IsUnknown(a) || IsUnknown(b) {
			return unknownOf(a, b), nil
		}
		return Bool(Equal(a, b) == (op == "==")), nil
	}
	if u, ok := firstUnknown(a, b); ok {
		return u, nil
	}
	switch op {
	case "<", "<=", ">", ">=":
		c, err := Compare(a, b)
		if err != nil {
			return nil, err
		}
		return Bool(c < 0 && op[0] == '<' || c > 0 && op[0] == '>' || c == 0 && len(op) == 2), nil
	case "in":
		return in(a, b)
	case "~":
		return match(a, b)
	}
	return arith(op, a, b)
}

func logic(op string, a, b Value) (Value, error) {
	decides := op == "or"
	var unknown Value
	for _, v := range []Value{a, b} {
		if u, ok := v.(Unknown); ok {
			unknown = u
			continue
		}
		x, err := Truth(v)
		if err != nil || x == decides {
			return Bool(x), err
		}
	}
	if unknown != nil {
		return unknown, nil
	}
	return Bool(!decides), nil
}

func unknownOf(a, b Value) Value {
	if u, ok := firstUnknown(a, b); ok {
		return u
	}
	return Unknown{}
}

// match is a ~ b: whether the regular expression b is found in a.
func match(a, b Value) (Value, error) {
	s, err := AsText(a)
	if err != nil {
		return nil, operatorError("~", a, b)
	}
	pattern, err := AsText(b)
	if err != nil {
		return nil, operatorError("~", a, b)
	}
	re, err := Regexp(pattern)
	if err != nil {
		return nil, err
	}
	return Bool(re.MatchString(s)), nil
}

// Regexp compiles a regular expression of the script.
func Regexp(pattern string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		var at *syntax.Error
		if errors.As(err, &at) {
			why = at.Code.String() // without the pattern, which stands before it
		}
		return nil, Errorf(diag.BadRegexp, "`%s` is not a regular expression: %s", Show(NewText(pattern)), name.Quote(why)).
			WithHelp(`a backslash takes the next character literally: \. \( \[`)
	}
	return re, nil
}

// in is a in b.
func in(a, b Value) (Value, error) {
	switch b := b.(type) {
	case *Map:
		key, err := AsText(a)
		if err != nil {
			return Bool(false), nil
		}
		_, ok := b.Get(key)
		return Bool(ok), nil
	case *Pool:
		c, ok := reread(a, KindCIDR)
		return Bool(ok && c.(CIDR).Prefix.Bits() == b.Bits && c.(CIDR).Prefix.Masked() == c.(CIDR).Prefix &&
			b.Net.Contains(c.(CIDR).Prefix.Addr())), nil
	case List, Range:
		return inList(a, b)
	}
	if c, ok := reread(b, KindCIDR); ok {
		net := c.(CIDR).Prefix
		if x, ok := reread(a, KindIP); ok {
			return Bool(net.Contains(x.(IP).Addr)), nil
		}
		if x, ok := reread(a, KindCIDR); ok {
			p := x.(CIDR).Prefix
			return Bool(net.Bits() <= p.Bits() && net.Contains(p.Addr())), nil
		}
	}
	if text, ok := b.(Text); ok {
		part, err := AsText(a)
		if err != nil {
			return nil, operatorError("in", a, b)
		}
		return Bool(strings.Contains(text.S, part)), nil
	}
	return nil, operatorError("in", a, b)
}

func inList(a, list Value) (Value, error) {
	elems, err := Elements(list)
	if err != nil {
		return nil, err
	}
	var unknown Value
	for x := range elems {
		if IsUnknown(x) {
			unknown = unknownOf(x, a)
			continue
		}
		if x.Kind() == KindRange {
			if found, err := inList(a, x); err != nil || found == Bool(true) {
				return found, err
			}
		}
		if Equal(a, x) {
			return Bool(true), nil
		}
	}
	if unknown != nil {
		return unknown, nil
	}
	return Bool(false), nil
}
