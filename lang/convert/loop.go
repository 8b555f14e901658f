package convert

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/lex"
)

func (c *converter) loop(x *syntax.ForClause) error {
	head, name := "", ""
	switch l := x.Loop.(type) {
	case *syntax.WordIter:
		name = l.Name.Value
		if len(l.Items) == 0 {
			return unsupported("a loop over the arguments")
		}
		list, err := c.list(l.Items)
		if err != nil {
			return err
		}
		head = "for " + identifier(name) + " in " + list
	case *syntax.CStyleLoop:
		name = counter(l)
		list, err := c.counted(l)
		if err != nil {
			return err
		}
		head = "for " + identifier(name) + " in " + list
	default:
		return unsupported("this loop")
	}
	if x.Select {
		return unsupported("select")
	}
	c.looping[name]++
	body := c.nested(x.Do, x.DoLast)
	c.looping[name]--
	if !hollow(body) {
		c.add(&item{arms: []arm{{head, body}}})
	}
	return nil
}

// list translates what a for goes through.
func (c *converter) list(items []*syntax.Word) (string, error) {
	if len(items) == 1 {
		if l := items[0].Lit(); l != "" {
			if a, b, ok := braceRange(l); ok {
				return a + ".." + b, nil
			}
		}
		if len(items[0].Parts) == 1 {
			if sub, ok := items[0].Parts[0].(*syntax.CmdSubst); ok {
				if args, ok := seqCall(sub); ok {
					return c.seq(args)
				}
			}
		}
		if x := onlyParam(items[0]); x != nil && x.Param != nil && lex.Ident(x.Param.Value) {
			if s, ok, err := c.listVariable(x, items[0]); ok || err != nil {
				return s, err
			}
		}
	}
	words, err := c.words(items)
	if err != nil {
		return "", err
	}
	for i, w := range items {
		if p, ok := w.Parts[0].(*syntax.CmdSubst); ok && len(w.Parts) == 1 {
			if len(items) > 1 {
				return "", unsupported("$( ) among other words")
			}
			_ = p
			return "split(" + dollars(words[i].parts[0].expr) + ")", nil
		}
	}
	return inList(words), nil
}

// listVariable translates `for x in $LIST`.
func (c *converter) listVariable(x *syntax.ParamExp, w *syntax.Word) (string, bool, error) {
	v := c.vars[x.Param.Value]
	id := identifier(x.Param.Value)
	_, quoted := w.Parts[0].(*syntax.DblQuoted)
	switch {
	case x.Index != nil || !isPlain(x):
		e, err := c.param(x)
		if err != nil {
			return "", false, err
		}
		return dollars(e.parts[0].expr), true, nil
	case v == nil || quoted:
		return "", false, nil
	case c.splats(v):
		return "$" + id, true, nil
	case v.assigned > 0 || v.declared:
		return "split($" + id + ")", true, nil
	}
	return "", false, nil
}

// splats reports whether a text of words is better a list.
func (c *converter) splats(v *variable) bool {
	return v.list && !v.dict || v.constant && v.looped && v.asWhole && strings.ContainsAny(strings.TrimSpace(v.value), " \t\n")
}

// inList writes words as a list: h1 h2 h3 as h1..h3.
func inList(words []word) string {
	if a, b, ok := consecutive(words); ok {
		return a + ".." + b
	}
	return "[" + strings.Join(elements(words), " ") + "]"
}

func elements(words []word) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w.expression()
		if len(w.parts) == 1 && w.parts[0].expr != "" && !lex.Ident(w.parts[0].expr) {
			out[i] = w.String()
		}
	}
	return out
}

func consecutive(words []word) (first, last string, ok bool) {
	stem, from := "", 0
	for i, w := range words {
		s := w.lit()
		at := len(strings.TrimRight(s, "0123456789"))
		n, err := strconv.Atoi(s[at:])
		if err != nil || len(s)-at > 6 || s[at] == '0' && len(s)-at > 1 || strings.ContainsAny(s[:at], ".:/-") {
			return "", "", false
		}
		if i == 0 {
			stem, from = s[:at], n
		}
		if s[:at] != stem || n != from+i {
			return "", "", false
		}
	}
	if len(words) < 3 {
		return "", "", false
	}
	return words[0].lit(), words[len(words)-1].lit(), true
}

func braceRange(s string) (a, b string, ok bool) {
	inner, ok := strings.CutPrefix(s, "{")
	if !ok || !strings.HasSuffix(inner, "}") {
		return "", "", false
	}
	a, b, ok = strings.Cut(inner[:len(inner)-1], "..")
	return a, b, ok && isNumber(a) && isNumber(b)
}

// seqCall gives the arguments of $(seq …).
func seqCall(x *syntax.CmdSubst) ([]*syntax.Word, bool) {
	if len(x.Stmts) != 1 || len(x.Stmts[0].Redirs) > 0 {
		return nil, false
	}
	call, ok := x.Stmts[0].Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) < 2 || call.Args[0].Lit() != "seq" {
		return nil, false
	}
	return call.Args[1:], true
}

func (c *converter) seq(args []*syntax.Word) (string, error) {
	words, err := c.words(args)
	if err != nil {
		return "", err
	}
	n := make([]string, len(words))
	for i, w := range words {
		n[i] = w.lit()
		if w.lit() == "" && len(w.parts) == 1 {
			n[i] = w.String()
		}
		if n[i] == "" || strings.HasPrefix(n[i], "-") {
			return "", unsupported("these arguments of seq")
		}
	}
	switch len(n) {
	case 1:
		return "1.." + n[0], nil
	case 2:
		return n[0] + ".." + n[1], nil
	case 3:
		end := "1"
		if last, err := strconv.Atoi(n[2]); err == nil {
			return "range(" + n[0] + ", " + strconv.Itoa(last+1) + ", " + n[1] + ")", nil
		}
		return "range(" + n[0] + ", " + n[2] + " + " + end + ", " + n[1] + ")", nil
	}
	return "", unsupported("these arguments of seq")
}

// counter is the variable of for ((i = 1; …)).
func counter(l *syntax.CStyleLoop) string {
	b, ok := l.Init.(*syntax.BinaryArithm)
	if !ok || b.Op != syntax.Assgn {
		return ""
	}
	w, ok := b.X.(*syntax.Word)
	if !ok || !lex.Ident(w.Lit()) {
		return ""
	}
	return w.Lit()
}

// counted translates for ((i = a; i <= b; i++)).
func (c *converter) counted(l *syntax.CStyleLoop) (string, error) {
	name := counter(l)
	cond, ok1 := l.Cond.(*syntax.BinaryArithm)
	post, ok2 := l.Post.(*syntax.UnaryArithm)
	if name == "" || !ok1 || !ok2 || post.Op != syntax.Inc {
		return "", unsupported("this loop")
	}
	left, ok1 := cond.X.(*syntax.Word)
	target, ok2 := post.X.(*syntax.Word)
	if !ok1 || !ok2 || left.Lit() != name || target.Lit() != name {
		return "", unsupported("this loop")
	}
	from, err := c.arith(l.Init.(*syntax.BinaryArithm).Y, false)
	if err != nil {
		return "", err
	}
	to, err := c.arith(cond.Y, false)
	if err != nil {
		return "", err
	}
	switch {
	case cond.Op == syntax.Lss:
		return "range(" + dollars(from) + ", " + dollars(to) + ")", nil
	case cond.Op == syntax.Leq && isNumber(from) && (isNumber(to) || lex.Ident(to)):
		return from + ".." + dollars(to), nil
	case cond.Op == syntax.Leq:
		return "range(" + dollars(from) + ", " + dollars(to) + " + 1)", nil
	}
	return "", unsupported("this loop")
}

func (c *converter) while(x *syntax.WhileClause) error {
	cond, err := c.condition(x.Cond, true)
	if err != nil {
		return err
	}
	if x.Until {
		cond = "not (" + cond + ")"
	}
	c.look()
	c.add(&item{arms: []arm{{"while " + cond, c.nested(x.Do, x.DoLast)}}})
	return nil
}
