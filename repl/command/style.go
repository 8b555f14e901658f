package command

import (
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"vnet/lang/diag"
)

// A colorMode is the value of --color.
type colorMode string

var colorModes = []string{"auto", "always", "never"}

func (m *colorMode) String() string {
	if *m == "" {
		return "auto"
	}
	return string(*m)
}

func (m *colorMode) Set(s string) error {
	if !slices.Contains(colorModes, s) {
		return misuse("want auto, always or never")
	}
	*m = colorMode(s)
	return nil
}

func (m *colorMode) Type() string { return "WHEN" }

// A style is how a stream is written to.
type style struct{ diag.Style }

// style is that of the messages.
func (a *app) style() style { return a.styleOf(a.console.err) }

func (a *app) styleOf(s *stream) style {
	st := style{diag.Style{Width: s.Width(), ASCII: !utf8Locale()}}
	switch a.color {
	case "always":
		st.Color = true
	case "never":
	default:
		st.Color = s.tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return st
}

// utf8Locale looks at the variables that setlocale(3) looks at, in its order.
func utf8Locale() bool {
	for _, v := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if s := os.Getenv(v); s != "" {
			s = strings.ToLower(s)
			return strings.Contains(s, "utf-8") || strings.Contains(s, "utf8")
		}
	}
	return false
}

func (s style) paint(sgr, text string) string {
	if !s.Color {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string   { return s.paint("1", text) }
func (s style) dim(text string) string    { return s.paint("2", text) }
func (s style) red(text string) string    { return s.paint("1;31", text) }
func (s style) green(text string) string  { return s.paint("1;32", text) }
func (s style) yellow(text string) string { return s.paint("1;33", text) }

// prose breaks lines between words on a terminal; further lines of one are
// indented by two more than it.
func (s style) prose(text string) string {
	if s.Width <= 0 {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		bare := strings.TrimLeft(line, " ")
		indent := len(line) - len(bare)
		for i, part := range diag.Wrap(bare, s.Width-indent, s.Width-indent-2) {
			if i > 0 {
				part = "  " + part
			}
			b.WriteString(strings.Repeat(" ", indent) + part + "\n")
		}
	}
	return b.String()
}

// dot separates parts of a line.
func (s style) dot() string {
	if s.ASCII {
		return " - "
	}
	return " · "
}

// more stands for what was cut off.
func (s style) more() string {
	if s.ASCII {
		return "..."
	}
	return "…"
}

// isTerminal reports whether somebody sits at the other end of a stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// write ignores the error: streams keep their first one, see stream.Write.
func write(w io.Writer, text string) { _, _ = io.WriteString(w, text) }
