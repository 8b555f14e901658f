// Package kernel is the host.Host that is Linux: netlink(7) and
// network_namespaces(7), in process, with nothing forked but the programs a
// script runs.
//
// Each namespace has a space: its descriptor, a netlink connection opened on
// first use, and a thread for programs, made on first use. Operations become
// netlink messages in a queue; messages that only create things go out
// together, and everything that changes or removes what was there before goes
// alone, when all before it are acknowledged.
package kernel

import (
	"context"
	"sync"
	"sync/atomic"

	"vnet/runtime/host"
)

// A Host is the running kernel's network.
type Host struct {
	applying sync.Mutex   // one writer
	nursery  *nursery     // of namespaces that are to be named; nil for none
	life     sync.RWMutex // read: descriptors are in use; write: they may be closed

	mu      sync.Mutex // guards what is below
	spaces  map[string]*space
	stale   []*space // no longer what their name says
	ready   bool     // /run/netns is there and shared
	names   roll     // the named namespaces; empty when not known
	lastMet string   // the neighbour found last
	learnt  bool     // an operation may have taught a space an index
	edits   map[string]int

	roaming atomic.Pointer[portal] // the one that was made last and may move

	broods map[string]*brood    // groups of programs, by ID
	place  cgroupPlace          // of their cgroups
	trees  []cgroupTree         // that are to be tried where that one is of no use
	looked bool                 // these two are known
	last   *brood               // the one an Exec was last in
	logs   map[string]*follower // by path
	closed bool

	failpoint func(string) // of tests: told of each step that may be the last
}

var _ host.Host = (*Host)(nil)

// New returns the kernel's network. It opens nothing: what is not used costs
// nothing.
func New() (*Host, error) {
	return &Host{spaces: map[string]*space{}, edits: map[string]int{},
		broods: map[string]*brood{}, logs: map[string]*follower{}}, nil
}

// Close gives back descriptors and threads. The network stays, and so do the
// programs in the background.
func (h *Host) Close() error {
	h.leavePrograms()
	h.Rest()
	return nil
}

// Rest gives back descriptors and threads until they are needed again: an open
// descriptor keeps a namespace alive that others delete.
func (h *Host) Rest() {
	h.applying.Lock()
	defer h.applying.Unlock()
	h.dismiss()
	h.life.Lock()
	defer h.life.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, sp := range h.spaces {
		sp.close()
		delete(h.spaces, name)
	}
	h.closeStale()
	h.names = roll{}
}

func (h *Host) closeStale() {
	for _, sp := range h.stale {
		sp.close()
	}
	h.stale = nil
}

// Apply carries out ops in order: see host.Host.
func (h *Host) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	h.applying.Lock()
	defer h.applying.Unlock()
	q := newQueue(h, ops)
	q.intend = intend
	h.changed()
	defer h.changed() // a program that ended meanwhile had us forget
	q.run(ctx)
	if q.failed >= 0 {
		h.dismiss()
	}
	return q.results
}

// changed notes that operations are, or were, at work.
func (h *Host) changed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names, h.learnt = roll{}, true
}

// point says that a program may end here, and all must be well still.
func (h *Host) point(step string) {
	if h.failpoint != nil {
		h.failpoint(step)
	}
}
