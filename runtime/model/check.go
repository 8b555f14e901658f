package model

import (
	"fmt"
	"slices"
	"strings"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/host"
)

// Check finds the rules of the network that an operation would break, before
// anything is touched. It changes nothing, and says nothing about what is not
// known: an opaque namespace may hold whatever an operation needs.
func (n *Net) Check(op host.Op) []host.Finding {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := &checker{n: n}
	switch o := op.(type) {
	case host.NamespaceAdd:
		c.newSpace(o.Name)
	case host.NamespaceAdopt:
		c.newSpace(o.Name)
	case host.NamespaceDel:
		c.space(o.Name, host.FieldNS)
	case host.LinkAdd:
		c.linkAdd(o)
	case host.LinkDel:
		c.linkDel(o)
	case host.LinkSet:
		c.linkSet(o)
	case host.LinkMove:
		c.linkMove(o)
	case host.AddrSet:
		c.addrSet(o)
	case host.RouteSet:
		c.routeSet(o)
	case host.RuleSet:
		c.ruleSet(o)
	case host.NeighSet:
		c.neighSet(o)
	case host.SysctlSet:
		c.sysctlSet(o)
	case host.HostsAdd:
		c.space(o.NS, host.FieldNS)
	case host.DNSSet:
		c.space(o.NS, host.FieldNS)
	}
	return c.found
}

// A checker gathers what is wrong with one operation.
type checker struct {
	n     *Net
	found []host.Finding
}

// add notes an error and returns it, for more to be said.
func (c *checker) add(code diag.Code, field host.Field, summary string, args ...any) *host.Finding {
	c.found = append(c.found, host.Finding{Code: code, Field: field, Summary: fmt.Sprintf(summary, args...)})
	return &c.found[len(c.found)-1]
}

// warn notes something worth a look.
func (c *checker) warn(code diag.Code, field host.Field, summary string, args ...any) *host.Finding {
	f := c.add(code, field, summary, args...)
	f.Warning = true
	return f
}

func help(f *host.Finding, format string, args ...any) {
	f.Help = append(f.Help, fmt.Sprintf(format, args...))
}

func relate(f *host.Finding, key host.Key, format string, args ...any) {
	f.Related, f.Remark = key, fmt.Sprintf(format, args...)
}

func keySpace(ns string) host.Key  { return host.Key{What: "namespace", Name: ns} }
func keyLink(e host.End) host.Key  { return host.Key{What: "link", Name: e.String()} }
func keyAddr(a host.Addr) host.Key { return host.Key{What: "address", Name: addrName(a)} }
func addrName(a host.Addr) string  { return a.NS + ":" + a.Link + " " + a.Prefix.Addr().String() }
func inSpace(ns string) string     { return " in " + spaceName(ns) }
func list(what []string) string    { return strings.Join(what[:min(len(what), 12)], " ") }

// spaceName is a namespace as messages call it.
func spaceName(ns string) string {
	if ns == host.Start {
		return "the starting namespace"
	}
	return ns
}

// newSpace checks the making of a namespace.
func (c *checker) newSpace(ns string) {
	if ns == host.Start {
		c.add(diag.DuplicateNamespace, host.FieldName, "`%s` is the namespace that vnet was started in", ns)
		return
	}
	if c.n.existing(ns) == nil {
		return
	}
	f := c.add(diag.DuplicateNamespace, host.FieldName, "namespace `%s` exists already", ns)
	relate(f, keySpace(ns), "`%s` is created here", ns)
	if s := c.n.spaces[ns]; s != nil && s.loaded {
		help(f, "to use the one that is there: ensure ns %s", ns)
		help(f, "to be rid of it: ns del %s", ns)
	}
}

// space finds a namespace that must be there. Nil says that nothing can be
// told of it; a finding is noted when it is sure to be missing.
func (c *checker) space(ns string, field host.Field) *space {
	if s := c.n.existing(ns); s != nil || c.n.opts.Foreign {
		return s
	}
	f := c.add(diag.UnknownNamespace, field, "no namespace `%s`", ns)
	f.Label = "not created before this line"
	names := make([]string, 0, len(c.n.spaces))
	for name := range c.n.spaces {
		names = append(names, name)
	}
	slices.Sort(names)
	if near, ok := name.Near(ns, names); ok {
		help(f, "did you mean `%s`?", near)
		relate(f, keySpace(near), "`%s` is created here", near)
	}
	return nil
}

// link finds an interface that must be there. Nil says that nothing can be
// told of it.
func (c *checker) link(s *space, link string, field host.Field) *link {
	if l := s.links[link]; l != nil {
		if l.assumed {
			return nil
		}
		return l
	}
	if s.opaque {
		return nil
	}
	f := c.add(diag.UnknownLink, field, "no interface `%s`%s", link, inSpace(s.name))
	if words, ok := c.n.Elsewhere(s.name, link); ok {
		help(f, "%s", words)
		return nil
	}
	var have []string
	for _, l := range s.ordered() {
		if l.Name != "lo" {
			have = append(have, l.Name)
		}
	}
	if near, ok := name.Near(link, have); ok {
		help(f, "did you mean `%s`?", near)
		relate(f, keyLink(host.End{NS: s.name, Name: near}), "`%s` is created here", near)
		return nil
	}
	switch {
	case len(have) == 0:
		f.Label = spaceName(s.name) + " has no interface but lo"
	default:
		help(f, "there: %s", list(have))
	}
	return nil
}

// end finds the interface of an operation.
func (c *checker) end(ns, link string, field host.Field) (*space, *link) {
	s := c.space(ns, host.FieldNS)
	if s == nil {
		return nil, nil
	}
	return s, c.link(s, link, field)
}
