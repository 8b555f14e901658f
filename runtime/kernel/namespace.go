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

// A birth is a namespace that is going to have a name: what takes that back is
// journalled.
type birth struct {
	sp    *space
	claim *claim
}

func (b birth) close() {
	b.claim.close()
	b.sp.close()
}

// namespaceAdd makes a namespace as `ip netns add` does (ip-netns(8)): a file
// in /run/netns with the namespace bound over it. lo is brought up.
//
// What waits to be sent goes on waiting: that a name is taken is known at once,
// and what stands behind a failure is taken back as ever.
func (q *queue) namespaceAdd() error {
	if len(q.births) == 0 {
		if err := q.beget(); err != nil {
			return err
		}
	}
	b := q.births[0]
	q.births = q.births[1:]
	defer b.claim.close()
	if err := b.claim.bind(fmt.Sprintf("/proc/self/fd/%d", b.sp.fd)); err != nil {
		b.sp.close()
		return err
	}
	q.acked[q.at] = true
	q.h.keep(b.sp)
	q.push(b.sp, setFlags(1, unix.IFF_UP, unix.IFF_UP)).along = true
	return nil
}

// beget prepares the namespace that is to be made now, and those behind it that
// are ready: what takes them back is journalled together.
func (q *queue) beget() error {
	if err := q.h.prepare(); err != nil {
		return err
	}
	for at := q.at; at < len(q.ops) && len(q.births) < keptReady; at++ {
		op, ok := q.ops[at].(host.NamespaceAdd)
		if !ok {
			break
		}
		b, err := q.conceive(op.Name, at == q.at)
		if err != nil && at == q.at {
			return err
		}
		if err != nil || b.sp == nil { // its turn will come
			break
		}
		q.births = append(q.births, b)
		q.results[at].Undo = []host.Op{host.NamespaceDel{Name: b.sp.name, ID: b.sp.cookie, Inode: b.claim.inode, Made: true}}
		q.untold = append(q.untold, at)
	}
	return q.announce()
}

// conceive gives a new namespace and the file that is to bear its name; none
// when it would have to be waited for, unless it shall be.
func (q *queue) conceive(ns string, wait bool) (birth, error) {
	if err := name.Namespace(ns); err != nil {
		return birth{}, &host.Error{Errno: unix.EINVAL, Field: host.FieldName, What: err.Error()}
	}
	sp, err := q.unnamed(wait)
	if err == nil && sp == nil {
		return birth{}, nil
	}
	b := birth{sp: sp}
	if err == nil {
		sp.name = ns
		b.claim, err = newClaim(ns)
	}
	if err != nil && sp != nil {
		sp.close()
	}
	return b, err
}

// abandon gives up namespaces that were to have a name.
func (q *queue) abandon() {
	for _, b := range q.births {
		b.close()
	}
	q.births = nil
}

// bind gives a namespace that something else made its name. By then it is known
// what takes it back: the namespace's cookie, and the file before the namespace
// is bound over it.
func (q *queue) bind(sp *space, from string) error {
	c, err := newClaim(sp.name)
	if err != nil {
		return err
	}
	defer c.close()
	q.undo(host.NamespaceDel{Name: sp.name, ID: sp.cookie, Inode: c.inode})
	if err := q.announce(); err != nil {
		return err
	}
	return c.bind(from)
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
	_, err = sp.id()
	return err
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
