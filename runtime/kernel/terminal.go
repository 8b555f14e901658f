package kernel

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"vnet/runtime/jobctl"
)

// A terminal is the one that vnet has and lends to a program. One of another
// session, as a private network's vnet has it, cannot be lent: what its keys
// mean to vnet is passed on.
type terminal struct {
	fd    int
	owner int    // our process group; 0 for a terminal of another session
	stop  func() // ends the passing on
}

// terminalOf says whether a program's input is a terminal that vnet is in front
// of, or that of another session: only then may it be handed on.
func terminalOf(stdin any) *terminal {
	f, ok := stdin.(*os.File)
	if !ok || f == nil {
		return nil
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return nil
	}
	fd := -1
	if err := raw.Control(func(n uintptr) { fd = int(n) }); err != nil {
		return nil
	}
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		return nil
	}
	switch front, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); {
	case err == unix.ENOTTY:
		return &terminal{fd: fd}
	case err == nil && front == unix.Getpgrp():
		return &terminal{fd: fd, owner: front}
	}
	return nil
}

// lent says that a program was born with the terminal.
func (t *terminal) lent(pgid int) {
	if t != nil && t.owner == 0 {
		t.stop = jobctl.Relay(pgid)
	}
}

// lend puts a program in front of the terminal again. Where vnet is not there
// itself, this stops it until it is (SIGTTOU).
func (t *terminal) lend(pgid int) {
	if t.owner == 0 {
		t.lent(pgid)
		return
	}
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, pgid)
}

// takeBack makes vnet the foreground group again. SIGTTOU, which stops whoever
// does that from the background, is blocked for the one thread: ignoring it
// would be inherited by programs.
func (t *terminal) takeBack() {
	if t == nil {
		return
	}
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
	if t.owner == 0 {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var block, old unix.Sigset_t
	block.Val[0] = 1 << (unix.SIGTTOU - 1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &block, &old); err != nil {
		return
	}
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, t.owner)
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)
}
