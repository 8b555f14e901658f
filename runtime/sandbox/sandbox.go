// Package sandbox gives a process a machine of its own: a network with nothing
// but lo, an empty /run, an /etc that may be written to, processes and mounts
// that nobody else sees. All of it is gone when the process ends, however that
// happens: it is the first process of its PID namespace, and the kernel kills the
// others with it (pid_namespaces(7)).
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Attributes let a command start in namespaces of its own. Without root they
// belong to a user namespace, in which the user is root (user_namespaces(7)).
// The command then calls Furnish.
func Attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // Ctrl-C is for who started it
	}
	if os.Geteuid() != 0 {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// Missing says what to do about an error of starting a command with Attributes;
// "" if it is about something else.
func Missing(err error) string {
	switch {
	case errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL):
		return "this kernel lacks namespaces (CONFIG_NET_NS, CONFIG_PID_NS, CONFIG_USER_NS)"
	case !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EUSERS):
		return ""
	case os.Geteuid() == 0:
		return "this root may not make namespaces: CAP_SYS_ADMIN is missing, as in most containers"
	}
	for _, knob := range []struct{ path, off, say string }{
		{"/proc/sys/user/max_user_namespaces", "0\n", "sysctl user.max_user_namespaces is 0"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0\n", "sysctl kernel.unprivileged_userns_clone is 0"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", "sysctl kernel.apparmor_restrict_unprivileged_userns is 1"},
	} {
		if text, err := os.ReadFile(knob.path); err == nil && string(text) == knob.off {
			return "without root it takes user namespaces, which are switched off here: " + knob.say
		}
	}
	return "without root it takes user namespaces, which are not allowed here"
}

// Furnish makes the process's namespaces a machine: it is called first in a
// command that was started with Attributes.
func Furnish() error {
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"mounts of its own", func() error { return unix.Mount("", "/", "none", unix.MS_PRIVATE|unix.MS_REC, "") }},
		{"the named namespaces", forgetNamespaces},
		{"/run", func() error { return unix.Mount("vnet", "/run", "tmpfs", 0, "mode=755") }},
		{"/etc", OwnEtc},
		{"/proc", func() error {
			return unix.Mount("vnet", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		}},
		{"/sys", func() error { return unix.Mount("vnet", "/sys", "sysfs", 0, "") }},
		{"lo", loopback},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("a private machine: %s: %w", step.what, err)
		}
	}
	return nil
}

// forgetNamespaces lets go of the named namespaces of the real machine: our
// copies of their mounts would keep them alive, and vanish when they are
// deleted there.
func forgetNamespaces() error {
	for {
		// EINVAL: it is no mount any more. In a user namespace the mounts that
		// came along are one, and cannot be taken away; /run goes over them.
		if err := unix.Unmount("/run/netns", unix.MNT_DETACH); err != nil {
			return nil
		}
	}
}

// OwnEtc puts an /etc in place that can be written to: plain files are copied,
// directories are what they were. /etc/netns is not there. /run is a tmpfs of
// our own already.
func OwnEtc() error {
	const old, draft = "/run/.etc", "/run/.draft"
	for _, dir := range []string{old, draft} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	if err := unix.Mount("/etc", old, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	entries, err := os.ReadDir(old)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := furnishEtc(e, old, filepath.Join(draft, e.Name())); err != nil {
			return err
		}
	}
	return unix.Mount(draft, "/etc", "none", unix.MS_BIND, "")
}

func furnishEtc(e os.DirEntry, old, to string) error {
	from := filepath.Join(old, e.Name())
	switch {
	case e.Name() == "netns":
		return nil
	case e.IsDir():
		return os.Symlink(from, to)
	case e.Type().IsRegular():
		err := copyFile(from, to)
		if errors.Is(err, os.ErrPermission) {
			return nil // shadow, to who is not root
		}
		return err
	}
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// loopback takes lo up, as in the namespaces that vnet makes.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}
