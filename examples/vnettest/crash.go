package vnettest

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"vnet/runtime"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/kernel/image"
)

// What Crash and Guard ask for is in the environment.
const (
	CrashVariable = "VNET_TEST_CRASH"
	GuardVariable = "VNET_TEST_GUARD"
)

// Crash lets a process die of SIGKILL at a place: "torn 7" is in the middle of
// the seventh record that it writes to a journal, before and after stand for
// themselves, and "step 40" is just before the fortieth thing that it asks of
// the kernel to change the network.
func Crash(cmd *exec.Cmd, spec string) *exec.Cmd { return with(cmd, CrashVariable, spec) }

func crashWhereTold() {
	spec := os.Getenv(CrashVariable)
	if spec == "" {
		return
	}
	var when string
	var n int
	if _, err := fmt.Sscanf(spec, "%s %d", &when, &n); err != nil {
		panic(err)
	}
	var mu sync.Mutex
	reach := func(at string) {
		if at != when {
			return
		}
		mu.Lock()
		if n--; n > 0 {
			mu.Unlock()
			return
		}
		// Still locked: nothing else may happen before the signal comes.
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	journal.Failpoint = reach
	kernel.Failpoint = reach
	image.Failpoint = reach
}

// Guard lets vnet start a guard. Without it the recovery is to be done by hand.
func Guard(cmd *exec.Cmd) *exec.Cmd { return with(cmd, GuardVariable, "1") }

func guardWhenTold() func(string) func() {
	if os.Getenv(GuardVariable) == "" {
		return nil
	}
	return runtime.Guarded("vnet", "guard")
}
