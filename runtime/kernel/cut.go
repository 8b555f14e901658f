package kernel

import (
	"math/rand/v2"
	"slices"

	"vnet/runtime/host"

	"golang.org/x/sys/unix"
)

// fewDie is up to how many namespaces are asked one by one where their cables
// lead.
const fewDie = 4

// cut removes the cables from namespaces that die to ones that stay. The
// kernel would do it in the background, up to 215 ms after the name is gone,
// and a new cable of that name fails meanwhile.
//
// It is left to the kernel where somebody else uses the namespace: then it
// does not die.
func (h *Host) cut(dying []*space) error {
	doomed := map[string]bool{}
	for _, sp := range dying {
		doomed[sp.name] = true
	}
	var used map[uint64]bool
	dying = slices.DeleteFunc(slices.Clone(dying), func(sp *space) bool {
		if !sp.made && used == nil {
			used = usedSpaces()
		}
		return !sp.made && used[sp.ino] || sp.alone(doomed)
	})
	ends, err := h.endsOutside(dying, doomed)
	if err != nil {
		return err
	}
	for sp, indexes := range ends {
		if err := sp.deleteAll(indexes); err != nil {
			return err
		}
	}
	return nil
}

// endsOutside finds the ends in namespaces that stay of cables to those that
// die. Who stays is asked when that are fewer.
func (h *Host) endsOutside(dying []*space, doomed map[string]bool) (map[*space][]int, error) {
	ends := map[*space][]int{}
	if len(dying) > fewDie {
		names, err := spaceNames()
		if err != nil {
			return nil, err
		}
		stay := slices.DeleteFunc(names, func(ns string) bool { return doomed[ns] })
		if len(stay) < len(dying) {
			for _, ns := range append(stay, host.Start) {
				if err := h.endsIn(ns, dying, ends); err != nil {
					return nil, err
				}
			}
			return ends, nil
		}
	}
	for _, sp := range dying {
		if err := h.farEnds(sp, doomed, ends); err != nil {
			return nil, err
		}
	}
	return ends, nil
}

// endsIn finds the ends in one namespace that stays.
func (h *Host) endsIn(ns string, dying []*space, ends map[*space][]int) error {
	sp, done, err := h.peek(ns)
	if err != nil {
		return nil // gone meanwhile, or no namespace
	}
	defer done()
	links, err := sp.allLinks()
	if err != nil {
		return err
	}
	there := map[int][]int{} // by the number it has for the other (nsid)
	for _, l := range links {
		if l.kind == "veth" && l.peerSpace >= 0 {
			there[l.peerSpace] = append(there[l.peerSpace], l.index)
		}
	}
	if len(there) == 0 {
		return nil
	}
	var found []int
	for _, d := range dying {
		id, err := sp.numberOf(d)
		if err != nil {
			return err
		}
		found = append(found, there[id]...)
	}
	if len(found) == 0 {
		return nil
	}
	if sp, err = h.space(ns); err == nil {
		ends[sp] = found
	}
	return err
}

// farEnds finds the far ends of a namespace's cables in namespaces that stay.
func (h *Host) farEnds(sp *space, doomed map[string]bool, ends map[*space][]int) error {
	links, err := sp.allLinks()
	if err != nil {
		return err
	}
	far := map[int][]int{} // by the namespace's number for the other (nsid)
	for _, l := range links {
		if l.kind == "veth" && l.peerSpace >= 0 {
			far[l.peerSpace] = append(far[l.peerSpace], l.parent)
		}
	}
	if len(far) == 0 {
		return nil
	}
	return h.neighbours(sp, len(far), func(id int, other *space) bool {
		indexes, ok := far[id]
		if ok && !doomed[other.name] {
			ends[other] = append(ends[other], indexes...)
		}
		return ok
	})
}

// alone says without asking the kernel that no cable leads to a namespace that
// stays: nobody but us has been here, and all our cables lead to doomed ones.
func (sp *space) alone(doomed map[string]bool) bool {
	if !sp.untouched() {
		return false
	}
	for _, ns := range sp.nearby() {
		if !doomed[ns] {
			return false
		}
	}
	return true
}

// deleteAll removes interfaces: many as one group, 0.3 ms each instead of 16.
func (sp *space) deleteAll(indexes []int) error {
	c, err := sp.netlink()
	if err != nil {
		return err
	}
	if len(indexes) == 1 {
		r, err := c.ask(delLink(indexes[0]))
		if err != nil {
			return err
		}
		return gone(r.errno)
	}
	group := rand.Uint32()>>1 | 1<<30
	var msgs []*message
	for _, index := range indexes {
		m := newMessage(unix.RTM_SETLINK, 0, unix.SizeofIfInfomsg)
		native.PutUint32(m.head()[4:], uint32(index))
		m.u32(host.FieldNone, unix.IFLA_GROUP, group)
		msgs = append(msgs, m)
	}
	for i := 0; i < len(msgs); i += sendMessages { // some may be gone already: go on
		if _, err := c.do(msgs[i:min(i+sendMessages, len(msgs))]...); err != nil {
			return err
		}
	}
	m := newMessage(unix.RTM_DELLINK, 0, unix.SizeofIfInfomsg)
	m.u32(host.FieldNone, unix.IFLA_GROUP, group)
	r, err := c.ask(m)
	if err != nil {
		return err
	}
	return gone(r.errno)
}

// gone forgives that there is nothing left to remove.
func gone(errno unix.Errno) error {
	if errno == 0 || errno == unix.ENODEV {
		return nil
	}
	return errno
}
