package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// namespaceDel removes all the namespaces that stand next to each other in the
// queue: the kernel frees many at once far faster than one after the other,
// and cables between two of them need no care. Those that are only named are
// parked, so that they can be brought back.
func (q *queue) namespaceDel() error {
	first := q.at
	now := q.ops[q.at].(host.NamespaceDel).ID != 0
	var dying []*space
	var ops []int // the place of each in the queue
	var failure error
	for ; q.at < len(q.ops); q.at++ {
		op, ok := q.ops[q.at].(host.NamespaceDel)
		if !ok || now != (op.ID != 0) {
			break
		}
		if unclaim(runDir+"/"+op.Name, op.Inode) {
			continue
		}
		sp, err := q.h.doomed(op)
		if err == nil && slices.Contains(dying, sp) {
			err = noSpace(op.Name, unix.ENOENT)
		}
		if err != nil {
			failure = err
			q.fail(q.at, err)
			break
		}
		sp.made = sp.made || op.Made
		dying, ops = append(dying, sp), append(ops, q.at)
	}
	end := q.at
	var err error
	if now {
		if err = q.h.cut(dying); err == nil {
			err = q.h.unname(dying)
		}
	} else {
		err = q.parkAll(dying, ops)
	}
	if err != nil {
		if now {
			q.at = first
		}
		q.fail(q.at, err)
		return err
	}
	if q.at = end; failure == nil {
		q.at--
	}
	return failure
}

// parkAll parks namespaces one after the other. What one cannot be parked for
// leaves those before it parked.
func (q *queue) parkAll(dying []*space, ops []int) error {
	r := q.h.reach()
	defer r.close()
	together := map[*space]bool{}
	for i, sp := range dying {
		dying[i] = r.one(sp)
		together[dying[i]] = true
	}
	for i, sp := range dying {
		q.at = ops[i]
		keep, err := unix.FcntlInt(uintptr(sp.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := q.parkOne(r, sp, together); err != nil {
			unix.Close(keep)
			return err
		}
		// Those behind it have cables to it, though it has no name any more.
		sp.fd = netns.NsHandle(keep)
		r.temp = append(r.temp, sp)
	}
	return nil
}

func (q *queue) parkOne(r *reach, sp *space, together map[*space]bool) error {
	f := q.funeral(r)
	f.dying = together
	if err := f.addFarEnds(sp); err != nil {
		return err
	}
	undo, final, err := f.write()
	if err != nil {
		return err
	}
	id, err := sp.id()
	if err != nil {
		return err
	}
	undo = append([]host.Op{host.NamespaceUnpark{Name: sp.name, ID: id}}, undo...)
	q.results[q.at].Final = append(final, host.NamespacePurge{Name: sp.name, ID: id})
	err = q.foretell(undo...)
	if err == nil {
		if err = f.bury(); err == nil {
			err = q.h.park(sp)
		}
		if err != nil {
			newQueue(q.h, undo).run(context.Background())
		}
	}
	if err != nil {
		q.results[q.at].Final = nil
		return err
	}
	q.undo(undo...)
	return nil
}

// addFarEnds takes into the funeral what goes with a namespace in others: the
// other ends of its cables, and what stands on its interfaces. A namespace
// that somebody else uses only loses its name.
func (f *funeral) addFarEnds(sp *space) error {
	links, err := sp.allLinks()
	if err != nil {
		return err
	}
	links = slices.DeleteFunc(links, func(l link) bool { return l.flags&unix.IFF_LOOPBACK != 0 })
	if len(links) == 0 || !sp.made && usedSpaces()[sp.ino] {
		return nil
	}
	for i := range links {
		l := &links[i]
		if l.peerSpace >= 0 && l.paired() {
			before := len(f.bodies)
			if err := f.addPeer(sp, l); err != nil {
				return err
			}
			if len(f.bodies) == before {
				continue
			}
			if err := f.mourn(sp, l); err != nil { // without carrier
				return err
			}
		}
		if err := f.addAbroad(sp, l); err != nil {
			return err
		}
	}
	return nil
}

// doomed finds the namespace to delete, and refuses another that now bears the
// name.
func (h *Host) doomed(op host.NamespaceDel) (*space, error) {
	if op.Name == host.Start || !fileName(op.Name) {
		return nil, noSpace(op.Name, unix.ENOENT)
	}
	sp, err := h.space(op.Name)
	if err != nil {
		return nil, err
	}
	id, err := sp.id()
	if err != nil {
		return nil, err
	}
	if op.ID != 0 && op.ID != id {
		return nil, failed(unix.ESTALE, host.FieldNS, "namespace %s is not the one that was made: left alone", name.Quote(op.Name))
	}
	return sp, nil
}

// unname takes away the names, then gives back the descriptors: a namespace
// must not die while others are still being taken down (118 instead of 26 ms
// for 500).
func (h *Host) unname(dying []*space) error {
	for _, sp := range dying {
		path := runDir + "/" + sp.name
		failpoint()
		if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "unmount " + path}
		}
		failpoint()
		if err := unix.Unlink(path); err != nil && !errors.Is(err, unix.ENOENT) {
			return &host.Error{Errno: errnoOf(err), What: "remove " + path}
		}
	}
	h.life.Lock()
	defer h.life.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, sp := range dying {
		if h.spaces[sp.name] == sp {
			delete(h.spaces, sp.name)
		}
		sp.close()
	}
	h.closeStale()
	return nil
}

// usedSpaces finds the inode numbers of namespaces that a process is in, or
// that have more than one name.
func usedSpaces() map[uint64]bool {
	used := map[uint64]bool{}
	names := map[uint64]string{}
	for path, ino := range spacePlaces() {
		if names[ino] != "" && names[ino] != path {
			used[ino] = true
		}
		names[ino] = path
	}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if e.Name()[0] < '0' || e.Name()[0] > '9' {
			continue
		}
		target, err := os.Readlink("/proc/" + e.Name() + "/ns/net")
		var ino uint64
		if err != nil || !strings.HasPrefix(target, "net:[") {
			continue
		}
		if _, err := fmt.Sscanf(target, "net:[%d]", &ino); err == nil {
			used[ino] = true
		}
	}
	return used
}
