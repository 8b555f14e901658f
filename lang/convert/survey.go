package convert

import (
	"reflect"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/lex"
)

// A scope is the way to a block: the blocks around it, from the outermost.
type scope []*region

// A region is one block of the shell's text.
type region struct{ _ byte } // not empty: each has an address of its own

// survey looks at the whole script before anything is translated: which
// variables there are and where, which functions, what will be made.
func (c *converter) survey(f *syntax.File) {
	s := &surveyor{c: c}
	s.stmts(f.Stmts)
	for _, v := range c.vars {
		v.apart = v.isApart()
	}
	for _, fn := range c.funcs {
		fn.cleanup = c.onlyCleans(fn.decl.Body, 0)
	}
}

type surveyor struct {
	c     *converter
	at    scope
	depth int
}

func (s *surveyor) stmts(list []*syntax.Stmt) {
	for _, st := range list {
		s.node(st)
	}
}

// inside looks at statements that are a block of their own.
func (s *surveyor) inside(name string, list []*syntax.Stmt) {
	s.at = append(s.at[:len(s.at):len(s.at)], &region{})
	if name != "" {
		v := s.variable(name)
		v.assigned++
		v.loop, v.constant = true, false
	}
	s.stmts(list)
	s.at = s.at[:len(s.at)-1]
}

func (s *surveyor) variable(name string) *variable {
	v := s.c.vars[name]
	if v == nil {
		v = &variable{asWhole: true}
		s.c.vars[name] = v
	}
	v.uses = append(v.uses, append(scope{}, s.at...))
	if !v.seen {
		v.seen, v.common = true, append(scope{}, s.at...)
		return v
	}
	n := 0
	for n < len(v.common) && n < len(s.at) && v.common[n] == s.at[n] {
		n++
	}
	v.common = v.common[:n]
	return v
}

func (s *surveyor) node(n syntax.Node) {
	if s.depth++; s.depth > maxDepth {
		s.depth--
		return
	}
	defer func() { s.depth-- }()
	syntax.Walk(n, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.IfClause:
			s.stmts(x.Cond)
			s.inside("", x.Then)
			if x.Else != nil {
				s.node(x.Else)
			}
			return false
		case *syntax.WhileClause:
			s.stmts(x.Cond)
			s.inside("", x.Do)
			return false
		case *syntax.ForClause:
			s.loop(x)
			return false
		case *syntax.CaseItem:
			s.inside("", x.Stmts)
			return false
		case *syntax.FuncDecl:
			s.function(x)
			return false
		case *syntax.Assign:
			for _, part := range []syntax.Node{x.Value, x.Array} { // they are read first
				if !reflect.ValueOf(part).IsNil() {
					s.node(part)
				}
			}
			s.assign(x)
			return false
		case *syntax.ParamExp:
			if x.Param != nil && lex.Ident(x.Param.Value) {
				s.variable(x.Param.Value)
			}
		case *syntax.Word:
			s.word(x)
		case *syntax.CallExpr:
			s.call(x)
		case *syntax.BinaryArithm, *syntax.UnaryArithm:
			s.counts(x)
		}
		return true
	})
}

func (s *surveyor) loop(x *syntax.ForClause) {
	switch l := x.Loop.(type) {
	case *syntax.WordIter:
		for _, w := range l.Items {
			s.node(w)
			if p := onlyParam(w); p != nil && p.Param != nil && lex.Ident(p.Param.Value) {
				s.variable(p.Param.Value).looped = true
			}
		}
		s.inside(l.Name.Value, x.Do)
	case *syntax.CStyleLoop:
		name := counter(l)
		s.inside(name, x.Do)
		for _, e := range []syntax.ArithmExpr{l.Init, l.Cond, l.Post} {
			if name == "" && e != nil {
				s.node(e)
			}
		}
	}
}

func (s *surveyor) function(x *syntax.FuncDecl) {
	if x.Name == nil {
		return
	}
	s.c.funcs[x.Name.Value] = newFunction(x)
	s.inside("", []*syntax.Stmt{x.Body})
}

func (s *surveyor) assign(x *syntax.Assign) {
	if x.Name == nil || x.Naked && x.Array == nil && x.Value == nil && strings.HasPrefix(x.Name.Value, "-") {
		return
	}
	v := s.variable(x.Name.Value)
	v.assigned++
	v.firsts = append(v.firsts, len(v.uses)-1)
	if x.Array != nil {
		v.list = true
		for _, e := range x.Array.Elems {
			v.dict = v.dict || e.Index != nil
		}
	}
	value, ok := static(x.Value)
	v.constant = v.assigned == 1 && len(s.at) == 0 && ok && !x.Append && x.Array == nil && x.Index == nil
	v.value = value
}

// static gives the text of a word that has no variables.
func static(w *syntax.Word) (string, bool) {
	if w == nil {
		return "", true
	}
	var b strings.Builder
	for _, p := range w.Parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(unescape(p.Value, false))
		case *syntax.SglQuoted:
			if p.Dollar {
				return "", false
			}
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			for _, q := range p.Parts {
				l, ok := q.(*syntax.Lit)
				if !ok {
					return "", false
				}
				b.WriteString(unescape(l.Value, true))
			}
		default:
			return "", false
		}
	}
	return b.String(), true
}

// word notes which variables are more than whole words of their own.
func (s *surveyor) word(w *syntax.Word) {
	for _, p := range w.Parts {
		x, whole := p.(*syntax.ParamExp)
		whole = whole && len(w.Parts) == 1 && isPlain(x)
		if q, ok := p.(*syntax.DblQuoted); ok {
			for _, inner := range q.Parts {
				if y, ok := inner.(*syntax.ParamExp); ok && y.Param != nil && lex.Ident(y.Param.Value) {
					s.variable(y.Param.Value).asWhole = false
				}
			}
		}
		if x != nil && !whole && x.Param != nil && lex.Ident(x.Param.Value) {
			s.variable(x.Param.Value).asWhole = false
		}
	}
}

// call notes what is read, counted, and what interfaces will be made.
func (s *surveyor) call(x *syntax.CallExpr) {
	var words []string
	for _, a := range x.Args {
		text, _ := static(a)
		words = append(words, text)
	}
	if len(words) == 0 {
		return
	}
	line := strings.Join(words, " ")
	if i := slices.Index(words, "bridge"); words[0] == "ip" && strings.Contains(line, "link add") && i > 0 && words[i-1] == "type" {
		s.bridge(x.Args[slices.Index(words, "add")+1:])
	} else if words[0] == "brctl" && len(words) > 2 && words[1] == "addbr" {
		s.bridge(x.Args[2:])
	}
	switch {
	case strings.Contains(line, "link add"), strings.Contains(line, "tuntap add"), strings.Contains(line, "addbr"), strings.Contains(line, "netns add"):
		for _, w := range words {
			if w != "" {
				s.c.will = append(s.c.will, w)
			}
		}
	}
}

// counts notes i++ and i += 1.
func (s *surveyor) counts(x syntax.Node) {
	var target syntax.ArithmExpr
	switch x := x.(type) {
	case *syntax.UnaryArithm:
		if x.Op == syntax.Inc || x.Op == syntax.Dec {
			target = x.X
		}
	case *syntax.BinaryArithm:
		if _, ok := assignOps[x.Op]; ok {
			target = x.X
		}
	}
	if w, ok := target.(*syntax.Word); ok && lex.Ident(w.Lit()) {
		v := s.variable(w.Lit())
		v.assigned++
		v.constant = false
	}
}

// later reports whether the script makes something of that name.
func (c *converter) later(w word) bool {
	s, ok := w.value()
	if !ok {
		return len(c.will) > 0
	}
	for _, other := range c.will {
		if s == other {
			return true
		}
	}
	return false
}

// bridge notes a bridge that is made in the starting namespace.
func (s *surveyor) bridge(args []*syntax.Word) {
	for _, a := range args {
		text, ok := static(a)
		if x := onlyParam(a); x != nil && x.Param != nil && isPlain(x) {
			text, ok = "$"+identifier(x.Param.Value), true
		}
		if !ok || text == "name" || text == "dev" {
			continue
		}
		s.c.bridges = append(s.c.bridges, text)
		return
	}
}

// isApart reports whether a variable is one of several blocks, each of which
// gives it a value first and keeps it for itself.
func (v *variable) isApart() bool {
	depth := len(v.common)
	var seen []*region
	for i, at := range v.uses {
		if len(at) <= depth {
			return false
		}
		if r := at[depth]; !slices.Contains(seen, r) {
			if len(at) != depth+1 || !slices.Contains(v.firsts, i) {
				return false
			}
			seen = append(seen, r)
		}
	}
	return len(seen) > 1
}
