package stdlib

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/value"
)

// A param is one parameter of a signature.
type param struct {
	name     string
	optional bool
	rest     bool
}

// A bound is what a parameter got; its args are empty if it was left out.
type bound struct {
	param param
	args  []int
}

// params reads the parameters from the signature.
func (b *Builtin) params() []param {
	_, list, _ := strings.Cut(strings.TrimSuffix(b.Sig, ")"), "(")
	var ps []param
	for p := range strings.SplitSeq(list, ", ") {
		n, rest := strings.CutSuffix(p, "…")
		n, optional := strings.CutSuffix(n, "?")
		ps = append(ps, param{n, optional, rest})
	}
	return ps
}

// bind gives every parameter its argument.
func (b *Builtin) bind(c *Call) error {
	params := b.params()
	c.bound = make([]bound, len(params))
	for i, p := range params {
		c.bound[i].param = p
	}
	at := 0
	for i, a := range c.Args {
		slot := at
		if a.Name != "" {
			slot = slices.IndexFunc(params, func(p param) bool { return p.name == a.Name })
			if slot < 0 {
				return b.noParam(i, a.Name, params)
			}
		} else if slot < len(params) && !params[slot].rest {
			at++
		}
		if slot >= len(params) {
			return b.miscount(i, params, "has too many arguments")
		}
		if len(c.bound[slot].args) > 0 && !params[slot].rest {
			return b.miscount(i, params, fmt.Sprintf("gets its argument `%s` twice", params[slot].name))
		}
		c.bound[slot].args = append(c.bound[slot].args, i)
	}
	for _, got := range c.bound {
		if len(got.args) == 0 && !got.param.optional {
			return b.miscount(-1, params, fmt.Sprintf("lacks its argument `%s`", got.param.name))
		}
	}
	return nil
}

func (b *Builtin) noParam(i int, want string, params []param) error {
	var names []string
	for _, p := range params {
		names = append(names, p.name)
	}
	e := value.Errorf(diag.UnknownArg, "%s has no argument `%s`", b.Name, name.Quote(want))
	if near, ok := name.Near(want, names); ok {
		return &ArgError{i, e.WithHelp("did you mean `%s`?", near)}
	}
	return &ArgError{i, e.WithHelp("its form is %s", b.Sig)}
}

func (b *Builtin) miscount(i int, params []param, what string) error {
	return &ArgError{i, value.Errorf(diag.ArgCount, "%s %s", b.Name, what).WithHelp("its form is %s", b.Sig)}
}

// explain puts the name of the built-in before what went wrong.
func (b *Builtin) explain(err error) error {
	at := -1
	var in *ArgError
	if errors.As(err, &in) {
		at, err = in.Arg, in.Err
	}
	var e *value.Error
	if !errors.As(err, &e) {
		e = value.Errorf(diag.FunctionFailed, "%s", name.Quote(err.Error()))
	}
	told := *e
	told.Summary = b.Name + ": " + told.Summary
	return &ArgError{at, &told}
}

// Unpack takes the arguments in the order of the parameters into variables of
// the types that are wanted. What was left out leaves its variable alone.
func (c *Call) Unpack(into ...any) error {
	for i, p := range into {
		if err := c.take(c.bound[i], p); err != nil {
			return err
		}
	}
	return nil
}

func (c *Call) take(b bound, into any) error {
	if all, ok := into.(*[][]value.Value); ok {
		return c.takeLists(b, all)
	}
	if len(b.args) == 0 {
		return nil
	}
	i := b.args[0]
	if err := convert(c.Args[i].Value, into); err != nil {
		return &ArgError{i, err}
	}
	return nil
}

func (c *Call) takeLists(b bound, into *[][]value.Value) error {
	for _, i := range b.args {
		var l []value.Value
		if err := convert(c.Args[i].Value, &l); err != nil {
			return &ArgError{i, err}
		}
		*into = append(*into, l)
	}
	return nil
}

func convert(v value.Value, into any) (err error) {
	switch p := into.(type) {
	case *value.Value:
		*p = v
	case *int64:
		*p, err = value.AsInt(v)
	case *string:
		*p, err = value.AsText(v)
	case *netip.Prefix:
		*p, err = value.AsCIDR(v)
	case *[]value.Value:
		*p, err = list(v)
	case **value.Map:
		*p, err = mapping(v)
	default:
		panic(fmt.Sprintf("stdlib: no argument is wanted as %T", into))
	}
	return err
}

// list wants a list; unlike a statement, a function takes no single value for
// one, since that is mostly a forgotten bracket.
func list(v value.Value) ([]value.Value, error) {
	if _, err := value.Elements(v); err != nil {
		return nil, err
	}
	if m, ok := v.(*value.Map); ok {
		return nil, value.Errorf(diag.WrongKind, "`%s` is a map, not a list", value.Show(m)).
			WithHelp("its keys are keys($m), its values values($m)")
	}
	return value.Splat(v)
}

func mapping(v value.Value) (*value.Map, error) {
	switch v := v.(type) {
	case *value.Map:
		return v, nil
	case value.Unknown:
		return nil, value.ErrUnknown
	}
	return nil, value.Errorf(diag.WrongKind, "`%s` is %s, not a map", value.Show(v), v.Kind().A()).
		WithHelp("a map is {key: value}")
}
