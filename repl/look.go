package repl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vnet/lang/name"
	"vnet/lang/usage"
	"vnet/repl/complete"
	"vnet/runtime"
	"vnet/runtime/graph"
	"vnet/runtime/graph/wiring"
	"vnet/stdlib"
)

// help lists the statements, the words of the prompt and the functions, or
// tells about one.
func (p *Prompt) help(_ context.Context, words []string, _ string) int {
	if len(words) == 1 {
		p.helpList("Statements", usage.All())
		p.helpList("Words of the prompt", complete.Words)
		p.lines(p.Out, "  ", "Functions: "+strings.Join(stdlib.Names(), " ")+"\n")
		fmt.Fprintln(p.Out)
		p.lines(p.Out, "  ", "NS PROGRAM ARG… runs a program in a namespace. help WORD tells more; Ctrl-D leaves.")
		return 0
	}
	word := words[1]
	e := usage.Of(word)
	for _, w := range []string{word, ":" + word} {
		if e == nil {
			e = complete.WordOf(w)
		}
	}
	b, known := stdlib.Lookup(word)
	switch {
	case e != nil:
		p.helpOn(e)
	case known:
		p.lines(p.Out, "    ", b.Doc+"\n  "+b.Sig)
	default:
		return p.noHelp(word)
	}
	return 0
}

func (p *Prompt) helpList(title string, list []usage.Entry) {
	fmt.Fprintln(p.Out, title+":")
	for _, e := range list {
		p.row("  ", 12, e.Word, e.Doc)
	}
	fmt.Fprintln(p.Out)
}

func (p *Prompt) helpOn(e *usage.Entry) {
	p.lines(p.Out, "  ", e.Doc)
	for _, f := range e.Forms {
		p.lines(p.Out, "    ", "  "+f)
	}
	for _, o := range e.Options {
		p.row("    ", 24, strings.TrimSpace(o.Name+" "+o.Arg), o.Doc)
	}
}

func (p *Prompt) noHelp(word string) int {
	var all []string
	for _, e := range append(usage.All(), complete.Words...) {
		all = append(all, e.Word)
	}
	if near, ok := name.Near(word, append(all, stdlib.Names()...)); ok {
		p.tell("error: nothing is known of `%s`: did you mean `%s`?", name.Quote(word), near)
	} else {
		p.tell("error: nothing is known of `%s`; help lists what there is", name.Quote(word))
	}
	return int(runtime.Failed)
}

// status tells what the session has going on.
func (p *Prompt) status(_ context.Context, _ []string, _ string) int {
	st := p.Session.Status()
	p.row("", 12, "scope", name.Quote(st.Scope))
	switch {
	case !st.Open:
		p.row("", 12, "transaction", "none: each entry is kept at once")
	default:
		p.row("", 12, "transaction", "open, with "+plural(len(st.Entries), "statement"))
		for _, e := range st.Entries {
			p.row("", 12, "", firstLine(e))
		}
		if len(st.Savepoints) > 0 {
			p.row("", 12, "savepoints", name.Quote(strings.Join(st.Savepoints, " ")))
		}
	}
	head := "undo"
	for _, e := range st.Undo {
		p.row("", 12, head, firstLine(e))
		head = ""
	}
	head = "programs"
	for _, b := range st.Programs {
		state := "has ended"
		if b.Running {
			state = "runs"
		}
		p.row("", 12, head, fmt.Sprintf("%s in %s %s: %s", b.Name, b.NS, state, name.Quote(strings.Join(b.Argv, " "))))
		head = ""
	}
	return 0
}

// topo draws the network.
func (p *Prompt) topo(ctx context.Context, _ []string, _ string) int {
	alive, err := p.Session.Look(ctx)
	if err != nil {
		return p.say(err)
	}
	width := 0
	if p.Width != nil {
		width = p.Width()
	}
	g := graph.From(alive.States())
	if g.Empty() {
		fmt.Fprintln(p.Out, "there is nothing to draw")
		return 0
	}
	return p.say(wiring.Draw(p.Out, g, wiring.Options{Width: width, ASCII: p.ASCII}))
}

// why follows a packet and says what stops it:  why h1 -> h2:80
func (p *Prompt) why(ctx context.Context, words []string, _ string) int {
	ends := slices.DeleteFunc(slices.Clone(words[1:]), func(w string) bool { return w == "->" })
	if len(ends) != 2 {
		return p.say(errors.New("two ends are wanted:  why h1 -> h2"))
	}
	q, err := runtime.WhyQuery(ends[0], ends[1], 0)
	if err != nil {
		return p.say(err)
	}
	w, err := p.Session.Why(ctx, q)
	if err != nil {
		return p.say(err)
	}
	for _, line := range w.Lines() {
		fmt.Fprintln(p.Out, name.Quote(line))
	}
	if !w.Answered {
		return int(runtime.Failed)
	}
	return 0
}

// pingAll pings from every namespace to every other.
func (p *Prompt) pingAll(ctx context.Context, words []string, _ string) int {
	results, err := p.Session.PingAll(ctx, words[1:])
	if err != nil {
		return p.say(err)
	}
	if len(results) == 0 {
		return p.nothingToPing(ctx, words[1:])
	}
	var lines []string
	answered := map[string][]string{}
	good := 0
	for _, r := range results {
		if !slices.Contains(lines, r.From) {
			lines = append(lines, r.From)
		}
		to := "-"
		if r.OK {
			to = r.To
			good++
		}
		answered[r.From] = append(answered[r.From], to)
	}
	for _, from := range lines {
		fmt.Fprintf(p.Out, "%s -> %s\n", from, strings.Join(answered[from], " "))
	}
	fmt.Fprintf(p.Out, "%d of %d answered\n", good, len(results))
	if good < len(results) {
		return int(runtime.Unexpected)
	}
	return 0
}

// nothingToPing says what is missing for a ping.
func (p *Prompt) nothingToPing(ctx context.Context, names []string) int {
	alive, err := p.Session.Look(ctx)
	if err != nil {
		return p.say(err)
	}
	missing := "`ns h1 h2` makes two namespaces, `veth h1:eth0 10.0.0.1/24 <-> h2:eth0 10.0.0.2/24` the cable"
	for _, ns := range alive.Names {
		if s := alive.Spaces[ns]; s != nil && len(alive.Names) > 1 && len(names) == 0 && !addressed(s) {
			missing = fmt.Sprintf("`%s` has none: `%s`", ns, giveAddress(alive, ns))
			break
		}
	}
	p.tell("error: nothing to ping: it takes two namespaces with addresses; %s", missing)
	return int(runtime.Unexpected)
}
