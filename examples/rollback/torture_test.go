package rollback

import (
	_ "embed"
	"reflect"
	"strings"
	"testing"

	"vnet/lang/ast"
	"vnet/lang/parse"
)

//go:embed testdata/torture.vnet
var torture string

// A hundred statements at a network that was there before leave nothing, when
// the last one fails and when all are taken down.
func TestRollbackOfTorture(t *testing.T) {
	t.Parallel()
	file, found := parse.File("torture.vnet", torture)
	if found.Failed() {
		t.Fatal(found)
	}
	if n := count(reflect.ValueOf(file)); n < 100 {
		t.Errorf("only %d statements", n)
	}
	l := newLab(t)
	for _, c := range []struct {
		name, text string
		options    []string
		status     int
	}{
		{"fails at the end", torture + "fail \"the end\"\n", nil, 1},
		{"taken down", torture, []string{"--rm"}, 0},
	} {
		o := l.TryCmd(l.vnet(t, c.text, c.options...))
		if o.Status != c.status {
			t.Fatalf("%s: exit status %d, want %d\n%s", c.name, o.Status, c.status, o.Err)
		}
		if residue := l.residue(t); len(residue) > 0 {
			t.Fatalf("%s: left\n%s\n%s", c.name, strings.Join(residue, "\n"), o.Err)
		}
	}
}

// count counts the statements of a script, those in blocks as well.
func count(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			n = count(v.Elem())
		}
	case reflect.Slice:
		if list, ok := v.Interface().([]ast.Stmt); ok {
			n = len(list)
		}
		for i := range v.Len() {
			n += count(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				n += count(v.Field(i))
			}
		}
	}
	return n
}
