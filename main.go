// Vnet builds, checks and takes down virtual networks of Linux namespaces from
// a script, as one transaction.
package main

import (
	"context"
	"os"
	goruntime "runtime"

	"vnet/repl/command"
	"vnet/runtime/sandbox"
)

// The main thread outlives every goroutine, and /proc/PID speaks of it: nothing
// that enters another namespace may ever run on it.
func init() { goruntime.LockOSThread() }

func main() {
	sandbox.Settle()
	os.Exit(command.Main(context.Background(), os.Args[1:], command.Standard(), command.Kernel()))
}
