package kernel

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onThread runs f on a thread of its own and returns its error. When f says
// that it could not put the thread back to what it was, the thread dies.
//
// It is never the main thread: /proc/PID/ns and /proc/PID/mounts show that one
// to everybody.
func onThread(f func() (clean bool, err error)) error {
	done := make(chan error, 1)
	locked(func() {
		clean, err := f()
		if clean {
			runtime.UnlockOSThread()
		}
		done <- err
	})
	return <-done
}

// locked runs f on a goroutine that is locked to a thread which is not the
// main thread, and returns at once. The thread dies with f unless f unlocks it.
func locked(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		// Hold the main thread while the next goroutine finds another.
		away := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(away)
			f()
		}()
		<-away
		runtime.UnlockOSThread()
	}()
}
