package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime"
)

type planOptions struct{ ip, exitCode bool }

func (a *app) planCommand() *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan FILE [NAME=VALUE...]",
		Short: "Show what a script would do here",
		Long: `Show what a script would do to the network as it is now. Needs no privileges;
what it may not see it takes for unknown. + is made, ~ changed, - removed.`,
		Example: `  vnet plan lab.vnet
  vnet plan --ip lab.vnet     as commands of ip(8)`,
		ValidArgsFunction: completeScript,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.plan(cmd, args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.ip, "ip", false, "print the commands of ip(8) that do the same")
	f.BoolVar(&a.json, "json", false, "print the plan as JSON")
	f.BoolVar(&o.exitCode, "exit-code", false, "end with status 10 when there is something to do")
	cmd.MarkFlagsMutuallyExclusive("ip", "json")
	return cmd
}

func (a *app) plan(cmd *cobra.Command, args []string, o *planOptions) error {
	if a.Plan == nil || o.ip && a.IP == nil {
		return misuse("this build of vnet cannot do that")
	}
	if len(args) == 0 {
		if err := a.wantsInput(cmd); err != nil {
			return err
		}
	}
	s, err := a.script(args)
	if err != nil {
		return err
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	steps, list := a.Plan(ctx, s)
	lines := outline(steps)
	if a.json {
		a.planJSON(steps, lines, list)
	} else {
		a.tell(list, a.sources(s), false)
	}
	switch {
	case list.Failed():
		return exit(int(endingOf(list)))
	case a.json:
	case o.ip:
		a.printIP(steps)
	default:
		a.printPlan(lines)
	}
	if o.exitCode && len(steps) > 0 {
		return status(statusChanges)
	}
	return nil
}

func (a *app) printPlan(lines []planLine) {
	s := a.styleOf(a.console.out)
	var b strings.Builder
	for _, l := range lines {
		sign := string(l.sign)
		switch l.sign {
		case create:
			sign = s.green(sign)
		case change:
			sign = s.yellow(sign)
		case remove:
			sign = s.red(sign)
		}
		b.WriteString(sign + " " + name.Quote(l.text) + "\n")
	}
	n := tally(lines)
	if len(lines) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "Plan: %d to make, %d to change, %d to remove\n", n.Make, n.Change, n.Remove)
	write(a.console.out, b.String())
}

func (a *app) printIP(steps []runtime.Step) {
	var b strings.Builder
	for _, step := range steps {
		for _, line := range a.IP(step.Op) {
			b.WriteString(name.Quote(line) + "\n")
		}
	}
	write(a.console.out, b.String())
}

// A planned is a step as programs read it.
type planned struct {
	Op     string   `json:"op"`
	Text   string   `json:"text"`
	Action string   `json:"action"`
	Spaces []string `json:"namespaces"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Column int      `json:"column"`
	Data   any      `json:"data"`
}

type planDocument struct {
	Steps       []planned `json:"steps"`
	Diagnostics diag.List `json:"diagnostics"`
	counts
}

func (a *app) planJSON(steps []runtime.Step, lines []planLine, list diag.List) {
	doc := planDocument{Steps: []planned{}, Diagnostics: append(diag.List{}, list.Tidy()...), counts: tally(lines)}
	for _, s := range steps {
		doc.Steps = append(doc.Steps, planned{
			Op: strings.TrimPrefix(fmt.Sprintf("%T", s.Op), "host."), Text: s.Op.String(),
			Action: actionOf(s.Op).word(), Spaces: append([]string{}, s.Op.Spaces()...),
			File: s.At.Pos.Filename, Line: s.At.Pos.Line, Column: s.At.Pos.Column, Data: s.Op,
		})
	}
	if out, err := diag.Marshal(doc); err == nil {
		write(a.console.out, string(out)+"\n")
	}
}
