package eval

import (
	"context"

	"vnet/lang/ast"
	"vnet/runtime/tx"
)

// Repeatable reports whether a run of what was rehearsed would do the very same
// operations: they are all in namespaces that the script makes, nothing depends on
// what only the run finds out or on an operation's success, and nothing is to be
// said or started between them.
func (in *Interp) Repeatable() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	outward := in.tally.Programs > 0 || in.tally.Checks > 0 || len(in.tally.Outside) > 0 || len(in.backgrounds) > 0
	return !in.loose && !in.vague && in.branches == 0 && !outward && !in.diags.Failed() && in.cfg.Test == "" && in.cfg.Tx.Own()
}

// Repeat does what was rehearsed, on a host whose mirror is what it was
// rehearsed on. Errors are those of Run.
func (in *Interp) Repeat(ctx context.Context, t *tx.Tx) error {
	thread := &thread{Interp: in, ctx: ctx, scope: in.global, space: in.space}
	return thread.explain(t.Repeat(ctx, in.cfg.Tx))
}

// loosen notes that a run may do otherwise than the rehearsal does.
func (t *thread) loosen() {
	t.mu.Lock()
	t.loose = true
	t.mu.Unlock()
}

// repeatable reports whether a statement does nothing beside its operations, and
// these whatever comes of them.
func repeatable(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.NS:
		return s.Opts.Get("from") == nil
	case *ast.Lab, *ast.In, *ast.Veth, *ast.Link, *ast.Addr, *ast.LinkSet, *ast.Route, *ast.Rule, *ast.Neigh, *ast.Sysctl, *ast.Forward,
		*ast.Let, *ast.Param, *ast.If, *ast.For, *ast.While, *ast.Break, *ast.Continue, *ast.Def, *ast.Return, *ast.Import, *ast.CallStmt, *ast.Test:
		return true
	}
	return false
}
