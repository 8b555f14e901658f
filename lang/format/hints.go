package format

import (
	"reflect"
	"slices"

	"vnet/lang/ast"
	"vnet/lang/token"
)

// hints are what the layout has to know of the meaning of tokens, by offset.
type hints struct {
	maps     map[int]bool // where the braces of maps stand, which are not blocks
	verbatim []stretch    // arguments of programs
	wide     []stretch    // an = in here has spaces round it
	narrow   []stretch    // an = in here has none
}

// A stretch is a part of the text, from up to to.
type stretch struct{ from, to int }

// within reports whether an offset lies in one of the stretches, which are
// sorted and do not overlap.
func within(list []stretch, offset int) bool {
	i, found := slices.BinarySearchFunc(list, offset, func(s stretch, o int) int { return s.from - o })
	return found || i > 0 && offset < list[i-1].to
}

func hintsOf(file *ast.File) hints {
	h := hints{maps: map[int]bool{}}
	inspect(reflect.ValueOf(file), h.node)
	for _, list := range [][]stretch{h.verbatim, h.wide, h.narrow} {
		slices.SortFunc(list, func(a, b stretch) int { return a.from - b.from })
	}
	return h
}

func (h *hints) node(n any) {
	switch n := n.(type) {
	case *ast.Map:
		h.maps[n.Pos.Offset] = true
		h.maps[n.End.Offset-1] = true
	case *ast.Exec:
		h.arguments(n.Args)
		for _, line := range n.Lines {
			h.arguments(line)
		}
	case *ast.Let:
		if len(n.Names) > 0 && n.Value != nil {
			h.wide = append(h.wide, between(n.Names[len(n.Names)-1], n.Value))
		}
	case *ast.Param:
		if n.Default != nil {
			h.wide = append(h.wide, between(n.Name, n.Default))
		}
	case *ast.Sysctl:
		h.wide = append(h.wide, between(n.Key, n.Value))
	case ast.DefParam:
		if n.Default != nil {
			h.wide = append(h.wide, between(n.Name, n.Default))
		}
	case ast.Arg:
		if n.Name != nil {
			h.narrow = append(h.narrow, between(*n.Name, n.Value))
		}
	}
}

func between(a, b ast.Node) stretch {
	return stretch{a.Where().End.Offset, b.Where().Pos.Offset}
}

func (h *hints) arguments(args []ast.Expr) {
	if len(args) > 0 {
		h.verbatim = append(h.verbatim, stretch{args[0].Where().Pos.Offset, args[len(args)-1].Where().End.Offset})
	}
}

// inspect calls f for everything in a syntax tree.
func inspect(v reflect.Value, f func(any)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Pointer {
			f(v.Interface())
		}
		inspect(v.Elem(), f)
	case reflect.Slice:
		for i := range v.Len() {
			inspect(v.Index(i), f)
		}
	case reflect.Struct:
		if v.Type() == spanType {
			return
		}
		f(v.Interface())
		for i := range v.NumField() {
			inspect(v.Field(i), f)
		}
	}
}

var spanType = reflect.TypeFor[token.Span]()

// same reports whether two syntax trees differ in nothing but places.
func same(a, b *ast.File) bool {
	return sameValue(reflect.ValueOf(a.Stmts), reflect.ValueOf(b.Stmts)) && len(a.Comments) == len(b.Comments)
}

func sameValue(a, b reflect.Value) bool {
	if a.Kind() != b.Kind() || a.IsValid() && a.Type() != b.Type() {
		return false
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return sameValue(a.Elem(), b.Elem())
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		if a.Type() == spanType {
			return true
		}
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}
