package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

// A lab is a few namespaces of one test, whose names begin alike: @ in scripts
// and operations.
type lab struct {
	t      *testing.T
	prefix string
}

var labs atomic.Int32

func newLab(t *testing.T, script string) *lab {
	t.Helper()
	open(t)
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command")
	}
	l := &lab{t, fmt.Sprintf("kt%d-", labs.Add(1))}
	t.Cleanup(func() {
		for _, ns := range l.spaces() {
			l.script("for p in $(ip netns pids " + ns + "); do kill -9 $p; done; ip netns del " + ns)
		}
	})
	l.script("set -e\n" + script)
	return l
}

func (l *lab) script(text string) string {
	l.t.Helper()
	out, err := exec.Command("sh", "-c", strings.ReplaceAll(text, "@", l.prefix)).CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s\n%s%v", text, out, err)
	}
	return string(out)
}

func (l *lab) spaces() []string {
	paths, _ := filepath.Glob(runDir + "/" + l.prefix + "*")
	for i, p := range paths {
		paths[i] = filepath.Base(p)
	}
	return paths
}

// look takes the fingerprints of the namespaces.
func (l *lab) look() map[string]image.Fingerprint {
	l.t.Helper()
	out := map[string]image.Fingerprint{}
	for _, ns := range l.spaces() {
		fd, err := unix.Open(runDir+"/"+ns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		var st unix.Stat_t
		_ = unix.Fstat(fd, &st)
		img, err := image.Take(context.Background(), fd, image.All)
		unix.Close(fd)
		if err != nil {
			l.t.Fatal(ns, err)
		}
		out[ns] = append(img.Fingerprint(image.Indexed), image.Entry{Thing: "inode", Lines: []string{fmt.Sprint(st.Ino)}})
	}
	return out
}

func differences(a, b map[string]image.Fingerprint) string {
	var out []string
	names := map[string]bool{}
	for ns := range a {
		names[ns] = true
	}
	for ns := range b {
		names[ns] = true
	}
	for ns := range names {
		for _, d := range image.Diff(a[ns], b[ns]) {
			out = append(out, ns+": "+d)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// settled waits until nothing changes by itself any more: the kernel looks at
// carriers once a second.
func (l *lab) settled() map[string]image.Fingerprint {
	l.t.Helper()
	last, since := l.look(), time.Now()
	for deadline := since.Add(20 * time.Second); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		now := l.look()
		if differences(last, now) != "" {
			last, since = now, time.Now()
		}
		if time.Since(since) > 1300*time.Millisecond {
			return last
		}
	}
	l.t.Fatal("the lab does not settle")
	return nil
}

// same waits until the lab is what it was.
func (l *lab) same(what string, before map[string]image.Fingerprint) {
	l.t.Helper()
	var diff string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(20 * time.Millisecond) {
		if diff = differences(before, l.look()); diff == "" {
			l.noPark(what)
			return
		}
	}
	l.t.Errorf("%s: not what it was:\n%s", what, diff)
}

// noPark checks that nothing of this lab is parked.
func (l *lab) noPark(what string) {
	l.t.Helper()
	r := open(l.t).reach()
	defer r.close()
	for _, ns := range l.spaces() {
		sp, err := r.open(runDir+"/"+ns, "")
		if err != nil {
			l.t.Fatal(err)
		}
		id, err := sp.id()
		if err != nil {
			l.t.Fatal(err)
		}
		if _, err := os.Lstat(parked(id)); err == nil {
			l.t.Errorf("%s: %s is still parked", what, ns)
		}
	}
}

// A log is a journal: what it holds was written before anything was done, and
// comes back from text.
type log struct{ undo, final host.Ops }

func (j *log) intend(list []host.Intention) error {
	last := list[len(list)-1]
	data, err := json.Marshal([]host.Ops{last.Undo, last.Final})
	if err != nil {
		return err
	}
	var back []host.Ops
	if err := json.Unmarshal(data, &back); err != nil {
		return err
	}
	j.undo, j.final = back[0], back[1]
	return nil
}

// errKilled is how a program ends at a failpoint.
var errKilled = errors.New("killed")

// do applies operations as a program of its own that is killed at the nth step;
// 0 lets it live. It returns how many steps there were.
func do(t *testing.T, ops []host.Op, intend host.Intend, kill int) (results []host.Result, steps int) {
	t.Helper()
	h, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	h.failpoint = func(string) {
		if steps++; steps == kill {
			panic(errKilled)
		}
	}
	defer func() {
		if p := recover(); p != nil && p != errKilled {
			panic(p)
		}
	}()
	return h.Apply(context.Background(), ops, intend), steps
}

// each applies operations one by one, as a rollback does.
func each(t *testing.T, what string, ops []host.Op, kill int) (killed bool) {
	t.Helper()
	for _, op := range ops {
		results, steps := do(t, []host.Op{op}, nil, kill)
		if results == nil {
			return true
		}
		if kill > 0 {
			kill -= steps
			if kill == 0 {
				kill = -1
			}
		}
		if err := results[0].Err; err != nil {
			t.Errorf("%s: %s: %v", what, op, err)
		}
	}
	return false
}

func (l *lab) op(op host.Op) host.Op {
	switch o := op.(type) {
	case host.LinkDel:
		o.NS = strings.ReplaceAll(o.NS, "@", l.prefix)
		return o
	case host.NamespaceDel:
		o.Name = strings.ReplaceAll(o.Name, "@", l.prefix)
		return o
	}
	return op
}

// exact checks that a deletion is undone exactly, and, with kills, after a kill
// at each step of it and at each step of the undo.
func exact(t *testing.T, kills bool, script string, op host.Op) {
	t.Helper()
	t.Parallel()
	l := newLab(t, script)
	op = l.op(op)
	before := l.settled()
	var j log
	results, steps := do(t, []host.Op{op}, j.intend, 0)
	if results[0].Err != nil {
		t.Fatal(results[0].Err)
	}
	if len(j.undo) == 0 || len(j.final) == 0 || steps == 0 {
		t.Fatalf("journalled: %v, %v", j.undo, j.final)
	}
	l.hidden()
	each(t, "undo", j.undo, 0)
	l.same("undone", before)
	each(t, "undo again", j.undo, 0)
	l.same("undone twice", before)
	if !kills {
		return
	}
	for k := 1; k <= steps; k++ {
		j = log{}
		if results, _ := do(t, []host.Op{op}, j.intend, k); results != nil {
			t.Fatalf("step %d was not reached", k)
		}
		what := fmt.Sprintf("killed at step %d of %d", k, steps)
		each(t, what, j.undo, 0)
		each(t, what+", undone twice", j.undo, 0)
		l.same(what, before)
	}
	for k := 1; ; k++ {
		do(t, []host.Op{op}, j.intend, 0)
		killed := each(t, "undo", j.undo, k)
		each(t, "undo", j.undo, 0)
		l.same(fmt.Sprintf("undo killed at step %d", k), before)
		if !killed {
			t.Logf("%d steps to bury, %d to bring back", steps, k-1)
			break
		}
	}
}

// hidden checks that nobody is shown what is buried.
func (l *lab) hidden() {
	l.t.Helper()
	h := open(l.t)
	for _, ns := range l.spaces() {
		s, err := h.State(context.Background(), ns)
		if err != nil {
			l.t.Fatal(err)
		}
		if text := fmt.Sprint(s); strings.Contains(text, "~") {
			l.t.Errorf("a tombstone is shown in %s: %s", ns, text)
		}
	}
}

// final checks that a deletion is final after the commit, also when it or the
// commit was killed at each step.
func final(t *testing.T, script string, op host.Op, gone ...string) {
	t.Parallel()
	for k := 0; ; k++ {
		l := newLab(t, script)
		op := l.op(op)
		var j log
		results, steps := do(t, []host.Op{op}, j.intend, k)
		if results != nil && results[0].Err != nil {
			t.Fatal(results[0].Err)
		}
		for i := range 3 {
			do(t, j.final, nil, 2*i%3) // killed at the second and the first step, and then not
		}
		for _, r := range must(do(t, j.final, nil, 0)) {
			if r.Err != nil {
				t.Errorf("step %d: final: %v", k, r.Err)
			}
		}
		for _, g := range gone {
			ns, link, _ := strings.Cut(strings.ReplaceAll(g, "@", l.prefix), ":")
			if link == "" {
				if _, err := os.Lstat(runDir + "/" + ns); err == nil {
					t.Errorf("step %d: %s is still there", k, ns)
				}
				continue
			}
			if out := l.script("ip -n " + ns + " -o link"); strings.Contains(out, link+"@") || strings.Contains(out, link+":") || strings.Contains(out, "~") {
				t.Errorf("step %d: in %s there is still\n%s", k, ns, out)
			}
		}
		l.noPark(fmt.Sprintf("step %d", k))
		if k > 0 && results != nil || k > 200 {
			return
		}
		_ = steps
	}
}

func must(results []host.Result, _ int) []host.Result { return results }

func del(ns, link string) host.Op { return host.LinkDel{NS: ns, Name: link} }
