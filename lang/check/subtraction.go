package check

import (
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
)

// $a-1 is one word, as in h$i-sw. Where a number is wanted the spaces were
// probably forgotten.

// A piece is an operand or operator of a word that reads like a calculation.
type piece struct {
	text string // as written
	x    ast.Expr
}

// split takes a word apart that is operands with operators between and
// nothing else: $n-1 is [$n - 1]. It gives one piece or none for other words.
func split(w *ast.Word) []piece {
	if !strings.ContainsAny(w.Raw, "-+*") {
		return nil
	}
	var out []piece
	operand := true // one is wanted next
	for _, p := range w.Parts {
		if p.X != nil {
			from, to := p.Pos.Offset-w.Pos.Offset, p.End.Offset-w.Pos.Offset
			if !operand || from < 0 || to > len(w.Raw) || from > to {
				return nil
			}
			out, operand = append(out, piece{w.Raw[from:to], p.X}), false
			continue
		}
		for text := p.Text; text != ""; {
			n := len(text) - len(strings.TrimLeft(text, "0123456789"))
			switch {
			case operand && n > 0 && (n == 1 || text[0] != '0'):
			case !operand && strings.IndexByte("-+*", text[0]) >= 0:
				n = 1
			default:
				return nil
			}
			out, text, operand = append(out, piece{text: text[:n]}), text[n:], !operand
		}
	}
	if operand {
		return nil
	}
	return out
}

// calculation gives the pieces of a word that reads like a calculation:
// several with a variable among them, or two numbers.
func calculation(x ast.Expr) []piece {
	word, ok := x.(*ast.Word)
	if !ok {
		return nil
	}
	pieces := split(word)
	if len(pieces) < 3 || !hasVariable(pieces) && len(pieces) > 3 {
		return nil
	}
	return pieces
}

func hasVariable(pieces []piece) bool {
	for _, p := range pieces {
		if p.x != nil {
			return true
		}
	}
	return false
}

// numbers reports whether every variable of a calculation is plainly a number.
func (w *walker) numbers(pieces []piece) bool {
	for _, p := range pieces {
		if p.x != nil && w.shapeOf(p.x) != number {
			return false
		}
	}
	return hasVariable(pieces)
}

// subtraction looks at a value that may be any word. With numbers it is an
// error where it gets a name of its own, as in let x = $n-1.
func (w *walker) subtraction(x ast.Expr, named bool) {
	pieces := calculation(x)
	if pieces == nil || !w.numbers(pieces) {
		return
	}
	last := pieces[len(pieces)-1]
	severity := diag.Warning
	if named && last.x == nil {
		severity = diag.Error
	}
	d := w.forgottenSpaces(x, pieces)
	d.Severity = severity
	d.WithHelp("for the text, write it in quotes: \"%s\"", x.(*ast.Word).Raw)
}

func (w *walker) forgottenSpaces(x ast.Expr, pieces []piece) *diag.Diagnostic {
	raw := x.(*ast.Word).Raw
	d := w.fail(diag.AlmostSubtraction, x.Where(), "`%s` is a word, not a calculation", raw)
	return d.WithHelp("write it with spaces: %s", spaced(pieces))
}

// operand reports a calculation without spaces as an operand: a number is
// wanted there unless the other side is plainly something else.
func (w *walker) operand(x, other ast.Expr) {
	if pieces := calculation(x); pieces != nil && w.shapeOf(other) != scalar {
		w.forgottenSpaces(x, pieces)
	}
}

// equality is operand for == and !=, where a word may well be meant.
func (w *walker) equality(x, other ast.Expr) {
	if pieces := calculation(x); pieces != nil && w.shapeOf(other) == number {
		w.forgottenSpaces(x, pieces)
	}
}

// index reports $list[$n-1]; in a map it could be a key.
func (w *walker) index(x *ast.Index) {
	pieces := calculation(x.I)
	if pieces == nil || w.shapeOf(x.X) == mapping {
		return
	}
	if w.shapeOf(x.X) == list || w.numbers(pieces) {
		w.forgottenSpaces(x.I, pieces)
	}
}

// argument looks at an argument of a call.
func (w *walker) argument(fn ast.Name, a ast.Arg) {
	if fn.Text == "range" && w.known(fn.Text) && w.scope.function(fn.Text) == nil {
		if pieces := calculation(a.Value); pieces != nil {
			w.forgottenSpaces(a.Value, pieces)
		}
		return
	}
	w.subtraction(a.Value, false)
}

// number reports $n-1 at a place of a statement where a number is wanted.
func (w *walker) number(x ast.Expr) {
	pieces := calculation(x)
	if pieces == nil {
		return
	}
	raw := x.(*ast.Word).Raw
	w.fail(diag.AlmostSubtraction, x.Where(), "`%s` is a word, not a calculation", raw).
		WithHelp("write it in parentheses and with spaces: (%s)", spaced(pieces))
}

// rangeEnd reports for i in 1..$n-1, whose end is a word and no number.
func (w *walker) rangeEnd(x ast.Expr) bool {
	word, ok := x.(*ast.Word)
	if !ok || len(word.Parts) == 0 || word.Parts[0].X != nil {
		return false
	}
	from, rest, ok := strings.Cut(word.Parts[0].Text, "..")
	if !ok || from == "" {
		return false
	}
	cut := len(from) + 2
	end := *word
	end.Raw = word.Raw[cut:]
	end.Pos.Offset += cut
	end.Parts = append([]ast.Part(nil), word.Parts...)
	end.Parts[0].Text = rest
	pieces := calculation(&end)
	if pieces == nil {
		return false
	}
	w.fail(diag.AlmostSubtraction, x.Where(), "`%s` is a word, not a calculation", end.Raw).
		WithHelp("write the end of the range in ${ }: %s..${%s}", from, strings.ReplaceAll(spaced(pieces), "$", ""))
	return true
}

func spaced(pieces []piece) string {
	words := make([]string, len(pieces))
	for i, p := range pieces {
		words[i] = p.text
	}
	return strings.Join(words, " ")
}
