package convert

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/name"
	"vnet/lang/usage"
)

// A function is one of the shell's.
type function struct {
	decl     *syntax.FuncDecl
	name     string   // in the language
	params   []string // names for $1, $2 …
	defaults map[int]*syntax.Word
	skip     int  // the statements at the beginning that only name parameters
	inline   bool // it takes "$@": calls are written out
	cleanup  bool // it only takes down
	active   bool // being written out
}

func newFunction(x *syntax.FuncDecl) *function {
	f := &function{decl: x, defaults: map[int]*syntax.Word{}, name: functionName(x.Name.Value)}
	body := functionBody(x)
	highest := 0
	syntax.Walk(x.Body, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp:
			if n.Param == nil {
				return true
			}
			if i, err := strconv.Atoi(n.Param.Value); err == nil {
				highest = max(highest, min(i, 20))
				if n.Exp != nil && (n.Exp.Op == syntax.DefaultUnset || n.Exp.Op == syntax.DefaultUnsetOrNull) {
					f.defaults[i] = n.Exp.Word
				}
			}
			f.inline = f.inline || n.Param.Value == "@" || n.Param.Value == "*" || n.Param.Value == "#"
		case *syntax.CallExpr:
			if len(n.Args) > 0 && n.Args[0].Lit() == "shift" {
				f.inline = true
			}
		}
		return true
	})
	f.params = make([]string, highest)
	for _, s := range body {
		if !f.names(s) {
			break
		}
		f.skip++
	}
	for i, p := range f.params {
		if p == "" {
			f.params[i] = "arg" + strconv.Itoa(i+1)
		}
	}
	return f
}

func functionBody(x *syntax.FuncDecl) []*syntax.Stmt {
	if b, ok := x.Body.Cmd.(*syntax.Block); ok {
		return b.Stmts
	}
	return []*syntax.Stmt{x.Body}
}

// functionName makes an identifier of a name that may have any characters.
func functionName(s string) string {
	id := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, s)
	if usage.Reserved(id) || name.Identifier(id) != nil {
		id = "do_" + id
	}
	return id
}

// names takes `local ns=$1` for the name of a parameter.
func (f *function) names(s *syntax.Stmt) bool {
	var list []*syntax.Assign
	switch x := s.Cmd.(type) {
	case *syntax.DeclClause:
		if x.Variant.Value == "local" {
			list = x.Args
		}
	case *syntax.CallExpr:
		if len(x.Args) == 0 {
			list = x.Assigns
		}
	}
	if len(list) == 0 || len(s.Redirs) > 0 {
		return false
	}
	found := map[int]string{}
	for _, a := range list {
		p := onlyParam(a.Value)
		if a.Name == nil || p == nil || p.Param == nil || a.Append || a.Index != nil {
			return false
		}
		i, err := strconv.Atoi(p.Param.Value)
		if err != nil || i < 1 || i > len(f.params) || f.params[i-1] != "" || found[i] != "" || p.Exp != nil && f.defaults[i] == nil || p.Exp == nil && !isPlain(p) {
			return false
		}
		found[i] = identifier(a.Name.Value)
	}
	for i, n := range found {
		f.params[i-1] = n
	}
	return true
}

// define translates the definition of a function.
func (c *converter) define(x *syntax.FuncDecl) error {
	f := c.funcs[x.Name.Value]
	switch {
	case f == nil || f.decl != x:
		return unsupported("a function that is defined twice")
	case f.inline:
		return nil // its calls are written out
	case f.cleanup:
		c.note(Dropped, "the function %s: vnet leaves no remains; --rm takes down what it made", x.Name.Value)
		return nil
	}
	outer, ending := c.frame, c.ending
	c.frame = &frame{params: f.params, inDef: true}
	params := make([]string, len(f.params))
	for i, p := range f.params {
		params[i] = p
		v := c.vars[p]
		if v == nil {
			v = &variable{}
			c.vars[p] = v
		}
		v.declared = true
		if w := f.defaults[i+1]; w != nil {
			value, err := c.word(w)
			if err != nil {
				c.frame = outer
				return err
			}
			params[i] += " = " + value.expression()
		}
	}
	list := functionBody(x)
	body := c.nested(list[f.skip:], bodyLast(x))
	c.frame, c.ending = outer, ending
	c.add(&item{arms: []arm{{"def " + f.name + "(" + strings.Join(params, ", ") + ")", body}}, blank: len(c.block.items) > 0})
	return nil
}

func bodyLast(x *syntax.FuncDecl) []syntax.Comment {
	if b, ok := x.Body.Cmd.(*syntax.Block); ok {
		return b.Last
	}
	return nil
}

// callFunction translates the call of a function of the script.
func (c *converter) callFunction(f *function, args []word) error {
	switch {
	case f.cleanup:
		c.note(Dropped, "the call of %s: vnet leaves no remains; --rm takes down what it made", f.decl.Name.Value)
		return nil
	case f.inline:
		return c.writeOut(f, args)
	case len(args) > len(f.params):
		args = args[:len(f.params)]
	}
	if !c.ns.empty() {
		return unsupported("a function of the script inside a namespace")
	}
	for i := len(args); i < len(f.params); i++ {
		if f.defaults[i+1] == nil {
			args = append(args, word{})
		}
	}
	c.look()
	c.add(&item{text: strings.TrimSpace(f.name + " " + strings.Join(texts(args), " ")), prefix: c.tolerance()})
	return nil
}

// writeOut puts the body of a function where it is called.
func (c *converter) writeOut(f *function, args []word) error {
	if f.active || c.depth > 50 {
		return unsupported("a function that calls itself")
	}
	if args == nil {
		args = []word{}
	}
	outer := c.frame
	c.frame, f.active = &frame{args: args, outer: c.block.outer}, true
	defer func() { c.frame, f.active = outer, false }()
	for _, s := range functionBody(f.decl) {
		if err := c.command(s); err != nil {
			return err
		}
	}
	return nil
}
