package check

import (
	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/usage"
)

// Argument returns what is wrong with one argument of an option of a statement,
// looked at alone: for whoever colours a text that is not whole yet.
func Argument(statement string, o *usage.Option, x ast.Expr) diag.List {
	w := alone()
	w.option(statement, o, x)
	return w.found
}

// Value is Argument for a value that stands at a place of that kind.
func Value(kind usage.Kind, x ast.Expr) diag.List {
	w := alone()
	switch kind {
	case usage.Target:
		w.target(x)
	case usage.Gateway:
		if text, quoted, ok := lit(x); ok {
			w.via(x, text, quoted)
		}
	case usage.Port:
		w.port(x, diag.OutOfBounds)
	case usage.Sysctl:
		w.sysctl(x, x)
	default:
		w.kinds([]ast.Expr{x}, kind)
	}
	return w.found
}

// alone is a walker at no place of any script.
func alone() *walker {
	c := &checker{known: func(string) bool { return true }, badNames: map[string]bool{}}
	return &walker{checker: c, scope: newScope(nil), file: &ast.File{}}
}
