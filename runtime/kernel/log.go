package kernel

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// logLimit is the size at which a log is put aside, and begun anew. Only vnet
// does that, so that a log may grow further when it is gone.
const logLimit = 10 << 20

// A follower reads the log of a program while it is written: the program has
// the file itself and not a pipe, and goes on when vnet is gone.
type follower struct {
	path   string
	out    io.Writer // where it goes; nil for nowhere
	notice *os.File  // inotify(7): something was written

	mu   sync.Mutex
	file *os.File // read, and cut off; nil when closed
	at   int64
}

// logPath reports whether a path is that of a log: it may come from a journal.
func logPath(path string) bool {
	rel, err := filepath.Rel(host.LogDir, path)
	return err == nil && path == filepath.Join(host.LogDir, rel) && filepath.IsLocal(rel) &&
		strings.Count(rel, "/") == 1 && strings.HasSuffix(rel, ".log")
}

// openLog opens a log for a program, and begins to follow it when it is new.
func (h *Host) openLog(path string, out io.Writer) (*follower, *os.File, error) {
	if !logPath(path) {
		return nil, nil, fmt.Errorf("%s: not below %s", path, host.LogDir)
	}
	for _, dir := range []string{filepath.Dir(host.LogDir), host.LogDir, filepath.Dir(path)} {
		if err := privateDir(dir); err != nil {
			return nil, nil, err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.logs[path]; f != nil {
		return f, file, nil
	}
	f, err := follow(path, out)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	h.logs[path] = f
	return f, file, nil
}

// privateDir makes a directory, and refuses one that others may write to.
func privateDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Getuid() || st.Mode&0o022 != 0 {
		return fmt.Errorf("%s: not a directory of this user alone", dir)
	}
	return nil
}

func follow(path string, out io.Writer) (*follower, error) {
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	at, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		file.Close()
		return nil, err
	}
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("inotify: %w", err)
	}
	f := &follower{path: path, out: out, file: file, at: at, notice: os.NewFile(uintptr(fd), "inotify")}
	if _, err := unix.InotifyAddWatch(fd, path, unix.IN_MODIFY); err != nil {
		f.notice.Close()
		file.Close()
		return nil, fmt.Errorf("inotify: %w", err)
	}
	go f.run()
	return f, nil
}

func (f *follower) run() {
	buf := make([]byte, 4096)
	for {
		f.read()
		if _, err := f.notice.Read(buf); err != nil {
			return
		}
	}
}

// read passes on what was written since the last time.
func (f *follower) read() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return
	}
	f.pass()
	if f.at >= logLimit {
		f.rotate()
	}
}

// pass reads to the end. The caller holds mu.
func (f *follower) pass() {
	buf := make([]byte, 32<<10)
	for {
		n, err := f.file.ReadAt(buf, f.at)
		f.at += int64(n)
		if f.out != nil && n > 0 {
			_, _ = f.out.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// rotate copies the log to PATH.1 and cuts it off: its writers append, and so
// go on at the beginning. What they write between the copy and the cut is in
// neither file; it was passed on, or is lost.
func (f *follower) rotate() {
	old, err := os.OpenFile(f.path+".1", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	_, err = io.Copy(old, io.NewSectionReader(f.file, 0, f.at))
	if closeErr := old.Close(); err != nil || closeErr != nil {
		return
	}
	f.pass()
	if f.file.Truncate(0) == nil {
		f.at = 0
	}
}

// close passes on what is there and follows no longer.
func (f *follower) close() {
	f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return
	}
	f.notice.Close()
	f.file.Close()
	f.file = nil
	if w, ok := f.out.(interface{ Flush() error }); ok {
		_ = w.Flush()
	}
}

// removeLog removes a log with all that goes with it.
func (h *Host) removeLog(path string) error {
	h.mu.Lock()
	f := h.logs[path]
	delete(h.logs, path)
	h.mu.Unlock()
	if f != nil {
		f.close()
	}
	for _, p := range []string{path, path + ".1"} {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	dir := filepath.Dir(path)
	for range 3 { // its directory, that of all logs, vnet's own; others may need them
		_ = unix.Rmdir(dir)
		dir = filepath.Dir(dir)
	}
	return nil
}
