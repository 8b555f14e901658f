package command

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/runtime"
)

type planOptions struct{ ip, exitCode bool }

func (a *app) planCommand() *cobra.Command {
	o := &planOptions{}
	cmd := &cobra.Command{
		Use:   "plan FILE|LAB [NAME=VALUE...]",
		Short: "Show what a script would do here",
		Long: `Show what a script would do to the network as it is now. Needs no privileges;
what it may not see it takes for unknown. + is made, ~ changed, - removed.

If the script's lab is up, that is what lies between what stands and what the
script makes: what it says otherwise than when the lab was built, and what
others have changed since, also of what its programs have set up with tc(8)
and nft(8), and which of them have ended. Named by LAB, the script is read again where it was; if it is not there
any more, it is the one the lab was built from.`,
		Example: `  vnet plan lab.vnet
  vnet plan --ip lab.vnet     as commands of ip(8)
  vnet plan --exit-code lab   whether the lab is as it was built`,
		ValidArgsFunction: a.completePlanned,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.plan(cmd, args, o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.ip, "ip", false, "print the commands of ip(8) that do the same")
	f.BoolVar(&a.json, "json", false, "print the plan as JSON")
	f.BoolVar(&o.exitCode, "exit-code", false, "end with status 10 when there is something to do")
	cmd.MarkFlagsMutuallyExclusive("ip", "json")
	return cmd
}

func (a *app) plan(cmd *cobra.Command, args []string, o *planOptions) error {
	if a.Plan == nil || o.ip && a.IP == nil {
		return misuse("this build of vnet cannot do that")
	}
	if len(args) == 0 {
		if err := a.wantsInput(cmd); err != nil {
			return err
		}
	}
	s, err := a.planned(args)
	if err != nil {
		return err
	}
	ctx, release := withSignals(cmd.Context())
	defer release()
	p, list := a.Plan(ctx, s)
	if ctx.Err() != nil { // what was found goes no further than that
		return exit(int(runtime.Interrupted))
	}
	lines := outline(p)
	if a.json {
		a.planJSON(p, lines, list)
	} else {
		a.tell(list, a.sources(s), false)
	}
	switch {
	case list.Failed():
		return exit(int(endingOf(list)))
	case a.json:
	case o.ip:
		a.printIP(p.Steps)
	default:
		a.printPlan(p, lines, s)
	}
	if o.exitCode && p.Differs() {
		return status(statusChanges)
	}
	return nil
}

// planned reads the script that a plan is about: a file, or that of a lab which
// is up.
func (a *app) planned(args []string) (runtime.Script, error) {
	if len(args) == 0 {
		return a.script(args)
	}
	l, up := a.labCalled(args[0])
	if !up {
		return a.script(args)
	}
	values, err := params(args[1:])
	if err != nil {
		return runtime.Script{}, err
	}
	s := runtime.Script{Name: l.Script, Text: l.Text}
	if l.Path != "" {
		s.Name, s.Dir = nearer(l.Path), filepath.Dir(l.Path)
		if now, bad := a.load(s.Name); bad == nil {
			s.Text = now.Text
		}
	}
	s.Lab, s.Args = l.Name, maps.Clone(l.Args)
	maps.Copy(s.Args, values)
	return s, nil
}

// nearer is a path as one writes it here: without the way to this folder.
func nearer(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rest, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rest) {
			return rest
		}
	}
	return path
}

func (a *app) printPlan(p runtime.Planned, lines []planLine, script runtime.Script) {
	s := a.styleOf(a.console.out)
	var b strings.Builder
	widest, drifted := 0, false
	for _, l := range lines {
		if l.since != "" {
			widest, drifted = max(widest, len(name.Quote(l.text))), true
		}
	}
	for _, l := range lines {
		sign := string(l.sign)
		switch l.sign {
		case create:
			sign = s.green(sign)
		case change:
			sign = s.yellow(sign)
		case remove:
			sign = s.red(sign)
		}
		b.WriteString(sign + " " + name.Quote(l.text))
		if l.since != "" {
			b.WriteString(strings.Repeat(" ", widest-len(name.Quote(l.text))+2) + s.dim("# "+l.since+" since"))
		}
		b.WriteByte('\n')
	}
	n := tally(lines)
	if len(lines) > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "Plan: %d to make, %d to change, %d to remove\n", n.Make, n.Change, n.Remove)
	write(a.console.out, b.String())
	if p.Lab != "" {
		write(a.console.out, labPlan(p, len(lines) > 0, drifted, script)+endedPrograms(p))
	}
}

// endedPrograms tells where to look for why programs have ended.
func endedPrograms(p runtime.Planned) string {
	var b strings.Builder
	for _, g := range p.Programs {
		if g.Drift && g.Logged {
			fmt.Fprintf(&b, "What %s wrote: vnet logs %s %s\n", g.Name, name.Quote(p.Lab), g.Name)
		}
	}
	return b.String()
}

// labPlan says what a plan is about whose lab is up.
func labPlan(p runtime.Planned, differs, drifted bool, script runtime.Script) string {
	lab, file := name.Quote(p.Lab), name.Quote(script.Name)
	var b strings.Builder
	switch {
	case !differs && p.Edited:
		fmt.Fprintf(&b, "Lab %s is up. %s has been edited since, but makes the same network.\n", lab, file)
	case !differs:
		fmt.Fprintf(&b, "Lab %s is up, and as %s has built it.\n", lab, file)
	case p.Edited && drifted:
		fmt.Fprintf(&b, "Lab %s is up. %s has been edited since, and the network has been changed by others.\n", lab, file)
	case p.Edited:
		fmt.Fprintf(&b, "Lab %s is up. %s has been edited since.\n", lab, file)
	default:
		fmt.Fprintf(&b, "Lab %s is up. It has been changed by others since.\n", lab)
	}
	if differs && isFile(script.Name) {
		b.WriteString("To build it anew in its place: vnet run --replace " + file)
		for _, param := range slices.Sorted(maps.Keys(script.Args)) {
			b.WriteString(" " + param + "=" + name.Quote(script.Args[param]))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (a *app) printIP(steps []runtime.Step) {
	var b strings.Builder
	for _, step := range steps {
		for _, line := range a.IP(step.Op) {
			b.WriteString(name.Quote(line) + "\n")
		}
	}
	write(a.console.out, b.String())
}

// A planned is a step as programs read it.
type planned struct {
	Op     string   `json:"op"`
	Text   string   `json:"text"`
	Action string   `json:"action"`
	Spaces []string `json:"namespaces"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Column int      `json:"column"`
	Drift  bool     `json:"drift,omitempty"`
	Data   any      `json:"data"`
}

// A trait is what somebody has changed of what programs set up, as programs
// read it.
type trait struct {
	Name      string   `json:"name"`
	Interface string   `json:"interface,omitempty"`
	Wanted    []string `json:"wanted"`
	Found     []string `json:"found"`
}

type programState struct {
	Name   string `json:"name"`
	Wanted bool   `json:"wanted"`
	Runs   bool   `json:"runs"`
}

type planDocument struct {
	Lab         string    `json:"lab,omitempty"`
	Edited      bool      `json:"edited,omitempty"`
	Steps       []planned `json:"steps"`
	Diagnostics diag.List `json:"diagnostics"`
	counts
}

func (a *app) planJSON(p runtime.Planned, lines []planLine, list diag.List) {
	doc := planDocument{Lab: p.Lab, Edited: p.Edited, Steps: []planned{}, Diagnostics: append(diag.List{}, list.Tidy()...), counts: tally(lines)}
	for _, s := range p.Steps {
		doc.Steps = append(doc.Steps, planned{
			Op: strings.TrimPrefix(fmt.Sprintf("%T", s.Op), "host."), Text: s.Op.String(),
			Action: actionOf(s.Op).word(), Spaces: append([]string{}, s.Op.Spaces()...),
			File: s.At.Pos.Filename, Line: s.At.Pos.Line, Column: s.At.Pos.Column, Drift: s.Drift, Data: s.Op,
		})
	}
	for _, c := range p.Traits {
		doc.Steps = append(doc.Steps, planned{Op: "Trait", Text: c.String(), Action: actionOfTrait(c).word(), Spaces: []string{c.NS},
			Drift: true, Data: trait{c.Name, c.On, append([]string{}, c.Lines...), append([]string{}, c.Is...)}})
	}
	for _, g := range p.Programs {
		doc.Steps = append(doc.Steps, planned{Op: "Program", Text: "program " + g.Name, Action: actionOfProgram(g).word(), Spaces: []string{},
			File: g.At.Pos.Filename, Line: g.At.Pos.Line, Column: g.At.Pos.Column, Drift: g.Drift, Data: programState{g.Name, g.Wants, g.Runs}})
	}
	if out, err := diag.Marshal(doc); err == nil {
		write(a.console.out, string(out)+"\n")
	}
}
