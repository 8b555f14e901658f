// Package command is the command line of vnet: it finds the script, calls the
// runtime, and prints what came of it. It decides nothing about networks.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/runtime"
)

// Streams are the standard input and output of a command.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// Standard gives the streams of the process.
func Standard() Streams { return Streams{os.Stdin, os.Stdout, os.Stderr} }

// The exit statuses of the commands themselves; the others are those of
// runtime.Ending.
const (
	statusDiffers = 1 // fmt --check found a file that is not formatted
	statusLeft    = 1 // convert left something unconverted
	statusUsage   = 2
	statusChanges = 10 // plan --exit-code found changes
)

// A Status is an exit status and what it stands for.
type Status struct {
	Code int
	Text string
}

// Statuses lists the exit statuses that all commands share.
func Statuses() []Status {
	return []Status{
		{int(runtime.Done), "done"},
		{int(runtime.Failed), "failed and rolled back"},
		{statusUsage, "wrong command line"},
		{int(runtime.Invalid), "not a valid script"},
		{int(runtime.Unexpected), "an expect failed"},
		{int(runtime.Incomplete), "rollback incomplete"},
		{int(runtime.Forbidden), "not permitted"},
		{int(runtime.Unsupported), "the machine lacks something"},
		{statusChanges, "plan --exit-code found something to do"},
		{int(runtime.TimedOut), "timeout"},
		{int(runtime.Interrupted), "Ctrl-C"},
		{int(runtime.Terminated), "terminated"},
	}
}

// exitStatuses are they, for the help.
func exitStatuses() string {
	var parts []string
	for _, s := range Statuses() {
		parts = append(parts, fmt.Sprint(s.Code, " ", s.Text))
	}
	return strings.TrimSuffix(fill("Exit status: "+strings.Join(parts, ", ")+".", 78), "\n")
}

// A status ends a command that has said already what there is to say.
type status int

func (s status) Error() string { return "exit status" }

// An app is one call of vnet.
type app struct {
	Engine
	std     Streams
	console *console
	color   colorMode
	json    bool
	quiet   bool

	words    []string // the command line
	isolated bool
}

// guardWord is what a run starts beside itself, without all the rest: nobody
// types it.
const guardWord = "guard"

// Main carries out a command line and returns the exit status.
func Main(ctx context.Context, args []string, std Streams, engine Engine) int {
	defer keepPipes()()
	a := &app{Engine: engine, std: std, console: newConsole(std), words: args}
	if a.Sandbox.Elevated != nil && a.Sandbox.Elevated() {
		return a.status(a.refuse(diag.List{elevated()}))
	}
	if len(args) == 3 && args[0] == guardWord && a.StandGuard != nil {
		a.StandGuard(ctx, args[1], args[2])
		return 0
	}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(std.In)
	root.SetOut(a.console.out)
	root.SetErr(a.console.err)

	code := a.status(root.ExecuteContext(ctx))
	a.console.close(a.style())
	return code
}

// status prints an error that nobody has printed yet and gives its exit status.
func (a *app) status(err error) int {
	var code status
	var wrong *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case !errors.As(err, &wrong):
		wrong = misuse("%s", err)
	}
	wrong.print(a.console.err, a.style())
	return statusUsage
}

// Tree is the command line, for who describes it: nothing of it can be carried
// out.
func Tree() *cobra.Command { return (&app{console: newConsole(Standard())}).root() }

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vnet FILE [NAME=VALUE...]",
		Short: "Build, check and take down virtual networks",
		Long: `vnet builds networks of Linux namespaces from a script. A script is one
transaction: if anything fails, everything is as it was before.`,
		Example: `  vnet lab.vnet              build the network of a script
  vnet lab.vnet hosts=5      give a value to one of its params
  vnet plan lab.vnet         show what it would do
  generate-lab | vnet -      read the script from a pipe
  vnet                       open the prompt`,
		Args:              cobra.ArbitraryArgs,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		ValidArgsFunction: completeFirst,
	}
	run := a.runFlags(root)
	root.RunE = func(cmd *cobra.Command, args []string) error { return a.bare(cmd, args, run) }
	root.PersistentFlags().BoolVar(&a.isolated, "isolated", false, "work in a private network, as without root")
	root.PersistentPreRunE = a.confine
	root.PersistentFlags().Var(&a.color, "color", "colours: auto, always or never")
	offerWords(root, "color", colorModes)
	root.CompletionOptions.SetDefaultShellCompDirective(nothing)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(helpTemplate())
	root.SetUsageTemplate(helpTemplate())
	root.AddGroup(&cobra.Group{ID: "script", Title: "Commands for scripts:"},
		&cobra.Group{ID: "lab", Title: "Commands for labs, which are what scripts have built:"}, &cobra.Group{ID: "other", Title: "Other commands:"})
	root.SetHelpCommand(a.helpCommand())
	root.SetVersionTemplate("vnet {{.Version}}\n")
	a.addScriptCommands(root)
	a.addLabCommands(root)
	a.addOtherCommands(root)
	return root
}

func (a *app) addScriptCommands(root *cobra.Command) {
	for _, c := range []*cobra.Command{a.runCommand(), a.checkCommand(), a.planCommand(), a.fmtCommand(), a.testCommand(), a.graphCommand(), a.convertCommand()} {
		c.GroupID = "script"
		root.AddCommand(c)
	}
}

func (a *app) addLabCommands(root *cobra.Command) {
	for _, c := range []*cobra.Command{a.statusCommand(), a.downCommand(), a.undoCommand(), a.confirmCommand(),
		a.execCommand(), a.shellCommand(), a.logsCommand()} {
		c.GroupID = "lab"
		root.AddCommand(c)
	}
}

func (a *app) addOtherCommands(root *cobra.Command) {
	for _, c := range []*cobra.Command{a.replCommand(), a.dumpCommand(), a.showCommand(), a.whyCommand(), a.captureCommand(), a.recoverCommand(), a.doctorCommand(), a.explainCommand(), a.completionCommand(), a.versionCommand(), a.tryCommand(), a.privateCommand(), a.holdCommand(), a.outwardCommand()} {
		c.GroupID = "other"
		root.AddCommand(c)
	}
}

// bare is vnet without a subcommand: a script, a pipe, or the prompt.
func (a *app) bare(cmd *cobra.Command, args []string, run *runOptions) error {
	if len(args) == 0 && isTerminal(a.std.In) {
		return a.prompt(cmd.Context())
	}
	if len(args) > 0 && !isPath(args[0]) && !isFile(args[0]) {
		return unknownWord(cmd, args[0])
	}
	return a.run(cmd.Context(), args, run)
}

func (a *app) replCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "repl",
		Short: "Open the prompt",
		Long:  "Open the prompt. Each entry is carried out and kept at once, or undone as a\nwhole when something fails. From a pipe it reads entries without a prompt.",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.prompt(cmd.Context()) },
	}
}
