package repl

import (
	"regexp"
	"strings"
	"unicode"

	"vnet/lang/lazy"
	"vnet/lang/parse"
	"vnet/lang/usage"
)

// clean is a pasted text as it is entered, without prompts before its lines
// and the newlines behind it: nothing is carried out before Enter is pressed.
func clean(text string) string {
	return unprompt(strings.TrimRight(undouble(plain(text)), "\n"))
}

// newlines are one or more.
var newlines = lazy.Regexp(`\n+`)

// undouble makes one newline of two when all are doubled: the terminal makes a
// newline of every carriage return, and so two of what ends a line in a text
// from Windows.
func undouble(text string) string {
	for _, run := range newlines().FindAllString(text, -1) {
		if len(run)%2 == 1 {
			return text
		}
	}
	return strings.ReplaceAll(text, "\n\n", "\n")
}

// plain is a text without what no keyboard has: its lines end in newlines, and
// nothing in it acts on a terminal.
func plain(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(text, ""))
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || isOwn(r) {
			return -1
		}
		return r
	}, text)
}

var (
	ownPrompt   = lazy.Regexp(`^vnet[^>\n]{0,40}> ?`)
	ownFurther  = lazy.Regexp(`^[ .]*[{(\['"]*[>…] ?`)
	shellPrompt = lazy.Regexp(`^(?:[\w.-]+@[\w.-]+:\S*)?\$ `)
	rootPrompt  = lazy.Regexp(`^[\w.-]+@[\w.-]+:\S*# `)
)

// unprompt removes the prompts of a tutorial or of a session with vnet from
// the lines of a pasted text. It does so only when it is clear that they are
// prompts.
func unprompt(text string) string {
	lines := strings.Split(text, "\n")
	first := strings.TrimLeft(text, "\n ")
	switch {
	case ownPrompt().MatchString(first):
		return session(lines)
	case shellPrompt().MatchString(first), rootPrompt().MatchString(first):
		for i, l := range lines {
			bare := strings.TrimLeft(l, " ")
			for _, p := range []func() *regexp.Regexp{shellPrompt, rootPrompt} {
				if p().MatchString(bare) {
					lines[i] = p().ReplaceAllString(bare, "")
					break
				}
			}
		}
		return strings.Join(lines, "\n")
	case strings.HasPrefix(first, "# "):
		if script, ok := typedByRoot(lines); ok {
			return script
		}
	}
	return text
}

// session keeps of a session with vnet what was typed, and not what was
// answered.
func session(lines []string) string {
	var out []string
	inside := false
	for _, l := range lines {
		switch {
		case ownPrompt().MatchString(l):
			out, inside = append(out, ownPrompt().ReplaceAllString(l, "")), true
		case inside && ownFurther().MatchString(l):
			out = append(out, ownFurther().ReplaceAllString(l, ""))
		default:
			inside = false
		}
	}
	return strings.Join(out, "\n")
}

// typedByRoot decides whether `# ` before every line is the prompt of root and
// not that of a comment: what follows it is then a script.
func typedByRoot(lines []string) (string, bool) {
	out := make([]string, len(lines))
	for i, l := range lines {
		bare, prompted := strings.CutPrefix(strings.TrimLeft(l, " "), "# ")
		if !prompted && strings.TrimSpace(l) != "" {
			return "", false
		}
		if word, _, _ := strings.Cut(bare, " "); prompted && usage.Of(word) == nil {
			return "", false
		}
		out[i] = bare
	}
	script := strings.Join(out, "\n")
	return script, !parse.Text(EntryName, script+"\n").Diags.Failed()
}
