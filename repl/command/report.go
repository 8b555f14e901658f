package command

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime"
)

// few is how many lines of one kind a report prints before it sums up.
const few = 5

// report prints what came of a run, on standard error: standard output
// belongs to the script.
func (a *app) report(s runtime.Script, r *runtime.Report, opts *runOptions) {
	if a.json {
		a.reportJSON(r)
		return
	}
	a.tell(r.Diags, a.sources(s), false)
	var b strings.Builder
	switch {
	case r.Ending == runtime.Done:
		if !a.quiet {
			b.WriteString(success(s, r, opts.remove) + "\n")
		}
	case r.Ending == runtime.Invalid && !r.RolledBack:
		b.WriteString(counted(r.Diags) + "; nothing was touched.\n")
	default:
		a.outcome(&b, s, r, opts)
	}
	write(a.console.err, a.style().prose(b.String()))
}

// success is one line:  two-hosts: 2 namespaces, 1 cable; 1 check passed; 12 ms
func success(s runtime.Script, r *runtime.Report, removed bool) string {
	parts := []string{made(r.Made)}
	switch {
	case removed:
		parts[0] = "done and taken down"
	case parts[0] == "":
		parts[0] = "nothing made"
	}
	var did []string
	if r.Checks > 0 {
		did = append(did, count(r.Checks, "check", "checks")+" passed")
	}
	if r.Programs > 0 {
		did = append(did, count(r.Programs, "program", "programs")+" run")
	}
	if len(did) > 0 {
		parts = append(parts, strings.Join(did, ", "))
	}
	parts = append(parts, elapsed(r.Elapsed))
	return title(s, r) + ": " + strings.Join(parts, "; ") + warned(r.Diags)
}

// title is what a report calls the script.
func title(s runtime.Script, r *runtime.Report) string {
	base := strings.TrimSuffix(filepath.Base(s.Name), ".vnet")
	return name.Quote(cmp.Or(r.Lab, base))
}

// outcome says what the undo did, and what it did not.
func (a *app) outcome(b *strings.Builder, s runtime.Script, r *runtime.Report, opts *runOptions) {
	if !r.Diags.Failed() && r.Ending != runtime.Incomplete {
		b.WriteString(ended(r.Ending, opts) + "\n")
	}
	undone := fmt.Sprintf("%s undone in %s", count(r.Undone, "change", "changes"), elapsed(r.UndoTime))
	switch {
	case r.Ending == runtime.Incomplete:
		what := "rollback"
		if !r.RolledBack {
			what = "taking down"
		}
		fmt.Fprintf(b, "%s incomplete: %s; left:\n", what, undone)
		for _, line := range r.Left {
			b.WriteString("  " + name.Quote(line) + "\n")
		}
	case r.KeptFailed:
		a.keptFailed(b, r)
	case r.Committed != "":
		fmt.Fprintf(b, "rolled back to the commit at %s: %s. What was done before it stays.\n", name.Quote(r.Committed), undone)
	case !r.RolledBack || r.Undone == 0:
		b.WriteString("nothing was changed.\n")
	default:
		fmt.Fprintf(b, "rolled back completely: %s. The network is as it was before %s.\n", undone, subject(s))
	}
	for i, what := range r.Outside {
		if i == few && len(r.Outside) > few+1 {
			fmt.Fprintf(b, "  not undone: %d more programs\n", len(r.Outside)-few)
			break
		}
		fmt.Fprintf(b, "  not undone: %s (programs are outside a transaction)\n", name.Quote(what))
	}
}

// keptFailed says how to look at what a script that failed has left, and how to
// be rid of it.
func (a *app) keptFailed(b *strings.Builder, r *runtime.Report) {
	called := name.Quote(r.Lab)
	fmt.Fprintf(b, "kept as it was when it failed: lab %s", called)
	if what := made(r.Made); what != "" {
		b.WriteString(", " + what)
	}
	b.WriteByte('\n')
	if a.Labs != nil {
		labs, _ := a.Labs()
		for _, l := range labs {
			if l.Name == r.Lab && len(l.Spaces) > 0 {
				fmt.Fprintf(b, "  to look at it: vnet shell %s\n", name.Quote(l.Spaces[0].Name))
			}
		}
	}
	fmt.Fprintf(b, "  to remove it: vnet down %s\n", called)
}

// subject is the script at the end of a sentence.
func subject(s runtime.Script) string {
	if s.Name == stdin {
		return "the script"
	}
	return name.Quote(filepath.Base(s.Name))
}

// ended tells an ending that needs no diagnostic.
func ended(e runtime.Ending, opts *runOptions) string {
	switch e {
	case runtime.TimedOut:
		return "stopped: not done within " + opts.timeout.String()
	case runtime.Interrupted:
		return "interrupted"
	case runtime.Terminated:
		return "terminated"
	}
	return "failed"
}

// kinds gives the plural of what is made, in the order of a report.
var kinds = []struct{ kind, one, many string }{
	{"namespace", "namespace", "namespaces"},
	{"veth", "cable", "cables"},
	{"bridge", "bridge", "bridges"},
	{"link", "interface", "interfaces"},
	{"address", "address", "addresses"},
	{"route", "route", "routes"},
	{"rule", "rule", "rules"},
	{"neighbour", "neighbour", "neighbours"},
	{"sysctl", "kernel parameter", "kernel parameters"},
}

// made counts what stands:  2 namespaces, 1 cable
func made(what map[string]int) string {
	rest := maps.Clone(what)
	var parts []string
	for _, k := range kinds {
		if n := rest[k.kind]; n > 0 {
			parts = append(parts, count(n, k.one, k.many))
		}
		delete(rest, k.kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(rest)) {
		if n := rest[kind]; n > 0 {
			parts = append(parts, count(n, kind, kind+"s"))
		}
	}
	return strings.Join(parts, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// counted is  2 errors, 1 warning
func counted(list diag.List) string {
	errs, warns := 0, 0
	for _, d := range list.Tidy() {
		if d.Severity == diag.Error {
			errs++
		} else {
			warns++
		}
	}
	s := count(errs, "error", "errors")
	if warns > 0 {
		s += ", " + count(warns, "warning", "warnings")
	}
	return s
}

// warned is  , with 1 warning  or nothing.
func warned(list diag.List) string {
	if n := len(list.Tidy()); n > 0 {
		return ", with " + count(n, "warning", "warnings")
	}
	return ""
}

// A summary is the last line of `run --json`. Every key is always there.
type summary struct {
	Ending     string         `json:"ending"`
	Status     int            `json:"status"`
	Lab        string         `json:"lab"`
	Made       map[string]int `json:"made"`
	Checks     int            `json:"checks"`
	Programs   int            `json:"programs"`
	Elapsed    float64        `json:"seconds"`
	RolledBack bool           `json:"rolledBack"`
	Undone     int            `json:"undone"`
	UndoTime   float64        `json:"undoSeconds"`
	Left       []string       `json:"left"`
	Outside    []string       `json:"notUndone"`
	Committed  string         `json:"committed"`
	KeptFailed bool           `json:"keptFailed"`
}

func (a *app) reportJSON(r *runtime.Report) {
	_ = r.Diags.Tidy().JSON(a.console.err)
	made := r.Made
	if made == nil {
		made = map[string]int{}
	}
	line, err := diag.Marshal(summary{
		Ending: endingName(r.Ending), Status: int(r.Ending), Lab: r.Lab, Made: made, Checks: r.Checks,
		Programs: r.Programs, Elapsed: r.Elapsed.Seconds(), RolledBack: r.RolledBack, Undone: r.Undone,
		UndoTime: r.UndoTime.Seconds(), Left: append([]string{}, r.Left...), Outside: append([]string{}, r.Outside...),
		Committed: r.Committed, KeptFailed: r.KeptFailed,
	})
	if err == nil {
		write(a.console.err, string(line)+"\n")
	}
}

func endingName(e runtime.Ending) string {
	switch e {
	case runtime.Done:
		return "done"
	case runtime.Failed:
		return "failed"
	case runtime.Invalid:
		return "invalid"
	case runtime.Unexpected:
		return "unexpected"
	case runtime.Incomplete:
		return "incomplete"
	case runtime.Forbidden:
		return "forbidden"
	case runtime.Unsupported:
		return "unsupported"
	case runtime.TimedOut:
		return "timeout"
	case runtime.Interrupted:
		return "interrupted"
	case runtime.Terminated:
		return "terminated"
	}
	return "failed"
}
