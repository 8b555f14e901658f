package show

import (
	"cmp"
	"encoding/json"
	"net/netip"

	"vnet/runtime/host"
)

// A link is an interface as programs read it. So are the others: names may be
// added, and those that are there keep their meaning.
type link struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	State  string `json:"state"`
	MTU    int    `json:"mtu"`
	MAC    string `json:"mac,omitempty"`
	Master string `json:"master,omitempty"`
	Parent string `json:"parent,omitempty"`
	Peer   string `json:"peer,omitempty"`
	Alias  string `json:"alias,omitempty"`
}

type addr struct {
	Link      string       `json:"link"`
	Address   netip.Prefix `json:"address"`
	Peer      netip.Addr   `json:"peer,omitzero"`
	Scope     string       `json:"scope,omitempty"`
	Tentative bool         `json:"tentative,omitempty"`
}

type route struct {
	Dst      netip.Prefix `json:"dst"`
	Type     string       `json:"type,omitempty"`
	Via      netip.Addr   `json:"via,omitzero"`
	Dev      string       `json:"dev,omitempty"`
	Src      netip.Addr   `json:"src,omitzero"`
	Metric   int          `json:"metric,omitempty"`
	Table    int          `json:"table"`
	Nexthops []nexthop    `json:"nexthops,omitempty"`
}

type nexthop struct {
	Via    netip.Addr `json:"via,omitzero"`
	Dev    string     `json:"dev,omitempty"`
	Weight int        `json:"weight,omitempty"`
}

type neigh struct {
	Address netip.Addr `json:"address"`
	Link    string     `json:"link"`
	MAC     string     `json:"mac,omitempty"`
	State   string     `json:"state"`
}

type rule struct {
	Family   string `json:"family"`
	Priority int    `json:"priority"`
	Rule     string `json:"rule"`
}

// NamespacesJSON writes the names of namespaces for programs.
func NamespacesJSON(names []string) ([]byte, error) { return lines(append([]string{}, names...)) }

// JSON writes for programs what Part prints of each namespace.
func JSON(what string, states []*host.State, tableID int) ([]byte, error) {
	all := []map[string]any{}
	for _, s := range states {
		all = append(all, map[string]any{"namespace": s.NS, what: part(what, s, tableID)})
	}
	return lines(all)
}

func lines(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}

func part(what string, s *host.State, tableID int) any {
	switch what {
	case "links":
		return each(s.Links, func(l host.Link) link {
			peer := ""
			if l.Peer != nil {
				peer = l.Peer.String()
			}
			return link{l.Name, cmp.Or(l.Kind, "device"), linkState(l), l.MTU, l.MAC, l.Master, l.Parent, peer, l.Alias}
		})
	case "addrs":
		return each(s.Addrs, func(a host.Addr) addr { return addr{a.Link, a.Prefix, a.Peer, a.Scope, a.Tentative} })
	case "routes":
		return each(ordered(s, tableID), func(r host.Route) route {
			ways := each(r.Nexthop, func(n host.Nexthop) nexthop { return nexthop{n.Via, n.Dev, n.Weight} })
			return route{r.Dest, r.Type, r.Via, r.Dev, r.Src, r.Metric, cmp.Or(r.Table, 254), ways}
		})
	case "neigh":
		return each(s.Neighs, func(n host.Neigh) neigh { return neigh{n.IP, n.Dev, n.MAC, neighState(n)} })
	case "rules":
		return each(s.Rules, func(r host.Rule) rule {
			family, priority, text := ruleWords(r)
			return rule{family, priority, text}
		})
	}
	panic("show: nothing to show under " + what)
}

// each makes a list of another; an empty one is [], and no null.
func each[T, U any](list []T, of func(T) U) []U {
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = of(v)
	}
	return out
}
