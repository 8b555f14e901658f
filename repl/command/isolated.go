package command

import (
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime/sandbox"
)

// A Sandbox is a private network for commands that may not, or shall not, touch
// the real one. The zero value is none: everything runs where it is.
type Sandbox struct {
	Needed func() bool // this process may not change networks
	Inside func() bool // it runs in the sandbox
	Run    func(sandbox.Call) (status int, err error)
	Hold   func() int // what the sandbox's first process does
	// Outward runs a program in the network around the sandbox.
	Outward func(argv []string) (status int, err error)
	// Elevated says that this process has rights that whoever started it has
	// not: then it does nothing at all.
	Elevated func() bool
}

// live lists the commands that look at networks or change them. All others read
// text and write text.
var live = []string{"capture", "confirm", "down", "dump", "exec", "graph", "logs", "plan", "recover", "repl", "run", "shell", "show", "status", "undo", "why"}

// confine has a command carried out in the sandbox, where that is its place. It
// is the one place where this is decided.
func (a *app) confine(cmd *cobra.Command, args []string) error {
	completing := cmd.Name() == cobra.ShellCompRequestCmd
	if a.Sandbox.Run == nil || !completing && !a.touches(cmd, args) {
		return nil
	}
	isolated := a.isolated || completing && slices.Contains(args, "--isolated")
	if !a.Sandbox.Needed() && (!isolated || a.Sandbox.Inside()) {
		return nil
	}
	code, err := a.Sandbox.Run(sandbox.Call{
		Argv: append([]string{os.Args[0]}, a.words...),
		Last: cmd.Name() == "down",
		Term: takesTerminal(cmd, args),
		Join: completing,
	})
	switch {
	case err == nil:
		return status(code)
	case completing: // what is there belongs to others
		a.Namespaces, a.Links, a.Labs, a.Awaiting = nil, nil, nil, nil
		return nil
	case cmd.Name() == "plan" && !a.isolated:
		return nil // which calls unknown what it may not see
	case cmd.Name() == "graph" && !a.isolated && len(args) > 0:
		return nil // no lab is up, and so it is a file that is not there
	}
	return a.refuse(diag.List{noSandbox(err)})
}

// touches reports whether a command line gets as far as a network.
func (a *app) touches(cmd *cobra.Command, args []string) bool {
	switch {
	case !cmd.HasParent():
		return len(args) == 0 || isScript(args[0])
	case cmd.Name() == "graph":
		return len(args) == 0 || maybeLab(args[0]) // of a script it draws what would be
	case cmd.Name() == "run":
		return len(args) == 0 || isScript(args[0])
	case cmd.Name() == "plan":
		return len(args) == 0 || isScript(args[0]) || maybeLab(args[0])
	}
	return slices.Contains(live, cmd.Name())
}

// takesTerminal reports whether a command hands the terminal to programs for the
// user's sake.
func takesTerminal(cmd *cobra.Command, args []string) bool {
	return cmd.Name() == "exec" || cmd.Name() == "shell" || cmd.Name() == "repl" || !cmd.HasParent() && len(args) == 0
}

// maybeLab reports whether a word can be the name of a lab.
func maybeLab(word string) bool { return !isScript(word) && name.Lab(word) == nil }

// isScript reports whether a word is a script that can be tried to be read.
func isScript(word string) bool { return word == dash || isFile(word) }

// noSandbox explains why there is no private network.
func noSandbox(err error) *diag.Diagnostic {
	var t *sandbox.Trouble
	if !errors.As(err, &t) {
		return problem(diag.MachineLacks, "cannot make a private network: %s", reason(err))
	}
	return t.Diagnostic()
}

// elevated explains why vnet does nothing. A script runs any program: an
// installation that lends rights would lend them to everybody, for everything.
func elevated() *diag.Diagnostic {
	return problem(diag.NeedsPrivilege, "this vnet is installed setuid, setgid or with file capabilities, and so does nothing").
		WithHelp("whoever may run it could do anything with those rights; take them away: chmod ug-s FILE, setcap -r FILE").
		WithHelp("without root it works in a private network, where no rights are needed")
}

// holdCommand is what the first process of a sandbox runs; nobody types it.
func (a *app) holdCommand() *cobra.Command {
	return &cobra.Command{
		Use:    sandbox.HoldWord,
		Hidden: true,
		Args:   noArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.Sandbox.Hold == nil {
				return misuse("this build of vnet has no sandbox")
			}
			return exit(a.Sandbox.Hold())
		},
	}
}

// outwardCommand runs a program in the network around the sandbox; nobody types
// it.
func (a *app) outwardCommand() *cobra.Command {
	return &cobra.Command{
		Use:                sandbox.OutwardWord + " PROGRAM [ARG...]",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if a.Sandbox.Outward == nil || len(args) == 0 {
				return misuse("there is no way out of here")
			}
			code, err := a.Sandbox.Outward(args)
			if err != nil {
				return err
			}
			return status(code)
		},
	}
}
