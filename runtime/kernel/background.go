package kernel

import (
	"context"
	"os/exec"
	"time"

	"vnet/runtime/host"
)

// A process is a program in the background.
type process struct {
	h     *Host
	b     *brood
	c     *exec.Cmd
	log   *follower
	began time.Time
	done  chan struct{}

	exit   host.Exit // these two once done is closed
	wanted bool
}

var _ host.Program = (*process)(nil)

// Spawn starts a program in the background: see host.Host. It does not die
// with vnet, and signals from vnet's terminal do not reach it.
func (h *Host) Spawn(ctx context.Context, cmd *host.Cmd) (host.Program, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := h.command(cmd)
	if err != nil {
		return nil, err
	}
	if h.isClosed() {
		return nil, context.Canceled
	}
	portal, err := h.enter(cmd.NS)
	if err != nil {
		return nil, err
	}
	defer portal.done()
	portal.settle()
	log, file, err := h.openLog(cmd.Log, cmd.Stdout)
	if err != nil {
		return nil, &host.ProgramError{Argv0: cmd.Argv[0], Reason: host.NotStarted, Detail: "its log", Err: err}
	}
	defer file.Close()
	c.Stdin, c.Stdout, c.Stderr = nil, file, file
	c.SysProcAttr.Setsid = true
	path := c.Path
	p := &process{h: h, b: h.brood(cmd.Group), log: log, began: time.Now(), done: make(chan struct{})}
	if p.c, err = h.startIn(p.b, c, portal); err != nil {
		return nil, startError(cmd, path, err)
	}
	p.b.shut() // there may be many of them
	go p.wait()
	return p, nil
}

// wait buries the program when it has ended.
func (p *process) wait() {
	_ = p.c.Wait()
	p.exit = ending(p.c.ProcessState)
	p.exit.Time = time.Since(p.began)
	p.wanted = p.b.hasEnded() || p.h.isClosed()
	p.log.read()
	p.h.forget() // it may have renamed, made or removed interfaces
	close(p.done)
}

func (p *process) PID() int                { return p.c.Process.Pid }
func (p *process) Done() <-chan struct{}   { return p.done }
func (p *process) Exit() (host.Exit, bool) { return p.exit, p.wanted }

func (p *process) Alive() bool {
	select {
	case <-p.done:
		return p.b.alive()
	default:
		return true
	}
}

func (p *process) Stop() error {
	err := p.b.stop()
	<-p.done
	p.log.read()
	return err
}
