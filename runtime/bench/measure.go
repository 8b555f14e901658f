package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// A bench is one run of the benchmark.
type bench struct {
	*options
	dir   string
	began time.Time
}

// A phase is what is measured of a way.
type phase string

const (
	build phase = "build" // until the network stands
	cpu   phase = "cpu"   // the processor's time of the build, also in the kernel
	each  phase = "true"  // true(1) in each namespace
	down  phase = "down"  // until no name is left
	freed phase = "freed" // until the kernel has freed all of it
)

var phases = []phase{build, cpu, each, down, freed}

// A cell is one network, with what it took each way.
type cell struct {
	Shape  string `json:"shape"`
	Hosts  int    `json:"hosts"`
	Ways   []*row `json:"ways"`
	Out    []out  `json:"left_out,omitempty"`
	cables int
}

// An out is a way that was left out, and why.
type out struct {
	Way string `json:"way"`
	Why string `json:"why"`
}

// A row is one way to a network.
type row struct {
	Way     string              `json:"way"`
	Median  map[phase]float64   `json:"median_ms"`
	Ratio   map[phase]float64   `json:"times_limit,omitempty"`
	Samples map[phase][]float64 `json:"samples_ms"`
	way     way
	cmd     commands
	round   time.Duration // what the last round took, with all that is not measured
}

// results is all that was measured.
type results struct {
	Kernel  string            `json:"kernel"`
	CPUs    int               `json:"cpus"`
	Rounds  int               `json:"rounds"`
	Missing map[string]string `json:"missing,omitempty"`
	Cells   []*cell           `json:"networks"`
	Parts   []figure          `json:"parts,omitempty"`
}

func (b *bench) say(format string, args ...any) {
	if !b.quiet {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// measure measures every network in every way that is to be had here, the
// small ones first.
func (b *bench) measure(ctx context.Context) (*results, error) {
	r := newResults(b.rounds)
	var chosen []way
	for _, name := range b.peers {
		i := slices.IndexFunc(ways, func(w way) bool { return w.name == name })
		if i < 0 {
			return nil, fmt.Errorf("nobody is called %q", name)
		}
		if ways[i].missing != nil {
			if why := ways[i].missing(); why != "" {
				r.Missing[name] = why
				b.say("%s is left out: %s", name, why)
				continue
			}
		}
		chosen = append(chosen, ways[i])
	}
	for i := range max(len(b.sizes), len(b.mesh)) { // of each shape
		for _, shape := range b.shapes {
			sizes := b.sizes
			if shape == "mesh" {
				sizes = b.mesh
			}
			if i >= len(sizes) {
				continue
			}
			c, err := b.cell(ctx, r, shape, sizes[i], chosen)
			if err != nil {
				return r, err
			}
			r.Cells = append(r.Cells, c)
		}
	}
	return r, nil
}

// tooLong says why a way is not to be measured on a network: there is no time
// left, or it would take too long, as the last network of that shape tells.
func (b *bench) tooLong(r *results, shape string, links int, w way) string {
	if time.Since(b.began) > b.within {
		return "no time was left"
	}
	for _, c := range slices.Backward(r.Cells) {
		if c.Shape != shape {
			continue
		}
		for _, before := range c.Ways {
			if will := before.round * time.Duration(links) / time.Duration(c.cables); before.Way == w.name && will > b.longest {
				return fmt.Sprintf("a round would take %d s", int(will.Seconds()))
			}
		}
		if slices.ContainsFunc(c.Out, func(o out) bool { return o.Way == w.name }) {
			return "so was a smaller one"
		}
		break
	}
	return ""
}

// compared is up to how many hosts networks are warmed up, and compared.
const compared = 100

// cell measures one network. The ways take turns, in another order each round;
// what comes first warms up.
func (b *bench) cell(ctx context.Context, r *results, shape string, n int, chosen []way) (*cell, error) {
	net := shapeOf[shape].network(n)
	c := &cell{Shape: shape, Hosts: n, cables: len(net.Cables)}
	for _, w := range chosen {
		if why := b.tooLong(r, shape, c.cables, w); why != "" {
			c.Out = append(c.Out, out{w.name, why})
			b.say("%s %d: %s is left out: %s", shape, n, w.name, why)
			continue
		}
		dir := filepath.Join(b.dir, fmt.Sprintf("%s-%d-%s", shape, n, w.name))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		cmd, err := w.prepare(b, task{shape, n, net, dir})
		if err != nil {
			return nil, err
		}
		c.Ways = append(c.Ways, &row{Way: w.name, way: w, cmd: cmd, Median: map[phase]float64{}, Samples: map[phase][]float64{}})
	}
	if n <= compared {
		if err := b.warm(ctx, c); err != nil {
			return nil, err
		}
	}
	order := slices.Clone(c.Ways)
	for round := range b.rounds {
		b.say("%s %d: round %d of %d", shape, n, round+1, b.rounds)
		rand.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		for _, w := range order {
			if round > 0 && time.Duration(round+1)*w.round > b.enough {
				continue
			}
			began := time.Now()
			if err := w.measure(ctx); err != nil {
				return nil, fmt.Errorf("%s %d by %s: %w", shape, n, w.Way, err)
			}
			w.round = time.Since(began)
		}
	}
	c.sum()
	return c, nil
}

// warm builds the network in every way, and looks whether it is the same one.
func (b *bench) warm(ctx context.Context, c *cell) error {
	var first portrait
	for _, w := range c.Ways {
		b.say("%s %d: look at what %s makes", c.Shape, c.Hosts, w.Way)
		stop, err := w.stand(ctx)
		if err == nil && b.compare {
			if first == nil {
				first, err = atRest(ctx)
			} else if err = same(ctx, first); err != nil {
				err = fmt.Errorf("another network than by %s: %w", c.Ways[0].Way, err)
			}
		}
		if err == nil {
			err = stop()
		}
		if err == nil {
			err = clearAll(ctx)
		}
		if err != nil {
			return fmt.Errorf("%s %d by %s: %w", c.Shape, c.Hosts, w.Way, err)
		}
	}
	return nil
}

// stand builds the network once, so that it can be looked at until stop.
func (w *row) stand(ctx context.Context) (stop func() error, err error) {
	if w.cmd.all == nil {
		_, err := runOne(ctx, w.cmd.build)
		return func() error { return nil }, err
	}
	return standing(ctx, append(slices.Clone(w.cmd.all), "names"))
}

// measure builds, uses and removes the network once.
func (w *row) measure(ctx context.Context) error {
	if err := settle(ctx); err != nil {
		return err
	}
	if w.cmd.all != nil {
		return w.measureAll(ctx)
	}
	ran, err := runOne(ctx, w.cmd.build)
	if err != nil {
		return err
	}
	w.note(build, ran.took)
	w.note(cpu, ran.state.UserTime()+ran.state.SystemTime())
	if ran, err = runOne(ctx, w.cmd.each); err != nil {
		return err
	}
	w.note(each, ran.took)
	if ran, err = runOne(ctx, w.cmd.down); err != nil {
		return err
	}
	return w.gone(ctx, ran.took)
}

// gone notes what it took until no name was left, and until the kernel had
// freed everything.
func (w *row) gone(ctx context.Context, took time.Duration) error {
	if names, err := spaceNames(); err != nil || len(names) > 0 {
		return fmt.Errorf("it leaves %d namespaces (%v)", len(names), err)
	}
	w.note(down, took)
	began := time.Now()
	err := settle(ctx)
	w.note(freed, took+time.Since(began))
	return err
}

func (w *row) note(p phase, took time.Duration) {
	w.Samples[p] = append(w.Samples[p], milli(took))
}

func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// sum makes medians, and ratios to the limit.
func (c *cell) sum() {
	limit := slices.IndexFunc(c.Ways, func(w *row) bool { return w.Way == "limit" })
	for _, w := range c.Ways {
		for p, s := range w.Samples {
			w.Median[p] = median(s)
		}
	}
	for _, w := range c.Ways {
		if limit >= 0 {
			w.Ratio = map[phase]float64{}
			for p, m := range w.Median {
				w.Ratio[p] = m / c.Ways[limit].Median[p]
			}
		}
	}
}

func median(s []float64) float64 {
	s = slices.Sorted(slices.Values(s))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// A process is one that ended.
type process struct {
	began time.Time
	took  time.Duration
	out   string
	state *os.ProcessState
}

// runOne runs a program to its end, which must be a good one.
func runOne(ctx context.Context, argv []string) (*process, error) {
	p, err := tryOne(ctx, argv)
	if err == nil && !p.state.Success() {
		err = fmt.Errorf("%q: %v\n%s", argv, p.state, p.out)
	}
	return p, err
}

// tryOne runs a program to its end.
func tryOne(ctx context.Context, argv []string) (*process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p := &process{began: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	_ = cmd.Wait() // the state tells
	p.took = time.Since(p.began)
	p.out, p.state = out.String(), cmd.ProcessState
	return p, ctx.Err()
}
