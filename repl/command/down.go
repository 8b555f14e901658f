package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime"
)

type downOptions struct{ all, noWait bool }

func (a *app) downCommand() *cobra.Command {
	o := &downOptions{}
	cmd := &cobra.Command{
		Use:   "down LAB|FILE...",
		Short: "Take a lab down",
		Long: `Take down what a script has built: its programs end, what it made is removed,
and what it changed is put back as it was before. What others have changed
since on things that were there before stays, and is listed. The script need
not be there any more.`,
		Example: `  vnet down lab.vnet
  vnet down --all`,
		ValidArgsFunction: a.completeLabs,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && !o.all:
				return misuse("which lab?").help("`vnet status` lists those that are up; --all takes down all of them")
			case len(args) > 0 && o.all:
				return misuse("--all takes down every lab, and here is `%s`", args[0]).see(cmd)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.down(cmd, args, o) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "take down every lab, the newest first")
	a.downFlags(cmd, o)
	return cmd
}

func (a *app) undoCommand() *cobra.Command {
	o := &downOptions{}
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Take the newest lab down",
		Long:  "Take down the lab that was built last, as vnet down does.",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.down(cmd, []string{""}, o) },
	}
	a.downFlags(cmd, o)
	return cmd
}

// downFlags are those of all that takes labs down.
func (a *app) downFlags(cmd *cobra.Command, o *downOptions) {
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.noWait, "no-wait", false, "fail when another vnet is at work on it")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no report when all went well")
	f.BoolVar(&a.json, "json", false, "messages and report as JSON, on standard error")
}

func (a *app) down(cmd *cobra.Command, args []string, o *downOptions) error {
	if a.Down == nil || a.Labs == nil {
		return misuse("this build of vnet keeps no labs")
	}
	if o.all {
		labs, trouble := a.Labs()
		if trouble.Failed() {
			return a.refuse(trouble)
		}
		for i := len(labs) - 1; i >= 0; i-- {
			args = append(args, labs[i].Name)
		}
		if len(args) == 0 && !a.quiet && !a.json {
			write(a.console.err, "no lab is up\n")
		}
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	worst := runtime.Done
	for _, arg := range args {
		called, trouble := a.FindLab(arg)
		if trouble.Failed() {
			return a.refuse(trouble)
		}
		progress := a.watch()
		d := a.Down(ctx, called, runtime.Settings{Stderr: a.console.err, NoWait: o.noWait, Progress: progress.reporter(), Guard: a.Guard})
		progress.stop()
		a.tellDown(d)
		worst = max(worst, d.Ending)
	}
	return exit(int(worst))
}

// tellDown says how a lab went down:  office: taken down, 12 changes undone in 40 ms
func (a *app) tellDown(d *runtime.TakenDown) {
	if a.json {
		a.downJSON(d)
		return
	}
	a.tell(d.Diags, a.sources(), false)
	var b strings.Builder
	undone := fmt.Sprintf("%s undone in %s", count(d.Undone, "change", "changes"), elapsed(d.Elapsed))
	switch {
	case d.Diags.Failed():
	case len(d.Left) > 0:
		fmt.Fprintf(&b, "%s: taking down incomplete: %s; left:\n", name.Quote(d.Lab), undone)
	case !a.quiet || len(d.Foreign)+len(d.Lost) > 0:
		fmt.Fprintf(&b, "%s: taken down, %s\n", name.Quote(d.Lab), undone)
	}
	for _, line := range d.Left {
		b.WriteString("  " + name.Quote(line) + "\n")
	}
	for _, line := range d.Foreign {
		b.WriteString("  kept: " + name.Quote(line) + "\n")
	}
	for _, line := range d.Lost {
		b.WriteString("  not brought back: " + name.Quote(line) + " (the script had removed it for good)\n")
	}
	write(a.console.err, a.style().prose(b.String()))
}

func (a *app) downJSON(d *runtime.TakenDown) {
	_ = d.Diags.Tidy().JSON(a.console.err)
	line, err := diag.Marshal(struct {
		Ending string   `json:"ending"`
		Status int      `json:"status"`
		Lab    string   `json:"lab"`
		Undone int      `json:"undone"`
		Time   float64  `json:"seconds"`
		Left   []string `json:"left"`
		Kept   []string `json:"kept"`
		Lost   []string `json:"notBroughtBack"`
	}{
		endingName(d.Ending), int(d.Ending), d.Lab, d.Undone, d.Elapsed.Seconds(),
		append([]string{}, d.Left...), append([]string{}, d.Foreign...), append([]string{}, d.Lost...),
	})
	if err == nil {
		write(a.console.err, string(line)+"\n")
	}
}
