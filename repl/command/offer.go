package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/ast"
	"vnet/lang/name"
	"vnet/lang/parse"
	"vnet/repl"
	"vnet/runtime"
	"vnet/runtime/host"
)

// What the shell's Tab key offers behind vnet: the names that are there.

// What else the shell may offer by itself: files, or nothing.
const (
	files   = cobra.ShellCompDirectiveDefault
	nothing = cobra.ShellCompDirectiveNoFileComp
)

// ending has the shell offer the files with an ending, and folders.
func ending(word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{word}, cobra.ShellCompDirectiveFilterFileExt
}

// offerFiles lets the shell offer files as the value of a flag.
func offerFiles(cmd *cobra.Command, flag string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, files
	})
}

// offerWords offers words as the value of a flag.
func offerWords(cmd *cobra.Command, flag string, words []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, nothing))
}

// completeScript offers a script, and behind it the params it has.
func completeScript(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return ending("vnet")
	}
	return offerParams(args[:1], args[1:])
}

// completeFirst offers scripts where commands may stand as well, which cobra
// adds. Shells take all that comes with ending for endings: here the files of
// this folder are offered by their names.
func completeFirst(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || strings.ContainsAny(typed, "/~") {
		return completeScript(cmd, args, typed)
	}
	var scripts, folders []cobra.Completion
	entries, _ := os.ReadDir(".")
	for _, e := range entries {
		switch n := e.Name(); {
		case !strings.HasPrefix(n, typed) || strings.HasPrefix(n, ".") && typed == "":
		case isFolder(e):
			folders = append(folders, n+"/")
		case filepath.Ext(n) == ".vnet":
			scripts = append(scripts, n)
		}
	}
	if len(scripts) == 0 && len(folders) > 0 {
		return folders, nothing | cobra.ShellCompDirectiveNoSpace
	}
	return append(scripts, folders...), nothing
}

func isFolder(e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(e.Name())
	return err == nil && info.IsDir()
}

// completeScripts offers scripts, and their params when one has a value.
func completeScripts(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	n := scripts(args)
	if n == len(args) {
		return ending("vnet")
	}
	return offerParams(args[:n], args[n:])
}

// offerParams offers the params of scripts that have no value yet.
func offerParams(paths, values []string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var out []cobra.Completion
	for _, path := range paths {
		text, bad := readFile(path)
		if bad != nil {
			continue
		}
		file, _ := parse.File(path, text)
		for _, stmt := range file.Stmts {
			p, ok := stmt.(*ast.Param)
			if !ok || slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, p.Name.Text+"=") }) {
				continue
			}
			help, _ := ast.Lit(p.Help)
			out = append(out, cobra.CompletionWithDesc(p.Name.Text+"=", name.Quote(help)))
		}
	}
	return out, nothing | cobra.ShellCompDirectiveNoSpace
}

// alive lists the labs; none where they cannot be seen.
func (a *app) alive() []runtime.Lab {
	if a.Labs == nil {
		return nil
	}
	labs, _ := a.Labs()
	return labs
}

// labCalled finds a lab by its name, which is no file here.
func (a *app) labCalled(word string) (runtime.Lab, bool) {
	if isScript(word) {
		return runtime.Lab{}, false
	}
	labs := a.alive()
	at := slices.IndexFunc(labs, func(l runtime.Lab) bool { return l.Name == word })
	if at < 0 {
		return runtime.Lab{}, false
	}
	return labs[at], true
}

func (a *app) offerLabs(but []string) []cobra.Completion {
	var out []cobra.Completion
	for _, l := range a.alive() {
		if !slices.Contains(but, l.Name) {
			out = append(out, cobra.CompletionWithDesc(l.Name, "from "+name.Quote(l.Script)))
		}
	}
	return out
}

// completeLab offers one lab, or the file it was built from.
func (a *app) completeLab(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, nothing
	}
	return a.offerLabs(nil), files
}

// completePlanned offers a script or a lab, and the params of a script.
func (a *app) completePlanned(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.completeLab(cmd, args, typed)
	}
	return completeScript(cmd, args, typed)
}

// completeLabs offers any number of labs.
func (a *app) completeLabs(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.offerLabs(args), files
}

// completeAwaiting offers the labs that wait to be confirmed.
func (a *app) completeAwaiting(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 || a.Awaiting == nil {
		return nil, nothing
	}
	return a.Awaiting(), nothing
}

// completeLogs offers a lab, and then a program that it has spawned.
func (a *app) completeLogs(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.completeLab(cmd, args, typed)
	}
	if len(args) > 1 || a.FindLab == nil {
		return nil, nothing
	}
	called, trouble := a.FindLab(args[0])
	if trouble.Failed() {
		return nil, nothing
	}
	var out []cobra.Completion
	for _, l := range a.alive() {
		for _, p := range l.Programs {
			if l.Name == called && p.Log != "" {
				out = append(out, cobra.CompletionWithDesc(p.Name, running(p, style{})))
			}
		}
	}
	return out, nothing
}

// offerSpaces offers namespaces, each with the lab that has made it.
func (a *app) offerSpaces(cmd *cobra.Command, but []string) []cobra.Completion {
	if a.Namespaces == nil {
		return nil
	}
	of := map[string]string{}
	for _, l := range a.alive() {
		for _, s := range l.Spaces {
			of[s.Name] = "of " + l.Name
		}
	}
	var out []cobra.Completion
	for _, ns := range a.Namespaces(cmd.Context()) {
		if !slices.Contains(but, ns) {
			out = append(out, cobra.CompletionWithDesc(ns, of[ns]))
		}
	}
	return out
}

// completeSpace offers one namespace.
func (a *app) completeSpace(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, nothing
	}
	return a.offerSpaces(cmd, nil), nothing
}

// completeSpaces offers any number of namespaces.
func (a *app) completeSpaces(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.offerSpaces(cmd, args), nothing
}

// completeProgram offers a namespace, a program and then files.
func (a *app) completeProgram(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0:
		return a.offerSpaces(cmd, nil), nothing
	case len(args) > 1, typed == "", strings.Contains(typed, "/"):
		return nil, files
	}
	return repl.Path{}.Programs(typed), nothing
}

// completeEnds offers interfaces: their namespaces first, and behind the colon
// what is in it.
func (a *app) completeEnds(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if ns, _, ok := strings.Cut(typed, ":"); ok {
		return a.offerLinks(cmd, ns, args), nothing
	}
	spaces := append(a.offerSpaces(cmd, nil), cobra.CompletionWithDesc(host.Start, "where vnet was started"))
	for i, s := range spaces {
		ns, doc, _ := strings.Cut(s, "\t")
		spaces[i] = cobra.CompletionWithDesc(ns+":", doc)
	}
	return spaces, nothing | cobra.ShellCompDirectiveNoSpace
}

func (a *app) offerLinks(cmd *cobra.Command, ns string, but []string) []cobra.Completion {
	if a.Links == nil {
		return nil
	}
	var out []cobra.Completion
	for _, l := range a.Links(cmd.Context(), ns) {
		if end := ns + ":" + l.Name; !slices.Contains(but, end) {
			out = append(out, cobra.CompletionWithDesc(end, l.Kind))
		}
	}
	return out
}

// completeWay offers the two ends of a packet's way.
func (a *app) completeWay(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	ns, _, inside := strings.Cut(typed, ":")
	switch {
	case len(args) > 1:
		return nil, nothing
	case len(args) == 1 && inside:
		return a.offerLinks(cmd, ns, nil), nothing
	}
	return a.offerSpaces(cmd, args), nothing
}

// completeTestNames offers the tests of the scripts that were named.
func (a *app) completeTestNames(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	args = args[:scripts(args)]
	if len(args) == 0 {
		args = []string{"."}
	}
	var out []cobra.Completion
	for _, path := range args {
		found, _ := scriptsIn(path)
		for _, file := range found {
			s, bad := a.load(file)
			if bad != nil {
				continue
			}
			tests, _ := testsOf(s)
			for _, t := range tests {
				out = append(out, cobra.CompletionWithDesc(t.Name, fmt.Sprintf("%s:%d", name.Quote(filepath.Base(file)), t.Line)))
			}
		}
	}
	return out, nothing
}
