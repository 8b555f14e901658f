package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	held  map[string]*os.File
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
	return &Locks{store: s, owner: owner, held: map[string]*os.File{}}
}

// Hold reports whether it holds all of these.
func (l *Locks) Hold(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return l.held[name] == nil })
}

// Take takes the locks it does not hold yet, in the order of their names so
// that no two transactions wait for each other, and waits for those that
// others hold.
func (l *Locks) Take(ctx context.Context, names []string) error {
	names = slices.Clone(names)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if l.held[name] != nil {
			continue
		}
		f, err := l.take(ctx, name)
		if err != nil {
			return err
		}
		l.held[name] = f
	}
	return nil
}

// take takes one lock.
func (l *Locks) take(ctx context.Context, name string) (*os.File, error) {
	path := filepath.Join(l.store.locks(), name)
	told := false
	for rest := time.Millisecond; ; rest = min(2*rest, 50*time.Millisecond) {
		f, holder, err := l.try(path)
		if errors.Is(err, os.ErrNotExist) { // another has swept
			if err = l.store.make(); err == nil {
				continue
			}
		}
		if f != nil || err != nil {
			return f, err
		}
		if slices.Contains(strings.Split(os.Getenv(InsideKey), ":"), holder.Tx) && holder.Tx != "" {
			return nil, fmt.Errorf("%w: %s", ErrInside, holder)
		}
		if !told && holder.PID != 0 && l.Wait != nil {
			told = true
			if err := l.Wait(name, holder); err != nil {
				return nil, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(rest):
		}
	}
}

// try takes a lock if it is free; else it returns its holder, as far as that
// one has said who it is.
func (l *Locks) try(path string) (*os.File, Owner, error) {
	f, holder, err := tryLock(path)
	if f == nil || err != nil {
		return nil, holder, err
	}
	text := fmt.Sprintf("%s %d %s\n", l.owner.Tx, l.owner.PID, l.owner.Script)
	if err := errors.Join(f.Truncate(0), writeAt(f, text)); err != nil {
		f.Close()
		return nil, Owner{}, err
	}
	return f, Owner{}, nil
}

func tryLock(path string) (*os.File, Owner, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, Owner{}, err
	}
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		holder := readOwner(f)
		f.Close()
		return nil, holder, nil
	}
	// Who let go of it may have removed the file: then this lock is nobody's.
	var locked, named unix.Stat_t
	if unix.Fstat(int(f.Fd()), &locked) != nil || unix.Lstat(path, &named) != nil || locked.Ino != named.Ino {
		f.Close()
		return nil, Owner{}, nil
	}
	return f, Owner{}, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func readOwner(f *os.File) Owner {
	data, _ := io.ReadAll(io.LimitReader(f, 4096))
	words := strings.SplitN(strings.TrimSpace(string(data)), " ", 3)
	if len(words) < 3 {
		return Owner{}
	}
	pid, _ := strconv.Atoi(words[1])
	return Owner{words[0], pid, words[2]}
}

// Release lets go of all of them.
func (l *Locks) Release() {
	for name, f := range l.held {
		os.Remove(filepath.Join(l.store.locks(), name))
		f.Close()
	}
	clear(l.held)
}
