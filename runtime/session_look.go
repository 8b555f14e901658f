package runtime

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"vnet/lang/name"
	"vnet/lang/usage"
	"vnet/runtime/eval"
	"vnet/runtime/host"
)

// Scope is the namespace that entries run in.
func (s *Session) Scope() string {
	if len(s.scopes) == 0 {
		return host.Start
	}
	return s.scopes[len(s.scopes)-1]
}

// absent says that there is no namespace of a name, and what was meant.
func (s *Session) absent(ctx context.Context, ns string) error {
	names, err := s.host.Namespaces(ctx)
	if err != nil || ns == host.Start || slices.Contains(names, ns) {
		return err
	}
	if near, ok := name.Near(ns, names); ok {
		return fmt.Errorf("no namespace `%s`: did you mean `%s`?", name.Quote(ns), near)
	}
	return fmt.Errorf("no namespace `%s`", name.Quote(ns))
}

// Enter has what comes next run in a namespace, as within `in NS { … }`.
func (s *Session) Enter(ctx context.Context, ns string) error {
	if err := s.absent(ctx, ns); err != nil {
		return err
	}
	s.scopes = append(s.scopes, ns)
	s.interp.Enter(ns)
	return nil
}

// Leave leaves the innermost scope, if any was entered.
func (s *Session) Leave() bool {
	if len(s.scopes) == 0 {
		return false
	}
	s.scopes = s.scopes[:len(s.scopes)-1]
	s.interp.Enter(s.Scope())
	return true
}

// Entered reports whether a scope was entered.
func (s *Session) Entered() bool { return len(s.scopes) > 0 }

// leaveTheGone leaves scopes whose namespace is not there any more.
func (s *Session) leaveTheGone() {
	if len(s.scopes) == 0 {
		return
	}
	names, err := s.host.Namespaces(context.Background())
	if err != nil {
		return
	}
	gone := func(ns string) bool { return ns != host.Start && !slices.Contains(names, ns) }
	if i := slices.IndexFunc(s.scopes, gone); i >= 0 {
		s.scopes = s.scopes[:i]
		s.interp.Enter(s.Scope())
	}
}

// A Status is what a session has going on.
type Status struct {
	Scope      string
	Open       bool // a transaction is
	Entries    []string
	Savepoints []string
	Undo       []string // what undo would take back, newest first
	Programs   []eval.Background
}

// Status tells what the session has going on.
func (s *Session) Status() Status {
	st := Status{Scope: s.Scope(), Programs: s.interp.Programs()}
	if s.open != nil {
		st.Open = true
		for _, e := range s.open.entries {
			st.Entries = append(st.Entries, e.Text())
		}
		for _, p := range s.open.points {
			st.Savepoints = append(st.Savepoints, p.name)
		}
	}
	for _, e := range slices.Backward(s.done) {
		if e.undoable() {
			st.Undo = append(st.Undo, e.Text())
		}
	}
	return st
}

// Plan tells the operations that an entry would do now.
func (s *Session) Plan(ctx context.Context, entryName, text string) *Report {
	r := &Report{}
	_, r.Planned, r.Diags = s.rehearse(ctx, entryName, text)
	if r.Diags.Failed() {
		r.Ending = unfit(r.Diags)
	}
	return r
}

// Program gives the statement for a line as Mininet takes it,  h1 ping h2 :
// a namespace, a program and its arguments, in which the names of namespaces
// stand for their addresses.
func (s *Session) Program(ctx context.Context, text string) (statement string, ok bool) {
	line := strings.TrimSpace(text)
	ns, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if rest == "" || name.Namespace(ns) != nil && ns != host.Start || usage.Of(ns) != nil {
		return "", false
	}
	if _, own := s.interp.Functions()[ns]; own {
		return "", false
	}
	names, err := s.host.Namespaces(ctx)
	if err != nil || ns != host.Start && !slices.Contains(names, ns) {
		return "", false
	}
	if first := rest[0]; strings.IndexByte("=<>(,{", first) >= 0 {
		return "", false
	}
	net := s.look()
	program, args := rest, ""
	if i := strings.IndexAny(rest, " \t"); i >= 0 {
		program, args = rest[:i], rest[i:]
	}
	return "exec in " + ns + " " + program + addressed(args, func(word string) (string, bool) {
		if !slices.Contains(names, word) {
			return "", false
		}
		addrs, err := net.Target(ns, word)
		if err != nil || len(addrs) == 0 {
			return "", false
		}
		return addrs[0].String(), true
	}) + "\n", true
}

// addressed replaces words that stand by themselves outside of quotes.
func addressed(args string, address func(word string) (string, bool)) string {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(args); {
		c := args[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c != ' ' && c != '\t' && c != '\n' && (i == 0 || strings.IndexByte(" \t\n", args[i-1]) >= 0):
			n := strings.IndexAny(args[i:], " \t\n")
			if n < 0 {
				n = len(args) - i
			}
			if addr, ok := address(args[i : i+n]); ok {
				b.WriteString(addr)
				i += n
				continue
			}
		}
		b.WriteByte(c)
		i++
	}
	return b.String()
}
