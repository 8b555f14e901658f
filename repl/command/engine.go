package command

import (
	"context"

	"vnet/lang/diag"
	"vnet/lang/format"
	"vnet/runtime"
	"vnet/runtime/doctor"
	"vnet/runtime/dump"
	"vnet/runtime/graph"
	"vnet/runtime/host"
	"vnet/runtime/path"
	"vnet/runtime/sandbox"
	"vnet/stdlib"
)

// An Engine does the work behind the commands. A nil function is one that this
// build does not have.
type Engine struct {
	Check   func(context.Context, runtime.Script) diag.List
	Plan    func(context.Context, runtime.Script) (runtime.Planned, diag.List)
	Run     func(context.Context, runtime.Script, runtime.Settings) *runtime.Report
	Format  func(name, src string) (string, diag.List)
	Recover func(context.Context) (*runtime.Recovery, diag.List)
	// Labs lists what is up, FindLab finds the one that a word means, Down takes
	// one down.
	Labs    func() ([]runtime.Lab, diag.List)
	FindLab func(word string) (called string, trouble diag.List)
	Down    func(ctx context.Context, lab string, set runtime.Settings) *runtime.TakenDown
	// Exec runs a program in a namespace and returns its status.
	Exec func(ctx context.Context, ns string, argv, env []string, set runtime.Settings) (status int, trouble diag.List)
	// Namespaces and Links list what there is by its name, Awaiting the labs that
	// wait to be confirmed, for who is typing one.
	Namespaces func(context.Context) []string
	Links      func(ctx context.Context, ns string) []host.Link
	Awaiting   func() []string
	// Confirm keeps a lab that waits to be confirmed.
	Confirm func(ctx context.Context, lab string) (confirmed string, trouble diag.List)
	// Guard starts the process that watches over a transaction, StandGuard is
	// what it does when the one whose number is pid is gone.
	Guard      func(dir string) (stop func())
	StandGuard func(ctx context.Context, dir, pid string)
	// Session is what is behind the prompt.
	Session func(dir string, set runtime.Settings) (Session, error)
	IP      func(host.Op) []string // the lines of ip(8) that do the same
	// Graph draws the network of a script, GraphAlive what is there, or of that
	// what a lab is about.
	Graph      func(context.Context, runtime.Script) (*graph.Graph, diag.List)
	GraphAlive func(ctx context.Context, lab string) (*graph.Graph, diag.List)
	// Dump writes what is alive as a script: these namespaces, or all.
	Dump func(ctx context.Context, spaces []string, opts dump.Options) (string, diag.List)
	// Listen listens to interfaces that are alive.
	Listen func(context.Context, []host.End) (runtime.Listener, diag.List)
	// WhyAlive follows a packet over what is alive.
	WhyAlive func(context.Context, path.Query) (*runtime.Why, diag.List)
	// Examine finds out what this machine can do, Try is what the processes do
	// that it starts.
	Examine func(context.Context, doctor.Self) []doctor.Finding
	Try     func(ctx context.Context, what string, self doctor.Self) ([]doctor.Finding, error)
	Source  func(module string) (text string, ok bool) // modules that are no files
	// Sandbox is where commands run that may not touch the real network.
	Sandbox Sandbox
}

// Kernel is the engine of this machine's own network.
func Kernel() Engine {
	return Engine{
		Check: runtime.Check, Plan: runtime.Plan, Run: runtime.Run, Format: format.Source, IP: host.IP, Source: stdlib.Module,
		Graph: runtime.Graph, GraphAlive: runtime.GraphAlive, Dump: runtime.Dump, WhyAlive: runtime.WhyAlive, Listen: runtime.Listen,
		Labs: runtime.Labs, FindLab: runtime.FindLab, Down: runtime.Down, Exec: runtime.Exec, Confirm: runtime.Confirm,
		Namespaces: runtime.Namespaces, Links: runtime.Links, Awaiting: runtime.Awaiting,
		Examine: doctor.Examine, Try: doctor.Try,
		Recover: runtime.Recover, Guard: runtime.Guarded("/proc/self/exe", "guard"), StandGuard: runtime.StandGuard,
		Session: func(dir string, set runtime.Settings) (Session, error) { return runtime.NewSession(dir, set) },
		Sandbox: Sandbox{Needed: sandbox.Needed, Inside: sandbox.Inside, Run: sandbox.Run, Hold: sandbox.Hold, Outward: sandbox.RunOutward, Elevated: sandbox.Elevated},
	}
}
