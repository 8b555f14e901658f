package eval

import (
	"fmt"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/value"
)

// say prints its words, warns, or fails the script with them.
func (t *thread) say(s *ast.Say) error {
	args, err := t.args(s.Args)
	if err != nil {
		return err
	}
	words := make([]string, len(args))
	unknown := false
	for i, a := range args {
		unknown = unknown || value.IsUnknown(a.v)
		words[i] = a.v.String()
	}
	text := strings.Join(words, " ")
	switch {
	case s.Verb == "fail" && t.cfg.Rehearse:
		// Whether it is reached is for the run to tell; what is behind it is not.
		return t.settleFail()
	case t.cfg.Rehearse:
		return nil
	}
	if err := t.tx().Flush(t.ctx); err != nil {
		return err
	}
	switch s.Verb {
	case "fail":
		if text == "" {
			text = "the script says so"
		}
		return t.fail(diag.ScriptFailed, s.Span, "%s", name.Quote(text))
	case "warn":
		fmt.Fprintf(t.cfg.Stderr, "warning: %s\n", printable(text))
	default:
		fmt.Fprintln(t.cfg.Stdout, printable(text))
	}
	return nil
}

// settleFail ends the rehearsal of what certainly is not reached.
func (t *thread) settleFail() error {
	if t.trying == 0 && t.maybe > 0 || t.trying > 0 && t.seenBranches() != t.since {
		return nil
	}
	return errFails
}

// printable keeps the lines and tabs of a text and escapes what could upset a
// terminal.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j, c := range cells {
			cells[j] = name.Quote(c)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}
