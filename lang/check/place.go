package check

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/lang/usage"
)

// lit gives the text of a word or quoted text without variables.
func lit(x ast.Expr) (text string, quoted, ok bool) {
	text, ok = ast.Lit(x)
	_, quoted = x.(*ast.Str)
	return text, quoted, ok
}

// texts gives the texts that a word stands for: itself, or the first and the
// last of a range.
func texts(x ast.Expr) []string {
	text, quoted, ok := lit(x)
	if !ok {
		return nil
	}
	if r, ok := literal.ParseRange(text); ok && !quoted {
		return []string{r.At(0), r.At(r.Len() - 1)}
	}
	return []string{text}
}

// kind checks a value at a place that wants that kind.
func (w *walker) kind(x ast.Expr, kind usage.Kind) {
	w.expr(x)
	if kind == usage.Int || kind == usage.Port {
		w.number(x)
	}
	text, quoted, ok := lit(x)
	if !ok || calculation(x) != nil && (kind == usage.Int || kind == usage.Port) {
		return
	}
	w.misfit(x.Where(), fit(kind, text, quoted))
}

// kinds checks values that each want that kind; a range stands for several.
func (w *walker) kinds(list []ast.Expr, kind usage.Kind) {
	for _, x := range list {
		w.expr(x)
		_, quoted, _ := lit(x)
		for _, text := range texts(x) {
			if m := fit(kind, text, quoted); m != nil {
				w.misfit(x.Where(), m)
				break
			}
		}
	}
}

func (w *walker) misfit(at token.Span, m *misfit) {
	if m != nil {
		w.fail(m.code, at, "%s", m.summary).WithHelp("%s", m.help)
	}
}

// whole reports a number that is written out and not from min to max.
func (w *walker) whole(x ast.Expr, why string, min, max int64) {
	if text, _, ok := lit(x); ok {
		if n, ok := literal.ParseInt(text); ok && (n < min || n > max) {
			w.fail(diag.OutOfBounds, x.Where(), "%s", why)
		}
	}
}

// named checks a word against a validator of names.
func (w *walker) named(x ast.Expr, check func(string) error) bool {
	for _, text := range texts(x) {
		if err := check(text); err != nil {
			w.badName(x.Where(), err)
			return false
		}
	}
	return true
}

func (w *walker) badName(at token.Span, err error) {
	var bad *name.Error
	if !errors.As(err, &bad) || w.badNames[bad.Error()] {
		return
	}
	w.badNames[bad.Error()] = true // at its first place only: the others are no news
	code := diag.BadName
	if bad.TooLong {
		code = diag.LongName
	}
	help := bad.Help()
	if other := noName(bad.Name); other != "" {
		help = other
	}
	w.fail(code, at, "%s", bad.Error()).WithHelp("%s", help)
}

// noName is how to write what was never meant as a name; "" for what was.
func noName(text string) string {
	if _, err := netip.ParsePrefix(text); err == nil {
		return "the interface comes first, then its address: `addr add NS:IF " + text + "`"
	}
	if strings.HasPrefix(text, "[") {
		return "here a list stands in a variable: `let spaces = [a, b]`, then `in $spaces`"
	}
	return ""
}

// existingSpace checks the name of a namespace that may be there already.
func existingSpace(text string) error {
	if text == name.Host {
		return nil
	}
	return name.Namespace(text)
}

// space checks a word that names a namespace to work in.
func (w *walker) space(x ast.Expr) {
	w.expr(x)
	w.forgottenList(x)
	w.named(x, existingSpace)
}

func (w *walker) spaces(list []ast.Expr) {
	for _, x := range list {
		w.space(x)
	}
}

// target checks where packets go: a namespace, an interface, an address.
func (w *walker) target(x ast.Expr) {
	w.expr(x)
	w.forgottenList(x)
	for _, text := range texts(x) {
		switch literal.Classify(text) {
		case literal.IP, literal.CIDR:
			return
		case literal.End:
			w.endText(x, text, name.ExistingLink)
			return
		}
		if w.almostAddress(x, text, usage.IP) {
			return
		}
	}
	w.named(x, existingSpace)
}

// almostAddress reports a misspelt address where a name could stand, too.
func (w *walker) almostAddress(x ast.Expr, text string, kind usage.Kind) bool {
	host, _, _ := strings.Cut(text, "/")
	if strings.Count(host, ".") != 3 && strings.Count(host, ":") < 2 {
		return false
	}
	m := fit(kind, text, false)
	if m == nil || m.code != diag.Malformed && !strings.Contains(text, ":") {
		return false
	}
	w.misfit(x.Where(), m)
	return true
}

// end checks a word that names an interface: NS:IF, or IF alone.
func (w *walker) end(x ast.Expr, check func(string) error) {
	w.expr(x)
	if text, _, ok := lit(x); ok {
		w.endText(x, text, check)
		return
	}
	w.partialEnd(x, check)
}

func (w *walker) endText(x ast.Expr, text string, check func(string) error) {
	ns, link, ok := literal.ParseEnd(text)
	if !ok {
		ns, link = name.Host, text
	}
	nsAt, linkAt := ast.EndParts(x)
	if err := existingSpace(ns); err != nil {
		w.badName(nsAt, err)
		return
	}
	w.badName(linkAt, check(link))
}

// partialEnd checks the half of an end that is written out:  $h:eth/0
func (w *walker) partialEnd(x ast.Expr, check func(string) error) {
	word, ok := x.(*ast.Word)
	if !ok {
		return
	}
	last := word.Parts[len(word.Parts)-1]
	if last.X != nil || len(word.Parts) < 2 || strings.Count(last.Text, ":") != 1 {
		return
	}
	for _, p := range word.Parts[:len(word.Parts)-1] {
		if strings.Contains(p.Text, ":") {
			return
		}
	}
	if _, link, _ := strings.Cut(last.Text, ":"); link != "" {
		_, at := ast.EndParts(x)
		w.badName(at, check(link))
	}
}

// sideEnd checks the end of a cable, where a bare word may be a namespace.
func (w *walker) sideEnd(x ast.Expr) {
	text, _, ok := lit(x)
	if _, _, isEnd := literal.ParseEnd(text); !ok || isEnd {
		w.end(x, name.Link)
		return
	}
	w.expr(x)
	switch {
	case text == name.Host:
		w.fail(diag.BadName, x.Where(), "`host` alone is no interface").WithHelp("name the interface: host:veth0")
	case name.Namespace(text) != nil:
		w.badName(x.Where(), name.Link(text))
	}
}

// uplinkEnd checks the end of an uplink, where a bare word is a namespace unless
// one is around.
func (w *walker) uplinkEnd(x ast.Expr) {
	if text, _, ok := lit(x); ok && text == name.Host {
		w.fail(diag.NotHere, x.Where(), "the starting namespace needs no uplink: it is where an uplink leads to").
			WithHelp("give one to another namespace: uplink NS")
		return
	}
	w.sideEnd(x)
}

// options checks the options of a part of a statement by the table of them.
func (w *walker) options(word string, scope usage.Scope, opts ast.Options) {
	e := usage.Of(word)
	for _, o := range opts {
		var u *usage.Option
		if e != nil {
			u = e.Option(scope, o.Name)
		}
		if u == nil {
			w.exprs(o.Args)
			continue
		}
		if u.Later != "" { // whatever it is given
			w.fail(diag.NotInVersion, o.Word, "`%s` is not in this version of vnet", o.Name).WithHelp("%s", u.Later)
			continue
		}
		args := o.Args
		if u.Compare && len(args) > 0 {
			args = args[1:] // the comparison
		}
		for _, x := range args {
			w.option(word, u, x)
		}
	}
}

// option checks one argument of an option.
func (w *walker) option(word string, u *usage.Option, x ast.Expr) {
	switch u.Kind {
	case usage.Name:
		w.space(x)
	case usage.Link:
		w.end(x, linkCheck(word, u.Name))
	case usage.Word:
		w.expr(x)
		w.choice(u, x)
	case usage.Int:
		w.ranged(word, u, x)
	case usage.Port:
		w.port(x, limitCode(word, u.Name))
	case usage.Percent:
		w.kind(x, u.Kind)
		w.percent(u, x)
	case usage.Dest:
		if text, ok := ast.Lit(x); ok && text == "all" {
			return
		}
		w.kind(x, u.Kind)
	case usage.Value:
		w.value(u, x)
	default:
		w.kind(x, u.Kind)
	}
}

// linkCheck is the validator for the name of an interface: of one that is to
// be, or of one that is there.
func linkCheck(word, option string) func(string) error {
	if option == "as" || word == "link" && option == "name" {
		return name.Link
	}
	return name.ExistingLink
}

func (w *walker) choice(u *usage.Option, x ast.Expr) {
	text, ok := ast.Lit(x)
	if !ok || slices.Contains(u.Values, text) {
		return
	}
	d := w.fail(diag.WrongKind, x.Where(), "`%s` is no %s", show(text), u.Name)
	if near, ok := name.Near(text, u.Values); ok {
		d.WithHelp("did you mean `%s`?", near)
		return
	}
	d.WithHelp("write %s", usage.Quoted(u.Values))
}

// ranged checks a number with its limits.
func (w *walker) ranged(word string, u *usage.Option, x ast.Expr) {
	text, _, ok := lit(x)
	if ok && slices.Contains(u.Values, text) {
		return
	}
	n, isInt := literal.ParseInt(text)
	if word == "exec" && u.Name == "status" && ok && (!isInt || n < u.Min || n > u.Max) {
		w.fail(diag.WrongKind, x.Where(), "`%s` is no exit status", show(text)).WithHelp("write any, or a number from 0 to 255")
		return
	}
	w.kind(x, usage.Int)
	if ok && isInt && u.Max != 0 && (n < u.Min || n > u.Max) {
		w.fail(limitCode(word, u.Name), x.Where(), "%s is from %d to %d, and this is %d", u.Name, u.Min, u.Max, n)
	}
}

// limitCode is the code for a number out of its limits; those that the rules
// of the network know have codes of their own.
func limitCode(word, option string) diag.Code {
	switch {
	case option == "mtu":
		return diag.BadMTU
	case word == "vxlan" && option == "id":
		return diag.BadVNI
	case word == "vxlan" && option == "port":
		return diag.BadPort
	}
	return diag.OutOfBounds
}

func (w *walker) port(x ast.Expr, code diag.Code) {
	w.kind(x, usage.Port)
	if text, _, ok := lit(x); ok {
		if n, ok := literal.ParseInt(text); ok && (n < 1 || n > 65535) {
			w.fail(code, x.Where(), "a port is from 1 to 65535, and this is %d", n)
		}
	}
}

func (w *walker) percent(u *usage.Option, x ast.Expr) {
	text, ok := ast.Lit(x)
	if p, isPercent := literal.ParsePercent(text); ok && isPercent && p > 100 {
		w.fail(diag.OutOfBounds, x.Where(), "%s is at most 100%%", u.Name)
	}
}
