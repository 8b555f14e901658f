// Vnet builds, checks and takes down virtual networks of Linux namespaces from
// a script, as one transaction.
package main

import (
	"context"
	"os"
	goruntime "runtime"

	"vnet/lang/format"
	"vnet/repl/command"
	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/sandbox"
	"vnet/stdlib"
)

// The main thread outlives every goroutine, and /proc/PID speaks of it: nothing
// that enters another namespace may ever run on it.
func init() { goruntime.LockOSThread() }

func main() {
	sandbox.Settle()
	os.Exit(command.Main(context.Background(), os.Args[1:], command.Standard(), command.Engine{
		Check:      runtime.Check,
		Plan:       runtime.Plan,
		Run:        runtime.Run,
		Format:     format.Source,
		IP:         host.IP,
		Graph:      runtime.Graph,
		GraphAlive: runtime.GraphAlive,
		Dump:       runtime.Dump,
		WhyAlive:   runtime.WhyAlive,
		Listen:     runtime.Listen,
		Recover:    runtime.Recover,
		Guard:      runtime.Guarded("/proc/self/exe", "guard"),
		StandGuard: runtime.StandGuard,
		Labs:       runtime.Labs, FindLab: runtime.FindLab, Down: runtime.Down, Exec: runtime.Exec, Confirm: runtime.Confirm,
		Session: func(dir string, set runtime.Settings) (command.Session, error) {
			return runtime.NewSession(dir, set)
		},
		Source: stdlib.Module,
		Sandbox: command.Sandbox{
			Needed:   sandbox.Needed,
			Inside:   sandbox.Inside,
			Run:      sandbox.Run,
			Hold:     sandbox.Hold,
			Elevated: sandbox.Elevated,
		},
	}))
}
