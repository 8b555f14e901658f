package runtime

import (
	"context"
	"fmt"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/kernel"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// A Session carries out what is typed, entry by entry. Variables and functions
// last as long as the session; every entry is a transaction of its own.
type Session struct {
	set    Settings
	host   *kernel.Host
	net    *model.Net
	interp *eval.Interp
	config eval.Config
}

// NewSession opens a session on the kernel.
func NewSession(dir string, set Settings) (*Session, error) {
	k, err := kernel.New()
	if err != nil {
		return nil, fmt.Errorf("cannot reach the kernel: %w", err)
	}
	s := &Session{set: set, host: k, net: model.New(model.Options{Source: k})}
	s.config = eval.Config{Host: k, Net: s.net, Dir: dir, Module: stdlib.Module,
		Stdin: set.Stdin, Stdout: set.Stdout, Stderr: set.Stderr}
	s.interp = eval.New(s.config)
	return s, nil
}

// Close gives back what the session holds of the kernel.
func (s *Session) Close() error { return s.host.Close() }

// Do carries out one entry as a transaction. Name is what messages call it.
func (s *Session) Do(ctx context.Context, name, text string) *Report {
	began := time.Now()
	r := &Report{Made: map[string]int{}}
	defer func() { r.Elapsed = time.Since(began) }()
	file, found := parse.File(name, text)
	r.Diags = found.Tidy()
	var steps []Step
	if !r.Diags.Failed() {
		var more diag.List
		steps, more = s.rehearse(ctx, file)
		r.Diags = append(r.Diags, more...).Tidy()
	}
	if r.Diags.Failed() {
		r.Ending = Invalid
		return r
	}
	w := &run{name: name, host: s.host, set: s.set, report: r, interp: s.interp}
	defer w.close()
	w.begin(s.net)
	if err := w.prepare(ctx, steps); err != nil {
		w.blame(ctx, err)
		return r
	}
	s.interp.Use(w.tx)
	w.script(ctx, file)
	if r.RolledBack {
		// Another program may have been at work as well: look anew.
		s.net = model.New(model.Options{Source: s.host})
	}
	return r
}

// rehearse tries an entry out on a model of what is alive now.
func (s *Session) rehearse(ctx context.Context, file *ast.File) ([]Step, diag.List) {
	cfg := s.config
	cfg.Net = model.New(model.Options{Source: s.host})
	cfg.Host, cfg.Tx, cfg.Rehearse = cfg.Net, tx.New(cfg.Net, nil), true
	in := s.interp.Rehearsal(cfg)
	if err := in.Run(ctx, file); err != nil && ctx.Err() == nil {
		return nil, diag.List{bug(err)}
	}
	return planned(cfg.Tx), in.Diags()
}
