package kernel

import (
	"bufio"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A reach finds namespaces by what they are and not by what they are called:
// named, parked, or known only by a process in them. It lives for one
// operation, for an open descriptor keeps a namespace alive.
type reach struct {
	h     *Host
	byID  map[uint64]*space
	byIno map[uint64]*space // what is open already
	temp  []*space

	sought int                 // how often the other end of a cable was
	byMAC  map[string][]*space // who has an interface of that address; nil when nobody was asked yet
	across map[number]*space   // what led there
	last   *space              // the newest of these
	lists  map[*space][]link   // the interfaces of those that were asked
}

// A number is what one namespace calls another (nsid).
type number struct {
	from *space
	id   int
}

func (h *Host) reach() *reach {
	return &reach{h: h, byID: map[uint64]*space{}, byIno: map[uint64]*space{},
		across: map[number]*space{}, lists: map[*space][]link{}}
}

func (r *reach) close() {
	for _, sp := range r.temp {
		sp.close()
	}
}

// space finds the namespace of a cookie. The name is where to look first.
func (r *reach) space(id uint64, ns string) (*space, error) {
	if sp := r.byID[id]; sp != nil {
		return sp, nil
	}
	var found *space
	check := func(sp *space) bool {
		sp = r.one(sp)
		got, err := sp.id()
		if err == nil {
			r.byID[got] = sp
		}
		if err == nil && got == id {
			found = sp
		}
		return found == nil
	}
	if ns != "" {
		if sp, err := r.h.space(ns); err == nil && !check(sp) {
			return found, nil
		}
	}
	r.each(true, check)
	if found == nil {
		return nil, &host.Error{Errno: unix.ENOENT, Field: host.FieldNS, What: "the namespace that was " + ns}
	}
	return found, nil
}

// fewCables is up to how many cables are followed without asking all namespaces
// for their interfaces.
const fewCables = 4

// otherEnd finds the namespace of the other end of a cable, which the one it
// leads from has a number for (nsid); nil where it cannot be found.
func (r *reach) otherEnd(from *space, l *link) *space {
	if sp := r.across[number{from, l.peerSpace}]; sp != nil {
		return sp
	}
	for sp := range r.candidates(from, l) {
		sp = r.one(sp)
		if got, err := from.numberOf(sp); err == nil && got == l.peerSpace && got != noID {
			r.across[number{from, got}], r.last = sp, sp
			return sp
		}
	}
	return nil
}

// candidates are the namespaces that a cable may lead to, the likely ones first.
func (r *reach) candidates(from *space, l *link) iter.Seq[*space] {
	return func(yield func(*space) bool) {
		if r.last != nil && r.last != from && !yield(r.last) {
			return
		}
		for _, sp := range r.likely(from, l) {
			if !yield(sp) {
				return
			}
		}
		for _, ns := range append(from.nearby(), host.Start) {
			if sp, err := r.h.space(ns); err == nil && !yield(sp) {
				return
			}
		}
		r.each(true, yield)
	}
}

// links lists the interfaces of a namespace, once.
func (r *reach) links(sp *space) ([]link, error) {
	if list, ok := r.lists[sp]; ok {
		return list, nil
	}
	list, err := sp.allLinks()
	if err == nil {
		r.lists[sp] = list
	}
	return list, err
}

// likely are namespaces that have an interface with the address of a cable's
// other end, once many cables have been followed: to ask each namespace for the
// number of each would take the square of them.
func (r *reach) likely(from *space, l *link) []*space {
	if r.sought++; r.sought <= fewCables {
		return nil
	}
	if r.byMAC == nil {
		r.byMAC = map[string][]*space{}
		r.each(false, func(sp *space) bool {
			links, _ := r.links(sp)
			for _, l := range links {
				if l.paired() {
					r.byMAC[l.mac] = append(r.byMAC[l.mac], sp)
				}
			}
			return true
		})
	}
	m := getLink(l.parent, "")
	m.u32(host.FieldNone, unix.IFLA_TARGET_NETNSID, uint32(l.peerSpace))
	peer, err := from.oneLink(m)
	if err != nil || peer == nil {
		return nil
	}
	return r.byMAC[peer.mac]
}

// numberOf asks which number a namespace has for another (RTM_GETNSID).
func (sp *space) numberOf(other *space) (int, error) {
	c, err := sp.netlink()
	if err != nil {
		return noID, err
	}
	m := newMessage(unix.RTM_GETNSID, 0, 4) // struct rtgenmsg, padded
	m.u32(host.FieldNone, nsaFD, uint32(other.fd))
	r, err := c.ask(m)
	if err != nil || r.errno != 0 || len(r.data) == 0 {
		return noID, err
	}
	return parseAttrs(r.data[0][4:]).i32(nsaID), nil
}

// each goes through the namespaces that can be found, once each: Start, the
// named, the parked, those that processes are in and those bound somewhere
// else; with held also those that a program only holds open, of which a
// thousand descriptors may have to be asked.
func (r *reach) each(held bool, see func(*space) bool) {
	seen := map[uint64]bool{}
	visit := func(sp *space, err error) bool {
		if err != nil || seen[sp.ino] {
			return true
		}
		seen[sp.ino] = true
		return see(r.one(sp))
	}
	if !visit(r.h.space(host.Start)) {
		return
	}
	names, _ := spaceNames()
	for _, ns := range names {
		if !visit(r.named(ns)) {
			return
		}
	}
	for path := range otherPaths(held) {
		if ino, ok := linkedSpace(path); ok && seen[ino] {
			continue
		}
		if !visit(r.open(path, "")) {
			return
		}
	}
}

// named opens a namespace without making it one that is kept open.
func (r *reach) named(ns string) (*space, error) {
	r.h.mu.Lock()
	_, known := r.h.spaces[ns]
	r.h.mu.Unlock()
	if known {
		return r.h.space(ns)
	}
	return r.open(runDir+"/"+ns, ns)
}

// open opens the namespace that a path leads to.
func (r *reach) open(path, ns string) (*space, error) {
	flags := unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC
	if !strings.HasPrefix(path, "/proc/") {
		flags |= unix.O_NOFOLLOW
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return nil, err
	}
	if sp := r.byIno[st.Ino]; sp != nil {
		return sp, nil
	}
	fd, err := unix.Open(path, flags, 0)
	if err != nil {
		return nil, err
	}
	if err := checkSpace(fd); err != nil {
		unix.Close(fd)
		return nil, err
	}
	sp := &space{name: ns, fd: netns.NsHandle(fd), links: map[string]int{}, near: map[string]bool{}}
	if err := sp.identify(); err != nil {
		sp.close()
		return nil, err
	}
	r.temp = append(r.temp, sp)
	return r.one(sp), nil
}

// one is the same for a namespace however it was found.
func (r *reach) one(sp *space) *space {
	if known := r.byIno[sp.ino]; known != nil {
		return known
	}
	r.byIno[sp.ino] = sp
	return sp
}

// otherPaths lead to namespaces without a name, those easily found first.
func otherPaths(held bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		patterns := []string{parkDir + "/*", "/proc/[0-9]*/ns/net", "", "/proc/[0-9]*/fd/*"}
		if !held {
			patterns = patterns[:3]
		}
		for _, pattern := range patterns {
			paths, _ := filepath.Glob(pattern)
			if pattern == "" {
				paths = boundSpaces()
			}
			for _, p := range paths {
				if _, ok := linkedSpace(p); (ok || !strings.Contains(p, "/fd/")) && !yield(p) {
					return
				}
			}
		}
	}
}

// spacePlaces goes through the places namespaces are bound to, with their inode
// numbers (proc_pid_mountinfo(5)).
func spacePlaces() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		f, err := os.Open("/proc/thread-self/mountinfo")
		if err != nil {
			return
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			// id parent major:minor root point options [tag]… - type source super
			fields := strings.Fields(s.Text())
			var ino uint64
			if len(fields) < 6 {
				continue
			}
			if n, err := fmt.Sscanf(fields[3], "net:[%d]", &ino); n == 1 && err == nil && !yield(fields[4], ino) {
				return
			}
		}
	}
}

// boundSpaces lists the places namespaces are bound to, but for their names.
func boundSpaces() []string {
	var out []string
	for path := range spacePlaces() {
		if !strings.HasPrefix(path, runDir+"/") {
			out = append(out, path)
		}
	}
	return out
}

// linkedSpace reads the inode of a namespace from a link in /proc.
func linkedSpace(path string) (uint64, bool) {
	var ino uint64
	if !strings.HasPrefix(path, "/proc/") {
		return 0, false
	}
	target, err := os.Readlink(path)
	if err != nil {
		return 0, false
	}
	n, err := fmt.Sscanf(target, "net:[%d]", &ino)
	return ino, n == 1 && err == nil
}

// where says where a namespace is, for messages.
func (sp *space) where() string {
	if sp.name == "" {
		return "a namespace without a name"
	}
	return sp.name
}
