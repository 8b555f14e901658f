// Bench measures vnet, as its users run it and contrib/build makes it, beside
// other ways to the same network: raw netlink tuned to the limit, ip(8) in three ways, Mininet and
// pyroute2.
//
//	sudo go run ./runtime/bench                 # two minutes
//	sudo go run ./runtime/bench -h              # sizes, shapes, peers, rounds
//	sudo go run ./runtime/bench -more all       # also what vnet's own parts cost
//
// All of it happens in namespaces of its own, with an empty /run; the
// machine's network is not touched. Before anything is timed, every way has to
// give the same network. What counts are the ratios: the ways take turns, in
// another order each round.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are what the command line chooses.
type options struct {
	shapes  []string
	sizes   []int
	mesh    []int
	peers   []string
	rounds  int
	parts   []string
	json    string
	vnet    string
	quiet   bool
	compare bool
	page    bool

	enough, longest, within time.Duration
}

func main() {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "@") {
		os.Exit(hidden(os.Args[1], os.Args[2:]))
	}
	o, err := choose(os.Args[1:])
	if err == nil {
		err = run(o)
	}
	var told *exec.ExitError // by itself, in its machine
	if err != nil && err != flag.ErrHelp {
		if errors.As(err, &told) {
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// hidden are the commands that the benchmark starts itself with.
func hidden(word string, args []string) int {
	var err error
	switch word {
	case "@limit":
		err = limit(args)
	case "@whole", "@plain":
		debug.SetGCPercent(1200) // as vnet does, see its main.go
		do := map[string]func([]string) error{"@whole": whole, "@plain": plain}[word]
		err = do(args)
	default:
		err = fmt.Errorf("no such command: %s", word)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, word, err)
		return 1
	}
	return 0
}

func choose(args []string) (*options, error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	var names []string
	for _, w := range ways {
		names = append(names, w.name)
	}
	var own []string
	for _, p := range parts {
		own = append(own, p.name)
	}
	shapes := f.String("shapes", "star,chain,mesh,tree", "the networks")
	sizes := f.String("sizes", "10,100", "how many hosts: of 10, 100, 500, 1000, say")
	mesh := f.String("mesh", "10,20", "how many hosts a full mesh has")
	peers := f.String("peers", "vnet,limit,batch,ip,pyroute2", "who: of "+strings.Join(names, ",")+"; or all")
	o := &options{}
	f.IntVar(&o.rounds, "rounds", 3, "how often each is measured")
	f.DurationVar(&o.enough, "enough", time.Hour, "no more rounds of one way to one network than take this `time`")
	f.DurationVar(&o.longest, "longest", time.Hour, "leave out ways a round of which would take more than this `time`")
	f.DurationVar(&o.within, "within", time.Hour, "leave out what was not begun in this `time`")
	f.BoolVar(&o.page, "page", false, "print the tables as Markdown")
	more := f.String("more", "", "also measure parts of vnet: of "+strings.Join(own, ",")+"; or all, for some minutes")
	f.StringVar(&o.json, "json", "", "write the figures to this `file`, too; - prints them instead of the table")
	f.StringVar(&o.vnet, "vnet", "", "the `program` to measure; built from this module when not given")
	f.BoolVar(&o.quiet, "quiet", false, "do not say what is being done")
	f.BoolVar(&o.compare, "compare", true, "look first whether all give the same network")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.shapes, o.peers, o.parts = words(*shapes), words(*peers), words(*more)
	if *more == "all" {
		o.parts = own
	}
	if *peers == "all" {
		o.peers = names
	}
	var err error
	if o.sizes, err = numbers(*sizes); err == nil {
		o.mesh, err = numbers(*mesh)
	}
	for _, s := range o.shapes {
		if _, ok := shapeOf[s]; !ok {
			return nil, fmt.Errorf("no shape is called %q", s)
		}
	}
	for _, p := range o.parts {
		if !slices.Contains(own, p) {
			return nil, fmt.Errorf("no part is called %q", p)
		}
	}
	return o, err
}

func words(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func numbers(list string) ([]int, error) {
	var out []int
	for _, word := range words(list) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 2 || n > 5000 {
			return nil, fmt.Errorf("%q is not a number of hosts", word)
		}
		out = append(out, n)
	}
	return out, nil
}

// run builds what is to be measured, and measures in a machine of its own.
func run(o *options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(insideKey) == "" {
		if os.Geteuid() != 0 {
			return fmt.Errorf("needs root, to make namespaces of its own")
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		if o.vnet == "" {
			dir, err := os.MkdirTemp("", "vnet-bench-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			if o.vnet, err = compile(ctx, dir, "vnet"); err != nil {
				return err
			}
			// The limit is a part of the benchmark, and shall start as fast.
			if self, err = compile(ctx, dir, "vnet/runtime/bench"); err != nil {
				return err
			}
		}
		return inMachine(ctx, self, append(os.Args[1:], "-vnet", o.vnet))
	}
	if err := furnish(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("/run", "bench-")
	if err != nil {
		return err
	}
	b := &bench{options: o, dir: dir, began: time.Now()}
	results, err := b.measure(ctx)
	if results != nil && err == nil {
		results.Parts, err = b.measureParts(ctx)
	}
	if results == nil {
		return err
	}
	return errors.Join(err, results.print(o)) // what there is, also after Ctrl-C
}
