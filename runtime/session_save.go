package runtime

import (
	"slices"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/parse"
	"vnet/runtime/host"
)

// Script is what was committed and stands, as a script that builds the same.
func (s *Session) Script() string {
	var b strings.Builder
	for _, e := range s.done {
		e.write(&b)
	}
	return b.String()
}

// write writes an entry, unless it only looks.
func (e *entry) write(b *strings.Builder) {
	for _, p := range e.parts {
		p.write(b)
	}
	if strings.TrimSpace(e.text) == "" {
		return
	}
	file, _ := parse.File(e.name, e.text)
	if !slices.ContainsFunc(file.Stmts, acts) && len(file.Stmts) > 0 {
		return
	}
	text := e.text
	if e.byHand {
		text = strings.ReplaceAll(strings.TrimSpace(text), "\n", " ")
	} else if e.scope != host.Start {
		text = within(e.scope, file)
	}
	if e.byHand {
		b.WriteString("# by hand: ")
	}
	b.WriteString(strings.TrimRight(text, "\n") + "\n")
}

// acts reports whether a statement does more than look.
func acts(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.Show, *ast.Logs, *ast.Commit:
		return false
	}
	return true
}

// within is the text of an entry with each statement in a namespace. A block
// round them would hide their variables from what follows.
func within(scope string, file *ast.File) string {
	var b strings.Builder
	at := 0
	for _, s := range file.Stmts {
		from := s.Where().Pos.Offset
		b.WriteString(file.Text[at:from])
		at = from
		switch s.(type) {
		case *ast.Def, *ast.Import, *ast.Lab, *ast.Param, *ast.Commit:
			continue // they say nothing about a namespace
		}
		b.WriteString("in " + scope + " ")
	}
	b.WriteString(file.Text[at:])
	return b.String()
}
