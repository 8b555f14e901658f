package repl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"vnet/lang/name"
	"vnet/repl/complete"
	"vnet/runtime"
)

// A handler carries out a word of the prompt and returns the exit status.
type handler func(p *Prompt, ctx context.Context, words []string, line string) int

// handlers carry out the words of the prompt that complete.Words describes,
// and commit, which is a word of the language too.
var handlers map[string]handler

func init() {
	handlers = map[string]handler{
		"?": (*Prompt).help, ":help": (*Prompt).help, "help": (*Prompt).help,
		":edit": (*Prompt).edit, ":history": (*Prompt).history, ":load": (*Prompt).load, ":save": (*Prompt).save,
		":source": (*Prompt).source, ":time": (*Prompt).time, ":trace": (*Prompt).trace,
		"begin": (*Prompt).begin, "clear": (*Prompt).clear, "commit": (*Prompt).commit, "pingall": (*Prompt).pingAll,
		"release": (*Prompt).release, "rollback": (*Prompt).rollback, "savepoint": (*Prompt).savepoint,
		"status": (*Prompt).status, "topo": (*Prompt).topo, "undo": (*Prompt).undo,
		"why": (*Prompt).why,
	}
}

// word carries out a word of the prompt, which Ctrl-C stops.
func (p *Prompt) word(ctx context.Context, words []string, line string, do handler) int {
	ctx, stop := interruptible(ctx)
	defer stop()
	return do(p, ctx, words, line)
}

// say prints an error, if there is one, and returns the exit status.
func (p *Prompt) say(err error) int {
	var notice runtime.Notice
	switch {
	case err == nil:
		return 0
	case errors.As(err, &notice):
		p.tell("warning: %s", notice)
		return 0
	}
	p.tell("error: %s", err)
	return int(runtime.Failed)
}

// usage says how a word is written.
func (p *Prompt) usage(word string) int {
	form := word
	if e := complete.WordOf(word); e != nil {
		form = strings.Join(e.Forms, " or ")
	}
	p.tell("error: it is written: %s", form)
	return int(runtime.Invalid)
}

// unknown answers a command that there is not.
func (p *Prompt) unknown(word string) int {
	var all []string
	for _, e := range complete.Words {
		if strings.HasPrefix(e.Word, ":") {
			all = append(all, e.Word)
		}
	}
	if near, ok := name.Near(word, all); ok {
		p.tell("error: no command `%s`: did you mean `%s`?", name.Quote(word), near)
	} else {
		p.tell("error: no command `%s`; there are %s", name.Quote(word), strings.Join(all, " "))
	}
	return int(runtime.Invalid)
}

func (p *Prompt) begin(_ context.Context, words []string, _ string) int {
	if len(words) > 1 {
		return p.usage("begin")
	}
	return p.say(p.Session.Begin())
}

func (p *Prompt) commit(ctx context.Context, _ []string, _ string) int {
	r, err := p.Session.Commit(ctx)
	if err != nil {
		return p.say(err)
	}
	p.report(EntryName, "commit", r)
	return int(r.Ending)
}

func (p *Prompt) rollback(ctx context.Context, words []string, _ string) int {
	switch {
	case len(words) == 1:
		if _, open := p.Session.Transaction(); !open {
			return p.say(runtime.Notice("no transaction is open"))
		}
		return p.undone("rolled back", p.Session.Rollback(ctx))
	case words[1] != "to" || len(words) > 4 || len(words) == 4 && words[2] != "savepoint" || len(words) == 2:
		return p.usage("rollback")
	}
	r, err := p.Session.RollbackTo(ctx, words[len(words)-1])
	if err != nil {
		return p.say(err)
	}
	return p.undone("rolled back to "+words[len(words)-1], r)
}

func (p *Prompt) savepoint(ctx context.Context, words []string, _ string) int {
	if len(words) != 2 {
		return p.usage("savepoint")
	}
	if err := name.Namespace(words[1]); err != nil {
		return p.say(fmt.Errorf("a savepoint is named like a namespace: %w", err))
	}
	return p.say(p.Session.Savepoint(ctx, words[1]))
}

func (p *Prompt) release(_ context.Context, words []string, _ string) int {
	if len(words) == 3 && words[1] == "savepoint" {
		words = slices.Delete(words, 1, 2)
	}
	if len(words) != 2 {
		return p.usage("release")
	}
	return p.say(p.Session.Release(words[1]))
}

func (p *Prompt) undo(ctx context.Context, words []string, _ string) int {
	n := 1
	if len(words) > 1 {
		var err error
		if n, err = strconv.Atoi(words[1]); err != nil || n < 1 || len(words) > 2 {
			return p.usage("undo")
		}
	}
	texts, r, err := p.Session.Undo(ctx, n)
	if err != nil {
		return p.say(err)
	}
	for _, text := range texts {
		p.tell("taken back: %s", firstLine(text))
	}
	if r.Ending == runtime.Done && r.Undone == 0 {
		return 0 // variables, programs: there is nothing to count
	}
	return p.undone("undone", r)
}

// undone tells how an undo went.
func (p *Prompt) undone(how string, r *runtime.Report) int {
	if r.Ending != runtime.Done {
		p.report(EntryName, "", r)
		return int(r.Ending)
	}
	if r.Undone > 0 {
		how += ": " + plural(r.Undone, "change")
	}
	p.tell("%s", how)
	p.tellTime(r)
	return 0
}

// firstLine is a text in one line.
func firstLine(text string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if rest != "" {
		line += " …"
	}
	return name.Quote(line)
}

// toggle reads on or off.
func (p *Prompt) toggle(words []string, set func(bool)) int {
	if len(words) != 2 || words[1] != "on" && words[1] != "off" {
		return p.usage(words[0])
	}
	set(words[1] == "on")
	return 0
}

// clear does what Ctrl-L does while an entry is typed. Control sequences: see
// console_codes(4).
func (p *Prompt) clear(_ context.Context, words []string, _ string) int {
	if len(words) > 1 {
		return p.usage("clear")
	}
	if p.Typed && p.Width != nil && p.Width() > 0 && os.Getenv("TERM") != "dumb" {
		fmt.Fprint(p.Out, "\x1b[H\x1b[2J")
	}
	return 0
}

func (p *Prompt) time(_ context.Context, words []string, _ string) int {
	return p.toggle(words, func(on bool) { p.timed = on })
}

func (p *Prompt) trace(_ context.Context, words []string, _ string) int {
	return p.toggle(words, func(on bool) {
		if p.Trace != nil {
			p.Trace(on)
		}
	})
}
