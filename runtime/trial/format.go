package trial

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Format writes results as they come.
type Format interface {
	Begin(tests int)
	Result(Result)
	End(Tally)
}

// Formats are the names that New knows.
func Formats() []string { return []string{"text", "tap", "junit", "github", "json"} }

// New returns the format of a name, or nil. Verbose shows the output of tests
// that passed, too.
func New(name string, w io.Writer, verbose bool) Format {
	switch name {
	case "text":
		return &text{w: w, verbose: verbose}
	case "tap":
		return &tap{w: w}
	case "junit":
		return &junit{w: w}
	case "github":
		return &github{text: text{w: w, verbose: verbose}, token: rand.Text()}
	case "json":
		return &jsonl{w: w}
	}
	return nil
}

// text is for people: a line for each test, and why it failed.
type text struct {
	w       io.Writer
	verbose bool
}

func (f *text) Begin(int) {}

func (f *text) Result(r Result) {
	word := map[State]string{Passed: "ok  ", Failed: "FAIL", NotRun: "----"}[r.State]
	line := fmt.Sprintf("%s  %s: %s", word, plain(r.File), plain(r.Name))
	if r.State == NotRun {
		fmt.Fprintf(f.w, "%s (not run)\n", line)
		return
	}
	fmt.Fprintf(f.w, "%s (%s)\n", line, seconds(r.Elapsed))
	if r.State == Failed || f.verbose {
		f.indent(r.Output)
	}
	if r.Failure != nil {
		f.indent(either(r.Failure.Text, r.Failure.Summary))
	}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (f *text) indent(s string) {
	for l := range strings.Lines(s) {
		fmt.Fprintf(f.w, "      %s\n", strings.TrimRight(l, "\r\n"))
	}
}

func (f *text) End(t Tally) {
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{t.Passed, "passed"}, {t.Failed, "failed"}, {t.NotRun, "not run"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	noun := "tests"
	if t.Total() == 1 {
		noun = "test"
	}
	fmt.Fprintf(f.w, "%d %s: %s; %s\n", t.Total(), noun, strings.Join(parts, ", "), seconds(t.Elapsed))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }

// plain takes line breaks and other control characters out of a name.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// tap is the Test Anything Protocol, version 14 (testanything.org).
type tap struct {
	w io.Writer
	n int
}

func (f *tap) Begin(tests int) {
	fmt.Fprintf(f.w, "TAP version 14\n1..%d\n", tests)
}

var tapEscape = strings.NewReplacer(`\`, `\\`, "#", `\#`)

func (f *tap) Result(r Result) {
	f.n++
	what := tapEscape.Replace(plain(r.File) + ": " + plain(r.Name))
	switch r.State {
	case NotRun:
		fmt.Fprintf(f.w, "not ok %d - %s # SKIP not run\n", f.n, what)
		return
	case Passed:
		fmt.Fprintf(f.w, "ok %d - %s\n", f.n, what)
	default:
		fmt.Fprintf(f.w, "not ok %d - %s\n", f.n, what)
	}
	fmt.Fprintf(f.w, "  ---\n  duration_ms: %.3f\n", float64(r.Elapsed.Microseconds())/1000)
	if r.Failure != nil {
		fmt.Fprintf(f.w, "  message: %s\n  severity: fail\n", yaml(r.Failure.Summary))
		if r.Failure.Line > 0 {
			fmt.Fprintf(f.w, "  at:\n    file: %s\n    line: %d\n    column: %d\n", yaml(r.Failure.File), r.Failure.Line, r.Failure.Column)
		}
		fmt.Fprintf(f.w, "  text: %s\n", yaml(r.Failure.Text))
	}
	if r.Output != "" && r.State == Failed {
		fmt.Fprintf(f.w, "  output: %s\n", yaml(r.Output))
	}
	fmt.Fprint(f.w, "  ...\n")
}

// yaml writes a text so that any reader of YAML takes it for one: JSON is YAML.
func yaml(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(strings.ToValidUTF8(s, "\ufffd")) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (f *tap) End(t Tally) {
	if t.NotRun > 0 {
		fmt.Fprintf(f.w, "Bail out! interrupted, %d not run\n", t.NotRun)
	}
}

// github is for a job of GitHub Actions: what failed is shown at its line.
// What tests print is no command to the workflow: only this run knows the token.
type github struct {
	text
	token string
}

func (f *github) Result(r Result) {
	fmt.Fprintf(f.w, "::stop-commands::%s\n", f.token)
	f.text.Result(r)
	fmt.Fprintf(f.w, "::%s::\n", f.token)
	if r.Failure == nil {
		return
	}
	file, line := r.Failure.File, r.Failure.Line
	if line == 0 {
		file, line = r.File, max(1, r.Line)
	}
	column := ""
	if r.Failure.Column > 0 {
		column = fmt.Sprintf(",col=%d", r.Failure.Column)
	}
	fmt.Fprintf(f.w, "::error file=%s,line=%d%s,title=%s::%s\n", property(file), line, column, property(r.Name), data(r.Failure.Summary))
}

// What a workflow command takes for more than a character is escaped.
var (
	dataEscape     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscape = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func data(s string) string     { return dataEscape.Replace(s) }
func property(s string) string { return propertyEscape.Replace(s) }

// jsonl writes an object a line: each test, and the tally.
type jsonl struct{ w io.Writer }

func (f *jsonl) Begin(int) {}

func (f *jsonl) Result(r Result) {
	f.line(struct {
		File    string   `json:"file"`
		Name    string   `json:"name"`
		Line    int      `json:"line,omitempty"`
		State   string   `json:"state"`
		Seconds float64  `json:"seconds"`
		Output  string   `json:"output,omitempty"`
		Failure *Failure `json:"failure,omitempty"`
	}{r.File, r.Name, r.Line, r.State.String(), r.Elapsed.Seconds(), r.Output, r.Failure})
}

func (f *jsonl) End(t Tally) {
	f.line(map[string]any{"tests": t.Total(), "passed": t.Passed, "failed": t.Failed, "notRun": t.NotRun, "seconds": t.Elapsed.Seconds()})
}

func (f *jsonl) line(v any) {
	e := json.NewEncoder(f.w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a reader that has gone is told of by what writes for it
}

// Known reports whether there is a format of that name.
func Known(name string) bool { return slices.Contains(Formats(), name) }
