package kernel

import (
	"errors"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// purge removes for good all that stands next to each other in the queue:
// buried interfaces as one group in each namespace, then parked namespaces
// together.
func (q *queue) purge() error {
	r := q.h.reach()
	defer r.close()
	victims := map[*space][]int{}
	var dying []host.NamespacePurge
	first := q.at
	for ; q.at < len(q.ops); q.at++ {
		switch op := q.ops[q.at].(type) {
		case host.LinkPurge:
			if err := r.victims(op.Tombs, victims); err != nil {
				q.fail(q.at, err)
				return err
			}
			continue
		case host.NamespacePurge:
			dying = append(dying, op)
			continue
		}
		break
	}
	q.at--
	q.h.point("purge: links")
	err := q.h.kill(victims)
	if err == nil {
		q.h.point("purge: namespaces")
		err = q.h.bin(dying)
	}
	if err != nil {
		q.at = first
		q.fail(first, err)
	}
	return err
}

// victims adds the interfaces that are there still. One in a namespace that is
// gone is gone too; one that is not what was buried is left alone.
func (r *reach) victims(tombs []host.Tomb, out map[*space][]int) error {
	for _, t := range tombs {
		sp, err := r.space(t.Space, t.NS)
		if errors.Is(err, unix.ENOENT) {
			continue
		}
		if err != nil {
			return err
		}
		l, err := sp.linkAt(t.Index)
		if err != nil {
			return err
		}
		if l != nil && l.is(t) {
			out[sp] = append(out[sp], l.index)
		}
	}
	return nil
}

// is says whether an interface is the one that was buried, or was to be.
// Bridges and their like take the address of a port and give it back, so that
// theirs says nothing.
func (l *link) is(t host.Tomb) bool {
	switch {
	case l.index != t.Index || l.kind != t.Kind:
		return false
	case l.name == t.Alias(), l.mac != "" && l.mac == t.MAC:
		return true
	}
	return l.name == t.Name && (t.MAC == "" || leads(l.kind))
}

// leads says whether interfaces of a kind are masters.
func leads(kind string) bool {
	switch kind {
	case "bridge", "vrf":
		return true
	}
	return host.Aggregates(kind)
}

// kill removes interfaces. One in several namespaces takes its other end along.
func (h *Host) kill(victims map[*space][]int) error {
	for sp, indexes := range victims {
		if err := sp.deleteAll(indexes); err != nil {
			return err
		}
		sp.drop()
	}
	return nil
}

// bin takes away the last that holds parked namespaces, all at once: one must
// not die while others are being taken down.
func (h *Host) bin(dying []host.NamespacePurge) error {
	if len(dying) == 0 {
		return nil
	}
	r := h.reach()
	defer r.close()
	for _, op := range dying {
		var held *space
		for _, path := range []string{parked(op.ID), runDir + "/" + op.Name} {
			if held != nil && !lies(held, path) {
				continue
			}
			sp, err := r.open(path, "") // held until all are unbound
			if err != nil {
				continue
			}
			if id, err := sp.id(); err != nil || id != op.ID {
				continue
			}
			if err := unbind(path); err != nil {
				return err
			}
			held = sp
		}
		if mayTake(op.Name, op.ID) {
			if err := unbind(runDir + "/" + op.Name); err != nil {
				return err
			}
		}
		h.lose(op)
	}
	closePark()
	return nil
}

// lies reports whether a path leads to a namespace that is held open.
func lies(sp *space, path string) bool {
	var st unix.Stat_t
	return unix.Lstat(path, &st) == nil && st.Ino == sp.ino
}

// lose lets go of a namespace that is kept open under its old name.
func (h *Host) lose(op host.NamespacePurge) {
	h.life.Lock()
	defer h.life.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if sp := h.spaces[op.Name]; sp != nil && sp.cookie == op.ID {
		delete(h.spaces, op.Name)
		h.stale = append(h.stale, sp)
	}
	h.closeStale()
}

// deletable refuses at once what the kernel would refuse at the end: an
// interface it does not let anybody delete.
func (l *link) deletable(ns string) error {
	switch {
	case l.kind == "":
		return failed(unix.EOPNOTSUPP, host.FieldName, "%s in %s is a device and cannot be deleted", name.Quote(l.name), name.Quote(ns))
	case fallbacks[l.name] == l.kind:
		return failed(unix.EOPNOTSUPP, host.FieldName, "%s in %s belongs to the kernel and cannot be deleted", name.Quote(l.name), name.Quote(ns))
	}
	return nil
}

// fallbacks are the interfaces that tunnel modules put into every namespace.
// The kernel says yes to deleting one, and leaves it.
var fallbacks = map[string]string{
	"erspan0": "erspan", "gre0": "gre", "gretap0": "gretap", "ip6_vti0": "vti6", "ip6gre0": "ip6gre",
	"ip6tnl0": "ip6tnl", "ip_vti0": "vti", "sit0": "sit", "tunl0": "ipip",
}
