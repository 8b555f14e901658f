package convert

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// binary translates && and ||, and pipes.
func (c *converter) binary(s *syntax.Stmt, x *syntax.BinaryCmd) error {
	switch x.Op {
	case syntax.AndStmt:
		return c.and(x)
	case syntax.OrStmt:
		return c.or(x)
	}
	it, err := c.toShell(s)
	if err != nil {
		return err
	}
	c.add(it)
	return nil
}

func (c *converter) and(x *syntax.BinaryCmd) error {
	if !c.makesAny() && asks(x.X) && c.cleans(x.Y, 0) && removes(x.Y) {
		c.note(Dropped, "%s …: vnet leaves no remains", firstLine(source(x.X)))
		return nil
	}
	if isTest(x.X) {
		return c.choose(x.X, x.Y, nil)
	}
	if err := c.command(x.X); err != nil {
		return err
	}
	return c.command(x.Y)
}

func isTest(s *syntax.Stmt) bool {
	switch x := s.Cmd.(type) {
	case *syntax.TestClause, *syntax.ArithmCmd:
		return true
	case *syntax.CallExpr:
		return len(x.Args) > 0 && (x.Args[0].Lit() == "[" || x.Args[0].Lit() == "test")
	}
	return false
}

// or translates A || B: a failure that does not matter, one that ends the
// script, as failures do here, and one that is answered.
func (c *converter) or(x *syntax.BinaryCmd) error {
	switch {
	case isTrue(x.Y):
		tolerant := c.tolerant
		c.tolerant = true
		err := c.command(x.X)
		c.tolerant = tolerant
		return err
	case isTest(x.X) && ends(x.Y):
		cond, err := c.truth(x.X, false)
		if err != nil || cond == privileged {
			if err == nil {
				c.note(Dropped, "%s: vnet says itself what it lacks", firstLine(source(x.X)))
			}
			return err
		}
		c.add(&item{arms: []arm{{"if not (" + cond + ")", c.nested([]*syntax.Stmt{x.Y}, nil)}}})
		return nil
	case ends(x.Y):
		if _, simple := x.X.Cmd.(*syntax.CallExpr); simple {
			if cond, err := c.truth(x.X, true); err == nil && cond == privileged {
				c.note(Dropped, "%s: vnet says itself what it lacks", firstLine(source(x.X)))
				return nil
			}
		}
		return c.command(x.X)
	}
	if b, ok := x.X.Cmd.(*syntax.BinaryCmd); ok && b.Op == syntax.AndStmt {
		return c.choose(b.X, b.Y, x.Y)
	}
	return c.choose(x.X, nil, x.Y)
}

// choose writes an if with what is done in each case.
func (c *converter) choose(cond, yes, no *syntax.Stmt) error {
	n := len(c.block.items)
	e, err := c.truth(cond, false)
	if err != nil {
		c.block.items = c.block.items[:n]
		return err
	}
	if e == privileged {
		c.note(Dropped, "%s: vnet says itself what it lacks", firstLine(source(cond)))
		return nil
	}
	it := &item{}
	switch {
	case yes == nil:
		it.arms = []arm{{"if not (" + e + ")", c.nested([]*syntax.Stmt{no}, nil)}}
	case no == nil:
		it.arms = []arm{{"if " + e, c.nested([]*syntax.Stmt{yes}, nil)}}
	default:
		it.arms = []arm{{"if " + e, c.nested([]*syntax.Stmt{yes}, nil)}, {"else", c.nested([]*syntax.Stmt{no}, nil)}}
	}
	c.add(it)
	return nil
}

// isTrue knows `true`, `:` and an echo, which make a failure no failure.
func isTrue(s *syntax.Stmt) bool {
	call, ok := s.Cmd.(*syntax.CallExpr)
	return ok && len(call.Args) == 1 && (call.Args[0].Lit() == "true" || call.Args[0].Lit() == ":")
}

// ends reports whether a statement ends the script with an error.
func ends(s *syntax.Stmt) bool {
	if b, ok := s.Cmd.(*syntax.Block); ok {
		return len(b.Stmts) > 0 && ends(b.Stmts[len(b.Stmts)-1])
	}
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	return call.Args[0].Lit() == "exit" && (len(call.Args) == 1 || call.Args[1].Lit() != "0") || call.Args[0].Lit() == "die"
}

// negated translates `! cmd`: what is to fail.
func (c *converter) negated(s *syntax.Stmt) error {
	plain := *s
	plain.Negated = false
	n := len(c.block.items)
	if err := c.command(&plain); err != nil {
		c.block.items = c.block.items[:n]
		return err
	}
	if len(c.block.items) == n+1 {
		if it := c.block.items[n]; strings.HasPrefix(it.text, "expect ping ") {
			it.text = "expect no" + strings.TrimPrefix(it.text, "expect")
			return nil
		} else if strings.HasPrefix(it.text, "exec ") {
			it.text = "expect no " + it.text
			return nil
		}
	}
	return unsupported("! here")
}
