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
	progress := a.watch()
	defer progress.stop()
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	typed := isTerminal(a.std.In)
	traced := false
	settings := runtime.Settings{Stdout: a.console.out, Stderr: a.console.err, Progress: progress.reporter(), Guard: a.Guard,
		Trace: func(s runtime.Step) {
			if traced {
				a.trace(s)
			}
		}}
	if typed {
		settings.Stdin = a.std.In
	}
	session, err := a.Session(dir, settings)
	if err != nil {
		return misuse("%s", err)
	}
	p := repl.Prompt{Session: session, Out: a.console.out, Err: a.console.err, Typed: typed,
		Color: a.styleOf(a.console.out).Color, ASCII: !utf8Locale(), Width: a.console.out.Width,
		Report: a.reportEntry, IP: a.IP, Trace: func(on bool) { traced = on },
		Time: func(r *runtime.Report) { write(a.console.err, elapsed(r.Elapsed)+"\n") }}
	if typed {
		if err := a.terminal(&p, progress); err != nil {
			session.Close()
			return misuse("%s", err)
		}
		defer a.console.through(nil)
	} else {
		p.Editor = repl.NewPipe(a.std.In, a.console.out)
	}
	code := p.Run(ctx)
	p.Editor.Close()
	if err := session.Close(); err != nil {
		write(a.console.err, a.style().prose("left: "+err.Error()+"\n"))
		code = int(runtime.Incomplete)
	}
	return exit(code)
}

// terminal gives the prompt a terminal to read from. What vnet prints is drawn
// there: on the standard output, or where that is a file on the standard error.
func (a *app) terminal(p *repl.Prompt, progress *progress) error {
	in, out := a.std.In.(*os.File), a.console.out
	if !out.tty {
		out = a.console.err
	}
	if out.file == nil {
		return errors.New("there is no terminal to write to")
	}
	st, history := a.styleOf(out), repl.LoadHistory(repl.HistoryPath())
	editor, err := repl.NewTerminal(repl.TerminalOptions{In: in, Out: out.file, Color: st.Color, ASCII: st.ASCII,
		History: history, Assistant: repl.Assist(repl.Live(p.Session))})
	if err != nil {
		return err
	}
	a.console.through(editor.Notify)
	p.Editor, p.History, p.Color = resting{editor, a.console, progress}, history.Entries, st.Color
	return nil
}

// A resting editor reads while no progress is drawn.
type resting struct {
	repl.Editor
	console  *console
	progress *progress
}

func (r resting) ReadBlock(complete func(string) bool) (string, error) {
	defer r.rest()()
	return r.Editor.ReadBlock(complete)
}

func (r resting) Ask(question string) (string, error) {
	defer r.rest()()
	return r.Editor.Ask(question)
}

func (r resting) rest() (over func()) {
	r.console.rest(true)
	return func() {
		r.progress.begin() // what is drawn next is of what was just typed
		r.console.rest(false)
	}
}

// reportEntry prints what came of an entry. One that went well needs no words.
func (a *app) reportEntry(name, text string, r *runtime.Report) {
	s := runtime.Script{Name: name, Text: text}
	if r.Ending != runtime.Done {
		a.report(s, r, &runOptions{})
		return
	}
	a.tell(r.Diags, a.sources(s), false)
}
