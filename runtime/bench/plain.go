package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"vnet/lang/check"
	"vnet/lang/parse"
	"vnet/runtime"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// script reads a script with a param n.
//
//	@whole FILE N VNET | @plain FILE N VNET
func script(args []string) (runtime.Script, error) {
	if len(args) != 3 {
		return runtime.Script{}, fmt.Errorf("want FILE N VNET, not %q", args)
	}
	text, err := os.ReadFile(args[0])
	return runtime.Script{Name: args[0], Dir: filepath.Dir(args[0]), Text: string(text), Args: map[string]string{"n": args[1]}}, err
}

// whole runs a script as vnet does.
func whole(args []string) error {
	s, err := script(args)
	if err != nil {
		return err
	}
	r := runtime.Run(context.Background(), s, runtime.Settings{Guard: runtime.Guarded(args[2], "guard")})
	if r.Ending != 0 {
		return fmt.Errorf("it ended with %d: %v", r.Ending, r.Diags)
	}
	return nil
}

// plain rehearses and runs a script in the same way, but keeps no journal, no
// locks and no guard: what nobody should do but to see what these cost.
func plain(args []string) error {
	s, err := script(args)
	if err != nil {
		return err
	}
	ctx := context.Background()
	k, err := kernel.New()
	if err != nil {
		return err
	}
	defer k.Close()
	file, found := parse.File(s.Name, s.Text)
	if found.Failed() {
		return fmt.Errorf("%v", found)
	}
	found = check.File(file, func(fn string) bool { _, ok := stdlib.Lookup(fn); return ok })
	trial := model.New(model.Options{Source: k})
	rehearsed := tx.New(trial, nil)
	spaces := 0
	rehearsed.Trace = func(step tx.Step) {
		if _, ok := step.Op.(host.NamespaceAdd); ok {
			spaces++
			k.Expect(spaces)
		}
	}
	in := eval.New(eval.Config{Host: trial, Tx: rehearsed, Net: trial, Rehearse: true, Dir: s.Dir, Args: s.Args, Module: stdlib.Module})
	if err := in.Run(ctx, file); err != nil || found.Failed() || in.Diags().Failed() {
		return fmt.Errorf("%v %v %v", err, found, in.Diags())
	}
	if !in.Repeatable() {
		return fmt.Errorf("%s does more than to build a network", s.Name)
	}
	t := tx.New(k, trial)
	if err := in.Repeat(ctx, t); err != nil {
		return err
	}
	return t.Commit(ctx)
}
