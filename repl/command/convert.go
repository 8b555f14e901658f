package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"vnet/lang/convert"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime"
)

func (a *app) convertCommand() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:   "convert FILE",
		Short: "Make a vnet script of a shell script",
		Long: `Make a vnet script of a shell script that builds a network with ip, brctl,
ifconfig, route, tc, bridge, sysctl and ping, or of the lines of ip -batch. With -,
standard input is read. The result is printed, or written to a file with -o; what
there is to know about it goes to standard error.

What has no statement of its own becomes exec. What cannot be exec either is
marked in the result, "# not converted: ...", and the exit status is then 1; with
status 0 all was converted. Status 3: it is not a script that bash would read.`,
		Example: `  vnet convert lab.sh -o lab.vnet
  ssh router cat setup.sh | vnet convert - | vnet -`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.convert(cmd, args, out) },
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, nothing
			}
			return ending("sh")
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the result to a file")
	cmd.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "say only what was not converted")
	offerFiles(cmd, "output")
	return cmd
}

func (a *app) convert(cmd *cobra.Command, args []string, out string) error {
	switch {
	case len(args) == 0:
		return misuse("which script?").help("name a file, or `-` for standard input").see(cmd)
	case len(args) > 1:
		return misuse("`%s` takes one file, and here is `%s`", cmd.CommandPath(), args[1]).see(cmd)
	}
	s, bad := a.load(args[0])
	if bad != nil {
		return a.refuse(diag.List{bad})
	}
	result, err := convert.Shell(s.Name, s.Text, convert.Options{Read: reader(s)})
	if wrong := (*convert.SyntaxError)(nil); errors.As(err, &wrong) {
		at := token.Pos{Filename: s.Name, Line: wrong.Line, Column: wrong.Column}
		list := diag.List{diag.New(diag.NotAScript, token.Span{Pos: at, End: at}, "`%s` is no script of the shell: %s", s.Name, wrong.Text)}
		a.tell(list, a.sources(s), false)
		return exit(int(runtime.Invalid))
	} else if err != nil {
		return err
	}
	if out == "" || out == dash {
		write(a.console.out, result.Text)
	} else if err := os.WriteFile(out, []byte(result.Text), 0o666); err != nil {
		return a.refuse(diag.List{problem(diag.FileDenied, "cannot write `%s`: %s", out, reason(err))})
	}
	a.notes(s.Name, result)
	if result.Left() > 0 {
		return exit(statusLeft)
	}
	return nil
}

// reader finds the files that a script reads, which lie beside it or where vnet
// was started.
func reader(s runtime.Script) func(string) (string, error) {
	return func(path string) (string, error) {
		if beside := filepath.Join(s.Dir, path); !filepath.IsAbs(path) && !isFile(path) && isFile(beside) {
			path = beside
		}
		text, bad := readFile(path)
		if bad != nil {
			return "", errors.New(bad.Summary)
		}
		return text, nil
	}
}

// notes prints what there is to know about a converted script.
func (a *app) notes(name string, result convert.Result) {
	kinds := map[convert.Kind]string{convert.Dropped: "left out", convert.Changed: "note", convert.NotConverted: "not converted"}
	for _, n := range result.Notes {
		if a.quiet && n.Kind != convert.NotConverted {
			continue
		}
		write(a.console.err, fmt.Sprintf("%s:%d: %s: %s\n", name, n.Line, kinds[n.Kind], n.Text))
	}
	if left := result.Left(); left > 0 {
		write(a.console.err, fmt.Sprintf("%s: %s left for you; marked in the result.\n", name, count(left, "statement is", "statements are")))
	}
}
