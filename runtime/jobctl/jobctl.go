// Package jobctl deals with what vnet is to a shell: a job, which Ctrl-Z stops as a
// whole and Ctrl-C is not to end while a program has the terminal.
package jobctl

import (
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// awaited says that somebody else than a shell waits for vnet.
var awaited atomic.Bool

// Awaited says that whoever has started vnet lets it go on when it stops, though
// it leads a session, in which no shell could.
func Awaited() { awaited.Store(true) }

// Suspend stops the job that vnet is, and returns when it goes on: as the
// terminal does at Ctrl-Z outside of raw mode, it signals the process group
// (termios(3), VSUSP), which a shell that waits for it is not in. Where nobody
// could ever let it go on, in an orphaned group, the kernel drops the signal.
func Suspend() {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, unix.SIGCONT)
	defer signal.Stop(resumed)
	if awaited.Load() {
		// SIGSTOP is not dropped, and may take a little to reach all threads.
		if unix.Kill(os.Getpid(), unix.SIGSTOP) == nil {
			<-resumed
		}
		return
	}
	defer byDefault(unix.SIGTSTP)()
	if unix.Kill(0, unix.SIGTSTP) != nil {
		return
	}
	// The signal may hit another thread, a little later.
	select {
	case <-resumed:
	case <-time.After(300 * time.Millisecond):
	}
}

// byDefault lets a signal do what it does by default, until it is taken back.
// The os/signal package cannot: it keeps the handler, which then does nothing.
func byDefault(s syscall.Signal) (back func()) {
	const setSize = 8 // of the kernel's sigset_t; the buffers hold its struct sigaction
	var standard, old [8]uint64
	set := func(to, was *[8]uint64) {
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(was)), setSize, 0, 0)
	}
	set(&standard, &old)
	return func() { set(&old, nil) }
}

// keys are the signals that a terminal sends to whom it is lent.
var keys = []os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTSTP, unix.SIGWINCH}

// relayed counts the programs that keys are passed on to.
var relayed atomic.Int32

// Relay passes on to a process group, until stop is called, what the terminal
// tells vnet: for a terminal of another session, which cannot be lent.
func Relay(pgid int) (stop func()) {
	c := make(chan os.Signal, 8)
	signal.Notify(c, keys...)
	relayed.Add(1)
	go func() {
		for s := range c {
			_ = unix.Kill(-pgid, s.(syscall.Signal))
		}
	}()
	return func() {
		signal.Stop(c)
		close(c)
		relayed.Add(-1)
	}
}

// Meant reports whether a signal is for vnet, and not one that a key has sent
// to the program that has the terminal.
func Meant(s os.Signal) bool { return s != os.Interrupt || relayed.Load() == 0 }
