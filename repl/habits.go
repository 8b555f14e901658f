package repl

import (
	"context"
	"fmt"
	"strings"

	"vnet/lang/usage"
)

// habits are the words that somebody who comes from a shell types, with what
// to type instead. Those of other network tools are in lang/usage.
var habits = map[string]string{
	"cat": "exec cat FILE", "cd": "the paths of :load and :save begin where vnet was started",
	"clear": "Ctrl-L clears the screen", "ls": "`show ns` lists the namespaces; `exec ls` runs the program",
	"history": ":history", "jobs": "status", "kill": "stop NAME", "man": "help WORD",
	"nodes": "show ns", "net": "topo", "dump": "show addrs in NS", "links": "show links in NS",
	"ps":  "`status` lists the programs that were spawned; `exec ps` runs the program",
	"pwd": "exec pwd", "sh": "exec in NS sh '…'", "bash": "exec in NS bash",
	"source": ":load FILE", "xterm": "exec in NS bash", "abort": "rollback", "end": "commit",
}

// habit answers a line that would be right elsewhere.
func (p *Prompt) habit(ctx context.Context, words []string) (string, bool) {
	first := words[0]
	if usage.Of(first) != nil {
		return "", false
	}
	if _, own := p.Session.Alive().Functions[first]; own {
		return "", false
	}
	if _, isSpace := p.Session.Program(ctx, strings.Join(words, " ")); isSpace {
		return "", false
	}
	if len(words) == 1 && p.Session.Alive().Has(first) {
		return fmt.Sprintf("`%s` is a namespace: `in %s` enters it, `%s PROGRAM` runs a program there", first, first, first), true
	}
	if first == "ping" && len(words) > 1 {
		from := "NS"
		if p.Session.Entered() {
			from = p.Session.Scope()
		}
		to := words[len(words)-1]
		return fmt.Sprintf("`%s ping %s` runs ping in a namespace; `expect ping %s -> %s` checks it", from, strings.Join(words[1:], " "), from, to), true
	}
	answer, ok := habits[first]
	if !ok {
		return "", false
	}
	if !strings.Contains(answer, "`") && !strings.Contains(answer, " begin ") && !strings.Contains(answer, "Ctrl") {
		answer = "in vnet that is: " + answer
	}
	return answer, true
}
