package convert

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/lazy"
	"vnet/lang/lex"
)

// A variable is one of the shell's, as seen over the whole script.
type variable struct {
	assigned int
	constant bool // assigned once, at the top, a text without variables
	value    string
	list     bool // an array, or words that are only ever looped over
	dict     bool
	looped   bool // a for goes through it
	asWhole  bool // only used as a whole word without quotes
	common   scope
	seen     bool // it has a place yet
	declared bool // its let is written
	loop     bool
	uses     []scope // where it stands, in the order of the text
	firsts   []int   // those of them that give it a value
	apart    bool    // each block has one of its own
	in       map[*block]bool
}

// A frame is a call of a function: in one that is written out, args are the
// words; in a def, the parameters have names.
type frame struct {
	args   []word
	params []string
	inDef  bool
	outer  *block          // the one around the call
	locals map[string]word // of one that is written out
}

var number = lazy.Regexp(`^[0-9]{1,15}$`)

func isNumber(s string) bool { return number().MatchString(s) }

// reserved are identifiers that an expression would not take for variables.
var reserved = lazy.Regexp(`^(and|or|not|in|true|false|on|off|null)$`)

// identifier is the name of a variable in the language.
func identifier(name string) string {
	if reserved().MatchString(name) {
		return name + "_"
	}
	return name
}

// positional gives what $1 stands for.
func (c *converter) positional(n int) (word, error) {
	switch f := c.frame; {
	case n == 0:
		return word{}, unsupported("$0")
	case f == nil:
		return expression(c.argument(n)), nil
	case f.args != nil || !f.inDef:
		if n > len(f.args) {
			return word{}, nil
		}
		return f.args[n-1], nil
	case n <= len(f.params):
		return expression(f.params[n-1]), nil
	}
	return word{}, unsupported("$" + strconv.Itoa(n))
}

// argument is the param that an argument of the script becomes.
func (c *converter) argument(n int) string {
	name := "arg" + strconv.Itoa(n)
	if v := c.vars[name]; v == nil || !v.declared {
		c.vars[name] = &variable{declared: true, seen: true}
		c.head = append(c.head, &item{text: "param " + name, line: c.line})
	}
	return name
}

// param translates a parameter expansion.
func (c *converter) param(x *syntax.ParamExp) (word, error) {
	if x.Param == nil || x.Flags != nil || x.Width || x.Names != 0 || x.NestedParam != nil || len(x.Modifiers) > 0 || x.IsSet {
		return word{}, unsupported("this parameter expansion")
	}
	name := x.Param.Value
	if f := c.frame; (name == "@" || name == "*") && f != nil && f.args != nil && isPlain(x) {
		var all []word
		for i, a := range f.args {
			if i > 0 {
				all = append(all, literal(" "))
			}
			all = append(all, a)
		}
		return join(all...), nil
	}
	if n, err := strconv.Atoi(name); err == nil {
		return c.positionalExp(x, n)
	}
	if name == "!" && isPlain(x) {
		return word{}, unsupported("$! here")
	}
	if !lex.Ident(name) {
		return word{}, unsupported("$" + name)
	}
	if f := c.frame; f != nil && isPlain(x) {
		if w, ok := f.locals[name]; ok {
			return w, nil
		}
	}
	if _, ok := c.spawns[name]; ok {
		return word{}, unsupported("the process id in $" + name)
	}
	id := identifier(name)
	v := c.vars[name]
	known := v != nil && (v.assigned > 0 || v.declared || v.loop)
	switch {
	case x.Length:
		return expression("len(" + id + ")"), nil
	case x.Excl && x.Index != nil:
		return expression("keys(" + id + ")"), nil
	case x.Index != nil:
		return c.element(x, id)
	case x.Repl != nil:
		return c.replace(x, id)
	case x.Exp != nil:
		return c.expansion(x, name, known)
	case x.Slice != nil || x.Excl:
		return word{}, unsupported("this parameter expansion")
	case !known:
		return expression(`env("` + name + `", "")`), nil
	}
	return expression(id), nil
}

func (c *converter) positionalExp(x *syntax.ParamExp, n int) (word, error) {
	switch {
	case x.Exp != nil && (x.Exp.Op == syntax.DefaultUnset || x.Exp.Op == syntax.DefaultUnsetOrNull):
		if f := c.frame; f != nil && f.args != nil {
			if n <= len(f.args) {
				return f.args[n-1], nil
			}
			return c.word(x.Exp.Word)
		}
		if c.frame == nil {
			return c.defaultArgument(n, x.Exp.Word)
		}
		return c.positional(n) // the def has the default
	case x.Exp != nil && (x.Exp.Op == syntax.ErrorUnset || x.Exp.Op == syntax.ErrorUnsetOrNull):
		return c.positional(n)
	case !isPlain(x):
		return word{}, unsupported("this parameter expansion")
	}
	return c.positional(n)
}

func (c *converter) defaultArgument(n int, w *syntax.Word) (word, error) {
	value, err := c.word(w)
	if err != nil {
		return word{}, err
	}
	name := "arg" + strconv.Itoa(n)
	if v := c.vars[name]; v == nil || !v.declared {
		c.vars[name] = &variable{declared: true, seen: true}
		c.head = append(c.head, &item{text: "param " + name + " = " + value.expression(), line: c.line})
	}
	return expression(name), nil
}

// element translates ${list[1]} and ${list[@]}.
func (c *converter) element(x *syntax.ParamExp, id string) (word, error) {
	if x.Exp != nil || x.Repl != nil || x.Slice != nil {
		return word{}, unsupported("this parameter expansion")
	}
	w, ok := x.Index.(*syntax.Word)
	if ok && (w.Lit() == "@" || w.Lit() == "*") {
		return expression(id), nil
	}
	if v := c.vars[x.Param.Value]; v != nil && v.dict {
		if !ok {
			return word{}, unsupported("this index")
		}
		key, err := c.word(w)
		if err != nil {
			return word{}, err
		}
		return expression(id + "[" + key.bare() + "]"), nil
	}
	index, err := c.arith(x.Index, false)
	if err != nil {
		return word{}, err
	}
	return expression(id + "[" + index + "]"), nil
}

// replace translates ${x//a/b}.
func (c *converter) replace(x *syntax.ParamExp, id string) (word, error) {
	from, to := x.Repl.Orig.Lit(), ""
	if x.Repl.With != nil {
		to = x.Repl.With.Lit()
		if to == "" && len(x.Repl.With.Parts) > 0 {
			return word{}, unsupported("this replacement")
		}
	}
	if !x.Repl.All || from == "" || strings.ContainsAny(from+to, `*?[]"\$#%`) {
		return word{}, unsupported("this replacement")
	}
	return expression(`replace(` + id + `, "` + from + `", "` + to + `")`), nil
}

// expansion translates ${x:-default}, and what can be worked out at once.
func (c *converter) expansion(x *syntax.ParamExp, name string, known bool) (word, error) {
	switch x.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if known {
			return expression(identifier(name)), nil
		}
		value, err := c.word(x.Exp.Word)
		if err != nil {
			return word{}, err
		}
		return expression(`env("` + name + `", ` + value.bare() + `)`), nil
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if known {
			return expression(identifier(name)), nil
		}
		return expression(`env("` + name + `")`), nil
	}
	if v := c.vars[name]; v != nil && v.constant && x.Exp.Word != nil {
		if s, ok := trimmed(v.value, x.Exp.Op, x.Exp.Word.Lit()); ok {
			return literal(s), nil
		}
	}
	if at, rest, ok := strings.Cut(x.Exp.Word.Lit(), "*"); ok && known && at != "" && rest == "" &&
		x.Exp.Op == syntax.RemSmallSuffix && !strings.ContainsAny(at, `?["\`) && strings.Count(x.Exp.Word.Lit(), "*") == 1 && at == "/" {
		return expression("split(" + identifier(name) + `, "/")[0]`), nil
	}
	return word{}, unsupported("this parameter expansion")
}

// trimmed carries out ${x%/*} and its like on a known value.
func trimmed(s string, op syntax.ParExpOperator, pattern string) (string, bool) {
	if pattern == "" || strings.ContainsAny(pattern, `?[\`) {
		return "", false
	}
	switch {
	case !strings.Contains(pattern, "*") && (op == syntax.RemSmallSuffix || op == syntax.RemLargeSuffix):
		return strings.TrimSuffix(s, pattern), true
	case !strings.Contains(pattern, "*") && (op == syntax.RemSmallPrefix || op == syntax.RemLargePrefix):
		return strings.TrimPrefix(s, pattern), true
	}
	at, from := -1, strings.Trim(pattern, "*")
	switch {
	case from == "" || strings.Contains(from, "*"):
		return "", false
	case op == syntax.RemSmallSuffix && pattern == from+"*":
		at = strings.LastIndex(s, from)
	case op == syntax.RemLargeSuffix && pattern == from+"*":
		at = strings.Index(s, from)
	case op == syntax.RemSmallPrefix && pattern == "*"+from, op == syntax.RemLargePrefix && pattern == "*"+from:
		if op == syntax.RemSmallPrefix {
			at = strings.Index(s, from)
		} else {
			at = strings.LastIndex(s, from)
		}
		if at >= 0 {
			return s[at+len(from):], true
		}
		return s, true
	default:
		return "", false
	}
	if at >= 0 {
		s = s[:at]
	}
	return s, true
}

var bareValue = lazy.Regexp(`^[A-Za-z0-9_./:@%][A-Za-z0-9_./:@%-]*$`)

// expression writes a word where an expression is wanted: behind `let x =`.
func (w word) expression() string {
	if len(w.parts) == 1 && w.parts[0].expr != "" {
		return dollars(w.parts[0].expr)
	}
	if s, ok := w.value(); ok && (!bareValue().MatchString(s) || lex.Ident(s) && (reserved().MatchString(s) || s == "exec" || s == "spawn")) {
		return w.quote()
	}
	return w.String()
}

// bare writes a word where the $ of variables may be left out.
func (w word) bare() string {
	if len(w.parts) == 1 && w.parts[0].expr != "" {
		return w.parts[0].expr
	}
	if s, ok := w.value(); ok && isNumber(s) {
		return s
	}
	return w.quote()
}

// quote writes a word as a text in quotes.
func (w word) quote() string {
	if s := w.String(); strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "'") {
		return s
	}
	return `"` + w.String() + `"`
}

var (
	quotedText = lazy.Regexp(`"[^"]*"`)
	identText  = lazy.Regexp(`[A-Za-z_][A-Za-z0-9_]*(\()?`)
)

// dollars puts the $ before the variables of an expression.
func dollars(e string) string {
	var b strings.Builder
	at := 0
	for _, q := range append(quotedText().FindAllStringIndex(e, -1), []int{len(e), len(e)}) {
		plain := e[at:q[0]]
		last := 0
		for _, m := range identText().FindAllStringSubmatchIndex(plain, -1) {
			w := plain[m[0]:m[1]]
			field := m[0] > 0 && (plain[m[0]-1] == '.' || isNumber(plain[m[0]-1:m[0]]))
			b.WriteString(plain[last:m[0]])
			if !field && m[2] < 0 && !reserved().MatchString(w) {
				b.WriteByte('$')
			}
			b.WriteString(w)
			last = m[1]
		}
		b.WriteString(plain[last:] + e[q[0]:q[1]])
		at = q[1]
	}
	return b.String()
}
