package convert

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// condition translates what stands behind if and while. What is not a test is
// run, and its status asked; where nothing may stand before (again), it cannot.
func (c *converter) condition(list []*syntax.Stmt, alone bool) (string, error) {
	if len(list) != 1 {
		return "", unsupported("several commands as a condition")
	}
	return c.truth(list[0], alone)
}

func (c *converter) truth(s *syntax.Stmt, alone bool) (string, error) {
	if s.Negated {
		plain := *s
		plain.Negated = false
		e, err := c.truth(&plain, alone)
		if e == privileged || err != nil {
			return e, err
		}
		return "not (" + e + ")", nil
	}
	switch x := s.Cmd.(type) {
	case *syntax.TestClause:
		return c.test(x.X)
	case *syntax.ArithmCmd:
		e, err := c.arith(x.X, true)
		return dollars(e), err
	case *syntax.BinaryCmd:
		if x.Op == syntax.AndStmt || x.Op == syntax.OrStmt {
			return c.both(x, alone)
		}
	case *syntax.CallExpr:
		if len(x.Args) > 0 && len(x.Assigns) == 0 {
			switch x.Args[0].Lit() {
			case "[", "test":
				return c.bracket(x.Args)
			case "true", ":":
				return "true", nil
			case "false":
				return "false", nil
			case "command", "which", "type", "hash":
				return privileged, nil
			}
		}
	}
	if alone {
		return "", unsupported("a command as a condition here")
	}
	return c.outcome(s)
}

func (c *converter) both(x *syntax.BinaryCmd, alone bool) (string, error) {
	a, err := c.truth(x.X, alone)
	if err != nil {
		return "", err
	}
	b, err := c.truth(x.Y, true)
	if err != nil {
		return "", err
	}
	if a == privileged || b == privileged {
		return privileged, nil
	}
	if x.Op == syntax.AndStmt {
		return a + " and " + b, nil
	}
	return "(" + a + " or " + b + ")", nil
}

// outcome runs a program and gives whether it ended well.
func (c *converter) outcome(s *syntax.Stmt) (string, error) {
	n := len(c.block.items)
	tolerant := c.tolerant
	c.tolerant = true
	c.probing = true
	err := c.command(s)
	c.tolerant, c.probing = tolerant, false
	if err != nil {
		c.block.items = c.block.items[:n]
		it, bad := c.probe(s)
		if bad != nil {
			return "", err
		}
		c.add(it)
	}
	if len(c.block.items) == n {
		return "", unsupported("this command as a condition")
	}
	it := c.block.items[len(c.block.items)-1]
	if len(c.block.items) != n+1 || !strings.HasPrefix(it.text, "exec status any ") {
		c.block.items = c.block.items[:n]
		return "", unsupported("this command as a condition")
	}
	name := c.temp()
	it.text = "let " + name + " = " + it.text
	return "$" + name + ".ok", nil
}

func (c *converter) probe(s *syntax.Stmt) (*item, error) {
	tolerant := c.tolerant
	c.tolerant = true
	defer func() { c.tolerant = tolerant }()
	return c.toShell(s)
}

// bracket translates [ … ].
func (c *converter) bracket(args []*syntax.Word) (string, error) {
	words := args[1:]
	if args[0].Lit() == "[" {
		if len(words) == 0 || words[len(words)-1].Lit() != "]" {
			return "", unsupported("this test")
		}
		words = words[:len(words)-1]
	}
	if asksForRoot(words) {
		return privileged, nil
	}
	if len(words) > 0 && words[0].Lit() == "!" {
		e, err := c.bracket(append([]*syntax.Word{args[0]}, args[2:]...))
		return "not (" + e + ")", err
	}
	for i, w := range words {
		if op := w.Lit(); (op == "-a" || op == "-o") && i > 1 {
			return "", unsupported("-a and -o in a test")
		}
	}
	switch len(words) {
	case 1:
		w, err := c.word(words[0])
		return w.expression() + ` != ""`, err
	case 2:
		w, err := c.word(words[1])
		if err != nil {
			return "", err
		}
		return unaryTest(words[0].Lit(), w)
	case 3:
		a, err := c.word(words[0])
		if err != nil {
			return "", err
		}
		b, err := c.word(words[2])
		if err != nil {
			return "", err
		}
		return compare(a, words[1].Lit(), b)
	}
	return "", unsupported("this test")
}

func unaryTest(op string, w word) (string, error) {
	switch op {
	case "-n":
		return w.expression() + ` != ""`, nil
	case "-z":
		return w.expression() + ` == ""`, nil
	}
	return "", unsupported("the test " + op)
}

var comparisons = map[string]string{
	"=": "==", "==": "==", "!=": "!=", "-eq": "==", "-ne": "!=", "-lt": "<", "-le": "<=", "-gt": ">", "-ge": ">=",
}

func compare(a word, op string, b word) (string, error) {
	sign := comparisons[op]
	if sign == "" {
		return "", unsupported("the test " + op)
	}
	return a.expression() + " " + sign + " " + b.expression(), nil
}

// asksForRoot knows the usual ways to ask who runs the script.
func asksForRoot(words []*syntax.Word) bool {
	for _, w := range words {
		root := false
		syntax.Walk(w, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.ParamExp:
				root = root || n.Param != nil && (n.Param.Value == "EUID" || n.Param.Value == "UID")
			case *syntax.CallExpr:
				root = root || len(n.Args) > 0 && (n.Args[0].Lit() == "id" || n.Args[0].Lit() == "whoami")
			}
			return !root
		})
		if root {
			return true
		}
	}
	return false
}

// test translates [[ … ]].
func (c *converter) test(x syntax.TestExpr) (string, error) {
	switch x := x.(type) {
	case *syntax.ParenTest:
		e, err := c.test(x.X)
		return "(" + e + ")", err
	case *syntax.Word:
		if asksForRoot([]*syntax.Word{x}) {
			return privileged, nil
		}
		w, err := c.word(x)
		return w.expression() + ` != ""`, err
	case *syntax.UnaryTest:
		if x.Op == syntax.TsNot {
			e, err := c.test(x.X)
			if e == privileged {
				return e, err
			}
			return "not (" + e + ")", err
		}
		w, ok := x.X.(*syntax.Word)
		if !ok {
			return "", unsupported("this test")
		}
		v, err := c.word(w)
		if err != nil {
			return "", err
		}
		return unaryTest(x.Op.String(), v)
	case *syntax.BinaryTest:
		return c.binaryTest(x)
	}
	return "", unsupported("this test")
}

func (c *converter) binaryTest(x *syntax.BinaryTest) (string, error) {
	if x.Op == syntax.AndTest || x.Op == syntax.OrTest {
		a, err := c.test(x.X)
		if err != nil {
			return "", err
		}
		b, err := c.test(x.Y)
		switch {
		case err != nil:
			return "", err
		case a == privileged || b == privileged:
			return privileged, nil
		case x.Op == syntax.AndTest:
			return a + " and " + b, nil
		}
		return "(" + a + " or " + b + ")", nil
	}
	l, ok1 := x.X.(*syntax.Word)
	r, ok2 := x.Y.(*syntax.Word)
	if !ok1 || !ok2 {
		return "", unsupported("this test")
	}
	if asksForRoot([]*syntax.Word{l, r}) {
		return privileged, nil
	}
	if s, ok := static(r); !ok && x.Op == syntax.TsMatch || ok && strings.ContainsAny(s, "*?[") && len(r.Parts) == 1 {
		if _, bare := r.Parts[0].(*syntax.Lit); bare || !ok {
			return "", unsupported("a pattern in a test")
		}
	}
	a, err := c.word(l)
	if err != nil {
		return "", err
	}
	b, err := c.word(r)
	if err != nil {
		return "", err
	}
	return compare(a, x.Op.String(), b)
}
