package examples

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"vnet/runtime/kernel/kerneltest"
)

// residual are the scripts after which something is not what it was, because
// the kernel lets nobody bring it back (image.Residues), and how ip(8) shows
// what that is.
var residual = map[string]*regexp.Regexp{
	"first-port":       neverHadPort,
	"master-other":     neverHadPort,
	"ns-del-and-again": neverHadPort,
}

var neverHadPort = regexp.MustCompile(`(bridge_id|designated_root) 8000\.[0-9a-f:]+|(tso_max_size|tso_max_segs) [0-9]+`)

// shown takes what matches out of a snapshot.
func shown(s kerneltest.Snapshot, what *regexp.Regexp) kerneltest.Snapshot {
	out := kerneltest.Snapshot{}
	for question, answer := range s {
		out[question] = what.ReplaceAllString(answer, "")
	}
	return out
}

// undone checks that the machine is what it was, but for what the script is
// known to leave; that is there.
func undone(t *testing.T, m *kerneltest.Machine, before kerneltest.Snapshot, name string) {
	t.Helper()
	left := residual[name]
	if left == nil {
		m.Same(t, before)
		return
	}
	now := m.Settle()
	if now.Diff(before) == "" {
		t.Error("it leaves nothing any more")
	}
	if diff := shown(before, left).Diff(shown(now, left)); diff != "" {
		t.Errorf("the machine is not what it was before:\n%s", diff)
	}
}

// What was there before a script is there after it, exactly as it was, when
// the script fails or is taken down with --rm.
func TestUndo(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/undo/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		a := txtar.Parse(text)
		for _, f := range a.Files[1:] {
			t.Run(f.Name, func(t *testing.T) {
				t.Parallel()
				m := kerneltest.New(t)
				m.Script(string(a.Files[0].Data))
				before := m.Settle()
				o := m.TryCmd(vnet(script(t, string(f.Data)+"\nfail \"the end\"\n")))
				if o.Status != 1 || !strings.Contains(o.Err, "the end") {
					t.Fatalf("exit status %d\n%s", o.Status, o.Err)
				}
				undone(t, m, before, f.Name)
				if t.Failed() {
					t.Log(o.Err)
					return
				}
				o = m.TryCmd(vnet("run", "--rm", script(t, string(f.Data))))
				if o.Status != 0 {
					t.Fatalf("with --rm: exit status %d\n%s", o.Status, o.Err)
				}
				undone(t, m, before, f.Name)
			})
		}
	}
}

// What could not be undone is refused before it is done, and what to do instead
// is told.
func TestIrreversible(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script("ip link add x0 type ifb; tc qdisc add dev x0 root handle 1: stab overhead 4 linklayer atm htb")
	before := m.Settle()
	o := runCmd(t, m, 1, vnet(script(t, "ns lab\nlink set host:x0 netns lab\n")))
	for _, want := range []string{"error[V6003]: x0 in host would lose what nobody could put back: the size table of qdisc htb", "help: ", "lab.vnet:2:"} {
		if !strings.Contains(o.Err, want) {
			t.Errorf("does not say %q:\n%s", want, o.Err)
		}
	}
	m.Same(t, before)
}
