package command

import (
	"github.com/spf13/cobra"

	"vnet/lang/name"
	"vnet/runtime"
)

func (a *app) recoverCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "recover",
		Short: "Finish what a killed vnet left behind",
		Long: `Finish the transactions whose vnet was killed: what was not committed is taken
back, what was is carried through. It does nothing to those that are at work,
and may be run any number of times.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.recover(cmd) },
	}
}

func (a *app) recover(cmd *cobra.Command) error {
	if a.Recover == nil {
		return misuse("this build of vnet cannot recover")
	}
	r, trouble := a.Recover(cmd.Context())
	if trouble.Failed() {
		return a.refuse(trouble)
	}
	for _, line := range r.Done {
		write(a.console.out, name.Quote(line)+"\n")
	}
	for _, line := range r.Alive {
		write(a.console.out, name.Quote(line)+": at work; left alone\n")
	}
	for _, line := range r.Left {
		write(a.console.err, "left: "+name.Quote(line)+"\n")
	}
	switch {
	case len(r.Left) > 0:
		return exit(int(runtime.Incomplete))
	case len(r.Done)+len(r.Alive) == 0 && !a.quiet:
		write(a.console.out, "nothing to recover\n")
	}
	return nil
}
