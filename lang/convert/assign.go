package convert

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

var assignOps = map[syntax.BinAritOperator]string{
	syntax.Assgn: "", syntax.AddAssgn: "+", syntax.SubAssgn: "-", syntax.MulAssgn: "*", syntax.QuoAssgn: "/", syntax.RemAssgn: "%",
}

func (c *converter) declare(x *syntax.DeclClause) error {
	for _, a := range x.Args {
		if a.Naked && (a.Name == nil || a.Array == nil) {
			continue // declare -a, or a name without a value
		}
		if err := c.assign(a, x.Variant.Value == "local"); err != nil {
			return err
		}
	}
	return nil
}

// assign translates NAME=VALUE.
func (c *converter) assign(a *syntax.Assign, local bool) error {
	if a.Name == nil {
		return unsupported("this assignment")
	}
	name := a.Name.Value
	v := c.vars[name]
	if v == nil {
		v = &variable{}
		c.vars[name] = v
	}
	switch {
	case name == "PATH" || name == "IFS" || name == "LANG" || name == "LC_ALL" || name == "PS4":
		return unsupported("the shell's own variable " + name)
	case a.Index != nil:
		return unsupported("an assignment to one element")
	case a.Array != nil:
		return c.assignArray(a, v)
	}
	if p := onlyParam(a.Value); p != nil && p.Param != nil {
		if done, err := c.assignParam(a, v, p); done || err != nil {
			return err
		}
	}
	w, err := c.word(a.Value)
	if err != nil {
		return err
	}
	if local && c.frame != nil && c.frame.args != nil {
		if c.frame.locals == nil {
			c.frame.locals = map[string]word{}
		}
		c.frame.locals[name] = w
		return nil
	}
	value := w.expression()
	switch {
	case a.Append && v.list:
		value = "$" + identifier(name) + " + [" + value + "]"
	case a.Append:
		value = join(expression(identifier(name)), w).quote()
	case c.splats(v) && v.constant:
		value = inList(fields(v.value))
	}
	c.assignTo(name, value, local)
	return nil
}

func fields(s string) []word {
	var out []word
	for _, f := range strings.Fields(s) {
		out = append(out, literal(f))
	}
	return out
}

// assignParam translates what is a param of the language: N=${N:-3}, N=$1,
// N=${1:-3}. And PID=$!, which the language does by a name.
func (c *converter) assignParam(a *syntax.Assign, v *variable, p *syntax.ParamExp) (bool, error) {
	name := a.Name.Value
	if p.Param.Value == "!" && isPlain(p) {
		if c.last.empty() {
			return false, unsupported("$! of nothing")
		}
		c.spawns[name] = c.last
		return true, nil
	}
	given := isNumber(p.Param.Value) && p.Param.Value != "0" && c.frame == nil
	own := p.Param.Value == name && p.Exp != nil
	if !given && !own || c.block.outer != nil || v.declared || v.assigned > 1 {
		return false, nil
	}
	text := "param " + identifier(name)
	if p.Exp != nil {
		switch p.Exp.Op {
		case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
			w, err := c.word(p.Exp.Word)
			if err != nil {
				return false, err
			}
			text += " = " + w.expression()
		case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		default:
			return false, nil
		}
	} else if !isPlain(p) {
		return false, nil
	}
	v.declared = true
	c.add(&item{text: text})
	if own {
		c.note(Changed, "%s comes from the command line (%s=…), not from the environment", name, name)
	}
	return true, nil
}

func (c *converter) assignArray(a *syntax.Assign, v *variable) error {
	var items []string
	var list []word
	for _, e := range a.Array.Elems {
		if e.Index != nil {
			key, ok := e.Index.(*syntax.Word)
			if !ok || e.Value == nil {
				return unsupported("this list")
			}
			k, err := c.word(key)
			if err != nil {
				return err
			}
			w, err := c.word(e.Value)
			if err != nil {
				return err
			}
			items = append(items, k.String()+": "+w.expression())
			continue
		}
		words, err := c.words([]*syntax.Word{e.Value})
		if err != nil {
			return err
		}
		list = append(list, words...)
	}
	value := "{" + strings.Join(items, ", ") + "}"
	if !v.dict {
		value = "[" + strings.Join(elements(list), " ") + "]"
	}
	if a.Append {
		value = "$" + identifier(a.Name.Value) + " + " + value
	}
	c.assignTo(a.Name.Value, value, false)
	return nil
}

// assignTo writes let or set. A variable that is used further out than where it
// gets its first value is made there.
func (c *converter) assignTo(name, value string, local bool) {
	v := c.vars[name]
	id := identifier(name)
	switch {
	case v.apart:
		verb := "let "
		for b := c.block; b != nil; b = b.outer {
			if v.in[b] {
				verb = "set "
			}
		}
		if v.in == nil {
			v.in = map[*block]bool{}
		}
		v.in[c.block] = true
		c.add(&item{text: verb + id + " = " + value})
	case v.declared && !local || c.looping[name] > 0:
		c.add(&item{text: "set " + id + " = " + value})
	case local || !v.seen || len(v.common) >= c.level() || c.block.outer == nil:
		v.declared = !local || len(v.common) == 0
		c.add(&item{text: "let " + id + " = " + value})
	default:
		v.declared = true
		first := `""`
		if v.list {
			first = "[]"
		}
		c.head = append(c.head, &item{text: "let " + id + " = " + first, line: c.line})
		c.add(&item{text: "set " + id + " = " + value})
	}
}

// level counts the blocks around the statement at hand.
func (c *converter) level() int {
	n := 0
	for b := c.block; b.outer != nil; b = b.outer {
		n++
	}
	return n
}

// step translates i++ and i += 2.
func (c *converter) step(x syntax.ArithmExpr) error {
	var target syntax.ArithmExpr
	op, by := "", "1"
	switch x := x.(type) {
	case *syntax.UnaryArithm:
		target = x.X
		switch x.Op {
		case syntax.Inc:
			op = "+"
		case syntax.Dec:
			op = "-"
		default:
			return unsupported("this in (( ))")
		}
	case *syntax.BinaryArithm:
		o, ok := assignOps[x.Op]
		if !ok {
			return unsupported("this in (( ))")
		}
		e, err := c.arith(x.Y, false)
		if err != nil {
			return err
		}
		target, op, by = x.X, o, dollars(e)
	}
	w, ok := target.(*syntax.Word)
	if !ok || c.vars[w.Lit()] == nil {
		return unsupported("this in (( ))")
	}
	name := w.Lit()
	value := by
	if op != "" {
		value = "$" + identifier(name) + " " + op + " " + by
		if strings.Contains(by, " ") {
			value = "$" + identifier(name) + " " + op + " (" + by + ")"
		}
	}
	c.assignTo(name, value, false)
	return nil
}
