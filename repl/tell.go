package repl

import (
	"fmt"
	"io"
	"strings"

	"vnet/lang/diag"
)

// tell prints a remark or an error in lines that fit the window.
func (p *Prompt) tell(format string, args ...any) { p.lines(p.Err, "  ", fmt.Sprintf(format, args...)) }

// lines prints a text, of one line or several, between whose words the lines
// are broken that are wider than the window. What is left of one is indented.
func (p *Prompt) lines(w io.Writer, indent, text string) {
	width := 0
	if p.Width != nil {
		width = p.Width()
	}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintln(w, fold(line, width, indent))
	}
}

// row prints a word, and beside it, or below in a narrow window, what is said
// of it.
func (p *Prompt) row(indent string, column int, word, text string) {
	beside := strings.Repeat(" ", len(indent)+column+1)
	line := indent + word + strings.Repeat(" ", max(0, column-promptWidth(word))) + " "
	width := 0
	if p.Width != nil {
		width = p.Width()
	}
	switch {
	case width <= 0 || promptWidth(line+text) <= width:
		fmt.Fprintln(p.Out, line+text)
	case len(beside) > width/2:
		fmt.Fprintln(p.Out, fold(indent+word, width, indent+"  "))
		p.lines(p.Out, indent+"    ", indent+"    "+text)
	default:
		fmt.Fprintln(p.Out, line+strings.Join(diag.Wrap(text, width-len(beside), width-len(beside)), "\n"+beside))
	}
}

// fold breaks a line between its words, if it is known how wide it may be.
func fold(line string, width int, indent string) string {
	bare := strings.TrimLeft(line, " ")
	head := line[:len(line)-len(bare)]
	if width <= 0 || promptWidth(line) <= width {
		return line
	}
	if len(indent) > width/2 {
		indent = "  "
	}
	return head + strings.Join(diag.Wrap(bare, max(1, width-len(head)), max(1, width-len(indent))), "\n"+indent)
}
