package command

import (
	"github.com/spf13/cobra"

	"vnet/runtime/dump"
)

func (a *app) dumpCommand() *cobra.Command {
	var opts dump.Options
	output := ""
	cmd := &cobra.Command{
		Use:   "dump [NS...]",
		Short: "Write what is alive as a script",
		Long: `Write the namespaces that are alive, or those named, as a script that makes
them anew, whoever made them. What the language cannot express is said in
comments. Programs, and files in /etc/netns, are left out.`,
		Example: `  vnet dump > lab.vnet
  vnet dump h1 h2 --macs`,
		ValidArgsFunction: a.completeSpaces,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.dump(cmd, args, opts, output) },
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&opts.MACs, "macs", false, "with the MAC addresses of interfaces")
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to a file")
	offerFiles(cmd, "output")
	return cmd
}

func (a *app) dump(cmd *cobra.Command, args []string, opts dump.Options, output string) error {
	if a.Dump == nil {
		return misuse("this build of vnet cannot do that")
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	text, list := a.Dump(ctx, args, opts)
	a.tell(list, nil, false)
	switch {
	case list.Failed():
		return exit(int(endingOf(list)))
	case output != "" && output != dash:
		return a.save(output, []byte(text))
	}
	write(a.console.out, text)
	return nil
}
