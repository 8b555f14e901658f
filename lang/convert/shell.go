package convert

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/shell"
)

// program translates the whole file.
func (c *converter) program(f *syntax.File) {
	keep, cut := c.opening(f), c.closing(f.Stmts)
	c.loose(keep, false)
	c.stmtsUntil(f.Stmts, f.Last, cut)
	if len(c.head) > 0 {
		c.params()
	}
	if !c.loUp && len(c.made) > 0 && c.space(c.made[0]) != nil {
		c.line = 1
		c.note(Changed, "lo is up in the namespaces that vnet makes; the script leaves it down")
	}
}

// params puts the params of the arguments behind the first comments.
func (c *converter) params() {
	at := 0
	for at < len(c.block.items) && len(c.block.items[at].lines()) == 0 && len(c.block.items[at].arms) == 0 {
		at++
	}
	rest := append([]*item{}, c.block.items[at:]...)
	if len(rest) > 0 {
		rest[0].blank = true
	}
	c.head[0].blank = at > 0
	c.block.items = append(append(c.block.items[:at:at], c.head...), rest...)
}

// opening takes the comments at the beginning away from the first statement:
// they are about the script. The line that names the shell is left out.
func (c *converter) opening(f *syntax.File) []syntax.Comment {
	if len(f.Stmts) == 0 {
		return nil
	}
	first := f.Stmts[0]
	var head, rest []syntax.Comment
	for i, m := range first.Comments {
		switch {
		case i == 0 && strings.HasPrefix(m.Text, "!") && m.Hash.Line() == 1:
		case m.Hash.After(first.Position), len(rest) > 0:
			rest = append(rest, m)
		default:
			head = append(head, m)
		}
	}
	first.Comments = rest
	return head
}

// closing finds where the script begins to take down what it has made.
func (c *converter) closing(list []*syntax.Stmt) int {
	cut, dels := len(list), false
	for i := len(list) - 1; i > 0 && c.cleans(list[i], 0); i-- {
		if cleansSpaces(list[i]) || c.cleaner(list[i]) != nil {
			cut, dels = i, true
		}
	}
	if !dels || !c.makesBefore(list[:cut]) {
		return len(list)
	}
	return cut
}

// loose writes comments that belong to no statement.
func (c *converter) loose(list []syntax.Comment, blank bool) {
	last := uint(0)
	for _, m := range list {
		if last == 0 || m.Hash.Line() > last+1 {
			c.block.items = append(c.block.items, &item{blank: blank || last > 0})
		}
		it := c.block.items[len(c.block.items)-1]
		it.comments = append(it.comments, comment(m))
		last = m.Hash.Line()
	}
}

func comment(m syntax.Comment) string { return "#" + printable(strings.TrimRight(m.Text, " \t\r")) }

func (c *converter) stmts(list []*syntax.Stmt, last []syntax.Comment) {
	c.stmtsUntil(list, last, len(list))
}

func (c *converter) stmtsUntil(list []*syntax.Stmt, last []syntax.Comment, cut int) {
	end := uint(0)
	for i, s := range list {
		c.ending = c.ending || i >= cut
		c.stmt(s, end)
		end = s.End().Line()
	}
	c.loose(last, len(last) > 0 && end > 0 && last[0].Hash.Line() > end+1)
}

// stmt translates a statement with its comments. What it became a part of gets
// them, if it has none of its own.
func (c *converter) stmt(s *syntax.Stmt, before uint) {
	if c.gone {
		c.line = int(s.Pos().Line())
		c.note(Dropped, "%s: it stands behind the exit", firstLine(source(s)))
		return
	}
	if c.steps > maxSteps+100 {
		c.ended = true
		return // and render says so
	}
	lead, tail, far := c.comments(s)
	blank := before > 0 && start(s) > before+1
	if len(far) > 0 {
		c.loose(far, blank)
		blank = true
	}
	lead, c.carry = append(c.carry, lead...), nil
	n := len(c.block.items)
	c.line, c.onto, c.idle = int(s.Pos().Line()), nil, false
	line := c.line
	if c.depth++; c.depth > maxDepth || c.steps > maxSteps {
		c.leave(s, "too deep, or too long when it is written out")
	} else if err := c.command(s); err != nil {
		c.line = line
		c.block.items = c.block.items[:min(n, len(c.block.items))]
		c.fallback(s, err)
	}
	c.depth--
	for _, it := range c.block.items[min(n, len(c.block.items)):] {
		if it.from == nil {
			it.from = s
		}
	}
	switch {
	case len(c.block.items) > n:
		it := c.block.items[n]
		it.comments, it.tail = append(lead, it.comments...), tail
		it.blank = it.blank || blank
	case c.onto == nil && c.idle:
		c.carry = lead
	case c.onto != nil:
		if tail != "" {
			lead = append(lead, tail)
		}
		c.onto.comments = append(c.onto.comments, lead...)
	}
}

func start(s *syntax.Stmt) uint {
	if len(s.Comments) > 0 && !s.Comments[0].Hash.After(s.Position) {
		return s.Comments[0].Hash.Line()
	}
	return s.Pos().Line()
}

// comments tells the comments right before a statement, the one behind it and
// those set apart.
func (c *converter) comments(s *syntax.Stmt) (lead []string, tail string, far []syntax.Comment) {
	next := s.Pos().Line()
	for i := len(s.Comments) - 1; i >= 0; i-- {
		m := s.Comments[i]
		switch {
		case m.Hash.After(s.Position):
			tail = comment(m)
		case m.Hash.Line()+1 >= next && len(far) == 0:
			lead = append([]string{comment(m)}, lead...)
			next = m.Hash.Line()
		default:
			far = append([]syntax.Comment{m}, far...)
		}
	}
	return lead, tail, far
}

// add appends an item.
func (c *converter) add(it *item) *item {
	it.line = c.line
	c.block.items = append(c.block.items, it)
	return it
}

// source gives the text of a statement.
func source(n syntax.Node) string {
	if s, ok := n.(*syntax.Stmt); ok {
		plain := *s
		plain.Comments = nil
		n = &plain
	}
	var b strings.Builder
	if syntax.NewPrinter(syntax.Indent(2)).Print(&b, n) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}

// leave marks a statement as not converted.
func (c *converter) leave(s *syntax.Stmt, why string) {
	text := source(s)
	c.note(NotConverted, "%s (%s)", firstLine(text), why)
	c.add(&item{comments: unconverted(text)})
}

// fallback hands a statement to the shell as it is, if that does the same.
func (c *converter) fallback(s *syntax.Stmt, why error) {
	outer := c.ns
	defer func() { c.ns = outer }()
	if it, err := c.toShell(c.unwrap(s)); err == nil {
		c.add(it)
		return
	}
	c.leave(s, why.Error())
}

// unwrap takes `ip netns exec NS` away from a command and goes there.
func (c *converter) unwrap(s *syntax.Stmt) *syntax.Stmt {
	x, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(x.Args) < 5 || x.Args[0].Lit() != "ip" || x.Args[1].Lit() != "netns" || x.Args[2].Lit() != "exec" {
		return s
	}
	ns, err := c.word(x.Args[3])
	if err != nil || ns.empty() || !c.ns.empty() {
		return s
	}
	c.ns = c.called(ns)
	plain, call := *s, *x
	call.Args = x.Args[4:]
	plain.Cmd = &call
	return &plain
}

// toShell makes `exec sh` of a statement.
func (c *converter) toShell(s *syntax.Stmt) (*item, error) {
	if err := c.selfContained(s); err != nil {
		return nil, err
	}
	text := source(s)
	if text == "" {
		return nil, unsupported("no text")
	}
	c.look()
	status := ""
	if c.tolerant {
		status = "status any "
	}
	call := "exec " + status + c.inside()
	if shell.Check(text) == nil {
		return &item{text: call + "sh " + raw(text)}, nil
	}
	env := ""
	for _, v := range c.uses(s) {
		env += "env " + v + "=$" + v + " "
	}
	return &item{text: "exec " + status + env + c.inside() + "bash -c " + raw(text)}, nil
}

// inside is the `in NS` of exec.
func (c *converter) inside() string {
	if c.ns.empty() {
		return ""
	}
	return "in " + c.ns.String() + " "
}

// raw puts a text for the shell into quotes that leave it as it is.
func raw(text string) string {
	if !strings.ContainsAny(text, "'\n") && clean(text) {
		return "'" + text + "'"
	}
	if !strings.Contains(text, "'''") && clean(strings.ReplaceAll(text, "\n", "")) {
		return "'''\n" + text + "\n'''"
	}
	return word{parts: []part{{lit: text}}}.quote()
}

// selfContained reports why a statement cannot be handed to a shell of its own:
// it changes this one, or needs what only this one has. Parameters of a
// function get their names.
func (c *converter) selfContained(s *syntax.Stmt) error {
	var err error
	own := map[string]bool{}
	syntax.Walk(s, func(x syntax.Node) bool {
		switch x := x.(type) {
		case *syntax.Assign:
			if x.Name != nil {
				own[x.Name.Value] = true
			}
		case *syntax.ForClause:
			if l, ok := x.Loop.(*syntax.WordIter); ok {
				own[l.Name.Value] = true
			}
		case *syntax.FuncDecl:
			err = unsupported("a function")
		case *syntax.CallExpr:
			err = c.ownCall(x, err)
		case *syntax.ParamExp:
			err = c.rename(x, err)
		}
		return err == nil
	})
	for name := range own {
		if v := c.vars[name]; v != nil && !v.loop {
			return unsupported("a variable that is used elsewhere")
		}
	}
	return err
}

func (c *converter) ownCall(x *syntax.CallExpr, err error) error {
	if len(x.Args) == 0 {
		return err
	}
	name := x.Args[0].Lit()
	switch name {
	case "exit", "return", "break", "continue", "cd", "set", "export", "trap", "exec", "eval", "source", ".", "shift", "read", "wait", "local", "unset":
		return unsupported("`" + name + "` in a shell of its own")
	}
	if c.funcs[name] != nil {
		return unsupported("a function of the script in a shell of its own")
	}
	return err
}

func (c *converter) rename(x *syntax.ParamExp, err error) error {
	if x.Param == nil {
		return unsupported("this parameter expansion")
	}
	name := x.Param.Value
	if _, ok := c.spawns[name]; ok || strings.ContainsAny(name, "@*#?!-") || name == "0" {
		return unsupported("$" + name + " in a shell of its own")
	}
	if v := c.vars[name]; v != nil && (v.list || v.dict) {
		return unsupported("a list in a shell of its own")
	}
	if isNumber(name) {
		w, bad := c.positional(int(name[0] - '0'))
		if bad != nil || len(name) > 1 || len(w.parts) != 1 || identifier(w.parts[0].expr) != w.parts[0].expr || w.parts[0].expr == "" {
			return unsupported("$" + name + " in a shell of its own")
		}
		x.Param.Value = w.parts[0].expr
	}
	return err
}

// uses lists the variables of the script that a text for bash needs.
func (c *converter) uses(s *syntax.Stmt) []string {
	var out []string
	seen := map[string]bool{}
	syntax.Walk(s, func(x syntax.Node) bool {
		if p, ok := x.(*syntax.ParamExp); ok && p.Param != nil {
			v := c.vars[p.Param.Value]
			if v != nil && (v.assigned > 0 || v.declared) && !seen[p.Param.Value] {
				seen[p.Param.Value] = true
				out = append(out, p.Param.Value)
			}
		}
		return true
	})
	return out
}

// capture runs what stands in $( ) and keeps what it prints.
func (c *converter) capture(x *syntax.CmdSubst) (part, error) {
	if s, ok := seqCall(x); ok && len(s) > 0 {
		return part{}, unsupported("seq here")
	}
	if len(x.Stmts) != 1 {
		return part{}, unsupported("$( ) with several commands")
	}
	it, err := c.toShell(x.Stmts[0])
	if err != nil {
		return part{}, err
	}
	name := c.temp()
	it.text = "let " + name + " = " + it.text
	c.add(it)
	return part{expr: name + ".out"}, nil
}

// temp makes the name of a variable for what a program printed.
func (c *converter) temp() string {
	c.temps++
	return "out" + strconv.Itoa(c.temps)
}
