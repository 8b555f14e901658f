package command

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vnet/lang/lazy"
	"vnet/lang/name"
)

// A usageError is a command line that vnet cannot make sense of.
type usageError struct {
	text  string
	helps []string
}

func (e *usageError) Error() string { return e.text }

func misuse(format string, args ...any) *usageError {
	return &usageError{text: fmt.Sprintf(format, args...)}
}

func (e *usageError) help(format string, args ...any) *usageError {
	e.helps = append(e.helps, fmt.Sprintf(format, args...))
	return e
}

// see points at the help of a command.
func (e *usageError) see(cmd *cobra.Command) *usageError {
	return e.help("`%s --help` shows what it takes", cmd.CommandPath())
}

func (e *usageError) print(w io.Writer, s style) {
	text := s.prose("error: " + name.Quote(e.text) + "\n")
	text = s.red("error") + strings.TrimPrefix(text, "error")
	for _, h := range e.helps {
		help := s.prose("help: " + name.Quote(h) + "\n")
		text += s.green("help:") + strings.TrimPrefix(help, "help:")
	}
	write(w, text)
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return misuse("`%s` takes no arguments, and here is `%s`", cmd.CommandPath(), args[0]).see(cmd)
}

var (
	unknownLong  = lazy.Regexp(`^unknown flag: (--\S+)`)
	unknownShort = lazy.Regexp(`^unknown shorthand flag: '(.)'`)
	needsValue   = lazy.Regexp(`^flag needs an argument: (?:'.' in )?(-\S+)`)
	badValue     = lazy.Regexp(`(?s)^invalid argument "(.*)" for "(.*)" flag: (.*)$`)
)

// flagError says in our words what pflag found.
func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	if m := unknownLong().FindStringSubmatch(text); m != nil {
		e := misuse("`%s` has no flag `%s`", cmd.CommandPath(), m[1])
		if near, ok := name.Near(m[1], flagNames(cmd)); ok {
			return e.help("did you mean `%s`?", near)
		}
		return e.see(cmd)
	}
	if m := unknownShort().FindStringSubmatch(text); m != nil {
		return misuse("`%s` has no flag `-%s`", cmd.CommandPath(), m[1]).see(cmd)
	}
	if m := needsValue().FindStringSubmatch(text); m != nil {
		return misuse("`%s` wants a value", m[1]).see(cmd)
	}
	if m := badValue().FindStringSubmatch(text); m != nil {
		flags := strings.Split(m[2], ", ")
		return misuse("`%s %s`: %s", flags[len(flags)-1], m[1], m[3]).see(cmd)
	}
	return misuse("%s", text).see(cmd)
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}

// unknownWord complains about a first word that is neither a command nor a
// file.
func unknownWord(cmd *cobra.Command, word string) error {
	if isParam(word) {
		return misuse("`%s` stands where the script should", word).help("write `%s lab.vnet %s`", cmd.Root().Name(), word)
	}
	e := misuse("`%s` is neither a command nor a file", word)
	if ours, ok := elsewhere[word]; ok {
		return e.help("here that is `%s %s`", cmd.Root().Name(), ours)
	}
	if near, ok := name.Near(word, commandNames(cmd.Root())); ok {
		e.help("did you mean the command `%s`?", near)
	}
	if near, ok := nearFile(word); ok {
		e.help("did you mean the file `%s`?", near)
	}
	if len(e.helps) == 0 {
		e.help("`%s --help` lists the commands", cmd.Root().Name())
	}
	return e
}

// elsewhere are commands of tools that people have used before, with ours.
var elsewhere = map[string]string{
	"apply": "up FILE", "attach": "shell NS", "create": "up FILE", "delete": "down LAB", "deploy": "up FILE",
	"destroy": "down LAB", "diff": "plan LAB", "draw": "graph", "export": "dump", "import": "convert FILE",
	"inspect": "status", "lint": "check FILE", "list": "status", "ls": "status", "ping": "exec NS ping NS",
	"ps": "status", "redeploy": "run --replace FILE", "reload": "run --replace FILE", "remove": "down LAB",
	"restart": "run --replace FILE", "rm": "down LAB", "save": "dump", "sniff": "capture NS:IF", "start": "up FILE",
	"stop": "down LAB", "tcpdump": "capture NS:IF", "trace": "why NS TARGET", "validate": "check FILE",
}

// isPath reports whether a word can only mean a file.
func isPath(word string) bool { return word == dash || strings.ContainsAny(word, "/.") }

// nearFile finds a script that was probably meant by a path.
func nearFile(path string) (string, bool) {
	dir, base := filepath.Split(path)
	if isFile(path + ".vnet") {
		return path + ".vnet", true
	}
	files, _ := filepath.Glob(filepath.Join(globQuote(dir), "*.vnet"))
	stems := make([]string, len(files))
	for i, f := range files {
		stems[i] = strings.TrimSuffix(filepath.Base(f), ".vnet")
	}
	near, ok := name.Near(strings.TrimSuffix(base, ".vnet"), stems)
	return dir + near + ".vnet", ok
}

func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

// helpTemplate is the help of every command.
func helpTemplate() string { return helpOf + exitStatuses() + "{{end}}\n" }

const helpOf = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}Usage: {{if .HasParent}}{{.UseLine}}{{else}}vnet FILE [NAME=VALUE...] [flags]
       vnet COMMAND ...{{end}}
{{- if .HasExample}}

{{.Example}}{{end}}
{{- $cmds := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $cmds}}{{if (and (eq .GroupID $group.ID) (or .IsAvailableCommand (eq .Name "help")))}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}

Flags:
{{.Flags.FlagUsages | trimTrailingWhitespaces}}
{{- if not .HasParent}}

`
