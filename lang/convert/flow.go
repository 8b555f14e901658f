package convert

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// command translates what a statement does. An error says why it cannot.
func (c *converter) command(s *syntax.Stmt) error {
	if c.steps++; c.steps > maxSteps {
		return unsupported("too long when it is written out")
	}
	switch {
	case s.Coprocess || s.Disown:
		return unsupported("a coprocess")
	case s.Background:
		return c.background(s)
	case s.Negated:
		return c.negated(s)
	}
	if call, ok := s.Cmd.(*syntax.CallExpr); ok {
		return c.call(s, call)
	}
	if len(s.Redirs) > 0 && !harmless(s.Redirs) {
		return unsupported("a redirection of a block")
	}
	switch x := s.Cmd.(type) {
	case *syntax.Block:
		c.stmts(x.Stmts, x.Last)
	case *syntax.Subshell:
		c.stmts(x.Stmts, x.Last)
	case *syntax.IfClause:
		return c.conditional(x)
	case *syntax.ForClause:
		return c.loop(x)
	case *syntax.WhileClause:
		return c.while(x)
	case *syntax.CaseClause:
		return c.cases(x)
	case *syntax.FuncDecl:
		return c.define(x)
	case *syntax.BinaryCmd:
		return c.binary(s, x)
	case *syntax.DeclClause:
		return c.declare(x)
	case *syntax.ArithmCmd:
		return c.step(x.X)
	case *syntax.LetClause:
		for _, e := range x.Exprs {
			if err := c.step(e); err != nil {
				return err
			}
		}
	case *syntax.TimeClause:
		if x.Stmt != nil {
			return c.command(x.Stmt)
		}
	default:
		return unsupported("this kind of command")
	}
	return nil
}

// nested translates statements that are a block of the language. What it does
// to the interfaces around it keeps them as they are.
func (c *converter) nested(list []*syntax.Stmt, last []syntax.Comment) []*item {
	line, onto := c.line, c.onto
	c.block = newBlock(c.block)
	c.stmts(list, last)
	items := c.block.items
	c.block = c.block.outer
	c.line, c.onto = line, onto
	c.review(items)
	return items
}

// review looks for interfaces of the blocks around that a block changes.
func (c *converter) review(items []*item) {
	for _, it := range items {
		for _, l := range it.lines() {
			if strings.HasPrefix(l, "link set") || strings.HasPrefix(l, "link del") {
				for b := c.block; b != nil; b = b.outer {
					for _, k := range b.links {
						for _, e := range k.ends() {
							if mentions(strings.Join(strings.Fields(l)[2:3], " "), e.name) {
								k.closed, k.fixed = true, true
							}
						}
					}
				}
			}
		}
		for _, a := range it.arms {
			c.review(a.body)
		}
	}
}

func hollow(items []*item) bool {
	for _, it := range items {
		if len(it.lines()) > 0 || len(it.arms) > 0 || len(it.comments) > 0 {
			return false
		}
	}
	return true
}

func (c *converter) conditional(x *syntax.IfClause) error {
	it := &item{}
	word := "if "
	for x != nil {
		if len(x.Cond) == 0 {
			it.arms = append(it.arms, arm{head: "else", body: c.nested(x.Then, x.ThenLast)})
			break
		}
		cond, err := c.condition(x.Cond, len(it.arms) > 0)
		if err != nil {
			if c.onlyCleansList(x.Then, 0) && x.Else == nil && !c.makesAny() {
				c.note(Dropped, "`if %s …`: vnet leaves no remains", firstLine(source(x.Cond[0])))
				return nil
			}
			return err
		}
		if guard(cond, x) {
			c.note(Dropped, "`if %s …`: vnet says itself what it lacks", firstLine(source(x.Cond[0])))
			return nil
		}
		it.arms = append(it.arms, arm{head: word + cond, body: c.nested(x.Then, x.ThenLast)})
		word, x = "else if ", x.Else
	}
	empty := true
	for _, a := range it.arms {
		empty = empty && hollow(a.body)
	}
	if !empty {
		c.add(it)
	}
	return nil
}

// privileged is the condition that a test for root becomes.
const privileged = "\x00root"

// guard reports whether a condition asks for root, or for a program, and the
// script ends without.
func guard(cond string, x *syntax.IfClause) bool {
	return cond == privileged && x.Else == nil
}

func (c *converter) cases(x *syntax.CaseClause) error {
	w, err := c.word(x.Word)
	if err != nil {
		return err
	}
	it := &item{}
	for i, k := range x.Items {
		var tests []string
		rest := false
		for _, p := range k.Patterns {
			s, ok := static(p)
			switch {
			case ok && s == "*" && i == len(x.Items)-1 && i > 0:
				rest = true
			case !ok || strings.ContainsAny(s, `*?[`):
				return unsupported("this pattern of case")
			default:
				tests = append(tests, w.expression()+" == "+literal(s).expression())
			}
		}
		head := "if " + strings.Join(tests, " or ")
		if i > 0 {
			head = "else " + head
		}
		if rest {
			head = "else"
		}
		it.arms = append(it.arms, arm{head, c.nested(k.Stmts, k.Last)})
	}
	if len(it.arms) > 0 {
		c.add(it)
	}
	return nil
}
