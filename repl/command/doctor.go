package command

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime"
	"vnet/runtime/doctor"
)

// The word of the command that tries what doctor asks for; nobody types it.
const tryWord = "try"

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this machine can do",
		Long: `Tell what this machine can do for whoever asks, and why not: each thing is tried,
in namespaces that are thrown away, and nothing of it stays. Where something is
missing it says what to type.

ok works, no does not, partly works otherwise. A ! is before what no script can do
without. Exit status: 0 scripts can be run here, 6 it is not permitted, 7 the
machine lacks what they need.`,
		Example: `  vnet doctor
  vnet doctor --json | jq -r '.findings[] | select(.state == "no").name'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "as JSON")
	return cmd
}

// tryCommand is what doctor starts elsewhere.
func (a *app) tryCommand() *cobra.Command {
	return &cobra.Command{
		Use:    tryWord + " WHAT",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.Try == nil {
				return misuse("this build of vnet cannot try anything")
			}
			found, err := a.Try(cmd.Context(), args[0], trier)
			if err != nil {
				return err
			}
			return json.NewEncoder(a.console.out).Encode(found)
		},
	}
}

// trier prepares a call of tryCommand.
func trier(ctx context.Context, what string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", tryWord, what)
	cmd.Args[0] = os.Args[0]
	return cmd
}

func (a *app) doctor(ctx context.Context) error {
	if a.Examine == nil {
		return misuse("this build of vnet cannot examine anything")
	}
	ctx, release := withSignals(ctx)
	defer release()
	found := a.Examine(ctx, trier)
	if ctx.Err() != nil {
		return exit(int(runtime.Interrupted))
	}
	if a.json {
		text, err := diag.Marshal(struct {
			Version  string           `json:"version"`
			Works    bool             `json:"works"`
			Findings []doctor.Finding `json:"findings"`
		}{version(), healthy(found) == runtime.Done, found})
		if err != nil {
			return err
		}
		write(a.console.out, string(text)+"\n")
	} else {
		write(a.console.out, describeFindings(found, a.styleOf(a.console.out)))
	}
	return exit(int(healthy(found)))
}

// healthy is how a script would end here that does what all scripts do.
func healthy(found []doctor.Finding) runtime.Ending {
	ending := runtime.Done
	for _, f := range found {
		if f.Needed && f.Why != nil {
			if ending = endingFor(f.Why.Code); ending != runtime.Forbidden {
				return runtime.Unsupported
			}
		}
	}
	return ending
}

// describeFindings is
//
//	interfaces
//	  ok  bridge
//	  no  ifb     this kernel has no ifb interfaces: Unknown device type (EOPNOTSUPP)
//	              to have it: sudo modprobe ifb
func describeFindings(found []doctor.Finding, s style) string {
	column := 0
	for _, f := range found {
		column = max(column, runewidth.StringWidth(f.Name))
	}
	var b strings.Builder
	group := ""
	for _, f := range found {
		if f.Group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = f.Group
			b.WriteString(s.bold(group) + "\n")
		}
		b.WriteString(describeFinding(f, column, s))
	}
	return b.String()
}

func describeFinding(f doctor.Finding, column int, s style) string {
	mark := map[doctor.State]func(string) string{doctor.Works: s.green, doctor.Partly: s.yellow, doctor.Fails: s.yellow}[f.State]
	need := " "
	if f.Needed && f.State != doctor.Works {
		mark, need = s.red, "!"
	}
	head := need + " " + mark(string(f.State)) + strings.Repeat(" ", len(doctor.Partly)-len(f.State)) + "  " + f.Name
	indent := 2 + len(doctor.Partly) + 2 + column + 2
	lines := []string{f.Detail}
	if f.Why != nil {
		lines[0] = f.Why.Summary
		if f.Why.Kernel != "" {
			lines[0] += ": " + f.Why.Kernel
		}
		for _, h := range f.Why.Help {
			lines = append(lines, "help: "+h)
		}
	}
	if lines[0] == "" {
		return head + "\n"
	}
	gap := strings.Repeat(" ", column-runewidth.StringWidth(f.Name)+2)
	// In a narrow window the text stands below the name.
	if s.Width > 0 && s.Width < indent+30 {
		indent = 4
		gap = "\n" + strings.Repeat(" ", indent)
	}
	for i, line := range lines {
		line = hang(name.Quote(line), indent, s)
		if i > 0 {
			line = s.green("help:") + strings.TrimPrefix(line, "help:")
		}
		lines[i] = line
	}
	return head + gap + strings.Join(lines, strings.Repeat(" ", indent))
}

// hang breaks a text that stands behind an indent of its first line, and gives
// the others the same.
func hang(text string, indent int, s style) string {
	parts := []string{text}
	if s.Width > 0 {
		parts = diag.Wrap(text, s.Width-indent, s.Width-indent)
	}
	return strings.Join(parts, "\n"+strings.Repeat(" ", indent)) + "\n"
}
