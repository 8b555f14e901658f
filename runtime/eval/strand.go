package eval

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// strands are the goroutines of a statement that does several things at once.
// A panic in one of them goes on in the goroutine that waits for them, and so
// reaches the door, where it is turned into an error and rolled back.
type strands struct {
	group sync.WaitGroup

	mu     sync.Mutex
	panics string // of the first that did, with its stack
}

// start runs do at the same time; stop is called when it panics.
func (s *strands) start(do, stop func()) {
	s.group.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				s.mu.Lock()
				if s.panics == "" {
					s.panics = fmt.Sprintf("%v\n%s", p, debug.Stack())
				}
				s.mu.Unlock()
				stop()
			}
		}()
		do()
	})
}

// wait waits for all of them.
func (s *strands) wait() {
	s.group.Wait()
	if s.panics != "" {
		panic(s.panics)
	}
}
