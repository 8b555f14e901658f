// Package eval carries out a script: it walks the tree, works out values and
// turns statements into operations on a host. It runs a script twice: first as
// a rehearsal on a model, where it goes on past errors to report them all, and
// then in earnest, where the first one ends it. A script that only builds is not
// gone through again: what was rehearsed is done.
package eval

import (
	"context"
	"fmt"
	"io"
	"maps"
	"sync"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A Config is what a script is carried out with.
type Config struct {
	Host     host.Host  // where programs run and packets are sent
	Tx       *tx.Tx     // where operations go
	Net      *model.Net // answers questions about the network; in a rehearsal also the Host
	Rehearse bool       // go on past errors; nothing is run, sent or waited for
	Foreign  bool       // rehearse for another machine: what is alive here means nothing

	Dir    string            // where import and file() look
	Args   map[string]string // values for params
	Test   string            // the name of the test that is carried out behind the rest; "" for none
	Module func(path string) (src string, ok bool)

	// Outward are the words by which this very program runs another one in the
	// network around a private one; empty where that is where it runs anyway.
	Outward []string

	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	JSON   bool // what show prints

	Statement func(ast.Stmt)   // called before each statement; may be nil
	Before    func() []tx.Step // what was done by scripts before this one; may be nil
}

// An Interp carries out scripts one after the other in one scope, as the
// prompt does with what is typed.
type Interp struct {
	cfg    Config
	global *scope
	space  string // where a script begins, as within `in`
	open   bool   // the transaction goes on behind the script: no commit in it

	mu       sync.Mutex
	diags    diag.List
	told     map[told]bool // of diags
	sources  map[string]string
	modules  map[string]*module
	made     map[host.Key]token.Span
	silenced map[string]bool       // names that a statement in error would have made
	badNames map[string]token.Pos  // names that are not allowed, with their first place
	coming   map[string]token.Span // namespaces that the script makes by name
	vague    bool                  // something with a name not known yet may exist
	loose    bool                  // the run may do otherwise than the rehearsal
	steps    int                   // statements rehearsed
	branches int                   // branches rehearsed that only the run can decide
	tally    Tally

	backgrounds map[string]*background // programs in the background, by name
	logNames    map[string]bool        // of their logs
}

// A Tally counts what a script did beside its operations.
type Tally struct {
	Lab      string
	Checks   int        // expects that held
	Programs int        // programs that ran
	Outside  []Outside  // no undo reaches it
	Kept     token.Span // the last commit statement
	Params   []Param
}

// An Outside is a statement that no undo reaches: exec, spawn, stop.
type Outside struct {
	What string
	At   token.Span
}

// A Param is a value a script takes from its caller.
type Param struct {
	Name, Help, Default string
	Required            bool
	At                  token.Span
}

// New returns an interpreter with an empty scope.
func New(cfg Config) *Interp {
	share(&cfg)
	return &Interp{
		cfg:      cfg,
		global:   newScope(nil),
		space:    host.Start,
		sources:  map[string]string{},
		modules:  map[string]*module{},
		made:     map[host.Key]token.Span{},
		silenced: map[string]bool{},
		badNames: map[string]token.Pos{},
		coming:   map[string]token.Span{},

		backgrounds: map[string]*background{},
		logNames:    map[string]bool{},
	}
}

// Diags returns what was found so far: errors of a rehearsal, and warnings.
func (in *Interp) Diags() diag.List {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.diags.Tidy()
}

// Sources returns the texts of the scripts and modules carried out, by name.
func (in *Interp) Sources() map[string]string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.sources
}

// Tally returns the counts so far.
func (in *Interp) Tally() Tally {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.tally
}

// Run carries out a script in the interpreter's scope. The error is a
// *Failure, or the cause of ctx's end; in a rehearsal it is nil, and Diags has
// them all.
func (in *Interp) Run(ctx context.Context, file *ast.File) error {
	in.mu.Lock()
	in.sources[file.Name] = file.Text
	in.mu.Unlock()
	t := &thread{Interp: in, ctx: ctx, scope: in.global, space: in.space}
	if in.open {
		t.points++
	}
	t.begin()
	in.survey(file.Stmts)
	t.hoist(file.Stmts)
	err := t.script(file)
	deferred := len(t.defers) > 0
	if err == nil && deferred {
		err = in.cfg.Tx.Flush(ctx)
	}
	err = t.finish(err)
	if err == nil || deferred {
		if late := in.cfg.Tx.Flush(ctx); err == nil {
			err = late
		}
	}
	err = t.explain(err)
	if _, ok := err.(control); ok {
		err = nil
	}
	if in.cfg.Rehearse {
		t.note(err)
		return ctx.Err()
	}
	return err
}

// script carries out a script, then the test of it that is wanted.
func (t *thread) script(file *ast.File) error {
	if err := t.stmts(file.Stmts); err != nil || t.cfg.Test == "" {
		return err
	}
	for _, s := range file.Stmts {
		test, ok := s.(*ast.Test)
		if !ok {
			continue
		}
		if name, _ := ast.Lit(test.Name); name == t.cfg.Test {
			return t.enter(fmt.Sprintf("test %q", name), test.Span).block(test.Body)
		}
	}
	return nil
}

// Rehearsal returns an interpreter that knows what in knows and forgets what
// it learns: to try out one more statement.
func (in *Interp) Rehearsal(cfg Config) *Interp {
	out := New(cfg)
	out.global = in.global.clone()
	in.mu.Lock()
	defer in.mu.Unlock()
	out.space, out.open = in.space, in.open
	maps.Copy(out.sources, in.sources)
	maps.Copy(out.modules, in.modules)
	for k := range in.made {
		out.made[k] = token.Span{}
	}
	for n, b := range in.backgrounds {
		if b.taken() {
			out.backgrounds[n] = &background{name: n, at: b.at}
		}
	}
	return out
}

// A thread is one strand of a script: what `parallel` has several of.
type thread struct {
	*Interp
	ctx    context.Context
	scope  *scope
	space  string // the innermost in, or host.Start
	inside *frame // the blocks and calls around
	own    *tx.Tx // of a strand of parallel, or a handler of a rollback; else nil
	calls  int    // how deep functions are called
	defers []deferred

	ensure bool  // converge what exists
	trying int   // inside so many try: failures of the network are expected
	points int   // inside so many savepoints: no commit here
	maybe  int   // rehearsal: inside so many branches that may not be taken
	since  int   // how many of those there had been when the innermost try began
	loops  int   // inside so many loops of this function
	called *call // the function call around, or nil
}

// A frame is a block or call that a message names as being round a statement.
type frame struct {
	up   *frame
	text string
	at   token.Span
}

// enter returns a thread like t inside one more block or call.
func (t *thread) enter(text string, at token.Span) *thread {
	sub := *t
	sub.inside = &frame{t.inside, text, at}
	return &sub
}

// surroundings are the blocks and calls around, innermost first.
func (t *thread) surroundings() []string {
	var out []string
	for f := t.inside; f != nil; f = f.up {
		if len(out) == 8 {
			return append(out, "…")
		}
		line := f.text + " (" + f.at.Pos.ShortString() + ")"
		if n := len(out); n > 0 && out[n-1] == line {
			continue // a function that calls itself
		}
		out = append(out, line)
	}
	return out
}

// fork returns a thread like t with a scope of its own inside t's.
func (t *thread) fork() *thread {
	sub := *t
	sub.scope = newScope(t.scope)
	return &sub
}
