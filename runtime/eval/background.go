package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

// The pauses before a program is started again.
const (
	firstBackoff   = 100 * time.Millisecond
	longestBackoff = 5 * time.Second
)

// nameIt gives a program its name: the one that was asked for, or that of the
// program with a number if it is taken.
func (t *thread) nameIt(st start) (*background, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tally.Programs++
	b := &background{name: st.name, at: st.at, maybe: t.maybe > 0 || t.trying > 0}
	old := t.backgrounds[st.name]
	if st.name != "" && old.taken() && !(old.maybe || b.maybe) {
		f := t.fail(diag.DuplicateName, cmp.Or(st.nameAt, st.at), "program `%s` runs already", st.name)
		f.Diag.WithNote(old.at, "it is started here")
		return nil, f.help("choose another name, or stop it first: stop %s", st.name)
	}
	if st.name == "" {
		base := programName(cmp.Or(st.base, st.argv[0][0]))
		b.name = base
		for n := 2; t.backgrounds[b.name] != nil; n++ {
			b.name = base + "-" + strconv.Itoa(n)
		}
	}
	t.backgrounds[b.name] = b
	return b, nil
}

// programName makes a name of a program: what it is called without its path,
// of the shell's text its first word.
func programName(argv0 string) string {
	base := filepath.Base(argv0)
	keep := func(r rune) rune {
		if r < 0x80 && name.Program("x"+string(r)) == nil {
			return r
		}
		return -1
	}
	base = strings.TrimLeft(strings.Map(keep, base), ".-")
	return cmp.Or(base[:min(len(base), name.MaxNamespace-4)], "program")
}

// taken reports whether the name is still that of a program: one that was
// stopped or whose place was taken back needs it no more.
func (b *background) taken() bool {
	switch {
	case b == nil || b.stopped:
		return false
	case b.proc == nil:
		return true
	}
	return b.stands()
}

// stands reports whether the start of a program was not taken back.
func (b *background) stands() bool {
	_, err := os.Lstat(b.cmd.Log)
	return err == nil
}

// logOf is the file for a program's output. It has a directory for each run.
func (t *thread) logOf(b *background) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	dir := t.tx().ID()
	if t.tally.Lab != "" {
		dir = t.tally.Lab + "-" + dir
	}
	file := b.name
	for n := 2; t.logNames[dir+"/"+file]; n++ { // of one that was stopped
		file = b.name + "." + strconv.Itoa(n)
	}
	t.logNames[dir+"/"+file] = true
	return filepath.Join(host.LogDir, dir, file+".log")
}

// supervise says when a program fails while the script runs, and starts it
// again as often as it may.
func (t *thread) supervise(b *background, proc host.Program, restarts int) {
	// At the prompt it outlives the entry that started it.
	ctx := context.WithoutCancel(t.ctx)
	for backoff := firstBackoff; ; backoff = min(2*backoff, longestBackoff) {
		<-proc.Done()
		exit, wanted := proc.Exit()
		if wanted || exit.Status == 0 && exit.Signal == "" {
			return
		}
		again := ""
		if restarts > 0 {
			again = "; it is started again"
		}
		fmt.Fprintf(t.cfg.Stderr, "%s: warning: %s %s%s\n", b.at.Pos.ShortString(), b.name, endedHow(exit), again)
		if restarts == 0 || pause(ctx, backoff) != nil {
			return
		}
		restarts--
		next, err := t.cfg.Host.Spawn(ctx, &b.cmd)
		if err != nil {
			return // the group has ended, and with it the reason to start anything
		}
		t.mu.Lock()
		b.proc, proc = next, next
		t.mu.Unlock()
	}
}

// spawnedAs finds the programs that words name.
func (t *thread) spawnedAs(names []ast.Expr) ([]*background, error) {
	args, err := t.flat(names...)
	if err != nil {
		return nil, err
	}
	var out []*background
	for _, a := range args {
		text, err := value.AsText(a.v)
		if errors.Is(err, value.ErrUnknown) {
			continue
		}
		if err != nil {
			return nil, t.wrong(a.at, err)
		}
		t.mu.Lock()
		b := t.backgrounds[text]
		all := slices.Sorted(maps.Keys(t.backgrounds))
		t.mu.Unlock()
		if b == nil && t.cfg.Rehearse && t.isSilenced(text) {
			continue
		}
		if b == nil || b.proc != nil && !b.stands() {
			f := t.fail(diag.UnknownProgram, a.at, "no program `%s` was spawned", name.Quote(text))
			if near, ok := name.Near(text, all); ok {
				return nil, f.help("did you mean `%s`?", near)
			}
			return nil, f.help("start it first: spawn as %s …", name.Quote(text))
		}
		out = append(out, b)
	}
	return out, nil
}

// stop ends programs in the background.
func (t *thread) stop(s *ast.Stop) error {
	list, err := t.spawnedAs(s.Names)
	if err != nil {
		return err
	}
	if t.cfg.Rehearse {
		for _, b := range list {
			b.stopped = true
		}
		return nil
	}
	if err := t.tx().Flush(t.ctx); err != nil {
		return err
	}
	for _, b := range list {
		t.mu.Lock()
		proc := b.proc
		b.stopped = true
		t.tally.Outside = append(t.tally.Outside, Outside{"stop", s.Span})
		t.mu.Unlock()
		if err := proc.Stop(); err != nil {
			f := t.fail(diag.NotReady, s.Span, "%s does not end: %s", b.name, name.Quote(err.Error()))
			f.Cause = err
			return f
		}
	}
	return nil
}

// logs prints what programs in the background have printed.
func (t *thread) logs(s *ast.Logs) error {
	list, err := t.spawnedAs(s.Names)
	if err != nil || t.cfg.Rehearse {
		return err
	}
	for _, b := range list {
		for _, path := range []string{b.cmd.Log + ".1", b.cmd.Log} {
			text, _ := os.ReadFile(path)
			if n := len(text); n > 0 && text[n-1] != '\n' {
				text = append(text, '\n')
			}
			_, _ = t.cfg.Stdout.Write(text)
		}
	}
	return nil
}
