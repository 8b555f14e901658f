// Package repl is the prompt: what is typed is carried out entry by entry, and
// each entry is kept or undone as a whole.
package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/parse"
	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/jobctl"
)

// EntryName is what messages call an entry.
const EntryName = "<prompt>"

// A Prompt reads entries and carries them out until the end of the input.
type Prompt struct {
	Editor  Editor
	Session Session
	Report  func(name, text string, r *runtime.Report) // prints what came of an entry
	Out     io.Writer                                  // what was asked for
	Err     io.Writer                                  // remarks and errors
	Typed   bool                                       // somebody sits at a terminal
	Color   bool
	ASCII   bool
	Width   func() int              // of the window; nil or 0: not known
	History func() []string         // what was typed, oldest first; nil: what this prompt has seen
	Trace   func(on bool)           // nil: it cannot
	IP      func(host.Op) []string  // the lines of ip(8) that do the same; nil: it cannot
	Time    func(r *runtime.Report) // prints how long an entry took; nil: it cannot

	timed bool
	seen  []string
}

// Run is the life of a prompt. It returns the exit status: 0, or for a pipe
// that of the first entry that failed.
func (p *Prompt) Run(ctx context.Context) int {
	ctx, stop := p.signals(ctx)
	defer stop()
	first := 0
	for ctx.Err() == nil {
		p.Editor.SetPrompt(p.text())
		text, err := p.Editor.ReadBlock(p.whole)
		if errors.Is(err, ErrDropped) {
			continue
		}
		if err != nil {
			if p.Typed && ctx.Err() == nil && p.Session.Leave() {
				continue
			}
			if p.leave(ctx) {
				break
			}
			continue
		}
		status, done := p.carryOut(ctx, text)
		if first == 0 {
			first = status
		}
		if done {
			break
		}
	}
	p.leave(ctx)
	var sig runtime.Signal
	if errors.As(context.Cause(ctx), &sig) {
		return int(runtime.Terminated)
	}
	if !p.Typed {
		return first
	}
	return 0
}

// text is the prompt, and what stands before further lines of an entry:
// vnet>   vnet(3)*>   vnet h1>
func (p *Prompt) text() (first, continuation string) {
	mark := ""
	if n, open := p.Session.Transaction(); open {
		mark = fmt.Sprintf("(%d)*", n)
	}
	scope, width := "", 0
	if p.Session.Entered() {
		ns := p.Session.Scope()
		scope, width = " "+name.Quote(ns), 1+len(ns)
		if ns == host.Start && p.Color {
			scope = " \x1b[1;31m" + ns + "\x1b[0m"
		}
	}
	dots := strings.Repeat(".", len("vnet")+len(mark)+width)
	return "vnet" + mark + scope + "> ", dots + "> "
}

// entry carries out a part of what was typed; done says that it was the wish to leave.
func (p *Prompt) entry(ctx context.Context, text string) (status int, done bool) {
	line := strings.TrimSpace(text)
	if !strings.HasPrefix(line, ":") {
		line = uncommented(line)
	}
	words := strings.Fields(strings.TrimRight(line, "; \t"))
	if !strings.Contains(line, "\n") && len(words) > 0 {
		if leaving[words[0]] {
			if len(words) > 1 {
				return p.usage(words[0]), false
			}
			if words[0] == "exit" && p.Session.Leave() {
				return 0, false
			}
			return 0, p.leave(ctx)
		}
		if do := handlers[words[0]]; do != nil && (words[0] != "commit" || len(words) == 1) {
			return p.word(ctx, words, line, do), false
		}
		if strings.HasPrefix(words[0], ":") {
			return p.unknown(words[0]), false
		}
		if len(words) == 2 && words[0] == "in" && !strings.ContainsAny(words[1], "{$\"'[(") {
			return p.say(p.Session.Enter(ctx, words[1])), false
		}
		if answer, ok := p.habit(ctx, words); ok {
			p.tell("%s", answer)
			return int(runtime.Invalid), false
		}
	}
	if statement, ok := p.program(ctx, text); ok {
		return p.runProgram(ctx, statement), false
	}
	return p.statement(ctx, text), false
}

// runProgram carries out  NS PROGRAM ARG… . How a program ends by itself is told
// in a line: there is no script to be mended.
func (p *Prompt) runProgram(ctx context.Context, statement string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	r := p.Session.RunProgram(ctx, EntryName, statement)
	if r.Ending == runtime.Failed && len(r.Diags) == 1 && r.Diags[0].Code == diag.ProgramFailed && len(r.Left) == 0 {
		p.tell("%s", r.Diags[0].Summary)
		p.tellTime(r)
		return int(r.Ending)
	}
	p.report(EntryName, statement, r)
	return int(r.Ending)
}

// leaving are the words that mean the wish to go.
var leaving = map[string]bool{"exit": true, "quit": true, ":q": true, ":quit": true}

// statement carries out an entry of the language.
func (p *Prompt) statement(ctx context.Context, text string) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	r := p.Session.Do(ctx, EntryName, text)
	p.report(EntryName, text, r)
	return int(r.Ending)
}

func (p *Prompt) report(name, text string, r *runtime.Report) {
	p.Report(name, text, r)
	p.tellTime(r)
}

func (p *Prompt) tellTime(r *runtime.Report) {
	if p.timed && p.Time != nil {
		p.Time(r)
	}
}

// whole reports whether a text is a whole entry: more lines would not cure
// what is wrong with it.
func (p *Prompt) whole(text string) bool {
	if first := strings.TrimSpace(text); strings.HasPrefix(first, ":") || strings.HasPrefix(first, `\`) {
		return true
	}
	if statement, ok := p.program(context.Background(), text); ok {
		text = statement
	}
	return !parse.Text(EntryName, text).Incomplete
}

// leave reports whether the prompt may be left. An open transaction is rolled
// back, unless somebody is there to decide.
func (p *Prompt) leave(ctx context.Context) bool {
	n, open := p.Session.Transaction()
	if !open {
		return true
	}
	for p.Typed && ctx.Err() == nil {
		answer, err := p.ask(fmt.Sprintf("a transaction with %s is open: commit, rollback or stay?", plural(n, "statement")))
		if errors.Is(err, ErrDropped) {
			return false
		}
		if err != nil {
			break
		}
		switch answer = strings.TrimSpace(answer); {
		case answer == "":
		case strings.HasPrefix("commit", answer):
			return p.commit(ctx, nil, "") == 0
		case strings.HasPrefix("rollback", answer):
			p.rollback(ctx, []string{"rollback"}, "")
			return true
		case strings.HasPrefix("stay", answer):
			return false
		}
	}
	p.rollback(ctx, []string{"rollback"}, "")
	return true
}

// ask puts a question to who sits at the terminal.
func (p *Prompt) ask(question string) (string, error) {
	width := 0
	if p.Width != nil {
		width = p.Width()
	}
	return p.Editor.Ask(fold(question, width, "") + " ")
}

// interruptible gives Ctrl-C to what is at work: it stops that, has it undone,
// and leaves the prompt alone.
func interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	go func() {
		for {
			select {
			case s := <-c:
				if jobctl.Meant(s) {
					cancel(runtime.Signal{Signal: s})
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(c)
		cancel(nil)
	}
}

// signals ends the prompt when its terminal goes or the system wants it to.
func (p *Prompt) signals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case s := <-c:
			cancel(runtime.Signal{Signal: s})
			p.Editor.Close()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(c)
		cancel(nil)
	}
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
