package runtime

import (
	"context"
	"slices"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/check"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/parse"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/sandbox"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// Check says what is wrong with a script, wherever it may run: it looks at
// nothing of this machine but the modules it imports.
func Check(ctx context.Context, s Script) diag.List {
	found := rehearsal(ctx, s, nil).found
	for _, name := range Tests(s) {
		s.Test = name
		found = append(found, rehearsal(ctx, s, nil).found...)
	}
	return found.Tidy()
}

// Tests gives the names of a script's tests, in the order of the text.
func Tests(s Script) []string {
	if !strings.Contains(s.Text, "test") {
		return nil // without parsing it once more
	}
	var names []string
	file, _ := parse.File(s.Name, s.Text)
	for _, stmt := range file.Stmts {
		if t, ok := stmt.(*ast.Test); ok {
			if name, plain := ast.Lit(t.Name); plain && name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// A rehearsed is what a rehearsal has shown.
type rehearsed struct {
	file  *ast.File  // the script; nil for a text that is none
	net   *model.Net // as the script would leave it; nil, as tx, for a text that is no script
	tx    *tx.Tx
	in    *eval.Interp
	lab   string // what the script calls its lab
	runs  []eval.Spawned
	found diag.List
}

func (r *rehearsed) steps() []Step {
	if r.tx == nil {
		return nil
	}
	return planned(r.tx)
}

// rehearsal runs a script on a model of what source shows; nil for another
// machine's network.
func rehearsal(ctx context.Context, s Script, source host.Looker) *rehearsed {
	return rehearsalOn(ctx, s, source, nil, nil)
}

// rehearsalOn has something done to the model first, and tells of each operation;
// both may be nil.
func rehearsalOn(ctx context.Context, s Script, source host.Looker, prepare func(*ast.File, *model.Net), tell func(tx.Step)) *rehearsed {
	file, found := parse.File(s.Name, s.Text)
	if file == nil {
		return &rehearsed{found: found.Tidy()}
	}
	found = append(found, check.File(file, stdlibKnows)...)
	net := model.New(model.Options{Source: source, Foreign: source == nil, Elsewhere: sandbox.Elsewhere})
	if prepare != nil {
		prepare(file, net)
	}
	t := tx.New(net, nil)
	t.Trace = tell
	in := eval.New(eval.Config{Host: net, Tx: t, Net: net, Rehearse: true, Foreign: source == nil,
		Dir: s.Dir, Args: s.Args, Test: s.Test, Module: stdlib.Module})
	if err := in.Run(ctx, file); err != nil && ctx.Err() == nil {
		found = append(found, bug(err))
	}
	found = append(found, in.Diags()...)
	found = append(found, unknownArgs(s, file, in.Tally().Params)...)
	return &rehearsed{file, net, t, in, in.Tally().Lab, in.Spawned(), found.Tidy()}
}

// planned gives the operations that a rehearsal has carried out on the model.
func planned(t *tx.Tx) []Step {
	var steps []Step
	for _, step := range t.Steps() {
		steps = append(steps, Step{Op: step.Op, At: step.At})
	}
	return steps
}

// stdlibKnows tells the checker which functions there are without a def.
func stdlibKnows(fn string) bool {
	_, ok := stdlib.Lookup(fn)
	return ok
}

// unknownArgs reports values given for params the script does not have.
func unknownArgs(s Script, file *ast.File, params []eval.Param) diag.List {
	var names []string
	for _, p := range params {
		names = append(names, p.Name)
	}
	for _, stmt := range file.Stmts { // those behind a failure as well
		if p, ok := stmt.(*ast.Param); ok {
			names = append(names, p.Name.Text)
		}
	}
	if usesArg(s.Text) {
		return nil
	}
	var out diag.List
	for given := range s.Args {
		if slices.Contains(names, given) {
			continue
		}
		at := token.Span{Pos: token.Pos{Filename: file.Name}, End: token.Pos{Filename: file.Name}}
		d := diag.New(diag.UnknownParam, at, "the script has no param `%s`", name.Quote(given))
		if near, ok := name.Near(given, names); ok {
			d.WithHelp("did you mean `%s`?", near)
		} else if len(names) > 0 {
			slices.Sort(names)
			d.WithHelp("its params: %s", strings.Join(slices.Compact(names), " "))
		}
		out = append(out, d)
	}
	return out
}

// usesArg reports whether the script may look for values by name itself.
func usesArg(text string) bool { return strings.Contains(text, "arg(") }
