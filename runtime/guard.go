package runtime

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"vnet/runtime/journal"
	"vnet/runtime/kernel"
)

// Guarded returns a Settings.Guard that starts exe, which is vnet itself, with
// the arguments args and the journal's directory. The pipe of StandGuard is
// its descriptor 3.
//
// The guard is a session of its own, so that no Ctrl-C reaches it, and it does
// not die with whoever started it: that is when it is needed.
func Guarded(exe string, args ...string) func(dir string) (stop func()) {
	return func(dir string) func() {
		r, w, err := os.Pipe()
		if err != nil {
			return nil
		}
		defer r.Close()
		cmd := exec.Command(exe, append(args, dir)...)
		cmd.Dir = "/"
		cmd.ExtraFiles = []*os.File{r}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if cmd.Start() != nil {
			w.Close()
			return nil
		}
		return func() {
			// The transaction is over: what it would find is nothing.
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			w.Close()
		}
	}
}

// StandGuard waits until the program that started it is gone, and takes back
// what that left behind in dir.
func StandGuard(ctx context.Context, dir string) {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	// The one process that must survive when memory runs out (proc_pid_oom_score_adj(5)).
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0)
	pipe, parent := os.NewFile(3, "pipe"), os.Getppid()
	if pipe == nil {
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
