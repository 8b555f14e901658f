package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime"
)

func (a *app) whyCommand() *cobra.Command {
	size := 0
	cmd := &cobra.Command{
		Use:   "why NS TARGET",
		Short: "Find out what stops packets",
		Long: `Follow a packet from a namespace to another, or to an interface (NS:IF), a
port (NS:PORT) or an address, over the network that is alive, and its answer
back; name the first thing that stops it, and the statement that would repair
it. Then one packet is sent to see. An arrow between the two must be quoted,
since the shell takes > for itself. The status is 0 when there is an answer,
and 1 when there is none.

It looks at links, bridges, addresses, routes, neighbours, forwarding,
rp_filter, nf_tables and MTUs; not at traffic control, XDP or VLAN filters.`,
		Example: `  vnet why h1 h2
  vnet why 'h1 -> h2:80'
  vnet why h1 10.0.0.2 --size 1500 --json`,
		ValidArgsFunction: a.completeWay,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.why(cmd, args, size) },
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().IntVar(&size, "size", 0, "bytes of the packet, with its IP header (default 84, as ping has it)")
	cmd.Flags().BoolVar(&a.json, "json", false, "print what was found as JSON")
	return cmd
}

func (a *app) why(cmd *cobra.Command, args []string, size int) error {
	if a.WhyAlive == nil {
		return misuse("this build of vnet cannot do that")
	}
	words := strings.Fields(strings.ReplaceAll(strings.Join(args, " "), "->", " "))
	if slices.Contains(words, "-") {
		return misuse("the shell has taken the > of the arrow").help("write it without: vnet why h1 h2")
	}
	if len(words) != 2 {
		return misuse("two ends are wanted").help("for example: vnet why h1 h2").see(cmd)
	}
	q, err := runtime.WhyQuery(words[0], words[1], size)
	if err != nil {
		return misuse("%s", err).see(cmd)
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	w, list := a.WhyAlive(ctx, q)
	if list.Failed() {
		a.tell(list, nil, a.json)
		return exit(int(endingOf(list)))
	}
	if a.json {
		line, err := diag.Marshal(w)
		if err != nil {
			return err
		}
		write(a.console.out, string(line)+"\n")
	} else {
		for _, line := range w.Lines() {
			write(a.console.out, name.Quote(line)+"\n")
		}
	}
	if !w.Answered {
		return exit(int(runtime.Failed))
	}
	return nil
}
