// Package model is a host that keeps a network in memory. It answers as the
// kernel would, with the same refusals and the same consequences, so that a
// script can be rehearsed before the kernel is touched and without privileges.
// What is alive already it learns from another host when it is first named.
package model

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"syscall"

	"vnet/runtime/host"
)

// Options say what a Net knows when it begins.
type Options struct {
	Source  host.Looker // what is alive; nil: nothing is known
	Foreign bool        // a namespace nobody made is assumed to exist elsewhere
	// Elsewhere says what to do about an interface that the starting namespace
	// lacks because another network has it; nil: there is none.
	Elsewhere func(link string) (help string, ok bool)
}

// A Net is a network in memory. It implements host.Host.
type Net struct {
	opts Options

	mu      sync.Mutex
	spaces  map[string]*space
	absent  map[string]bool // asked of Source: no such namespace
	gone    map[string]bool // removed here, whatever Source says
	hidden  map[string]bool // of those: never looked at; see Hide
	alive   map[string]bool // asked of Source: there is one, of which nothing is known yet
	doubted map[string]bool // of those: a program may have changed them
	assumed []host.Key
	jr      *journal // what the operation at work has changed
	burying bool     // what it deletes can be brought back
}

// Elsewhere says what to do about an interface that is missing here and is part
// of another network; see Options.
func (n *Net) Elsewhere(space, link string) (help string, ok bool) {
	if n.opts.Elsewhere == nil || space != host.Start {
		return "", false
	}
	return n.opts.Elsewhere(link)
}

// New returns a network that holds what opts.Source shows.
func New(opts Options) *Net {
	return &Net{
		opts:   opts,
		spaces: map[string]*space{},
		absent: map[string]bool{},
		gone:   map[string]bool{},
		hidden: map[string]bool{},
		alive:  map[string]bool{}, doubted: map[string]bool{},
		jr: newJournal(),
	}
}

var _ host.Host = (*Net)(nil)

// Apply carries out ops in order. After the first refusal the rest are
// skipped.
func (n *Net) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	n.mu.Lock()
	defer n.mu.Unlock()
	results := make([]host.Result, len(ops))
	failed := false
	for i, op := range ops {
		if failed || ctx.Err() != nil {
			results[i].Skipped = true
			continue
		}
		results[i].Undo, results[i].Err = n.apply(op)
		if buried := n.jr.buried; results[i].Err == nil && len(buried) > 0 {
			results[i].Final = []host.Op{host.LinkPurge{Tombs: buried}}
		}
		if results[i].Err == nil && intend != nil {
			// Memory dies with its program: before and after are the same to it.
			results[i].Err = intend([]host.Intention{{At: i, Undo: results[i].Undo}})
		}
		failed = results[i].Err != nil
	}
	return results
}

// apply does one operation whole or not at all, and finds what undoes it.
func (n *Net) apply(op host.Op) ([]host.Op, error) {
	n.jr = newJournal()
	if err := n.do(op); err != nil {
		n.jr.revert()
		return nil, err
	}
	if undo, simple := n.simpleUndo(op); simple {
		return undo, nil
	}
	return n.findUndo(n.jr), nil
}

// do carries op out. What it changed before a refusal is in the journal.
func (n *Net) do(op host.Op) error {
	switch o := op.(type) {
	case host.NamespaceAdd:
		return n.namespaceAdd(o)
	case host.NamespaceAdopt:
		return n.namespaceAdopt(o)
	case host.NamespaceDel:
		return n.namespaceDel(o)
	case host.LinkAdd:
		return n.linkAdd(o)
	case host.LinkDel:
		return n.linkDel(o)
	case host.LinkPurge:
		return n.linkPurge(o)
	case host.LinkSet:
		return n.linkSet(o)
	case host.LinkMove:
		return n.linkMove(o)
	case host.AddrSet:
		return n.addrSet(o)
	case host.RouteSet:
		return n.routeSet(o)
	case host.RuleSet:
		return n.ruleSet(o)
	case host.NeighSet:
		return n.neighSet(o)
	case host.SysctlSet:
		return n.sysctlSet(o)
	case host.HostsAdd:
		return n.hostsAdd(o)
	case host.DNSSet:
		return n.dnsSet(o)
	case host.FileRestore:
		return n.fileRestore(o)
	case host.GroupAdd, host.GroupKill:
		return nil // no program runs here
	}
	return &host.Error{Op: op, Errno: syscall.EOPNOTSUPP, What: fmt.Sprintf("operation %T", op)}
}

// refuse makes the error of an operation: the thing, and the kernel's answer.
func refuse(op host.Op, errno syscall.Errno, field host.Field, what string, args ...any) *host.Error {
	return &host.Error{Op: op, Errno: errno, Field: field, What: fmt.Sprintf(what, args...)}
}

// Namespaces lists the namespaces that are known, sorted.
func (n *Net) Namespaces(ctx context.Context) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	names := map[string]bool{}
	if n.opts.Source != nil {
		alive, err := n.opts.Source.Namespaces(ctx)
		if err != nil && !errors.Is(err, host.ErrUnknown) {
			return nil, err
		}
		for _, name := range alive {
			names[name] = !n.gone[name]
		}
	}
	for name := range n.spaces {
		names[name] = true
	}
	delete(names, host.Start)
	maps.DeleteFunc(names, func(_ string, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(names)), nil
}

// Exists reports whether a namespace is known to be there.
func (n *Net) Exists(_ context.Context, ns string) (bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return ns == host.Start || n.exists(ns), nil
}

// State shows one namespace. Of one that is not known to the last it returns
// what is known, with host.ErrUnknown.
func (n *Net) State(_ context.Context, ns string) (*host.State, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.space(ns)
	if s == nil {
		return nil, &host.Error{Errno: syscall.ENOENT, Field: host.FieldNS, What: "namespace " + ns}
	}
	if s.opaque {
		return n.snapshot(s), host.ErrUnknown
	}
	return n.snapshot(s), nil
}

// Sysctl returns what the script wrote; what it did not, is unknown.
func (n *Net) Sysctl(ctx context.Context, ns, key string) (string, error) {
	n.mu.Lock()
	s := n.space(ns)
	if s == nil {
		n.mu.Unlock()
		return "", &host.Error{Errno: syscall.ENOENT, Field: host.FieldNS, What: "namespace " + ns}
	}
	value, known := s.sysctls[sysctlKey(key)]
	loaded := s.loaded
	n.mu.Unlock()
	switch {
	case known:
		return value, nil
	case loaded && n.opts.Source != nil:
		return n.opts.Source.Sysctl(ctx, ns, key)
	}
	return "", host.ErrUnknown
}

// Exec is unknown: no program runs here.
func (n *Net) Exec(context.Context, *host.Cmd) (host.Exit, error) {
	return host.Exit{}, host.ErrUnknown
}

// Spawn is unknown: no program runs here.
func (n *Net) Spawn(context.Context, *host.Cmd) (host.Program, error) {
	return nil, host.ErrUnknown
}

// Listeners is unknown: no program runs here.
func (n *Net) Listeners(context.Context, string, int) ([]uint64, error) {
	return nil, host.ErrUnknown
}

// Ping is unknown: no packet travels here.
func (n *Net) Ping(context.Context, host.Echo) (host.EchoReport, error) {
	return host.EchoReport{}, host.ErrUnknown
}

// Connect is unknown: nobody listens here.
func (n *Net) Connect(context.Context, host.Dial) error { return host.ErrUnknown }

// Trace is unknown: no packet travels here.
func (n *Net) Trace(context.Context, string, netip.Addr) ([]netip.Addr, error) {
	return nil, host.ErrUnknown
}

// Close has nothing to give back.
func (n *Net) Close() error { return nil }

// Assumed lists the namespaces and links that nobody made and that were taken
// to exist elsewhere, in the order they were met.
func (n *Net) Assumed() []host.Key {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.assumed)
}

// Invalidate says that a program may have changed a namespace behind the
// model's back: what it holds is loaded again when next looked at. Without a
// Source it becomes opaque: what is known stays, anything else may be there.
func (n *Net) Invalidate(ns string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.absent)
	clear(n.alive)
	if n.opts.Source == nil {
		if s := n.spaces[ns]; s != nil {
			s.opaque = true
		}
		return
	}
	clear(n.gone)
	if s := n.spaces[ns]; s != nil {
		n.forget(s)
	}
}

// Doubt says that a program will change a namespace in a way nobody can tell:
// what is known of it stays, and anything else may be there.
func (n *Net) Doubt(ns string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.spaces[ns]; s == nil && n.exists(ns) && n.spaces[ns] == nil {
		n.doubted[ns] = true // nobody has asked yet what it holds
	} else if s = n.space(ns); s != nil {
		s.opaque = true
	}
}
