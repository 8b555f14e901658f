package delta

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"vnet/runtime/host"
)

// A Change is a trait that is not what it was: Lines are what it should be, none
// for what should not be there, and Is what it is, none for what is missing.
type Change struct {
	host.Trait
	Is []string
}

// Missing reports whether it is not there, and Foreign whether it should not be.
func (c Change) Missing() bool { return len(c.Is) == 0 }
func (c Change) Foreign() bool { return len(c.Lines) == 0 }

// String names the trait; of one that has changed and can be read, it says in
// what.
func (c Change) String() string {
	s := "in " + c.NS + " " + c.Name
	if c.Raw || c.Missing() || c.Foreign() {
		return s
	}
	lacks, besides := subtract(c.Lines, c.Is), subtract(c.Is, c.Lines)
	switch {
	case len(lacks) > 0 && len(besides) > 0:
		return s + ": lacks " + several(lacks) + ", has " + several(besides)
	case len(lacks) > 0:
		return s + ": lacks " + several(lacks)
	case len(besides) > 0:
		return s + ": has besides " + several(besides)
	}
	return s + ": in another order"
}

// several is the first of some lines, and how many more there are.
func several(lines []string) string {
	s := "`" + lines[0] + "`"
	if more := len(lines) - 1; more > 0 {
		s += " and " + strconv.Itoa(more) + " more"
	}
	return s
}

// subtract returns the lines of a that b has not, as often.
func subtract(a, b []string) []string {
	b = slices.Clone(b)
	return slices.DeleteFunc(slices.Clone(a), func(l string) bool {
		i := slices.Index(b, l)
		if i >= 0 {
			b = slices.Delete(b, i, i+1)
		}
		return i >= 0
	})
}

// Traits tells what of traits is not as it was, each thing once: with a qdisc go
// its classes and filters.
func Traits(was, is []host.Trait) []Change {
	had, has := byName(was), byName(is)
	var out []Change
	for k, t := range had {
		if now := has[k]; !slices.Equal(t.Lines, now.Lines) {
			out = append(out, Change{t, now.Lines})
		}
	}
	for k, t := range has {
		if _, there := had[k]; !there {
			c := Change{t, t.Lines}
			c.Lines = nil
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return cmp.Or(strings.Compare(a.NS, b.NS), strings.Compare(a.Name, b.Name)) })
	all := slices.Clone(out)
	return slices.DeleteFunc(out, func(c Change) bool {
		return c.On != "" && slices.ContainsFunc(all, func(o Change) bool { return o.NS == c.NS && o.On == c.On && o.takes(c) })
	})
}

// takes reports whether a thing has gone, or come, with a qdisc.
func (c Change) takes(o Change) bool {
	if !strings.HasPrefix(c.Name, "qdisc ") || c.Missing() != o.Missing() || c.Foreign() != o.Foreign() || !c.Missing() && !c.Foreign() {
		return false
	}
	const ingress = " at ffff:fff1 " // TC_H_CLSACT
	root := strings.Contains(c.Name, " at root ")
	if strings.HasPrefix(o.Name, "qdisc ") {
		return root && c.Name != o.Name && !strings.Contains(o.Name, ingress)
	}
	return root || strings.Contains(c.Name, ingress)
}

// byName gathers traits. What bears the same name, as filters of one kind and
// preference, is one thing.
func byName(list []host.Trait) map[[2]string]host.Trait {
	out := map[[2]string]host.Trait{}
	for _, t := range list {
		k := [2]string{t.NS, t.Name}
		if first, ok := out[k]; ok {
			t.Lines = slices.Concat(first.Lines, t.Lines)
		}
		out[k] = t
	}
	return out
}

// Traits leaves of traits what is in a scope, and stands on what a stock has. In
// a namespace that was there before that is traffic control of the interfaces in
// the scope.
func (s Stock) Traits(list []host.Trait, sc Scope) []host.Trait {
	return slices.DeleteFunc(slices.Clone(list), func(t host.Trait) bool {
		_, space := s[Key{ns: t.NS}]
		if t.On == "" || !sc.spaces[t.NS] && !sc.links[host.End{NS: t.NS, Name: t.On}] {
			return t.On != "" || !sc.spaces[t.NS] || !space
		}
		_, there := s[Key{ns: t.NS, rank: link, link: t.On}]
		return !there
	})
}
