package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// page prints a table in Markdown for each of the phases that users know, a
// line for each network and a column for each way: the time in ms, and behind
// it how many times the limit it is.
func (r *results) page(to io.Writer) {
	var names []string
	for _, w := range ways {
		if slices.ContainsFunc(r.Cells, func(c *cell) bool { return c.way(w.name) != nil }) {
			names = append(names, w.name)
		}
	}
	for _, t := range []struct {
		phase phase
		title string
	}{{build, "build"}, {each, "`true` in each"}, {down, "take down"}} {
		fmt.Fprintf(to, "| %s | %s |\n|---%s|\n", t.title, strings.Join(names, " | "), strings.Repeat("|---", len(names)))
		for _, c := range r.Cells {
			fmt.Fprintf(to, "| %s of %d |", c.Shape, c.Hosts)
			for _, name := range names {
				fmt.Fprintf(to, " %s |", c.way(name).cell(t.phase))
			}
			fmt.Fprintln(to)
		}
		fmt.Fprintln(to)
	}
	r.without(to)
}

func (c *cell) way(name string) *row {
	i := slices.IndexFunc(c.Ways, func(w *row) bool { return w.Way == name })
	if i < 0 {
		return nil
	}
	return c.Ways[i]
}

// cell is what a way took for a phase; empty when that was not measured.
func (w *row) cell(p phase) string {
	if w == nil {
		return ""
	}
	m, ok := w.Median[p]
	if !ok {
		return ""
	}
	if w.Way == "limit" {
		return digits(m)
	}
	return strings.TrimSpace(digits(m) + " " + times(w.Ratio, p))
}
