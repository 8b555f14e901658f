// Package show prints what a namespace holds, one thing a line, in the words
// of `ip -brief`.
package show

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// A table is lines of cells; columns that are empty throughout are left out.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) {
	for i, c := range cells {
		cells[i] = name.Quote(c)
	}
	t.rows = append(t.rows, cells)
}

func (t *table) write(w io.Writer, none string) error {
	if len(t.rows) == 0 {
		_, err := fmt.Fprintln(w, none)
		return err
	}
	used := make([]bool, len(t.head))
	for _, r := range t.rows {
		for i, c := range r {
			used[i] = used[i] || c != ""
		}
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{t.head}, t.rows...) {
		var cells []string
		for i, c := range r {
			if used[i] {
				cells = append(cells, cmp.Or(c, "-"))
			}
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}

// Namespaces prints the names of namespaces, one a line.
func Namespaces(w io.Writer, names []string) error {
	t := table{head: []string{"NAMESPACE"}}
	for _, n := range names {
		t.add(n)
	}
	return t.write(w, "no namespaces")
}

// Links prints interfaces with their state, as `ip -brief link` does.
func Links(w io.Writer, s *host.State) error {
	t := table{head: []string{"LINK", "KIND", "STATE", "MTU", "MAC", "MASTER", "PEER", "DETAILS"}}
	for _, l := range s.Links {
		peer := ""
		if l.Peer != nil {
			peer = l.Peer.String()
		}
		t.add(l.Name, cmp.Or(l.Kind, "device"), linkState(l), strconv.Itoa(l.MTU), l.MAC, l.Master, peer, l.Details())
	}
	return t.write(w, "no links")
}

func linkState(l host.Link) string {
	if !l.Up {
		return "DOWN"
	}
	if l.Oper == "" || strings.EqualFold(l.Oper, "unknown") {
		return "UP"
	}
	return strings.ToUpper(l.Oper)
}

// Addrs prints the addresses of each interface.
func Addrs(w io.Writer, s *host.State) error {
	t := table{head: []string{"LINK", "STATE", "ADDRESSES"}}
	for _, l := range s.Links {
		var addrs []string
		for _, a := range s.Addrs {
			if a.Link == l.Name {
				text := a.Prefix.String()
				if a.Tentative {
					text += " (tentative)"
				}
				addrs = append(addrs, text)
			}
		}
		t.add(l.Name, linkState(l), strings.Join(addrs, " "))
	}
	return t.write(w, "no links")
}

// Routes prints the routes of a table, or of all tables for 0, as `ip route`
// does.
func Routes(w io.Writer, s *host.State, tableID int) error {
	routes := slices.Clone(s.Routes)
	slices.SortStableFunc(routes, func(a, b host.Route) int {
		return cmp.Or(cmp.Compare(mainFirst(a.Table), mainFirst(b.Table)),
			cmp.Compare(a.Dest.Addr().BitLen(), b.Dest.Addr().BitLen()),
			cmp.Compare(a.Dest.Bits(), b.Dest.Bits()), a.Dest.Addr().Compare(b.Dest.Addr()))
	})
	none := true
	for _, r := range routes {
		if tableID != 0 && r.Table != tableID && !(tableID == 254 && r.Table == 0) {
			continue
		}
		if r.Table == 254 {
			r.Table = 0
		}
		r.Proto = 0
		none = false
		if _, err := fmt.Fprintln(w, name.Quote(r.String())); err != nil {
			return err
		}
	}
	if none {
		_, err := fmt.Fprintln(w, "no routes")
		return err
	}
	return nil
}

func mainFirst(table int) int {
	if table == 254 {
		return 0
	}
	return table
}

// Neighs prints the neighbour table.
func Neighs(w io.Writer, s *host.State) error {
	t := table{head: []string{"ADDRESS", "LINK", "MAC", "STATE"}}
	for _, n := range s.Neighs {
		state := n.State
		if n.Proxy {
			state = "proxy"
		}
		t.add(n.IP.String(), n.Dev, n.MAC, state)
	}
	return t.write(w, "no neighbours")
}

// Rules prints the routing policy, as `ip rule` does.
func Rules(w io.Writer, s *host.State) error {
	t := table{head: []string{"FAMILY", "PRIORITY", "RULE"}}
	for _, r := range s.Rules {
		family := "inet"
		if r.Family == 6 {
			family = "inet6"
		}
		priority := strconv.Itoa(r.Priority)
		r.Priority, r.Family = 0, 0
		t.add(family, priority, r.String())
	}
	return t.write(w, "no rules")
}
