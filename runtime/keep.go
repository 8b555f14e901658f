package runtime

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/delta"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/lab"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// keepAs has what a run commits kept as a part of a lab.
func (w *run) keepAs() {
	if w.set.Remove {
		return
	}
	s, path := w.script, pathOf(w.script)
	w.tx.Keep = func(j *journal.Journal, kept tx.Kept) (string, error) {
		called := w.labName(w.interp.Tally().Lab)
		record := lab.Record{Lab: called, Script: s.Name, Path: path, Args: s.Args, Text: s.Text, At: time.Now(),
			Version: w.set.Version, Made: made(kept.Steps), Spaces: kept.Spaces, Failed: w.failed}
		if kept.Whole {
			record.Whole = len(kept.Steps)
		}
		w.report.Lab = called
		if err := record.Save(j); err != nil {
			return called, err
		}
		spaces := w.writtenTo(called, kept.Steps)
		besides := w.besides(kept, spaces)
		states, err := w.packed(spaces)
		if err == nil {
			err = lab.SaveStates(j, states)
		}
		return called, errors.Join(err, besides.Save(j))
	}
}

// A prophecy is what a run will leave, written down while the kernel is at work.
type prophecy struct {
	spaces []string
	packed []byte
	err    error
}

// foretell begins to write down what the mirror shows, where it shows the end of
// the run already.
func (w *run) foretell(spaces []string) {
	if w.set.Remove {
		return
	}
	told := make(chan prophecy, 1)
	w.told = told
	go func() {
		packed, err := lab.PackStates(w.left(spaces))
		told <- prophecy{spaces, packed, err}
	}()
}

// packed is what namespaces are like now, written down.
func (w *run) packed(spaces []string) ([]byte, error) {
	told := w.told
	w.told = nil // of this one commit
	if told != nil && !w.failed {
		if p := <-told; slices.Equal(p.spaces, spaces) {
			return p.packed, p.err
		}
	}
	return lab.PackStates(w.left(spaces))
}

// writtenTo lists the namespaces that steps have written to. Programs may have
// changed any of the lab's, whichever they were started in.
func (w *run) writtenTo(called string, steps []tx.Step) []string {
	var spaces []string
	for _, s := range steps {
		spaces = append(spaces, s.Op.Spaces()...)
	}
	if l, up := lab.Named(w.ledger.store, called); up && w.programs() {
		for _, st := range l.States() {
			spaces = append(spaces, st.NS)
		}
	}
	slices.Sort(spaces)
	return slices.Compact(spaces)
}

// programs reports whether any ran.
func (w *run) programs() bool { return w.interp.Tally().Programs > 0 }

// left shows namespaces. The mirror knows them, but for what programs may have
// done.
func (w *run) left(spaces []string) []*host.State {
	look := w.net
	if w.programs() {
		look = model.New(model.Options{Source: w.host})
	}
	var states []*host.State
	for _, ns := range spaces {
		if st, err := look.State(context.Background(), ns); err == nil {
			states = append(states, st)
		}
	}
	return states
}

// An outlook is a host that shows what no operation makes.
type outlook interface {
	Traits(ctx context.Context, ns string) (host.Traits, error)
	File(ns, file string) (text string, there bool, err error)
	Processes(host.GroupKill) []int
}

var _ outlook = (*kernel.Host)(nil)

// besides shows what programs have set up, those that run, and the files that
// statements have written.
func (w *run) besides(kept tx.Kept, spaces []string) lab.Outside {
	h, ok := w.host.(outlook)
	if !ok {
		return lab.Outside{}
	}
	var ops []host.Op
	for _, s := range kept.Steps {
		ops = append(ops, s.Op)
	}
	out := lab.Outside{Files: filesOf(h, ops)}
	if !w.programs() {
		return out
	}
	out.Traits = traitsOf(context.Background(), h, spaces)
	for _, g := range kept.Programs {
		if pids := h.Processes(g); len(pids) > 0 {
			out.Programs = append(out.Programs, lab.Program{Group: g, Name: cmp.Or(programName(g.Log), processName(pids[0]))})
		}
	}
	return out
}

// filesOf reads the files that operations have written.
func filesOf(h outlook, ops []host.Op) map[string]string {
	out := map[string]string{}
	for _, f := range delta.Files(ops) {
		if text, there, err := h.File(f.NS, f.Name); err == nil && there {
			out[f.Path()] = text
		}
	}
	return out
}

// traitsOf looks into namespaces, as far as it can.
func traitsOf(ctx context.Context, h outlook, spaces []string) map[string]host.Traits {
	out := map[string]host.Traits{}
	for _, ns := range spaces {
		if t, err := h.Traits(ctx, ns); err == nil {
			out[ns] = t
		}
	}
	return out
}

// processName is what the system calls a process.
func processName(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSpace(string(text))
}

// labName is what the lab of a script is called, which the script may tell.
func (w *run) labName(told string) string {
	if told != "" {
		return told
	}
	return lab.Called(w.ledger.store, w.script.Name, pathOf(w.script))
}

// keepFailed leaves what a script that failed has built, if that is wanted and
// there is something.
func (w *run) keepFailed(ctx context.Context) bool {
	if !w.set.KeepFailed || ctx.Err() != nil {
		return false
	}
	w.failed = true
	w.report.Lab = ""
	if err := w.tx.Commit(ctx); err != nil || w.report.Lab == "" {
		return false
	}
	w.report.Made, w.report.KeptFailed = made(w.tx.Steps()), true
	return true
}

// pathOf is where a script is, for who looks for its lab from another folder;
// empty for one that is no file.
func pathOf(s Script) string {
	if s.Dir == "" {
		return ""
	}
	path, err := filepath.Abs(s.Name)
	if err != nil {
		return ""
	}
	return path
}

// stands looks whether the lab that a script would build is up. What others
// have removed altogether is taken for down, and what is left of it is removed.
func stands(h host.Host, s Script, called string) (lab.Lab, bool) {
	store, err := journal.Existing(journal.Root)
	if err != nil || store == nil {
		return lab.Lab{}, false
	}
	defer store.Sweep()
	if called == "" {
		called = lab.Called(store, s.Name, pathOf(s))
	}
	l, ok := lab.Named(store, called)
	return l, ok && !bygone(&l) && !void(h, &l)
}

// isUp says that a lab is there already, instead of all the errors that come
// of it.
func isUp(l lab.Lab) *diag.Diagnostic {
	p := l.Last()
	from := "by " + name.Quote(p.Script)
	return diag.New(diag.LabIsUp, token.Span{}, "lab `%s` is up: built %s ago %s", name.Quote(l.Name), Age(time.Since(l.Since())), from).
		WithHelp("to see what of it has changed: vnet plan %s", name.Quote(l.Name)).
		WithHelp("to take it down: vnet down %s", name.Quote(l.Name)).
		WithHelp("to build it anew in its place: vnet run --replace …")
}

// unlike reports whether a message tells of something that is there but is not
// what a script ensures: that it is of the lab itself explains nothing.
func unlike(d *diag.Diagnostic) bool { return d.Code == diag.CannotConverge }

// Age is a time as one says it:  40 s, 12 min, 3 h, 2 days
func Age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return count(int(d.Seconds()), "s")
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "min")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "h")
	}
	return count(int(d.Hours()/24), "days")
}
