package kernel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// refusalWait is how long a datagram to a port that somebody listens on may
// still be refused on the way.
const refusalWait = 300 * time.Millisecond

// A dialError says in plain words why there was no connection.
type dialError struct {
	words string
	err   error
}

func (e *dialError) Error() string { return e.words }
func (e *dialError) Unwrap() error { return e.err }

// Connect opens a TCP connection and closes it, or sends a UDP datagram of one
// zero byte. An answer to the datagram is success, an ICMP refusal failure.
// Silence, with which most UDP services meet such a datagram, is success if a
// namespace that can be seen (named, or Start) has the address and a socket
// bound to the port there; otherwise it is failure.
func (h *Host) Connect(ctx context.Context, dial host.Dial) error {
	kind := unix.SOCK_STREAM
	switch dial.Proto {
	case "tcp":
	case "udp":
		kind = unix.SOCK_DGRAM
	default:
		return fmt.Errorf("cannot connect by %q: only by tcp and udp", dial.Proto)
	}
	f, started, err := h.dial(ctx, dial, kind)
	if err != nil {
		return dialWords(dial, err)
	}
	defer f.Close()
	deadline := time.Now().Add(dial.Timeout)
	if err := f.SetDeadline(deadline); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = f.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if dial.Proto == "tcp" {
		if !started {
			return nil
		}
		err = established(f)
	} else {
		err = h.datagram(f, dial, deadline)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return dialWords(dial, err)
}

// dial opens a socket in the namespace and begins to connect it.
func (h *Host) dial(ctx context.Context, dial host.Dial, kind int) (f *os.File, started bool, err error) {
	h.life.RLock()
	defer h.life.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	to := dial.To.Addr().Unmap()
	if !to.IsValid() {
		return nil, false, failed(unix.EINVAL, host.FieldDest, "no address given")
	}
	sp, err := h.space(dial.NS)
	if err != nil {
		return nil, false, err
	}
	sa, err := sp.sockaddr(to, int(dial.To.Port()))
	if err != nil {
		return nil, false, err
	}
	err = sp.at(func() error {
		fd, err := unix.Socket(int(family(to)), kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		err = unix.Connect(fd, sa)
		if started = errors.Is(err, unix.EINPROGRESS); err != nil && !started {
			unix.Close(fd)
			return err
		}
		f = os.NewFile(uintptr(fd), "socket")
		return nil
	})
	return f, started, err
}

// established waits for a connection that was begun.
func established(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var status error
	err = raw.Write(func(fd uintptr) bool { return settled(int(fd), &status) })
	if err != nil {
		return err
	}
	return status
}

func settled(fd int, status *error) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	if n, _ := unix.Poll(poll, 0); n == 0 {
		return false
	}
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		*status = err
	case code != 0:
		*status = unix.Errno(code)
	}
	return true
}

// datagram sends a datagram and waits for what becomes of it.
func (h *Host) datagram(f *os.File, dial host.Dial, deadline time.Time) error {
	if _, err := f.Write([]byte{0}); err != nil {
		return err
	}
	bound := h.bound(dial.To)
	if soon := time.Now().Add(refusalWait); bound && soon.Before(deadline) {
		if err := f.SetReadDeadline(soon); err != nil {
			return err
		}
	}
	_, err := f.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) && bound {
		return nil
	}
	return err
}

// bound says whether a namespace that can be seen has the address, and a UDP
// socket bound to the port.
func (h *Host) bound(to netip.AddrPort) bool {
	h.life.RLock()
	defer h.life.RUnlock()
	names, _ := spaceNames()
	for _, ns := range append(names, host.Start) {
		sp, done, err := h.peek(ns)
		if err != nil {
			continue
		}
		found := sp.has(to.Addr().Unmap().WithZone("")) && sp.listens(int(to.Port()))
		done()
		if found {
			return true
		}
	}
	return false
}

func (sp *space) has(ip netip.Addr) bool {
	addrs, err := sp.addrs(0, func(int) string { return "" })
	return err == nil && slices.ContainsFunc(addrs, func(a host.Addr) bool { return a.Prefix.Addr() == ip })
}

// listens looks for a UDP socket in /proc/net/udp (proc_net(5)).
func (sp *space) listens(port int) bool {
	found := false
	_ = sp.at(func() error {
		for _, file := range []string{"udp", "udp6"} {
			b, err := os.ReadFile("/proc/thread-self/net/" + file)
			if err != nil {
				continue
			}
			for line := range strings.Lines(string(b)) {
				if f := strings.Fields(line); len(f) > 1 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
					found = true
				}
			}
		}
		return nil
	})
	return found
}

func dialWords(dial host.Dial, err error) error {
	var known *host.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	to := dial.To.Addr()
	e := &dialError{err: err}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		e.words = fmt.Sprintf("no answer from %s port %d within %s", to, dial.To.Port(), dial.Timeout)
	case errors.Is(err, unix.ETIMEDOUT):
		e.words = fmt.Sprintf("no answer from %s port %d", to, dial.To.Port())
	case errors.Is(err, unix.ECONNREFUSED):
		e.words = fmt.Sprintf("%s refuses %s port %d: nothing listens there", to, dial.Proto, dial.To.Port())
	case errors.Is(err, unix.ECONNRESET):
		e.words = fmt.Sprintf("%s reset the connection to port %d", to, dial.To.Port())
	default:
		e.words = sendWords(to, err)
	}
	return e
}
