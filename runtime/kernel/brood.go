package kernel

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// stopTime is how long programs may take to end after they were asked to.
const stopTime = 2 * time.Second

// A brood is the programs that were started in one group (host.GroupAdd), with
// all that they started: a cgroup (cgroups(7)), in which they are born, and
// which is not left by fork(2) or setsid(2): rather one of the unified tree, into
// which they are cloned, than of version 1, where the thread that forks them has
// to be in it. Where there are no cgroups they
// wear a badge and bear a mark: a variable of their environment, which they may
// wipe. The mark is all there is where the kernel makes no badges.
type brood struct {
	id string

	place cgroupPlace
	dir   string      // its cgroup; empty: none
	loose atomic.Bool // some are in no cgroup

	files  sync.Mutex // guards these, which are open while programs come one after the other
	cgroup *os.File   // the directory; nil: not open
	events *os.File   // what tells whether something runs in it
	badge  *badge     // nil: not open

	mu    sync.RWMutex // read: a program is being started
	ended bool         // nothing may be started in it any more
}

var errBroodEnded = errors.New("its group of programs has been ended")

// groupID reports whether a text may be the name of a directory of ours, for
// it may come from a journal.
func groupID(id string) bool {
	if id == "" || len(id) > 100 || id[0] == '.' {
		return false
	}
	for _, c := range []byte(id) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '.') {
			return false
		}
	}
	return true
}

// brood returns the group of that name.
func (h *Host) brood(id string) *brood {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.broods[id]
	if b == nil {
		b = &brood{id: id, place: h.broodPlace()}
		if b.place.dir != "" {
			b.dir = filepath.Join(b.place.dir, id)
		}
		b.loose.Store(b.dir == "" || hasBadge(id))
		h.broods[id] = b
	}
	return b
}

// start starts the program of an Exec in its group. The group before is left:
// an Exec that follows at once would be in it again.
func (h *Host) start(group string, c *exec.Cmd, p *portal) (*exec.Cmd, error) {
	if group == "" {
		return c, p.do(c.Start)
	}
	b := h.brood(group)
	h.mu.Lock()
	left := h.last
	h.last = b
	h.mu.Unlock()
	if left != nil && left != b {
		left.leave()
	}
	return h.startIn(b, c, p)
}

// startIn starts a program in a group; where its cgroup is of no use, in none.
func (h *Host) startIn(b *brood, c *exec.Cmd, p *portal) (*exec.Cmd, error) {
	c, err := b.start(c, p.do)
	if err == nil && b.dir != "" && b.loose.Load() {
		h.mu.Lock()
		if h.place.dir == b.place.dir { // it would not do for the next ones either
			h.place, h.trees = findPlace(h.trees)
		}
		h.mu.Unlock()
	}
	return c, err
}

// do does something on the portal's thread.
func (p *portal) do(f func() error) (err error) {
	if away := p.run(func() { err = f() }); away != nil {
		return away
	}
	return err
}

// leavePrograms ends what the host has to do with programs: they stay.
func (h *Host) leavePrograms() {
	h.mu.Lock()
	h.closed = true
	logs, broods := slices.Collect(maps.Values(h.logs)), slices.Collect(maps.Values(h.broods))
	clear(h.logs)
	h.mu.Unlock()
	for _, f := range logs {
		f.close()
	}
	for _, b := range broods {
		b.leave()
	}
}

func (h *Host) isClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

// broodPlace is where new groups are made. The caller holds h.mu.
func (h *Host) broodPlace() cgroupPlace {
	if !h.looked {
		h.looked = true
		if h.place, h.trees = findPlace(cgroupTrees()); h.place.dir != "" {
			sweepCgroups(h.place.dir, sweepAge)
		}
	}
	return h.place
}

// Runs reports whether anything of a group of programs is alive.
func (h *Host) Runs(group string) bool { return h.brood(group).alive() }

// groupAdd only says what will end the group: it is made with its first
// program.
func (q *queue) groupAdd(op host.GroupAdd) error {
	if !groupID(op.ID) || op.Log != "" && !logPath(op.Log) {
		return failed(unix.EINVAL, host.FieldNone, "%q is no group of programs", op.ID)
	}
	q.undo(host.GroupKill{ID: op.ID, Dir: q.h.brood(op.ID).dir, Log: op.Log})
	return q.announce()
}

// groupKill ends a group, of this vnet or of one that is gone.
func (q *queue) groupKill(op host.GroupKill) error {
	if !groupID(op.ID) || op.Log != "" && !logPath(op.Log) ||
		op.Dir != "" && (filepath.Base(op.Dir) != op.ID || filepath.Base(filepath.Dir(op.Dir)) != cgroupName) {
		return failed(unix.EINVAL, host.FieldNone, "%q is no group of programs", op.ID)
	}
	if op.Late {
		op.Late = false
		q.results[q.at].Final = []host.Op{op}
		return q.foretell()
	}
	b := q.h.brood(op.ID)
	if op.Dir == "" {
		b.loose.Store(true) // also where there are cgroups by now
	}
	err := b.kill()
	if err == nil && op.Dir != "" && op.Dir != b.dir {
		err = killCgroup(op.Dir)
	}
	if errors.Is(err, unix.ETIMEDOUT) {
		return failed(unix.ETIMEDOUT, host.FieldNone, "programs that do not die: %s", pids(b.members()))
	}
	if err == nil && op.Log != "" {
		err = q.h.removeLog(op.Log)
	}
	return err
}

func pids(list []int) string {
	words := make([]string, len(list))
	for i, pid := range list {
		words[i] = strconv.Itoa(pid)
	}
	return strings.Join(words, " ")
}

// start starts a program in the group, on a thread. Its cgroup may be swept away in the very
// moment, as nothing runs in it yet; then it is made once more.
func (b *brood) start(c *exec.Cmd, on func(func() error) error) (*exec.Cmd, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.ended {
		return nil, errBroodEnded
	}
	for range 10 {
		if b.dir == "" {
			break
		}
		f, err := b.open()
		if err != nil {
			break
		}
		try := again(c)
		if t := b.place.tree; t.name == "" {
			try.SysProcAttr.UseCgroupFD, try.SysProcAttr.CgroupFD = true, int(f.Fd())
			err = on(try.Start)
		} else {
			err = t.within(f, on, try.Start)
		}
		switch {
		case err != nil && !isStill(f, b.dir):
			b.lose(f)
			continue
		case cgroupTrouble(err):
		default:
			return try, err
		}
		break
	}
	b.loose.Store(true)
	c = again(c)
	c.Env = append(c.Env, broodMark+"="+b.id)
	badge, err := b.pin()
	return c, on(func() error {
		if err == nil { // the kernel makes them
			if off, err := badge.put(); err == nil {
				defer off()
			}
		}
		return c.Start()
	})
}

// pin gives the badge, which is made where it is missing.
func (b *brood) pin() (*badge, error) {
	b.files.Lock()
	defer b.files.Unlock()
	if b.badge != nil {
		return b.badge, nil
	}
	var err error
	b.badge, err = openBadge(b.id)
	return b.badge, err
}

// open gives the cgroup, which is made where it is missing.
func (b *brood) open() (*os.File, error) {
	b.files.Lock()
	defer b.files.Unlock()
	if b.cgroup != nil {
		return b.cgroup, nil
	}
	var err error
	b.cgroup, err = openCgroup(b.dir)
	return b.cgroup, err
}

// lose forgets a directory that was swept away, which others may be using yet.
func (b *brood) lose(f *os.File) {
	b.files.Lock()
	defer b.files.Unlock()
	if b.cgroup == f {
		b.cgroup, b.events = nil, nil
	}
}

// shut gives back what is open of the cgroup. Nobody may be starting a program
// in it.
func (b *brood) shut() {
	b.files.Lock()
	defer b.files.Unlock()
	b.cgroup.Close() // no harm in nil
	b.events.Close()
	if b.badge != nil {
		b.badge.Close()
	}
	b.cgroup, b.events, b.badge = nil, nil, nil
}

// again returns a command that is not started yet.
func again(c *exec.Cmd) *exec.Cmd {
	attr := *c.SysProcAttr
	return &exec.Cmd{Path: c.Path, Args: c.Args, Env: slices.Clone(c.Env), Dir: c.Dir,
		Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr, WaitDelay: c.WaitDelay, SysProcAttr: &attr}
}

// isStill reports whether an open directory is the one that bears the name.
func isStill(f *os.File, dir string) bool {
	a, errA := f.Stat()
	b, errB := os.Lstat(dir)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// cgroupTrouble reports whether a program may not have started because of the
// cgroup: clone3(2) is not there or not allowed. (Some of them have other
// causes, too; those are met again.)
func cgroupTrouble(err error) bool {
	for _, e := range []unix.Errno{unix.ENOSYS, unix.EINVAL, unix.EPERM, unix.EACCES, unix.EOPNOTSUPP, unix.EBUSY} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// members lists what runs in the group.
func (b *brood) members() []int {
	var out []int
	if b.dir != "" {
		out = members(b.dir)
	}
	if b.loose.Load() {
		out = append(out, wearers(b.id)...)
	}
	return out
}

// alive reports whether something runs in the group.
func (b *brood) alive() bool {
	return b.dir != "" && populated(b.dir) || b.loose.Load() && len(wearers(b.id)) > 0
}

// busy is alive where that is easily told, and true elsewhere. It is asked
// after each program.
func (b *brood) busy() bool {
	if b.loose.Load() {
		return true
	}
	if b.place.tree.name != "" {
		return populated(b.dir)
	}
	b.files.Lock()
	defer b.files.Unlock()
	if b.events == nil {
		var err error
		if b.events, err = os.Open(b.dir + "/cgroup.events"); err != nil {
			b.events = nil
			return false
		}
	}
	buf := make([]byte, 256)
	n, _ := b.events.ReadAt(buf, 0)
	return bytes.Contains(buf[:n], []byte("populated 1"))
}

// end closes the group: nothing is started in it any more.
func (b *brood) end() {
	b.mu.Lock()
	b.ended = true
	b.mu.Unlock()
}

func (b *brood) hasEnded() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.ended
}

// kill ends all of the group for good.
func (b *brood) kill() error {
	b.end()
	b.shut()
	var err error
	if b.dir != "" {
		err = killCgroup(b.dir)
		_ = unix.Rmdir(filepath.Dir(b.dir)) // refused while others are at work
	}
	if b.loose.Load() {
		err = errors.Join(err, killWearers(b.id))
	}
	return err
}

// stop asks all of the group to end, and kills what does not.
func (b *brood) stop() error {
	b.end()
	for _, pid := range b.members() {
		_ = unix.Kill(pid, unix.SIGTERM)
		_ = unix.Kill(pid, unix.SIGCONT) // a stopped one would not notice
	}
	deadline := time.Now().Add(stopTime)
	for _, pid := range b.members() {
		waitProcess(pid, deadline)
	}
	return b.kill()
}

// leave removes the cgroup and the badge when nothing runs in the group.
func (b *brood) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut()
	if b.loose.Load() && len(wearers(b.id)) == 0 {
		dropBadge(b.id)
	}
	if b.dir != "" {
		_ = unix.Rmdir(b.dir)
		_ = unix.Rmdir(filepath.Dir(b.dir))
	}
}
