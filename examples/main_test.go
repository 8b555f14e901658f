package examples

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"vnet/lang/format"
	"vnet/repl/command"
	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/kernel/kerneltest"
	"vnet/stdlib"
)

// The test binary is also vnet, with a host that can be told to fail: as a
// process of its own it gets signals, pipes and terminals like the real one.
func TestMain(m *testing.M) {
	// Tests on machines of their own mostly wait for the kernel.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	if filepath.Base(os.Args[0]) != "vnet" {
		kerneltest.HeedSignals()
	}
	testscript.Main(m, map[string]func(){"vnet": func() {
		crashWhereTold()
		os.Exit(command.Main(context.Background(), os.Args[1:], command.Standard(), command.Engine{
			Check: runtime.Check, Plan: runtime.Plan, Run: runOn, Format: format.Source, Source: stdlib.Module,
			Recover: runtime.Recover, Guard: guardWhenTold(), StandGuard: runtime.StandGuard, IP: host.IP,
			Graph: runtime.Graph, GraphAlive: runtime.GraphAlive,
			Session: func(dir string, set runtime.Settings) (command.Session, error) {
				return runtime.NewSession(dir, set)
			},
		}))
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
	var h host.Host = newFaulty(k, spec)
	return runtime.RunOn(ctx, h, s, set)
}

// vnet prepares a call of vnet.
func vnet(args ...string) *exec.Cmd { return exec.Command("vnet", args...) }

// script writes a script for one test and returns its path.
func script(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lab.vnet")
	if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

// run calls vnet in a machine and checks how it ended.
func run(t testing.TB, m *kerneltest.Machine, status int, args ...string) kerneltest.Outcome {
	t.Helper()
	return runCmd(t, m, status, vnet(args...))
}

func runCmd(t testing.TB, m *kerneltest.Machine, status int, cmd *exec.Cmd) kerneltest.Outcome {
	t.Helper()
	o := m.TryCmd(cmd)
	if o.Status != status {
		t.Fatalf("%q: exit status %d, want %d\n%s%s", cmd.Args, o.Status, status, o.Out, o.Err)
	}
	return o
}
