package kernel

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/jobctl"
)

const (
	// grace is how long a program may take to end after SIGTERM.
	grace = 500 * time.Millisecond
	// drain is how long output is read on after the program has ended, when
	// something it left running holds the pipe open.
	drain = 500 * time.Millisecond
	// cldStopped is the si_code of a child that was stopped (sigaction(2)).
	cldStopped = 5
)

// Exec runs a program inside a namespace to its end. What it leaves running in
// the background lives as long as its group, unless ctx ended first: then
// everything in its process group is gone when Exec returns.
func (h *Host) Exec(ctx context.Context, cmd *host.Cmd) (host.Exit, error) {
	if err := ctx.Err(); err != nil {
		return host.Exit{}, err
	}
	c, err := h.command(cmd)
	if err != nil {
		return host.Exit{}, err
	}
	p, err := h.enter(cmd.NS)
	if err != nil {
		return host.Exit{}, err
	}
	defer p.done()
	left := true // something of it may go on
	defer func() {
		if left {
			p.settle()
		}
	}()
	defer h.forget() // it may have renamed, made or removed interfaces
	tty := terminalOf(cmd.Stdin)
	c.SysProcAttr = attributes(c.SysProcAttr, tty)

	begin := time.Now()
	path := c.Path
	c, err = h.start(cmd.Group, c, p)
	if err != nil {
		return host.Exit{}, startError(cmd, path, err)
	}
	tty.lent(c.Process.Pid)
	interrupted := watch(ctx, c.Process.Pid, tty)
	err = c.Wait()
	tty.takeBack()
	exit := ending(c.ProcessState)
	exit.Time = time.Since(begin)
	exit.Left = cmd.Group != "" && h.brood(cmd.Group).busy()
	left = exit.Left || cmd.Group == "" || h.brood(cmd.Group).loose.Load()
	if interrupted {
		return exit, context.Cause(ctx)
	}
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) && !errors.Is(err, exec.ErrWaitDelay) {
		return exit, err
	}
	return exit, nil
}

// enter returns the portal of a namespace, in use.
func (h *Host) enter(ns string) (*portal, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	return h.portal(sp)
}

// command prepares a program.
func (h *Host) command(cmd *host.Cmd) (*exec.Cmd, error) {
	if len(cmd.Argv) == 0 || cmd.Argv[0] == "" {
		return nil, &host.ProgramError{Argv0: "exec", Reason: host.NotFound, Detail: "no name given"}
	}
	dir := cmd.Dir
	if dir == "" {
		dir, _ = os.Getwd() // a portal's thread has a directory of its own
	} else if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, &host.ProgramError{Argv0: cmd.Argv[0], Reason: host.NoDir, Detail: dir, Err: err}
	}
	cred, home, err := credential(cmd)
	if err != nil {
		return nil, err
	}
	env := append(append(os.Environ(), home...), cmd.Env...)
	path := cmd.Path
	if path == "" {
		if path, err = lookPath(cmd.Argv[0], dir, env); err != nil {
			return nil, err
		}
	}
	return &exec.Cmd{
		Path: path, Args: cmd.Argv, Env: env, Dir: dir,
		Stdin: cmd.Stdin, Stdout: cmd.Stdout, Stderr: cmd.Stderr,
		WaitDelay:   drain,
		SysProcAttr: &syscall.SysProcAttr{Credential: cred},
	}, nil
}

// attributes says how a program is born: in a process group of its own, in
// front of the terminal if there is one, and killed when vnet dies.
func attributes(a *syscall.SysProcAttr, tty *terminal) *syscall.SysProcAttr {
	a.Setpgid = true
	a.Pdeathsig = syscall.SIGKILL
	if tty != nil && tty.owner > 0 {
		a.Foreground, a.Ctty = true, tty.fd
	}
	return a
}

// watch waits until a program has ended, without reaping it, so that its
// number stays the name of its group. When ctx ends before, it ends the whole
// group.
func watch(ctx context.Context, pid int, tty *terminal) (interrupted bool) {
	ended, over := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		_ = unix.Kill(-pid, unix.SIGTERM)
		_ = unix.Kill(-pid, unix.SIGCONT) // a stopped one would not notice
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-ended:
		case <-timer.C:
		}
		_ = unix.Kill(-pid, unix.SIGKILL)
	})
	waitEnd(pid, tty)
	if stop() {
		return false
	}
	close(ended)
	<-over
	waitGroup(pid)
	return true
}

// waitEnd waits until a process has ended. One that is stopped at the terminal
// (Ctrl-Z) stops vnet with it, since only the shell can let both go on.
func waitEnd(pid int, tty *terminal) {
	options := unix.WEXITED | unix.WNOWAIT
	if tty != nil {
		options |= unix.WSTOPPED
	}
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, options, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err == nil && info.Code == cldStopped:
			tty.takeBack()
			jobctl.Suspend()
			tty.lend(pid)
			_ = unix.Kill(-pid, unix.SIGCONT)
		default:
			return
		}
	}
}

// ending reads how a program ended.
func ending(s *os.ProcessState) host.Exit {
	w, ok := s.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return host.Exit{Status: s.ExitCode()}
	case w.Signaled():
		return host.Exit{Status: 128 + int(w.Signal()), Signal: unix.SignalName(w.Signal())}
	}
	return host.Exit{Status: w.ExitStatus()}
}
