package command

import (
	"context"
	"errors"
	"os"

	"vnet/repl"
	"vnet/runtime"
)

// A Session carries out what is typed at the prompt.
type Session interface {
	repl.Session
	Close() error
}

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
		if editor, err = a.terminal(); err != nil {
			return misuse("%s", err)
		}
		a.console.through(editor.Notify)
		defer a.console.through(nil)
		editor = resting{editor, a.console}
	}
	defer editor.Close()
	p := repl.Prompt{Editor: editor, Session: session, Out: a.console.out, Report: a.reportEntry}
	return exit(p.Run(ctx, !typed))
}

// terminal is the editor for a terminal. What vnet prints is drawn there: on
// the standard output, or where that is a file on the standard error.
func (a *app) terminal() (repl.Editor, error) {
	in, out := a.std.In.(*os.File), a.console.out
	if !out.tty {
		out = a.console.err
	}
	if out.file == nil {
		return nil, errors.New("there is no terminal to write to")
	}
	st := a.styleOf(out)
	return repl.NewTerminal(repl.TerminalOptions{In: in, Out: out.file, Color: st.Color, ASCII: st.ASCII,
		History: repl.LoadHistory(repl.HistoryPath())})
}

// A resting editor reads while no progress is drawn.
type resting struct {
	repl.Editor
	console *console
}

func (r resting) ReadBlock(complete func(string) bool) (string, error) {
	r.console.rest(true)
	defer r.console.rest(false)
	return r.Editor.ReadBlock(complete)
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
