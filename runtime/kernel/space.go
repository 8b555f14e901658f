package kernel

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// runDir is where `ip netns` keeps the names of namespaces (ip-netns(8)).
const runDir = "/run/netns"

// A space is what is known and open of one namespace.
type space struct {
	name   string
	fd     netns.NsHandle
	ino    uint64 // of its nsfs file: nothing else has it while fd is open
	cookie uint64 // SO_NETNS_COOKIE: never used twice until the machine is restarted
	made   bool   // by us, so that nobody else uses it
	pure   bool   // and no program has been in it

	nameless bool // of a scratch host, whatever its name says

	mu     sync.Mutex
	conn   *conn
	links  map[string]int  // the indexes of interfaces we made
	next   int             // the index of the next one; 0 leaves it to the kernel
	near   map[string]bool // namespaces at the other end of its cables
	portal *portal
}

// space returns a namespace by name. What is cached is checked against the
// name (1 us): somebody may have deleted and made it anew.
func (h *Host) space(ns string) (*space, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if sp, ok := h.spaces[ns]; ok {
		if ns == host.Start || sp.nameless || sp.bears(ns) {
			return sp, nil
		}
		delete(h.spaces, ns)
		h.stale = append(h.stale, sp)
	}
	fd, err := openSpace(ns)
	if err != nil {
		return nil, err
	}
	sp := &space{name: ns, fd: netns.NsHandle(fd), links: map[string]int{}, near: map[string]bool{}}
	if err := sp.identify(); err != nil {
		unix.Close(fd)
		return nil, err
	}
	h.spaces[ns] = sp
	return sp, nil
}

// peek returns a namespace only to look at it: what was not open before is
// closed by done, for an open descriptor keeps a namespace alive.
func (h *Host) peek(ns string) (sp *space, done func(), err error) {
	h.mu.Lock()
	_, known := h.spaces[ns]
	h.mu.Unlock()
	if known || ns == host.Start {
		sp, err = h.space(ns)
		return sp, func() {}, err
	}
	fd, err := openSpace(ns)
	if err != nil {
		return nil, nil, err
	}
	sp = &space{name: ns, fd: netns.NsHandle(fd), links: map[string]int{}, near: map[string]bool{}}
	if err := sp.identify(); err != nil {
		sp.close()
		return nil, nil, err
	}
	return sp, sp.close, nil
}

func (sp *space) bears(ns string) bool {
	var st unix.Stat_t
	return unix.Fstatat(unix.AT_FDCWD, runDir+"/"+ns, &st, unix.AT_SYMLINK_NOFOLLOW) == nil && st.Ino == sp.ino
}

func (sp *space) identify() error {
	var st unix.Stat_t
	if err := unix.Fstat(int(sp.fd), &st); err != nil {
		return err
	}
	sp.ino = st.Ino
	return nil
}

// id returns the namespace's cookie (socket(7), Linux 5.14).
func (sp *space) id() (uint64, error) {
	if sp.cookie != 0 {
		return sp.cookie, nil
	}
	if idsAreCookies() {
		if id, ok := numberIn(int(sp.fd)); ok {
			sp.cookie = id
			return id, nil
		}
	}
	c, err := sp.netlink()
	if err != nil {
		return 0, err
	}
	sp.cookie, err = unix.GetsockoptUint64(c.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return 0, fmt.Errorf("identity of namespace %s: %w", name.Quote(sp.name), err)
	}
	return sp.cookie, nil
}

// numberIn asks a namespace's file for the number that the kernel has for it
// (NS_GET_ID, Linux 6.18).
func numberIn(fd int) (id uint64, ok bool) {
	const nsGetID = 0x8008b70d // _IOR(0xb7, 13, __u64)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), nsGetID, uintptr(unsafe.Pointer(&id)))
	return id, errno == 0 && id != 0
}

// idsAreCookies says whether those numbers are the cookies, as they are where
// there is the first. Then no socket is needed to know a namespace.
var idsAreCookies = sync.OnceValue(func() bool {
	ns, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(ns)
	c, err := openConn()
	if err != nil {
		return false
	}
	defer c.close()
	id, ok := numberIn(ns)
	cookie, err := unix.GetsockoptUint64(c.fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return ok && err == nil && id == cookie
})

// openSpace opens the nsfs file of a namespace. What lies in /run/netns may be
// anything: a FIFO would hang a plain open, a symbolic link lead elsewhere, a
// namespace of another type be entered by mistake.
func openSpace(ns string) (int, error) {
	if ns == host.Start {
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1, &host.Error{Errno: errnoOf(err), Field: host.FieldNS, What: "the namespace vnet was started in"}
		}
		return fd, nil
	}
	if !fileName(ns) {
		return -1, noSpace(ns, unix.ENOENT)
	}
	fd, err := unix.Open(runDir+"/"+ns, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, noSpace(ns, errnoOf(err))
	}
	if err := checkSpace(fd); err != nil {
		unix.Close(fd)
		return -1, &host.Error{Errno: unix.EINVAL, Field: host.FieldNS, Kernel: err.Error(),
			What: fmt.Sprintf("%s/%s", runDir, name.Quote(ns))}
	}
	return fd, nil
}

func checkSpace(fd int) error {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return err
	}
	if fs.Type != unix.NSFS_MAGIC {
		return errors.New("not a namespace, though it lies where namespaces do")
	}
	kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return err
	}
	if kind != unix.CLONE_NEWNET {
		return errors.New("a namespace of another type than network")
	}
	return nil
}

// fileName says whether an existing name, however odd, is one path element.
func fileName(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) <= 255 && !strings.ContainsAny(s, "/\x00")
}

func noSpace(ns string, errno unix.Errno) error {
	what := fmt.Sprintf("no namespace %s", name.Quote(ns))
	switch errno {
	case unix.ENOENT, unix.ENOTDIR:
		errno = unix.ENOENT
	case unix.EACCES, unix.EPERM:
		what = fmt.Sprintf("namespace %s may not be opened", name.Quote(ns))
	default:
		what = fmt.Sprintf("%s/%s is not a namespace", runDir, name.Quote(ns))
	}
	return &host.Error{Errno: errno, Field: host.FieldNS, What: what}
}

// at runs f on a thread inside the namespace. All our threads but portals are
// in the one vnet was started in, and going there takes root for no gain.
func (sp *space) at(f func() error) error {
	if sp.name == host.Start && !sp.nameless {
		return f()
	}
	return onThread(func() (bool, error) {
		home, err := netns.Get()
		if err != nil {
			return true, err
		}
		defer home.Close()
		if err := netns.Set(sp.fd); err != nil {
			return true, entering(sp.name, err)
		}
		err = f()
		return netns.Set(home) == nil, err
	})
}

func entering(ns string, err error) error {
	return &host.Error{Errno: errnoOf(err), Field: host.FieldNS, Kernel: rootWords(err),
		What: fmt.Sprintf("enter namespace %s", name.Quote(ns))}
}

// netlink returns the connection of the namespace, opened on first use.
func (sp *space) netlink() (*conn, error) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.conn != nil {
		return sp.conn, nil
	}
	err := sp.at(func() (err error) {
		sp.conn, err = openConn()
		return err
	})
	return sp.conn, err
}

// connect opens the connections of several namespaces, on one thread that goes
// round them.
func connect(spaces []*space) error {
	return onThread(func() (bool, error) {
		home, err := netns.Get()
		if err != nil {
			return true, err
		}
		defer home.Close()
		for _, sp := range spaces {
			if err = sp.connectHere(); err != nil {
				break
			}
		}
		return netns.Set(home) == nil, err
	})
}

// connectHere opens the connection of a namespace on this thread, which stays
// there.
func (sp *space) connectHere() (err error) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.conn != nil {
		return nil
	}
	if err := netns.Set(sp.fd); err != nil {
		return entering(sp.name, err)
	}
	sp.conn, err = openConn()
	return err
}

func (sp *space) close() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.conn != nil {
		sp.conn.close()
		sp.conn = nil
	}
	if sp.portal != nil {
		sp.portal.retire(sp)
		sp.portal = nil
	}
	if sp.fd.IsOpen() {
		_ = sp.fd.Close()
	}
}

// drop lets go of the indexes of interfaces: one of them is wrong.
func (sp *space) drop() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	clear(sp.links)
}

// forget drops the indexes of interfaces and chooses no more: a program may
// have changed them.
func (sp *space) forget() {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	clear(sp.links)
	sp.next, sp.pure = 0, false
}

// untouched reports whether nobody but us has been in it.
func (sp *space) untouched() bool {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	return sp.made && sp.pure
}

func (h *Host) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names = roll{}
	if !h.learnt {
		return // by an earlier call
	}
	h.learnt = false
	for _, sp := range h.spaces {
		sp.forget()
	}
}

// learn takes note of an interface that we made. The kernel gives out indexes
// upwards, so that those behind one that it gave are free, and were not had by
// one that was moved away and may come back.
func (sp *space) learn(link string, index int) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	sp.links[link] = index
	sp.next = max(sp.next, index+1)
}

func (sp *space) unlearn(link string) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	delete(sp.links, link)
}

func (sp *space) known(link string) (int, bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	index, ok := sp.links[link]
	return index, ok
}

// choose picks the index of an interface to be made, so that nothing has to be
// asked back. In a namespace of others the kernel chooses the first. They may
// take one before us, then the operation is done once more without: see
// explainAdd.
func (sp *space) choose() int {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.next == 0 {
		return 0
	}
	sp.next++
	return sp.next - 1
}

func (sp *space) meets(other *space) {
	if sp == other {
		return
	}
	sp.mu.Lock()
	sp.near[other.name] = true
	sp.mu.Unlock()
	other.mu.Lock()
	other.near[sp.name] = true
	other.mu.Unlock()
}

// spaceNames lists what has a name in /run/netns and is a namespace.
func spaceNames() ([]string, error) {
	entries, err := os.ReadDir(runDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var own unix.Stat_t // nsfs has a device number of its own
	if err := unix.Stat("/proc/thread-self/ns/net", &own); err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		var st unix.Stat_t
		err := unix.Fstatat(unix.AT_FDCWD, runDir+"/"+e.Name(), &st, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil && st.Dev == own.Dev {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}
