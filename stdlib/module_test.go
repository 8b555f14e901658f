package stdlib_test

import (
	"slices"
	"testing"

	"vnet/lang/parse"
	"vnet/stdlib"
)

func TestModules(t *testing.T) {
	if want := []string{"std/check", "std/topo"}; !slices.Equal(stdlib.Modules(), want) {
		t.Errorf("the modules are %s", stdlib.Modules())
	}
	for _, path := range stdlib.Modules() {
		src, ok := stdlib.Module(path)
		if !ok {
			t.Errorf("no %s", path)
		}
		if _, found := parse.File(path, src); len(found) > 0 {
			t.Errorf("%s: %s", path, found.Error())
		}
	}
	for _, path := range []string{"std/nothing", "topo", "std/../topo", ""} {
		if _, ok := stdlib.Module(path); ok {
			t.Errorf("%q is a module", path)
		}
	}
}
