package parse

import (
	"vnet/lang/ast"
	"vnet/lang/token"
)

// The forms of general purpose.

type let struct {
	Word   string      `parser:"@( 'let' | 'set' )"`
	Names  identifiers `parser:"@@"`
	Equals equals      `parser:"@@"`
	Value  valueOrExec `parser:"@@"`
}

func (f *let) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Let{Span: at, Set: f.Word == "set", Names: f.Names.names(), Value: f.Value}, nil
}

type param struct {
	Name    identifier `parser:"'param' @@"`
	Default expression `parser:"( '=' @@ )?"`
	Help    title      `parser:"@@?"`
}

func (f *param) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Param{Span: at, Name: f.Name.(ident).Name, Default: f.Default, Help: f.Help}, nil
}

type choice struct {
	Cond expression `parser:"'if' @@"`
	Then block      `parser:"@@"`
	Else *otherwise `parser:"( 'else' @@ )?"`
}

type otherwise struct {
	If   *choice `parser:"@@"`
	Body block   `parser:"| @@"`
}

func (f *choice) build(_ *session, at token.Span) (ast.Stmt, error) { return f.node(at), nil }

func (f *choice) node(at token.Span) *ast.If {
	n := &ast.If{Span: at, Cond: f.Cond, Then: f.Then.block()}
	switch {
	case f.Else == nil:
	case f.Else.If != nil:
		at.Pos = f.Else.If.Cond.Where().Pos
		n.ElseIf = f.Else.If.node(at)
	default:
		n.Else = f.Else.Body.block()
	}
	return n
}

type loop struct {
	Vars identifiers `parser:"'for' @@"`
	Word inWord      `parser:"@@"`
	In   expression  `parser:"@@"`
	Body block       `parser:"@@"`
}

func (f *loop) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.For{Span: at, Vars: f.Vars.names(), In: f.In, Body: f.Body.block()}, nil
}

type while struct {
	Cond expression `parser:"'while' @@"`
	Body block      `parser:"@@"`
}

func (f *while) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.While{Span: at, Cond: f.Cond, Body: f.Body.block()}, nil
}

type breaks struct {
	Word string `parser:"@'break'"`
}

func (f *breaks) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Break{Span: at}, nil
}

type continues struct {
	Word string `parser:"@'continue'"`
}

func (f *continues) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Continue{Span: at}, nil
}

type def struct {
	Name   identifier `parser:"'def' @@"`
	Params parameters `parser:"@@"`
	Body   block      `parser:"@@"`
}

func (f *def) build(s *session, at token.Span) (ast.Stmt, error) {
	d := &ast.Def{Span: at, Name: f.Name.(ident).Name, Params: f.Params.params(), Body: f.Body.block()}
	return d, s.reservedName(d.Name)
}

type returns struct {
	Word  string      `parser:"@'return'"`
	Value optionalRHS `parser:"@@?"`
}

func (f *returns) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Return{Span: at, Value: f.Value}, nil
}

type imports struct {
	Path value      `parser:"'import' @@"`
	As   identifier `parser:"( 'as' @@ )?"`
}

func (f *imports) build(_ *session, at token.Span) (ast.Stmt, error) {
	i := &ast.Import{Span: at, Path: f.Path}
	if f.As != nil {
		n := f.As.(ident).Name
		i.As = &n
	}
	return i, nil
}

type say struct {
	Verb string       `parser:"@( 'echo' | 'warn' | 'fail' )"`
	Args []moreValues `parser:"@@*"`
}

func (f *say) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.Say{Span: at, Verb: f.Verb, Args: exprsOf(f.Args)}, nil
}

// A call is a statement that calls a function:  lan office 10.1.0.0/24 count=4
type call struct {
	Fn   function  `parser:"@@"`
	Args arguments `parser:"@@"`
}

func (f *call) build(_ *session, at token.Span) (ast.Stmt, error) {
	return &ast.CallStmt{Span: at, Fn: f.Fn.(ident).Name, Args: f.Args.args()}, nil
}
