package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/name"
	"vnet/runtime"
)

// shown are the parts of a network that can be shown.
var shown = []string{"ns", "links", "addrs", "routes", "neigh", "rules"}

func (a *app) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ns|links|addrs|routes|neigh|rules [table T] [in NS...]",
		Short: "Print a part of the network",
		Long: `Print a part of the network that is alive, as the statement show does: of the
namespaces named, or of the one vnet is started in.

The JSON of ns is a list of names; that of the others a list with an object for
each namespace. Names may be added to it; those that are there keep their
meaning.`,
		Example: `  vnet show ns
  vnet show addrs in h1 h2
  vnet show routes table main in r1 --json`,
		ValidArgsFunction: a.completeShow,
		RunE:              a.show,
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "as JSON")
	return cmd
}

func (a *app) show(cmd *cobra.Command, args []string) error {
	switch {
	case a.Run == nil:
		return misuse("this build of vnet cannot do that")
	case len(args) == 0:
		return misuse("what is to be shown?").help("there are: %s", strings.Join(shown, " ")).see(cmd)
	case args[0] == "lab":
		return misuse("`lab` is the network of the script that shows it").help("here that is `vnet status`")
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	s := runtime.Script{Name: "<show>", Text: statement(cmd.Name(), args) + "\n"}
	r := a.Run(ctx, s, runtime.Settings{Stdout: a.console.out, Stderr: a.console.err, JSON: a.json, Version: version()})
	a.tell(r.Diags, a.sources(s), a.json)
	return exit(int(r.Ending))
}

// statement writes the words of a command line as a statement: what is more
// than a word in the language is quoted.
func statement(word string, args []string) string {
	for _, arg := range args {
		if strings.ContainsFunc(arg, func(r rune) bool { return r <= ' ' || strings.ContainsRune("\"'#$;{}()[]`\\|,<>&", r) }) || arg == "" {
			arg = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`, `$`, `\$`).Replace(name.Quote(arg)) + `"`
		}
		word += " " + arg
	}
	return word
}

// completeShow offers what can be shown, and then of which namespaces.
func (a *app) completeShow(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch in := slices.Index(args, "in"); {
	case len(args) == 0:
		return shown, nothing
	case in >= 0:
		return a.offerSpaces(cmd, args[in+1:]), nothing
	case args[0] == "ns", args[len(args)-1] == "table":
		return nil, nothing
	case args[0] == "routes" && len(args) == 1:
		return []cobra.Completion{"in", "table"}, nothing
	}
	return []cobra.Completion{"in"}, nothing
}
