package runtime

import (
	"context"
	"errors"
	"os"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/journal"
	"vnet/runtime/lab"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// without has a model show what would be there if a lab were not. Its journal is
// read only where there is more to take back than the namespaces it has made.
func without(ctx context.Context, h host.Host, l *lab.Lab) func(*ast.File, *model.Net) {
	return func(_ *ast.File, net *model.Net) {
		own := same(h)
		if l.Whole() {
			for _, s := range l.Spaces() {
				if own(s) {
					net.Hide(s.Name)
				}
			}
			return
		}
		var old []*tx.Tx
		for _, p := range l.Parts {
			old = append(old, tx.Retire(net, journal.At(p.Dir), journal.Peek(p.Dir))) // and not on the kernel
		}
		// What others have removed meanwhile cannot be removed once more.
		_, _ = tx.New(net, nil).Replace(ctx, l.Name, old, own)
	}
}

// foretold is the lab that a text says to be of, if that is plain to see; empty
// if it says nothing.
func foretold(file *ast.File) string {
	called := ""
	for _, s := range file.Stmts {
		if l, ok := s.(*ast.Lab); ok {
			called, _ = ast.Lit(l.Name)
		}
	}
	return called
}

// same tells whether a namespace is the one that bears its name. Each is asked
// once.
func same(h host.Host) func(tx.Space) bool {
	k, ok := h.(interface{ Cookie(ns string) uint64 })
	known := map[tx.Space]bool{}
	return func(s tx.Space) bool {
		is, asked := known[s]
		if !asked {
			is = !ok || k.Cookie(s.Name) == s.ID
			known[s] = is
		}
		return is
	}
}

// takeOld takes the lab that is to be replaced, if it is up, so that nobody else
// is at work on it.
func (w *run) takeOld(called string) error {
	if !w.set.Replace {
		return nil
	}
	parts, err := w.ledger.store.TakeLab(called)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return noLab(called, err)
	}
	w.old = parts
	return nil
}

// replace takes down the lab that was there before, as a part of the
// transaction.
func (w *run) replace(ctx context.Context) error {
	if len(w.old) == 0 {
		return nil
	}
	var old []*tx.Tx
	for _, p := range w.old {
		old = append(old, tx.Retire(w.host, journal.At(p.Dir()), p.Records))
	}
	// The model looks at what is there afterwards.
	w.tx.Reflect(nil)
	told, err := w.tx.Replace(ctx, w.called, old, same(w.host))
	w.tx.Reflect(w.net)
	for _, e := range told {
		w.report.Diags = append(w.report.Diags, diag.Warn(diag.ChangedMeanwhile, token.Span{}, "%s", e.Error()))
	}
	return err
}
