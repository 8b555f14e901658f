// Package doctor finds out what vnet can do on this machine. Nothing is
// guessed: each thing is done, by a script of vnet or by what carries scripts
// out, in namespaces that are thrown away, and nothing of it stays.
package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime"
	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/sandbox"
)

// A State is how something works.
type State string

// The states.
const (
	Works  State = "ok"
	Partly State = "partly" // otherwise than it should
	Fails  State = "no"
)

// The groups of findings.
const (
	machine    = "this machine"
	network    = "networks"
	interfaces = "interfaces"
	programs   = "programs that scripts call"
)

// A Finding is what came of trying one thing.
type Finding struct {
	Group  string   `json:"group"`
	Name   string   `json:"name"`
	State  State    `json:"state"`
	Needed bool     `json:"needed"`            // without it no script can be run
	Detail string   `json:"detail,omitempty"`  // what was found
	Why    *Problem `json:"problem,omitempty"` // why it fails
}

// A Problem is why something fails, as vnet says it when a script meets it.
type Problem struct {
	Code    diag.Code `json:"code"`
	Summary string    `json:"summary"`
	Kernel  string    `json:"kernel,omitempty"` // the kernel's own words, or those of the program
	Help    []string  `json:"help,omitempty"`
}

// found makes a finding of a trouble, or of none.
func found(group, name, detail string, why *diag.Diagnostic) Finding {
	if why != nil {
		return Finding{Group: group, Name: name, State: Fails, Why: &Problem{why.Code, why.Summary, why.Kernel, why.Help}}
	}
	return Finding{Group: group, Name: name, State: Works, Detail: detail}
}

// The words by which a process that is started for it knows what to try.
const (
	tryInside = "inside" // what works in a machine of its own, which it is to furnish
	tryGroups = "groups" // the same, with control groups, which are not to be had elsewhere
	tryUser   = "user"   // whether this user may have such a machine
)

// A Self prepares a call of vnet itself that calls Try with a word.
type Self func(ctx context.Context, what string) *exec.Cmd

// Examine tries everything.
func Examine(ctx context.Context, self Self) []Finding {
	if sandbox.Needed() {
		inside, why := ask(self(ctx, tryGroups), sandbox.Attributes())
		private := found(machine, "private networks", "scripts of this user are run in one", why)
		return append([]Finding{release(), rights(), place(), needed(private)}, inside...)
	}
	inside, why := ask(self(ctx, tryInside), sandbox.Attributes())
	private := found(machine, "private networks", "for vnet test and --isolated", why)
	others, why := ask(self(ctx, tryUser), nobody())
	if why != nil {
		others = []Finding{found(machine, ordinary, "", why)}
	}
	return slices.Concat([]Finding{release(), rights(), place(), private}, others, []Finding{cgroup()}, inside)
}

const ordinary = "ordinary users"

// nobody has a process be that of a user without any rights.
func nobody() *syscall.SysProcAttr {
	const id = 65534
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}, Pdeathsig: syscall.SIGKILL}
}

// ask starts a process that tries things, and reads what it found.
func ask(cmd *exec.Cmd, attr *syscall.SysProcAttr) (out []Finding, why *diag.Diagnostic) {
	cmd.SysProcAttr = attr
	text, err := sandbox.Attempt(cmd)
	if err != nil {
		return nil, sandbox.Explain(err).Diagnostic()
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, diag.New(diag.Bug, token.Span{}, "the process that was to try it out told nothing: %s", err)
	}
	return out, nil
}

// Try is what such a process does. What it returns is to be printed as JSON.
func Try(ctx context.Context, what string, self Self) ([]Finding, error) {
	switch what {
	case tryInside, tryGroups:
		if err := sandbox.Furnish(); err != nil {
			return nil, err
		}
		var out []Finding
		if what == tryGroups {
			out = append(out, cgroup())
		}
		return append(out, inside(ctx)...), nil
	case tryUser:
		_, why := ask(self(ctx, tryInside), sandbox.Attributes())
		return []Finding{found(machine, ordinary, "may have private networks", why)}, nil
	}
	return nil, errors.New("nothing of that name can be tried")
}

// release tells the kernel by what it can: the identity of namespaces is the
// newest thing that vnet cannot do without.
func release() Finding {
	var u unix.Utsname
	_ = unix.Uname(&u)
	version := "Linux " + unix.ByteSliceToString(u.Release[:])
	f := found(machine, "kernel", version, nil)
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
		defer unix.Close(fd)
		if _, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE); err != nil {
			f = found(machine, "kernel", "", diag.New(diag.KernelLacks, token.Span{}, "%s does not tell namespaces apart: %s", version, err).
				WithHelp("Linux 5.14 or newer does"))
		}
	}
	f.Needed = true
	return f
}

// rights says which network scripts of this user work on.
func rights() Finding {
	if !sandbox.Needed() {
		return found(machine, "its network", "scripts may change it: this is root", nil)
	}
	return found(machine, "its network", "", diag.New(diag.NeedsPrivilege, token.Span{}, "only root may change it; scripts are run in a private network").
		WithHelp("to change it: sudo vnet …"))
}

// place tries where the journals of transactions are, or the socket that leads
// to the private network of an ordinary user, in which the journals are.
func place() Finding {
	if sandbox.Needed() {
		dir, err := sandbox.Place()
		var t *sandbox.Trouble
		switch {
		case errors.As(err, &t):
			return needed(found(machine, "sandbox", "", t.Diagnostic()))
		case err != nil:
			return needed(found(machine, "sandbox", "", diag.New(diag.MachineLacks, token.Span{}, "there is no place for its socket: %s", err)))
		}
		return needed(found(machine, "sandbox", "is found by its socket in "+dir, nil))
	}
	return needed(found(machine, "journals", "in "+journal.Root, runtime.TryJournal()))
}

func needed(f Finding) Finding {
	f.Needed = true
	return f
}

// cgroup tries whether programs can be held together by a control group, or
// known by a namespace.
func cgroup() Finding {
	f := Finding{Group: machine, Name: "control groups", State: Works}
	dir, err := kernel.TryCgroup()
	if err == nil {
		f.Detail = "programs and all they start are known by their group in " + dir
		return f
	}
	f.Detail = fmt.Sprintf("programs and all they start are known by a cgroup namespace: %s", err)
	if why := kernel.TryBadge(); why != nil {
		f.State = Partly
		f.Detail = fmt.Sprintf("programs are known by a mark in their environment, and one that wipes it is lost sight of: %s; no cgroup namespace: %s", err, why)
	}
	return f
}

// A trial is a script that does one thing.
type trial struct {
	group, name string
	script      string
	needed      bool
	help        string // what may help where the machine lacks it
}

// run carries a trial out and takes everything down again.
func (t trial) run(ctx context.Context, run func(context.Context, runtime.Script, runtime.Settings) *runtime.Report) Finding {
	var said strings.Builder
	r := run(ctx, runtime.Script{Name: t.name, Text: t.script}, runtime.Settings{Stderr: &said, Timeout: 10 * time.Second, Remove: true})
	var why *diag.Diagnostic
	if r.Ending != runtime.Done {
		why = diag.New(diag.MachineLacks, token.Span{}, "it is not done")
	}
	for _, d := range r.Diags.Tidy() {
		if why != nil && d.Severity == diag.Error {
			why = diag.New(d.Code, token.Span{}, "%s", d.Summary)
			why.Kernel = cmp.Or(d.Kernel, lastLine(d.Output), lastLine(said.String()))
			break
		}
	}
	if why != nil {
		why.WithHelp("%s", t.help)
	}
	f := found(t.group, t.name, "", why)
	f.Needed = t.needed
	return f
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
