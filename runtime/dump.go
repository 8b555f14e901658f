package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"vnet/lang/diag"
	"vnet/lang/format"
	"vnet/runtime/dump"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
)

// Dump writes what is alive as a script that makes it anew: the namespaces of
// these names, or all. What the script would make is tried out, in namespaces
// that nobody else sees; where that differs from what is there, the script is
// corrected, or says so in a comment.
func Dump(ctx context.Context, spaces []string, opts dump.Options) (string, diag.List) {
	k, err := kernel.New()
	if err != nil {
		return "", diag.List{machine(err)}
	}
	defer k.Close()
	states, bad := alive(ctx, k, spaces)
	if bad != nil {
		return "", diag.List{bad}
	}
	d := &dumper{k: k, script: dump.From(states, opts), start: states[0]}
	if err := d.settle(ctx); err != nil {
		return "", diag.List{unseen(err)}
	}
	text := "# Written by vnet dump.\n\n" + d.script.Text()
	pretty, list := format.Source("<dump>", text)
	if list.Failed() {
		return text, append(list, bug(errors.New("a dump that does not parse")))
	}
	return pretty, nil
}

// alive looks at namespaces; the starting one is the first.
func alive(ctx context.Context, k *kernel.Host, spaces []string) ([]*host.State, *diag.Diagnostic) {
	names, err := k.Namespaces(ctx)
	if err != nil {
		return nil, unseen(err)
	}
	for _, ns := range spaces {
		if d := missing(ns, names); d != nil {
			return nil, d
		}
	}
	if len(spaces) > 0 {
		names = slices.DeleteFunc(names, func(ns string) bool { return !slices.Contains(spaces, ns) })
	}
	var states []*host.State
	for _, ns := range append([]string{host.Start}, names...) {
		s, err := k.State(ctx, ns)
		if err != nil {
			return nil, unseen(err)
		}
		states = append(states, s)
	}
	if len(spaces) > 0 && !slices.Contains(spaces, host.Start) {
		states[0] = taking(states)
	}
	return states, nil
}

// taking leaves of the starting namespace what is joined to the others: the
// ends of their cables, the bridges they are ports of, and the machine's own.
func taking(states []*host.State) *host.State {
	start := *states[0]
	wanted := map[string]bool{}
	for _, l := range start.Links {
		for _, s := range states[1:] {
			if l.Peer != nil && l.Peer.NS == s.NS {
				wanted[l.Name], wanted[l.Master] = true, true
			}
		}
	}
	start.Links = slices.DeleteFunc(slices.Clone(start.Links), func(l host.Link) bool { return l.Kind != "" && !wanted[l.Name] })
	return &start
}

// A dumper compares a script with what is there.
type dumper struct {
	k      *kernel.Host
	script *dump.Script
	start  *host.State
	real   []dump.Pair // what is there
}

// settle corrects the script, a round after the other.
func (d *dumper) settle(ctx context.Context) error {
	for _, round := range []dump.Round{dump.Forwarding, dump.Spaces, dump.Interfaces, dump.Rest} {
		scratch, err := d.try(ctx)
		if err != nil {
			return err
		}
		pairs, err := d.pairs(ctx, scratch)
		_ = scratch.Close()
		if err != nil {
			return err
		}
		for _, p := range pairs {
			d.script.Settle(p, round)
		}
	}
	return nil
}

// try makes the network of the script where nobody sees it. Statements that
// vnet or the kernel refuses become comments.
func (d *dumper) try(ctx context.Context) (*kernel.Host, error) {
	for {
		steps, lost, err := d.rehearse(ctx)
		if err != nil {
			return nil, err
		}
		if lost {
			continue
		}
		scratch, err := kernel.NewScratch(d.script.Spaces())
		if err != nil {
			return nil, err
		}
		refused, err := d.build(ctx, scratch, steps)
		if err == nil && refused == nil {
			return scratch, nil
		}
		_ = scratch.Close()
		if err != nil {
			return nil, err
		}
		if !d.script.Lose(refused.step.At.Pos.Line, "not expressible ("+refused.err.Error()+")") {
			return nil, refused.err
		}
	}
}

// rehearse checks the script; lost says that statements became comments.
func (d *dumper) rehearse(ctx context.Context) (steps []Step, lost bool, err error) {
	try := rehearsal(ctx, Script{Name: "<dump>", Text: d.script.Text()}, nil)
	var wrong []*diag.Diagnostic
	for _, f := range try.found {
		if f.Severity == diag.Error {
			wrong = append(wrong, f)
		}
	}
	// From the end: a comment does not move the lines before it.
	for _, f := range slices.Backward(wrong) {
		if !d.script.Lose(f.Span.Pos.Line, "not accepted ("+f.Summary+")") {
			return nil, false, fmt.Errorf("a script that is not valid: %s", f.Summary)
		}
		lost = true
	}
	if try.tx == nil || lost {
		return nil, lost, nil
	}
	return try.steps(), false, nil
}

// A refusal is a step that the kernel did not take.
type refusal struct {
	step Step
	err  error
}

func (d *dumper) build(ctx context.Context, h *kernel.Host, steps []Step) (*refusal, error) {
	for _, l := range d.start.Links {
		if l.Kind == "" && l.Name != "lo" {
			if err := standIn(ctx, h, host.Link{NS: host.Start, Name: l.Name, MTU: l.MTU, Up: l.Up}); err != nil {
				return nil, err
			}
		}
	}
	var ops []host.Op
	var of []int
	for i, s := range steps {
		if _, ok := s.Op.(host.NamespaceAdd); !ok {
			ops, of = append(ops, s.Op), append(of, i)
		}
	}
	for i, r := range h.Apply(ctx, ops, nil) {
		if r.Err != nil {
			return &refusal{steps[of[i]], r.Err}, nil
		}
	}
	return nil, ctx.Err()
}

// standIns are the kinds that can stand in for a device, the best first. Not
// every kernel has the first.
var standIns = []string{"dummy", "ifb", "bridge"}

// standIn makes something in place of one of the machine's own devices.
func standIn(ctx context.Context, h *kernel.Host, l host.Link) (err error) {
	for _, l.Kind = range standIns {
		if err = h.Apply(ctx, []host.Op{host.LinkAdd{Link: l}}, nil)[0].Err; !unknownKind(err) {
			return err
		}
	}
	return err
}

func unknownKind(err error) bool {
	var refusal *host.Error
	return errors.As(err, &refusal) && refusal.Errno == syscall.EOPNOTSUPP
}

// settling is how long a network may take until it is what it will be:
// carriers and duplicate address detection take their time.
const settling = 3 * time.Second

// pairs takes the images to compare, again while they differ and time is left.
func (d *dumper) pairs(ctx context.Context, scratch *kernel.Host) ([]dump.Pair, error) {
	if d.real == nil {
		for _, ns := range append([]string{host.Start}, d.script.Spaces()...) {
			real, err := d.k.Image(ctx, ns, dump.Parts)
			if err != nil {
				return nil, err
			}
			d.real = append(d.real, dump.Pair{NS: ns, Real: real})
		}
	}
	pairs := slices.Clone(d.real)
	last := -1
	for began := time.Now(); ; {
		n := 0
		for i := range pairs {
			got, err := scratch.Image(ctx, pairs[i].NS, dump.Parts)
			if err != nil {
				return nil, err
			}
			pairs[i].Got = got
			n += len(d.script.Differences(pairs[i]))

		}
		if n == 0 || n == last && time.Since(began) > settling/6 || time.Since(began) > settling {
			return pairs, nil
		}
		last = n
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
