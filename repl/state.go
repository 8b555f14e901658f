package repl

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vnet/lang/ast"
	"vnet/repl/complete"
	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/value"
	"vnet/stdlib"
)

// Live returns what is alive and known in a session, for completion. What is
// asked at every key was looked at after the last entry.
func Live(s Session) complete.State {
	s.Watch()
	return &live{session: s}
}

type live struct {
	session Session

	of    *runtime.Alive // what links is made of
	links map[string][]complete.Link
	path  Path
}

func (l *live) alive() *runtime.Alive {
	a := l.session.Alive()
	if a != l.of {
		l.of, l.links = a, map[string][]complete.Link{}
	}
	return a
}

func (l *live) Namespaces() []string { return l.alive().Names }

func (l *live) Links(ns string) []complete.Link {
	a := l.alive()
	if ns == "" {
		ns = host.Start
	}
	if made, ok := l.links[ns]; ok {
		return made
	}
	s := a.Spaces[ns]
	if s == nil {
		return nil
	}
	out := make([]complete.Link, len(s.Links))
	at := map[string]int{}
	for i, k := range s.Links {
		out[i] = complete.Link{Name: k.Name, Kind: k.Kind, Master: k.Master}
		if k.Peer != nil {
			out[i].Peer = k.Peer.String()
		}
		at[k.Name] = i
	}
	for _, addr := range s.Addrs {
		if i, ok := at[addr.Link]; ok {
			out[i].Addrs = append(out[i].Addrs, addr.Prefix)
		}
	}
	l.links[ns] = out
	return out
}

func (l *live) Variables() []complete.Named {
	vars := l.alive().Variables
	var out []complete.Named
	for _, n := range slices.Sorted(maps.Keys(vars)) {
		v := vars[n]
		out = append(out, complete.Named{Name: n, Doc: v.Kind().A() + ": " + short(value.Source(v))})
	}
	return out
}

// short is the beginning of a text.
func short(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

func (l *live) Functions() []complete.Named {
	own := l.alive().Functions
	var out []complete.Named
	for _, n := range slices.Sorted(maps.Keys(own)) {
		out = append(out, complete.Named{Name: n, Doc: n + signature(own[n])})
	}
	for _, n := range stdlib.Names() {
		if b, ok := stdlib.Lookup(n); ok && own[n] == nil {
			out = append(out, complete.Named{Name: n, Doc: b.Sig + ": " + b.Doc})
		}
	}
	return out
}

// signature is how a function is called, as the built-in ones write it.
func signature(d *ast.Def) string {
	var params []string
	for _, p := range d.Params {
		text := p.Name.Text
		switch {
		case p.Rest:
			text += "…"
		case p.Default != nil:
			text += "?"
		}
		params = append(params, text)
	}
	return "(" + strings.Join(params, ", ") + ")"
}

func (l *live) Modules() []complete.Named {
	var out []complete.Named
	for _, m := range stdlib.Modules() {
		out = append(out, complete.Named{Name: m})
	}
	return out
}

func (l *live) Spawned() []complete.Named {
	var out []complete.Named
	for _, b := range l.alive().Programs {
		out = append(out, complete.Named{Name: b.Name, Doc: strings.Join(b.Argv, " ") + " in " + b.NS})
	}
	return out
}

func (l *live) Savepoints() []complete.Named {
	var out []complete.Named
	for _, p := range l.alive().Savepoints {
		out = append(out, complete.Named{Name: p})
	}
	return out
}

func (l *live) Scope() string {
	if s := l.alive().Scope; s != host.Start {
		return s
	}
	return ""
}

func (l *live) Files(prefix string) []string {
	dir, base := filepath.Split(prefix)
	entries, _ := os.ReadDir(filepath.Clean(dir + "."))
	var out []string
	for _, e := range entries {
		n := e.Name()
		if !strings.HasPrefix(n, base) || strings.HasPrefix(n, ".") && base == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, n)); err == nil && info.IsDir() {
			n += "/"
		}
		out = append(out, dir+n)
	}
	return out
}

// Programs of a namespace are those of the machine.
func (l *live) Programs(_, prefix string) []string {
	if strings.Contains(prefix, "/") {
		return l.Files(prefix)
	}
	if l.path == nil {
		l.path = Path{}
	}
	return l.path.Programs(prefix)
}

// A Path remembers which programs the folders of PATH have, by folder: they
// change seldom.
type Path map[string][]string

// Programs lists those whose names begin so.
func (p Path) Programs(prefix string) []string {
	var out []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, ok := p[dir]; !ok {
			p[dir] = executables(dir)
		}
		for _, n := range p[dir] {
			if strings.HasPrefix(n, prefix) {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func executables(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			out = append(out, e.Name())
		}
	}
	return out
}
