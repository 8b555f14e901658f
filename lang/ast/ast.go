// Package ast is the shape of a script after parsing: what was written, where,
// and nothing about what it means. The names are those of the language.
package ast

import "vnet/lang/token"

// A Node is anything that stands somewhere in the source.
type Node interface {
	Where() token.Span
}

// A Stmt is one statement.
type Stmt interface {
	Node
	stmt()
}

// An Expr is anything that has a value: a word, a string, a list, a call.
type Expr interface {
	Node
	expr()
}

// A Cond is what expect and wait until look at: a ping, a connection, a route,
// a program, an expression.
type Cond interface {
	Node
	cond()
}

// A File is a parsed script or module.
type File struct {
	Name     string
	Text     string // the source, for messages and the formatter
	Stmts    []Stmt
	Comments []Comment // in the order of the text
}

// A Comment goes from # to the end of its line.
type Comment struct {
	token.Span
	Text string // with its #
}

// A Block is a list of statements in braces.
type Block struct {
	token.Span
	Stmts []Stmt
}

// A Name is an identifier where the language itself wants one: a variable, a
// parameter, a function.
type Name struct {
	token.Span
	Text string
}

// An Option is a word of a statement with what it takes:  mtu 1400
type Option struct {
	token.Span
	Name string
	Word token.Span // the option's own word
	Args []Expr
}

// Options are the options of one statement, in the order written.
type Options []*Option

// Get returns the option of that name, or nil.
func (o Options) Get(name string) *Option {
	for _, opt := range o {
		if opt.Name == name {
			return opt
		}
	}
	return nil
}
