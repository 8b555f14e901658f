package runtime

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/journal"
)

// A run that waits to be confirmed is not committed: whatever ends it takes it
// back. Beside its journal stands a file with the name of its lab; another that
// is put there confirms it.
const (
	awaitFile   = "await"
	confirmFile = "confirmed"
)

// confirmRest is the time between two looks for the confirmation.
const confirmRest = 50 * time.Millisecond

// confirmed waits until what the script did is confirmed. The error says that
// it is not.
func (w *run) confirmed(ctx context.Context) error {
	if err := w.tx.Flush(ctx); err != nil {
		return err
	}
	j := w.tx.Journal()
	if w.set.Confirm == 0 || j == nil {
		return nil
	}
	called := w.labName(w.interp.Tally().Lab)
	if err := j.Save(awaitFile, []byte(called)); err != nil {
		return noLedger(err)
	}
	var answer <-chan bool
	if w.set.Ask != nil {
		var over func()
		answer, over = w.set.Ask(called, w.set.Confirm)
		defer over()
	}
	late, stopped := time.After(w.set.Confirm), ctx.Done()
	for {
		if _, err := os.Lstat(filepath.Join(j.Dir(), confirmFile)); err == nil {
			return nil
		}
		select {
		case yes := <-answer:
			if yes {
				return nil
			}
			return notConfirmed(called, "was refused")
		case <-stopped:
			var sig Signal
			if !errors.As(context.Cause(ctx), &sig) || sig.Signal != syscall.SIGHUP {
				return context.Cause(ctx)
			}
			stopped = nil // the line is cut, which is what this is for: the time goes on
		case <-late:
			return notConfirmed(called, "was not confirmed within "+w.set.Confirm.String())
		case <-time.After(confirmRest):
		}
	}
}

func notConfirmed(called, why string) error {
	return &eval.Failure{Diag: diag.New(diag.NotConfirmed, token.Span{}, "lab `%s` %s", name.Quote(called), why)}
}

// Confirm keeps a lab that waits to be confirmed; without a name, the only one
// that does.
func Confirm(ctx context.Context, called string) (string, diag.List) {
	store, err := journal.Existing(journal.Root)
	if err != nil {
		return "", diag.List{noLedger(err).Diag}
	}
	var waiting map[string]string
	if store != nil {
		defer store.Sweep()
		waiting = awaiting(store)
	}
	names := slices.Sorted(maps.Keys(waiting))
	if called == "" && len(names) == 1 {
		called = names[0]
	}
	dir, ok := waiting[called]
	if !ok {
		return "", diag.List{notWaiting(called, names)}
	}
	if err := journal.At(dir).Save(confirmFile, nil); err != nil {
		return "", diag.List{notWaiting(called, nil)}
	}
	// It is confirmed when the run has gone on, and has come to be a lab.
	for ctx.Err() == nil {
		if _, err := os.Lstat(dir); err != nil {
			break
		}
		time.Sleep(confirmRest)
	}
	if len(store.Parts(called)) == 0 {
		return "", diag.List{diag.New(diag.NotConfirmed, token.Span{}, "lab `%s` was taken back before that", name.Quote(called))}
	}
	return called, nil
}

// awaiting finds the labs that wait to be confirmed, with their journals.
func awaiting(store *journal.Store) map[string]string {
	waiting := map[string]string{}
	dirs, _ := store.Dirs()
	for _, dir := range dirs {
		if data, err := journal.At(dir).Load(awaitFile); err == nil {
			waiting[string(data)] = dir
		}
	}
	return waiting
}

func notWaiting(called string, names []string) *diag.Diagnostic {
	d := diag.New(diag.UnknownLab, token.Span{}, "no lab `%s` waits to be confirmed", name.Quote(called))
	if called == "" {
		d = diag.New(diag.UnknownLab, token.Span{}, "no lab waits to be confirmed")
	}
	if len(names) > 0 {
		d.WithHelp("these do: %s", name.Quote(strings.Join(names, " ")))
	}
	return d
}
