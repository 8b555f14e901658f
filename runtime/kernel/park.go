package kernel

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// A deleted namespace is parked: it is bound to a file in parkDir that bears
// its cookie, and then loses its name. It lives on, with all that is in it,
// until it is purged. Moving the mount would be one step instead of two, but
// the kernel does not move shared mounts.
const (
	stateDir = "/run/vnet"
	parkDir  = stateDir + "/park"
)

func parked(id uint64) string { return parkDir + "/" + strconv.FormatUint(id, 10) }

// openPark makes the place for parked namespaces. Like /run/netns it is a
// shared mount: else a mount namespace that copied it, such as that of a
// program, would keep what is parked alive.
func openPark() error {
	for range 100 { // another vnet may be removing it
		err := makePark()
		if !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return failed(unix.EAGAIN, host.FieldNone, "make %s", parkDir)
}

func makePark() error {
	for _, dir := range []string{stateDir, parkDir} {
		if err := unix.Mkdir(dir, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
			return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "make " + dir}
		}
		if err := private(dir); err != nil {
			return err
		}
	}
	if isMount(parkDir) {
		return nil
	}
	err := unix.Mount(parkDir, parkDir, "none", unix.MS_BIND, "")
	if err == nil {
		err = unix.Mount("", parkDir, "none", unix.MS_SHARED, "")
	}
	if err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "share " + parkDir}
	}
	return nil
}

// private refuses a directory that another user could have put there.
func private(dir string) error {
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&0o022 != 0 {
		return failed(unix.EPERM, host.FieldNone, "%s is not a directory that only its owner, and that is you, can write to", dir)
	}
	return nil
}

func isMount(path string) bool {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, 0, &st)
	return err == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

// closePark removes the place when nothing is parked.
func closePark() {
	if entries, err := os.ReadDir(parkDir); err != nil || len(entries) > 0 {
		return
	}
	if isMount(parkDir) && unix.Unmount(parkDir, unix.UMOUNT_NOFOLLOW) != nil {
		return // busy: another is about to park
	}
	if unix.Rmdir(parkDir) == nil {
		_ = unix.Rmdir(stateDir)
	}
}

// bindSpace binds a namespace to a file, which it makes.
func bindSpace(sp *space, path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
		failpoint()
		err = unix.Mount(fmt.Sprintf("/proc/self/fd/%d", sp.fd), path, "none", unix.MS_BIND, "")
	}
	if err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "bind " + path}
	}
	return nil
}

// unbind takes a namespace's file away.
func unbind(path string) error {
	failpoint()
	if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil &&
		!errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "unmount " + path}
	}
	failpoint()
	if err := unix.Unlink(path); err != nil && !errors.Is(err, unix.ENOENT) {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "remove " + path}
	}
	return nil
}

// park gives namespaces a place and takes their names away; it tells which one
// it failed at. The steps can be done again.
func (h *Host) park(dying []*space) (at int, err error) {
	if err := openPark(); err != nil {
		return 0, err
	}
	names, err := coveredFiles()
	if err != nil {
		return 0, err
	}
	defer unix.Close(names)
	for at, sp := range dying {
		if err := h.parkOne(sp, names); err != nil {
			return at, err
		}
	}
	return 0, nil
}

func (h *Host) parkOne(sp *space, names int) error {
	h.point("park: bind")
	if lies, err := h.borne(parked(sp.cookie)); err != nil || lies != sp.cookie {
		if err := bindSpace(sp, parked(sp.cookie)); err != nil {
			return err
		}
	}
	if err := markCovered(names, sp.name, sp.cookie); err != nil {
		return err
	}
	h.point("park: unmount")
	return h.unname([]*space{sp})
}

// coveredFiles opens the directory of the names as it is below the namespaces: a
// copy of its mount, without those that lie on its files (open_tree(2)).
func coveredFiles() (dir int, err error) {
	dir, err = unix.OpenTree(unix.AT_FDCWD, runDir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return -1, &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "look below " + runDir}
	}
	return dir, nil
}

// markCovered marks the file that a namespace is bound over: with the mount
// gone and the file still there, it is known as ours.
func markCovered(names int, ns string, id uint64) error {
	if err := unix.UtimesNanoAt(names, ns, ourTime(id), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: "mark " + runDir + "/" + ns}
	}
	return nil
}

// ourTime is the time of a file in /run/netns that waits for a namespace: its
// cookie, as seconds.
func ourTime(id uint64) []unix.Timespec {
	t := unix.Timespec{Sec: int64(id)}
	return []unix.Timespec{t, t}
}

// borne reads the cookie of the namespace that is bound to a path; 0 when
// there is none.
func (h *Host) borne(path string) (uint64, error) {
	r := h.reach()
	defer r.close()
	sp, err := r.open(path, "")
	if sp == nil || err != nil {
		return 0, nil // whatever is there, it is no namespace
	}
	return sp.id()
}

// namespaceUnpark gives a parked namespace its name back.
func (q *queue) namespaceUnpark(op host.NamespaceUnpark) error {
	if !fileName(op.Name) || op.ID == 0 {
		return noSpace(op.Name, unix.ENOENT)
	}
	if err := q.h.prepare(); err != nil {
		return err
	}
	bears, err := q.h.borne(runDir + "/" + op.Name)
	if err != nil {
		return err
	}
	var taken error
	if bears != op.ID {
		if taken, err = q.h.name(op, bears); err != nil {
			return err
		}
	}
	q.h.point("unpark: unmount")
	if lies, err := q.h.borne(parked(op.ID)); err != nil || lies == op.ID || lies == 0 {
		if err := unbind(parked(op.ID)); err != nil {
			return err
		}
	}
	closePark()
	return taken
}

// name binds what is parked to its name, or, when somebody has taken that
// meanwhile, to ~COOKIE; then taken says so.
func (h *Host) name(op host.NamespaceUnpark, bears uint64) (taken, err error) {
	r := h.reach()
	defer r.close()
	sp, err := r.space(op.ID, "")
	if err != nil {
		return nil, failed(unix.ENOENT, host.FieldNS, "namespace %s is gone: it cannot be brought back", name.Quote(op.Name))
	}
	ns := op.Name
	if bears != 0 || !mayTake(ns, op.ID) {
		ns = fmt.Sprintf("~%d", op.ID)
		taken = failed(unix.EEXIST, host.FieldName, "namespace %s: another has taken its name; it is called %s now", name.Quote(op.Name), ns)
		if bears, err := h.borne(runDir + "/" + ns); err == nil && bears == op.ID {
			return taken, nil
		}
	}
	if err := waitingFile(ns, op.ID); err != nil {
		return nil, err
	}
	h.point("unpark: bind")
	return taken, bindSpace(sp, runDir+"/"+ns)
}

// mayTake says whether nothing is in the place of a name, or a file that is
// known as ours.
func mayTake(ns string, id uint64) bool {
	var st unix.Stat_t
	if err := unix.Lstat(runDir+"/"+ns, &st); err != nil {
		return errors.Is(err, unix.ENOENT)
	}
	return st.Mode&unix.S_IFMT == unix.S_IFREG && st.Size == 0 && uint64(st.Mtim.Sec) == id
}

// waitingFile makes the file to bind a namespace over, known as ours from the
// first moment it can be seen.
func waitingFile(ns string, id uint64) error {
	var st unix.Stat_t
	if unix.Lstat(runDir+"/"+ns, &st) == nil {
		return nil
	}
	c, err := newClaim(ns)
	if err != nil {
		return err
	}
	defer c.close()
	when := ourTime(id)
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", c.fd), when, 0); err != nil {
		return fmt.Errorf("mark %s: %w", c.path, err)
	}
	return c.take()
}
