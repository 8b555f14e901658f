package convert

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// cleans reports whether a statement only takes down: what a script does first,
// in case it has run before, and last.
func (c *converter) cleans(s *syntax.Stmt, depth int) bool {
	if depth > 20 {
		return false
	}
	switch x := s.Cmd.(type) {
	case *syntax.CallExpr:
		return c.cleansCall(x, depth)
	case *syntax.Block:
		return c.onlyCleansList(x.Stmts, depth+1)
	case *syntax.Subshell:
		return c.onlyCleansList(x.Stmts, depth+1)
	case *syntax.ForClause:
		return c.onlyCleansList(x.Do, depth+1)
	case *syntax.WhileClause:
		return c.onlyCleansList(x.Do, depth+1)
	case *syntax.IfClause:
		return c.onlyCleansList(x.Then, depth+1) && (x.Else == nil || c.onlyCleansList(x.Else.Then, depth+1))
	case *syntax.BinaryCmd:
		return (x.Op == syntax.OrStmt || x.Op == syntax.AndStmt) && (c.cleans(x.X, depth+1) || asks(x.X)) && c.cleans(x.Y, depth+1)
	}
	return false
}

// asks reports whether a statement only looks whether there is something.
func asks(s *syntax.Stmt) bool {
	text := source(s)
	return isTest(s) || strings.Contains(text, "grep") || strings.Contains(text, "show")
}

func (c *converter) cleansCall(x *syntax.CallExpr, depth int) bool {
	var words []string
	for _, a := range x.Args {
		w, ok := static(a)
		if !ok {
			w = "$"
		}
		words = append(words, w)
	}
	for len(words) > 0 && words[0] == "sudo" {
		words = words[1:]
	}
	if len(words) == 0 {
		return false
	}
	line := " " + strings.Join(words, " ") + " "
	if f := c.funcs[words[0]]; f != nil {
		return c.onlyCleans(f.decl.Body, depth+1)
	}
	switch words[0] {
	case "ip":
		for _, w := range []string{" netns del ", " netns delete ", " link del ", " link delete ", " tuntap del ", " addr flush ", " -all netns "} {
			if strings.Contains(line, w) && !strings.Contains(line, " exec ") {
				return true
			}
		}
		return strings.Contains(line, " link set ") && strings.Contains(line, " down ")
	case "brctl":
		return strings.Contains(line, " delbr ") || strings.Contains(line, " delif ")
	case "iptables", "ip6tables":
		return strings.Contains(line, " -D ") || strings.Contains(line, " -F ") || strings.Contains(line, " -X ")
	case "rm", "kill", "killall", "pkill", "umount", "echo", "true", ":", "exit", "set", "wait", "sleep", "trap", "ifconfig":
		return words[0] != "ifconfig" || strings.Contains(line, " down ")
	}
	return false
}

func (c *converter) onlyCleans(s *syntax.Stmt, depth int) bool {
	return c.onlyCleansList(functionList(s), depth)
}

func functionList(s *syntax.Stmt) []*syntax.Stmt {
	if b, ok := s.Cmd.(*syntax.Block); ok {
		return b.Stmts
	}
	return []*syntax.Stmt{s}
}

// onlyCleansList also wants something to be taken down.
func (c *converter) onlyCleansList(list []*syntax.Stmt, depth int) bool {
	takes := false
	for _, s := range list {
		if !c.cleans(s, depth) {
			return false
		}
		takes = takes || removes(s) || c.cleaner(s) != nil
	}
	return takes
}

// removes reports whether a statement has a word that takes something down.
func removes(s *syntax.Stmt) bool {
	text := source(s)
	for _, w := range []string{" del", "-D ", " flush", "kill", "rm ", " down"} {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

func cleansSpaces(s *syntax.Stmt) bool {
	text := source(s)
	return strings.Contains(text, "netns del") || strings.Contains(text, "-all netns")
}

// cleaner gives the function that a statement calls, if it only takes down.
func (c *converter) cleaner(s *syntax.Stmt) *function {
	call, ok := s.Cmd.(*syntax.CallExpr)
	if !ok || len(call.Args) == 0 {
		return nil
	}
	if f := c.funcs[call.Args[0].Lit()]; f != nil && f.cleanup {
		return f
	}
	return nil
}

// makesBefore reports whether statements make anything.
func (c *converter) makesBefore(list []*syntax.Stmt) bool {
	for _, s := range list {
		if text := source(s); strings.Contains(text, " add") {
			return true
		}
	}
	return false
}

// makesAny reports whether anything was made up to here.
func (c *converter) makesAny() bool { return len(c.made) > 0 }
