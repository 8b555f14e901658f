package kerneltest

import (
	"os"
	"os/signal"
	"syscall"
)

// HeedSignals sees to it that programs a test starts are not born deaf: under
// nohup, or in the background of a shell, tests inherit signals that are
// ignored, and would hand that on.
func HeedSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, os.Interrupt} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}
