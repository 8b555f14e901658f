package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// A ledger is what lets a transaction be finished should its program die: a
// journal, locks on the namespaces it writes to, and a guard that watches.
type ledger struct {
	set    Settings
	script string
	store  *journal.Store
	dir    string
	locks  *journal.Locks
	guard  func() // ends the guard; nil for none
	around string // what VNET_INSIDE was before
	waited bool   // another held a lock in the meantime
	opened int    // journals, so far: the first is dir, the others dir.2, dir.3 …
}

// openLedger prepares what a transaction needs before its first operation. It
// finishes what others left behind first.
func openLedger(ctx context.Context, h host.Host, script string, set Settings) (*ledger, error) {
	// The guard first: whatever there will be, it knows of.
	l := &ledger{set: set, script: script, dir: journal.In(journal.Root).NewDir()}
	l.watch(l.dir)
	store, err := journal.Open(journal.Root)
	if err != nil {
		l.unwatch()
		return nil, noLedger(err)
	}
	l.store = store
	l.locks = store.NewLocks(journal.Owner{Tx: filepath.Base(l.dir), PID: os.Getpid(), Script: script})
	l.locks.Wait = l.waiting
	l.around = os.Getenv(journal.InsideKey)
	os.Setenv(journal.InsideKey, journal.Inside(l.around, filepath.Base(l.dir)))
	if err := l.settleOthers(ctx, h, nil); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// noLedger explains why there is no place for a journal.
func noLedger(err error) *eval.Failure {
	d := diag.New(diag.MachineLacks, token.Span{}, "cannot keep a journal in %s: %s", journal.Root, reason(err))
	if errors.Is(err, os.ErrPermission) {
		d = diag.New(diag.NeedsPrivilege, token.Span{}, "changing networks needs root").
			WithHelp("run it as root: sudo vnet …").
			WithHelp("check and plan need no privileges")
	}
	return &eval.Failure{Diag: d, Cause: err}
}

// reason is an error without the path that os puts before it.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// TryJournal says why there could be no journal; nil: there could.
func TryJournal() *diag.Diagnostic {
	store, err := journal.Open(journal.Root)
	if err != nil {
		return noLedger(err).Diag
	}
	store.Sweep()
	return nil
}

// claim locks namespaces, and waits for those that others are changing.
func (l *ledger) claim(ctx context.Context, h host.Host, spaces []string) error {
	names := make([]string, len(spaces))
	for i, ns := range spaces {
		names[i] = lockName(ns)
	}
	if l.locks.Hold(names) {
		return nil // since when nobody else has begun anything there
	}
	if err := l.locks.Take(ctx, names); err != nil {
		return l.refused(ctx, err)
	}
	return l.settleOthers(ctx, h, spaces)
}

// lockName is the lock of a namespace. The starting one is known by its inode,
// since another program may have been started in another.
func lockName(ns string) string {
	if ns != host.Start {
		return ns
	}
	link, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return "host@"
	}
	return "host@" + link
}

// waiting says for whom it waits, or that it must not.
func (l *ledger) waiting(lock string, holder journal.Owner) error {
	if l.set.NoWait {
		f := &eval.Failure{Diag: diag.New(diag.Locked, token.Span{}, "%s is changing %s", name.Quote(holder.String()), lockedSpace(lock))}
		f.Diag.WithHelp("without --no-wait, vnet waits until it is done")
		return f
	}
	l.waited = true
	if l.set.Stderr != nil {
		fmt.Fprintf(l.set.Stderr, "waiting for %s, which is changing %s\n", name.Quote(holder.String()), lockedSpace(lock))
	}
	return nil
}

func lockedSpace(lock string) string {
	if strings.HasPrefix(lock, "host@") {
		return "the starting namespace"
	}
	if lab, ok := strings.CutPrefix(lock, labLock); ok {
		return "lab " + lab
	}
	return lock
}

// refused explains a lock that cannot be had.
func (l *ledger) refused(ctx context.Context, err error) error {
	var f *eval.Failure
	switch {
	case errors.As(err, &f), ctx.Err() != nil:
		return err
	case errors.Is(err, journal.ErrInside):
		d := diag.New(diag.Locked, token.Span{}, "this vnet was started by a script that is changing the same namespace: it would wait for itself").
			WithHelp("let the script itself make the change")
		return &eval.Failure{Diag: d, Cause: err}
	}
	return noLedger(err)
}

// open begins the journal.
func (l *ledger) open() (*journal.Journal, error) {
	dir := l.dir
	if l.opened++; l.opened > 1 { // what was committed before may be held, or not clean
		dir += "." + strconv.Itoa(l.opened)
	}
	return l.store.Create(dir, l.script)
}

// watch has a guard watch over a journal, from now on this one.
func (l *ledger) watch(dir string) {
	before := l.guard
	l.guard = nil
	if l.set.Guard != nil {
		l.guard = l.set.Guard(dir)
	}
	if before != nil {
		before()
	}
}

// unwatch dismisses the guard.
func (l *ledger) unwatch() {
	if l.guard != nil {
		l.guard()
		l.guard = nil
	}
}

// claimLab locks a lab, before any namespace.
func (l *ledger) claimLab(ctx context.Context, lab string) error {
	if err := l.locks.Take(ctx, []string{labLock + lab}); err != nil {
		return l.refused(ctx, err)
	}
	return nil
}

// labLock begins the name of a lab's lock; no namespace has such a name.
const labLock = "lab@"

// release lets others have the namespaces.
func (l *ledger) release() { l.locks.Release() }

// family lists the journals that are one program's, newest first: dir, and
// those that it began after it.
func family(store *journal.Store, dir string) []string {
	dirs, _ := store.Dirs()
	dirs = slices.DeleteFunc(dirs, func(d string) bool { return !related(d, dir) })
	slices.SortFunc(dirs, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(b, a)) })
	return dirs
}

func related(dir, first string) bool {
	if journal.GoingDown(first) { // with all its parts
		return filepath.Dir(dir) == filepath.Dir(first)
	}
	return dir == first || strings.HasPrefix(dir, first+".")
}

// close lets others have the namespaces, for good. The guard goes last: it
// tidies up for one that dies meanwhile.
func (l *ledger) close() {
	os.Setenv(journal.InsideKey, l.around)
	l.locks.Release()
	l.store.Sweep()
	l.unwatch()
}

// settleOthers finishes the transactions whose programs died. With spaces,
// which are locked by then, it waits for those that another is finishing right
// now in one of them.
func (l *ledger) settleOthers(ctx context.Context, h host.Host, spaces []string) error {
	for rest := time.Millisecond; ; rest = min(2*rest, 50*time.Millisecond) {
		busy, err := l.unfinished(ctx, h, spaces)
		if err != nil || !busy {
			return err
		}
		l.waited = true
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(rest):
		}
	}
}

// finishOthers recovers what programs that died have left, before anything is
// looked at. Own is the ledger of who asks, nil for none: what that could not
// take back has been told.
func finishOthers(ctx context.Context, h host.Host, set Settings, own *ledger) *eval.Failure {
	store, err := journal.Existing(journal.Root)
	if store == nil || errors.Is(err, os.ErrPermission) {
		return nil // without privileges there is nothing to finish
	}
	if err == nil {
		l := &ledger{set: set, store: store}
		if own != nil {
			l.dir = own.dir
		}
		defer store.Sweep()
		_, err = l.unfinished(ctx, h, nil)
	}
	var f *eval.Failure
	if errors.As(err, &f) {
		return f
	}
	if err != nil {
		return noLedger(err)
	}
	return nil
}

// unfinished recovers what it can, and reports whether another is recovering
// something in spaces.
func (l *ledger) unfinished(ctx context.Context, h host.Host, spaces []string) (busy bool, err error) {
	dirs, err := l.store.Dirs()
	if err != nil {
		return false, noLedger(err)
	}
	for _, dir := range dirs {
		if _, tried := hopeless.Load(dir); tried || related(dir, l.dir) {
			continue
		}
		done := recoverOne(ctx, h, dir)
		if len(done.left) > 0 {
			hopeless.Store(dir, true)
		}
		switch {
		case done.alive:
			records := journal.Peek(dir)
			busy = busy || !journal.Held(records) && slices.ContainsFunc(records, func(r journal.Record) bool { return touches(r, spaces) })
		case done.what != "" && l.set.Stderr != nil:
			what := name.Quote(done.what)
			if len(done.left) > 0 {
				what += "; `vnet recover` tells what is left"
			}
			fmt.Fprintln(l.set.Stderr, what)
		}
	}
	return busy, nil
}

// touches reports whether a record is about one of the namespaces.
func touches(r journal.Record, spaces []string) bool {
	for _, op := range r.Op {
		if slices.ContainsFunc(op.Spaces(), func(ns string) bool { return slices.Contains(spaces, ns) }) {
			return true
		}
	}
	return false
}
