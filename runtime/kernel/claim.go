package kernel

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A claim is the file that is to bear a name. It has no name at first, so that
// its inode is known, and can be journalled, before anybody sees it: a file of
// that name and another inode was never ours.
type claim struct {
	ns    string
	path  string
	fd    int
	inode uint64
}

// newClaim opens a file without a name in /run/netns (O_TMPFILE, open(2)). Its
// mode does not show once the namespace is bound over it.
func newClaim(ns string) (*claim, error) {
	c := &claim{ns: ns, path: runDir + "/" + ns}
	fd, err := unix.Open(runDir, unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &host.Error{Errno: errnoOf(err), Field: host.FieldName, Kernel: rootWords(err), What: "make " + c.path}
	}
	c.fd = fd
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		c.close()
		return nil, err
	}
	c.inode = st.Ino
	return c, nil
}

// take gives the file its name, unless another has it.
func (c *claim) take() error {
	err := unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", c.fd), unix.AT_FDCWD, c.path, unix.AT_SYMLINK_FOLLOW)
	switch {
	case errors.Is(err, unix.EEXIST):
		return failed(unix.EEXIST, host.FieldName, "namespace %s: already exists", c.ns)
	case err != nil:
		return &host.Error{Errno: errnoOf(err), Field: host.FieldName, Kernel: rootWords(err), What: "make " + c.path}
	}
	return nil
}

// bind gives the file its name and binds the namespace over it that a path
// leads to.
func (c *claim) bind(from string) error {
	if err := c.take(); err != nil {
		return err
	}
	failpoint()
	if err := unix.Mount(from, c.path, "none", unix.MS_BIND, ""); err != nil {
		_ = unix.Unlink(c.path)
		return &host.Error{Errno: errnoOf(err), Field: host.FieldNS, Kernel: rootWords(err), What: "bind " + c.path}
	}
	return nil
}

func (c *claim) close() { _ = unix.Close(c.fd) }

// unclaim removes a file that was to bear a name and never did, and reports
// whether there was one.
func unclaim(path string, inode uint64) bool {
	var st unix.Stat_t
	if inode == 0 || unix.Lstat(path, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Ino != inode {
		return false
	}
	return unix.Unlink(path) == nil
}
