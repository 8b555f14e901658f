package parse

import (
	"reflect"
	"testing"
	"unicode/utf8"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
)

// Whatever the text: no panic, every place lies in the text, every diagnostic
// has a code with a page, and a file without errors holds no BadStmt.
func FuzzParse(f *testing.F) {
	for _, text := range forms {
		f.Add(text)
	}
	for _, c := range wrong {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			t.Skip()
		}
		check(t, text)
	})
}

func check(t *testing.T, text string) {
	t.Helper()
	r := Text("f", text)
	for _, d := range r.Diags {
		if _, ok := diag.Explain(d.Code); !ok {
			t.Errorf("%q: code %q has no page", text, d.Code)
		}
		if d.Summary == "" || !d.Span.Known() {
			t.Errorf("%q: %+v says nothing, or not where", text, d)
		}
		within(t, text, d.Span)
		for _, n := range d.Notes {
			within(t, text, n.Span)
		}
	}
	bad := false
	walk(reflect.ValueOf(r.File.Stmts), func(v reflect.Value) {
		switch x := v.Interface().(type) {
		case token.Span:
			if x.Known() {
				within(t, text, x)
			}
		case ast.BadStmt:
			bad = true
		}
	})
	if bad && !r.Diags.Failed() && !r.Incomplete {
		t.Errorf("%q: a BadStmt without an error", text)
	}
}

// walk visits a syntax tree.
func walk(v reflect.Value, visit func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	case reflect.Struct:
		visit(v)
		for i := range v.NumField() {
			walk(v.Field(i), visit)
		}
	}
}

func within(t *testing.T, text string, s token.Span) {
	t.Helper()
	line, column, at := 1, 1, 0
	for _, p := range []token.Pos{s.Pos, s.End} {
		if p.Offset < at || p.Offset > len(text) {
			t.Fatalf("%q: %+v lies outside of the text, or ends before it begins", text, s)
		}
		for at < p.Offset {
			r, n := utf8.DecodeRuneInString(text[at:])
			if at == 0 && r == '\ufeff' {
				n, column = 3, 0
			}
			at += n
			if column++; r == '\n' {
				line, column = line+1, 1
			}
		}
		if at != p.Offset || line != p.Line || column != p.Column {
			t.Fatalf("%q: %+v is not line %d, column %d", text, p, line, column)
		}
	}
}
