package repl

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// suspend stops the job that vnet is, and returns when it goes on: as the
// terminal does at Ctrl-Z outside of raw mode, it signals the process group
// (termios(3), VSUSP), which a shell that waits for it is not in. Where nobody
// could ever let it go on, in an orphaned group, the kernel drops the signal.
func suspend() {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, unix.SIGCONT)
	defer signal.Stop(resumed)
	if unix.Kill(0, unix.SIGTSTP) != nil {
		return
	}
	// The signal may hit another thread, a little later.
	select {
	case <-resumed:
	case <-time.After(300 * time.Millisecond):
	}
}
