package command

import (
	"context"
	"os"

	"vnet/repl"
	"vnet/runtime"
)

// A Session carries out what is typed at the prompt.
type Session interface {
	repl.Session
	Close() error
}

// promptText is what the prompt looks like.
const promptText = "vnet> "

// prompt opens the prompt. From a pipe it reads entries silently, and its
// status is that of the first that failed.
func (a *app) prompt(ctx context.Context) error {
	if a.Session == nil {
		return misuse("this build of vnet has no prompt").help("give it a script: `vnet lab.vnet`")
	}
	report, stop := a.watch()
	defer stop()
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	typed := isTerminal(a.std.In)
	settings := runtime.Settings{Stdout: a.console.out, Stderr: a.console.err, Progress: report, Guard: a.Guard}
	if typed {
		settings.Stdin = a.std.In
	}
	session, err := a.Session(dir, settings)
	if err != nil {
		return misuse("%s", err)
	}
	defer session.Close()
	editor := repl.NewPipe(a.std.In, a.console.out)
	if typed {
		if editor, err = repl.NewTerminal(promptText, repl.LoadHistory(repl.HistoryPath())); err != nil {
			return misuse("%s", err)
		}
	}
	defer editor.Close()
	p := repl.Prompt{Editor: editor, Session: session, Out: a.console.out, Report: a.reportEntry}
	return exit(p.Run(ctx, !typed))
}

// reportEntry prints what came of an entry. One that went well needs no words.
func (a *app) reportEntry(text string, r *runtime.Report) {
	s := runtime.Script{Name: repl.EntryName, Text: text}
	if r.Ending != runtime.Done {
		a.report(s, r, &runOptions{})
		return
	}
	a.tell(r.Diags, a.sources(s), false)
}
