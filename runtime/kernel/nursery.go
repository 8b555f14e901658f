package kernel

import (
	"fmt"
	"sync"

	"github.com/vishvananda/netns"

	"vnet/runtime/host"
)

// fewForNursery is how many namespaces are made one by one, on the way: so few
// are not worth threads of their own. keptReady is how many may wait for their
// names.
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
}

type newborn struct {
	sp  *space
	err error
}

// newNursery begins to make n namespaces.
func newNursery(n int) *nursery {
	y := &nursery{ready: make(chan newborn, keptReady), end: make(chan struct{})}
	orders := make(chan struct{}, n)
	for range n {
		orders <- struct{}{}
	}
	close(orders)
	var threads sync.WaitGroup
	threads.Add(2)
	for range 2 {
		locked(func() { // it ends inside a namespace, and so does its thread
			defer threads.Done()
			for range orders {
				sp, err := newSpace()
				select {
				case y.ready <- newborn{sp, err}:
				case <-y.end:
					sp.close()
					return
				}
				if err != nil {
					return
				}
			}
		})
	}
	go func() { threads.Wait(); close(y.ready) }()
	return y
}

// close ends it, and gives up what was made in vain.
func (y *nursery) close() {
	close(y.end)
	for b := range y.ready {
		b.sp.close()
	}
}

// newSpace makes a namespace, which the calling thread then is in, and opens
// what is needed of it.
func newSpace() (*space, error) {
	sp := &space{fd: netns.None(), made: true, next: 2, links: map[string]int{"lo": 1}, near: map[string]bool{}}
	var err error
	if sp.fd, err = netns.New(); err != nil {
		return sp, &host.Error{Errno: errnoOf(err), Field: host.FieldNS, Kernel: rootWords(err), What: "make a namespace"}
	}
	return sp, furnish(sp)
}

// unnamed gives a new namespace. A first one of many has the others made, too.
func (q *queue) unnamed() (*space, error) {
	if q.nursery == nil {
		n := 0
		for _, op := range q.ops[q.at:] {
			if _, ok := op.(host.NamespaceAdd); ok {
				n++
			}
		}
		if n < fewForNursery {
			return oneSpace()
		}
		q.nursery = newNursery(n)
	}
	b, ok := <-q.nursery.ready
	if !ok { // made in vain before an operation was tried again
		return oneSpace()
	}
	return b.sp, b.err
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
