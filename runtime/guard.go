package runtime

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"time"

	"vnet/runtime/journal"
	"vnet/runtime/kernel"
	"vnet/runtime/standby"
)

// Guarded returns a Settings.Guard that lets exe, which is vnet itself, stand by
// to be started with the arguments args, the journal's directory and the number
// of this process.
//
// The guard is a session of its own, so that no Ctrl-C reaches it, and it does
// not die with whoever started it: that is when it is needed.
func Guarded(exe string, args ...string) func(dir string) (stop func()) {
	return func(dir string) func() {
		p, err := standby.Start(exe, slices.Concat([]string{exe}, args, []string{dir, strconv.Itoa(os.Getpid())}))
		if err != nil {
			return nil
		}
		return p.Dismiss // the transaction is over: what it would find is nothing
	}
}

// StandGuard waits until the process whose number is pid is gone, and takes back
// what that left behind in dir.
func StandGuard(ctx context.Context, dir, pid string) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	// The one process that must survive when memory runs out (proc_pid_oom_score_adj(5)).
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0)
	pipe := os.NewFile(standby.Pipe, "pipe")
	parent, err := strconv.Atoi(pid)
	if pipe == nil || err != nil {
		return
	}
	fmt.Fscanln(pipe) // nothing is ever written: this is the end of the file
	k, err := kernel.New()
	if err != nil {
		return
	}
	defer k.Close()
	store, err := journal.Existing(journal.Root)
	if err != nil || store == nil {
		return
	}
	for _, dir := range family(store, dir) {
		// The lock on the journal may outlive the pipe for a moment, and another
		// may have begun to recover: it is over when the journal is gone.
		for rest := time.Millisecond; recoverOne(ctx, k, dir).alive; rest = min(2*rest, 100*time.Millisecond) {
			time.Sleep(rest)
		}
	}
	store.SweepAfter(parent)
}
