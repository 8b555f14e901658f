package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vnet/repl/command"
)

// commands makes vnet(1) and the pages of the commands, by their files.
func (e edition) commands(root *cobra.Command) map[string]string {
	pages := map[string]string{"vnet.1": e.overview(root)}
	for _, c := range root.Commands() {
		if documented(c) {
			pages["vnet-"+c.Name()+".1"] = e.command(c)
		}
	}
	return pages
}

// documented leaves out what nobody types, and help, which this is.
func documented(c *cobra.Command) bool { return c.IsAvailableCommand() && c.Name() != "help" }

// lower is a sentence as it stands behind a dash.
func lower(short string) string { return strings.ToLower(short[:1]) + short[1:] }

func (e edition) command(c *cobra.Command) string {
	title := "vnet-" + c.Name()
	p := newPage(title, "1", e)
	p.section("NAME")
	p.line(title + " - " + lower(c.Short))
	p.section("SYNOPSIS")
	p.synopsis(c)
	p.section("DESCRIPTION")
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	p.prose(long)
	p.options(c)
	p.examples(c)
	p.section("SEE ALSO")
	p.line("vnet(1), vnet(5)")
	return p.String()
}

func (p *page) synopsis(c *cobra.Command) {
	c.DisableFlagsInUseLine = true
	use := c.CommandPath() + strings.TrimPrefix(c.Use, c.Name())
	p.verbatim(strings.Replace(use, c.CommandPath(), c.CommandPath()+" [OPTION...]", 1))
	for _, alias := range c.Aliases {
		p.WriteString(".PP\n")
		p.line("vnet " + alias + " is the same.")
	}
}

// overview is vnet(1).
func (e edition) overview(root *cobra.Command) string {
	p := newPage("vnet", "1", e)
	p.section("NAME")
	p.line("vnet - " + lower(root.Short))
	p.section("SYNOPSIS")
	p.verbatim("vnet [OPTION...] FILE [NAME=VALUE...]\nvnet COMMAND ...\nvnet")
	p.section("DESCRIPTION")
	p.prose(root.Long)
	p.WriteString(".PP\n")
	p.line("The language of scripts is described in vnet(5). Without arguments, the prompt is opened.")
	p.section("COMMANDS")
	p.line("Each has a page of its own: vnet-run(1) and so on.")
	for _, group := range root.Groups() {
		p.subsection(strings.TrimSuffix(group.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && documented(c) {
				p.entry(c.Name(), c.Short)
			}
		}
	}
	p.options(root)
	p.examples(root)
	p.section("EXIT STATUS")
	for _, s := range command.Statuses() {
		p.entry(fmt.Sprint(s.Code), s.Text)
	}
	p.section("ENVIRONMENT")
	for _, v := range environment {
		p.entry(v[0], v[1])
	}
	p.section("FILES")
	for _, f := range paths {
		p.entry(f[0], f[1])
	}
	p.section("SEE ALSO")
	p.WriteString(strings.Join(pagesOf(root), ",\n") + "\n")
	return p.String()
}

// environment and paths are what vnet looks at besides its arguments.
var (
	environment = [][2]string{
		{"NO_COLOR", "Set to anything, no colours."},
		{"LC_ALL, LC_CTYPE, LANG", "The frames of messages and drawings are of UTF-8 characters where one of these says so."},
		{"XDG_RUNTIME_DIR", "Where the socket of an ordinary user's private network is; without it, /run/user/UID or ~/.cache."},
		{"XDG_STATE_HOME", "Where the history of the prompt is kept; without it, ~/.local/state."},
		{"SHELL", "What vnet shell opens."},
		{"VNET_NS", "Set for programs of vnet exec and vnet shell: the namespace they are in."},
	}
	paths = [][2]string{
		{"/run/vnet", "The journals of transactions, and what is known of labs."},
		{"/run/netns", "The namespaces, as of ip netns."},
		{"/etc/netns/NS", "Files that stand over those of /etc in a namespace."},
		{"/etc/vnet/NAME.vnet", "The script of the unit vnet@NAME.service."},
	}
)

// pagesOf names the other pages.
func pagesOf(root *cobra.Command) []string {
	out := []string{"vnet(5)", `ip\-netns(8)`}
	for _, c := range root.Commands() {
		if documented(c) {
			out = append(out, `vnet\-`+c.Name()+"(1)")
		}
	}
	slices.Sort(out)
	return out
}

func (p *page) options(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	p.section("OPTIONS")
	c.Flags().AddFlagSet(c.InheritedFlags())
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		word := "--" + f.Name
		if f.Shorthand != "" {
			word = "-" + f.Shorthand + ", " + word
		}
		if value != "" {
			word += " " + strings.ToUpper(value)
		}
		p.entry(word, strings.ToUpper(text[:1])+text[1:]+".")
	})
}

func (p *page) examples(c *cobra.Command) {
	if c.Example == "" {
		return
	}
	p.section("EXAMPLES")
	var b strings.Builder
	for line := range strings.Lines(c.Example) {
		b.WriteString(strings.TrimPrefix(line, "  "))
	}
	p.verbatim(b.String())
}
