package eval

import (
	"maps"
	"sync"

	"vnet/lang/ast"
	"vnet/lang/token"
	"vnet/runtime/value"
)

// A scope holds the variables and functions of a block.
type scope struct {
	up    *scope
	mu    sync.RWMutex // parallel statements share what is around them
	vars  map[string]*variable
	funcs map[string]*function
	mods  map[string]*module
}

type variable struct {
	v  value.Value
	at token.Span
}

// A function is a def with the scope in which it stands.
type function struct {
	def   *ast.Def
	scope *scope
}

func newScope(up *scope) *scope { return &scope{up: up} }

// clone returns a copy of s itself, for what must not change it.
func (s *scope) clone() *scope {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &scope{up: s.up, vars: maps.Clone(s.vars), funcs: maps.Clone(s.funcs), mods: maps.Clone(s.mods)}
}

// lookup finds a variable in s or around it.
func (s *scope) lookup(name string) (value.Value, bool) {
	for ; s != nil; s = s.up {
		s.mu.RLock()
		v, ok := s.vars[name]
		s.mu.RUnlock()
		if ok {
			return v.v, true
		}
	}
	return nil, false
}

// define makes a variable in s itself.
func (s *scope) define(name string, v value.Value, at token.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.vars == nil {
		s.vars = map[string]*variable{}
	}
	s.vars[name] = &variable{v, at}
}

// assign changes the nearest variable of that name.
func (s *scope) assign(name string, v value.Value) bool {
	for ; s != nil; s = s.up {
		s.mu.Lock()
		old, ok := s.vars[name]
		if ok {
			s.vars[name] = &variable{v, old.at}
		}
		s.mu.Unlock()
		if ok {
			return true
		}
	}
	return false
}

// function finds a function in s or around it.
func (s *scope) function(name string) (*function, bool) {
	for ; s != nil; s = s.up {
		s.mu.RLock()
		f, ok := s.funcs[name]
		s.mu.RUnlock()
		if ok {
			return f, true
		}
	}
	return nil, false
}

func (s *scope) defineFunction(name string, f *function) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.funcs == nil {
		s.funcs = map[string]*function{}
	}
	s.funcs[name] = f
}

// variables gives the name of every variable in sight.
func (s *scope) variables() []string {
	var names []string
	for ; s != nil; s = s.up {
		s.mu.RLock()
		for name := range s.vars {
			names = append(names, name)
		}
		s.mu.RUnlock()
	}
	return names
}

// functions gives the name of every function of the script in sight.
func (s *scope) functions() []string {
	var names []string
	for ; s != nil; s = s.up {
		s.mu.RLock()
		for name := range s.funcs {
			names = append(names, name)
		}
		s.mu.RUnlock()
	}
	return names
}

// module finds a module imported under a name.
func (s *scope) module(name string) (*module, bool) {
	for ; s != nil; s = s.up {
		s.mu.RLock()
		m, ok := s.mods[name]
		s.mu.RUnlock()
		if ok {
			return m, true
		}
	}
	return nil, false
}

// modules gives the name of every module in sight.
func (s *scope) modules() []string {
	var names []string
	for ; s != nil; s = s.up {
		s.mu.RLock()
		for name := range s.mods {
			names = append(names, name)
		}
		s.mu.RUnlock()
	}
	return names
}

func (s *scope) defineModule(name string, m *module) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mods == nil {
		s.mods = map[string]*module{}
	}
	s.mods[name] = m
}
