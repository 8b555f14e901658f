// Vnet builds, checks and takes down virtual networks of Linux namespaces from
// a script, as one transaction.
package main

import (
	"context"
	"os"
	goruntime "runtime"
	"runtime/debug"

	"vnet/repl/command"
	"vnet/runtime/sandbox"
)

// The main thread outlives every goroutine, and /proc/PID speaks of it: nothing
// that enters another namespace may ever run on it.
func init() { goruntime.LockOSThread() }

func main() {
	debug.SetGCPercent(gcPercent)
	goruntime.SetFinalizer(new(sentinel), func(*sentinel) { debug.SetGCPercent(100) })
	sandbox.Settle()
	// Not here: each word with another goroutine would wake two threads.
	status := make(chan int)
	go func() {
		status <- command.Main(context.Background(), os.Args[1:], command.Standard(), command.Kernel())
	}()
	os.Exit(<-status)
}

// gcPercent has memory collected for the first time when 48 MB are in use (it
// is counted from 4 MB), which most scripts never need; from then on as usual.
const gcPercent = 1200

// A sentinel is lost by the first collection.
type sentinel struct{ _ *byte }
