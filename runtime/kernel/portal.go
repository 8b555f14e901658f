package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// A portal is a thread inside a namespace from which programs are started:
// with the namespace's /sys, and with its files from /etc/netns over those in
// /etc, in a mount namespace of its own. It is made as iproute2's netns_switch
// makes it and lives as long as its programs: they die with it
// (PR_SET_PDEATHSIG is about the thread, not the process).
//
// The kernel copies every mount for a new mount namespace, and each namespace
// with a name is one: a portal for each of a thousand would take a million. So
// one that no program has left anything in moves on to the next namespace.
type portal struct {
	jobs   chan func()
	mounts int // a descriptor that tells whether the mounts it sees have changed; -1: none can

	mu      sync.Mutex
	at      *space // where it is
	edits   int    // of the host's own count, and
	stamp   int64  // the time of the directory, when it came
	users   int
	retired bool
	settled bool // it stays where it is
	coming  bool // its thread has not arrived yet
}

// use makes sure the portal is not closed until done is called; false when it
// is on its way out, elsewhere, or shows files that have changed since.
func (p *portal) use(sp *space, edits int, stamp int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired || p.at != sp || p.edits != edits || p.stamp != stamp {
		return false
	}
	p.users++
	return true
}

// move takes the portal to another namespace and uses it there; false when it
// is needed where it is, or is not as it was when it came. The thread goes with
// the first thing that is to be done there.
func (p *portal) move(sp *space, edits int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired || p.settled || p.users > 0 || p.stamp != 0 || p.unsettledMounts() {
		return false
	}
	p.at, p.edits, p.coming = sp, edits, true
	p.users++
	return true
}

// arrive runs on the thread.
func (p *portal) arrive() error {
	p.mu.Lock()
	sp, coming := p.at, p.coming
	p.coming = false
	p.mu.Unlock()
	if !coming {
		return nil
	}
	err := netns.Set(sp.fd)
	if err == nil {
		err = mountSys(sp.name)
	}
	p.unsettledMounts() // our own change
	if err != nil {
		p.retire(sp)
		return entering(sp.name, err)
	}
	return nil
}

// settle keeps the portal where it is for the rest of its life: what runs in
// its mount namespace shall not have it changed, nor others see what it mounts.
func (p *portal) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settled = true
}

// unsettledMounts reports whether a mount has come or gone since it was last
// asked: proc_pid_mountinfo(5) can be polled for that.
func (p *portal) unsettledMounts() bool {
	if p.mounts < 0 {
		return true
	}
	poll := []unix.PollFd{{Fd: int32(p.mounts), Events: unix.POLLPRI}}
	n, err := unix.Poll(poll, 0)
	return n != 0 || err != nil
}

func (p *portal) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users--
	if p.retired && p.users == 0 {
		close(p.jobs)
	}
}

// retire lets the thread die after its last program, if it is still there.
func (p *portal) retire(sp *space) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired || p.at != sp {
		return
	}
	p.retired = true
	if p.users == 0 {
		close(p.jobs)
	}
}

// run does something on the thread; an error says that it is not where it
// should be.
func (p *portal) run(f func()) error {
	done := make(chan error)
	p.jobs <- func() {
		err := p.arrive()
		if err == nil {
			f()
		}
		done <- err
	}
	return <-done
}

// portal returns the portal of a namespace, in use: a new one when the files of
// the namespace have changed since.
func (h *Host) portal(sp *space) (*portal, error) {
	h.mu.Lock()
	edits := h.edits[sp.name]
	h.mu.Unlock()
	stamp := etcStamp(sp.name)
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if p := sp.portal; p != nil {
		if p.use(sp, edits, stamp) {
			return p, nil
		}
		p.retire(sp)
		sp.portal = nil
	}
	roams := sp.name != host.Start && stamp == 0
	if p := h.roaming.Load(); roams && p != nil && p.move(sp, edits) {
		sp.portal = p
		return p, nil
	}
	p := &portal{jobs: make(chan func()), at: sp, edits: edits, stamp: stamp, users: 1, settled: !roams, mounts: -1}
	ready := make(chan error)
	locked(func() {
		err := sp.furnishPortal()
		if err == nil && roams {
			// Not an os.File: Go would wait for its events, too, and take them away.
			if fd, err := unix.Open("/proc/thread-self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
				p.mounts = fd
				defer unix.Close(fd)
			}
		}
		ready <- err
		if err != nil {
			return
		}
		for job := range p.jobs {
			job()
		}
	})
	if err := <-ready; err != nil {
		return nil, err
	}
	if roams {
		h.roaming.Store(p)
	}
	sp.portal = p
	return p, nil
}

func etcStamp(ns string) int64 {
	var st unix.Stat_t
	if ns == host.Start || unix.Stat(etcDir+"/"+ns, &st) != nil {
		return 0
	}
	return st.Mtim.Nano()
}

// furnishPortal runs on the portal's thread.
func (sp *space) furnishPortal() error {
	if sp.name == host.Start {
		return nil
	}
	if err := netns.Set(sp.fd); err != nil {
		return entering(sp.name, err)
	}
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return entering(sp.name, err)
	}
	// Mounts still come in from outside, but none of ours gets out.
	if err := unix.Mount("", "/", "none", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return entering(sp.name, fmt.Errorf("make / a slave mount: %w", err))
	}
	if err := mountSys(sp.name); err != nil {
		return entering(sp.name, fmt.Errorf("mount /sys: %w", err))
	}
	return bindEtc(sp.name)
}

// mountSys puts the namespace's own devices under /sys. Its flags stay: a
// read-only /sys, as in containers, cannot be mounted otherwise.
func mountSys(ns string) error {
	var flags uintptr
	if err := unix.Unmount("/sys", unix.MNT_DETACH); err != nil {
		var st unix.Statfs_t
		if unix.Statfs("/sys", &st) == nil && st.Flags&unix.ST_RDONLY != 0 {
			flags = unix.MS_RDONLY
		}
	}
	return unix.Mount(ns, "/sys", "sysfs", flags, "")
}

// bindEtc binds the files of /etc/netns/NS over those of the same name in /etc.
// Only plain files of root's: whoever else may write there must not decide what
// programs of root read.
func bindEtc(ns string) error {
	if !fileName(ns) {
		return nil
	}
	dir := etcDir + "/" + ns
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name()[0] == '.' {
			continue
		}
		if err := bindOne(dir+"/"+e.Name(), "/etc/"+e.Name()); err != nil {
			return &host.Error{Errno: errnoOf(err), Field: host.FieldNS,
				What: fmt.Sprintf("bind %s over /etc", name.Quote(dir+"/"+e.Name()))}
		}
	}
	return nil
}

// bindOne binds one file. Where the target is a symbolic link (resolv.conf
// often is) mount(2) follows it, and what it leads to is covered.
func bindOne(from, to string) error {
	fd, err := unix.Open(from, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Uid != 0 {
		return nil
	}
	err = unix.Mount(fmt.Sprintf("/proc/thread-self/fd/%d", fd), to, "none", unix.MS_BIND, "")
	if errors.Is(err, unix.ENOENT) {
		return nil // nothing to cover; `ip netns exec` goes on too
	}
	return err
}
