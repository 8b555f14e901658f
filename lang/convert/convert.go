// Package convert turns shell scripts that build networks with ip(8), brctl(8),
// ifconfig(8), route(8), tc(8) and sysctl(8) into scripts of the language.
//
// The way is from the shell's syntax tree, statement by statement, to a list of
// items (item.go), in which what the shell needs several lines for becomes one:
// an interface that is made, moved, addressed and taken up is a *link, which
// collects what is said of it later as long as nobody looked at it meanwhile
// (link.go). Loops, variables and functions become the language's own. What has
// no statement becomes exec; what cannot be exec either stays as a comment and
// is noted.
package convert

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"vnet/lang/ast"
	"vnet/lang/format"
	"vnet/lang/parse"
)

// A Kind is what a note tells.
type Kind int

const (
	Dropped      Kind = iota // left out, because vnet does it anyway
	Changed                  // does not do quite the same
	NotConverted             // stands as a comment in the result
)

// A Note is what a reader of the result should know.
type Note struct {
	Line int // of the shell script, from 1
	Kind Kind
	Text string
}

// A Result is a script with what is to be said about it.
type Result struct {
	Text  string
	Notes []Note
}

// Left counts what could not be converted.
func (r Result) Left() int {
	n := 0
	for _, note := range r.Notes {
		if note.Kind == NotConverted {
			n++
		}
	}
	return n
}

// Options are what a conversion may look at besides the text.
type Options struct {
	// Read gives the text of a file that the script reads at once: that of
	// `ip -batch FILE` or `source FILE`; nil where there is none.
	Read func(path string) (string, error)
}

// A SyntaxError is text that no shell would read.
type SyntaxError struct {
	Line, Column int
	Text         string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Text) }

const (
	maxDepth = 200   // statements in each other, calls that are written out
	maxSteps = 20000 // what calls that are written out and files that are read may add up to
)

// Shell converts a script of the shell, or the lines of an `ip -batch` file.
func Shell(name, src string, opt Options) (Result, error) {
	if isBatch(src) {
		src = fromBatch(src)
	}
	file, err := parseShell(name, src)
	if err != nil {
		return Result{}, err
	}
	c := newConverter(src, opt)
	c.survey(file)
	c.program(file)
	if c.ended {
		c.note(NotConverted, "all from here on: it is too long when it is written out")
		c.add(&item{comments: []string{"# not converted: the rest, which is too long when it is written out"}})
	}
	text := c.render()
	slices.SortStableFunc(c.notes, func(a, b Note) int { return a.Line - b.Line })
	return Result{Text: text, Notes: slices.Compact(c.notes)}, nil
}

func parseShell(name, src string) (*syntax.File, error) {
	p := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.KeepComments(true))
	file, err := p.Parse(strings.NewReader(src), name)
	if err == nil {
		return file, nil
	}
	var bad syntax.ParseError
	var lang syntax.LangError
	switch {
	case errors.As(err, &bad):
		return nil, &SyntaxError{int(bad.Pos.Line()), int(bad.Pos.Col()), bad.Text}
	case errors.As(err, &lang):
		return nil, &SyntaxError{int(lang.Pos.Line()), int(lang.Pos.Col()), lang.Feature + " is not in bash"}
	}
	return nil, &SyntaxError{1, 1, err.Error()}
}

// A converter is one conversion.
type converter struct {
	opt      Options
	notes    []Note
	block    *block
	ns       word // the namespace that commands run in; empty: the starting one
	frame    *frame
	vars     map[string]*variable
	funcs    map[string]*function
	spawns   map[string]word // the variable that holds a $!, and the program's name
	last     word            // the program started last in the background
	onto     *item           // what the statement at hand became a part of
	made     []word          // namespaces and NS:IF made so far
	loUp     bool            // some lo was taken up
	tolerant bool            // a failure does not matter
	depth    int
	steps    int
	ended    bool // the rest was too long
	line     int  // of the statement at hand
	ending   bool // from here on the script only takes down
	gone     bool // what follows is never reached
	probing  bool // the status of a program is asked for
	spawned  int
	temps    int
	idle     bool     // the statement at hand says what is so anyway
	carry    []string // comments of what was left out, for the next statement
	renamed  bool     // the namespace `host`
	looping  map[string]int
	bridges  []string // in the starting namespace, as the script calls them
	head     []*item  // params, which go first
	will     []string // names of what the script makes
}

func newConverter(_ string, opt Options) *converter {
	return &converter{opt: opt, vars: map[string]*variable{}, funcs: map[string]*function{}, spawns: map[string]word{}, looping: map[string]int{}, block: newBlock(nil)}
}

func (c *converter) note(kind Kind, format string, args ...any) {
	c.notes = append(c.notes, Note{c.line, kind, fmt.Sprintf(format, args...)})
}

// render writes the items out. What the language does not read, for all the
// care that was taken, is marked rather than left to spoil the rest.
func (c *converter) render() string {
	c.mark(c.block.items)
	text := strings.TrimSpace(print(c.block.items)) + "\n"
	if out, list := format.Source("", text); !list.Failed() {
		return out
	}
	return text
}

// mark replaces the items that do not parse.
func (c *converter) mark(items []*item) {
	for _, it := range items {
		for i := range it.arms {
			if !readable(it.arms[i].head+" {\n}") && i == 0 {
				c.spoil(it)
				break
			}
			c.mark(it.arms[i].body)
		}
		if len(it.arms) == 0 && it.lines() != nil && !readable(strings.Join(it.lines(), "\n")) {
			c.spoil(it)
		}
	}
}

func (c *converter) spoil(it *item) {
	c.line = it.line
	text := strings.Join(it.lines(), "\n")
	if it.from != nil {
		text = source(it.from)
	}
	c.note(NotConverted, "%s", firstLine(text))
	*it = item{comments: append(it.comments, unconverted(text)...), blank: it.blank, line: it.line}
}

func readable(text string) bool {
	file, list := parse.File("", text)
	if list.Failed() {
		return false
	}
	return !slices.ContainsFunc(file.Stmts, func(s ast.Stmt) bool { _, bad := s.(*ast.BadStmt); return bad })
}

// unconverted marks lines of the shell.
func unconverted(src string) []string {
	var out []string
	for i, l := range strings.Split(strings.TrimSpace(src), "\n") {
		head := "# not converted: "
		if i > 0 {
			head = "#   "
		}
		out = append(out, head+printable(strings.TrimRight(l, " \t\r")))
	}
	return out
}

func firstLine(s string) string {
	s, rest, more := strings.Cut(strings.TrimSpace(s), "\n")
	if more && strings.TrimSpace(rest) != "" {
		s += " …"
	}
	return printable(s)
}

// printable replaces what a comment may not hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r == 0xfffd || r >= 0x80 && r < 0xa0 || isDirection(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// isDirection reports what turns the direction of text round, or is invisible.
func isDirection(r rune) bool {
	return r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff
}
