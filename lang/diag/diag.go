// Package diag holds what vnet has to say about a script: errors and warnings
// with their place in the source, the kernel's words and what to write instead.
package diag

import (
	"fmt"
	"slices"
	"strings"

	"vnet/lang/token"
)

// A Code names a kind of diagnostic for good: V1002. Its first digit is its
// theme; `vnet explain` has a page for every one.
type Code string

// A Severity says whether a script with this diagnostic may run.
type Severity int

const (
	Error   Severity = iota // the script is not valid, or failed
	Warning                 // worth a look; the script may run
)

func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// A Note is a remark about another place that explains the diagnostic.
type Note struct {
	Span token.Span
	Text string
}

// A Diagnostic is one thing to tell the user about a script.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Summary  string     // one line, lower case, names in `backquotes`
	Span     token.Span // what to underline
	Label    string     // said beside the underline; may be empty
	Notes    []Note     // other places of the script that matter here
	Kernel   string     // the kernel's own words, with its errno name
	Inside   []string   // the blocks and calls that surround it, innermost first
	Help     []string   // what to write instead, one remedy each
	Output   string     // what a program printed, for a failed exec or expect
}

// New returns an error about a stretch of the script.
func New(code Code, span token.Span, format string, args ...any) *Diagnostic {
	return &Diagnostic{Code: code, Span: span, Summary: fmt.Sprintf(format, args...)}
}

// Warn returns a warning about a stretch of the script.
func Warn(code Code, span token.Span, format string, args ...any) *Diagnostic {
	d := New(code, span, format, args...)
	d.Severity = Warning
	return d
}

// WithLabel sets the words beside the underline.
func (d *Diagnostic) WithLabel(format string, args ...any) *Diagnostic {
	d.Label = fmt.Sprintf(format, args...)
	return d
}

// WithNote adds a remark about another place; an unknown place adds nothing.
func (d *Diagnostic) WithNote(span token.Span, format string, args ...any) *Diagnostic {
	if span.Known() {
		d.Notes = append(d.Notes, Note{span, fmt.Sprintf(format, args...)})
	}
	return d
}

// WithHelp adds a remedy; an empty one adds nothing.
func (d *Diagnostic) WithHelp(format string, args ...any) *Diagnostic {
	if help := fmt.Sprintf(format, args...); help != "" {
		d.Help = append(d.Help, help)
	}
	return d
}

// Error gives the diagnostic as one line, for logs and Go callers.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if d.Span.Known() {
		fmt.Fprintf(&b, "%s: ", d.Span.Pos)
	}
	fmt.Fprintf(&b, "%s[%s]: %s", d.Severity, d.Code, d.Summary)
	if d.Kernel != "" {
		fmt.Fprintf(&b, ": %s", d.Kernel)
	}
	return b.String()
}

// A List is what one pass over a script found, in the order of the source
// once it is sorted.
type List []*Diagnostic

// Failed reports whether the list holds an error.
func (l List) Failed() bool {
	return slices.ContainsFunc(l, func(d *Diagnostic) bool { return d.Severity == Error })
}

// Error gives the list as lines, so that a List can travel as an error.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Tidy returns the list in source order without repetitions: one diagnostic
// for a code and place, and no warning where an error stands.
func (l List) Tidy() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b *Diagnostic) int {
		pa, pb := a.Span.Pos, b.Span.Pos
		if c := strings.Compare(pa.Filename, pb.Filename); c != 0 {
			return c
		}
		if pa.Offset != pb.Offset {
			return pa.Offset - pb.Offset
		}
		return int(a.Severity) - int(b.Severity)
	})
	return slices.CompactFunc(out, func(a, b *Diagnostic) bool {
		return a.Span.Pos == b.Span.Pos && (a.Code == b.Code || a.Severity == Error && b.Severity == Warning)
	})
}
