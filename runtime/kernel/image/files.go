package image

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// unsteady are parameters that are orders, or count, and no settings.
var unsteady = map[string]bool{"flush": true, "nf_conntrack_count": true, "netdev_rss_key": true}

// sysctlRoot holds the parameters of the calling thread's namespace: it shows
// those of whoever looks (proc_sysctl.c: net_ctl_root).
const sysctlRoot = "/proc/sys/net"

// takeSysctls reads all parameters.
func takeSysctls(img *Image) error { return img.readSysctls(nil) }

// takeShared reads those that are no link's.
func takeShared(img *Image) error { return img.readSysctls(deviceDirs) }

// readSysctls reads parameters, but those of links in some directories.
func (img *Image) readSysctls(perLink []string) error {
	dir, err := unix.Open(sysctlRoot, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		img.note("sysctls: %v", err)
		return nil
	}
	defer unix.Close(dir)
	img.Sysctl = map[string]string{}
	(&reader{buf: make([]byte, 64<<10), out: img.Sysctl, perLink: perLink}).tree(dir, ".", "")
	return nil
}

// A reader reads parameters.
type reader struct {
	buf     []byte
	out     map[string]string // by path
	perLink []string          // directories in which it passes over links
}

// tree reads the files below a directory, which has the name in its parent.
func (r *reader) tree(parent int, name, prefix string) {
	if slices.Contains(r.perLink, prefix) {
		// A list would have the kernel make an inode of each (proc_sysctl.c:
		// proc_sys_fill_cache).
		for _, none := range []string{"all", "default"} {
			r.tree(parent, name+"/"+none, prefix+none+"/")
		}
		return
	}
	dir, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	d := os.NewFile(uintptr(dir), name)
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := prefix + e.Name()
		switch {
		case e.IsDir():
			r.tree(dir, e.Name(), path+"/")
		case !unsteady[e.Name()]:
			r.file(dir, e.Name(), path)
		}
	}
}

// file reads one.
func (r *reader) file(parent int, name, path string) {
	if text, err := readAt(parent, name, r.buf); err == nil {
		r.out[path] = text
	}
}

// readAt reads a small file of the kernel's, without the end of the line.
// os.ReadFile would read twice and ask for the size.
func readAt(dir int, path string, buf []byte) (string, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(buf[:max(n, 0)]), "\n"), nil
}

// linkFiles are what /sys/class/net/DEV knows and netlink does not tell.
var linkFiles = []string{"addr_assign_type", "name_assign_type", "threaded", "gro_flush_timeout", "napi_defer_hard_irqs"}

// queueFiles are settings of each queue.
var queueFiles = []string{"rps_cpus", "rps_flow_cnt", "xps_cpus", "xps_rxqs"}

// mountSysfs makes a mount of the namespace's /sys that is nowhere in the tree
// (fsmount(2), Linux 5.2): a sysfs shows the devices of the namespace it was
// opened in, so that the /sys which is mounted cannot be used.
func (c *camera) mountSysfs() (int, error) {
	if c.sysfs >= 0 {
		return c.sysfs, nil
	}
	fs, err := unix.Fsopen("sysfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, err
	}
	c.sysfs, err = unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	return c.sysfs, err
}

func (c *camera) takeSysfs(img *Image) error {
	root, err := c.mountSysfs()
	if err != nil {
		img.note("sysfs: %v", err)
		return nil
	}
	img.Sysfs = map[string]string{}
	buf := make([]byte, 4096)
	for _, l := range img.links() {
		// class/net holds symbolic links to the devices.
		dev, err := unix.Openat(root, "class/net/"+l.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		for _, f := range linkFiles {
			if text, err := readAt(dev, f, buf); err == nil {
				img.Sysfs[l.name+"/"+f] = text
			}
		}
		readQueues(dev, l.name, buf, img.Sysfs)
		unix.Close(dev)
	}
	return nil
}

func readQueues(dev int, name string, buf []byte, out map[string]string) {
	fd, err := unix.Openat(dev, "queues", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	d := os.NewFile(uintptr(fd), "queues")
	defer d.Close()
	queues, err := d.Readdirnames(-1)
	if err != nil {
		return
	}
	for _, q := range queues {
		for _, f := range queueFiles {
			if strings.HasPrefix(f, "r") != strings.HasPrefix(q, "rx-") {
				continue
			}
			if text, err := readAt(fd, q+"/"+f, buf); err == nil {
				out[name+"/queues/"+q+"/"+f] = text
			}
		}
	}
}

// groupFiles list memberships of multicast groups. /proc/net is that of the
// thread group's leader; thread-self is ours.
var groupFiles = []string{"dev_mcast", "igmp", "igmp6"}

func takeGroups(img *Image) error {
	img.Groups = map[string]string{}
	for _, f := range groupFiles {
		text, err := os.ReadFile(filepath.Join("/proc/thread-self/net", f))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			img.note("%s: %v", f, err)
		default:
			img.Groups[f] = string(text)
		}
	}
	return nil
}
