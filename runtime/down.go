package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"time"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/lab"
	"vnet/runtime/tx"
)

func count(n int, unit string) string { return strconv.Itoa(n) + " " + unit }

// A TakenDown is what came of taking down a lab.
type TakenDown struct {
	Lab     string
	Ending  Ending
	Diags   diag.List
	Undone  int
	Elapsed time.Duration
	Left    []string // what could not be taken back; `vnet recover` tries again
	Foreign []string // what others have changed since, and what therefore stays
	Lost    []string // what the script had deleted for good
}

// Down takes down a lab: what it made is removed and what it changed is put
// back, but for what others have changed since. If vnet dies over it, the next
// one goes on.
func Down(ctx context.Context, called string, set Settings) *TakenDown {
	d := &TakenDown{Lab: called}
	k, err := kernel.New()
	if err != nil {
		d.fail(ctx, &eval.Failure{Diag: machine(err), Cause: err})
		return d
	}
	defer k.Close()
	if err := finishOthers(ctx, k, set, nil); err != nil {
		d.fail(ctx, err)
		return d
	}
	if err := takeDownLab(ctx, k, d, set); err != nil {
		d.fail(ctx, err)
	}
	return d
}

func (d *TakenDown) fail(ctx context.Context, err error) {
	var f *eval.Failure
	if errors.As(err, &f) {
		d.Diags = append(d.Diags, f.Diag)
	} else if ctx.Err() == nil {
		d.Diags = append(d.Diags, bug(err))
	}
	d.Ending = ending(ctx, f, err)
}

// takeDownLab does it, with all its locks.
func takeDownLab(ctx context.Context, h host.Host, d *TakenDown, set Settings) error {
	began := time.Now()
	defer func() { d.Elapsed = time.Since(began) }()
	l, err := openLedger(ctx, h, "vnet down "+d.Lab, set)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.claimLab(ctx, d.Lab); err != nil {
		return err
	}
	if done, err := d.whole(ctx, h, l, set); done || err != nil {
		return err
	}
	parts, err := l.store.TakeLab(d.Lab)
	if err != nil {
		return noLab(d.Lab, err)
	}
	if stale(parts) {
		discardLab(ctx, h, parts)
		return noLab(d.Lab, os.ErrNotExist)
	}
	var spaces []string
	for _, p := range parts {
		t, _ := tx.Resume(h, p.Journal, p.Records)
		spaces = append(spaces, t.Spaces()...)
	}
	slices.Sort(spaces)
	err = l.claim(ctx, h, slices.Compact(spaces))
	if err == nil {
		err = l.store.Unshelve(d.Lab, parts)
	}
	if err != nil {
		for _, p := range parts {
			p.Close()
		}
		return err
	}
	l.watch(parts[0].Dir())
	d.takeBack(context.WithoutCancel(ctx), h, parts, set)
	return nil
}

// whole takes down a lab of which nothing is to be taken back but its
// namespaces, without reading its journal. Where one of them is not what it was,
// that tells what is to be done.
func (d *TakenDown) whole(ctx context.Context, h host.Host, l *ledger, set Settings) (done bool, err error) {
	up, ok := lab.Named(l.store, d.Lab)
	if !ok || len(up.Parts) != 1 || up.Parts[0].Whole == 0 {
		return false, nil
	}
	var names []string
	var ops []host.Op
	for _, s := range up.Spaces() {
		names = append(names, s.Name)
		ops = append(ops, host.NamespaceDel{Name: s.Name, ID: s.ID, Made: true})
	}
	part, err := l.store.TakeWhole(d.Lab)
	if err != nil {
		return false, noLab(d.Lab, err)
	}
	parts := []journal.Taken{part}
	if stale(parts) {
		return false, part.Close()
	}
	if err = l.claim(ctx, h, names); err == nil {
		err = l.store.Unshelve(d.Lab, parts)
	}
	if err != nil {
		part.Close()
		return false, err
	}
	l.watch(part.Dir())
	slices.Reverse(ops)
	ctx = context.WithoutCancel(ctx)
	if !slices.ContainsFunc(h.Apply(ctx, ops, nil), func(r host.Result) bool { return r.Err != nil || r.Skipped }) {
		d.Undone = up.Parts[0].Whole
		return true, part.Remove()
	}
	if parts[0].Records, err = part.Journal.Records(); err != nil {
		return true, noLedger(err) // the guard or a recovery will try
	}
	d.takeBack(ctx, h, parts, set)
	return true, nil
}

// takeBack takes the parts of a lab back, newest first. Its programs end before
// anything is looked at: they may be changing it.
func (d *TakenDown) takeBack(ctx context.Context, h host.Host, parts []journal.Taken, set Settings) {
	txs := make([]*tx.Tx, len(parts))
	for i, p := range parts {
		txs[i], _ = tx.Resume(h, p.Journal, p.Records)
	}
	for _, t := range slices.Backward(txs) {
		_ = t.EndPrograms(ctx) // what cannot be ended is told by the rollback
	}
	progress := func(s tx.Step, n int) {
		if set.Progress != nil {
			set.Progress(Progress{At: s.At, Text: s.Op.String(), Done: n, Undoing: true})
		}
	}
	for _, t := range slices.Backward(txs) {
		lost := t.Lost()
		undo := t.Rollback(ctx, 0, progress)
		d.Undone += undo.Undone
		d.Lost = append(d.Lost, lost...)
		d.sort(undo.Left)
	}
	if len(d.Left) > 0 {
		d.Ending = Incomplete
	}
}

// sort tells what stays because others changed it from what went wrong.
func (d *TakenDown) sort(left []error) {
	for _, err := range left {
		var differs *tx.Difference
		if errors.As(err, &differs) && differs.Foreign {
			d.Foreign = append(d.Foreign, differs.Error())
			continue
		}
		line, _ := leftover(err)
		d.Left = append(d.Left, line)
	}
}

// noLab explains why a lab cannot be had.
func noLab(called string, err error) error {
	switch {
	case errors.Is(err, journal.ErrAlive):
		d := diag.New(diag.Locked, token.Span{}, "another vnet is at work on lab `%s`", name.Quote(called))
		return &eval.Failure{Diag: d, Cause: err}
	case !errors.Is(err, os.ErrNotExist):
		return noLedger(err)
	}
	d := diag.New(diag.UnknownLab, token.Span{}, "no lab `%s` is up", name.Quote(called))
	var names []string
	for _, l := range labs() {
		names = append(names, l.Name)
	}
	if near, ok := name.Near(called, names); ok {
		d.WithHelp("did you mean `%s`?", near)
	} else if len(names) > 0 {
		d.WithHelp("`vnet status` lists those that are")
	}
	return &eval.Failure{Diag: d, Cause: err}
}

// labs lists what is on the shelf; what cannot be looked at is not there.
func labs() []lab.Lab {
	store, err := journal.Existing(journal.Root)
	if err != nil || store == nil {
		return nil
	}
	defer store.Sweep()
	return lab.All(store)
}

// stale reports whether a lab was built before the machine was started: it
// went with it.
func stale(parts []journal.Taken) bool {
	return slices.ContainsFunc(parts, func(p journal.Taken) bool { return journal.Stale(p.Records) })
}

func discardLab(ctx context.Context, h host.Host, parts []journal.Taken) {
	for _, p := range parts {
		discard(ctx, h, p.Records)
		_ = p.Remove()
	}
}

// void reports whether nothing is left of a lab: all that it wrote to were
// namespaces it had made, others have removed them, and nothing of it runs.
func void(h host.Host, l *lab.Lab) bool {
	k, ok := h.(interface {
		Cookie(ns string) uint64
		Processes(host.GroupKill) []int
	})
	if !ok {
		return false
	}
	own := map[string]bool{}
	for _, s := range l.Spaces() {
		if k.Cookie(s.Name) == s.ID {
			return false
		}
		own[s.Name] = true
	}
	for _, p := range l.Parts {
		t, _ := tx.Resume(h, journal.At(p.Dir), journal.Peek(p.Dir))
		if slices.ContainsFunc(t.Spaces(), func(ns string) bool { return !own[ns] }) {
			return false
		}
		for _, g := range t.Programs() {
			if len(k.Processes(g)) > 0 {
				return false
			}
		}
	}
	return true
}

// settleLabs removes what is left of labs of another boot.
func settleLabs(ctx context.Context, h host.Host, store *journal.Store) (done []string) {
	for _, called := range store.Labs() {
		if settleLab(ctx, h, store, called) {
			done = append(done, fmt.Sprintf("lab %s: of another boot of this machine; discarded", name.Quote(called)))
		}
	}
	return done
}

// settleLab removes what is left of a lab, if it is of another boot.
func settleLab(ctx context.Context, h host.Host, store *journal.Store, called string) bool {
	parts, err := store.TakeLab(called)
	if err != nil {
		return false
	}
	if stale(parts) {
		discardLab(ctx, h, parts)
		return true
	}
	for _, p := range parts {
		p.Close()
	}
	return false
}

// bygone reports whether a lab is of another boot: its namespaces may bear the
// numbers of others by now.
func bygone(l *lab.Lab) bool {
	return slices.ContainsFunc(l.Parts, func(p lab.Part) bool { return journal.Stale(journal.Peek(p.Dir)) })
}
