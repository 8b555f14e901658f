package check

import (
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
)

// block checks a block in a scope of its own.
func (w *walker) block(b *ast.Block) {
	if b != nil {
		w.inside().statements(b.Stmts)
	}
}

// body checks what stands behind a word like `in`: a block, or one statement,
// which makes its variables where it stands.
func (w *walker) body(b *ast.Block, single bool) {
	if !single {
		w.block(b)
		return
	}
	sub := *w
	sub.top = false
	for _, s := range b.Stmts {
		sub.statement(s)
	}
}

// statements checks all of a block, and what its functions do at the end.
func (w *walker) statements(list []ast.Stmt) {
	w.hoist(list)
	left := "" // the word that leaves the block
	for _, s := range list {
		if _, def := s.(*ast.Def); left != "" && !def {
			w.warn(diag.Unreachable, s.Where(), "nothing behind `%s` is carried out", left).
				WithHelp("take it away, or put `%s` into an `if`", left)
			left = ""
		}
		w.statement(s)
		if word := w.leaves(s); word != "" {
			left = word
		}
	}
	w.leaveScope()
}

// leaves gives the word of a statement behind which nothing is reached.
func (w *walker) leaves(s ast.Stmt) string {
	switch s := s.(type) {
	case *ast.Break:
		return wordIf("break", w.loop)
	case *ast.Continue:
		return wordIf("continue", w.loop)
	case *ast.Return:
		return wordIf("return", w.called)
	case *ast.Say:
		return wordIf("fail", s.Verb == "fail")
	}
	return ""
}

func wordIf(word string, holds bool) string {
	if holds {
		return word
	}
	return ""
}

// hoist makes the functions of a block known before its first statement.
func (w *walker) hoist(list []ast.Stmt) {
	for _, s := range list {
		d, ok := s.(*ast.Def)
		if !ok {
			continue
		}
		if w.scope.funcs == nil {
			w.scope.funcs = map[string]*function{}
		}
		if old := w.scope.funcs[d.Name.Text]; old != nil {
			old.twice = true
			w.fail(diag.DuplicateName, d.Name.Span, "function `%s` is made twice", d.Name.Text).
				WithNote(old.def.Name.Span, "the first is made here")
			continue
		}
		w.scope.funcs[d.Name.Text] = &function{def: d}
	}
}

func (w *walker) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Test:
		w.test(s)
	case *ast.Transaction:
		w.optional(s.Name)
		w.undone("a transaction or try", s.Body, false)
	case *ast.Try:
		w.try(s)
	case *ast.OnRollback:
		w.undone("`on rollback`", s.Body, s.Single)
	case *ast.Defer:
		w.undone("`defer`", s.Body, s.Single)
	case *ast.Ensure:
		w.undone("`ensure`", s.Body, s.Single)
	case *ast.Parallel:
		w.parallel(s)
	case *ast.Commit:
		w.commit(s)
	case *ast.Let:
		w.let(s)
	case *ast.Param:
		w.param(s)
	case *ast.If:
		w.ifElse(s)
	case *ast.For:
		w.forEach(s)
	case *ast.While:
		w.condition(s.Cond)
		sub := *w
		sub.loop = true
		sub.block(s.Body)
	case *ast.Break:
		w.leave("break", s)
	case *ast.Continue:
		w.leave("continue", s)
	case *ast.Def:
		w.def(s)
	case *ast.Return:
		w.returns(s)
	case *ast.Import:
		w.imports(s)
	case *ast.Say:
		w.exprs(s.Args)
	case *ast.CallStmt:
		w.callStmt(s)
	case *ast.BadStmt:
		w.bad(s)
	default:
		w.network(s)
	}
}

// bad remembers the words of a statement that did not parse: what it would
// have made is not missed.
func (w *walker) bad(s *ast.BadStmt) {
	for _, word := range s.Words {
		w.silenced[strings.TrimPrefix(word, "$")] = true
	}
	if s.Body == nil {
		return
	}
	sub := *w
	sub.loop, sub.called = true, true // it may have been a for or a def
	sub.block(s.Body)
}

// undone checks a block in which a commit would break a promise.
func (w *walker) undone(what string, b *ast.Block, single bool) {
	sub := *w
	sub.undo = what
	sub.body(b, single)
}

// test checks a test: its name tells it from the others of the file.
func (w *walker) test(s *ast.Test) {
	name, plain := ast.Lit(s.Name)
	switch {
	case !w.top:
		w.fail(diag.NotHere, s.Span, "`test` inside a block").
			WithHelp("write it at the top of the script, outside of all blocks")
	case !plain:
		w.fail(diag.WrongKind, s.Name.Where(), "the name of a test is a text without variables")
	case name == "":
		w.fail(diag.WrongKind, s.Name.Where(), "a test without a name")
	case w.tests[name].Known():
		w.fail(diag.DuplicateName, s.Name.Where(), "test %q is there twice", name).
			WithNote(w.tests[name], "the first is here")
	default:
		w.tests[name] = s.Name.Where()
	}
	w.undone("a test", s.Body, false)
}

func (w *walker) try(s *ast.Try) {
	w.undone("a transaction or try", s.Body, s.Single)
	if s.Catch == nil {
		return
	}
	sub := w.inside()
	if s.Err != nil {
		sub.define(*s.Err, mapping)
	}
	sub.block(s.Catch)
	sub.leaveScope()
}

// parallel checks statements that see nothing of each other.
func (w *walker) parallel(s *ast.Parallel) {
	if s.Max != nil {
		w.expr(s.Max)
		w.number(s.Max)
		w.whole(s.Max, "at least one statement must run at a time", 1, 1<<62)
	}
	outer := w.inside()
	outer.undo = "`parallel`"
	outer.hoist(s.Body.Stmts)
	for _, stmt := range s.Body.Stmts {
		sub := outer.inside()
		sub.statement(stmt)
		sub.leaveScope()
	}
	outer.leaveScope()
}

func (w *walker) commit(s *ast.Commit) {
	if w.undo != "" {
		w.fail(diag.CommitInside, s.Span, "`commit` inside %s", w.undo).
			WithHelp("commit at top level, behind the block")
	}
}

func (w *walker) let(s *ast.Let) {
	w.expr(s.Value)
	w.subtraction(s.Value, true)
	sh := w.shapeOf(s.Value)
	if len(s.Names) > 1 {
		w.count(s)
		sh = anything
	}
	for _, n := range s.Names {
		if s.Set {
			w.change(n, sh)
			continue
		}
		w.fresh(n, "variable")
		w.define(n, sh)
	}
}

// count compares the names of a let with the elements of a list written out.
func (w *walker) count(s *ast.Let) {
	list, ok := s.Value.(*ast.List)
	if !ok {
		return
	}
	for _, x := range list.Elems {
		if text, ok := ast.Lit(x); !ok || isRange(text) {
			return
		}
	}
	if len(list.Elems) != len(s.Names) {
		w.fail(diag.WrongCount, list.Span, "%d names for %d values", len(s.Names), len(list.Elems))
	}
}

func (w *walker) param(s *ast.Param) {
	if !w.top {
		w.fail(diag.NotHere, s.Span, "`param` inside a block").
			WithHelp("write it at the top of the script, outside of all blocks")
	}
	sh := anything
	if s.Default != nil {
		w.expr(s.Default)
		w.subtraction(s.Default, false)
		sh = w.shapeOf(s.Default)
	}
	w.optional(s.Help)
	w.fresh(s.Name, "variable")
	w.define(s.Name, sh)
}

func (w *walker) ifElse(s *ast.If) {
	for ; s != nil; s = s.ElseIf {
		w.condition(s.Cond)
		w.block(s.Then)
		w.block(s.Else)
	}
}

func (w *walker) forEach(s *ast.For) {
	w.expr(s.In)
	if !w.rangeEnd(s.In) {
		w.sequence(s.In)
	}
	sub := w.inside()
	sub.loop = true
	for i, n := range s.Vars {
		sub.fresh(n, "loop variable")
		sub.define(n, w.elementShape(s.In, i, len(s.Vars)))
	}
	sub.block(s.Body)
	sub.leaveScope()
}

func (w *walker) leave(word string, s ast.Stmt) {
	if !w.loop {
		w.fail(diag.OutsideLoop, s.Where(), "`%s` outside of a loop", word)
	}
}

func (w *walker) returns(s *ast.Return) {
	if s.Value != nil {
		w.expr(s.Value)
		w.subtraction(s.Value, false)
	}
	if !w.called {
		w.fail(diag.OutsideLoop, s.Span, "`return` outside of a function").
			WithHelp("to end the script with an error, write: fail \"why\"")
	}
}

// def checks the parameters of a function at once and its body when the block
// around ends, since it sees all that the block makes.
func (w *walker) def(s *ast.Def) {
	sub := w.inside()
	sub.loop, sub.called = false, true
	w.scope.later = append(w.scope.later, func() {
		for _, p := range s.Params {
			sh := anything
			if p.Default != nil {
				sub.expr(p.Default)
				sub.subtraction(p.Default, false)
				sh = sub.shapeOf(p.Default)
			}
			if p.Rest {
				sh = list
			}
			if old := sub.scope.vars[p.Name.Text]; old != nil {
				sub.fail(diag.DuplicateName, p.Name.Span, "parameter `%s` is there twice", p.Name.Text).
					WithNote(old.at, "the first is here")
			}
			sub.define(p.Name, sh)
		}
		sub.block(s.Body)
		sub.leaveScope()
	})
}

func (w *walker) imports(s *ast.Import) {
	w.expr(s.Path)
	if !w.top {
		w.fail(diag.NotHere, s.Span, "`import` inside a block").
			WithHelp("write it at the top of the script, outside of all blocks")
	}
	if s.As == nil {
		return
	}
	if w.scope.mods == nil {
		w.scope.mods = map[string]bool{}
	}
	if w.scope.mods[s.As.Text] {
		w.fail(diag.DuplicateName, s.As.Span, "module `%s` is imported twice", s.As.Text).
			WithHelp("choose another name: import … as NAME")
	}
	w.scope.mods[s.As.Text] = true
}
