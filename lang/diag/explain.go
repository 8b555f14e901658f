package diag

import (
	"embed"
	"slices"
	"strings"
)

//go:embed codes
var pages embed.FS

// Explain returns the page about a code. It is Markdown: a title line
// "# V1002: no such name", and examples in fences called vnet and vnet wrong.
func Explain(code Code) (page string, ok bool) {
	text, err := pages.ReadFile("codes/" + string(code) + ".md")
	return string(text), err == nil
}

// Title returns what a code stands for in a few words.
func Title(code Code) string {
	page, _ := Explain(code)
	line, _, _ := strings.Cut(page, "\n")
	line = strings.TrimPrefix(line, "# "+string(code))
	return strings.TrimLeft(line, ": ")
}

// Codes lists the codes that have a page, sorted.
func Codes() []Code {
	files, _ := pages.ReadDir("codes")
	codes := make([]Code, 0, len(files))
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".md"); ok {
			codes = append(codes, Code(name))
		}
	}
	slices.Sort(codes)
	return codes
}
