package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Furnish makes the process's namespaces a machine: it is called first in a
// command that was started with Attributes.
func Furnish() error {
	kept := inRun()
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"mounts of its own", func() error { return unix.Mount("", "/", "none", unix.MS_PRIVATE|unix.MS_REC, "") }},
		{"the named namespaces", forgetNamespaces},
		{"/run", func() error { return unix.Mount("vnet", "/run", "tmpfs", 0, "mode=755") }},
		{"/etc", OwnEtc},
		{"/etc", kept.write},
		{"/proc", func() error {
			return unix.Mount("vnet", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		}},
		{"/sys", ownSys},
		{"lo", loopback},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("a private machine: %s: %w", step.what, err)
		}
	}
	return nil
}

// ownSys shows the machine's own interfaces in /sys: read-only where the kernel
// allows no more, as in containers.
func ownSys() error {
	err := unix.Mount("vnet", "/sys", "sysfs", 0, "")
	if errors.Is(err, unix.EPERM) {
		err = unix.Mount("vnet", "/sys", "sysfs", unix.MS_RDONLY, "")
	}
	return err
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

// kept are the texts of files by their paths.
type kept map[string][]byte

// inRun reads the files of /etc that lie in /run, as /etc/resolv.conf often does:
// behind a /run of our own they would be lost.
func inRun() kept {
	k := kept{}
	entries, _ := os.ReadDir("/etc")
	for _, e := range entries {
		path := filepath.Join("/etc", e.Name())
		if e.Type() != os.ModeSymlink {
			continue
		}
		if to, err := filepath.EvalSymlinks(path); err != nil || !strings.HasPrefix(to, "/run/") {
			continue
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if text, err := os.ReadFile(path); err == nil {
			k[path] = text
		}
	}
	return k
}

// write puts the texts in the place of links that lead nowhere.
func (k kept) write() error {
	for path, text := range k {
		if err := errors.Join(os.Remove(path), os.WriteFile(path, text, 0o644)); err != nil {
			return err
		}
	}
	return nil
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
