package kernel

import (
	"bufio"
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

// cgroupPlaces lists the directories that may hold groups, the best first:
// below vnet's own cgroup if that was given to it to manage (systemd says so
// in an attribute), else at the root of the tree, where nothing but vnet ends
// what runs there.
func cgroupPlaces() []string {
	root := cgroupRoot()
	if root == "" {
		return nil
	}
	top := filepath.Join(root, cgroupName)
	own := ownCgroup()
	if own == "" || own == "/" {
		return []string{top}
	}
	below := filepath.Join(root, own, cgroupName)
	if delegated(filepath.Join(root, own)) {
		return []string{below, top}
	}
	return []string{top, below}
}

// cgroupRoot finds where the unified tree (cgroups(7), "version 2") is mounted,
// rather at its usual place than elsewhere.
func cgroupRoot() (root string) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		// 29 22 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw
		mount, kind, ok := strings.Cut(s.Text(), " - ")
		fields := strings.Fields(mount)
		if !ok || !strings.HasPrefix(kind, "cgroup2 ") || len(fields) < 5 {
			continue
		}
		dir := unescapeMount(fields[4])
		if (root == "" || strings.HasPrefix(dir, "/sys/fs/cgroup")) && isCgroup(dir) {
			root = dir
		}
	}
	return root
}

// unescapeMount reads a path as mountinfo writes it: \040 is a space.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// isCgroup reports whether a directory is one of the unified tree, and not
// what was mounted over it since.
func isCgroup(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// ownCgroup is the path of vnet's own cgroup in the unified tree.
func ownCgroup() string {
	text, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSpace(path)
		}
	}
	return ""
}

// delegated reports whether systemd has left a cgroup to who lives there.
func delegated(dir string) bool {
	for _, attr := range []string{"trusted.delegate", "user.delegate"} {
		value := make([]byte, 8)
		if n, err := unix.Getxattr(dir, attr, value); err == nil && string(value[:n]) == "1" {
			return true
		}
	}
	return false
}

// cgroupPlace is the directory for groups, in the first place that allows one;
// empty where there is none.
func cgroupPlace() string {
	for _, place := range cgroupPlaces() {
		err := os.Mkdir(place, 0o755)
		if err != nil && !errors.Is(err, os.ErrExist) {
			continue
		}
		if unix.Access(place+"/cgroup.procs", unix.W_OK) == nil {
			return place
		}
	}
	return ""
}

// TryCgroup starts a program in a cgroup, ends the group and removes it, as is
// done for the programs of a script. The error says why they are not in one.
func TryCgroup() (place string, err error) {
	if cgroupRoot() == "" {
		return "", errors.New("no unified tree (cgroup2) is mounted")
	}
	place = cgroupPlace()
	if place == "" {
		return "", errors.New("no control group may be made")
	}
	defer unix.Rmdir(place) // refused while others are at work
	dir := filepath.Join(place, "try-"+strconv.Itoa(os.Getpid()))
	f, err := openCgroup(dir)
	if err != nil {
		return place, err
	}
	defer f.Close()
	defer unix.Rmdir(dir)
	c := exec.Command("/proc/self/exe", "help")
	c.Args[0] = os.Args[0]
	c.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(f.Fd())}
	if err := c.Run(); err != nil {
		return place, err
	}
	if err := os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0); err != nil {
		return place, err
	}
	return place, nil
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
	return err == nil && bytes.Contains(events, []byte("populated 1"))
}

// members lists the processes of a cgroup and those below it.
func members(dir string) []int {
	var out []int
	text, _ := os.ReadFile(dir + "/cgroup.procs")
	for word := range strings.FieldsSeq(string(text)) {
		if pid, err := strconv.Atoi(word); err == nil && pid > 0 {
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
	err := os.WriteFile(dir+"/cgroup.kill", []byte("1"), 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err != nil && isCgroup(dir) { // before Linux 5.14
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

// killOneByOne kills the members of a cgroup, which is frozen meanwhile so that
// none forks away.
func killOneByOne(dir string, deadline time.Time) {
	freeze := dir + "/cgroup.freeze"
	_ = os.WriteFile(freeze, []byte("1"), 0)
	for time.Now().Before(deadline) {
		pids := members(dir)
		if len(pids) == 0 {
			break
		}
		for _, pid := range pids {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		_ = os.WriteFile(freeze, []byte("0"), 0)
		for _, pid := range pids {
			waitProcess(pid, deadline)
		}
	}
	_ = os.WriteFile(freeze, []byte("0"), 0)
}

// awaitEmpty waits until nothing runs in a cgroup; false when it is too late.
func awaitEmpty(dir string, deadline time.Time) bool {
	f, err := os.Open(dir + "/cgroup.events")
	if err != nil {
		return true
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
