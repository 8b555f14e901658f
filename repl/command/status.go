package command

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vnet/lang/name"
	"vnet/runtime"
)

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [LAB]",
		Short: "Show the labs that are up",
		Long: `Show the labs that are up: the networks that scripts have built, and that
vnet down takes down. LAB is a name, or the file it was built from.`,
		Example: `  vnet status
  vnet status office --json`,
		Args:              atMostOne("lab"),
		ValidArgsFunction: a.completeLab,
		RunE:              func(_ *cobra.Command, args []string) error { return a.labStatus(args) },
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "as JSON, a list")
	return cmd
}

// atMostOne refuses a second argument.
func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return misuse("`%s` takes one %s, and here is `%s` as well", cmd.CommandPath(), what, args[1]).see(cmd)
		}
		return nil
	}
}

func (a *app) labStatus(args []string) error {
	if a.Labs == nil {
		return misuse("this build of vnet keeps no labs")
	}
	labs, trouble := a.Labs()
	if trouble.Failed() {
		return a.refuse(trouble)
	}
	if len(args) > 0 {
		called, trouble := a.FindLab(args[0])
		if trouble.Failed() {
			return a.refuse(trouble)
		}
		labs = slices.DeleteFunc(labs, func(l runtime.Lab) bool { return l.Name != called })
	}
	if a.json {
		data, err := json.MarshalIndent(append([]runtime.Lab{}, labs...), "", "  ")
		if err == nil {
			write(a.console.out, string(data)+"\n")
		}
		return err
	}
	if len(labs) == 0 {
		write(a.console.out, "no lab is up\n")
	}
	for _, l := range labs {
		write(a.console.out, describeLab(l, time.Now(), a.styleOf(a.console.out)))
	}
	return nil
}

// describeLab is
//
//	office  up 3 min, from lab.vnet hosts=5: 2 namespaces, 1 cable
//	  namespaces  left right
//	  program     web (412)
func describeLab(l runtime.Lab, now time.Time, s style) string {
	var b strings.Builder
	up := "up"
	if l.Failed {
		up = s.red("failed") + ", kept for"
	}
	fmt.Fprintf(&b, "%s  %s %s, from %s", s.bold(name.Quote(l.Name)), up, runtime.Age(now.Sub(l.Since)), name.Quote(l.Script))
	for _, key := range slices.Sorted(maps.Keys(l.Args)) {
		b.WriteString(" " + name.Quote(key+"="+l.Args[key]))
	}
	if what := made(l.Made); what != "" {
		b.WriteString(": " + what)
	}
	b.WriteByte('\n')
	if len(l.Spaces) > 0 {
		b.WriteString("  namespaces ")
	}
	for _, space := range l.Spaces {
		b.WriteString(" " + name.Quote(space.Name))
		if !space.There {
			b.WriteString(s.red(" (gone)"))
		}
	}
	if len(l.Spaces) > 0 {
		b.WriteByte('\n')
	}
	for _, p := range l.Programs {
		called := name.Quote(p.Name)
		if p.Log == "" {
			called = "left by exec"
		}
		b.WriteString("  program     " + called + " " + running(p, s) + "\n")
	}
	return b.String()
}

func running(p runtime.LabProgram, s style) string {
	if len(p.PIDs) == 0 {
		return s.red("has ended")
	}
	words := make([]string, len(p.PIDs))
	for i, pid := range p.PIDs {
		words[i] = fmt.Sprint(pid)
	}
	return "(" + strings.Join(words, " ") + ")"
}
