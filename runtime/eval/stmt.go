package eval

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/runtime/value"
)

// maxSteps ends a rehearsal that would go on for ever; what is beyond it is
// found when the script runs.
const (
	maxSteps  = 500_000
	maxRounds = 100_000 // of one while
)

// errEnough ends a rehearsal where there is nothing more to learn.
var errEnough = errors.New("enough rehearsed")

// errFails ends it at a fail that is certainly reached.
var errFails = fmt.Errorf("%w: it fails", errEnough)

// errDeep ends the rehearsal of functions that call each other without end:
// each of them might do so many times.
var errDeep = errors.New("too deep")

// A deferred is a body that runs when the block around it ends.
type deferred struct {
	body   *ast.Block
	single bool
	thread *thread
}

// begin prepares a thread for a block of its own.
func (t *thread) begin() { t.defers = nil }

// stmts runs statements one after the other. A rehearsal goes on past errors.
func (t *thread) stmts(list []ast.Stmt) error {
	for _, s := range list {
		if t.ctx.Err() != nil {
			return context.Cause(t.ctx)
		}
		if t.cfg.Statement != nil {
			t.cfg.Statement(s)
		}
		err := t.stmt(s)
		if t.cfg.Rehearse {
			err = t.forgive(s, err)
		}
		if err != nil {
			return t.explain(err)
		}
	}
	return nil
}

// forgive keeps the error of a rehearsed statement for the report and says
// what is left of it: nil where the next statement can be rehearsed.
func (t *thread) forgive(s ast.Stmt, err error) error {
	t.mu.Lock()
	t.steps++
	steps := t.steps
	t.mu.Unlock()
	if errors.Is(err, errEnough) || errors.Is(err, errDeep) {
		return err
	}
	if steps > maxSteps {
		return t.enough(s.Where())
	}
	err = t.explain(err)
	if err != nil {
		t.loosen()
	}
	var f *Failure
	switch {
	case err == nil:
		return nil
	case errors.Is(err, value.ErrUnknown):
		t.blur(s)
		return nil
	case errors.Is(err, errTold):
		t.silence(s)
		return nil
	case errors.As(err, &f):
		if t.trying == 0 || !ofNetwork(f.Diag.Code) {
			t.note(f)
		}
		t.silence(s)
		return nil
	}
	return err
}

// ofNetwork reports whether a code is about the network as it is found, which
// a try may well expect, and not about the script's own text.
func ofNetwork(c diag.Code) bool {
	for _, prefix := range []string{"V11", "V2", "V3", "V5", "V7"} {
		if strings.HasPrefix(string(c), prefix) {
			return true
		}
	}
	return false
}

// blur notes that a rehearsed statement made something whose name only the
// run will tell.
func (t *thread) blur(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.Let:
		for _, n := range s.Names {
			t.scope.define(n.Text, value.Unknown{}, n.Span)
		}
	case *ast.Spawn, *ast.NS, *ast.Veth, *ast.Link, *ast.LinkSet, *ast.Addr, *ast.Import:
		t.mu.Lock()
		t.vague = true
		t.mu.Unlock()
	}
}

// stmt runs one statement.
func (t *thread) stmt(s ast.Stmt) error {
	if t.cfg.Rehearse && !repeatable(s) {
		t.loosen()
	}
	switch s := s.(type) {
	case *ast.Lab:
		return t.lab(s)
	case *ast.NS:
		return t.ns(s)
	case *ast.NSDel:
		return t.nsDel(s)
	case *ast.In:
		return t.in(s)
	case *ast.Veth:
		return t.veth(s)
	case *ast.Link:
		return t.link(s)
	case *ast.Addr:
		return t.addr(s)
	case *ast.LinkSet:
		return t.linkSet(s)
	case *ast.LinkDel:
		return t.linkDel(s)
	case *ast.Route:
		return t.route(s)
	case *ast.Rule:
		return t.rule(s)
	case *ast.Neigh:
		return t.neigh(s)
	case *ast.Sysctl:
		return t.sysctl(s)
	case *ast.Forward:
		return t.forward(s)
	case *ast.Hosts:
		return t.hosts(s)
	case *ast.DNS:
		return t.dns(s)
	case *ast.Exec:
		return t.exec(s)
	case *ast.Spawn:
		return t.spawn(s)
	case *ast.Stop:
		return t.stop(s)
	case *ast.Logs:
		return t.logs(s)
	case *ast.Expect:
		return t.expect(s)
	case *ast.Wait:
		return t.wait(s)
	case *ast.Show:
		return t.show(s)
	case *ast.BadStmt:
		for _, word := range s.Words {
			t.mu.Lock()
			t.silenced[strings.TrimPrefix(word, "$")] = true
			t.silenced["$"+strings.TrimPrefix(word, "$")] = true
			t.mu.Unlock()
			ns, _, _ := strings.Cut(word, ":")
			t.cfg.Net.Blur(ns)
		}
		return nil
	}
	return t.general(s)
}

// general runs the statements that say nothing about the network.
func (t *thread) general(s ast.Stmt) error {
	switch s := s.(type) {
	case *ast.Test:
		return nil // the one that is wanted is carried out behind the rest
	case *ast.Transaction:
		return t.transaction(s)
	case *ast.Try:
		return t.try(s)
	case *ast.OnRollback:
		return t.onRollback(s)
	case *ast.Defer:
		t.defers = append(t.defers, deferred{s.Body, s.Single, t})
		return nil
	case *ast.Commit:
		return t.commit(s)
	case *ast.Ensure:
		sub := *t
		sub.ensure = true
		return sub.body(s.Body, s.Single)
	case *ast.Parallel:
		return t.parallel(s)
	case *ast.Let:
		return t.let(s)
	case *ast.Param:
		return t.param(s)
	case *ast.If:
		return t.ifElse(s)
	case *ast.For:
		return t.forEach(s)
	case *ast.While:
		return t.while(s)
	case *ast.Break:
		return t.leave("break", s.Span)
	case *ast.Continue:
		return t.leave("continue", s.Span)
	case *ast.Def:
		return t.def(s)
	case *ast.Return:
		return t.returns(s)
	case *ast.Import:
		return t.imports(s)
	case *ast.Say:
		return t.say(s)
	case *ast.CallStmt:
		_, err := t.call(s.Fn, s.Args, s.Span)
		return err
	}
	panic("eval: a statement without a case")
}

// block runs a block in a scope of its own and what it deferred.
func (t *thread) block(b *ast.Block) error {
	sub := t.fork()
	sub.begin()
	sub.hoist(b.Stmts)
	return sub.finish(sub.stmts(b.Stmts))
}

// body runs what stands behind a word like `in` or `try`: a block, or one
// statement, which makes its variables where it stands.
func (t *thread) body(b *ast.Block, single bool) error {
	if !single {
		return t.block(b)
	}
	return t.stmts(b.Stmts)
}

// finish runs what a block deferred, newest first, however the block ended.
func (t *thread) finish(err error) error {
	for i := len(t.defers) - 1; i >= 0; i-- {
		d := t.defers[i]
		sub := *d.thread
		sub.ctx = context.WithoutCancel(t.ctx)
		if late := sub.body(d.body, d.single); late != nil && err == nil {
			err = late
		}
	}
	t.defers = nil
	return err
}

// hoist makes the functions of a block known before its first statement.
func (t *thread) hoist(list []ast.Stmt) {
	for _, s := range list {
		if d, ok := s.(*ast.Def); ok {
			t.scope.defineFunction(d.Name.Text, &function{d, t.scope})
		}
	}
}

// namesIn gives the plain words at the head of a statement: what it would
// have made.
func namesIn(s ast.Stmt) []string {
	var xs []ast.Expr
	switch s := s.(type) {
	case *ast.NS:
		xs = s.Names
	case *ast.Link:
		if text, ok := ast.Lit(s.End); ok && s.Kind == "uplink" {
			ns, _, _ := strings.Cut(text, ":")
			return []string{text, carrierName(ns)}
		}
		xs = []ast.Expr{s.End}
	case *ast.Veth:
		xs = []ast.Expr{s.A.End, s.B.End}
	case *ast.Spawn:
		if o := s.Program.Opts.Get("as"); o != nil {
			xs = o.Args
		}
	case *ast.Let:
		var out []string
		for _, n := range s.Names {
			out = append(out, "$"+n.Text)
		}
		return out
	}
	var out []string
	for _, x := range xs {
		if text, ok := ast.Lit(x); ok {
			out = append(out, text)
		}
	}
	return out
}
