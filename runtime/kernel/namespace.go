package kernel

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// namespaceAdd makes a namespace as `ip netns add` does (ip-netns(8)): a file
// in /run/netns with the namespace bound over it. lo is brought up.
func (q *queue) namespaceAdd(op host.NamespaceAdd) error {
	if err := name.Namespace(op.Name); err != nil {
		return &host.Error{Errno: unix.EINVAL, Field: host.FieldName, What: err.Error()}
	}
	if err := q.h.prepare(); err != nil {
		return err
	}
	sp, err := q.unnamed()
	if err == nil {
		sp.name = op.Name
		err = q.bind(sp, fmt.Sprintf("/proc/self/fd/%d", sp.fd))
	}
	if err != nil {
		if sp != nil {
			sp.close()
		}
		return err
	}
	q.h.keep(sp)
	return nil
}

// bind gives a namespace its name. By then it is known what takes it back:
// the namespace's cookie, and the file before the namespace is bound over it.
func (q *queue) bind(sp *space, from string) error {
	c, err := newClaim(sp.name)
	if err != nil {
		return err
	}
	defer c.close()
	back := host.NamespaceDel{Name: sp.name, ID: sp.cookie, Inode: c.inode, Made: sp.made}
	if err := q.foretell(back); err != nil {
		return err
	}
	if err := c.take(); err != nil {
		return err
	}
	failpoint()
	if err := unix.Mount(from, c.path, "none", unix.MS_BIND, ""); err != nil {
		_ = unix.Unlink(c.path)
		return &host.Error{Errno: errnoOf(err), Field: host.FieldNS, Kernel: rootWords(err), What: "bind " + c.path}
	}
	q.undo(back)
	return nil
}

func (h *Host) keep(sp *space) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if old, ok := h.spaces[sp.name]; ok {
		h.stale = append(h.stale, old)
	}
	h.spaces[sp.name] = sp
}

// furnish opens what is needed of the namespace that the thread is in.
func furnish(sp *space) (err error) {
	if err = sp.identify(); err != nil {
		return err
	}
	if sp.conn, err = openConn(); err != nil {
		return err
	}
	sp.cookie, err = unix.GetsockoptUint64(sp.conn.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return fmt.Errorf("identity of a new namespace: %w", err)
	}
	r, err := sp.conn.ask(setFlags(1, unix.IFF_UP, unix.IFF_UP))
	if err != nil {
		return err
	}
	if r.errno != 0 {
		return r.errno
	}
	return nil
}

// prepare sees to /run/netns as iproute2's create_netns_dir and netns_add do:
// it is a shared mount, so that names appear and vanish in all mount
// namespaces at once. The lock is the one iproute2 takes.
func (h *Host) prepare() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ready {
		return nil
	}
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "make " + runDir}
	}
	dir, err := unix.Open(runDir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "open " + runDir}
	}
	defer unix.Close(dir)
	if err := unix.Flock(dir, unix.LOCK_EX); err != nil {
		return err
	}
	err = unix.Mount("", runDir, "none", unix.MS_SHARED|unix.MS_REC, "")
	if errors.Is(err, unix.EINVAL) { // not a mount point yet
		if err = unix.Mount(runDir, runDir, "none", unix.MS_BIND|unix.MS_REC, ""); err == nil {
			err = unix.Mount("", runDir, "none", unix.MS_SHARED|unix.MS_REC, "")
		}
	}
	if err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "share " + runDir}
	}
	h.ready = true
	return nil
}

// namespaceAdopt gives a name to a namespace that something else made.
func (q *queue) namespaceAdopt(op host.NamespaceAdopt) error {
	if err := name.Namespace(op.Name); err != nil {
		return &host.Error{Errno: unix.EINVAL, Field: host.FieldName, What: err.Error()}
	}
	fd, err := unix.Open(op.Path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return failed(errnoOf(err), host.FieldNS, "open %s", name.Quote(op.Path))
	}
	sp := &space{name: op.Name, fd: netns.NsHandle(fd), links: map[string]int{}, near: map[string]bool{}}
	if err := q.adopt(sp, op); err != nil {
		sp.close()
		return err
	}
	q.h.keep(sp)
	return nil
}

func (q *queue) adopt(sp *space, op host.NamespaceAdopt) error {
	if err := checkSpace(int(sp.fd)); err != nil {
		return &host.Error{Errno: unix.EINVAL, Field: host.FieldNS, Kernel: err.Error(), What: name.Quote(op.Path)}
	}
	if err := sp.identify(); err != nil {
		return err
	}
	if _, err := sp.id(); err != nil {
		return err
	}
	if err := q.h.prepare(); err != nil {
		return err
	}
	return q.bind(sp, fmt.Sprintf("/proc/self/fd/%d", sp.fd))
}
