package eval

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

// badName reports a name that may not be used.
func (t *thread) badName(at token.Span, err error) error {
	var bad *name.Error
	if !errors.As(err, &bad) {
		return err
	}
	if t.cfg.Rehearse {
		t.mu.Lock()
		first, told := t.badNames[bad.Error()]
		if !told {
			t.badNames[bad.Error()] = at.Pos
		}
		t.mu.Unlock()
		if told && first != at.Pos {
			return errTold
		}
	}
	code := diag.BadName
	if bad.TooLong {
		code = diag.LongName
	}
	return t.fail(code, at, "%s", bad.Error()).help("%s", bad.Help())
}

// existingSpace is the namespace that a word names; it must be there.
func (t *thread) existingSpace(a arg) (string, error) {
	text, err := value.AsText(a.v)
	if err != nil {
		return "", t.wrong(a.at, err)
	}
	return text, t.mustExist(text, a.at)
}

// mustExist reports a namespace that is neither made by the script nor alive.
func (t *thread) mustExist(ns string, at token.Span) error {
	if ns == host.Start || t.cfg.Net.Known(ns) {
		return nil
	}
	if err := name.Namespace(ns); err != nil {
		return t.badName(at, err)
	}
	if t.cfg.Rehearse && t.isSilenced(ns) {
		return errTold
	}
	made, later := t.coming[ns]
	if later && t.cfg.Rehearse && !t.maybeLater() {
		f := t.fail(diag.UnknownNamespace, at, "no namespace `%s` yet", ns)
		f.Diag.WithLabel("not created before this line")
		f.Diag.WithNote(made, "`%s` is created here", ns)
		t.silenceName(ns)
		return f.help("move the line that makes it up")
	}
	near, isNear := name.Near(ns, t.madeSpaces())
	if !isNear {
		near, isNear = name.Near(ns, slices.Sorted(maps.Keys(t.coming)))
	}
	if !isNear && t.cfg.Foreign {
		t.cfg.Net.Opaque(ns) // takes it to exist elsewhere
		t.warn(diag.Warn(diag.ForeignNamespace, at, "this script does not make the namespace `%s`", ns).
			WithHelp("run and plan look whether it is there; check cannot"))
		return nil
	}
	f := t.fail(diag.UnknownNamespace, at, "no namespace `%s`", ns)
	f.Diag.WithLabel("not created before this line")
	if !isNear {
		near, isNear = name.Near(ns, t.aliveSpaces())
	}
	if isNear {
		t.mu.Lock()
		made := t.made[host.Key{What: "namespace", Name: near}]
		t.mu.Unlock()
		f.Diag.WithNote(made, "`%s` is created here", near)
		return f.help("did you mean `%s`?", near)
	}
	return f.help("make it first: ns %s", ns)
}

// survey looks ahead for the namespaces that a script makes by name, to tell
// a line that comes too early from one about a namespace of somebody else.
func (in *Interp) survey(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.NS:
			for _, x := range s.Names {
				if text, ok := ast.Lit(x); ok {
					in.coming[text] = x.Where()
				}
			}
		case *ast.Transaction:
			in.survey(s.Body.Stmts)
		case *ast.Parallel:
			in.survey(s.Body.Stmts)
		}
	}
}

// maybeLater reports whether what comes later in the text may have come
// before in time: in a loop, or a function.
func (t *thread) maybeLater() bool {
	return t.loops > 0 || t.called != nil || t.trying > 0 || t.maybe > 0
}

func (t *thread) silenceName(ns string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.silenced[ns] = true
}

// madeSpaces gives the names of the namespaces this script has made.
func (t *thread) madeSpaces() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for k := range t.made {
		if k.What == "namespace" {
			names = append(names, k.Name)
		}
	}
	return names
}

// aliveSpaces gives the names of all namespaces there are.
func (t *thread) aliveSpaces() []string {
	names, _ := t.cfg.Net.Namespaces(t.ctx)
	return names
}

// linkNames gives the names of the interfaces known in a namespace.
func (t *thread) linkNames(ns string) []string {
	state, err := t.cfg.Net.State(t.ctx, ns)
	if err != nil {
		return nil
	}
	names := make([]string, len(state.Links))
	for i, l := range state.Links {
		names[i] = l.Name
	}
	return names
}

// An endpoint is an interface with the place where it was named.
type endpoint struct {
	host.End
	at   token.Span
	name token.Span // without the namespace
}

// end is the interface a word names: NS:IF, or IF of the innermost in.
func (t *thread) end(x ast.Expr) (endpoint, error) {
	a, err := t.one(x)
	if err != nil {
		return endpoint{}, err
	}
	if e, err := value.AsEnd(a.v); err == nil {
		ns, link := ast.EndParts(x)
		if err := t.mustExist(e.NS, ns); err != nil {
			return endpoint{}, err
		}
		return endpoint{host.End{NS: e.NS, Name: e.If}, a.at, link}, t.linkName(e.If, link)
	}
	text, err := value.AsText(a.v)
	if err != nil {
		return endpoint{}, t.wrong(a.at, err)
	}
	return endpoint{host.End{NS: t.space, Name: text}, a.at, a.at}, t.linkName(text, a.at)
}

// linkName checks the name of an interface that may be there already.
func (t *thread) linkName(text string, at token.Span) error {
	if err := name.ExistingLink(text); err != nil {
		return t.badName(at, err)
	}
	return nil
}

// newEnd is the interface a word names, for one that is to be made.
func (t *thread) newEnd(x ast.Expr) (endpoint, error) {
	e, err := t.end(x)
	if err != nil {
		return e, err
	}
	if err := name.Link(e.Name); err != nil {
		return e, t.badName(e.name, err)
	}
	return e, nil
}

// existingLink is the interface a word names; it must be there.
func (t *thread) existingLink(x ast.Expr) (endpoint, error) {
	e, err := t.end(x)
	if err != nil {
		return e, err
	}
	return e, t.linkMustExist(e)
}

func (t *thread) linkMustExist(e endpoint) error {
	if t.cfg.Net.HasLink(e.NS, e.Name) {
		return nil
	}
	spaces := t.madeSpaces()
	if e.NS == host.Start && slices.Contains(spaces, e.Name) {
		return t.fail(diag.UnknownLink, e.name, "no interface `%s` in %s", e.Name, spaceName(e.NS)).
			help("`%s` is a namespace; an interface in it is written %s:NAME", e.Name, e.Name)
	}
	if t.cfg.Net.Opaque(e.NS) {
		return nil
	}
	if t.cfg.Rehearse && (t.isSilenced(e.String()) || t.isSilenced(e.Name)) {
		return errTold
	}
	f := t.fail(diag.UnknownLink, e.name, "no interface `%s` in %s", e.Name, spaceName(e.NS))
	if words, ok := t.cfg.Net.Elsewhere(e.NS, e.Name); ok {
		return f.help("%s", words)
	}
	have := t.linkNames(e.NS)
	if near, ok := name.Near(e.Name, have); ok {
		return f.help("did you mean `%s`?", near)
	}
	if e.NS == host.Start && t.cfg.Net.Known(e.Name) {
		return f.help("`%s` is a namespace; an interface in it is written %s:NAME", e.Name, e.Name)
	}
	if len(have) > 0 {
		return f.help("there: %s", strings.Join(have[:min(len(have), 12)], " "))
	}
	return f
}

// spaceName is a namespace as messages call it.
func spaceName(ns string) string {
	if ns == host.Start {
		return "the starting namespace"
	}
	return ns
}
