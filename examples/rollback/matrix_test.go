package rollback

import (
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"vnet/examples/vnettest"
	"vnet/lang/usage"
	"vnet/runtime/kernel/kerneltest"
	"vnet/runtime/standby"
)

var (
	//go:embed testdata/matrix.txt
	matrixText string
	//go:embed testdata/made.vnet
	madeText string
)

// full asks for every cell, each kind of object on its own; without it every
// row is done to both in one script, and the ends take turns.
var full = os.Getenv("VNET_TEST_FULL") != ""

// A row is a statement of the matrix: see testdata/matrix.txt.
type row struct {
	name, old, made, fails, reads string
}

// rows reads the matrix.
func rows(t testing.TB) []row {
	t.Helper()
	var out []row
	var part *string
	for line := range strings.Lines(matrixText) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch word {
		case "#":
			continue
		case "=":
			out = append(out, row{name: rest})
			part = nil
			continue
		}
		if len(out) > 0 {
			r := &out[len(out)-1]
			at := map[string]*string{"old:": &r.old, "made:": &r.made, "fails:": &r.fails, "reads:": &r.reads}[word]
			if at != nil {
				part, line = at, rest+"\n"
			}
		}
		switch {
		case strings.TrimSpace(line) == "":
		case part == nil:
			t.Fatalf("the matrix: what is %q?", line)
		default:
			*part += line
		}
	}
	return out
}

// forms are the kinds of statements there are: their words, with their verbs,
// and what `link set` can change.
func forms() []string {
	var out []string
	for _, e := range usage.All() {
		switch {
		case e.Word == "link":
			out = append(out, "link del")
			for _, o := range e.Options {
				out = append(out, "link set "+o.Name)
			}
		case len(e.Verbs) > 0:
			for _, v := range e.Verbs {
				out = append(out, e.Word+" "+v)
			}
		default:
			out = append(out, e.Word)
		}
	}
	return out
}

// Every kind of statement has a row.
func TestRollbackMatrixIsWhole(t *testing.T) {
	all := rows(t)
	is := func(form string) func(row) bool {
		return func(r row) bool { return r.name == form || strings.HasPrefix(r.name, form+" ") }
	}
	for _, f := range forms() {
		if !slices.ContainsFunc(all, is(f)) {
			t.Errorf("there is no row for `%s`", f)
		}
	}
	for _, r := range all {
		if !slices.ContainsFunc(forms(), func(f string) bool { return is(f)(r) }) {
			t.Errorf("there is no statement `%s`", r.name)
		}
		if (r.old == "") == (r.reads == "") {
			t.Errorf("%s: it either changes something or does not", r.name)
		}
	}
	for name := range declared {
		if !slices.ContainsFunc(all, func(r row) bool { return r.name == name }) {
			t.Errorf("there is no row `%s`", name)
		}
	}
}

// A declaration is a difference that is meant.
type declaration struct {
	reason string
	clean  string // the shell's commands that take the difference away
}

// declared are all the differences that are meant, by the row.
var declared = map[string]declaration{
	"commit": {"what stands before a `commit` is kept", "ip -n old addr del 10.89.0.1/32 dev lo; rm -r /run/vnet"},
	"exec":   {"what a program does is its own affair", "ip -n old addr del 10.88.3.1/32 dev lo"},
}

// An end is a column of the matrix.
type end struct {
	name    string
	status  int
	tail    string // what is behind the statement
	itself  bool   // the statement fails, and there is no tail
	recover bool   // somebody else has to take it back
}

// victims finds the guard of the vnet that it runs in.
const victims = `for s in /proc/[0-9]*/stat; do read -r p c x pp rest <$s || continue; if [ "$pp $c" = "$PPID (` + standby.Name + `)" ]; then kill -KILL $p; fi; done 2>/dev/null`

var ends = []end{
	{name: "error after it", status: 1, tail: `fail "the end"`},
	{name: "it fails", status: 1, itself: true},
	{name: "SIGINT", status: 130, tail: `exec sh 'kill -INT $PPID; exec sleep 60'`},
	{name: "SIGTERM", status: 143, tail: `exec sh 'kill -TERM $PPID; exec sleep 60'`},
	{name: "SIGHUP", status: 143, tail: `exec sh 'kill -HUP $PPID; exec sleep 60'`},
	{name: "SIGKILL", status: 137, tail: `exec sh 'kill -KILL $PPID; exec sleep 60'`},
	{name: "SIGKILL, guard too", status: 137, tail: `exec sh '` + victims + `; kill -KILL $PPID; exec sleep 60'`, recover: true},
}

// A cell is a script that is run to an end.
type cell struct {
	row
	end
	text string
	nth  int // counts, so that what recovers takes turns
}

// cells are what is done for a row at an end: to old and made together, or to
// each.
func cells(r row, e end, all bool) []cell {
	texts := []string{madeText + r.made + r.old}
	if r.made == "" || r.reads != "" {
		texts = []string{r.old}
	} else if all {
		texts = []string{r.old, madeText + r.made}
	}
	if r.reads != "" {
		texts = []string{"let counted = 1\nspawn as watcher in old sleep 90\nlink set x0 alias \"read\"\n" + r.reads}
	}
	var out []cell
	for _, text := range texts {
		if e.itself && r.fails != "" {
			text += r.fails
		}
		out = append(out, cell{row: r, end: e, text: text})
	}
	return out
}

// applies reports whether a row can end so.
func applies(r row, e end) bool { return !e.itself || r.fails != "" || r.reads == "" }

// run carries out a cell. It returns what is not as it was before, and what
// was said.
func (c cell) run(t testing.TB, l *lab) (residue []string, said string) {
	t.Helper()
	cmd := l.vnet(t, c.text+c.tail+"\n")
	if c.itself && c.fails == "" {
		n := operations(t, l, c)
		cmd = vnettest.Fault(l.vnet(t, c.text), fmt.Sprintf("apply %d ENOBUFS", n))
	}
	o := l.TryCmd(vnettest.Guard(cmd))
	said = o.Out + o.Err
	want := c.status
	if c.itself && c.row.name == "expect" {
		want = 4
	}
	if o.Status != want {
		residue = append(residue, fmt.Sprintf("exit status %d, want %d", o.Status, want))
	}
	if c.recover {
		cmd := vnettest.Command("recover")
		if c.nth%2 == 0 {
			cmd = l.vnet(t, "ns another\n", "--rm")
		}
		if o := l.TryCmd(cmd); o.Status != 0 {
			residue = append(residue, fmt.Sprintf("%s ends with %d", cmd.Args, o.Status))
			said += o.Out + o.Err
		}
	}
	if c.status == 137 {
		l.recovered()
	}
	if d, ok := declared[c.row.name]; ok && strings.Contains(c.text, c.old) {
		if o := l.Try("sh", "-e", "-c", d.clean); o.Status != 0 {
			residue = append(residue, "declared, but not so: "+d.reason)
		}
	}
	return append(residue, l.residue(t)...), said
}

var counted = regexp.MustCompile(`(?m)^([0-9]+) operations$`)

// operations counts the operations of a cell's script. It fails at the end, so
// as to leave nothing.
func operations(t testing.TB, l *lab, c cell) int {
	t.Helper()
	o := l.TryCmd(vnettest.Fault(l.vnet(t, c.text+"fail \"counted\"\n"), "count 0 -"))
	m := counted.FindStringSubmatch(o.Err)
	if m == nil {
		t.Fatalf("cannot count: status %d\n%s", o.Status, o.Err)
	}
	if d, ok := declared[c.row.name]; ok && strings.Contains(c.text, c.old) {
		l.Script(d.clean)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A verdict is what a cell of the printed matrix says.
type verdicts struct {
	mu   sync.Mutex
	said map[string]string // by row and end
}

func (v *verdicts) set(r row, e end, what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k := r.name + "/" + e.name; v.said[k] == "" || what != "ok" {
		v.said[k] = what
	}
}

// all says the same of a whole row.
func (v *verdicts) all(r row, what string) {
	for _, e := range ends {
		v.set(r, e, what)
	}
}

// print prints the matrix.
func (v *verdicts) print(all []row) {
	var b strings.Builder
	line := func(cells ...string) {
		fmt.Fprintf(&b, "| %-46s |", cells[0])
		for i, c := range cells[1:] {
			fmt.Fprintf(&b, " %-*s |", max(8, len(ends[i].name)), c)
		}
		b.WriteString("\n")
	}
	head := []string{"statement"}
	rule := []string{strings.Repeat("-", 46)}
	for _, e := range ends {
		head = append(head, e.name)
		rule = append(rule, strings.Repeat("-", max(8, len(e.name))))
	}
	line(head...)
	line(rule...)
	var notes []string
	for _, r := range all {
		cells := []string{r.name}
		for _, e := range ends {
			cells = append(cells, v.said[r.name+"/"+e.name])
		}
		line(cells...)
		if d, ok := declared[r.name]; ok {
			notes = append(notes, fmt.Sprintf("%s: %s", r.name, d.reason))
		}
	}
	fmt.Fprintf(&b, "\ndeclared:\n  %s\n`-`: does not apply; `.`: not asked for (VNET_TEST_FULL=1 asks for all)\n", strings.Join(notes, "\n  "))
	if testing.Verbose() {
		fmt.Print(b.String())
	}
}

// What a script does is undone, whatever it does and however it ends.
func TestRollback(t *testing.T) {
	kerneltest.Need(t)
	all := rows(t)
	p := &pool{t: t}
	v := &verdicts{said: map[string]string{}}
	t.Run("matrix", func(t *testing.T) {
		for i, r := range all {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				l := p.borrow()
				for k, e := range ends {
					switch {
					case !applies(r, e):
						v.set(r, e, "-")
						continue
					case !full && !chosen(i, k, r):
						v.set(r, e, ".")
						continue
					}
					for _, c := range cells(r, e, full) {
						c.nth = i + k
						if l = c.judge(t, p, l, v); l == nil {
							return
						}
					}
				}
				p.giveBack(l)
			})
		}
	})
	v.print(all)
}

// chosen says which ends a row gets where not all are asked for: one that vnet
// lives to see and one that it does not, which take turns; one of all, where
// nothing is changed. So every row and every end has its turn, the same ones
// each time.
func chosen(i, k int, r row) bool {
	living := []int{0, 1, 0, 2, 0, 1, 3, 0, 4}
	killed := []int{5, 6}
	first, second := living[i%len(living)], killed[i%len(killed)]
	if !applies(r, ends[first]) {
		first = 0
	}
	if r.reads != "" {
		return k == []int{0, 2, 3, 4, 5, 6}[i%6]
	}
	return k == first || k == second
}

// judge carries out a cell and notes the verdict. It returns the lab to go on
// with: another one, when this one is not what it was. nil ends the row.
func (c cell) judge(t *testing.T, p *pool, l *lab, v *verdicts) *lab {
	residue, said := c.run(t, l)
	switch {
	case len(residue) == 0 && declared[c.row.name].reason != "":
		v.set(c.row, c.end, "declared")
		return l
	case len(residue) == 0:
		v.set(c.row, c.end, "ok")
		return l
	case strings.Contains(said, "Unknown device type"):
		v.all(c.row, "-")
		t.Skip("the kernel has no such link")
	case strings.Contains(said, "is not installed"):
		v.all(c.row, "-")
		t.Skip("a program is missing: ", said)
	}
	v.set(c.row, c.end, "NOT SO")
	t.Errorf("%s, %s:\n%s%s\nleaves\n%s\n%s", c.row.name, c.end.name, c.text, c.tail, strings.Join(residue, "\n"), said)
	return p.borrow()
}
