package image

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
)

//go:embed testdata/changes.txt
var changes string

// A change is noticed for what it is. A comparison that finds no difference
// proves something only if it can find one.
func Test50Notices(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script(rich)
	before := l.settled().Fingerprint(Indexed)
	made := 0
	for line := range strings.Lines(changes) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		script, want, _ := strings.Cut(line, " => ")
		if o := l.Try("sh", "-e", "-c", script); o.Status != 0 {
			t.Logf("cannot be made here: %s: %s", script, strings.TrimSpace(o.Err))
			continue
		}
		made++
		after := l.take().Fingerprint(Indexed)
		diff := Diff(before, after)
		if !slices.ContainsFunc(diff, func(d string) bool { return strings.Contains(d, want) }) {
			t.Errorf("%s: nothing about %q in\n%s", script, want, strings.Join(diff, "\n"))
		}
		before = after
	}
	if made < 60 {
		t.Errorf("only %d changes made", made)
	}
	t.Log(made, "changes")
}
