package eval

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"vnet/lang/ast"
	"vnet/runtime/host"
	"vnet/runtime/show"
)

// show prints a part of the network as it is now.
func (t *thread) show(s *ast.Show) error {
	spaces, err := t.shown(s)
	if err != nil {
		return err
	}
	table := 0
	if o := s.Opts.Get("table"); o != nil {
		if text, ok := ast.Lit(o.Args[0]); !ok || text != "all" {
			if table, _, err = t.named(o.Args[0], "rt_tables", tables); err != nil {
				return err
			}
		}
	}
	if t.cfg.Rehearse {
		return nil
	}
	if err := t.tx().Flush(t.ctx); err != nil {
		return err
	}
	if t.cfg.JSON {
		err = t.showJSON(s.What, spaces, table)
	} else {
		err = t.showText(s.What, spaces, table)
	}
	if err != nil {
		return t.notMeasured(err)
	}
	return nil
}

func (t *thread) showText(what string, spaces []string, table int) (err error) {
	var out bytes.Buffer
	to := &show.Printer{W: &out}
	if window, ok := t.cfg.Stdout.(interface{ Width() int }); ok {
		to.Width = window.Width()
	}
	switch what {
	case "ns":
		err = t.showSpaces(to)
	case "lab":
		err = t.showLab(to)
	default:
		for i, ns := range spaces {
			if len(spaces) > 1 {
				fmt.Fprintf(&out, "%s%s:\n", map[bool]string{true: "\n"}[i > 0], ns)
			}
			if err = t.showPart(to, what, ns, table); err != nil {
				break
			}
		}
	}
	if err == nil {
		t.cfg.Stdout.Write(out.Bytes())
	}
	return err
}

// showJSON shows for programs; a lab is shown by the addresses in it.
func (t *thread) showJSON(what string, spaces []string, table int) error {
	text, err := t.jsonOf(what, spaces, table)
	if err == nil {
		_, _ = t.cfg.Stdout.Write(text)
	}
	return err
}

func (t *thread) jsonOf(what string, spaces []string, table int) ([]byte, error) {
	switch what {
	case "ns":
		names, err := t.cfg.Host.Namespaces(t.ctx)
		if err != nil {
			return nil, err
		}
		return show.NamespacesJSON(names)
	case "lab":
		what, spaces = "addrs", t.labSpaces()
	}
	var states []*host.State
	for _, ns := range spaces {
		s, err := t.cfg.Host.State(context.WithoutCancel(t.ctx), ns)
		if err != nil {
			return nil, err
		}
		states = append(states, s)
	}
	return show.JSON(what, states, table)
}

// shown are the namespaces to show: those named, else the innermost in.
func (t *thread) shown(s *ast.Show) ([]string, error) {
	if len(s.Spaces) == 0 {
		return []string{t.space}, nil
	}
	args, err := t.flat(s.Spaces...)
	if err != nil {
		return nil, err
	}
	spaces := make([]string, len(args))
	for i, a := range args {
		if spaces[i], err = t.existingSpace(a); err != nil {
			return nil, err
		}
	}
	return spaces, nil
}

func (t *thread) showSpaces(to *show.Printer) error {
	names, err := t.cfg.Host.Namespaces(t.ctx)
	if err != nil {
		return err
	}
	return to.Namespaces(names)
}

// showLab prints the links of every namespace that this script has made.
func (t *thread) showLab(to *show.Printer) error {
	for i, ns := range t.labSpaces() {
		if i > 0 {
			fmt.Fprintln(to.W)
		}
		fmt.Fprintf(to.W, "%s:\n", ns)
		if err := t.showPart(to, "addrs", ns, 0); err != nil {
			return err
		}
	}
	return nil
}

// labSpaces are the namespaces that this script has made and that stand, sorted.
func (t *thread) labSpaces() []string {
	made := map[string]bool{}
	steps := t.tx().Steps()
	if t.cfg.Before != nil {
		steps = append(t.cfg.Before(), steps...)
	}
	for _, s := range steps {
		switch op := s.Op.(type) {
		case host.NamespaceAdd:
			made[op.Name] = true
		case host.NamespaceDel:
			delete(made, op.Name)
		}
	}
	return slices.Sorted(maps.Keys(made))
}

func (t *thread) showPart(to *show.Printer, what, ns string, table int) error {
	state, err := t.cfg.Host.State(context.WithoutCancel(t.ctx), ns)
	if err != nil {
		return err
	}
	return to.Part(what, state, table)
}
