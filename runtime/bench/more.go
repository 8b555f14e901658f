package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A figure is one more thing that was measured.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Ratio float64 `json:"ratio,omitempty"`
	To    string  `json:"to,omitempty"` // what the ratio is to
}

func (f figure) text() string {
	s := digits(f.Value) + " " + f.Unit
	if f.To != "" {
		s += fmt.Sprintf("  (%.2f times %s)", f.Ratio, f.To)
	}
	return s
}

// A part measures something of vnet's own.
type part struct {
	name    string
	measure func(*bench, context.Context) ([]figure, error)
}

var parts = []part{
	{"start", (*bench).startUp},
	{"transaction", (*bench).transaction},
	{"rollback", (*bench).rollback},
	{"staying", (*bench).staying},
	{"replacing", (*bench).replacing},
	{"growth", (*bench).growth},
	{"text", (*bench).texts},
}

// measureParts measures what vnet's own parts cost; with an error it returns
// what it has so far.
func (b *bench) measureParts(ctx context.Context) (all []figure, err error) {
	for _, p := range parts {
		if !slices.Contains(b.parts, p.name) {
			continue
		}
		f, err := p.measure(b, ctx)
		all = append(all, f...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// file writes a file for vnet to read.
func (b *bench) file(name, text string) (string, error) {
	return task{dir: b.dir}.write(name, text)
}

// A contest runs commands in turns, each on an empty machine, and returns the
// median of each.
func (b *bench) contest(ctx context.Context, repeat int, commands ...[]string) ([]float64, error) {
	samples := make([][]float64, len(commands))
	for round := range repeat + 1 {
		for i := range commands {
			i = (i + round) % len(commands)
			ran, err := runOne(ctx, commands[i])
			if err != nil {
				return nil, err
			}
			if round > 0 { // the first warms up
				samples[i] = append(samples[i], milli(ran.took))
			}
			if names, _ := spaceNames(); len(names) > 0 {
				if err := clearAll(ctx); err != nil {
					return nil, err
				}
			}
		}
	}
	medians := make([]float64, len(commands))
	for i, s := range samples {
		medians[i] = median(s)
	}
	return medians, nil
}

// startUp compares what does nearly nothing with programs that do nothing.
func (b *bench) startUp(ctx context.Context) ([]figure, error) {
	b.say("start-up")
	source, err := b.file("empty.go", "package main\n\nfunc main() {}\n")
	if err != nil {
		return nil, err
	}
	nothing := filepath.Join(b.dir, "nothing")
	if _, err := runOne(ctx, []string{"env", "CGO_ENABLED=0", "go", "build", "-o", nothing, source}); err != nil {
		return nil, err
	}
	empty, err := b.file("empty.vnet", "")
	if err != nil {
		return nil, err
	}
	two, err := b.file("two.vnet", "ns left right\nveth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24\n")
	if err != nil {
		return nil, err
	}
	m, err := b.contest(ctx, 10*b.rounds, []string{nothing}, []string{"true"}, []string{b.vnet, "run", "-q", empty}, []string{b.vnet, "run", "-q", two})
	if err != nil {
		return nil, err
	}
	return []figure{
		{"an empty script", m[2], "ms", m[2] / m[0], "an empty Go program"},
		{"two namespaces and a cable", m[3], "ms", m[3] / m[1], "true(1)"},
	}, nil
}

// transaction compares a run with the same one that keeps no journal, no
// locks and no guard.
func (b *bench) transaction(ctx context.Context) (all []figure, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	script, err := b.file("star.vnet", starScript)
	if err != nil {
		return nil, err
	}
	for _, n := range []int{10, 100, 500} {
		b.say("the transaction of %d hosts", n)
		word := strconv.Itoa(n)
		m, err := b.contest(ctx, b.rounds, []string{self, "@whole", script, word, b.vnet}, []string{self, "@plain", script, word, b.vnet})
		if err != nil {
			return nil, err
		}
		all = append(all, figure{fmt.Sprintf("what journal, locks and guard add, star %d", n), m[0] - m[1], "ms", m[0] / m[1], "a run without them"})
	}
	return all, nil
}

// failing is a ring of namespaces with two cables between neighbours, which
// fails when it stands.
const failing = `param n
let nets = subnets(10.0.0.0/8, 30)
ns [n1..n$n]
for i in 1..$n {
  let next = $i % $n + 1
  veth n$i:right  <-> n$next:left  net next($nets)
  veth n$i:right2 <-> n$next:left2 net next($nets)
}
exec date +%s.%N
fail "that is enough"
`

// rollback compares taking back what a script built before it failed with
// building it.
func (b *bench) rollback(ctx context.Context) (all []figure, err error) {
	script, err := b.file("failing.vnet", failing)
	if err != nil {
		return nil, err
	}
	for _, n := range []int{100, 500, 1000} {
		b.say("the rollback of %d namespaces", n)
		var ratios, took []float64
		for range b.rounds {
			ran, err := tryOne(ctx, []string{b.vnet, "run", script, fmt.Sprintf("n=%d", n)})
			if err != nil {
				return nil, err
			}
			first, _, _ := strings.Cut(ran.out, "\n")
			seconds, err := strconv.ParseFloat(first, 64)
			if names, _ := spaceNames(); err != nil || len(names) > 0 {
				return nil, errors.Join(err, fmt.Errorf("%d namespaces are left\n%s", len(names), ran.out))
			}
			total := milli(ran.took)
			built := 1000*seconds - float64(ran.began.UnixMicro())/1000
			took, ratios = append(took, total-built), append(ratios, (total-built)/built)
			if err := settle(ctx); err != nil {
				return nil, err
			}
		}
		all = append(all, figure{fmt.Sprintf("rollback of %d namespaces and %d cables", n, 2*n), median(took), "ms", median(ratios), "its build"})
	}
	return all, nil
}

// docked is the star with its bridge in a namespace that was there before.
const docked = `param n
let hosts = [h1..h$n]
let net   = 10.0.0.0/8

ns $hosts
bridge br0 10.255.255.254/8
for i, h in enumerate($hosts, 1) {
  veth $h:eth0 $net[$i] <-> br0
  in $h route add default via 10.255.255.254
}
`

// staying compares a network that leads to a namespace which was there before,
// and stays, with one in namespaces of its own: links there have to be told
// apart from those of others, and do not go with their namespace.
func (b *bench) staying(ctx context.Context) (all []figure, err error) {
	own, err := b.file("star.vnet", starScript)
	if err != nil {
		return nil, err
	}
	stays, err := b.file("docked.vnet", docked)
	if err != nil {
		return nil, err
	}
	does := []string{"built", "replaced", "taken down"}
	for _, n := range []int{100, 500} {
		b.say("a star of %d with a bridge that stays", n)
		arg := fmt.Sprintf("n=%d", n)
		took := map[string][]float64{}
		for range b.rounds {
			for _, script := range []string{own, stays} {
				lab := strings.TrimSuffix(filepath.Base(script), ".vnet")
				for i, c := range [][]string{{"run", "-q", script, arg}, {"run", "-q", "--replace", script, arg}, {"down", "-q", lab}} {
					ran, err := runOne(ctx, append([]string{b.vnet}, c...))
					if err == nil {
						err = settle(ctx)
					}
					if err != nil {
						return nil, err
					}
					took[does[i]+lab] = append(took[does[i]+lab], milli(ran.took))
				}
			}
		}
		for _, what := range does {
			mine, other := median(took[what+"docked"]), median(took[what+"star"])
			all = append(all, figure{fmt.Sprintf("a star of %d, its bridge in a namespace that stays, %s", n, what), mine, "ms", mine / other, "one of its own"})
		}
	}
	return all, nil
}

// replacing compares the replacement of a lab, by itself and by forms that differ
// more and more, with building it.
func (b *bench) replacing(ctx context.Context) (all []figure, err error) {
	for _, lab := range []struct {
		name, script string
		sizes        []int
	}{
		{"star", starScript, []int{100, 500}},
		{"docked", docked, []int{100, 500}},
		{"chain", chainScript, []int{100, 500}},
		{"mesh", meshScript, []int{15, 32}},
	} {
		for _, n := range lab.sizes {
			b.say("the replacement of a %s of %d", lab.name, n)
			steps := []struct {
				what string
				n    int
				net  string // that all its addresses are of
			}{{"built", n, "10."}, {"replaced by itself", n, "10."}, {"by one host more", n + 1, "10."},
				{"by one host less", n, "10."}, {"by one with other addresses", n, "11."}}
			took := make([][]float64, len(steps))
			for range b.rounds {
				for i, s := range steps {
					script, err := b.file(lab.name+".vnet", strings.ReplaceAll(lab.script, "10.", s.net))
					if err != nil {
						return nil, err
					}
					words := []string{b.vnet, "run", "-q", script, fmt.Sprintf("n=%d", s.n)}
					if i > 0 {
						words = slices.Insert(words, 3, "--replace")
					}
					ran, err := runOne(ctx, words)
					if err == nil {
						err = settle(ctx)
					}
					if err != nil {
						return nil, err
					}
					took[i] = append(took[i], milli(ran.took))
				}
				if _, err := runOne(ctx, []string{b.vnet, "down", "-q", lab.name}); err != nil {
					return nil, err
				}
				if err := settle(ctx); err != nil {
					return nil, err
				}
			}
			built := median(took[0])
			for i, s := range steps[1:] {
				now := median(took[i+1])
				all = append(all, figure{fmt.Sprintf("a %s of %d, %s", lab.name, n, s.what), now, "ms", now / built, "its build"})
			}
		}
	}
	return all, nil
}

// growth compares the cost of a namespace in a small network with that in a
// large one, and looks at the memory that the large one takes.
func (b *bench) growth(ctx context.Context) (all []figure, err error) {
	for _, shape := range []string{"star", "chain"} {
		b.say("the growth of a %s", shape)
		script, err := b.file(shape+".vnet", shapeOf[shape].script)
		if err != nil {
			return nil, err
		}
		large := []string{b.vnet, "run", "-q", script, "n=1000"}
		m, err := b.contest(ctx, b.rounds, []string{b.vnet, "run", "-q", script, "n=100"}, large)
		if err != nil {
			return nil, err
		}
		all = append(all, figure{"a host of a " + shape + " of 1000", m[1] / 1000, "ms", m[1] / m[0] / 10, "one of 100"})
		ran, err := runOne(ctx, large)
		if err == nil {
			err = clearAll(ctx)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, figure{Name: "peak memory, " + shape + " of 1000", Value: peak(ran), Unit: "MB"})
	}
	return all, nil
}

// peak is the memory a process took at most, in MB (getrusage(2)).
func peak(p *process) float64 {
	if u, ok := p.state.SysUsage().(*syscall.Rusage); ok {
		return float64(u.Maxrss) / 1024
	}
	return 0
}

// texts measures what needs no kernel.
func (b *bench) texts(ctx context.Context) ([]figure, error) {
	b.say("long texts, large models")
	var long lines
	long.add("ns sw\nbridge sw:br0 10.255.255.254/8")
	for i := 1; i <= 3333; i++ {
		long.add("ns h%d\nveth h%d:eth0 10.0.%d.%d/8 <-> sw:br0\nin h%d route add default via sw", i, i, i/250, i%250+1, i)
	}
	text, err := b.file("long.vnet", long.String())
	if err != nil {
		return nil, err
	}
	spaces, err := b.file("spaces.vnet", "ns [n1..n10000]\n")
	if err != nil {
		return nil, err
	}
	script, err := b.file("star.vnet", starScript)
	if err != nil {
		return nil, err
	}
	m, err := b.contest(ctx, b.rounds, []string{b.vnet, "fmt", "--check", text}, []string{b.vnet, "check", text},
		[]string{b.vnet, "check", spaces}, []string{b.vnet, "check", script, "n=10000"})
	if err != nil {
		return nil, err
	}
	return []figure{
		{Name: "10,000 lines, read and laid out", Value: m[0], Unit: "ms"},
		{Name: "10,000 lines, checked and rehearsed", Value: m[1], Unit: "ms"},
		{Name: "10,000 namespaces on the model", Value: m[2], Unit: "ms"},
		{Name: "a star of 10,000 hosts on the model", Value: m[3], Unit: "ms"},
	}, nil
}
