package kernel

import (
	"os"
	"runtime"
	"testing"

	"vnet/runtime/kernel/kerneltest"
)

// The main thread is left to the main goroutine: /proc/PID/ns/net shows its
// namespace, and nothing that a test does may change that.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) { os.Exit(kerneltest.Main(m)) }
