// Package lab is about the networks that scripts have built and that stand: what
// is kept of each beside its journal, so that it can be listed and taken down
// later, when the vnet that built it and its script are gone.
package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vnet/lang/name"
	"vnet/runtime/journal"
	"vnet/runtime/tx"
)

// fileName is the file of a Record beside a journal.
const fileName = "lab.json"

// A Record is what is kept of one run that is a part of a lab.
type Record struct {
	Lab     string            // its name
	Script  string            // as messages call it
	Path    string            `json:",omitempty"` // of the script, absolute; empty for one that was no file
	Args    map[string]string `json:",omitempty"`
	Text    string            // of the script
	At      time.Time         // of the commit
	Version string            `json:",omitempty"` // of the vnet that built it
	Made    map[string]int    `json:",omitempty"` // by kind, as reports count
	Spaces  []tx.Space        `json:",omitempty"` // the namespaces that it made
	Failed  bool              `json:",omitempty"` // its script failed, and was left as it was then

	// Whole is how many changes are taken back by removing the namespaces, if
	// that takes back all of them; 0: its journal tells.
	Whole int `json:",omitempty"`
}

// Save keeps a record beside the journal of the transaction.
func (r *Record) Save(j *journal.Journal) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return j.Save(fileName, data)
}

// A Part is one run of a lab.
type Part struct {
	Record
	Dir string // of its journal
}

// A Lab is a network that stands.
type Lab struct {
	Name  string
	Parts []Part // oldest first
}

// All lists the labs of a store, the oldest first.
func All(s *journal.Store) []Lab {
	var labs []Lab
	for _, n := range s.Labs() {
		if l, ok := Named(s, n); ok {
			labs = append(labs, l)
		}
	}
	slices.SortStableFunc(labs, func(a, b Lab) int { return a.Since().Compare(b.Since()) })
	return labs
}

// Named finds a lab.
func Named(s *journal.Store, lab string) (Lab, bool) {
	l := Lab{Name: lab}
	for _, dir := range s.Parts(lab) {
		l.Parts = append(l.Parts, Part{read(dir, lab), dir})
	}
	return l, len(l.Parts) > 0
}

// read reads a record. What is damaged is as good as not there: the lab can be
// taken down without it.
func read(dir, lab string) Record {
	r := Record{}
	data, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || json.Unmarshal(data, &r) != nil {
		r = Record{}
	}
	if r.At.IsZero() {
		if info, err := os.Stat(dir); err == nil {
			r.At = info.ModTime()
		}
	}
	r.Lab = lab
	return r
}

// Since is when its first part was built, Last when its last one was.
func (l *Lab) Since() time.Time { return l.Parts[0].At }

// Last is its newest part.
func (l *Lab) Last() *Part { return &l.Parts[len(l.Parts)-1] }

// Spaces are the namespaces that it has made, in order.
func (l *Lab) Spaces() []tx.Space {
	var out []tx.Space
	for _, p := range l.Parts {
		out = append(out, p.Record.Spaces...)
	}
	return out
}

// Whole reports whether removing the namespaces that it has made takes back all
// of it.
func (l *Lab) Whole() bool {
	return !slices.ContainsFunc(l.Parts, func(p Part) bool { return p.Record.Whole == 0 })
}

// Called chooses the name of the lab of a script that does not name it: that of
// its file, unless another file's lab bears that; numbered if need be.
func Called(s *journal.Store, script, path string) string {
	base := strings.TrimSuffix(filepath.Base(script), ".vnet")
	base = strings.TrimLeft(strings.Map(allowed, base), ".-")
	base = base[:min(len(base), name.MaxNamespace-4)]
	if name.Lab(base) != nil {
		base = "lab"
	}
	for n, called := 1, base; ; n++ {
		if n > 1 {
			called = fmt.Sprintf("%s-%d", base, n)
		}
		l, ok := Lab{}, false
		if s != nil {
			l, ok = Named(s, called)
		}
		if !ok || path != "" && l.Last().Path == path {
			return called
		}
	}
}

// allowed leaves of a file's name what a lab's name may hold; <stdin> is stdin.
func allowed(c rune) rune {
	switch {
	case c == '<', c == '>':
		return -1
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_':
		return c
	}
	return '-'
}
