package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
)

func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND | CODE]",
		Short:   "Print the help of a command",
		GroupID: "other",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			for _, c := range cmd.Root().Commands() {
				if c.Name() == args[0] {
					return c.Help()
				}
			}
			if _, ok := diag.Explain(codeOf(args[0])); ok {
				return a.explain(args[0])
			}
			return unknownWord(cmd, args[0])
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, nothing
			}
			var out []cobra.Completion
			for _, c := range cmd.Root().Commands() {
				if c.IsAvailableCommand() {
					out = append(out, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return append(out, codes()...), nothing
		},
	}
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain a message by its code",
		Long:  "Explain a message by its code: what it means, what leads to it, and what to\nwrite instead. Without a code, all are listed.",
		Example: `  vnet explain V5101
  vnet explain | grep address`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse("one code at a time").see(cmd)
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				a.listCodes()
				return nil
			}
			return a.explain(args[0])
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, nothing
			}
			return codes(), nothing
		},
	}
}

// codes are those of the messages, for completion.
func codes() []cobra.Completion {
	var out []cobra.Completion
	for _, c := range diag.Codes() {
		out = append(out, cobra.CompletionWithDesc(string(c), diag.Title(c)))
	}
	return out
}

func (a *app) listCodes() {
	var b strings.Builder
	for _, c := range diag.Codes() {
		fmt.Fprintf(&b, "%s  %s\n", c, diag.Title(c))
	}
	write(a.console.out, b.String())
}

// codeOf reads a code, however it is spelt: V5101, v5101, 5101, error[V5101].
func codeOf(word string) diag.Code {
	word = strings.TrimSuffix(strings.ToUpper(word), ":")
	if _, inner, ok := strings.Cut(word, "["); ok {
		word = strings.TrimSuffix(inner, "]")
	}
	if word != "" && word[0] != 'V' {
		word = "V" + word
	}
	return diag.Code(word)
}

// explain prints the page of a code.
func (a *app) explain(arg string) error {
	word := codeOf(arg)
	page, ok := diag.Explain(word)
	if !ok {
		e := misuse("no message has the code `%s`", arg)
		codes := diag.Codes()
		if i := slices.IndexFunc(codes, func(c diag.Code) bool { return len(word) > 2 && strings.HasPrefix(string(c), string(word)) }); i >= 0 {
			return e.help("did you mean `%s`, %s?", codes[i], diag.Title(codes[i]))
		}
		return e.help("`vnet explain` lists all codes")
	}
	write(a.console.out, layOut(page, a.styleOf(a.console.out)))
	return nil
}

// layOut makes a page of Markdown readable on a terminal: its paragraphs as
// wide as the terminal, examples indented, no fences.
func layOut(page string, s style) string {
	width := 80
	if s.Width > 0 {
		width = min(s.Width, 100)
	}
	var b, para strings.Builder
	flush := func() {
		b.WriteString(fill(para.String(), width))
		para.Reset()
	}
	inside := false
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence:
			flush()
			inside = !inside
			if inside && strings.HasSuffix(fence, "wrong") {
				b.WriteString(s.red("    # wrong") + "\n")
			}
		case inside:
			b.WriteString(strings.TrimRight("    "+line, " ") + "\n")
		case strings.HasPrefix(line, "# "):
			b.WriteString(s.bold(line[2:]) + "\n")
		case line == "":
			flush()
			b.WriteByte('\n')
		default:
			para.WriteString(line + " ")
		}
	}
	flush()
	return b.String()
}

// fill breaks a paragraph into lines.
func fill(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case at == 0:
		case at+1+n > width:
			b.WriteByte('\n')
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += n
	}
	if at > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a completion script for a shell",
		Example: `  source <(vnet completion bash)
  vnet completion fish > ~/.config/fish/completions/vnet.fish`,
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, nothing
			}
			return shells, nothing
		},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && slices.Contains(shells, args[0]) {
				return nil
			}
			e := misuse("name one shell: bash, zsh or fish")
			if len(args) > 0 {
				if near, ok := name.Near(args[0], shells); ok {
					e.help("did you mean `%s`?", near)
				}
			}
			return e
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch root := cmd.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.console.out, true)
			case "zsh":
				return root.GenZshCompletion(a.console.out)
			default:
				return root.GenFishCompletion(a.console.out, true)
			}
		},
	}
}
