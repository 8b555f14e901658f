// Package trial carries out the tests of scripts, several at a time, and says
// what came of them in the forms that people and other programs read.
package trial

import (
	"context"
	"sync"
	"time"
)

// A Test is one block of a script.
type Test struct {
	File string
	Name string
	Line int // 0 if not known
}

// A State is what came of a test.
type State int

const (
	NotRun State = iota // somebody wanted an end before its turn came
	Passed
	Failed
)

// String gives the word for it.
func (s State) String() string { return [...]string{"not run", "passed", "failed"}[s] }

// A Failure is why a test failed.
type Failure struct {
	Code    string `json:"code,omitempty"` // of the message: V4002
	Summary string `json:"summary"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Text    string `json:"text,omitempty"` // the whole message, with the line that failed
}

// A Result is what is known of a test at its end.
type Result struct {
	Test
	State   State
	Elapsed time.Duration
	Output  string // what the script and its programs printed
	Failure *Failure
}

// A Tally counts results.
type Tally struct {
	Passed, Failed, NotRun int
	Elapsed                time.Duration
}

// Total is how many tests there were.
func (t Tally) Total() int { return t.Passed + t.Failed + t.NotRun }

// Run carries tests out with do, at most jobs at a time, and hands each result
// to report in the order of the tests. When ctx ends, do is to come back soon;
// the tests whose turn has not come are not run.
func Run(ctx context.Context, tests []Test, jobs int, do func(context.Context, Test) Result, report func(Result)) Tally {
	began := time.Now()
	done := make([]chan Result, len(tests))
	for i := range done {
		done[i] = make(chan Result, 1)
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, min(jobs, len(tests))) {
		workers.Go(func() {
			for i := range next {
				if ctx.Err() != nil {
					done[i] <- Result{Test: tests[i]}
					continue
				}
				done[i] <- do(ctx, tests[i])
			}
		})
	}
	go func() {
		for i := range tests {
			next <- i
		}
		close(next)
	}()
	var t Tally
	for i := range tests {
		r := <-done[i]
		switch r.State {
		case Passed:
			t.Passed++
		case Failed:
			t.Failed++
		default:
			t.NotRun++
		}
		report(r)
	}
	workers.Wait()
	t.Elapsed = time.Since(began)
	return t
}
