package convert

import (
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/lazy"
	"vnet/lang/lex"
)

// A word is one of the shell's, with its quotes undone.
type word struct {
	parts  []part
	quoted bool // it had quotes
}

// A part is text as it is, or an expression of the language, in which the $ of
// variables may be left out.
type part struct {
	lit  string
	expr string
}

func literal(s string) word {
	if s == "" {
		return word{}
	}
	return word{parts: []part{{lit: s}}}
}

func expression(s string) word { return word{parts: []part{{expr: s}}} }

func (w word) empty() bool { return len(w.parts) == 0 }

// lit gives a word that has no variables, or "".
func (w word) lit() string {
	s, _ := w.value()
	return s
}

func (w word) value() (string, bool) {
	var b strings.Builder
	for _, p := range w.parts {
		if p.expr != "" {
			return "", false
		}
		b.WriteString(p.lit)
	}
	return b.String(), true
}

func (w word) is(words ...string) bool {
	s, ok := w.value()
	for _, other := range words {
		if ok && s == other {
			return true
		}
	}
	return false
}

// join makes one word of several.
func join(words ...word) word {
	var out word
	for _, w := range words {
		out.parts = append(out.parts, w.parts...)
		out.quoted = out.quoted || w.quoted
	}
	return out
}

var (
	plain    = lazy.Regexp(`^[A-Za-z0-9_./:@%+-]+$`)
	argument = lazy.Regexp(`^[A-Za-z0-9_./:@%+=,\[\]!*?~^-]+$`)
)

// String writes a word as one of the language's.
func (w word) String() string { return w.write(plain()) }

// arg writes a word as an argument of exec.
func (w word) arg() string { return w.write(argument()) }

func (w word) write(safe *regexp.Regexp) string {
	if w.empty() {
		return `""`
	}
	bare := true
	for _, p := range w.parts {
		if p.expr == "" && p.lit != "" && !safe.MatchString(p.lit) {
			bare = false
		}
	}
	if s, ok := w.value(); ok && !bare && !strings.ContainsAny(s, "'\n\t") && clean(s) {
		return "'" + s + "'"
	}
	var b strings.Builder
	for i, p := range w.parts {
		switch {
		case p.expr == "":
			b.WriteString(escape(p.lit, bare))
		case lex.Ident(p.expr) && !w.joins(i):
			b.WriteString("$" + p.expr)
		default:
			b.WriteString("${" + p.expr + "}")
		}
	}
	if bare {
		return b.String()
	}
	return `"` + b.String() + `"`
}

// joins reports whether what follows a variable would be taken for a part of it.
func (w word) joins(i int) bool {
	if i+1 == len(w.parts) || w.parts[i+1].lit == "" {
		return false
	}
	r := w.parts[i+1].lit[0]
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 || i == 0 && (r == '.' || r == '[')
}

func escape(s string, bare bool) string {
	if bare {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '"' || r == '\\' || r == '$':
			b.WriteString(`\` + string(r))
		case !clean(string(r)):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func clean(s string) bool { return printable(s) == s }

// An unsupported is what the language has no words for.
type unsupported string

func (u unsupported) Error() string { return string(u) }

// word translates one word of the shell, without splitting it.
func (c *converter) word(w *syntax.Word) (word, error) {
	if w == nil {
		return word{}, nil
	}
	return c.parts(w.Parts, false)
}

func (c *converter) parts(parts []syntax.WordPart, quoted bool) (word, error) {
	out := word{quoted: quoted}
	add := func(p part) {
		if n := len(out.parts); p.expr == "" && n > 0 && out.parts[n-1].expr == "" {
			out.parts[n-1].lit += p.lit
		} else if p != (part{}) {
			out.parts = append(out.parts, p)
		}
	}
	for _, x := range parts {
		switch x := x.(type) {
		case *syntax.Lit:
			add(part{lit: unescape(x.Value, quoted)})
		case *syntax.SglQuoted:
			if x.Dollar && strings.Contains(x.Value, `\`) {
				return out, unsupported("$'…'")
			}
			out.quoted = true
			add(part{lit: x.Value})
		case *syntax.DblQuoted:
			inner, err := c.parts(x.Parts, true)
			if err != nil {
				return out, err
			}
			out.quoted = true
			for _, p := range inner.parts {
				add(p)
			}
		case *syntax.ParamExp:
			inner, err := c.param(x)
			if err != nil {
				return out, err
			}
			for _, p := range inner.parts {
				add(p)
			}
		case *syntax.ArithmExp:
			e, err := c.arith(x.X, false)
			if err != nil {
				return out, err
			}
			if isNumber(e) {
				add(part{lit: e})
			} else {
				add(part{expr: e})
			}
		case *syntax.CmdSubst:
			inner, err := c.capture(x)
			if err != nil {
				return out, err
			}
			add(inner)
		default:
			return out, unsupported("this kind of word")
		}
	}
	return out, nil
}

// unescape takes the backslashes out of a literal.
func unescape(s string, quoted bool) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch {
		case s[i] == '\n':
		case quoted && !strings.ContainsRune("$`\"\\", rune(s[i])):
			b.WriteString(`\` + string(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// words translates the words of a command, as the shell would split them.
func (c *converter) words(args []*syntax.Word) ([]word, error) {
	var out []word
	for _, a := range args {
		if rest, ok := c.all(a); ok {
			out = append(out, rest...)
			continue
		}
		braced := []*syntax.Word{a}
		if c.small(a) {
			braced = nil
			for w, err := range expand.BracesSeq(nil, a) {
				if err != nil {
					return nil, unsupported(err.Error())
				}
				braced = append(braced, w)
			}
		}
		for _, w := range braced {
			if s, ok := c.unquoted(w); ok {
				for _, f := range strings.Fields(s) {
					out = append(out, literal(f))
				}
				continue
			}
			x, err := c.word(w)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	if len(out) > 1000 {
		return nil, unsupported("more than a thousand words")
	}
	return out, nil
}

var wide = lazy.Regexp(`\.\.-?[0-9]{4,}|[0-9]{4,}\.\.`)

// small reports whether the braces of a word can be written out.
func (c *converter) small(w *syntax.Word) bool {
	n := 0
	syntax.Walk(w, func(x syntax.Node) bool {
		if l, ok := x.(*syntax.Lit); ok {
			n += strings.Count(l.Value, "{")
			if wide().MatchString(l.Value) {
				n = 10
			}
		}
		return true
	})
	return n > 0 && n < 3
}

// all gives the words that "$@" stands for in a call that is written out.
func (c *converter) all(w *syntax.Word) ([]word, bool) {
	x := onlyParam(w)
	if x == nil || c.frame == nil || c.frame.args == nil || x.Param == nil || x.Param.Value != "@" && x.Param.Value != "*" || x.Exp != nil || x.Slice != nil || x.Length {
		return nil, false
	}
	return c.frame.args, true
}

// onlyParam gives the parameter that a word is, quotes left aside.
func onlyParam(w *syntax.Word) *syntax.ParamExp {
	if w == nil || len(w.Parts) != 1 {
		return nil
	}
	p := w.Parts[0]
	if q, ok := p.(*syntax.DblQuoted); ok && len(q.Parts) == 1 {
		p = q.Parts[0]
	}
	x, _ := p.(*syntax.ParamExp)
	return x
}

// unquoted gives the value of a variable that the shell would split here:
// $OPTS, if it is known and has spaces.
func (c *converter) unquoted(w *syntax.Word) (string, bool) {
	if len(w.Parts) != 1 {
		return "", false
	}
	x, ok := w.Parts[0].(*syntax.ParamExp)
	if !ok || x.Param == nil || !isPlain(x) {
		return "", false
	}
	v := c.vars[x.Param.Value]
	if v == nil || !v.constant || v.list || !strings.ContainsAny(v.value, " \t\n") {
		return "", false
	}
	return v.value, true
}

func isPlain(x *syntax.ParamExp) bool {
	return x.Flags == nil && !x.Excl && !x.Length && !x.Width && x.Index == nil && x.Slice == nil && x.Repl == nil && x.Names == 0 && x.Exp == nil && x.NestedParam == nil
}
