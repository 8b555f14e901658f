package kernel

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// cgroupName is the directory of all groups, in the tree of control groups.
	cgroupName = "vnet"
	// sweepAge is how long a group may be there before its first program.
	sweepAge = time.Minute
	// killTime is how long to wait for what SIGKILL ends. It is certain, but
	// for a process that hangs in the kernel.
	killTime = 5 * time.Second
)

// TryCgroup starts a program in a cgroup, ends the group and removes it, as is
// done for the programs of a script. The error says why they are not in one.
func TryCgroup() (place string, err error) {
	trees := cgroupTrees()
	if len(trees) == 0 {
		return "", errors.New("no tree of control groups is mounted (cgroup2, or freezer or pids of version 1)")
	}
	p, _ := findPlace(trees)
	if p.dir == "" {
		return "", errors.New("no control group may be made")
	}
	defer unix.Rmdir(p.dir) // refused while others are at work
	b := &brood{id: "try-" + strconv.Itoa(os.Getpid()), place: p}
	b.dir = filepath.Join(p.dir, b.id)
	defer b.leave()
	c := exec.Command("/proc/self/exe", "help")
	c.Args[0] = os.Args[0]
	c.SysProcAttr = &syscall.SysProcAttr{}
	err = onThread(func() (bool, error) {
		c, err = b.start(c, func(start func() error) error { return start() })
		return false, err
	})
	if err == nil {
		err = c.Wait()
	}
	if err == nil && b.loose.Load() {
		err = errors.New("no program may be started in one")
	}
	return p.dir, errors.Join(err, killCgroup(b.dir))
}

// openCgroup makes a cgroup where it is missing, and opens it. Its parent may
// be removed at the same time by another vnet that needs it no more.
func openCgroup(dir string) (*os.File, error) {
	f, last := os.Open(dir)
	if last == nil {
		return f, nil
	}
	for range 10 {
		if err := os.Mkdir(filepath.Dir(dir), 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, err
		}
		last = os.Mkdir(dir, 0o755)
		if errors.Is(last, os.ErrNotExist) {
			continue
		}
		if last != nil && !errors.Is(last, os.ErrExist) {
			return nil, last
		}
		if f, last = os.Open(dir); !errors.Is(last, os.ErrNotExist) {
			return f, last
		}
	}
	return nil, last
}

// sweepCgroups removes the groups of some age that nothing runs in: of runs
// that were killed, of daemons that ended by themselves. One that was just made
// for a program is made again by its maker.
func sweepCgroups(place string, age time.Duration) {
	entries, _ := os.ReadDir(place)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && e.IsDir() && groupID(e.Name()) && time.Since(info.ModTime()) >= age {
			_ = unix.Rmdir(filepath.Join(place, e.Name())) // refused while something runs
		}
	}
	_ = unix.Rmdir(place)
}

// populated reports whether something runs in a cgroup or below it.
func populated(dir string) bool {
	events, err := os.ReadFile(dir + "/cgroup.events")
	if err != nil { // version 1
		return len(members(dir)) > 0
	}
	return bytes.Contains(events, []byte("populated 1"))
}

// members lists the processes of a cgroup and those below it. A thread of ours
// may be in one of version 1, to start a program there.
func members(dir string) []int {
	var out []int
	text, _ := os.ReadFile(dir + "/cgroup.procs")
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 0 && pid != os.Getpid() {
			out = append(out, pid)
		}
	}
	for _, sub := range below(dir) {
		out = append(out, members(sub)...)
	}
	return out
}

// below lists the cgroups that programs have made in one.
func below(dir string) []string {
	entries, _ := os.ReadDir(dir)
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

// killCgroup ends all that runs in a cgroup, and removes it. One that is not
// there is as good.
func killCgroup(dir string) error {
	if !isCgroup(dir) {
		return nil
	}
	deadline := time.Now().Add(killTime)
	err := writeFile(dir+"/cgroup.kill", "1")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err != nil && isCgroup(dir) { // before Linux 5.14, and version 1
		killOneByOne(dir, deadline)
	}
	if !awaitEmpty(dir, deadline) {
		return unix.ETIMEDOUT
	}
	for {
		err := removeCgroup(dir)
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Millisecond) // the kernel is still taking the dead apart
	}
}

// writeFile writes to a file that is there.
func writeFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// holds are the ways to keep the members of a cgroup from forking away: the file,
// what begins it, and what lets them go on, which the dying have to.
var holds = []struct{ file, begin, end string }{
	{"cgroup.freeze", "1", "0"},
	{"freezer.state", "FROZEN", "THAWED"},
	{"pids.max", "0", ""},
}

// killOneByOne kills the members of a cgroup, which forks nothing meanwhile. In a
// named hierarchy of version 1 nothing keeps it from that but that its members
// are stopped, and looked for again.
func killOneByOne(dir string, deadline time.Time) {
	hold := func(begin bool) {
		for _, h := range holds {
			text := h.end
			if begin {
				text = h.begin
			}
			if text != "" {
				_ = writeFile(filepath.Join(dir, h.file), text)
			}
		}
	}
	for time.Now().Before(deadline) {
		hold(true)
		pids := members(dir)
		if len(pids) == 0 {
			break
		}
		killAll(pids)
		hold(false)
		for _, pid := range pids {
			waitProcess(pid, deadline)
		}
	}
	hold(false)
}

// awaitEmpty waits until nothing runs in a cgroup; false when it is too late.
func awaitEmpty(dir string, deadline time.Time) bool {
	f, err := os.Open(dir + "/cgroup.events")
	if err != nil { // version 1, where nothing tells of it, and all were waited for
		return len(members(dir)) == 0
	}
	defer f.Close()
	for {
		// Reading arms the notice of the next change.
		buf := make([]byte, 256)
		n, err := f.ReadAt(buf, 0)
		if n == 0 && err != nil || bytes.Contains(buf[:n], []byte("populated 0")) {
			return true
		}
		left := time.Until(deadline)
		if left <= 0 {
			return false
		}
		_, err = unix.Poll([]unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLPRI}}, int(left.Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
	}
}

// removeCgroup removes a cgroup with what programs have made below it.
func removeCgroup(dir string) error {
	for _, sub := range below(dir) {
		if err := removeCgroup(sub); err != nil {
			return err
		}
	}
	if err := unix.Rmdir(dir); err != nil {
		return &os.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}
