package command

import (
	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/runtime"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE... [NAME=VALUE...]",
		Short: "Say what is wrong with a script, without running it",
		Long: `Say what is wrong with a script, without running it. Needs no privileges and
never touches the network. Without FILE, or with -, standard input is read.`,
		Example: `  vnet check lab.vnet
  vnet check --json *.vnet`,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.check(cmd, args) },
		ValidArgsFunction: completeScripts,
	}
	cmd.Flags().BoolVar(&a.json, "json", false, "messages as JSON, one object a line, on standard output")
	cmd.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "print messages only")
	return cmd
}

func (a *app) check(cmd *cobra.Command, args []string) error {
	if a.Check == nil {
		return misuse("this build of vnet cannot check")
	}
	files, values, err := a.filesAndParams(cmd, args)
	if err != nil {
		return err
	}
	code := 0
	for _, path := range files {
		s, bad := a.load(path)
		list := diag.List{bad}
		if bad == nil {
			s.Args = values
			list = a.Check(cmd.Context(), s)
		}
		a.tell(list, a.sources(s), true)
		ending := endingOf(list)
		code = max(code, int(ending))
		if ending == runtime.Done && !a.quiet && !a.json {
			write(a.console.err, s.Name+" is valid"+warned(list)+".\n")
		}
	}
	return exit(code)
}

// filesAndParams tells the scripts of a command line from the values for them.
func (a *app) filesAndParams(cmd *cobra.Command, args []string) (files []string, values map[string]string, err error) {
	n := scripts(args)
	values, err = params(args[n:])
	if err == nil && n == 0 {
		err = a.wantsInput(cmd)
		return []string{dash}, values, err
	}
	return args[:n], values, err
}

// scripts is how many of the arguments are files; values for params follow.
func scripts(args []string) int {
	n := 0
	for n < len(args) && (!isParam(args[n]) || isFile(args[n])) {
		n++
	}
	return n
}

// wantsInput complains when a script is to be read from a terminal.
func (a *app) wantsInput(cmd *cobra.Command) error {
	if isTerminal(a.std.In) {
		return misuse("which script?").help("name a file: `%s lab.vnet`", cmd.CommandPath())
	}
	return nil
}

// tell prints diagnostics: as text to standard error; as JSON to standard
// output where that is the command's own.
func (a *app) tell(list diag.List, sources diag.Sources, own bool) {
	list = list.Tidy()
	switch {
	case !a.json:
		_ = list.Text(a.console.err, sources, a.style().Style)
	case own:
		_ = list.JSON(a.console.out)
	default:
		_ = list.JSON(a.console.err)
	}
}

// refuse prints what is wrong with a command's files and ends it.
func (a *app) refuse(list diag.List) error {
	a.tell(list, nil, false)
	return exit(int(endingOf(list)))
}

// exit is the error that ends a command with a status.
func exit(code int) error {
	if code == 0 {
		return nil
	}
	return status(code)
}

// endingOf is how a command ends that found these and did nothing.
func endingOf(list diag.List) runtime.Ending {
	ending := runtime.Done
	for _, d := range list {
		if d.Severity == diag.Error {
			ending = max(ending, endingFor(d.Code))
		}
	}
	return ending
}

func endingFor(code diag.Code) runtime.Ending {
	switch code {
	case diag.FileDenied, diag.NeedsPrivilege, diag.RefusedPermission:
		return runtime.Forbidden
	case diag.KernelLacks, diag.NotLinux, diag.MachineLacks, diag.RefusedUnsupported:
		return runtime.Unsupported
	case diag.UnknownLab:
		return runtime.Failed
	case diag.Interrupted:
		return runtime.Terminated
	}
	return runtime.Invalid
}
