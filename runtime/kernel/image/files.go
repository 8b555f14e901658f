package image

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// unsteady are parameters that are orders, or count, and no settings.
var unsteady = map[string]bool{"flush": true, "nf_conntrack_count": true, "netdev_rss_key": true}

// takeSysctls reads the parameters of the calling thread's namespace:
// /proc/sys/net shows those of whoever looks (proc_sysctl.c: net_ctl_root).
func takeSysctls(img *Image) error {
	img.Sysctl = map[string]string{}
	dir, err := unix.Open("/proc/sys/net", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		img.note("sysctls: %v", err)
		return nil
	}
	readTree(dir, "", make([]byte, 64<<10), img.Sysctl)
	return nil
}

// readTree reads the files below a directory, which it closes.
func readTree(dir int, prefix string, buf []byte, out map[string]string) {
	d := os.NewFile(uintptr(dir), prefix)
	defer d.Close()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return
	}
	for _, e := range entries {
		path := prefix + e.Name()
		if e.IsDir() {
			if sub, err := unix.Openat(dir, e.Name(), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); err == nil {
				readTree(sub, path+"/", buf, out)
			}
			continue
		}
		if unsteady[e.Name()] {
			continue
		}
		if text, err := readAt(dir, e.Name(), buf); err == nil {
			out[path] = text
		}
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
