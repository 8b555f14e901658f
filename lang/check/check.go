// Package check finds mistakes in a script without carrying it out: names,
// kinds, literals and numbers of arguments. It looks at everything, also at
// functions never called and branches never taken. It is pure, and finds no
// more than the text can tell.
package check

import (
	"vnet/lang/ast"
	"vnet/lang/diag"
)

// Known reports whether a name is that of a built-in function.
type Known func(fn string) bool

// File returns what is wrong with a parsed script or module.
func File(file *ast.File, known Known) diag.List {
	return nil
}
