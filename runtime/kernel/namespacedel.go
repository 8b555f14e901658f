package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

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

// parkAll parks namespaces together. What one cannot be parked for leaves those
// before it parked.
func (q *queue) parkAll(dying []*space, ops []int) error {
	if len(dying) == 0 {
		return nil
	}
	at, err := q.parkTogether(dying, ops)
	if err == nil {
		return nil
	}
	for i, sp := range dying[:at] { // it may have been parked, and come back
		again, err := q.h.space(sp.name)
		if err != nil {
			q.at = ops[i]
			return err
		}
		again.made, dying[i] = sp.made, again
	}
	if before := q.parkAll(dying[:at], ops[:at]); before != nil {
		return before
	}
	q.at = ops[at]
	return err
}

// parkTogether parks namespaces, all or none: it tells which one cannot be. What
// goes with any of them in others is found before the first is touched, and
// belongs to that one: it comes back when all have their names again.
func (q *queue) parkTogether(dying []*space, ops []int) (at int, err error) {
	r := q.h.reach()
	defer r.close()
	f := q.funeral(r)
	going := make([]*space, len(dying))
	for i, sp := range dying {
		going[i] = r.one(sp)
		f.dying[going[i]] = true
	}
	if err := connect(going); err != nil {
		return 0, err
	}
	for at, sp := range going {
		if err := f.addFarEnds(sp); err != nil {
			return at, err
		}
	}
	undo, final, err := f.write()
	if err != nil {
		return 0, err
	}
	for i, sp := range going {
		id, err := sp.id()
		if err != nil {
			return i, err
		}
		q.at = ops[i]
		q.undo(append([]host.Op{host.NamespaceUnpark{Name: sp.name, ID: id}}, undo...)...)
		q.results[q.at].Final = append(final, host.NamespacePurge{Name: sp.name, ID: id})
		undo, final = nil, nil
	}
	if err = q.announce(); err == nil {
		if err = f.bury(); err == nil {
			at, err = q.h.park(going)
		}
	}
	if err != nil {
		for _, k := range slices.Backward(ops) {
			newQueue(q.h, q.results[k].Undo).run(context.Background())
			q.results[k] = host.Result{}
		}
	}
	return at, err
}

// addFarEnds takes into the funeral what goes with a namespace in others: the
// other ends of its cables, and what stands on its interfaces. A namespace
// that somebody else uses only loses its name.
func (f *funeral) addFarEnds(sp *space) error {
	links, err := f.links(sp)
	if err != nil {
		return err
	}
	ends := slices.DeleteFunc(slices.Clone(links), func(l link) bool { return l.flags&unix.IFF_LOOPBACK != 0 })
	if len(ends) == 0 || !sp.made && usedSpaces()[sp.ino] {
		return nil
	}
	for i := range ends {
		l := &ends[i]
		if l.peerSpace >= 0 && l.paired() {
			taken, err := f.addPeer(sp, l)
			if err != nil {
				return err
			}
			if !taken {
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
