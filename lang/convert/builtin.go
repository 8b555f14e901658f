package convert

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func itoa(n int) string { return strconv.Itoa(n) }

// builtins are the shell's own commands. They are never handed to exec.
var builtins map[string]func(*converter, *call) error

// tools are programs whose work the language has words for. What it has none
// for goes to exec.
var tools map[string]func(*converter, *call) error

func init() {
	nothing := func(*converter, *call) error { return nil }
	builtins = map[string]func(*converter, *call) error{
		":": nothing, "true": nothing, "unset": nothing, "ulimit": nothing, "umask": nothing, "hash": nothing, "wait": nothing,
		"set": (*converter).setOptions, "trap": (*converter).trap, "exit": (*converter).exit, "return": (*converter).leaveFunction,
		"break": (*converter).jump, "continue": (*converter).jump, "shift": (*converter).shift, "source": (*converter).source, ".": (*converter).source,
		"echo": (*converter).echo, "printf": (*converter).echo, "kill": (*converter).kill,
		"[": (*converter).bare, "test": (*converter).bare, "type": nothing,
	}
	for _, name := range []string{"cd", "pushd", "popd", "eval", "read", "exec", "alias", "mapfile", "readarray", "getopts", "let", "export", "local"} {
		builtins[name] = func(_ *converter, k *call) error { return unsupported("`" + k.name() + "`") }
	}
	tools = map[string]func(*converter, *call) error{
		"ip": (*converter).ip, "brctl": (*converter).brctl, "ifconfig": (*converter).ifconfig, "route": (*converter).oldRoute,
		"sysctl": (*converter).sysctl, "ping": (*converter).ping, "ping6": (*converter).ping, "sleep": (*converter).sleep,
		"bash": (*converter).subshell, "sh": (*converter).subshell, "dash": (*converter).subshell, "nsenter": (*converter).nsenter,
	}
}

func (c *converter) setOptions(*call) error { return nil } // vnet stops at the first failure

func (c *converter) bare(*call) error { return unsupported("a test whose result nobody asks for") }

// trap is what a script takes itself down with.
func (c *converter) trap(k *call) error {
	if len(k.args) < 2 || k.args[1].is("-", "") {
		return nil
	}
	text := k.args[1].lit()
	if file, err := parseShell("", text); err == nil && text != "" && c.onlyCleansList(file.Stmts, 0) {
		c.note(Dropped, "trap %s: vnet takes down what it made if the script fails, and with --rm in any case", text)
		return nil
	}
	return unsupported("what the trap does")
}

func (c *converter) exit(k *call) error {
	if len(k.args) > 1 && !k.args[1].is("0") {
		c.look()
		c.add(&item{text: "fail 'exit " + strings.ReplaceAll(k.args[1].lit(), "'", "") + "'"})
		return nil
	}
	if c.block.outer != nil {
		return unsupported("an exit in a block")
	}
	c.gone = true
	return nil
}

func (c *converter) leaveFunction(k *call) error {
	if c.frame == nil || !c.frame.inDef || len(k.args) > 1 && !k.args[1].is("0") {
		return unsupported("`return` here")
	}
	c.look()
	c.add(&item{text: "return"})
	return nil
}

func (c *converter) jump(k *call) error {
	if len(k.args) > 1 || c.block.outer == nil {
		return unsupported("`" + k.name() + "` here")
	}
	c.look()
	c.add(&item{text: k.name()})
	return nil
}

func (c *converter) shift(k *call) error {
	if c.frame == nil || c.frame.args == nil || c.block.outer != c.frame.outer {
		return unsupported("`shift` here")
	}
	n := 1
	if len(k.args) > 1 {
		n, _ = strconv.Atoi(k.args[1].lit())
	}
	if n < 1 || n > len(c.frame.args) {
		return unsupported("`shift` here")
	}
	c.frame.args = c.frame.args[n:]
	return nil
}

// source reads another file in.
func (c *converter) source(k *call) error {
	path, ok := "", false
	if len(k.args) == 2 {
		path, ok = k.args[1].value()
	}
	if !ok || c.opt.Read == nil || c.depth > 20 {
		return unsupported("another file")
	}
	text, err := c.opt.Read(path)
	if err != nil {
		return unsupported("another file: " + err.Error())
	}
	return c.inner(text)
}

// inner translates a text of its own as if it stood here.
func (c *converter) inner(text string) error {
	file, err := parseShell("", text)
	if err != nil {
		return unsupported(err.Error())
	}
	line, frame := c.line, c.frame
	(&surveyor{c: c}).stmts(file.Stmts)
	for _, s := range file.Stmts {
		s.Comments = nil
		c.line = line
		if c.depth++; c.depth > maxDepth {
			c.depth--
			return unsupported("too deep")
		}
		err := c.command(s)
		c.depth--
		if err != nil {
			c.frame = frame
			return err
		}
	}
	return nil
}

// echo prints, or writes a kernel parameter.
func (c *converter) echo(k *call) error {
	args := k.args[1:]
	if !k.file.empty() {
		return c.procfs(k, args)
	}
	if k.name() == "printf" {
		format, ok := "", false
		if len(args) == 1 {
			format, ok = args[0].value()
		}
		if !ok || strings.ContainsAny(strings.TrimSuffix(format, `\n`), `%\`) {
			return c.asText(k)
		}
		args = []word{literal(strings.TrimSuffix(format, `\n`))}
	}
	for len(args) > 0 && args[0].is("-e", "-n", "-E", "-ne", "-en") {
		if args[0].lit() != "-E" {
			for _, a := range args {
				for _, p := range a.parts {
					if strings.Contains(p.lit, `\`) {
						return c.asText(k)
					}
				}
			}
		}
		args = args[1:]
	}
	if k.quiet {
		return nil
	}
	if c.inDo() {
		return c.asText(k)
	}
	if len(args) == 0 {
		args = []word{{}}
	}
	c.add(&item{text: "echo " + strings.Join(texts(args), " ")})
	return nil
}

// inDo reports whether a command is asked for its status.
func (c *converter) inDo() bool { return c.probing }

// asText hands a command of the shell's own to a shell.
func (c *converter) asText(k *call) error {
	it, err := c.toShell(k.stmt)
	if err != nil {
		return err
	}
	c.add(it)
	return nil
}

// procfs translates echo 1 > /proc/sys/net/ipv4/ip_forward.
func (c *converter) procfs(k *call, args []word) error {
	if len(k.file.parts) == 0 || len(args) == 0 || k.mixed && k.doc != nil {
		return unsupported("a file")
	}
	path := k.file
	rest, ok := strings.CutPrefix(path.parts[0].lit, "/proc/sys/")
	if !ok || !strings.HasPrefix(rest, "net/") {
		return c.asText(k)
	}
	key := word{parts: append([]part{{lit: rest}}, path.parts[1:]...)}
	for i, p := range key.parts {
		if p.expr == "" && !strings.Contains(p.lit, ".") {
			key.parts[i].lit = strings.ReplaceAll(p.lit, "/", ".")
		} else if strings.Contains(p.lit, ".") {
			return c.asText(k)
		}
	}
	var value []word
	for i, a := range args {
		if i > 0 {
			value = append(value, literal(" "))
		}
		value = append(value, a)
	}
	return c.parameter(key, join(value...))
}

// parameter sets a kernel parameter.
func (c *converter) parameter(key, value word) error {
	text := "sysctl " + key.String() + " = " + value.expression()
	if !strings.HasPrefix(key.parts[0].lit, "net") {
		return unsupported("a parameter that is not of the network")
	}
	if s := key.String(); strings.Contains(s, "ipv6") && strings.Contains(s, "conf") {
		c.touch(c.ns, strings.ReplaceAll(s, ".", " "), true)
	}
	c.add(&item{text: text, in: true, ns: c.ns, prefix: c.tolerance()})
	return nil
}

func (c *converter) sysctl(k *call) error {
	var pairs [][2]word
	args := k.args[1:]
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		if s := a.lit(); strings.HasPrefix(s, "-") {
			if strings.Trim(s, "-qweN") != "" && s != "--write" && s != "--quiet" {
				return unsupported("this option of sysctl")
			}
			continue
		}
		if len(args) > 1 && args[0].is("=") {
			pairs = append(pairs, [2]word{a, args[1]})
			args = args[2:]
			continue
		}
		key, value, ok := a.cut("=")
		if !ok {
			return unsupported("a question to sysctl")
		}
		pairs = append(pairs, [2]word{key, value})
	}
	if len(pairs) == 0 {
		return unsupported("sysctl without a parameter")
	}
	for _, p := range pairs {
		if p[0].empty() || p[0].parts[0].expr != "" {
			return unsupported("this parameter")
		}
		if err := c.parameter(p[0], p[1]); err != nil {
			return err
		}
	}
	return nil
}

// cut divides a word at a character of its own.
func (w word) cut(at string) (before, after word, ok bool) {
	for i, p := range w.parts {
		a, b, found := strings.Cut(p.lit, at)
		if p.expr != "" || !found {
			continue
		}
		before.parts = append(before.parts, w.parts[:i]...)
		if a != "" {
			before.parts = append(before.parts, part{lit: a})
		}
		if b != "" {
			after.parts = append(after.parts, part{lit: b})
		}
		after.parts = append(after.parts, w.parts[i+1:]...)
		return before, after, true
	}
	return w, word{}, false
}

func (c *converter) sleep(k *call) error {
	if len(k.args) != 2 || c.probing {
		return unsupported("sleep")
	}
	s, ok := k.args[1].value()
	if !ok {
		return unsupported("sleep")
	}
	unit := "s"
	if n := len(s); n > 0 && strings.ContainsRune("smh", rune(s[n-1])) {
		s, unit = s[:n-1], s[n-1:]
	}
	if _, err := strconv.ParseFloat(s, 64); err != nil || strings.HasPrefix(s, ".") || strings.ContainsAny(s, "eExX+-_") || len(s) > 6 {
		return unsupported("sleep")
	}
	c.look()
	c.add(&item{text: "wait " + s + unit})
	return nil
}

// kill ends programs that were started in the background.
func (c *converter) kill(k *call) error {
	if c.ending {
		return nil
	}
	call, ok := k.stmt.Cmd.(*syntax.CallExpr)
	if !ok {
		return unsupported("kill")
	}
	var names []string
	for _, a := range call.Args[1:] {
		x := onlyParam(a)
		if x == nil || x.Param == nil {
			return unsupported("kill")
		}
		name, ok := c.spawns[x.Param.Value]
		if x.Param.Value == "!" && !c.last.empty() {
			name, ok = c.last, true
		}
		if !ok {
			return unsupported("kill")
		}
		names = append(names, name.String())
	}
	if len(names) == 0 {
		return unsupported("kill")
	}
	c.look()
	c.add(&item{text: "stop " + strings.Join(names, " ")})
	return nil
}

// subshell translates sh -c '…', and a text that a shell reads.
func (c *converter) subshell(k *call) error {
	args := k.args[1:]
	for len(args) > 0 && args[0].is("-e", "-x", "-ex", "-s") {
		args = args[1:]
	}
	if len(args) == 0 && k.doc != nil {
		return c.scripted(*k.doc)
	}
	if len(args) == 2 && args[0].is("-c", "-ec", "-xc") {
		if text, ok := args[1].value(); ok {
			return c.scripted(text)
		}
	}
	return unsupported("this call of a shell")
}

// scripted translates the text of a shell, if all of it is understood.
func (c *converter) scripted(text string) error {
	n, notes := len(c.block.items), len(c.notes)
	vars, frame := c.vars, c.frame
	if strings.Contains(text, "$") && strings.Contains(text, "=") {
		return unsupported("variables of its own")
	}
	err := c.inner(text)
	if err != nil {
		c.block.items, c.notes, c.vars, c.frame = c.block.items[:min(n, len(c.block.items))], c.notes[:notes], vars, frame
	}
	return err
}
