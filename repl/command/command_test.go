package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/repl"
	"vnet/runtime"
	"vnet/runtime/doctor"
	"vnet/runtime/dump"
	"vnet/runtime/graph"
	"vnet/runtime/host"
	"vnet/runtime/kernel/kerneltest"
	"vnet/runtime/path"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "vnet" {
		kerneltest.HeedSignals()
	}
	testscript.Main(m, map[string]func(){
		"vnet": func() { os.Exit(Main(context.Background(), os.Args[1:], Standard(), fake())) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(env *testscript.Env) error { env.Setenv("LANG", "C.UTF-8"); return nil },
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"status": cmdStatus, "fifo": cmdFIFO},
	})
}

// cmdStatus runs a command and compares its exit status:  status 3 vnet x
func cmdStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if err != nil {
		var exit interface{ ExitCode() int }
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if got := fmt.Sprint(code); got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func cmdFIFO(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(syscall.Mkfifo(ts.MkAbs(args[0]), 0o600))
}

// A fakeSession carries out each entry as a script of its own.
type fakeSession struct {
	repl.Session // what it is not asked for
	set          runtime.Settings
}

func (fakeSession) Transaction() (int, bool)                       { return 0, false }
func (fakeSession) Entered() bool                                  { return false }
func (fakeSession) Watch()                                         {}
func (fakeSession) Leave() bool                                    { return false }
func (fakeSession) Alive() *runtime.Alive                          { return &runtime.Alive{} }
func (fakeSession) Program(context.Context, string) (string, bool) { return "", false }

func (s fakeSession) Do(ctx context.Context, name, text string) *runtime.Report {
	return run(ctx, runtime.Script{Name: name, Text: text}, s.set)
}

func (fakeSession) Close() error { return nil }

// A fakeListener has two frames for the first interface.
type fakeListener []host.Tap

func (l fakeListener) Taps() []host.Tap { return l }
func (fakeListener) Close()             {}
func (l fakeListener) Read(_ context.Context, see func(int, host.Frame) error) error {
	l[0].Dropped = 3
	for range 2 {
		if err := see(0, host.Frame{Data: make([]byte, 60), Size: 60}); err != nil {
			return err
		}
	}
	return nil
}

// fake is an engine whose scripts say, a line each, what is to be reported.
func fake() Engine {
	e := Engine{
		Check: func(_ context.Context, s runtime.Script) diag.List { return findings(s) },
		Plan: func(_ context.Context, s runtime.Script) (runtime.Planned, diag.List) {
			return runtime.Planned{Steps: somePlan(s)}, findings(s)
		},
		Run: run,
		Format: func(name, src string) (string, diag.List) {
			if list := findings(runtime.Script{Name: name, Text: src}); list.Failed() {
				return src, list
			}
			return strings.ReplaceAll(src, "  ", " "), nil
		},
		Session: func(_ string, set runtime.Settings) (Session, error) { return fakeSession{set: set}, nil },
		Source:  func(name string) (string, bool) { return "def mesh() {}\n", name == "std/topo" },
		Graph: func(_ context.Context, s runtime.Script) (*graph.Graph, diag.List) {
			if list := findings(s); list.Failed() {
				return nil, list
			}
			return someGraph(s.Text), findings(s)
		},
		GraphAlive: func(context.Context, string) (*graph.Graph, diag.List) {
			return nil, diag.List{diag.New(diag.NeedsPrivilege, token.Span{}, "looking into namespaces needs root")}
		},
		Listen: func(_ context.Context, ends []host.End) (runtime.Listener, diag.List) {
			if ends[0].NS == "h9" {
				return nil, diag.List{diag.New(diag.UnknownNamespace, token.Span{}, "no namespace `h9`")}
			}
			l := fakeListener{}
			for _, e := range ends {
				l = append(l, host.Tap{End: e, LinkType: 1})
			}
			return l, nil
		},
		WhyAlive: func(_ context.Context, q path.Query) (*runtime.Why, diag.List) {
			if q.From == "h9" {
				return nil, diag.List{diag.New(diag.UnknownNamespace, token.Span{}, "no namespace `h9`")}
			}
			w := &runtime.Why{Report: &path.Report{From: q.From, To: q.To, Steps: []path.Step{}, Doubts: []path.Finding{}}, Answered: q.Port == 80}
			if !w.Answered {
				w.Stop = &path.Finding{NS: "r", Cause: path.NotRouting, What: "r does not forward", Repair: "in r forward on"}
			}
			return w, nil
		},
		Dump: func(_ context.Context, spaces []string, opts dump.Options) (string, diag.List) {
			if slices.Contains(spaces, "rigth") {
				return "", diag.List{diag.New(diag.UnknownNamespace, token.Span{}, "no namespace `rigth`").WithHelp("did you mean `right`?")}
			}
			return fmt.Sprintln("ns", strings.Join(spaces, " "), opts.MACs), nil
		},
		IP: func(op host.Op) []string { return []string{"ip " + op.String()} },
	}
	withNames(&e)
	return e
}

// withNames has something be alive, and something work.
func withNames(e *Engine) {
	e.Labs = func() ([]runtime.Lab, diag.List) {
		return []runtime.Lab{{Name: "office", Script: "office.vnet", Spaces: []runtime.LabSpace{{Name: "left", There: true}},
			Programs: []runtime.LabProgram{{Name: "web", Log: "web.log", PIDs: []int{412}}, {PIDs: []int{413}}}}, {Name: "home", Script: "home.vnet"}}, nil
	}
	e.FindLab = func(word string) (string, diag.List) { return strings.TrimSuffix(word, ".vnet"), nil }
	e.Namespaces = func(context.Context) []string { return []string{"left", "other"} }
	e.Links = func(_ context.Context, ns string) []host.Link {
		return []host.Link{{NS: ns, Name: "eth0", Kind: "veth"}, {NS: ns, Name: "lo", Kind: "loopback"}}
	}
	e.Awaiting = func() []string { return []string{"remote"} }
	e.Examine = func(context.Context, doctor.Self) []doctor.Finding { return someFindings }
}

// someFindings are of a machine where scripts run, though not everything works.
var someFindings = []doctor.Finding{
	{Group: "this machine", Name: "kernel", State: doctor.Works, Needed: true, Detail: "Linux 6.1"},
	{Group: "this machine", Name: "control groups", State: doctor.Partly, Detail: "programs are known by a mark in their environment, and one that wipes it is lost sight of"},
	{Group: "interfaces", Name: "veth", State: doctor.Works, Needed: true},
	{Group: "interfaces", Name: "ifb", State: doctor.Fails, Why: &doctor.Problem{
		Code: diag.RefusedUnsupported, Summary: "this kernel has no ifb interfaces", Kernel: "Unknown device type (EOPNOTSUPP)", Help: []string{"where the machine has it as a module: sudo modprobe ifb"}}},
}

// findings complains about every line that begins with bad or odd.
func findings(s runtime.Script) diag.List {
	var list diag.List
	for i, line := range strings.Split(s.Text, "\n") {
		word, _, _ := strings.Cut(line, " ")
		switch at := spanOf(s, i, line); word {
		case "bad":
			list = append(list, diag.New("V1002", at, "no namespace `rigth`").WithLabel("not created before this line").WithHelp("did you mean `right`?"))
		case "odd":
			list = append(list, diag.Warn("V1003", at, "odd"))
		}
	}
	return list
}

func spanOf(s runtime.Script, i int, line string) token.Span {
	at := token.Pos{Filename: s.Name, Offset: i, Line: i + 1, Column: 1}
	end := at
	end.Column = 1 + len([]rune(line))
	return token.Span{Pos: at, End: end}
}

// someGraph has a node for each line.
func someGraph(text string) *graph.Graph {
	g := &graph.Graph{}
	for line := range strings.Lines(text) {
		word := strings.TrimSpace(strings.TrimPrefix(line, "ns "))
		g.Nodes = append(g.Nodes, graph.Node{ID: word, Kind: graph.Namespace, Namespace: word, Name: word})
	}
	return g
}

func somePlan(s runtime.Script) []runtime.Step {
	if strings.Contains(s.Text, "nothing") {
		return nil
	}
	addr := func(ns, link, prefix string) host.Op {
		return host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: ns, Link: link, Prefix: netip.MustParsePrefix(prefix)}}
	}
	mtu := 1400
	var steps []runtime.Step
	for i, op := range []host.Op{
		host.NamespaceAdd{Name: "left"},
		host.NamespaceAdd{Name: "right"},
		host.LinkAdd{
			Link: host.Link{NS: "left", Name: "eth0", Kind: "veth", Up: true, MTU: 1400},
			Peer: &host.Link{NS: "right", Name: "eth0", Kind: "veth", Up: true},
		},
		addr("left", "eth0", "10.0.0.1/24"),
		addr("right", "eth0", "10.0.0.2/24"),
		addr("old", "eth0", "10.0.0.3/24"),
		host.LinkSet{NS: "old", Name: "eth0", MTU: &mtu},
		host.RouteSet{Verb: host.Change, Route: host.Route{NS: "old", Dest: netip.MustParsePrefix("0.0.0.0/0"), Dev: "eth0"}},
		host.LinkDel{NS: "old", Name: "eth1"},
		host.NamespaceDel{Name: "older"},
	} {
		steps = append(steps, runtime.Step{Op: op, At: spanOf(s, i, "line")})
	}
	return steps
}

// run carries out the lines of a script; what they are is in the switch.
func run(ctx context.Context, s runtime.Script, set runtime.Settings) *runtime.Report {
	r := &runtime.Report{Elapsed: 12 * time.Millisecond}
	if set.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, set.Timeout)
		defer cancel()
	}
	if r.Diags = findings(s); r.Diags.Failed() {
		r.Ending = runtime.Invalid
		return r
	}
	for i, line := range strings.Split(s.Text, "\n") {
		at := spanOf(s, i, line)
		if set.Progress != nil {
			set.Progress(runtime.Progress{At: at, Text: line, Done: i})
		}
		if ctx.Err() != nil || obey(ctx, line, at, s, set, r) {
			break
		}
	}
	if ctx.Err() != nil {
		interrupted(ctx, r)
	}
	return r
}

// obey does one line and reports whether the run is over.
func obey(ctx context.Context, line string, at token.Span, s runtime.Script, set runtime.Settings, r *runtime.Report) bool {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "out":
		fmt.Fprintln(set.Stdout, os.Expand(rest, func(k string) string { return s.Args[k] }))
	case "part":
		fmt.Fprint(set.Stdout, rest)
	case "err":
		fmt.Fprintln(set.Stderr, rest)
	case "flood":
		for i := range 100000 {
			fmt.Fprintln(set.Stdout, i)
		}
	case "cat":
		if set.Stdin != nil {
			_, _ = io.Copy(set.Stdout, set.Stdin)
		}
	case "step":
		if set.Trace != nil {
			set.Trace(runtime.Step{Op: host.NamespaceAdd{Name: rest}, At: at})
		}
	case "wait":
		d, _ := time.ParseDuration(rest)
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	case "made":
		r.Made = map[string]int{"namespace": 2, "veth": 1, "address": 2}
		r.Checks, r.Programs = 1, 1
	case "lab":
		r.Lab = rest
	case "file":
		if err := os.WriteFile(rest, []byte("kept\n"), 0o666); err != nil {
			panic(err)
		}
	case "fail", "expect", "left", "denied", "first":
		d := diag.New(diag.Refused, at, "cannot do `%s`", rest)
		d.Kernel = "mtu greater than device maximum (EINVAL)"
		r.Diags = append(r.Diags, d)
		r.RolledBack, r.Undone, r.UndoTime = true, 4, 11*time.Millisecond
		r.Outside = append(r.Outside, "exec at "+s.Name+":4")
		return over(word, r)
	}
	return false
}

func over(word string, r *runtime.Report) bool {
	switch word {
	case "fail":
		r.Ending = runtime.Failed
	case "expect":
		r.Ending = runtime.Unexpected
	case "denied":
		r.Ending = runtime.Forbidden
	case "first":
		r.Ending, r.RolledBack, r.Undone, r.Outside = runtime.Failed, false, 0, nil
	case "left":
		r.Ending = runtime.Incomplete
		r.Left = []string{"link r1:eth0: device or resource busy (EBUSY)", "namespace \x1b[2J"}
	}
	return true
}

func interrupted(ctx context.Context, r *runtime.Report) {
	r.RolledBack, r.Undone, r.UndoTime = true, 1, time.Millisecond
	var s runtime.Signal
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.DeadlineExceeded):
		r.Ending = runtime.TimedOut
	case errors.As(cause, &s) && s.Signal == os.Interrupt:
		r.Ending = runtime.Interrupted
	default:
		r.Ending = runtime.Terminated
	}
}
