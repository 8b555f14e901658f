package diag

import "strings"

// Wrap breaks text between words: the first line has room for first columns,
// the others for rest. What stands in `backquotes` is kept on one line, since
// people copy it; so is a word that is too wide for any line.
func Wrap(text string, first, rest int) []string {
	var lines []string
	room, line := first, ""
	for _, word := range wordsOf(text, max(first, rest)) {
		if line != "" && widths.StringWidth(line)+1+widths.StringWidth(word) > room {
			lines = append(lines, line)
			line, room = "", rest
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// wordsOf cuts text at spaces outside of backquotes, and within them where
// they enclose more than fits on a line.
func wordsOf(text string, room int) []string {
	var out []string
	quoted := ""
	for _, word := range strings.Fields(text) {
		if quoted != "" {
			word = quoted + " " + word
		}
		quoted = ""
		if strings.Count(word, "`")%2 == 1 {
			quoted = word
			continue
		}
		if widths.StringWidth(word) > room {
			out = append(out, strings.Fields(word)...)
			continue
		}
		out = append(out, word)
	}
	return append(out, strings.Fields(quoted)...)
}
