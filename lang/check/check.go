// Package check finds mistakes in a script without carrying it out: names,
// kinds, literals and numbers of arguments. It looks at everything, also at
// functions never called and branches never taken, and finds no more than the
// text can tell. The same mistake found by a rehearsal has the same code and
// place, so that it is reported once.
package check

import (
	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
)

// Known reports whether a name is that of a built-in function.
type Known func(fn string) bool

// Earlier is what the entries of a prompt that were carried out before have
// made.
type Earlier struct {
	Variables, Functions, Modules []string
}

// File returns what is wrong with a parsed script or module.
func File(file *ast.File, known Known) diag.List { return Entry(file, known, Earlier{}) }

// Entry returns what is wrong with an entry of a prompt.
func Entry(file *ast.File, known Known, before Earlier) diag.List {
	if known == nil {
		known = func(string) bool { return false }
	}
	c := &checker{known: known, silenced: map[string]bool{}, gone: map[string]token.Span{}, fickle: map[string]bool{}, badNames: map[string]bool{}, tests: map[string]token.Span{}}
	c.survey(file.Stmts, false)
	w := &walker{checker: c, scope: newScope(before.scope()), file: file, top: true}
	w.statements(file.Stmts)
	return c.found.Tidy()
}

// scope holds the names that stand around an entry. What they are is not said:
// an entry may make them anew, and the text of the earlier ones is gone.
func (e Earlier) scope() *scope {
	s := &scope{vars: map[string]*variable{}, funcs: map[string]*function{}, mods: map[string]bool{}}
	for _, n := range e.Variables {
		s.vars[n] = &variable{shape: anything}
	}
	for _, n := range e.Functions {
		s.funcs[n] = &function{twice: true}
	}
	for _, n := range e.Modules {
		s.mods[n] = true
	}
	return s
}

// A checker is the check of one file.
type checker struct {
	known    Known
	found    diag.List
	silenced map[string]bool       // words of statements that did not parse
	open     bool                  // an import brings in functions not known here
	fickle   map[string]bool       // variables that loops or functions make something else
	gone     map[string]token.Span // variables of blocks that have ended
	early    map[string][]early    // uses of variables that are not made yet
	missed   int                   // names looked for in vain
	badNames map[string]bool       // names reported as not allowed
	tests    map[string]token.Span // names of tests
}

// A walker is a checker at one place of the script.
type walker struct {
	*checker
	scope  *scope
	file   *ast.File
	top    bool   // directly in the script, in no block
	loop   bool   // inside a loop of this function
	called bool   // inside a function
	undo   string // the block around that can be undone as a whole, or ""
}

func (c *checker) report(d *diag.Diagnostic) *diag.Diagnostic {
	c.found = append(c.found, d)
	return d
}

func (c *checker) fail(code diag.Code, at token.Span, format string, args ...any) *diag.Diagnostic {
	return c.report(diag.New(code, at, format, args...))
}

func (c *checker) warn(code diag.Code, at token.Span, format string, args ...any) *diag.Diagnostic {
	return c.report(diag.Warn(code, at, format, args...))
}

// survey looks ahead for what matters before its place is reached: imports,
// and variables that become something else out of the order of the text.
func (c *checker) survey(list []ast.Stmt, inside bool) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.Import:
			c.open = c.open || s.As == nil
		case *ast.BadStmt:
			c.open = c.open || len(s.Words) > 0 && s.Words[0] == "import"
		case *ast.Let:
			for _, n := range s.Names {
				c.fickle[n.Text] = c.fickle[n.Text] || s.Set && inside && !staysItself(s.Value)
			}
		}
		for _, b := range blocksOf(s) {
			c.survey(b.Stmts, inside || repeats(s))
		}
	}
}

// repeats reports whether the block of a statement is not carried out once
// and in its place.
func repeats(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.Def, *ast.For, *ast.While:
		return true
	}
	return false
}

// staysItself reports whether a variable that is set to x was meant to stay
// what it is, such as a number that is counted.
func staysItself(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Binary:
		return x.Op != "==" && x.Op != "and" && x.Op != "or"
	case *ast.Word:
		return len(split(x)) > 1
	}
	return false
}

// blocksOf gives the blocks of a statement.
func blocksOf(s ast.Stmt) []*ast.Block {
	var blocks []*ast.Block
	add := func(list ...*ast.Block) {
		for _, b := range list {
			if b != nil {
				blocks = append(blocks, b)
			}
		}
	}
	switch s := s.(type) {
	case *ast.NS:
		add(s.Body)
	case *ast.In:
		add(s.Body)
	case *ast.Test:
		add(s.Body)
	case *ast.Transaction:
		add(s.Body)
	case *ast.Try:
		add(s.Body, s.Catch)
	case *ast.OnRollback:
		add(s.Body)
	case *ast.Defer:
		add(s.Body)
	case *ast.Ensure:
		add(s.Body)
	case *ast.Parallel:
		add(s.Body)
	case *ast.If:
		for ; s != nil; s = s.ElseIf {
			add(s.Then, s.Else)
		}
	case *ast.For:
		add(s.Body)
	case *ast.While:
		add(s.Body)
	case *ast.Def:
		add(s.Body)
	case *ast.BadStmt:
		add(s.Body)
	}
	return blocks
}
