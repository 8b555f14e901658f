package kernel

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// badgeDir is where the badges of groups are kept.
	badgeDir = stateDir + "/group"
	// broodMark is the variable by which programs are known besides.
	broodMark = "VNET_GROUP"
)

// A badge is how the programs of a group are known where there is no cgroup for
// them: they are born in a cgroup namespace of the group's own
// (cgroup_namespaces(7)). All that they fork is in it too, whatever becomes of
// its session, its parent and its environment, and they notice nothing: it only
// changes how the names of cgroups look. A pid namespace, which the kernel would end at
// once, would be noticed: the number in a program's PID file would mean
// nothing to a program of another group.
//
// It is kept as ip-netns(8) keeps a network namespace, bound to a file that
// bears the group's name: so another vnet finds it, and its inode's number is
// not given to another while anybody asks for it.
type badge struct{ *os.File }

// badgePath is where the badge of a group is kept. The ID was looked at.
func badgePath(id string) string { return badgeDir + "/" + id }

// hasBadge reports whether a badge of a group is kept.
func hasBadge(id string) bool {
	var st unix.Statfs_t
	return groupID(id) && unix.Statfs(badgePath(id), &st) == nil && st.Type == unix.NSFS_MAGIC
}

// TryBadge makes the badge of a group, puts it on and removes it.
func TryBadge() error {
	id := "try-" + strconv.Itoa(os.Getpid())
	b, err := openBadge(id)
	if err != nil {
		return err
	}
	defer dropBadge(id)
	defer b.Close()
	return onThread(func() (bool, error) {
		_, err := b.put()
		return false, err
	})
}

// openBadge opens the badge of a group, which is made where there is none.
func openBadge(id string) (*badge, error) {
	if !hasBadge(id) {
		if err := makeBadge(id); err != nil {
			dropBadge(id)
			return nil, err
		}
	}
	f, err := os.Open(badgePath(id))
	if err != nil {
		return nil, err
	}
	return &badge{f}, nil
}

func makeBadge(id string) error {
	if err := makeBadgeFile(id); err != nil {
		return err
	}
	// The thread that was in it dies: in a sandbox it could not go back.
	return onThread(func() (bool, error) {
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			return true, os.NewSyscallError("unshare", err)
		}
		return false, os.NewSyscallError("mount", unix.Mount("/proc/thread-self/ns/cgroup", badgePath(id), "none", unix.MS_BIND, ""))
	})
}

// makeBadgeFile makes the file that a badge is bound to.
func makeBadgeFile(id string) (err error) {
	for range 10 { // another vnet may be removing the directories
		for _, dir := range []string{stateDir, badgeDir} {
			if err = privateDir(dir); err != nil {
				break
			}
		}
		if err == nil {
			var f *os.File
			if f, err = os.OpenFile(badgePath(id), os.O_RDONLY|os.O_CREATE|unix.O_NOFOLLOW, 0o600); err == nil {
				return f.Close()
			}
		}
		if !errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	return err
}

// dropBadge removes the badge of a group which nobody wears any more.
func dropBadge(id string) {
	_ = unix.Unmount(badgePath(id), unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	_ = unix.Unlink(badgePath(id))
	_ = unix.Rmdir(badgeDir) // these two are refused while others are at work
	_ = unix.Rmdir(stateDir)
}

// put puts the badge on a thread: what it forks is born with it, until it is taken off.
func (b *badge) put() (off func(), err error) {
	const here = "/proc/thread-self/ns/cgroup"
	home, err := os.Open(here)
	if err != nil {
		return nil, err
	}
	// A sandbox may not enter the namespace that it was born in, which is another
	// user namespace's. One that is nobody's badge does as well.
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWCGROUP) != nil {
		home.Close()
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			return nil, os.NewSyscallError("unshare", err)
		}
		if home, err = os.Open(here); err != nil {
			return nil, err
		}
	}
	if err := unix.Setns(int(b.Fd()), unix.CLONE_NEWCGROUP); err != nil {
		home.Close()
		return nil, os.NewSyscallError("setns", err)
	}
	return func() {
		_ = unix.Setns(int(home.Fd()), unix.CLONE_NEWCGROUP)
		home.Close()
	}, nil
}

// wearers lists the processes that wear the badge of a group or bear its mark.
// What is dead and waits to be buried does not count.
func wearers(id string) []int {
	want := []byte("\x00" + broodMark + "=" + id + "\x00")
	var own, its unix.Stat_t
	badged := hasBadge(id) && unix.Stat(badgePath(id), &own) == nil
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		dir := "/proc/" + e.Name()
		if badged && unix.Stat(dir+"/ns/cgroup", &its) == nil && its.Dev == own.Dev && its.Ino == own.Ino {
			out = append(out, pid)
			continue
		}
		env, err := os.ReadFile(dir + "/environ")
		if err == nil && bytes.Contains(append([]byte{0}, env...), want) && !isDead(e.Name()) {
			out = append(out, pid)
		}
	}
	return out
}

func isDead(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	i := bytes.LastIndexByte(stat, ')') + 2
	return err != nil || i >= len(stat) || stat[i] == 'Z' || stat[i] == 'X'
}

// killWearers kills until nobody wears the badge of a group or bears its mark.
// Then the badge goes.
func killWearers(id string) error {
	for deadline := time.Now().Add(killTime); ; {
		list := wearers(id)
		if len(list) == 0 {
			dropBadge(id)
			return nil
		}
		if time.Now().After(deadline) {
			return unix.ETIMEDOUT
		}
		killAll(list)
		for _, pid := range list {
			waitProcess(pid, deadline)
		}
	}
}
