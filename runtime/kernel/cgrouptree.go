package kernel

import (
	"bufio"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A cgroupTree is a mounted tree of control groups (cgroups(7)).
type cgroupTree struct {
	dir  string // where it is mounted
	root string // what of it is mounted there
	// name is what /proc/PID/cgroup calls one of version 1, where each process may
	// be in another group of each tree: freezer, pids, name=systemd. The unified
	// tree, version 2, has none.
	name string
}

// A cgroupPlace is a directory that may hold groups.
type cgroupPlace struct {
	dir  string // empty: none
	tree cgroupTree
}

// usable are the trees of version 1 in which a group is nothing but a group, the
// best first: in one the kernel stops all, in the next it forks nothing.
var usable = []string{"freezer", "pids", "name="}

// findPlace finds the first of some trees that allows groups, and which are left
// to be tried. In the unified tree the place is below vnet's own cgroup if that
// was given to it to manage (systemd says so in an attribute), else at the top,
// where nothing but vnet ends what runs there.
func findPlace(trees []cgroupTree) (p cgroupPlace, rest []cgroupTree) {
	for i, t := range trees {
		places := []string{t.dir}
		if own := t.own(); own != "" && own != t.dir {
			if places = []string{t.dir, own}; t.name == "" && delegated(own) {
				places = []string{own, t.dir}
			}
		}
		for _, in := range places {
			dir := filepath.Join(in, cgroupName)
			err := os.Mkdir(dir, 0o755)
			if err != nil && !errors.Is(err, os.ErrExist) {
				continue
			}
			if unix.Access(filepath.Join(dir, t.door()), unix.W_OK) == nil {
				return cgroupPlace{dir, t}, trees[i+1:]
			}
		}
	}
	return cgroupPlace{}, nil
}

// cgroupTrees finds those that can be used, the unified one first.
func cgroupTrees() []cgroupTree {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	var unified cgroupTree
	var old []cgroupTree
	for s := bufio.NewScanner(f); s.Scan(); {
		// 29 22 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw
		// 30 22 0:27 / /sys/fs/cgroup/freezer rw,relatime shared:5 - cgroup cgroup rw,freezer
		mount, kind, ok := strings.Cut(s.Text(), " - ")
		fields, about := strings.Fields(mount), strings.Fields(kind)
		if !ok || len(fields) < 5 || len(about) < 3 {
			continue
		}
		t := cgroupTree{dir: unescapeMount(fields[4]), root: unescapeMount(fields[3])}
		if !isCgroup(t.dir) {
			continue // something was mounted over it since
		}
		switch about[0] {
		case "cgroup2":
			// Rather at its usual place than elsewhere.
			if unified.dir == "" || t.usual() {
				unified = t
			}
		case "cgroup":
			for option := range strings.SplitSeq(about[2], ",") {
				if t.rank(option) < len(usable) {
					t.name = option
					old = append(old, t)
				}
			}
		}
	}
	slices.SortStableFunc(old, func(a, b cgroupTree) int {
		if a.usual() != b.usual() && a.name == b.name {
			return map[bool]int{true: -1, false: 1}[a.usual()]
		}
		return cmp.Compare(a.rank(a.name), b.rank(b.name))
	})
	if unified.dir != "" {
		old = append([]cgroupTree{unified}, old...)
	}
	return old
}

// usual reports whether it is mounted where one looks for it.
func (t cgroupTree) usual() bool { return strings.HasPrefix(t.dir, "/sys/fs/cgroup") }

// rank is the place of a tree's name among those that can be used.
func (t cgroupTree) rank(name string) int {
	for i, want := range usable {
		if name == want || strings.HasSuffix(want, "=") && strings.HasPrefix(name, want) {
			return i
		}
	}
	return len(usable)
}

// unescapeMount reads a path as mountinfo writes it: \040 is a space.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// isCgroup reports whether a directory is one of a tree of control groups, and
// not what was mounted over it since.
func isCgroup(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && (st.Type == unix.CGROUP2_SUPER_MAGIC || st.Type == unix.CGROUP_SUPER_MAGIC)
}

// own is the directory of the calling thread's group; empty where it is not seen.
func (t cgroupTree) own() string {
	text, _ := os.ReadFile("/proc/thread-self/cgroup")
	for line := range strings.Lines(string(text)) {
		// 0::/user.slice, 7:freezer:/ and 1:name=systemd:/user.slice
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 || t.name == "" && fields[1] != "" || t.name != "" && !slices.Contains(strings.Split(fields[1], ","), t.name) {
			continue
		}
		rest, err := filepath.Rel(t.root, fields[2])
		if err != nil || !filepath.IsLocal(rest) {
			return ""
		}
		return filepath.Join(t.dir, rest)
	}
	return ""
}

// door is the file by which one comes into a group: as a process, in version 1
// as a thread.
func (t cgroupTree) door() string {
	if t.name == "" {
		return "cgroup.procs"
	}
	return "tasks"
}

// within does something on a thread that is in a group of version 1 meanwhile:
// what it forks is born there. The thread may be in a mount namespace where no
// tree is seen.
func (t cgroupTree) within(group *os.File, on func(func() error) error, do func() error) error {
	own, err := os.Open(t.own())
	if err != nil {
		return err
	}
	defer own.Close()
	var doors [2]int
	for i, dir := range []*os.File{group, own} {
		if doors[i], err = unix.Openat(int(dir.Fd()), t.door(), unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		defer unix.Close(doors[i])
	}
	enter := func(door int) error { // "0" is who writes it
		_, err := unix.Write(door, []byte("0"))
		return err
	}
	return on(func() error {
		if err := enter(doors[0]); err != nil {
			return err
		}
		defer enter(doors[1])
		return do()
	})
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
