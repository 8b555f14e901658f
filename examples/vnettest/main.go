// Package vnettest lets the binary of a package's tests be vnet itself, with a
// host that can be told to fail and a journal that can be told to die: as a
// process of its own it gets signals, pipes and terminals like the real one.
package vnettest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"vnet/repl/command"
	"vnet/runtime"
	"vnet/runtime/kernel"
	"vnet/runtime/kernel/kerneltest"
	"vnet/runtime/sandbox"
)

// Main runs the tests of a package, or is vnet. Call it in TestMain.
func Main(m *testing.M) {
	// Tests on machines of their own mostly wait for the kernel.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	if filepath.Base(os.Args[0]) != "vnet" {
		kerneltest.HeedSignals()
	}
	testscript.Main(m, map[string]func(){"vnet": func() {
		sandbox.Settle()
		crashWhereTold()
		engine := command.Kernel()
		engine.Run, engine.Guard = runOn, guardWhenTold()
		os.Exit(command.Main(context.Background(), os.Args[1:], command.Standard(), engine))
	}})
}

// runOn is runtime.Run on the kernel, behind the faults that are asked for.
func runOn(ctx context.Context, s runtime.Script, set runtime.Settings) *runtime.Report {
	spec := os.Getenv(faultVariable)
	if spec == "" {
		return runtime.Run(ctx, s, set)
	}
	k, err := kernel.New()
	if err != nil {
		panic(err)
	}
	defer k.Close()
	f := newFaulty(k, spec)
	report := runtime.RunOn(ctx, f, s, set)
	if f.when == "count" {
		fmt.Fprintf(os.Stderr, "%d operations\n", f.seen)
	}
	return report
}

// Command prepares a call of vnet.
func Command(args ...string) *exec.Cmd { return exec.Command("vnet", args...) }

// with gives a program a variable.
func with(cmd *exec.Cmd, name, value string) *exec.Cmd {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, name+"="+value)
	return cmd
}

// Script writes a script for one test and returns its path.
func Script(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.vnet")
	if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}
