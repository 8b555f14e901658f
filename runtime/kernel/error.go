package kernel

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// errnoOf finds the kernel's number in an error; EIO stands for none.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return unix.EIO
}

// rootWords explains a lack of privilege, which the kernel only numbers.
func rootWords(err error) string {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return "operation not permitted: this needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN)"
	}
	return ""
}

// refusal makes an *host.Error of op out of any error.
func refusal(op host.Op, err error) error {
	if err == nil {
		return nil
	}
	var e *host.Error
	if errors.As(err, &e) {
		if e.Op == nil {
			e.Op = op
		}
		return e
	}
	e = &host.Error{Op: op, Errno: errnoOf(err), Kernel: rootWords(err)}
	if e.Kernel == "" && !isErrno(err) {
		e.Kernel = err.Error()
	}
	return e
}

func isErrno(err error) bool { _, ok := err.(syscall.Errno); return ok }

// refused makes the error of a message that the kernel said no to.
func refused(op host.Op, m *message, r *reply) *host.Error {
	e := &host.Error{Op: op, Errno: r.errno, Kernel: r.text, Field: m.field}
	if e.Kernel == "" {
		e.Kernel = rootWords(r.errno)
	}
	if r.offset >= unix.SizeofNlMsghdr {
		if f := m.about(r.offset); f != host.FieldNone {
			e.Field = f
		}
	}
	if m.explain != nil {
		m.explain(e)
	}
	return e
}

// failed is the short way to a refusal of our own making.
func failed(errno syscall.Errno, f host.Field, format string, args ...any) *host.Error {
	return &host.Error{Errno: errno, Field: f, What: fmt.Sprintf(format, args...)}
}

func noLink(ns, link string, f host.Field) *host.Error {
	return failed(unix.ENODEV, f, "no interface %s in %s", name.Quote(link), name.Quote(ns))
}
