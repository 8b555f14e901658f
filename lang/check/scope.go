package check

import (
	"maps"
	"slices"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
)

// maxMissed is how many unknown names are compared with the known ones: more
// than that and the script is beyond a hint.
const maxMissed = 100

// A scope holds the names of a block.
type scope struct {
	up    *scope
	vars  map[string]*variable
	funcs map[string]*function
	mods  map[string]bool
	lab   token.Span
	later []func() // bodies of functions, which see all the block
}

// A variable is where one is made and what it plainly is.
type variable struct {
	at    token.Span
	shape shape
}

// A function is a def; twice if there are two of its name, which may differ.
type function struct {
	def   *ast.Def
	twice bool
}

// An early is the use of a variable that may be made later.
type early struct {
	d     *diag.Diagnostic
	scope *scope
}

func newScope(up *scope) *scope { return &scope{up: up} }

// lookup finds a variable in s or around it.
func (s *scope) lookup(name string) *variable {
	for ; s != nil; s = s.up {
		if v := s.vars[name]; v != nil {
			return v
		}
	}
	return nil
}

// function finds a function of the script in s or around it.
func (s *scope) function(name string) *function {
	for ; s != nil; s = s.up {
		if f := s.funcs[name]; f != nil {
			return f
		}
	}
	return nil
}

func (s *scope) module(name string) bool {
	for ; s != nil; s = s.up {
		if s.mods[name] {
			return true
		}
	}
	return false
}

// variables gives the names in sight, the innermost block's first.
func (s *scope) variables() []string {
	var names []string
	for ; s != nil; s = s.up {
		names = append(names, slices.Sorted(maps.Keys(s.vars))...)
	}
	return names
}

func (s *scope) functions() []string {
	var names []string
	for ; s != nil; s = s.up {
		names = append(names, slices.Sorted(maps.Keys(s.funcs))...)
	}
	return names
}

// within reports whether s is outer or a scope inside it.
func (s *scope) within(outer *scope) bool {
	for ; s != nil; s = s.up {
		if s == outer {
			return true
		}
	}
	return false
}

// inside returns a walker like w for a scope of its own inside w's.
func (w *walker) inside() *walker {
	sub := *w
	sub.scope = newScope(w.scope)
	sub.top = false
	return &sub
}

// leaveScope looks at the functions of a scope and remembers its variables as gone.
func (w *walker) leaveScope() {
	for i := 0; i < len(w.scope.later); i++ {
		w.scope.later[i]()
	}
	for n, v := range w.scope.vars {
		if old, ok := w.gone[n]; !ok || old.Pos.Offset < v.at.Pos.Offset {
			w.gone[n] = v.at
		}
	}
}

// define makes a variable in w's scope.
func (w *walker) define(n ast.Name, sh shape) {
	if w.fickle[n.Text] {
		sh = anything
	}
	if w.scope.vars == nil {
		w.scope.vars = map[string]*variable{}
	}
	w.scope.vars[n.Text] = &variable{n.Span, sh}
	w.comesLate(n)
}

// comesLate explains uses of a variable that came before it was made.
func (w *walker) comesLate(n ast.Name) {
	if len(w.early[n.Text]) == 0 {
		return
	}
	w.early[n.Text] = slices.DeleteFunc(w.early[n.Text], func(e early) bool {
		if !e.scope.within(w.scope) {
			return false
		}
		e.d.Help = nil
		e.d.WithNote(n.Span, "`$%s` is made here, and not before", n.Text)
		return true
	})
}

// fresh reports a name that is in the scope already.
func (w *walker) fresh(n ast.Name, what string) {
	old := w.scope.vars[n.Text]
	if old == nil || w.silenced[n.Text] {
		return
	}
	w.fail(diag.DuplicateName, n.Span, "%s `%s` is made twice", what, n.Text).
		WithNote(old.at, "the first is made here").
		WithHelp("to change it, write: set %s = …", n.Text)
}

// use looks for a variable that is read.
func (w *walker) use(x *ast.Var) {
	if w.scope.lookup(x.Name) != nil || w.silenced[x.Name] {
		return
	}
	d := w.fail(diag.UnknownVariable, x.Span, "no variable `$%s`", x.Name)
	w.hint(d, x.Name, "$", "make it first: let "+x.Name+" = …")
	if w.early == nil {
		w.early = map[string][]early{}
	}
	w.early[x.Name] = append(w.early[x.Name], early{d, w.scope})
}

// change looks for a variable that is set.
func (w *walker) change(n ast.Name, sh shape) {
	v := w.scope.lookup(n.Text)
	if v != nil {
		if v.shape != sh {
			v.shape = anything
		}
		return
	}
	if w.silenced[n.Text] {
		return
	}
	d := w.fail(diag.UnknownVariable, n.Span, "no variable `%s` to set", n.Text)
	w.hint(d, n.Text, "", "make it with let: let "+n.Text+" = …")
}

// hint adds what may help with a variable that is not there.
func (w *walker) hint(d *diag.Diagnostic, want, sigil, other string) {
	if at, ok := w.gone[want]; ok {
		d.WithNote(at, "`%s` of this block is gone at the end of the block", want)
		d.WithHelp("make it before the block with let, and give it its value in the block with set")
		return
	}
	w.missed++
	if w.missed <= maxMissed {
		if near, ok := name.Near(want, w.scope.variables()); ok {
			d.WithHelp("did you mean `%s%s`?", sigil, near)
			return
		}
	}
	d.WithHelp("%s", other)
}
