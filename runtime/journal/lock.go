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
type Locks struct {
	store *Store
	owner Owner
	held  map[string]int // descriptors
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
	return &Locks{store: s, owner: owner, held: map[string]int{}}
}

// Hold reports whether it holds all of these.
func (l *Locks) Hold(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { _, held := l.held[name]; return !held })
}

// Take takes the locks it does not hold yet, in the order of their names so
// that no two transactions wait for each other, and waits for those that
// others hold.
func (l *Locks) Take(ctx context.Context, names []string) error {
	names = slices.Clone(names)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if _, held := l.held[name]; held {
			continue
		}
		fd, err := l.take(ctx, name)
		if err != nil {
			return err
		}
		l.held[name] = fd
	}
	return nil
}

// take takes one lock.
func (l *Locks) take(ctx context.Context, name string) (fd int, err error) {
	path := filepath.Join(l.store.locks(), name)
	told := false
	for rest := time.Millisecond; ; rest = min(2*rest, 50*time.Millisecond) {
		fd, holder, err := l.try(path)
		if errors.Is(err, os.ErrNotExist) { // another has swept
			if err = l.store.make(); err == nil {
				continue
			}
		}
		if fd >= 0 || err != nil {
			return fd, err
		}
		if slices.Contains(strings.Split(os.Getenv(InsideKey), ":"), holder.Tx) && holder.Tx != "" {
			return -1, fmt.Errorf("%w: %s", ErrInside, holder)
		}
		if !told && holder.PID != 0 && l.Wait != nil {
			told = true
			if err := l.Wait(name, holder); err != nil {
				return -1, err
			}
		}
		select {
		case <-ctx.Done():
			return -1, context.Cause(ctx)
		case <-time.After(rest):
		}
	}
}

// try takes a lock if it is free; else it returns its holder, as far as that
// one has said who it is, and no descriptor.
func (l *Locks) try(path string) (fd int, holder Owner, err error) {
	fd, size, holder, err := tryLock(path)
	if fd < 0 {
		return fd, holder, err
	}
	if size > 0 { // of one that died
		err = unix.Ftruncate(fd, 0)
	}
	if err == nil {
		_, err = unix.Pwrite(fd, fmt.Appendf(nil, "%s %d %s\n", l.owner.Tx, l.owner.PID, l.owner.Script), 0)
	}
	if err != nil {
		unix.Close(fd)
		return -1, Owner{}, err
	}
	return fd, Owner{}, nil
}

// tryLock opens and locks a file, and tells its size. Not an os.File: there may
// be a thousand of them, and Go would ask four times as much of the kernel.
func tryLock(path string) (fd int, size int64, holder Owner, err error) {
	fd, err = unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, 0, Owner{}, &os.PathError{Op: "open", Path: path, Err: err}
	}
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil {
		holder = readOwner(fd)
		unix.Close(fd)
		return -1, 0, holder, nil
	}
	// Who let go of it may have removed the file: then this lock is nobody's.
	var locked, named unix.Stat_t
	if unix.Fstat(fd, &locked) != nil || unix.Lstat(path, &named) != nil || locked.Ino != named.Ino {
		unix.Close(fd)
		return -1, 0, Owner{}, nil
	}
	return fd, locked.Size, Owner{}, nil
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
	for name, fd := range l.held {
		_ = unix.Unlink(filepath.Join(l.store.locks(), name))
		unix.Close(fd)
	}
	clear(l.held)
}
