// Package shell reads the shell texts of `exec … sh`, so that a mistake in one
// is found before anything runs.
package shell

import (
	"errors"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// An Error is what is wrong with a shell text, and where in it.
type Error struct {
	Text         string
	Line, Column int // in the shell text, from 1
}

// parsers are kept, since each has a buffer larger than most texts.
var parsers = sync.Pool{New: func() any { return syntax.NewParser(syntax.Variant(syntax.LangPOSIX)) }}

// Check reads text as /bin/sh would (POSIX, with the extensions that dash has)
// and returns what is wrong with it, or nil.
func Check(text string) *Error {
	p := parsers.Get().(*syntax.Parser)
	defer parsers.Put(p)
	_, err := p.Parse(strings.NewReader(text), "")
	var bad syntax.ParseError
	if errors.As(err, &bad) {
		return &Error{bad.Text, int(bad.Pos.Line()), int(bad.Pos.Col())}
	}
	var lang syntax.LangError
	if errors.As(err, &lang) {
		return &Error{lang.Feature + " is not in /bin/sh", int(lang.Pos.Line()), int(lang.Pos.Col())}
	}
	return nil
}
