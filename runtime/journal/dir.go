package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Root is where the journals of this machine are.
const Root = "/run/vnet"

// A Store is the directory of all journals.
type Store struct{ root string }

// Open makes the store's directory where it is missing, and refuses one that
// others may write to.
func Open(root string) (*Store, error) {
	s := In(root)
	return s, s.make()
}

// In names a store, which need not be there yet.
func In(root string) *Store { return &Store{root} }

// make makes the directories, which go when nothing is in them.
func (s *Store) make() error {
	for _, dir := range []string{s.root, s.journals(), s.locks()} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		if err := private(dir); err != nil {
			return err
		}
	}
	return nil
}

// Existing opens the store if there is one; nil without an error when not.
func Existing(root string) (*Store, error) {
	if _, err := os.Lstat(root); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return Open(root)
}

func (s *Store) journals() string { return filepath.Join(s.root, "tx") }
func (s *Store) locks() string    { return filepath.Join(s.root, "lock") }

// NewDir is the directory of a transaction that is to begin. Its name tells
// transactions apart, also those of a process that has several.
func (s *Store) NewDir() string {
	return filepath.Join(s.journals(), fmt.Sprintf("%d-%s", os.Getpid(), strconv.FormatInt(time.Now().UnixNano(), 36)))
}

// Create begins the journal of a transaction in dir, which NewDir has named.
func (s *Store) Create(dir, script string) (*Journal, error) {
	for {
		j, err := Create(dir, script)
		if !errors.Is(err, os.ErrNotExist) {
			return j, err
		}
		if err := s.make(); err != nil { // another has swept
			return nil, err
		}
	}
}

// Dirs lists the directories of transactions that are not over, oldest first.
func (s *Store) Dirs() ([]string, error) {
	entries, err := os.ReadDir(s.journals())
	if errors.Is(err, os.ErrNotExist) { // swept by one that has no more to do with it
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	type dated struct {
		dir string
		at  time.Time
	}
	var found []dated
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.IsDir() {
			found = append(found, dated{filepath.Join(s.journals(), e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(found, func(a, b dated) int { return a.at.Compare(b.at) })
	var dirs []string
	for _, d := range found {
		if strings.HasSuffix(d.dir, downSuffix) {
			dirs = append(dirs, goingDown(d.dir)...)
		} else {
			dirs = append(dirs, d.dir)
		}
	}
	return dirs, nil
}

// SweepAfter sweeps when a process that is dying has let go of its locks, or
// has not within some seconds.
func (s *Store) SweepAfter(pid int) {
	const patience = 5 * time.Second
	for rest, waited := time.Millisecond, time.Duration(0); waited < patience && s.holds(pid); rest = min(2*rest, 100*time.Millisecond) {
		time.Sleep(rest)
		waited += rest
	}
	s.Sweep()
}

// holds reports whether a process holds a lock.
func (s *Store) holds(pid int) bool {
	entries, _ := os.ReadDir(s.locks())
	return slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		fd, holder, err := tryLock(filepath.Join(s.locks(), e.Name()), 0)
		if err == nil {
			unix.Close(fd)
		}
		return errors.Is(err, errHeld) && holder.PID == pid
	})
}

// Sweep removes the locks of the dead, and the store's directories when
// nothing is in them.
func (s *Store) Sweep() {
	entries, _ := os.ReadDir(s.locks())
	for _, e := range entries {
		_, _ = reclaim(filepath.Join(s.locks(), e.Name()))
	}
	s.sweepShelf()
	for _, dir := range []string{s.journals(), s.locks(), s.root} {
		_ = unix.Rmdir(dir) // not empty: others are at work
	}
}
