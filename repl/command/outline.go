package command

import (
	"strings"

	"vnet/runtime"
	"vnet/runtime/delta"
	"vnet/runtime/host"
)

// An action is what a step does to an object, as plans mark it.
type action byte

const (
	create action = '+'
	change action = '~'
	remove action = '-'
)

func (a action) word() string {
	switch a {
	case create:
		return "make"
	case remove:
		return "remove"
	}
	return "change"
}

// since is what somebody has done whose doing the action takes back.
func (a action) since() string {
	switch a {
	case create:
		return "removed"
	case remove:
		return "made"
	}
	return "changed"
}

// A planLine is one object of a plan.
type planLine struct {
	sign  action
	text  string
	since string // what others have done that it puts back; empty: nothing
}

// counts says how much there is to do.
type counts struct {
	Make   int `json:"make"`
	Change int `json:"change"`
	Remove int `json:"remove"`
}

func tally(lines []planLine) counts {
	var n counts
	for _, l := range lines {
		switch l.sign {
		case create:
			n.Make++
		case change:
			n.Change++
		case remove:
			n.Remove++
		}
	}
	return n
}

// outline turns a plan into lines, one an object. The addresses that a new
// interface gets stand on its line, as they do in a script.
func outline(p runtime.Planned) []planLine {
	addrs := addresses(p.Steps)
	var lines []planLine
	add := func(a action, text string, drift bool) {
		l := planLine{sign: a, text: text}
		if drift {
			l.since = a.since()
		}
		lines = append(lines, l)
	}
	for _, s := range p.Steps {
		switch op := s.Op.(type) {
		case host.LinkAdd:
			add(create, withAddresses(op, addrs), s.Drift)
		case host.AddrSet:
			if _, onLine := addrs[host.End{NS: op.Addr.NS, Name: op.Addr.Link}]; onLine && op.Verb == host.Add {
				continue
			}
			add(actionOf(op), object(op), s.Drift)
		default:
			add(actionOf(op), object(op), s.Drift)
		}
	}
	for _, c := range p.Traits {
		add(actionOfTrait(c), c.String(), true)
	}
	for _, g := range p.Programs {
		l := planLine{sign: actionOfProgram(g), text: "program " + g.Name}
		if g.Drift {
			l.since = "ended"
		}
		lines = append(lines, l)
	}
	return lines
}

func actionOfTrait(c delta.Change) action {
	switch {
	case c.Missing():
		return create
	case c.Foreign():
		return remove
	}
	return change
}

func actionOfProgram(p runtime.PlannedProgram) action {
	switch {
	case !p.Wants:
		return remove
	case !p.Runs:
		return create
	}
	return change
}

// addresses collects those of the interfaces that the steps make.
func addresses(steps []runtime.Step) map[host.End][]string {
	addrs := map[host.End][]string{}
	for _, s := range steps {
		switch op := s.Op.(type) {
		case host.LinkAdd:
			addrs[op.Link.End()] = nil
			if op.Peer != nil {
				addrs[op.Peer.End()] = nil
			}
		case host.AddrSet:
			end := host.End{NS: op.Addr.NS, Name: op.Addr.Link}
			if _, ok := addrs[end]; ok && op.Verb == host.Add {
				addrs[end] = append(addrs[end], op.Addr.Prefix.String())
			}
		}
	}
	return addrs
}

// withAddresses puts addresses behind the ends of a new interface.
func withAddresses(op host.LinkAdd, addrs map[host.End][]string) string {
	text := op.String()
	for _, l := range []*host.Link{&op.Link, op.Peer} {
		if l == nil || len(addrs[l.End()]) == 0 {
			continue
		}
		end := " " + l.End().String()
		i := strings.Index(text+" ", end+" ")
		if l == op.Peer {
			i = strings.LastIndex(text+" ", end+" ")
		}
		if i >= 0 {
			at := i + len(end)
			text = text[:at] + " " + strings.Join(addrs[l.End()], " ") + text[at:]
		}
	}
	return text
}

// object names what a step is about.
func object(op host.Op) string {
	switch op := op.(type) {
	case host.NamespaceAdd:
		return "namespace " + op.Name
	case host.NamespaceAdopt:
		return "namespace " + op.Name + " from " + op.Path
	case host.NamespaceDel:
		return "namespace " + op.Name
	case host.LinkDel:
		return "link " + host.End{NS: op.NS, Name: op.Name}.String()
	}
	return op.String()
}

func actionOf(op host.Op) action {
	switch op := op.(type) {
	case host.NamespaceAdd, host.NamespaceAdopt, host.LinkAdd, host.HostsAdd:
		return create
	case host.NamespaceDel, host.LinkDel:
		return remove
	case host.AddrSet:
		return ofVerb(op.Verb)
	case host.RouteSet:
		return ofVerb(op.Verb)
	case host.RuleSet:
		return ofVerb(op.Verb)
	case host.NeighSet:
		return ofVerb(op.Verb)
	}
	return change
}

func ofVerb(v host.Verb) action {
	switch v {
	case host.Add, host.Append:
		return create
	case host.Del:
		return remove
	}
	return change
}
