package command

import (
	"os"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/runtime"
)

type fmtOptions struct{ write, check, diff bool }

func (a *app) fmtCommand() *cobra.Command {
	o := &fmtOptions{}
	cmd := &cobra.Command{
		Use:   "fmt [FILE...]",
		Short: "Lay a script out as scripts are laid out",
		Long: `Lay scripts out as scripts are laid out: indents, spaces, comments. What they
mean stays the same. Without FILE, or with -, standard input is read; without
-w the result is printed.`,
		Example: `  vnet fmt -w *.vnet
  vnet fmt --check *.vnet     name those that are not, and end with status 1`,
		RunE: func(_ *cobra.Command, args []string) error { return a.fmt(args, o) },
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return ending("vnet")
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVarP(&o.write, "write", "w", false, "write the result back to the file")
	f.BoolVar(&o.check, "check", false, "print the names of files that would change")
	f.BoolVarP(&o.diff, "diff", "d", false, "print what would change")
	cmd.MarkFlagsMutuallyExclusive("write", "check")
	return cmd
}

func (a *app) fmt(args []string, o *fmtOptions) error {
	if a.Format == nil {
		return misuse("this build of vnet cannot format")
	}
	if len(args) == 0 {
		args = []string{dash}
	}
	code := 0
	for _, path := range args {
		if path == dash && o.write {
			return misuse("`-w` wants a file to write to")
		}
		code = max(code, a.format(path, o))
	}
	return exit(code)
}

// format lays out one file and returns an exit status.
func (a *app) format(path string, o *fmtOptions) int {
	s, bad := a.load(path)
	if bad != nil {
		a.tell(diag.List{bad}, nil, false)
		return int(endingOf(diag.List{bad}))
	}
	text, list := a.Format(s.Name, s.Text)
	if list.Failed() {
		a.tell(list, a.sources(s), false)
		return int(endingOf(list))
	}
	changed := text != s.Text
	if o.diff && changed {
		write(a.console.out, string(diff.Diff(s.Name, []byte(s.Text), s.Name+" (formatted)", []byte(text))))
	}
	switch {
	case o.write && changed:
		return a.rewrite(s, text)
	case o.check && changed:
		if !o.diff {
			write(a.console.out, s.Name+"\n")
		}
		return statusDiffers
	case !o.write && !o.check && !o.diff:
		write(a.console.out, text)
	}
	return 0
}

// rewrite writes into the file itself, so that its owner, mode and links stay.
func (a *app) rewrite(s runtime.Script, text string) int {
	if err := os.WriteFile(s.Name, []byte(text), 0o666); err != nil {
		bad := problem(diag.FileDenied, "cannot write `%s`: %s", s.Name, reason(err))
		a.tell(diag.List{bad}, nil, false)
		return int(endingOf(diag.List{bad}))
	}
	return 0
}
