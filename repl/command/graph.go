package command

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/graph"
	"vnet/runtime/graph/wiring"
)

type graphOptions struct{ format, output string }

// drawings are the forms a graph can be written in, besides text, which is as
// wide as the terminal.
var drawings = map[string]func(*graph.Graph, io.Writer) error{
	"svg":     (*graph.Graph).SVG,
	"dot":     (*graph.Graph).DOT,
	"mermaid": (*graph.Graph).Mermaid,
	"d2":      (*graph.Graph).D2,
	"json": func(g *graph.Graph, w io.Writer) error {
		text, err := g.JSON()
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	},
}

// formats are their names, and endings the files they are known by.
var (
	formats = append(slices.Sorted(maps.Keys(drawings)), "text")
	endings = map[string]string{".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid", ".d2": "d2", ".json": "json", ".txt": "text"}
)

func (a *app) graphCommand() *cobra.Command {
	o := &graphOptions{}
	cmd := &cobra.Command{
		Use:   "graph [FILE [NAME=VALUE...] | LAB]",
		Short: "Draw a network",
		Long: `Draw the network that a script makes, which needs no privileges; or without
FILE what is alive here, whoever made it, or what of that a lab is about. With -
the script is read from standard input.

The JSON has nodes (namespaces, bridges, groups of tunnels) with their
interfaces, and cables, each with two ends that name a node and an interface.
Names may be added to it; those that are there keep their meaning.`,
		Example: `  vnet graph lab.vnet
  vnet graph lab.vnet -o lab.svg
  vnet graph lab.vnet --format dot | dot -Tpng -o lab.png
  vnet graph`,
		ValidArgsFunction: a.completePlanned,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.graph(cmd, args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.format, "format", "", "text, svg, dot, mermaid, d2 or json; else by the ending of the output file, or text")
	f.StringVarP(&o.output, "output", "o", "", "write to a file")
	offerWords(cmd, "format", formats)
	offerFiles(cmd, "output")
	return cmd
}

func (a *app) graph(cmd *cobra.Command, args []string, o *graphOptions) error {
	if a.Graph == nil || a.GraphAlive == nil {
		return misuse("this build of vnet cannot draw")
	}
	draw, err := a.drawing(o)
	if err != nil {
		return err
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	g, list, sources, err := a.network(ctx, args)
	if err != nil {
		return err
	}
	a.tell(list, sources, false)
	if list.Failed() {
		return exit(int(endingOf(list)))
	}
	if g.Empty() {
		write(a.console.err, "There is nothing to draw: no namespace, and no bridge.\n")
	}
	var out bytes.Buffer
	if err := draw(g, &out); err != nil {
		return err
	}
	if o.output == "" || o.output == dash {
		write(a.console.out, out.String())
		return nil
	}
	return a.save(o.output, out.Bytes())
}

// network draws a script, or what is alive without one.
func (a *app) network(ctx context.Context, args []string) (*graph.Graph, diag.List, diag.Sources, error) {
	if len(args) == 0 {
		g, list := a.GraphAlive(ctx, "")
		return g, list, nil, nil
	}
	if _, up := a.labCalled(args[0]); up && len(args) == 1 {
		g, list := a.GraphAlive(ctx, args[0])
		return g, list, nil, nil
	}
	s, err := a.script(args)
	if err != nil {
		return nil, nil, nil, err
	}
	g, list := a.Graph(ctx, s)
	return g, list, a.sources(s), nil
}

// drawing finds the form that is wanted.
func (a *app) drawing(o *graphOptions) (func(*graph.Graph, io.Writer) error, error) {
	format := o.format
	if format == "" {
		ending := strings.ToLower(filepath.Ext(o.output))
		format = cmp.Or(endings[ending], strings.TrimPrefix(ending, "."), "text")
	}
	if format == "text" {
		return func(g *graph.Graph, w io.Writer) error {
			s := a.styleOf(a.console.out)
			return wiring.Draw(w, g, wiring.Options{Width: s.Width, ASCII: s.ASCII})
		}, nil
	}
	if draw, ok := drawings[format]; ok {
		return draw, nil
	}
	e := misuse("no format `%s`", format)
	if near, ok := name.Near(format, formats); ok {
		return nil, e.help("did you mean `%s`?", near)
	}
	return nil, e.help("there are: %s", strings.Join(formats, " "))
}

// save writes a file. A failure is none of the command line.
func (a *app) save(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o666); err != nil {
		return a.refuse(diag.List{problem(diag.FileDenied, "cannot write `%s`: %s", path, reason(err))})
	}
	if !a.quiet {
		write(a.console.err, fmt.Sprintf("%s is written.\n", name.Quote(path)))
	}
	return nil
}
