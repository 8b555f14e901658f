// Package format lays scripts out in one way: two spaces of indent for a
// block, one space between words, comments where they were, the arrows of
// neighbouring cables one below the other.
//
// Line breaks are the author's: a block on one line stays on one, as do
// statements joined by ; and a list over several lines stays over several.
// Neighbouring variables keep their = in a column where the author began one.
// Blank lines are kept, at most one in a row. What programs get (the arguments
// of exec, texts in quotes) is not touched.
package format

import (
	"fmt"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/parse"
	"vnet/lang/token"
)

// Source lays out a script. One that does not parse comes back as it is, with
// the reason. The meaning is compared before and after, so that a mistake in
// this package cannot spoil a script.
func Source(name, src string) (string, diag.List) {
	file, found := parse.File(name, src)
	if found.Failed() {
		return src, found
	}
	p := &printer{src: src, hints: hintsOf(file)}
	p.run(lex.Script(name, src).Tokens)
	out := p.String()
	again, wrong := parse.File(name, out)
	if wrong.Failed() || !same(file, again) {
		return src, diag.List{bug(file)}
	}
	return out, found
}

func bug(file *ast.File) *diag.Diagnostic {
	at := token.Span{Pos: token.Pos{Filename: file.Name}}
	return diag.New(diag.Bug, at, "the layout of %s would have changed its meaning", fmt.Sprintf("`%s`", file.Name)).
		WithHelp("the file is left as it is; please report this with the script")
}
