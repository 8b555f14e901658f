package convert

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// A call is a simple command.
type call struct {
	args  []word
	env   []string
	quiet bool         // what it prints goes to /dev/null
	file  word         // what it prints goes to a file
	doc   *string      // what it reads, if that is known
	stmt  *syntax.Stmt // the whole of it
	mixed bool         // its redirections are more than that
}

func (k *call) name() string { return k.args[0].lit() }

// call translates a simple command, or assignments.
func (c *converter) call(s *syntax.Stmt, x *syntax.CallExpr) error {
	if len(x.Args) == 0 {
		for _, a := range x.Assigns {
			if err := c.assign(a, c.frame != nil && c.frame.args != nil); err != nil {
				return err
			}
		}
		return nil
	}
	k := &call{stmt: s}
	if x.Args[0].Lit() == "kill" {
		return c.kill(k)
	}
	if err := c.redirections(k, s.Redirs); err != nil {
		return err
	}
	for _, a := range x.Assigns {
		w, err := c.word(a.Value)
		if err != nil || a.Name == nil || a.Array != nil || a.Append {
			return unsupported("this environment")
		}
		k.env = append(k.env, a.Name.Value+"="+w.arg())
	}
	args, err := c.words(x.Args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return nil
	}
	k.args = args
	if f := c.funcs[k.name()]; f != nil {
		return c.callFunction(f, args[1:])
	}
	return c.simple(k)
}

// harmless reports whether redirections only hide what is printed.
func harmless(list []*syntax.Redirect) bool {
	for _, r := range list {
		to, ok := static(r.Word)
		if !ok || r.Hdoc != nil || to != "/dev/null" && to != "1" && to != "2" {
			return false
		}
	}
	return true
}

func (c *converter) redirections(k *call, list []*syntax.Redirect) error {
	for _, r := range list {
		to, known := static(r.Word)
		fd := "1"
		if r.N != nil {
			fd = r.N.Value
		}
		switch {
		case r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc:
			text, ok := static(r.Hdoc)
			if !ok {
				k.mixed = true
				continue
			}
			k.doc = &text
		case r.Op == syntax.WordHdoc && known:
			to += "\n"
			k.doc = &to
		case known && to == "/dev/null" && (r.Op == syntax.RdrAll || r.Op == syntax.AppAll || fd == "1" && r.Op != syntax.RdrIn):
			k.quiet = true
		case known && (to == "/dev/null" || to == "1" || to == "2" || to == "&1" || to == "&2"):
		case (r.Op == syntax.RdrOut || r.Op == syntax.RdrClob) && fd == "1":
			w, err := c.word(r.Word)
			if err != nil {
				return err
			}
			k.file = w
			if s := w.String(); !strings.HasPrefix(strings.Trim(s, `"'`), "/proc/sys/") {
				k.mixed = true
			}
		default:
			k.mixed = true
		}
	}
	return nil
}

// simple translates a simple command.
func (c *converter) simple(k *call) error {
	for len(k.args) > 1 && (k.name() == "sudo" || k.name() == "command" || k.name() == "env" || k.name() == "exec") {
		rest := k.args[1:]
		for len(rest) > 0 && rest[0].is("-E", "-n", "-H", "-S", "--") {
			rest = rest[1:]
		}
		if len(rest) == 0 || strings.HasPrefix(rest[0].lit(), "-") || k.name() == "env" && strings.Contains(rest[0].lit(), "=") {
			break
		}
		k.args = rest
		if f := c.funcs[k.name()]; f != nil {
			return c.callFunction(f, k.args[1:])
		}
	}
	name := k.name()
	if i := strings.LastIndexByte(name, '/'); i >= 0 && strings.Contains(name, "bin/") {
		name = name[i+1:]
	}
	if do, ok := builtins[name]; ok {
		return do(c, k)
	}
	if do, ok := tools[name]; ok && !k.mixed {
		n, notes := len(c.block.items), len(c.notes)
		err := do(c, k)
		if err == nil {
			return nil
		}
		c.block.items, c.notes = c.block.items[:n], c.notes[:notes]
	}
	return c.run(k)
}

// quietly are programs that change settings, and look at nothing.
var quietly = map[string]bool{
	"arp": true, "arptables": true, "bridge": true, "ebtables": true, "ethtool": true, "ip": true, "ip6tables": true, "iptables": true,
	"nft": true, "sysctl": true, "tc": true, "ifconfig": true, "route": true, "brctl": true, "modprobe": true,
}

// run makes exec of a command.
func (c *converter) run(k *call) error {
	if k.mixed || k.doc != nil {
		return unsupported("a redirection")
	}
	var b strings.Builder
	b.WriteString("exec ")
	if c.tolerant {
		b.WriteString("status any ")
	}
	for _, e := range k.env {
		b.WriteString("env " + e + " ")
	}
	if k.quiet {
		b.WriteString("quiet ")
	}
	b.WriteString(c.inside())
	if c.ns.empty() && optionLike[k.name()] {
		b.WriteString("-- ")
	}
	for i, a := range k.args {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(a.arg())
	}
	text := b.String()
	if quietly[k.name()] && !c.probing {
		c.touch(c.ns, text, true)
	} else {
		c.look()
	}
	c.add(&item{text: text})
	return nil
}

// optionLike are programs that exec would take for its own options.
var optionLike = map[string]bool{"timeout": true, "status": true, "as": true, "dir": true, "env": true, "quiet": true, "in": true, "sh": true}

// background translates `cmd &`.
func (c *converter) background(s *syntax.Stmt) error {
	plain := *s
	plain.Background = false
	n := len(c.block.items)
	tolerant := c.tolerant
	c.tolerant, c.probing = false, true
	err := c.command(&plain)
	c.tolerant, c.probing = tolerant, false
	if err == nil && len(c.block.items) == n+1 && strings.HasPrefix(c.block.items[n].text, "exec ") {
		c.spawn(c.block.items[n])
		return nil
	}
	c.block.items = c.block.items[:min(n, len(c.block.items))]
	outer := c.ns
	defer func() { c.ns = outer }()
	it, err := c.toShell(c.unwrap(&plain))
	if err != nil || !strings.Contains(it.text, "sh ") {
		return unsupported("this in the background")
	}
	c.add(it)
	c.spawn(it)
	return nil
}

// spawn makes a program in the background of one in the foreground, with a name
// by which it can be stopped.
func (c *converter) spawn(it *item) {
	c.spawned++
	name := "job" + itoa(c.spawned)
	it.text = "spawn as " + name + " " + strings.TrimPrefix(it.text, "exec ")
	c.last = literal(name)
}
