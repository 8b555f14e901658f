package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// sysctlPath turns the name of a kernel parameter into a path, as sysctl(8)
// does: the first separator decides, and the other stands for itself, so that
// net.ipv4.conf.eth0/100.forwarding is about eth0.100.
func sysctlPath(key string) (string, error) {
	path := key
	if i := strings.IndexAny(key, "./"); i >= 0 && key[i] == '.' {
		path = strings.Map(func(r rune) rune {
			switch r {
			case '.':
				return '/'
			case '/':
				return '.'
			}
			return r
		}, key)
	}
	rest, ok := strings.CutPrefix(path, "net/")
	if !ok || rest == "" || strings.ContainsRune(rest, 0) {
		return "", failed(unix.EINVAL, host.FieldKey, "%s is not a parameter of the network: it does not begin with net.", name.Quote(key))
	}
	return rest, nil
}

// sysctlRoot is the directory of all parameters. It is the same one in each
// namespace: what is seen in it depends on who looks.
var sysctlRoot = sync.OnceValues(func() (int, error) {
	return unix.Open("/proc/sys/net", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
})

// openSysctl opens a parameter of the namespace the thread is in. A path that
// leaves /proc/sys/net by .. or a symbolic link is refused by the kernel.
func openSysctl(path string, flags uint64) (*os.File, error) {
	dir, err := sysctlRoot()
	if err != nil {
		return nil, err
	}
	fd, err := unix.Openat2(dir, path, &unix.OpenHow{
		Flags:   flags | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// readSysctl reads a parameter of the namespace the thread is in.
func readSysctl(path string) (string, error) {
	f, err := openSysctl(path, unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var b [64 << 10]byte
	n, err := unix.Read(int(f.Fd()), b[:])
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(b[:n]), "\n")
	if !strings.Contains(text, "\n") {
		text = strings.Join(strings.Fields(text), " ") // several numbers are set apart by tabs
	}
	return text, nil
}

func writeSysctl(path, value string) error {
	f, err := openSysctl(path, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer f.Close()
	failpoint()
	_, err = unix.Write(int(f.Fd()), []byte(value))
	return err
}

// Sysctl reads a kernel parameter.
func (h *Host) Sysctl(ctx context.Context, ns, key string) (value string, err error) {
	h.life.RLock()
	defer h.life.RUnlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	path, err := sysctlPath(key)
	if err != nil {
		return "", err
	}
	sp, err := h.space(ns)
	if err != nil {
		return "", err
	}
	err = sp.at(func() (err error) {
		value, err = readSysctl(path)
		return err
	})
	return value, sysctlError(err, host.SysctlSet{NS: ns, Key: key}, false)
}

func sysctlError(err error, op host.SysctlSet, writing bool) error {
	if err == nil {
		return nil
	}
	var known *host.Error
	if errors.As(err, &known) {
		return err
	}
	e := &host.Error{Errno: errnoOf(err), Field: host.FieldKey}
	key := name.Quote(op.Key)
	switch {
	case e.Errno == unix.ENOENT:
		e.What = fmt.Sprintf("this kernel has no parameter %s in %s", key, op.NS)
	case e.Errno == unix.EXDEV, e.Errno == unix.ELOOP:
		e.What = fmt.Sprintf("%s is not below /proc/sys/net", key)
	case writing && e.Errno == unix.EINVAL:
		e.Field, e.What = host.FieldValue, fmt.Sprintf("%s does not take the value %q", key, op.Value)
	case writing:
		e.What = fmt.Sprintf("set %s in %s", key, op.NS)
	default:
		e.What = fmt.Sprintf("read %s in %s", key, op.NS)
	}
	return e
}
