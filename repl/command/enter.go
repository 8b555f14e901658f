package command

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"vnet/runtime"
)

func (a *app) execCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "exec NS PROGRAM [ARG...]",
		Short: "Run a program in a namespace",
		Long: `Run a program in a namespace, as a script's exec does: with the namespace's
/sys, and its files of /etc/netns over those of /etc. The exit status is that
of the program. VNET_NS in its environment is the namespace.`,
		Example: `  vnet exec left ping -c 1 10.0.0.2`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(program(args)) == 0 {
				return misuse("name a namespace and a program").see(cmd)
			}
			return nil
		},
		ValidArgsFunction: a.completeProgram,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.enter(cmd, args[0], program(args), nil) },
	}
	cmd.Flags().SetInterspersed(false) // what stands behind the namespace belongs to the program
	return cmd
}

// program is what stands behind the namespace; others want a -- between them.
func program(args []string) []string {
	if len(args) > 1 && args[1] == "--" {
		return args[2:]
	}
	return args[min(len(args), 1):]
}

func (a *app) shellCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "shell NS",
		Short:   "Open a shell in a namespace",
		Long:    "Open a shell ($SHELL) in a namespace. Its prompt, and VNET_NS in its\nenvironment, say which.",
		Example: `  vnet shell left`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("name one namespace").see(cmd)
			}
			return nil
		},
		ValidArgsFunction: a.completeSpace,
		RunE: func(cmd *cobra.Command, args []string) error {
			shell := cmp.Or(os.Getenv("SHELL"), "/bin/sh")
			return a.enter(cmd, args[0], []string{shell}, shellPrompt(shell, args[0]))
		},
	}
}

// shellPrompt says in which namespace a shell is. What its own files set as the
// prompt stands behind that in bash; others read PS1 from the environment.
func shellPrompt(shell, ns string) []string {
	if filepath.Base(shell) == "bash" {
		return []string{`PROMPT_COMMAND=PS1="(` + ns + `) ${PS1#"(` + ns + `) "}"`}
	}
	return []string{"PS1=(" + ns + ") # "}
}

func (a *app) enter(cmd *cobra.Command, ns string, argv, env []string) error {
	if a.Exec == nil {
		return misuse("this build of vnet cannot run programs")
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	// The files themselves: a program behind a pipe is not at the terminal.
	code, trouble := a.Exec(ctx, ns, argv, env, runtime.Settings{Stdin: a.std.In, Stdout: a.std.Out, Stderr: a.std.Err})
	if trouble.Failed() {
		return a.refuse(trouble)
	}
	return exit(code)
}
