package repl

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"vnet/lang/lazy"
	"vnet/lang/name"
	"vnet/lang/usage"
	"vnet/repl/complete"
	"vnet/runtime/host"
)

// habits are the words that somebody who comes from a shell, Mininet, a router
// or a database types, with what to type instead: what follows "in vnet that
// is", or where it has quotes in it, a sentence. Those of other network tools
// are in lang/usage.
var habits = map[string]string{
	"addHost": "ns NAME", "addLink": "veth A:eth0 <-> B:eth0", "addNode": "ns NAME", "addSwitch": "bridge NS:br0",
	"addrs": "show addrs in NS",
	"add":   "`ns NAME` makes a namespace, `veth A:eth0 <-> B:eth0` a cable, `addr add A:eth0 10.0.0.1/24` gives an address",
	"cat":   "exec cat FILE", "cd": "the paths of `:load` and `:save` begin where vnet was started",
	"bash": "exec in NS bash", "bye": "exit", "conf": typed, "config": typed, "configure": typed, "connect": "veth A:eth0 <-> B:eth0",
	"copy": ":save FILE", "del": removed, "delete": removed, "dump": "show addrs in NS", "edit": ":edit", "enable": typed,
	"end": "commit", "history": ":history", "host": "ns NAME", "int": configured, "interface": configured,
	"intfs": "show links in NS", "iperf": "spawn in B iperf -s, then: A iperf -c B",
	"iperf3": "spawn in B iperf3 -s, then: A iperf3 -c B", "jobs": "status", "kill": "stop NAME",
	"links": "show links in NS", "load": ":load FILE", "logout": "exit", "ls": "`show ns` lists the namespaces; `exec ls` runs the program",
	"man": "help WORD", "net": "topo", "no": removed, "nodes": "show ns", "open": ":load FILE", "pingallfull": "pingall", "pingpair": "pingall",
	"ports": "show links in NS", "ps": "`status` lists the programs that were spawned; `exec ps` runs the program",
	"pwd": "exec pwd", "q": "exit", "redo": brought, "remove": removed,
	"rm": removed, "routes": "show routes in NS", "run": ":load FILE",
	"router": "`ns NAME` makes one, `in NAME forward on` has it forward", "save": ":save FILE", "sh": "exec in NS sh '…'",
	"source": ":load FILE", "switch": "bridge NS:br0", "time": ":time on", "trace": ":trace on",
	"vnet": "`:load FILE` carries out a script here; `exec vnet …` runs another vnet", "wr": ":save FILE",
	"write": ":save FILE", "xterm": "exec in NS bash",
}

// Sentences that answer several words.
const (
	typed      = "there is no mode to enter: what is typed is carried out at once; `begin` opens a transaction"
	configured = "`link set NS:IF up` and `addr add NS:IF 10.0.0.1/24` set up an interface"
	brought    = "`:history` lists what was typed; the Up key and Ctrl-R bring it back"
	removed    = "`undo` takes back the last entry; `ns del`, `link del`, `addr del` and `route del` remove one thing"
)

// signHabits answer lines that begin with a sign.
var signHabits = []struct {
	begins func() *regexp.Regexp
	answer string
}{
	{lazy.Regexp(`^!`), brought},
	{lazy.Regexp(`^\w+\.addLink`), "in vnet that is: veth A:eth0 <-> B:eth0"},
	{lazy.Regexp(`^\w+\.add(Host|Node)`), "in vnet that is: ns NAME"},
	{lazy.Regexp(`^\w+\.addSwitch`), "in vnet that is: bridge NS:br0"},
	{lazy.Regexp(`^\\q`), "in vnet that is: exit"},
	{lazy.Regexp(`^\\i`), "in vnet that is: :load FILE"},
	{lazy.Regexp(`^\\[dl]`), "in vnet that is: topo"},
	{lazy.Regexp(`^\\`), "in vnet that is: help"},
}

// habit answers a line that would be right elsewhere.
func (p *Prompt) habit(ctx context.Context, words []string) (string, bool) {
	first := words[0]
	for _, h := range signHabits {
		if h.begins().MatchString(first) {
			return h.answer, true
		}
	}
	if answer := p.unaddressed(ctx, words); answer != "" {
		return answer, true
	}
	for _, meant := range []func(context.Context, []string) string{p.meantLinks, p.meantCable, p.meantProgram} {
		if answer := meant(ctx, words); answer != "" {
			return "in vnet that is: " + answer, true
		}
	}
	_, program := p.program(ctx, strings.Join(words, " "))
	if len(words) == 1 && p.Session.Alive().Has(first) && !p.known(first) {
		return fmt.Sprintf("`%s` is a namespace: `in %s` enters it, `%s PROGRAM` runs a program there", first, first, first), true
	}
	answer, ok := habits[first]
	switch {
	case p.known(first):
		return "", false
	case first == host.Start && len(words) > 1 && !onPath(words[1]):
		return "in vnet that is: ns " + name.Quote(strings.Join(words[1:], " ")), true
	case program:
		return "", false
	case first == "ping" && len(words) > 1:
		to := words[len(words)-1]
		return fmt.Sprintf("`NS ping %s` runs ping in a namespace; `expect ping NS -> %s` checks it", strings.Join(words[1:], " "), to), true
	case !ok:
		return p.unheardOf(words)
	}
	if !strings.Contains(answer, "`") {
		answer = "in vnet that is: " + answer
	}
	return answer, true
}

// isWord matches what could be the word of a statement.
var isWord = lazy.Regexp(`^[A-Za-z]+$`)

// unheardOf answers a word that is none, unless the language knows better.
func (p *Prompt) unheardOf(words []string) (string, bool) {
	first := words[0]
	if _, near := usage.Meant(first); near || !isWord().MatchString(first) || len(words) > 1 && words[1] == "=" {
		return "", false
	}
	if _, foreign := usage.Foreign(words); foreign || usage.Closes(first) {
		return "", false
	}
	var all []string
	for _, e := range complete.Words {
		all = append(all, e.Word)
	}
	if near, ok := name.Near(first, append(all, "commit")); ok {
		return fmt.Sprintf("error: there is no `%s`: did you mean `%s`?", first, near), true
	}
	if onPath(first) {
		return fmt.Sprintf("`NS %s` runs the program in a namespace, `exec %s` here", first, first), true
	}
	return "", false
}

// meantLinks are two lines about what belongs to a namespace:  show h1  and, as
// in Mininet,  link h1 h2 down .
func (p *Prompt) meantLinks(ctx context.Context, words []string) string {
	alive := p.Session.Alive()
	last := words[len(words)-1]
	switch {
	case words[0] == "show" && len(words) > 1:
		return meantShow(words[1:], func(ns string) bool { return alive.Has(ns) })
	case words[0] == "link" && len(words) == 4 && (last == "up" || last == "down") && alive.Has(words[1]) && alive.Has(words[2]):
		link := "IF"
		for _, l := range p.linksOf(ctx, words[1]) {
			if l.Peer != nil && l.Peer.NS == words[2] {
				link = l.Name
			}
		}
		return fmt.Sprintf("link set %s:%s %s", words[1], link, last)
	}
	return ""
}

// meantEnd matches an interface as Mininet, and others, write it.
var meantEnd = lazy.Regexp(`^([\w-]+?)[-./]([\w.]+)$`)

// meantCable is the line for  veth h1-eth0 <-> h2-eth0 , which would make both
// ends in the scope.
func (p *Prompt) meantCable(ctx context.Context, words []string) string {
	arrow := slices.Index(words, "<->")
	if words[0] != "veth" || arrow < 2 || arrow+1 >= len(words) {
		return ""
	}
	line := slices.Clone(words)
	links := p.linksOf(ctx, p.Session.Scope())
	for _, i := range []int{1, arrow + 1} {
		m := meantEnd().FindStringSubmatch(words[i])
		if m == nil || !p.Session.Alive().Has(m[1]) || slices.ContainsFunc(links, func(l host.Link) bool { return l.Name == words[i] }) {
			return "" // the end of a cable that leads out of the namespace, perhaps
		}
		line[i] = m[1] + ":" + m[2]
	}
	return name.Quote(strings.Join(line, " "))
}

// meantProgram is the line for a program that is to run in a namespace:
// in h1 ping h2 , exec h1 ping h2 , ping h1 h2 .
func (p *Prompt) meantProgram(_ context.Context, words []string) string {
	alive := p.Session.Alive()
	if len(words) < 3 || words[1] == host.Start || !alive.Has(words[1]) {
		return ""
	}
	ns, rest := words[1], words[2:]
	switch {
	case words[0] == "in" && !p.known(rest[0]) && !usage.Replaces(rest...) && onPath(rest[0]):
	case words[0] == "exec" && onPath(rest[0]):
	case words[0] == "ping" && alive.Has(rest[len(rest)-1]):
		rest = []string{"ping", rest[len(rest)-1]}
	default:
		return ""
	}
	return name.Quote(ns + " " + strings.Join(rest, " "))
}

func (p *Prompt) linksOf(ctx context.Context, ns string) []host.Link {
	alive, err := p.Session.Look(ctx)
	if err != nil || alive.Spaces[ns] == nil {
		return nil
	}
	return alive.Spaces[ns].Links
}

// meantTable maps what routers, and people, call the tables of show to their
// names there, or to a whole line.
var meantTable = map[string]string{
	"addr": "addrs", "address": "addrs", "addresses": "addrs", "arp": "neigh", "history": ":history", "int": "links",
	"interface": "links", "interfaces": "links", "link": "links", "mac": "neigh", "namespaces": "ns", "neighbors": "neigh",
	"neighbours": "neigh", "nodes": "ns", "route": "routes", "rule": "rules", "run": ":save FILE",
	"running-config": ":save FILE", "topology": "topo", "version": "exec vnet version",
}

// meantShow is the line for what stands behind a show that is no statement, ""
// for one that is.
func meantShow(words []string, isSpace func(string) bool) string {
	tables := usage.Of("show").Verbs
	if slices.Contains(words, "table") || len(words) == 1 && slices.Contains(tables, words[0]) {
		return ""
	}
	in, right := "", true
	if i := slices.Index(words, "in"); i >= 0 {
		words, in = words[:i], " "+strings.Join(words[i:], " ")
	} else if last := len(words) - 1; isSpace(words[last]) {
		words, in, right = words[:last], " in "+words[last], false
	}
	if len(words) > 1 && (words[0] == "ip" || words[0] == "ipv6") {
		words, right = words[1:], false
	}
	if len(words) == 0 {
		words = []string{"links"}
	}
	switch table := meantTable[words[0]]; {
	case slices.Contains(tables, table):
		return "show " + table + in
	case table != "" || right || !slices.Contains(tables, words[0]):
		return table
	}
	return "show " + words[0] + in
}
