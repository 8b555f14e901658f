package eval

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/parse"
	"vnet/lang/token"
	"vnet/runtime/value"
)

// A module is an imported script: its functions and variables.
type module struct {
	scope   *scope
	loading bool
}

// imports brings in the functions of a module: all of them under their own
// names, or behind the name given with `as`.
func (t *thread) imports(s *ast.Import) error {
	where, err := t.one(s.Path)
	if err != nil {
		return err
	}
	path, err := value.AsText(where.v)
	if err != nil {
		return t.wrong(where.at, err)
	}
	mod, err := t.module(path, where.at)
	if err != nil {
		return err
	}
	if s.As != nil {
		t.scope.defineModule(s.As.Text, mod)
		return nil
	}
	for _, fn := range mod.scope.own() {
		f, _ := mod.scope.function(fn)
		t.scope.defineFunction(fn, f)
	}
	return nil
}

// module carries out a module once and keeps it.
func (t *thread) module(path string, at token.Span) (*module, error) {
	file, text, err := t.find(path, at)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	mod, ok := t.modules[file]
	if !ok {
		mod = &module{scope: newScope(nil), loading: true}
		t.modules[file] = mod
		t.sources[file] = text
	}
	t.mu.Unlock()
	if ok {
		if mod.loading {
			return nil, t.fail(diag.ImportCycle, at, "`%s` imports itself", name.Quote(path)).
				help("move what both need into a module of its own")
		}
		return mod, nil
	}
	parsed, found := parse.File(file, text)
	if found.Failed() {
		return nil, t.brokenModule(path, at, found)
	}
	sub := t.enter("import "+path, at)
	sub.scope = mod.scope
	sub.loops, sub.called = 0, nil
	sub.begin()
	sub.hoist(parsed.Stmts)
	err = sub.finish(sub.stmts(parsed.Stmts))
	mod.loading = false
	return mod, err
}

// brokenModule reports what is wrong in the text of a module. The run has no
// report of many, so it gets the first one.
func (t *thread) brokenModule(path string, at token.Span, found diag.List) error {
	if !t.cfg.Rehearse {
		return &Failure{Diag: found[0]}
	}
	for _, d := range found {
		t.warn(d)
	}
	t.mu.Lock()
	t.vague = true
	t.mu.Unlock()
	return errTold
}

// find looks for a module: std/… in the standard library, anything else beside
// the script that imports it.
func (t *thread) find(path string, at token.Span) (file, text string, err error) {
	if strings.HasPrefix(path, "std/") {
		if src, ok := t.cfg.Module(path); ok {
			return path, src, nil
		}
		return "", "", t.fail(diag.MissingModule, at, "no module `%s` in the standard library", name.Quote(path))
	}
	file = path
	if filepath.Ext(file) == "" {
		file += ".vnet"
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(t.dirOf(at), file)
	}
	data, readErr := readFile(file)
	if readErr == nil {
		return file, string(data), nil
	}
	f := t.fail(diag.MissingModule, at, "cannot import `%s`: %s", name.Quote(path), reason(readErr))
	f.Diag.WithHelp("a module is looked for beside the script that imports it; this one at %s", name.Quote(file))
	return "", "", f
}

// dirOf is the directory of the script that a place lies in.
func (t *thread) dirOf(at token.Span) string {
	if strings.ContainsRune(at.Pos.Filename, filepath.Separator) && !strings.HasPrefix(at.Pos.Filename, "std/") {
		return filepath.Dir(at.Pos.Filename)
	}
	return t.cfg.Dir
}

// reason gives what a file operation failed of, without the path.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// own gives the names of the functions made in s itself that others may use:
// those that do not begin with an underscore.
func (s *scope) own() []string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var names []string
	for fn := range s.funcs {
		if !strings.HasPrefix(fn, "_") {
			names = append(names, fn)
		}
	}
	return names
}
