package image

import (
	"context"
	_ "embed"
	"strings"
	"testing"
	"time"
)

//go:embed testdata/restore.txt
var restores string

func (l *lab) restore(t *testing.T, pre *Image, set WriteSet) []string {
	t.Helper()
	began := time.Now()
	residue, err := Restore(context.Background(), l.ns, pre, set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 5*settling {
		t.Errorf("took %v", d)
	}
	return residue
}

// same waits until nothing but what is declared differs from before.
func (l *lab) same(t *testing.T, pre *Image) bool {
	t.Helper()
	var diff []string
	for deadline := time.Now().Add(settling); ; {
		diff = declared(pre, l.take(), Indexed, nil)
		if len(diff) == 0 {
			return true
		}
		if time.Now().After(deadline) {
			t.Error(strings.Join(diff, "\n"))
			return false
		}
		idle(20 * time.Millisecond)
	}
}

// A scene is a line of a table: its name, and a script.
type scene struct{ name, script string }

func scenes(text string) (list []scene) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, script, _ := strings.Cut(line, ": ")
		list = append(list, scene{name, script})
	}
	return list
}

// TestRestore does one thing after the other to a namespace and takes it back,
// each time exactly: the next begins with what the one before left.
func TestRestore(t *testing.T) {
	t.Parallel()
	list := scenes(restores)
	const lanes = 4
	for lane := range lanes {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			var l *lab
			var pre *Image
			step := lanes
			if testing.Short() {
				step *= 5
			}
			for i := lane; i < len(list); i += step {
				if l == nil {
					l = newLab(t)
					l.Script(rich)
					pre = l.settled()
				}
				s := list[i]
				t.Run(s.name, func(t *testing.T) {
					if o := l.Try("sh", "-e", "-c", s.script); o.Status != 0 {
						l = nil // half of it may be
						t.Skip("cannot be done here:", o.Err)
					}
					residue := l.restore(t, pre, WriteSet{All: true})
					if len(residue) > 0 {
						t.Error("residue:\n", strings.Join(residue, "\n"))
					}
					if !l.same(t, pre) {
						l = nil
					}
				})
			}
		})
	}
}
