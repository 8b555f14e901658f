package repl

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// historyLimit is how many entries are remembered. A file of twice as many, or
// of more than historyBytes, is cut down.
const (
	historyLimit = 1000
	historyBytes = 4 << 20
)

// A History remembers what was typed, in a file that only its owner reads: an
// entry a line, as JSON, since entries may have several lines. Several sessions
// may write to one file.
type History struct {
	path    string // "" when nothing is written
	entries []string
}

// HistoryPath is where the history is kept by the XDG Base Directory
// Specification; "" where there is no home.
func HistoryPath() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "vnet", "history")
}

// LoadHistory reads the history at path. One that cannot be read is empty:
// that is no reason to have no prompt.
func LoadHistory(path string) *History {
	h := &History{path: path}
	if path == "" || !ours(filepath.Dir(path)) {
		h.path = ""
		return h
	}
	f, err := openHistory(path, os.O_RDWR)
	if err != nil {
		return h
	}
	defer f.Close()
	entries, lines, size := readEntries(f)
	for _, e := range entries {
		h.remember(e)
	}
	if lines > 2*historyLimit || size > historyBytes {
		h.shorten()
	}
	return h
}

// ours reports whether a folder, or the one it would be made in, belongs to
// the user: with sudo, the home may be that of somebody else, in whose folders
// root must leave nothing and follow nothing.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	linked := false // the folder of the history itself must be no link
	for errors.Is(err, os.ErrNotExist) && dir != filepath.Dir(dir) {
		dir, linked = filepath.Dir(dir), true
		info, err = os.Lstat(dir)
	}
	if err != nil || !mine(info) {
		return false
	}
	if linked {
		info, err = os.Stat(dir)
	}
	return err == nil && mine(info) && info.IsDir()
}

func mine(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

// openHistory opens the file if it is a plain one of the user, and makes it
// private.
func openHistory(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("no plain file")
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// readEntries reads a file; a line that is none of ours is passed over.
func readEntries(r io.Reader) (entries []string, lines, size int) {
	data, _ := io.ReadAll(r) // what can be read is better than nothing
	for line := range bytes.Lines(data) {
		lines++
		var entry string
		if json.Unmarshal(line, &entry) == nil && entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries, lines, len(data)
}

// Entries are what is remembered, oldest first.
func (h *History) Entries() []string { return h.entries }

// Keep remembers an entry, and reports whether it did: not one that is empty,
// begins with a space or has a secret in it.
func (h *History) Keep(entry string) bool {
	if strings.TrimSpace(entry) == "" || strings.HasPrefix(entry, " ") || secret(entry) {
		return false
	}
	if n := len(h.entries); n > 0 && h.entries[n-1] == entry {
		return false
	}
	h.remember(entry)
	h.write(entry)
	return true
}

// remember adds an entry as the newest; an older one that is the same goes.
func (h *History) remember(entry string) {
	if i := slices.Index(h.entries, entry); i >= 0 {
		h.entries = slices.Delete(h.entries, i, i+1)
	}
	h.entries = append(h.entries, entry)
	h.entries = h.entries[max(0, len(h.entries)-historyLimit):]
}

// write adds an entry to the file, in one call; a history that cannot be
// written lasts for the session.
func (h *History) write(entry string) {
	if h.path == "" || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	line, err := json.Marshal(entry)
	if err != nil {
		return
	}
	f, err := lockHistory(h.path)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.Write(append(line, '\n'))
}

// lockHistory opens the file for appending, held against other sessions until
// it is closed. One of them may just have put a shorter file in its place.
func lockHistory(path string) (*os.File, error) {
	for {
		f, err := openHistory(path, os.O_RDWR|os.O_APPEND|os.O_CREATE)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			f.Close()
			return nil, err
		}
		held, err := f.Stat()
		now, err2 := os.Lstat(path)
		if err == nil && err2 == nil && os.SameFile(held, now) {
			return f, nil
		}
		f.Close()
		if err := errors.Join(err, err2); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
}

// shorten puts a file with the newest entries in the place of a long one.
func (h *History) shorten() {
	f, err := lockHistory(h.path)
	if err != nil {
		return
	}
	defer f.Close()
	entries, _, _ := readEntries(f)
	short := History{}
	for _, e := range entries {
		short.remember(e)
	}
	var text bytes.Buffer
	for _, e := range short.entries {
		line, err := json.Marshal(e)
		if err != nil {
			return
		}
		text.Write(append(line, '\n'))
	}
	tmp, err := os.CreateTemp(filepath.Dir(h.path), "history-")
	if err != nil {
		return
	}
	_, err = tmp.Write(text.Bytes())
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), h.path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
}
