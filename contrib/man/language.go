package main

import (
	"regexp"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
)

// language makes vnet(5) of the reference. Its tables become lists of what they
// are about, since a page is narrower than a table.
func (e edition) language(markdown string) string {
	_, body, _ := strings.Cut(markdown, "\n") // the title
	var b strings.Builder
	b.WriteString("# vnet\n\n# NAME\nvnet - the language of vnet scripts\n\n# DESCRIPTION\n")
	b.WriteString(tables(unlinked(body)))
	b.WriteString("\n# SEE ALSO\nvnet(1)\n")
	_, roff, _ := strings.Cut(string(md2man.Render([]byte(b.String()))), ".SH") // the title is ours
	roff = strings.ReplaceAll(roff, "\n.EX\n", "\n.PP\n.EX\n")                  // not within the list before
	return newPage("vnet", "5", e).String() + ".SH" + roff
}

var (
	// contents are lines of links to the sections, which a page cannot follow.
	contents = regexp.MustCompile(`(?m)^(- |  )\[[^\n]*\]\(#[a-z-]*\)[^\n]*\n`)
	link     = regexp.MustCompile(`\[([^\]\n]+)\]\([^)\n]*\)`)
	remark   = regexp.MustCompile(`(?m)^<!--.*-->\n`)
	fence    = regexp.MustCompile("(?m)^```vnet wrong.*\n")
)

// unlinked leaves the words of links, and takes remarks away.
func unlinked(text string) string {
	text = contents.ReplaceAllString(text, "")
	text = link.ReplaceAllString(text, "$1")
	text = fence.ReplaceAllString(text, "*wrong*:\n\n```\n")
	return remark.ReplaceAllString(text, "")
}

// tables makes lists of terms and what they mean of the tables in a text.
func tables(text string) string {
	var b strings.Builder
	inside := false
	head := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			inside = !inside
		}
		if inside || !strings.HasPrefix(line, "|") {
			b.WriteString(line)
			head = true
			continue
		}
		row := cells(line)
		if strings.Trim(row[0], "-") == "" || head {
			head = false
			continue // its heads, and the line below them
		}
		b.WriteString("\n" + row[0] + "\n: " + meaning(row[1:]) + "\n")
	}
	return b.String()
}

// cells are the parts of a row; \| is no border.
func cells(line string) []string {
	const bar = "\x00"
	line = strings.Trim(strings.TrimSpace(strings.ReplaceAll(line, `\|`, bar)), "|")
	parts := strings.Split(line, "|")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.TrimSpace(p), bar, "|")
	}
	return parts
}

// meaning joins what the other cells say.
func meaning(parts []string) string {
	var said []string
	for _, p := range parts {
		if p != "" {
			said = append(said, p)
		}
	}
	return strings.Join(said, ": ")
}
