package journal

import (
	"context"
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

// An Owner says who holds a lock, for those who wait for it.
type Owner struct {
	Tx     string // the name of its transaction
	PID    int
	Script string
}

func (o Owner) String() string { return fmt.Sprintf("%s (process %d)", o.Script, o.PID) }

// Locks are what one transaction holds: a lock for each namespace it writes
// to. They go with the process that holds them.
//
// A lock is a name (link(2)) of a file that says who has it and that is locked
// (flock(2)) by whoever that is. So a thousand locks are a thousand names, but
// one file, and one descriptor.
type Locks struct {
	store *Store
	owner Owner
	files []file // where more names are needed than a file can have, some
	held  map[string]bool
	// Wait is called once for a lock that another holds; an error ends the
	// waiting. nil waits in silence.
	Wait func(name string, holder Owner) error
}

// ErrInside says that a lock is held by a transaction that waits for this very
// process: it would wait for itself.
var ErrInside = errors.New("held by the transaction this was started from")

// InsideKey is the environment variable that tells a program which
// transactions it was started from.
const InsideKey = "VNET_INSIDE"

// Inside is its value for the programs that a transaction starts, given that
// for the transaction's own process.
func Inside(around, tx string) string { return strings.TrimPrefix(around+":"+tx, ":") }

// NewLocks returns an empty set of locks of a transaction.
func (s *Store) NewLocks(owner Owner) *Locks {
	return &Locks{store: s, owner: owner, held: map[string]bool{}}
}

// Hold reports whether it holds all of these.
func (l *Locks) Hold(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !l.held[name] })
}

// Take takes the locks it does not hold yet, in the order of their names so
// that no two transactions wait for each other, and waits for those that
// others hold.
func (l *Locks) Take(ctx context.Context, names []string) error {
	names = slices.Clone(names)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if l.held[name] {
			continue
		}
		if err := l.take(ctx, name); err != nil {
			return err
		}
		l.held[name] = true
	}
	return nil
}

// A file is one that this process has locked.
type file struct {
	path string
	fd   int
}

// take takes one lock.
func (l *Locks) take(ctx context.Context, name string) error {
	path := filepath.Join(l.store.locks(), name)
	told := false
	for rest := time.Millisecond; ; rest = min(2*rest, 50*time.Millisecond) {
		holder, err := l.try(path)
		if err == nil || !errors.Is(err, errHeld) {
			return err
		}
		if slices.Contains(strings.Split(os.Getenv(InsideKey), ":"), holder.Tx) && holder.Tx != "" {
			return fmt.Errorf("%w: %s", ErrInside, holder)
		}
		// A lock of one that has died is held by who removes another of its names.
		if !told && holder.PID != 0 && !gone(holder.PID) && l.Wait != nil {
			told = true
			if err := l.Wait(name, holder); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(rest):
		}
	}
}

// errHeld says that a file is locked by another.
var errHeld = errors.New("held by another")

// try takes a lock if it is free; else it returns its holder, as far as that
// one has said who it is, and errHeld.
func (l *Locks) try(path string) (Owner, error) {
	for {
		if len(l.files) == 0 {
			if err := l.begin(); err != nil {
				return Owner{}, err
			}
		}
		switch err := unix.Link(l.files[len(l.files)-1].path, path); err {
		case nil:
			return Owner{}, nil
		case unix.EMLINK:
			if err := l.begin(); err != nil {
				return Owner{}, err
			}
		case unix.EEXIST:
			if holder, err := reclaim(path); err != nil {
				return holder, err
			}
		default:
			return Owner{}, &os.LinkError{Op: "link", Old: l.files[len(l.files)-1].path, New: path, Err: err}
		}
	}
}

// begin makes a file of which the next locks are names. No namespace is called
// like it.
func (l *Locks) begin() error {
	for n := 1; ; n++ {
		path := filepath.Join(l.store.locks(), fmt.Sprintf("%s@%d.%d", l.owner.Tx, os.Getpid(), n))
		fd, _, err := tryLock(path, unix.O_CREAT|unix.O_EXCL)
		switch {
		case errors.Is(err, os.ErrNotExist): // another has swept
			if err = l.store.make(); err != nil {
				return err
			}
			continue
		case errors.Is(err, os.ErrExist), errors.Is(err, errHeld):
			continue
		case err != nil:
			return err
		}
		l.files = append(l.files, file{path, fd})
		_, err = unix.Pwrite(fd, fmt.Appendf(nil, "%s %d %s\n", l.owner.Tx, l.owner.PID, l.owner.Script), 0)
		return err
	}
}

// reclaim removes a lock whose holder has died; else it returns the holder and
// errHeld.
func reclaim(path string) (Owner, error) {
	fd, holder, err := tryLock(path, 0)
	if errors.Is(err, os.ErrNotExist) {
		return Owner{}, nil
	}
	if err != nil {
		return holder, err
	}
	defer unix.Close(fd) // while it is locked, nobody else takes the name away
	if err := unix.Unlink(path); err != nil {
		return Owner{}, &os.PathError{Op: "unlink", Path: path, Err: err}
	}
	return Owner{}, nil
}

// tryLock opens and locks a file; else it returns who has locked it and errHeld.
func tryLock(path string, flags int) (fd int, holder Owner, err error) {
	fd, err = unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC|flags, 0o600)
	if err != nil {
		return -1, Owner{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
		holder = readOwner(fd)
		unix.Close(fd)
		return -1, holder, errHeld
	}
	// Who let go of it may have removed the name: then this lock is nobody's.
	var locked, named unix.Stat_t
	if unix.Fstat(fd, &locked) != nil || unix.Lstat(path, &named) != nil || locked.Ino != named.Ino {
		unix.Close(fd)
		return -1, Owner{}, errHeld
	}
	return fd, Owner{}, nil
}

func readOwner(fd int) Owner {
	data := make([]byte, 4096)
	n, _ := unix.Pread(fd, data, 0)
	words := strings.SplitN(strings.TrimSpace(string(data[:max(n, 0)])), " ", 3)
	if len(words) < 3 {
		return Owner{}
	}
	pid, _ := strconv.Atoi(words[1])
	return Owner{words[0], pid, words[2]}
}

// Release lets go of all of them.
func (l *Locks) Release() {
	for name := range l.held {
		_ = unix.Unlink(filepath.Join(l.store.locks(), name))
	}
	for _, f := range l.files {
		_ = unix.Unlink(f.path)
		unix.Close(f.fd)
	}
	l.files = nil
	clear(l.held)
}
