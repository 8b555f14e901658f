// Package standby keeps a process beside this one that costs next to nothing,
// and becomes another program when this one is gone.
//
// A Go program takes milliseconds to start, which is as long as a small network
// takes to build. So what stands by has not executed anything yet: like the
// child of a vfork(2) it shares the memory of this process, waits for the end
// of a pipe, and only then executes (execve(2)) the program. Unlike that child
// it does not stop its parent, since it needs no stack: it makes the system
// calls of a list, one after the other, and nothing else.
//
// It is a process of its own with its own files, signals and session, so that
// what kills this one does not kill it. But when memory runs out, the kernel
// ends all processes that share it, and before Linux 5.16 also when a core is
// dumped.
package standby

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// Name is the name of the process while it waits (proc_pid_comm(5)).
const Name = "vnet-guard"

// Pipe is the descriptor at which the program finds the pipe whose end says
// that the process that started it is gone.
const Pipe = 3

// A Process stands by.
type Process struct {
	pid  int
	pipe int // the end that is closed when this process dies
	list any // what it goes by
}

// standing are the processes that stand by: what they go by must stay in memory.
var standing sync.Map

// Start lets a process stand by that will execute exe, a path or the name of a
// program in PATH, with argv, which begins with its name.
//
// It leads a session of its own, holds no file of this process but that pipe,
// has null(4) as standard input, output and error, and the root as working
// directory; the program inherits that. Where a process can't stand by, the
// program is executed at once: it has to wait for the end of the pipe itself.
func Start(exe string, argv []string) (*Process, error) {
	exe, err := exec.LookPath(exe)
	if err != nil {
		return nil, err
	}
	ends := [2]int{}
	if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	defer syscall.Close(ends[0])
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		syscall.Close(ends[1])
		return nil, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer syscall.Close(null)
	p := &Process{pipe: ends[1]}
	if p.pid, p.list, err = stand(exe, argv, null, ends[0]); err != nil {
		syscall.Close(ends[1])
		return nil, err
	}
	standing.Store(p, true)
	return p, nil
}

// execute starts the program at once.
func execute(exe string, argv []string, null, pipe int) (int, error) {
	n, p := uintptr(null), uintptr(pipe)
	pid, err := syscall.ForkExec(exe, argv, &syscall.ProcAttr{
		Dir: "/", Env: syscall.Environ(), Files: []uintptr{n, n, n, p}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, &os.PathError{Op: "fork/exec", Path: exe, Err: err}
	}
	return pid, nil
}

// Dismiss ends a process that stands by, and waits until it is gone.
func (p *Process) Dismiss() {
	_ = syscall.Kill(p.pid, syscall.SIGKILL)
	for {
		if _, err := syscall.Wait4(p.pid, nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	syscall.Close(p.pipe)
	standing.Delete(p)
}
