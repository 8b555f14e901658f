package repl

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// historyLimit is how many entries are remembered.
const historyLimit = 1000

// A History remembers what was typed, in a file that only its owner reads: an
// entry a line, as JSON, since entries may have several lines.
type History struct {
	path    string
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
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return h
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry string
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry != "" {
			h.entries = append(h.entries, entry)
		}
	}
	h.entries = h.entries[max(0, len(h.entries)-historyLimit):]
	return h
}

// Entries are what is remembered, oldest first.
func (h *History) Entries() []string { return h.entries }

// Keep remembers an entry, unless it is empty, begins with a space or repeats
// the last one, and reports whether it did.
func (h *History) Keep(entry string) bool {
	if strings.TrimSpace(entry) == "" || strings.HasPrefix(entry, " ") {
		return false
	}
	if n := len(h.entries); n > 0 && h.entries[n-1] == entry {
		return false
	}
	h.entries = append(h.entries, entry)
	h.write(entry)
	return true
}

// write adds an entry to the file; a history that cannot be written lasts for
// the session.
func (h *History) write(entry string) {
	if h.path == "" || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	line, err := json.Marshal(entry)
	if err == nil {
		_, _ = f.Write(append(line, '\n'))
	}
}
