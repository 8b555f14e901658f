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

	"github.com/mattn/go-runewidth"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/host"
)

// A Printer prints for a window of a width; 0: of any.
type Printer struct {
	W     io.Writer
	Width int
}

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

// print prints a table, or where it is too wide for the window its rows one
// below the other, a line for each cell.
func (p *Printer) print(t *table, none string) error {
	if len(t.rows) == 0 {
		_, err := fmt.Fprintln(p.W, none)
		return err
	}
	text := t.columns()
	for line := range strings.Lines(text) {
		if p.Width > 0 && runewidth.StringWidth(strings.TrimRight(line, "\n")) > p.Width {
			text = t.records(p.Width)
			break
		}
	}
	_, err := io.WriteString(p.W, text)
	return err
}

func (t *table) columns() string {
	used := make([]bool, len(t.head))
	for _, r := range t.rows {
		for i, c := range r {
			used[i] = used[i] || c != ""
		}
	}
	var out strings.Builder
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{t.head}, t.rows...) {
		var cells []string
		for i, c := range r {
			if used[i] {
				cells = append(cells, cmp.Or(c, "-"))
			}
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	tw.Flush()
	return out.String()
}

// records are the rows, cell by cell, without those that are empty.
func (t *table) records(width int) string {
	column := 0
	for _, h := range t.head {
		column = max(column, len(h)+2)
	}
	var out strings.Builder
	for i, r := range t.rows {
		if i > 0 {
			out.WriteString("\n")
		}
		for j, c := range r {
			if c != "" {
				fmt.Fprintf(&out, "%-*s%s\n", column, t.head[j], fold(c, width-column, column))
			}
		}
	}
	return out.String()
}

// fold breaks a text between words into lines of a width, the further ones
// behind an indent.
func fold(text string, width, indent int) string {
	if width <= 0 {
		return text
	}
	return strings.Join(diag.Wrap(text, width, width), "\n"+strings.Repeat(" ", indent))
}

// Namespaces prints the names of namespaces, one a line.
func (p *Printer) Namespaces(names []string) error {
	t := table{head: []string{"NAMESPACE"}}
	for _, n := range names {
		t.add(n)
	}
	return p.print(&t, "no namespaces")
}

// Part prints a part of what a namespace holds: links, addrs, routes (of a table,
// or of all for 0), neigh or rules.
func (p *Printer) Part(what string, s *host.State, tableID int) error {
	switch what {
	case "links":
		return p.Links(s)
	case "addrs":
		return p.Addrs(s)
	case "routes":
		return p.Routes(s, tableID)
	case "neigh":
		return p.Neighs(s)
	case "rules":
		return p.Rules(s)
	}
	panic("show: nothing to show under " + what)
}

// Links prints interfaces with their state, as `ip -brief link` does.
func (p *Printer) Links(s *host.State) error {
	t := table{head: []string{"LINK", "KIND", "STATE", "MTU", "MAC", "MASTER", "PEER", "DETAILS"}}
	for _, l := range s.Links {
		peer := ""
		if l.Peer != nil {
			peer = l.Peer.String()
		}
		t.add(l.Name, cmp.Or(l.Kind, "device"), linkState(l), strconv.Itoa(l.MTU), l.MAC, l.Master, peer, l.Details())
	}
	return p.print(&t, "no links")
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
func (p *Printer) Addrs(s *host.State) error {
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
	return p.print(&t, "no links")
}

// Routes prints the routes of a table, or of all tables for 0, as `ip route`
// does.
func (p *Printer) Routes(s *host.State, tableID int) error {
	routes := ordered(s, tableID)
	for _, r := range routes {
		r.Proto = 0
		if _, err := fmt.Fprintln(p.W, p.route(name.Quote(r.String()))); err != nil {
			return err
		}
	}
	if len(routes) == 0 {
		_, err := fmt.Fprintln(p.W, "no routes")
		return err
	}
	return nil
}

// ordered are the routes of a table, or of all tables for 0: those of the main
// one, which is no number here, come first.
func ordered(s *host.State, tableID int) []host.Route {
	var routes []host.Route
	for _, r := range s.Routes {
		if r.Table == 254 {
			r.Table = 0
		}
		if tableID == 0 || r.Table == tableID || tableID == 254 && r.Table == 0 {
			routes = append(routes, r)
		}
	}
	slices.SortStableFunc(routes, func(a, b host.Route) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table),
			cmp.Compare(a.Dest.Addr().BitLen(), b.Dest.Addr().BitLen()),
			cmp.Compare(a.Dest.Bits(), b.Dest.Bits()), a.Dest.Addr().Compare(b.Dest.Addr()))
	})
	return routes
}

// route folds a line that is too wide for the window.
func (p *Printer) route(line string) string {
	const indent = 4
	if p.Width <= 0 || runewidth.StringWidth(line) <= p.Width {
		return line
	}
	return strings.Join(diag.Wrap(line, p.Width, p.Width-indent), "\n"+strings.Repeat(" ", indent))
}

// Neighs prints the neighbour table.
func (p *Printer) Neighs(s *host.State) error {
	t := table{head: []string{"ADDRESS", "LINK", "MAC", "STATE"}}
	for _, n := range s.Neighs {
		t.add(n.IP.String(), n.Dev, n.MAC, neighState(n))
	}
	return p.print(&t, "no neighbours")
}

func neighState(n host.Neigh) string {
	if n.Proxy {
		return "proxy"
	}
	return n.State
}

// Rules prints the routing policy, as `ip rule` does.
func (p *Printer) Rules(s *host.State) error {
	t := table{head: []string{"FAMILY", "PRIORITY", "RULE"}}
	for _, r := range s.Rules {
		family, priority, text := ruleWords(r)
		t.add(family, strconv.Itoa(priority), text)
	}
	return p.print(&t, "no rules")
}

func ruleWords(r host.Rule) (family string, priority int, text string) {
	family, priority = "inet", r.Priority
	if r.Family == 6 {
		family = "inet6"
	}
	r.Priority, r.Family = 0, 0
	return family, priority, r.String()
}
