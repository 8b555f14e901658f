package command

import (
	"bufio"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vnet/lang/name"
)

func (a *app) confirmCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "confirm [LAB]",
		Short: "Keep what vnet run --confirm has built",
		Long: `Keep the lab of a vnet run --confirm that waits, from another shell: one that
the new network has not cut off. LAB may be left out when only one waits.`,
		Args:              atMostOne("lab"),
		ValidArgsFunction: a.completeAwaiting,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.Confirm == nil {
				return misuse("this build of vnet keeps no labs")
			}
			ctx, release := withSignals(cmd.Context())
			defer release()
			called, trouble := a.Confirm(ctx, strings.Join(args, ""))
			if trouble.Failed() {
				return a.refuse(trouble)
			}
			write(a.console.out, name.Quote(called)+": confirmed\n")
			return nil
		},
	}
}

// ask asks at the terminal whether a lab is to stay. Who cannot be asked has not
// answered. Over is called when nobody waits for it any more.
func (a *app) ask(called string, limit time.Duration) (<-chan bool, func()) {
	answer := make(chan bool, 1)
	a.console.rest(true)
	over := func() { a.console.rest(false) }
	called = name.Quote(called)
	text := called + ": built. It is taken back in " + limit.String() + " unless it is confirmed: vnet confirm " + called + "\n"
	if !isTerminal(a.std.In) {
		write(a.console.err, text)
		return answer, over
	}
	write(a.console.err, strings.TrimSuffix(text, "\n")+", or Enter here; `no` takes it back now\n")
	go func() {
		lines := bufio.NewScanner(a.std.In)
		for lines.Scan() {
			switch strings.ToLower(strings.TrimSpace(lines.Text())) {
			case "", "y", "yes":
				answer <- true
				return
			case "n", "no":
				answer <- false
				return
			}
			write(a.console.err, "Enter or `yes` keeps it, `no` takes it back\n")
		}
	}()
	return answer, over
}
