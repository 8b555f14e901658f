package convert

import (
	"slices"
	"strings"
)

var objects = []string{"link", "l", "addr", "address", "a", "route", "r", "ro", "rule", "ru", "neigh", "n", "netns"}

// isBatch reports whether a text is one for `ip -batch`: each line begins with
// what ip works on.
func isBatch(text string) bool {
	n := 0
	for l := range strings.Lines(text) {
		f := strings.Fields(l)
		if strings.Contains(l, " gw ") || strings.Contains(l, " -") { // route(8)
			return false
		}
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		if len(f) < 2 || !slices.Contains(objects, f[0]) {
			return false
		}
		n++
	}
	return n > 0
}

// fromBatch makes a script of the shell of the lines of a batch.
func fromBatch(text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if t := strings.TrimSpace(l); t != "" && !strings.HasPrefix(t, "#") {
			b.WriteString("ip ")
		}
		b.WriteString(l)
	}
	return b.String()
}
