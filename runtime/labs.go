package runtime

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/lab"
	"vnet/runtime/tx"
)

// A Lab is a network that a script has built and that stands.
type Lab struct {
	Name     string            `json:"lab"`
	Script   string            `json:"script"`
	Path     string            `json:"path"` // of the script, absolute; empty for one that was no file
	Args     map[string]string `json:"args"`
	Text     string            `json:"-"` // of the script
	Since    time.Time         `json:"since"`
	Version  string            `json:"version"`
	Failed   bool              `json:"failed"` // its script failed, and was left as it was then
	Made     map[string]int    `json:"made"`
	Spaces   []LabSpace        `json:"namespaces"`
	Programs []LabProgram      `json:"programs"`
}

// A LabSpace is a namespace that a lab has made.
type LabSpace struct {
	Name  string `json:"name"`
	There bool   `json:"there"` // it bears its name still
}

// A LabProgram is a program, or what one has left, that a lab has started.
type LabProgram struct {
	Name string `json:"name"` // empty for what an exec has left running
	Log  string `json:"log"`
	PIDs []int  `json:"pids"` // all that runs of it; none: it has ended
}

// Labs lists the labs that are up, the oldest first.
func Labs() ([]Lab, diag.List) {
	all, trouble := labsUp()
	if len(all) == 0 {
		return nil, trouble
	}
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	defer k.Close()
	out := make([]Lab, len(all))
	for i := range all {
		out[i] = show(k, &all[i])
	}
	return out, nil
}

// labsUp finds the labs of this boot.
func labsUp() ([]lab.Lab, diag.List) {
	store, err := journal.Existing(journal.Root)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, journal.ErrForeign) {
		return nil, diag.List{diag.New(diag.NeedsPrivilege, token.Span{}, "only root may look at labs").WithHelp("run it as root: sudo vnet …")}
	}
	if err != nil {
		return nil, diag.List{noLedger(err).Diag}
	}
	if store == nil {
		return nil, nil
	}
	defer store.Sweep()
	return slices.DeleteFunc(lab.All(store), func(l lab.Lab) bool {
		return slices.ContainsFunc(l.Parts, func(p lab.Part) bool { return journal.Stale(journal.First(p.Dir)) })
	}), nil
}

// show tells all there is to tell of a lab.
func show(k *kernel.Host, l *lab.Lab) Lab {
	last := l.Last()
	out := Lab{Name: l.Name, Script: last.Script, Path: last.Path, Args: last.Args, Text: last.Text, Since: l.Since(),
		Version: last.Version, Failed: last.Failed, Made: map[string]int{}, Spaces: []LabSpace{}, Programs: []LabProgram{}}
	if out.Args == nil {
		out.Args = map[string]string{}
	}
	for _, s := range l.Spaces() {
		out.Spaces = append(out.Spaces, LabSpace{s.Name, k.Cookie(s.Name) == s.ID})
	}
	for _, p := range l.Parts {
		for kind, n := range p.Made {
			out.Made[kind] += n
		}
		if p.Whole > 0 {
			continue // nothing of it runs
		}
		t, _ := tx.Resume(k, journal.At(p.Dir), journal.Peek(p.Dir))
		for _, g := range t.Programs() {
			program := LabProgram{Name: programName(g.Log), Log: g.Log, PIDs: append([]int{}, k.Processes(g)...)}
			if g.Log != "" || len(program.PIDs) > 0 {
				out.Programs = append(out.Programs, program)
			}
		}
	}
	return out
}

// programName is what the script called a program, by its log; empty for what an
// exec has left.
func programName(log string) string {
	if log == "" {
		return ""
	}
	return strings.TrimSuffix(filepath.Base(log), ".log")
}

// FindLab finds the lab that a word means: its name, or the file it was built
// from, which need not be there any more. Without a word it is the newest.
func FindLab(word string) (string, diag.List) {
	all, trouble := labsUp()
	if trouble.Failed() {
		return "", trouble
	}
	if word == "" {
		if len(all) == 0 {
			return "", diag.List{diag.New(diag.UnknownLab, token.Span{}, "no lab is up")}
		}
		return all[len(all)-1].Name, nil
	}
	for _, l := range all {
		if l.Name == word {
			return word, nil
		}
	}
	path, err := filepath.Abs(word)
	for _, l := range all {
		if err == nil && l.Last().Path == path {
			return l.Name, nil
		}
	}
	var f *eval.Failure
	if name.Lab(word) != nil {
		return "", diag.List{diag.New(diag.UnknownLab, token.Span{}, "no lab was built from `%s`", name.Quote(word)).
			WithHelp("`vnet status` lists those that are up")}
	}
	errors.As(noLab(word, os.ErrNotExist), &f)
	return "", diag.List{f.Diag}
}
