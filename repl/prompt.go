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

	"vnet/lang/parse"
	"vnet/lang/usage"
	"vnet/runtime"
)

// EntryName is what messages call an entry.
const EntryName = "<prompt>"

// A Session carries out entries.
type Session interface {
	Do(ctx context.Context, name, text string) *runtime.Report
}

// A Prompt reads entries and carries them out until the end of the input.
type Prompt struct {
	Editor  Editor
	Session Session
	Report  func(text string, r *runtime.Report) // prints what came of an entry
	Out     io.Writer
}

// Run is the life of a prompt. It returns the exit status: 0, or that of the
// first entry that failed when strict is set, as it is for a pipe.
func (p *Prompt) Run(ctx context.Context, strict bool) int {
	ctx, stop := p.signals(ctx)
	defer stop()
	first := 0
	for ctx.Err() == nil {
		text, err := p.Editor.ReadBlock(whole)
		if errors.Is(err, ErrDropped) {
			continue
		}
		if err != nil || leaves(text) {
			break
		}
		if strings.TrimSpace(text) == "" || p.help(text) {
			continue
		}
		status := int(p.carryOut(ctx, text).Ending)
		if first == 0 {
			first = status
		}
	}
	var sig runtime.Signal
	if errors.As(context.Cause(ctx), &sig) {
		return int(runtime.Terminated)
	}
	if strict {
		return first
	}
	return 0
}

// whole reports whether a text is a whole entry: more lines would not cure
// what is wrong with it.
func whole(text string) bool {
	return !parse.Text(EntryName, text).Incomplete
}

// leaves reports whether an entry is the wish to go.
func leaves(text string) bool {
	switch strings.TrimSpace(text) {
	case "exit", "quit", ":q", ":quit":
		return true
	}
	return false
}

// carryOut runs one entry. Ctrl-C stops it and has it undone, and leaves the
// prompt alone.
func (p *Prompt) carryOut(ctx context.Context, text string) *runtime.Report {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	defer signal.Stop(c)
	go func() {
		select {
		case s := <-c:
			cancel(runtime.Signal{Signal: s})
		case <-ctx.Done():
		}
	}()
	r := p.Session.Do(ctx, EntryName, text)
	p.Report(text, r)
	return r
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

// help answers `help` and `help WORD`.
func (p *Prompt) help(text string) bool {
	words := strings.Fields(text)
	switch {
	case words[0] != "help" && words[0] != ":help" && words[0] != "?":
		return false
	case len(words) == 1:
		for _, s := range usage.All() {
			fmt.Fprintf(p.Out, "  %-12s %s\n", s.Word, s.Doc)
		}
		fmt.Fprintln(p.Out, "\nhelp WORD tells more; exit or Ctrl-D leaves.")
	default:
		p.helpOn(words[1])
	}
	return true
}

func (p *Prompt) helpOn(word string) {
	s := usage.Of(word)
	if s == nil {
		fmt.Fprintf(p.Out, "no statement `%s`; help lists them\n", word)
		return
	}
	fmt.Fprintln(p.Out, s.Doc)
	for _, f := range s.Forms {
		fmt.Fprintln(p.Out, "  "+f)
	}
	for _, o := range s.Options {
		fmt.Fprintf(p.Out, "    %-24s %s\n", strings.TrimSpace(o.Name+" "+o.Arg), o.Doc)
	}
}
