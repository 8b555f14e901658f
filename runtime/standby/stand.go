//go:build amd64 || arm64

package standby

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// A call is a system call: its number and its arguments.
type call [7]uintptr

// A list is what the process does. It is read by that process, of which the
// garbage collector knows nothing: memory is referred to by words.
type list struct {
	calls []call
	words []any      // what the calls refer to
	mask  sigset     // the signals that are blocked in this thread
	deed  [8]uintptr // an action of the kernel: what is left to itself
	deaf  [8]uintptr // what is ignored
}

// A sigset is a set of signals, as the kernel has it.
type sigset uint64

// start makes a process that shares this one's memory and carries out n calls,
// of which the last must not return. It gives its number, or a negative error.
//
//go:noescape
func start(flags uintptr, calls *call, n uintptr) (pid int)

const (
	closeRange = 436     // close_range(2), since Linux 5.9
	setName    = 15      // PR_SET_NAME of prctl(2)
	setMask    = 2       // SIG_SETMASK of sigprocmask(2)
	signals    = 64      // there are so many
	ignored    = 1       // SIG_IGN
	high       = 10      // a descriptor that is not one of the first
	nowhere    = 1 << 30 // no descriptor is as high
)

// stand makes the process.
func stand(exe string, argv []string, null, pipe int) (pid int, _ any, err error) {
	if _, _, errno := syscall.RawSyscall(closeRange, nowhere, nowhere, 0); errno != 0 {
		pid, err = execute(exe, argv, null, pipe)
		return pid, nil, err
	}
	// Out of the way of those that they become.
	for _, fd := range []*int{&null, &pipe} {
		n, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(*fd), syscall.F_DUPFD_CLOEXEC, high)
		if errno != 0 {
			return 0, nil, os.NewSyscallError("fcntl", errno)
		}
		defer syscall.Close(int(n))
		*fd = int(n)
	}
	l := new(list)
	if err := l.write(exe, argv, uintptr(null), uintptr(pipe)); err != nil {
		return 0, nil, err
	}
	// A signal that came before the list has seen to them would be handled by
	// Go, on the stack of this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all := ^sigset(0)
	l.setMask(&all, &l.mask)
	pid = start(syscall.CLONE_VM|uintptr(syscall.SIGCHLD), &l.calls[0], uintptr(len(l.calls)))
	l.setMask(&l.mask, nil)
	if pid < 0 {
		return 0, nil, os.NewSyscallError("clone", syscall.Errno(-pid))
	}
	return pid, l, nil
}

func (l *list) setMask(to, before *sigset) {
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(before)), unsafe.Sizeof(*to), 0, 0)
}

// write writes down what is to be done with a program.
func (l *list) write(exe string, argv []string, null, pipe uintptr) error {
	path, err := syscall.BytePtrFromString(exe)
	if err != nil {
		return err
	}
	args, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	env, err := syscall.SlicePtrFromStrings(syscall.Environ())
	if err != nil {
		return err
	}
	name, _ := syscall.BytePtrFromString(Name)
	root, _ := syscall.BytePtrFromString("/")
	letter := new(byte)
	l.words = []any{path, args, env, name, root, letter}
	l.deaf[0] = ignored

	for sig := uintptr(1); sig <= signals; sig++ {
		act := &l.deed
		switch syscall.Signal(sig) {
		case syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE: // what ends the programs of a terminal
			act = &l.deaf
		}
		l.then(syscall.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(act)), 0, unsafe.Sizeof(l.mask))
	}
	l.then(syscall.SYS_RT_SIGPROCMASK, setMask, uintptr(unsafe.Pointer(&l.mask)), 0, unsafe.Sizeof(l.mask))
	l.then(syscall.SYS_SETSID)
	l.then(syscall.SYS_PRCTL, setName, uintptr(unsafe.Pointer(name)))
	l.then(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(root)))
	for fd := range uintptr(Pipe) {
		l.then(syscall.SYS_DUP3, null, fd, 0)
	}
	l.then(syscall.SYS_DUP3, pipe, Pipe, 0)
	l.then(closeRange, Pipe+1, 1<<32-1, 0)                             // also what else may hold this process's locks
	l.then(syscall.SYS_READ, Pipe, uintptr(unsafe.Pointer(letter)), 1) // nothing is ever written: this is the end of the pipe
	l.then(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&env[0])))
	l.then(syscall.SYS_EXIT_GROUP, 127)
	return nil
}

func (l *list) then(number uintptr, args ...uintptr) {
	c := call{number}
	copy(c[1:], args)
	l.calls = append(l.calls, c)
}
