package kernel

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// neighbours finds which named namespaces (and Start) the numbers mean that a
// namespace has for others, until see was true want times. The kernel tells the
// number of a namespace but not the namespace of a number, so that it is a
// matter of trying: those known to be near first, then those likely to be.
func (h *Host) neighbours(sp *space, want int, see func(id int, other *space) bool) error {
	tried := map[string]bool{sp.name: true}
	seen := map[int]bool{}
	try := func(ns string) error {
		if tried[ns] || want == 0 {
			return nil
		}
		tried[ns] = true
		other, done, err := h.peek(ns)
		if err != nil {
			return nil // gone meanwhile, or no namespace: then nobody's neighbour
		}
		defer done()
		id, err := sp.numberOf(other)
		if err != nil || id == noID || seen[id] {
			return err
		}
		seen[id] = true
		if other, err = h.space(ns); err != nil {
			return nil
		}
		if see(id, other) {
			want--
			h.met(sp, other)
		}
		return nil
	}
	for _, ns := range append(sp.nearby(), host.Start) {
		if err := try(ns); err != nil {
			return err
		}
	}
	if want == 0 {
		return nil
	}
	for _, anew := range []bool{false, true} { // somebody else may have added names
		names, last, err := h.firstNames(anew)
		if err != nil {
			return err
		}
		for ns := range names.outward(sp.name, last) {
			if err := try(ns); err != nil || want == 0 {
				return err
			}
		}
	}
	return nil
}

// met notes that two namespaces are joined, so that the other is asked for
// first when one is looked at again, and its like when another is.
func (h *Host) met(sp, other *space) {
	h.mu.Lock()
	h.lastMet = other.name
	first, ok := h.names.of[sp.ino]
	h.mu.Unlock()
	sp.mu.Lock()
	sp.near[other.name] = true
	sp.mu.Unlock()
	if ok {
		other.mu.Lock()
		other.near[first] = true
		other.mu.Unlock()
	}
}

func (sp *space) nearby() []string {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	names := make([]string, 0, len(sp.near)+1)
	for ns := range sp.near {
		names = append(names, ns)
	}
	slices.Sort(names)
	return names
}

// A roll is the named namespaces, each by the first of its names, in the order
// in which people number them: h2 before h10.
type roll struct {
	list []string
	of   map[uint64]string // by inode
}

// firstNames gives the roll, and the neighbour found last. The roll is kept
// until a namespace comes or goes by us, or a program ran.
func (h *Host) firstNames(anew bool) (roll, string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.names.of != nil && !anew {
		return h.names, h.lastMet, nil
	}
	names, err := spaceNames()
	if err != nil {
		return roll{}, "", err
	}
	r := roll{of: make(map[uint64]string, len(names))}
	for _, ns := range names {
		var st unix.Stat_t
		err := unix.Fstatat(unix.AT_FDCWD, runDir+"/"+ns, &st, unix.AT_SYMLINK_NOFOLLOW)
		if err != nil {
			continue
		}
		ino := st.Ino
		if _, ok := r.of[ino]; !ok {
			r.of[ino] = ns
			r.list = append(r.list, ns)
		}
	}
	slices.SortFunc(r.list, byNumber)
	h.names = r
	return r, h.lastMet, nil
}

// byNumber compares names by what stands before their last number, then by that
// number.
func byNumber(a, b string) int {
	headA, headB := strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")
	return cmp.Or(strings.Compare(headA, headB), len(a)-len(b), strings.Compare(a, b))
}

// outward goes through the names from two of them to both sides: those with
// numbers next to each other are often next to each other, too.
func (r roll) outward(a, b string) iter.Seq[string] {
	return func(yield func(string) bool) {
		i, _ := slices.BinarySearchFunc(r.list, a, byNumber)
		j, _ := slices.BinarySearchFunc(r.list, b, byNumber)
		for d := range len(r.list) + 1 { // what is in no list may belong behind all of it
			for _, k := range []int{i - d, i + d, j - d, j + d} {
				if k >= 0 && k < len(r.list) && !yield(r.list[k]) {
					return
				}
			}
		}
	}
}
