package parse

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/usage"
)

// A run is a program as a role.
type run struct{ *ast.Exec }

func (r run) exec() *ast.Exec { return r.Exec }

func readProgram(lx *lexer.PeekingLexer) (program, error) {
	e, err := readExec(lx)
	if err != nil {
		return nil, err
	}
	return run{e}, nil
}

func readBackground(lx *lexer.PeekingLexer) (background, error) {
	e, err := readExec(lx)
	if err != nil {
		return nil, err
	}
	return run{e}, nil
}

// readExec reads what follows the word exec or spawn:
// [OPTIONS] [in NS] PROGRAM ARG… | sh STRING | { one command a line }
func readExec(lx *lexer.PeekingLexer) (*ast.Exec, error) {
	word := before(lx)
	e := &ast.Exec{}
	opts, err := readOptions(lx, usage.Of(word.Value), usage.Whole)
	if err != nil {
		return nil, err
	}
	e.Opts = opts.opts
	if err := checkEnv(e.Opts); err != nil {
		return nil, err
	}
	switch t := lx.Peek(); {
	case isWord(t, "--"):
		lx.Next()
	case isWord(t, "in"):
		lx.Next()
		if t := lx.Peek(); !beginsValue(t) {
			return nil, wanted(t, "the name of a namespace after `in`")
		}
		e.In = sessionOf(lx).argument(lx.Next())
	}
	if err := readCommand(lx, e, word); err != nil {
		return nil, err
	}
	e.Span = since(lx, word)
	return e, nil
}

// checkEnv sees that every env is K=V.
func checkEnv(opts ast.Options) error {
	for _, o := range opts {
		if o.Name != "env" {
			continue
		}
		if w, ok := o.Args[0].(*ast.Word); !ok || strings.IndexByte(w.Raw, '=') < 1 {
			f := &fault{tok: &lexer.Token{Type: lex.Word, Pos: lexer.Position(o.Where().Pos)}, at: o.Where().Pos.Offset}
			f.d = diag.New(diag.OptionValue, o.Args[0].Where(), "`env` needs a name and a value, as in `env LANG=C`")
			return f
		}
	}
	return nil
}

func readCommand(lx *lexer.PeekingLexer, e *ast.Exec, word *lexer.Token) error {
	t := lx.Peek()
	switch {
	case isSign(t, "{") && word.Value == "spawn":
		return faultAt(t, diag.NoProgram, "`spawn` starts one program, and not a block of commands").
			help("write a `spawn` for each, or give them to a shell: `spawn in NS sh '…'`")
	case isSign(t, "{"):
		return readLines(lx, e)
	case ends(t):
		return faultAt(t, diag.NoProgram, "`%s` needs a program to run", word.Value).
			help("its form is `%s`", usage.Of(word.Value).Forms[0])
	case isWord(t, "sh") && peek2(lx).Type == lex.String:
		lx.Next()
		s := sessionOf(lx)
		e.Sh = s.str(lx.Next())
		if next := lx.Peek(); !ends(next) && lex.ProblemOf(next) == 0 {
			return faultAt(next, diag.ShellText, "`sh` takes one text and nothing more").
				help("write it into the text; variables of the script are in its environment")
		}
		return nil
	}
	var err error
	e.Args, err = readWords(lx)
	return err
}

// readWords reads a program and its arguments up to the end of the line.
func readWords(lx *lexer.PeekingLexer) ([]ast.Expr, error) {
	s := sessionOf(lx)
	var list []ast.Expr
	for {
		switch t := lx.Peek(); {
		case ends(t):
			return list, nil
		case t.Type == lex.Word || t.Type == lex.String:
			list = append(list, s.argument(lx.Next()))
		case t.Type == lex.Sign:
			return nil, faultAt(t, diag.QuoteBracket, "`%s` has to be quoted in the arguments of a program", t.Value).
				help("write `%s`", s.quoted(t))
		default:
			return nil, wanted(t, "an argument")
		}
	}
}

// readLines reads a block of commands, one a line.
func readLines(lx *lexer.PeekingLexer, e *ast.Exec) error {
	lx.Next()
	e.Lines = [][]ast.Expr{}
	for {
		switch t := lx.Peek(); {
		case t.Type == lex.Newline:
			lx.Next()
		case isSign(t, "}"):
			lx.Next()
			return nil
		case t.Type == lex.EOF:
			return wanted(t, "`}`")
		default:
			line, err := readWords(lx)
			if err != nil {
				return err
			}
			e.Lines = append(e.Lines, line)
		}
	}
}

// argument makes the expression of one argument of a program.
func (s *session) argument(t *lexer.Token) ast.Expr {
	if t.Type == lex.String {
		return s.str(t)
	}
	return s.word(t)
}
