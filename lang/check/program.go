package check

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/shell"
	"vnet/lang/token"
	"vnet/lang/usage"
)

// look checks what expect and wait until look at.
func (w *walker) look(c ast.Cond) {
	switch c := c.(type) {
	case *ast.Ping:
		w.space(c.From)
		w.target(c.To)
		w.options("expect", usage.Ping, c.Opts)
		if o := c.Opts.Get("size"); o != nil {
			w.pingSize(o.Args[0])
		}
	case *ast.Dial:
		w.space(c.From)
		w.target(c.To)
		if c.Port != nil {
			w.port(c.Port, diag.OutOfBounds)
		}
		w.options("expect", usage.Dial, c.Opts)
	case *ast.Path:
		w.space(c.From)
		w.target(c.To)
		for _, x := range c.Via {
			w.target(x)
		}
		w.options("expect", usage.Way, c.Opts)
	case *ast.RouteTo:
		w.space(c.NS)
		w.kind(c.Dest, usage.Dest)
		if c.Via != nil {
			w.expr(c.Via)
			if text, quoted, ok := lit(c.Via); ok {
				w.via(c.Via, text, quoted)
			}
		}
		w.options("expect", usage.RouteTo, c.Opts)
	case *ast.ExecCond:
		w.program("exec", c.Exec)
	case *ast.ExprCond:
		w.condition(c.X)
	}
}

func (w *walker) pingSize(x ast.Expr) {
	text, ok := ast.Lit(x)
	if !ok {
		return
	}
	n, ok := literal.ParseInt(text)
	if !ok {
		n, ok = literal.ParseSize(text)
	}
	if ok && n > 65507 {
		w.fail(diag.OutOfBounds, x.Where(), "size is from 0 to 65507")
	}
}

func (w *walker) wait(s *ast.Wait) {
	if s.For != nil {
		w.kind(s.For, usage.Duration)
	}
	if s.Until != nil {
		w.look(s.Until)
	}
	w.options("wait", usage.Whole, s.Opts)
}

// spawn checks a program in the background.
func (w *walker) spawn(s *ast.Spawn) {
	w.program("spawn", s.Program)
	if o := s.Program.Opts.Get("as"); o != nil {
		w.named(o.Args[0], name.Program)
	}
	o := s.Program.Opts.Get("ready")
	if o == nil {
		return
	}
	text, quoted, ok := lit(o.Args[0])
	if !ok {
		return
	}
	n, isPort := literal.ParseInt(text)
	_, isTime := literal.ParseDuration(text)
	switch _, err := regexp.Compile(text); {
	case !quoted && isPort && (n < 1 || n > 65535):
		w.port(o.Args[0], diag.OutOfBounds)
	case !quoted && (isPort || isTime), err == nil:
	default:
		w.fail(diag.Malformed, o.Args[0].Where(), "`%s` is not a pattern: %s", show(text), show(err.Error())).
			WithHelp("patterns are those of RE2: https://github.com/google/re2/wiki/Syntax")
	}
}

// program checks what exec or spawn runs.
func (w *walker) program(word string, s *ast.Exec) {
	w.options(word, usage.Whole, s.Opts)
	if s.In != nil {
		w.space(s.In)
	}
	w.exprs(s.Args)
	for _, line := range s.Lines {
		w.exprs(line)
	}
	if s.Sh != nil {
		w.expr(s.Sh)
		w.sh(s.Sh)
	}
}

// sh checks a text for the shell.
func (w *walker) sh(x ast.Expr) {
	str, ok := x.(*ast.Str)
	if !ok {
		return
	}
	text, ok := ast.Lit(str)
	if !ok {
		w.pasted(str)
		return
	}
	if bad := shell.Check(text); bad != nil {
		w.fail(diag.ShellSyntax, w.inText(str, text, bad.Line, bad.Column), "the shell text does not parse: %s", show(bad.Text))
	}
}

// pasted reports a variable in a text for the shell: its value would become
// part of the program, whatever it is.
func (w *walker) pasted(s *ast.Str) {
	for _, p := range s.Parts {
		if p.X == nil {
			continue
		}
		d := w.fail(diag.PastedShell, p.Span, "a variable in the text of a shell program").
			WithLabel("its value would be read as shell")
		if v, ok := p.X.(*ast.Var); ok {
			d.WithHelp("write the text in single quotes, and in it \"$%s\": the shell finds it in its environment", v.Name)
		} else {
			d.WithHelp("give the value a name with let, and write the text in single quotes: the shell finds \"$name\" in its environment")
		}
		return
	}
}

// inText finds the place in the source of a line and column of a quoted text.
// Lines keep their order; what was taken away stands before them.
func (w *walker) inText(s *ast.Str, text string, line, column int) token.Span {
	source := strings.Split(s.Raw, "\n")
	lines := strings.Split(text, "\n")
	first := 0
	if len(s.Raw) >= 6 && (strings.HasPrefix(s.Raw, `'''`) || strings.HasPrefix(s.Raw, `"""`)) &&
		len(source) > 1 && strings.TrimSpace(source[0][3:]) == "" {
		first = 1
	}
	at := first + line - 1
	if line < 1 || line > len(lines) || at >= len(source) {
		return s.Span
	}
	from := strings.Index(source[at], lines[line-1])
	if from < 0 || lines[line-1] == "" {
		return s.Span
	}
	from = min(from+max(column-1, 0), len(source[at]))
	pos := s.Pos
	for _, l := range source[:at] {
		pos.Offset += len(l) + 1
		pos.Line++
		pos.Column = 1
	}
	pos.Offset += from
	pos.Column += utf8.RuneCountInString(source[at][:from])
	end := pos
	if from < len(source[at]) {
		_, n := utf8.DecodeRuneInString(source[at][from:])
		end.Offset += n
		end.Column++
	}
	return token.Span{Pos: pos, End: end}
}
