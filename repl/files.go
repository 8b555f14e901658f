package repl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"vnet/lang/name"
	"vnet/runtime"
)

// savedMark begins what :save writes: only such a file is written over.
const savedMark = "# Saved by the prompt of vnet.\n"

// argument is what stands behind the word of a command.
func argument(line string) string {
	_, rest, _ := strings.Cut(line, " ")
	return strings.TrimSpace(rest)
}

func (p *Prompt) load(ctx context.Context, words []string, line string) int {
	if len(words) < 2 {
		return p.usage(":load")
	}
	r, text, err := p.Session.Load(ctx, argument(line))
	if err != nil {
		return p.say(err)
	}
	p.report(argument(line), text, r)
	return int(r.Ending)
}

func (p *Prompt) save(_ context.Context, words []string, line string) int {
	if len(words) < 2 {
		return p.usage(":save")
	}
	path := argument(line)
	old, err := os.ReadFile(path)
	switch {
	case err == nil && !strings.HasPrefix(string(old), savedMark):
		return p.say(fmt.Errorf("%s is there already, and was not written by :save", name.Quote(path)))
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return p.say(err)
	}
	return p.say(os.WriteFile(path, []byte(savedMark+p.Session.Script()), 0o666))
}

// edit opens the last entry in the user's editor and carries out what becomes
// of it, if that is something else: who leaves the editor without a change has
// thought better of it.
func (p *Prompt) edit(ctx context.Context, _ []string, _ string) int {
	last := ""
	if past := p.past(); len(past) > 1 {
		last = past[len(past)-2] // behind it comes :edit itself
	}
	text, err := p.Editor.Edit(last)
	if err != nil {
		return p.say(err)
	}
	switch strings.TrimSpace(text) {
	case "":
		return 0
	case strings.TrimSpace(last):
		p.tell("not changed, and not carried out again")
		return 0
	}
	fmt.Fprintln(p.Out, strings.TrimRight(text, "\n"))
	status, _ := p.carryOut(ctx, text)
	return status
}

// past is what was typed, oldest first.
func (p *Prompt) past() []string {
	if p.History != nil {
		return p.History()
	}
	return p.seen
}

func (p *Prompt) history(_ context.Context, _ []string, _ string) int {
	for i, entry := range p.past() {
		for j, line := range strings.Split(strings.TrimRight(entry, "\n"), "\n") {
			number := "     "
			if j == 0 {
				number = fmt.Sprintf("%5d", i+1)
			}
			fmt.Fprintf(p.Out, "%s  %s\n", number, name.Quote(line))
		}
	}
	return 0
}

// source prints the commands of ip(8) that do the same as a statement.
func (p *Prompt) source(ctx context.Context, words []string, line string) int {
	if len(words) < 2 {
		return p.usage(":source")
	}
	if p.IP == nil {
		return p.say(errors.New("this build of vnet does not know the commands of ip"))
	}
	text := argument(line)
	if statement, ok := p.Session.Program(ctx, text); ok {
		text = statement
	}
	r := p.Session.Plan(ctx, EntryName, text)
	p.Report(EntryName, text, r)
	if r.Ending != runtime.Done {
		return int(r.Ending)
	}
	for _, step := range r.Planned {
		for _, line := range p.IP(step.Op) {
			fmt.Fprintln(p.Out, name.Quote(line))
		}
	}
	return 0
}
