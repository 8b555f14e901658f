package lex

import "strings"

// The indent of a text in triple quotes is that of its lines, not counting
// empty ones, the one the text begins on beside the opening quotes, and the one
// of the closing quotes.

// dedent finds the common indent of the text between two offsets. It returns
// where the text begins, a newline right after the opening quotes left out,
// and where its first line with an indent does.
func (c *cutter) dedent(in, out int) (begin, first int) {
	rest := c.text[in:out]
	line := strings.IndexByte(rest, '\n') + 1
	if strings.Trim(rest[:line], " \t\r\n") == "" {
		in += line
	}
	first = in
	if line == 0 || in != out-len(rest)+line {
		first = out - len(rest) + max(line, 1)
	}
	if line == 0 {
		c.indent = ""
		return in, out + 1
	}
	c.indent = commonIndent(c.text[first:out])
	return in, first
}

// lastLine returns the spaces before closing quotes that stand alone.
func lastLine(text string) string {
	last := text[strings.LastIndexByte(text, '\n')+1:]
	if strings.Trim(last, " \t") == "" && len(last) < len(text) {
		return last
	}
	return ""
}

// commonIndent returns the spaces that all lines of text begin with.
func commonIndent(text string) string {
	common, known := "", false
	for line := range strings.Lines(text) {
		body := strings.TrimLeft(line, " \t")
		if strings.Trim(body, "\r\n") == "" {
			continue
		}
		indent := line[:len(line)-len(body)]
		if !known {
			common, known = indent, true
			continue
		}
		for !strings.HasPrefix(indent, common) {
			common = common[:len(common)-1]
		}
	}
	return common
}

// skipIndent returns how much of the line's indent is left out.
func (c *cutter) skipIndent(line string) int {
	if strings.HasPrefix(line, c.indent) {
		return len(c.indent)
	}
	return len(line) - len(strings.TrimLeft(line, " \t")) // an empty line
}
