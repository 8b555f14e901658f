package examples

import (
	"os/exec"
	"testing"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

func TestMain(m *testing.M) { vnettest.Main(m) }

func vnet(args ...string) *exec.Cmd { return vnettest.Command(args...) }

func fault(cmd *exec.Cmd, spec string) *exec.Cmd { return vnettest.Fault(cmd, spec) }

func script(t testing.TB, text string) string {
	t.Helper()
	return vnettest.Script(t, text)
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
