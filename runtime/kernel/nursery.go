package kernel

import (
	"fmt"
	"sync"

	"github.com/vishvananda/netns"

	"vnet/runtime/host"
)

// fewForNursery is how many namespaces a queue makes one by one, on the way: so
// few are not worth threads of their own. keptReady is how many may wait for
// their names.
const (
	fewForNursery = 4
	keptReady     = 64
)

// A nursery makes namespaces ahead of the operations that name them, on two
// threads: making one takes the kernel long, and two at a time little longer.
// One without a name that nobody holds leaves nothing, so that what is made in
// vain needs no undo.
type nursery struct {
	ready chan newborn
	end   chan struct{}

	mu      sync.Mutex
	ordered int // so many are wanted,
	begun   int // so many made, or being made,
	given   int // and so many gone
	threads int // at work
	work    sync.WaitGroup
}

type newborn struct {
	sp  *space
	err error
}

// newNursery begins to make n namespaces.
func newNursery(n int) *nursery {
	y := &nursery{ready: make(chan newborn, keptReady), end: make(chan struct{})}
	y.order(n)
	return y
}

// order says that n are wanted in all.
func (y *nursery) order(n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.ordered = max(y.ordered, n)
	for y.threads < min(2, y.ordered-y.begun) {
		y.threads++
		y.work.Add(1)
		locked(y.make) // it ends inside a namespace, and so does its thread
	}
}

// begin takes an order; false when there is none.
func (y *nursery) begin() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.begun >= y.ordered {
		y.threads--
		return false
	}
	y.begun++
	return true
}

// make makes what is ordered. A thread without an order does not wait for one:
// it would keep the namespace that it is in alive.
func (y *nursery) make() {
	defer y.work.Done()
	for y.begin() {
		sp, err := newSpace()
		if err != nil { // before anybody hears of it, and waits for the next one
			y.cancel()
		}
		select {
		case y.ready <- newborn{sp, err}:
		case <-y.end:
			sp.close()
		}
	}
}

// cancel gives up what is not begun yet.
func (y *nursery) cancel() {
	y.mu.Lock()
	y.ordered = y.begun
	y.mu.Unlock()
}

// next gives a namespace; false when there will be no more, or, unless it is
// to wait, when none is ready.
func (y *nursery) next(wait bool) (b newborn, ok bool) {
	select {
	case b = <-y.ready:
	default:
		if !wait || !y.coming() {
			return b, false
		}
		b = <-y.ready
	}
	y.mu.Lock()
	y.given++
	y.mu.Unlock()
	return b, true
}

// coming reports whether there are some still to be given.
func (y *nursery) coming() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.given < y.ordered
}

// close ends it, and gives up what was made in vain.
func (y *nursery) close() {
	y.cancel()
	close(y.end)
	y.work.Wait()
	for {
		select {
		case b := <-y.ready:
			b.sp.close()
		default:
			return
		}
	}
}

// Expect begins to make n namespaces that are going to be asked for, in all
// since the last rest. Those that are not are given up when the host is closed
// or rests.
func (h *Host) Expect(n int) {
	h.applying.Lock()
	defer h.applying.Unlock()
	switch {
	case n <= 0:
	case h.nursery == nil:
		h.nursery = newNursery(n)
	default:
		h.nursery.order(n)
	}
}

// dismiss ends the nursery, if there is one. The caller holds h.applying.
func (h *Host) dismiss() {
	if h.nursery != nil {
		h.nursery.close()
		h.nursery = nil
	}
}

// newSpace makes a namespace, which the calling thread then is in, and opens
// what is needed of it.
func newSpace() (*space, error) {
	sp := &space{fd: netns.None(), made: true, pure: true, next: 2, links: map[string]int{"lo": 1}, near: map[string]bool{}}
	var err error
	if sp.fd, err = netns.New(); err != nil {
		return sp, &host.Error{Errno: errnoOf(err), Field: host.FieldNS, Kernel: rootWords(err), What: "make a namespace"}
	}
	return sp, furnish(sp)
}

// unnamed gives a new namespace; with a nursery that is not to be waited for,
// none while none is ready. A first one of many has the others made, too.
func (q *queue) unnamed(wait bool) (*space, error) {
	if q.h.nursery == nil {
		n := 0
		for _, op := range q.ops[q.at:] {
			if _, ok := op.(host.NamespaceAdd); ok {
				n++
			}
		}
		if n < fewForNursery {
			return q.oneMore(wait)
		}
		q.h.nursery = newNursery(n)
	}
	b, ok := q.h.nursery.next(wait)
	if ok {
		return b.sp, b.err
	}
	if wait { // all that were ordered are made
		q.h.dismiss()
	}
	return q.oneMore(wait)
}

func (q *queue) oneMore(wait bool) (*space, error) {
	if !wait {
		return nil, nil
	}
	return oneSpace()
}

// oneSpace makes a namespace on a thread of its own, which comes home.
func oneSpace() (sp *space, err error) {
	err = onThread(func() (bool, error) {
		home, err := netns.Get()
		if err != nil {
			return true, fmt.Errorf("the namespace vnet is in: %w", err)
		}
		defer home.Close()
		sp, err = newSpace()
		return netns.Set(home) == nil, err
	})
	return sp, err
}
