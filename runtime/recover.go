package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/tx"
)

// A Recovery is what Recover did.
type Recovery struct {
	Done  []string // a line for each transaction that was finished
	Alive []string // those that are at work and were left alone
	Left  []string // what could not be finished; Recover may be called again
}

// Recover finishes every transaction whose program died: one that was not
// committed is taken back, one that was is carried through. What another is
// finishing already, as a guard does, it waits for. It may be called any number
// of times, and may itself die at any point.
func Recover(ctx context.Context) (*Recovery, diag.List) {
	r := &Recovery{}
	store, err := journal.Existing(journal.Root)
	if err != nil {
		return nil, diag.List{noLedger(err).Diag}
	}
	if store == nil {
		return r, nil
	}
	defer store.Sweep()
	k, err := kernel.New()
	if err != nil {
		return nil, diag.List{machine(err)}
	}
	defer k.Close()
	dirs, err := store.Dirs()
	if err != nil {
		return nil, diag.List{noLedger(err).Diag}
	}
	r.Done = settleLabs(ctx, k, store)
	for _, dir := range dirs {
		got := recoverOrWait(ctx, k, dir)
		switch {
		case got.alive:
			if records := journal.Peek(dir); !journal.Held(records) {
				r.Alive = append(r.Alive, describe(records, dir))
			}
		case got.what != "":
			r.Done = append(r.Done, got.what)
		}
		r.Left = append(r.Left, got.left...)
	}
	return r, nil
}

// hopeless are the journals that this process could not finish: only Recover
// tries one again.
var hopeless sync.Map

// recovered is how the recovery of one transaction went.
type recovered struct {
	alive bool
	what  string // a line for the user; "" when there was nothing to do
	left  []string
}

// patience is how long Recover waits for another that is finishing a
// transaction.
const patience = 30 * time.Second

// recoverOrWait finishes one transaction, or sees another do so.
func recoverOrWait(ctx context.Context, h host.Host, dir string) recovered {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for rest := time.Millisecond; ; rest = min(2*rest, 50*time.Millisecond) {
		got := recoverOne(ctx, h, dir)
		if !got.alive || !journal.Orphan(journal.Peek(dir)) {
			return got
		}
		select {
		case <-ctx.Done():
			return got
		case <-time.After(rest):
		}
	}
}

// recoverOne finishes one transaction.
func recoverOne(ctx context.Context, h host.Host, dir string) recovered {
	j, records, err := journal.Take(dir)
	switch {
	case errors.Is(err, journal.ErrAlive):
		return recovered{alive: true}
	case errors.Is(err, os.ErrNotExist):
		return recovered{}
	case err != nil:
		return recovered{left: []string{err.Error()}}
	}
	what, ended := describe(records, dir), "it died"
	if journal.Ended(records) {
		ended = "it could not finish"
	}
	if journal.Stale(records) {
		discard(ctx, h, records)
		_ = j.Remove()
		return recovered{what: what + ": of another boot of this machine; discarded"}
	}
	t, committed := tx.Resume(h, j, records)
	if committed {
		if left := t.Settle(ctx); len(left) > 0 {
			return recovered{what: what + ": committed, but not finished", left: lines(left)}
		}
		return recovered{what: what + ": committed; carried through"}
	}
	undo := t.Rollback(ctx, 0, nil)
	if journal.GoingDown(dir) {
		ended = "it was being taken down"
	}
	if len(undo.Left) > 0 {
		return recovered{what: what + ": taken back, but not all of it", left: lines(undo.Left)}
	}
	return recovered{what: fmt.Sprintf("%s: %s; rolled back completely%s", what, ended, counted(undo.Undone))}
}

// counted says how many changes a recovery undid; an undo that left something
// had undone most before.
func counted(changes int) string {
	switch changes {
	case 0:
		return ""
	case 1:
		return ", 1 change undone"
	}
	return fmt.Sprintf(", %d changes undone", changes)
}

// discard removes what another boot left on a disk: the files that bore the
// names of namespaces. The namespaces went with the machine.
func discard(ctx context.Context, h host.Host, records []journal.Record) {
	for _, r := range records {
		for _, op := range r.Undo {
			switch op := op.(type) {
			case host.NamespaceDel:
				if op.Inode != 0 {
					h.Apply(ctx, []host.Op{op}, nil)
				}
			case host.GroupKill:
				discardLog(op.Log)
			}
		}
	}
}

// discardLog removes a log, and the directory of its run when that is empty.
func discardLog(path string) {
	if rest, err := filepath.Rel(host.LogDir, path); err == nil && filepath.IsLocal(rest) {
		_ = os.Remove(path)
		_ = os.Remove(filepath.Dir(path))
	}
}

// describe names a transaction for the user.
func describe(records []journal.Record, dir string) string {
	if len(records) == 0 {
		return "a transaction (" + filepath.Base(dir) + ")"
	}
	return fmt.Sprintf("%s (process %d)", name.Quote(records[0].Script), records[0].PID)
}

func lines(errs []error) []string {
	out := make([]string, len(errs))
	for i, err := range errs {
		out[i], _ = leftover(err)
	}
	return out
}
