package vnettest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// faultVariable bears what Fault asks for.
const faultVariable = "VNET_TEST_FAULT"

// A faulty host is the kernel's until the operation comes that shall fail.
type faulty struct {
	host.Host
	host.Saver
	when string
	what string
	on   bool // go on failing

	mu   sync.Mutex
	left int // operations until the fault
	seen int // operations that were asked for, those that take back left out
}

func newFaulty(h host.Host, spec string) *faulty {
	f := &faulty{Host: h, Saver: h.(host.Saver)}
	var n string
	if _, err := fmt.Sscan(spec, &f.when, &n, &f.what); err != nil {
		panic(err)
	}
	n, f.on = strings.CutSuffix(n, "+")
	if _, err := fmt.Sscan(n, &f.left); err != nil {
		panic(err)
	}
	return f
}

// Fault sets the fault of a process: WHEN N WHAT, as in "apply 7 ENOBUFS".
//
// WHEN is apply or undo, N counts operations from 1, WHAT is the name of an
// errno, of a signal that vnet gets at that moment, or panic. With a + behind
// N all operations from the Nth on fail. "count 0 -" lets all pass, and says at
// the end how many there were.
func Fault(cmd *exec.Cmd, spec string) *exec.Cmd { return with(cmd, faultVariable, spec) }

// turn says which of n operations shall fail; n for none.
func (f *faulty) turn(ctx context.Context, n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Done() != nil {
		f.seen += n
	}
	// What takes back is not stopped by signals, and so has nothing to wait for.
	if f.when == "count" || (ctx.Done() == nil) != (f.when == "undo") || f.left <= 0 && !f.on {
		return n
	}
	at := max(f.left-1, 0)
	f.left -= n
	return min(at, n)
}

func (f *faulty) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	at := f.turn(ctx, len(ops))
	if at == len(ops) {
		return f.Host.Apply(ctx, ops, intend)
	}
	if f.what == "panic" {
		panic("injected")
	}
	results := f.Host.Apply(ctx, ops[:at], intend)
	for _, r := range results {
		if r.Err != nil || r.Skipped {
			return skipped(results, len(ops))
		}
	}
	if strings.HasPrefix(f.what, "SIG") {
		raise(f.what)
		if ctx.Done() != nil {
			<-ctx.Done()
		}
		return append(results, f.Host.Apply(ctx, ops[at:], later(intend, at))...)
	}
	refusal := &host.Error{Op: ops[at], Errno: errnoNamed(f.what), Kernel: "injected"}
	return skipped(append(results, host.Result{Err: refusal}), len(ops))
}

func skipped(results []host.Result, n int) []host.Result {
	for len(results) < n {
		results = append(results, host.Result{Skipped: true})
	}
	return results
}

func raise(name string) {
	for range 3 { // one is enough, further ones change nothing
		_ = syscall.Kill(os.Getpid(), unix.SignalNum(name))
	}
}

func errnoNamed(name string) syscall.Errno {
	for e := syscall.Errno(1); e < 200; e++ {
		if unix.ErrnoName(e) == name {
			return e
		}
	}
	panic("no errno " + name)
}

// later tells of the operations of the second part of a queue by their place
// in the whole.
func later(intend host.Intend, by int) host.Intend {
	if intend == nil {
		return nil
	}
	return func(list []host.Intention) error {
		list = slices.Clone(list)
		for i := range list {
			list[i].At += by
		}
		return intend(list)
	}
}
