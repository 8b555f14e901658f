package main

import (
	"fmt"
	"strings"
)

// A page is a manual page that is being written, in the language of man(7).
type page struct{ strings.Builder }

// newPage begins a page: its title, and what is to stand at its edges.
func newPage(name, section string, e edition) *page {
	p := &page{}
	fmt.Fprintf(p, ".TH %s %s %s %s\n", quoted(strings.ToUpper(name)), section, quoted(e.date), quoted(strings.TrimSpace("vnet "+e.version)))
	p.WriteString(".nh\n.ad l\n") // words and columns of scripts are not to be pulled apart
	return p
}

// escape makes a text safe: what troff would read as its own stands for itself.
var escape = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`).Replace

func quoted(s string) string { return `"` + strings.ReplaceAll(escape(s), `"`, `\(dq`) + `"` }

func (p *page) section(title string) { fmt.Fprintf(p, ".SH %s\n", quoted(title)) }

func (p *page) subsection(title string) { fmt.Fprintf(p, ".SS %s\n", quoted(title)) }

// line writes a line of text.
func (p *page) line(text string) {
	text = escape(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	p.WriteString(text + "\n")
}

// prose writes paragraphs; an empty line parts them.
func (p *page) prose(text string) {
	for i, para := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			p.WriteString(".PP\n")
		}
		for line := range strings.Lines(para) {
			p.line(strings.TrimSpace(line))
		}
	}
}

// entry writes a paragraph that is about something.
func (p *page) entry(about, text string) {
	fmt.Fprintf(p, ".TP\n.B %s\n", quoted(about))
	p.line(text)
}

// verbatim writes lines as they are.
func (p *page) verbatim(text string) {
	p.WriteString(".EX\n")
	for line := range strings.Lines(text) {
		p.line(strings.TrimSuffix(line, "\n"))
	}
	p.WriteString(".EE\n")
}
