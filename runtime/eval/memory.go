package eval

import (
	"maps"
	"slices"

	"vnet/lang/ast"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/runtime/value"
)

// A Memory is what an interpreter knew at some moment, to return to when what
// it learnt since is taken back.
type Memory struct {
	scope *scope
	made  map[host.Key]token.Span
	pools map[*value.Pool]int64
	lab   string
}

// Remember returns what in knows now.
func (in *Interp) Remember() *Memory {
	m := &Memory{scope: in.global.clone(), pools: map[*value.Pool]int64{}}
	for _, v := range m.scope.vars {
		pools(v.v, m.pools)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	m.made, m.lab = maps.Clone(in.made), in.tally.Lab
	return m
}

// pools finds the pools in a value, with what was taken of each.
func pools(v value.Value, found map[*value.Pool]int64) {
	switch v := v.(type) {
	case *value.Pool:
		found[v] = v.Taken()
	case value.List:
		for _, e := range v {
			pools(e, found)
		}
	case *value.Map:
		for _, e := range v.All() {
			pools(e, found)
		}
	}
}

// Recall has in know what it knew then, and nothing else.
func (in *Interp) Recall(m *Memory) {
	then := m.scope.clone()
	in.global.mu.Lock()
	in.global.vars, in.global.funcs, in.global.mods = then.vars, then.funcs, then.mods
	in.global.mu.Unlock()
	for p, taken := range m.pools {
		p.Rewind(taken)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.made, in.tally.Lab = maps.Clone(m.made), m.lab
}

// Same reports whether nothing was learnt from one moment to the other.
func (m *Memory) Same(other *Memory) bool {
	return maps.Equal(m.scope.vars, other.scope.vars) && maps.Equal(m.scope.funcs, other.scope.funcs) &&
		maps.Equal(m.scope.mods, other.scope.mods) && maps.Equal(m.pools, other.pools) && m.lab == other.lab
}

// In sets the folder where what comes next looks for files.
func (in *Interp) In(dir string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.cfg.Dir = dir
}

// Enter has what comes next run in a namespace, as within `in NS { … }`.
func (in *Interp) Enter(ns string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.space = ns
}

// Use sets the transaction that what comes next belongs to, what it asks about
// the network, and whether that transaction is somebody else's to commit.
// Places in what came before are forgotten: its text is gone.
func (in *Interp) Use(t *tx.Tx, net *model.Net, open bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for k := range in.made {
		in.made[k] = token.Span{}
	}
	in.cfg.Tx, in.cfg.Net, in.open = t, net, open
	in.diags, in.told = nil, nil
	in.tally = Tally{Lab: in.tally.Lab}
}

// Variables are those of the outermost scope.
func (in *Interp) Variables() map[string]value.Value {
	out := map[string]value.Value{}
	for name, v := range in.global.clone().vars {
		out[name] = v.v
	}
	return out
}

// Functions are those of the outermost scope, by name.
func (in *Interp) Functions() map[string]*ast.Def {
	out := map[string]*ast.Def{}
	for name, f := range in.global.clone().funcs {
		out[name] = f.def
	}
	return out
}

// Modules are the names under which the outermost scope has imported modules.
func (in *Interp) Modules() []string { return slices.Collect(maps.Keys(in.global.clone().mods)) }

// A Background tells of a program that was spawned.
type Background struct {
	Name, NS string
	Argv     []string
	Running  bool
	Log      string
}

// Programs are those that were spawned and whose start was not taken back, by
// name.
func (in *Interp) Programs() []Background {
	in.mu.Lock()
	defer in.mu.Unlock()
	var out []Background
	for _, name := range slices.Sorted(maps.Keys(in.backgrounds)) {
		b := in.backgrounds[name]
		if b.proc == nil || !b.stands() {
			continue
		}
		running := true
		select {
		case <-b.proc.Done():
			running = false
		default:
		}
		out = append(out, Background{name, b.cmd.NS, b.cmd.Argv, running, b.cmd.Log})
	}
	return out
}

// Spawned are the programs that a rehearsal would leave running, by name.
func (in *Interp) Spawned() []Spawned {
	in.mu.Lock()
	defer in.mu.Unlock()
	var out []Spawned
	for _, name := range slices.Sorted(maps.Keys(in.backgrounds)) {
		if b := in.backgrounds[name]; !b.stopped {
			out = append(out, Spawned{name, b.cmd.NS, b.cmd.Argv, b.at})
		}
	}
	return out
}

// A Spawned is a program that a script starts in the background.
type Spawned struct {
	Name, NS string
	Argv     []string
	At       token.Span
}
