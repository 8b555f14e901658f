package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
)

func newResults(rounds int) *results {
	r := &results{CPUs: runtime.NumCPU(), Rounds: rounds, Missing: map[string]string{}}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		r.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	return r
}

// print prints the table, and writes the same as JSON where that is wanted.
func (r *results) print(o *options) error {
	switch {
	case o.page:
		r.page(os.Stdout)
	case o.json != "-":
		r.table(os.Stdout)
	}
	if o.json == "" {
		return nil
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if o.json == "-" {
		_, err = os.Stdout.Write(data)
		return err
	}
	return os.WriteFile(o.json, data, 0o644)
}

// table prints a line for each network and way: medians in ms, and behind each
// how many times the limit it is.
func (r *results) table(out io.Writer) {
	fmt.Fprintf(out, "Linux %s, %d CPUs; medians of %d rounds in ms; (times the limit)\n\n", r.Kernel, r.CPUs, r.Rounds)
	if len(r.Cells) > 0 {
		r.networks(out)
	}
	for _, f := range r.Parts {
		fmt.Fprintf(out, "%s  %s\n", dots(f.Name, 58), f.text())
	}
}

// networks prints what was measured of the networks.
func (r *results) networks(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "network\tway\t")
	for _, p := range phases {
		fmt.Fprintf(w, "%s\t\t", p)
	}
	fmt.Fprintln(w)
	for _, c := range r.Cells {
		for i, row := range c.Ways {
			name := ""
			if i == 0 {
				name = fmt.Sprintf("%s %d", c.Shape, c.Hosts)
			}
			fmt.Fprintf(w, "%s\t%s\t", name, row.Way)
			for _, p := range phases {
				m, ok := row.Median[p]
				if !ok {
					fmt.Fprint(w, "-\t\t")
					continue
				}
				fmt.Fprintf(w, "%s\t%s\t", digits(m), times(row.Ratio, p))
			}
			fmt.Fprintln(w)
		}
	}
	w.Flush()
	fmt.Fprint(out, `
build: until the network stands; cpu: what that took of the processors, which a busy machine
changes least; true: true(1) in each namespace, one process for all;
down: until no name of it is left; freed: until the kernel has freed all.
`)
	r.without(out)
}

// without tells what is not in the table.
func (r *results) without(out io.Writer) {
	for name, why := range r.Missing {
		fmt.Fprintf(out, "not here: %s (%s)\n", name, why)
	}
	for _, c := range r.Cells {
		for _, o := range c.Out {
			fmt.Fprintf(out, "left out: %s %d by %s (%s)\n", c.Shape, c.Hosts, o.Way, o.Why)
		}
	}
}

func times(ratio map[phase]float64, p phase) string {
	if r, ok := ratio[p]; ok {
		return fmt.Sprintf("(%.1f)", r)
	}
	return ""
}

// digits writes a figure as exactly as it deserves.
func digits(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func dots(s string, width int) string {
	return s + " " + strings.Repeat(".", max(0, width-len(s)))
}
