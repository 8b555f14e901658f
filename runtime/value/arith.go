package value

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"time"

	"vnet/lang/diag"
)

// arith is + - * / % between two known values.
func arith(op string, a, b Value) (Value, error) {
	x, y := a, b
	// What is added or multiplied may stand on either side.
	if (op == "+" || op == "*") && rank(a) < rank(b) {
		x, y = b, a
	}
	v, err := compute(op, x, y)
	if v == nil && err == nil {
		return nil, operatorError(op, a, b)
	}
	return v, err
}

// compute gives neither value nor error where op does not take a and b.
func compute(op string, a, b Value) (Value, error) {
	switch x := a.(type) {
	case Int:
		if y, ok := b.(Int); ok {
			return intOp(op, x.N, y.N)
		}
	case Percent:
		return percentOp(op, x, b)
	case Duration, Rate, Size:
		return quantityOp(op, x, b)
	case IP:
		if y, ok := b.(IP); ok && op == "-" {
			return subIP(x, y)
		}
		return step(op, b, func(n *big.Int) (Value, error) { return addIP(x, n) })
	case CIDR:
		return step(op, b, func(n *big.Int) (Value, error) { return addCIDR(x, n) })
	case MAC:
		return step(op, b, func(n *big.Int) (Value, error) { return addMAC(x, n) })
	case Text:
		if y, ok := b.(Text); ok && op == "+" {
			if err := FitsText(len(x.S) + len(y.S)); err != nil {
				return nil, err
			}
			return NewText(x.S + y.S), nil
		}
	case List, Range:
		return concat(op, x, b)
	case *Map:
		if y, ok := b.(*Map); ok && op == "+" {
			return merge(x, y), nil
		}
	}
	return nil, nil
}

// rank sorts the operands of what commutes; kinds of one rank stay in place.
func rank(v Value) int {
	switch v.(type) {
	case Int:
		return 1
	case Percent:
		return 2
	case Duration, Rate, Size, IP, CIDR, MAC:
		return 3
	}
	return 0
}

func intOp(op string, a, b int64) (Value, error) {
	switch op {
	case "+":
		if c := a + b; (c > a) == (b > 0) {
			return NewInt(c), nil
		}
	case "-":
		return subInt(a, b)
	case "*":
		if c, ok := mul(a, b); ok {
			return NewInt(c), nil
		}
	case "/", "%":
		if b == 0 {
			return nil, Errorf(diag.DivisionByZero, "`%d %s 0` divides by zero", a, op)
		}
		if op == "%" {
			return NewInt(a % b), nil
		}
		if b != -1 || a != math.MinInt64 {
			return NewInt(a / b), nil
		}
	}
	return nil, Errorf(diag.Overflow, "`%d %s %d` is too large a number", a, op, b)
}

func subInt(a, b int64) (Value, error) {
	c := a - b
	if (c < a) != (b > 0) {
		return nil, Errorf(diag.Overflow, "`%d - %d` is too large a number", a, b)
	}
	return NewInt(c), nil
}

func mul(a, b int64) (int64, bool) {
	c := a * b
	if a != 0 && (c/a != b || a == -1 && b == math.MinInt64) {
		return 0, false
	}
	return c, true
}

// quantityOp is for what counts in units: durations, rates and sizes.
func quantityOp(op string, a, b Value) (Value, error) {
	x := amount(a)
	switch b := b.(type) {
	case Int:
		if op != "*" && op != "/" {
			return nil, bareNumber(a, b)
		}
		return quantity(a, op, x, b.N)
	case Percent:
		part := float64(x) * b.P / 100
		if op != "*" {
			return nil, nil
		}
		if math.Abs(part) >= math.MaxInt64 {
			return nil, Errorf(diag.Overflow, "`%s * %s` is too large", a, b)
		}
		return like(a, int64(part)), nil
	}
	y, ok := reread(b, a.Kind())
	if _, isText := b.(Text); !ok || isText {
		return nil, nil
	}
	switch op {
	case "+", "-", "%":
		return quantity(a, op, x, amount(y))
	case "/":
		return intOp(op, x, amount(y))
	}
	return nil, nil
}

func quantity(a Value, op string, x, y int64) (Value, error) {
	v, err := intOp(op, x, y)
	if err != nil {
		return nil, err
	}
	n := v.(Int).N
	if n < 0 && a.Kind() != KindDuration {
		return nil, Errorf(diag.OutOfBounds, "%s cannot be less than nothing", a.Kind().A())
	}
	return like(a, n), nil
}

// bareNumber is the error of a number beside a quantity.
func bareNumber(a Value, n Int) error {
	if a.Kind() == KindSize {
		return Errorf(diag.MissingUnit, "`%s` has no unit", n).WithHelp("write %sb or %sk", n, n)
	}
	return unfit(n, a.Kind(), "")
}

func amount(v Value) int64 {
	switch v := v.(type) {
	case Duration:
		return int64(v.D)
	case Rate:
		return v.Bits
	case Size:
		return v.Bytes
	}
	panic(fmt.Sprintf("value: %s has no amount", v.Kind()))
}

func like(v Value, n int64) Value {
	switch v.(type) {
	case Duration:
		return Duration{D: time.Duration(n)}
	case Rate:
		return Rate{Bits: n}
	}
	return Size{Bytes: n}
}

func percentOp(op string, a Percent, b Value) (Value, error) {
	p := math.NaN()
	switch b := b.(type) {
	case Int:
		switch {
		case op == "*":
			p = a.P * float64(b.N)
		case op == "/" && b.N == 0:
			return nil, Errorf(diag.DivisionByZero, "`%s / 0` divides by zero", a)
		case op == "/":
			p = a.P / float64(b.N)
		case op == "+" || op == "-":
			return nil, bareNumber(a, b)
		}
	case Percent:
		switch op {
		case "+":
			p = a.P + b.P
		case "-":
			p = a.P - b.P
		}
	}
	if math.IsNaN(p) {
		return nil, nil
	}
	if p < 0 {
		return nil, Errorf(diag.OutOfBounds, "a percentage cannot be less than nothing")
	}
	return Percent{P: p}, nil
}

// step is + and - of an address and a number.
func step(op string, b Value, add func(*big.Int) (Value, error)) (Value, error) {
	n, ok := b.(Int)
	if !ok || op != "+" && op != "-" {
		return nil, nil
	}
	by := big.NewInt(n.N)
	if op == "-" {
		by.Neg(by)
	}
	return add(by)
}

func concat(op string, a, b Value) (Value, error) {
	if op != "+" || !isSequence(b) {
		return nil, nil
	}
	x, err := Splat(a)
	if err != nil {
		return nil, err
	}
	y, err := Splat(b)
	if err == nil {
		err = FitsList(len(x) + len(y))
	}
	if err != nil {
		return nil, err
	}
	return List(slices.Concat(x, y)), nil
}

func merge(a, b *Map) *Map {
	m := NewMap()
	for _, from := range []*Map{a, b} {
		for k, v := range from.All() {
			m.Set(k, v)
		}
	}
	return m
}

// operatorError says that op does not take a and b, and what could be meant.
func operatorError(op string, a, b Value) *Error {
	e := Errorf(diag.WrongOperands, "`%s` does not take %s and %s: `%s` and `%s`", op, a.Kind().A(), b.Kind().A(), Show(a), Show(b))
	for _, p := range [][2]Value{{a, b}, {b, a}} {
		text, other := p[0], p[1]
		if text.Kind() != KindText {
			continue
		}
		switch {
		case op == "in":
			return e.WithHelp("`in` looks into a list, a map, a text or a net")
		case op == "+" && other.Kind() == KindList:
			return e.WithHelp("write the one in brackets: [%s]", Source(text))
		case Parse(text.String()).Kind() == KindInt && other.Kind() != KindText:
			return e.WithHelp("make a number of the text: int($x)")
		case op == "+" && isScalar(other):
			return e.WithHelp("join texts inside of quotes: \"%s%s\"", Show(a), Show(b))
		}
	}
	return e
}
