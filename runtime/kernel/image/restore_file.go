package image

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// readSysctls reads those of the parameters an image has that are asked for.
func readSysctls(known map[string]string, in func(key string) bool) map[string]string {
	out := map[string]string{}
	dir, err := unix.Open(sysctlRoot, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return out
	}
	defer unix.Close(dir)
	buf := make([]byte, 4096)
	for key := range known {
		if !in(key) {
			continue
		}
		if text, err := readAt(dir, key, buf); err == nil {
			out[key] = text
		}
	}
	return out
}

// write writes a file of the kernel's. A path from a journal must not lead
// elsewhere: no symbolic links, no way up.
func write(dir int, path, value string, resolve uint64) error {
	fd, err := unix.Openat2(dir, path, &unix.OpenHow{Flags: unix.O_WRONLY | unix.O_CLOEXEC, Resolve: resolve})
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	step()
	_, err = unix.Write(fd, []byte(value+"\n"))
	return err
}

// sysctlRank puts parameters in the order to write them: one for all links
// writes those of each, and one that is for links to come may.
func sysctlRank(key string) int {
	switch {
	case key == "ipv4/ip_forward":
		return 0
	case sysctlDevice(key) == "all":
		return 1
	case sysctlDevice(key) == "default":
		return 2
	}
	return 3
}

// restoreSysctls writes the parameters that differ. When one for all links is
// among them, those of each are left for the next step, which looks first.
func (r *restorer) restoreSysctls() {
	var keys []string
	for key, want := range r.goal.Sysctl {
		if is, there := r.now.Sysctl[key]; there && is != want {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := sysctlRank(a) - sysctlRank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	if len(keys) == 0 {
		return
	}
	global := sysctlRank(keys[0]) < 3
	for _, key := range keys {
		if global && sysctlRank(key) == 3 && sysctlDevice(key) != "" {
			continue
		}
		r.writeSysctl(key, r.goal.Sysctl[key])
	}
}

// writeSysctl writes one parameter.
func (r *restorer) writeSysctl(key, value string) bool {
	dir, err := unix.Open(sysctlRoot, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = write(dir, key, value, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS)
		unix.Close(dir)
	}
	return r.result("sysctl "+key, err)
}

// restoreSysfs writes the settings of links that netlink does not know. How
// addresses and names came to be cannot be written.
func (r *restorer) restoreSysfs() {
	for key, want := range r.goal.Sysfs {
		is, there := r.now.Sysfs[key]
		if !there || is == want || strings.HasSuffix(key, "_assign_type") {
			continue
		}
		root, err := r.mountSysfs()
		if err == nil {
			err = write(root, "class/net/"+key, want, unix.RESOLVE_BENEATH|unix.RESOLVE_NO_MAGICLINKS)
		}
		r.result("sysfs "+strings.Replace(key, "/", " ", 1), err)
	}
}

// restoreTables loads the tables of nftables that differ, in one go: all or
// none (nft(8), "atomic rule replacement").
func (r *restorer) restoreTables() {
	is := map[string]Table{}
	for _, t := range r.now.Tables {
		is[t.Name] = t
	}
	var batch strings.Builder
	var names []string
	for _, want := range r.goal.Tables {
		now, there := is[want.Name]
		delete(is, want.Name)
		if there && now.steady() == want.steady() || want.Foreign || now.Foreign {
			continue
		}
		names = append(names, want.Name)
		fmt.Fprintf(&batch, "table %s\ndelete table %s\n%s", want.Name, want.Name, want.Text)
	}
	for name, t := range is {
		if !t.Foreign {
			names = append(names, name)
			fmt.Fprintf(&batch, "delete table %s\n", name)
		}
	}
	if len(names) == 0 {
		return
	}
	_, err := nft(r.ctx, batch.String(), "-f", "-")
	for _, name := range names {
		r.result("nft "+name, err)
	}
}
