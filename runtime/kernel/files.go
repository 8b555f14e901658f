package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// etcDir holds the files that programs of a namespace see in place of those in
// /etc (ip-netns(8)).
const etcDir = "/etc/netns"

// hostsAdd adds a line to the namespace's own hosts(5), which begins as a copy
// of the machine's.
func (q *queue) hostsAdd(op host.HostsAdd) error {
	if !op.IP.IsValid() || len(op.Names) == 0 {
		return failed(unix.EINVAL, host.FieldAddr, "hosts needs an address and a name")
	}
	for _, n := range op.Names {
		if n == "" || strings.ContainsAny(n, " \t\r\n#\x00") {
			return failed(unix.EINVAL, host.FieldName, "%q cannot stand in a hosts file", n)
		}
	}
	return q.edit(op.NS, "hosts", func(old []byte, found bool) ([]byte, error) {
		if !found {
			var err error
			if old, err = os.ReadFile("/etc/hosts"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
		}
		if len(old) > 0 && old[len(old)-1] != '\n' {
			old = append(old, '\n')
		}
		return fmt.Appendf(old, "%s\t%s\n", op.IP, strings.Join(op.Names, " ")), nil
	})
}

// dnsSet writes the namespace's own resolv.conf(5).
func (q *queue) dnsSet(op host.DNSSet) error {
	var b bytes.Buffer
	for _, s := range op.Servers {
		if !s.IsValid() {
			return failed(unix.EINVAL, host.FieldAddr, "no name server given")
		}
		fmt.Fprintf(&b, "nameserver %s\n", s)
	}
	return q.edit(op.NS, "resolv.conf", func([]byte, bool) ([]byte, error) { return b.Bytes(), nil })
}

// edit rewrites a file of a namespace, and notes what restores it.
func (q *queue) edit(ns, file string, change func(old []byte, found bool) ([]byte, error)) error {
	if err := etcName(ns, file); err != nil {
		return err
	}
	if _, err := q.h.space(ns); err != nil {
		return err
	}
	before, err := q.h.fileNow(ns, file)
	if err != nil {
		return err
	}
	content, err := change(bytes.Clone(before.Content), !before.Absent)
	if err != nil {
		return fileError(ns, file, err)
	}
	mode := before.Mode
	if before.Absent {
		mode = 0o644
	}
	if err := q.foretell(before); err != nil {
		return err
	}
	if err := q.h.writeFile(ns, file, content, mode); err != nil {
		_ = q.h.restore(before)
		return fileError(ns, file, err)
	}
	q.undo(before)
	return nil
}

func (q *queue) fileRestore(op host.FileRestore) error {
	if err := etcName(op.NS, op.Name); err != nil {
		return err
	}
	before, err := q.h.fileNow(op.NS, op.Name)
	if err != nil {
		return err
	}
	if err := q.foretell(before); err != nil {
		return err
	}
	if err := q.h.restore(op); err != nil {
		return fileError(op.NS, op.Name, err)
	}
	q.undo(before)
	return nil
}

// File reads a file of a namespace; there is false for none.
func (h *Host) File(ns, file string) (text string, there bool, err error) {
	if err := etcName(ns, file); err != nil {
		return "", false, err
	}
	now, err := h.fileNow(ns, file)
	return string(now.Content), err == nil && !now.Absent, err
}

// etcName checks what is about to become a path, for it may come from a
// journal.
func etcName(ns, file string) error {
	if ns == host.Start {
		return failed(unix.EINVAL, host.FieldNS, "the files of the machine itself in /etc are not changed: give a namespace")
	}
	if err := name.Namespace(ns); err != nil {
		return &host.Error{Errno: unix.EINVAL, Field: host.FieldNS, What: err.Error()}
	}
	if file != "hosts" && file != "resolv.conf" {
		return failed(unix.EINVAL, host.FieldName, "%s is not a file of a namespace", name.Quote(file))
	}
	return nil
}

// fileNow gives what restores a file of a namespace to what it is now.
func (h *Host) fileNow(ns, file string) (host.FileRestore, error) {
	now := host.FileRestore{NS: ns, Name: file, Absent: true, DirAbsent: true}
	root, err := os.OpenRoot(etcDir)
	if errors.Is(err, fs.ErrNotExist) {
		now.EtcAbsent = true
		return now, nil
	}
	if err != nil {
		return now, fileError(ns, file, err)
	}
	defer root.Close()
	if info, err := root.Lstat(ns); err == nil {
		now.DirAbsent = false
		if !info.IsDir() {
			return now, failed(unix.ENOTDIR, host.FieldNS, "%s/%s is not a directory", etcDir, ns)
		}
	}
	info, err := root.Lstat(ns + "/" + file)
	if errors.Is(err, fs.ErrNotExist) {
		return now, nil
	}
	if err != nil {
		return now, fileError(ns, file, err)
	}
	if !info.Mode().IsRegular() {
		return now, failed(unix.EINVAL, host.FieldName, "%s/%s/%s is not a plain file: left alone", etcDir, ns, file)
	}
	now.Absent, now.Mode = false, uint32(info.Mode().Perm())
	if now.Content, err = root.ReadFile(ns + "/" + file); err != nil {
		return now, fileError(ns, file, err)
	}
	return now, nil
}

// writeFile puts a file in place whole: programs see the old or the new one.
func (h *Host) writeFile(ns, file string, content []byte, mode uint32) error {
	if err := os.Mkdir(etcDir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	root, err := os.OpenRoot(etcDir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Mkdir(ns, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	failpoint()
	path, draft := ns+"/"+file, draftOf(ns, file)
	_ = root.Remove(draft)
	f, err := root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(fs.FileMode(mode)), f.Close())
	if err == nil {
		failpoint()
		err = root.Rename(draft, path)
	}
	if err != nil {
		_ = root.Remove(draft)
	}
	h.edited(ns)
	return err
}

// edited makes the next program of the namespace see its files anew.
func (h *Host) edited(ns string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.edits[ns]++
}

// draftOf is the file that is to become ns's file, while it is written.
func draftOf(ns, file string) string { return ns + "/." + file + ".vnet" }

func (h *Host) restore(to host.FileRestore) error {
	if !to.Absent {
		return h.writeFile(to.NS, to.Name, to.Content, to.Mode)
	}
	defer h.edited(to.NS)
	root, err := os.OpenRoot(etcDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	_ = root.Remove(draftOf(to.NS, to.Name)) // of a writer that was killed
	if err := root.Remove(to.NS + "/" + to.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !to.DirAbsent {
		return nil
	}
	failpoint()
	err = root.Remove(to.NS)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTEMPTY) {
		return err
	}
	if to.EtcAbsent {
		_ = os.Remove(etcDir) // only when it is empty
	}
	return nil
}

func fileError(ns, file string, err error) error {
	var known *host.Error
	if errors.As(err, &known) {
		return err
	}
	return &host.Error{Errno: errnoOf(err), Kernel: rootWords(err), What: fmt.Sprintf("%s/%s/%s", etcDir, ns, file)}
}
