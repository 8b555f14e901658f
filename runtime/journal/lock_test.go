package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLockIsExclusive(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	var inside, most atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 50 {
				l := s.NewLocks(Owner{Tx: "t", PID: i + 1, Script: "x.vnet"})
				if err := l.Take(t.Context(), []string{"a", "b"}); err != nil {
					t.Error(err)
					return
				}
				most.Store(max(most.Load(), inside.Add(1)))
				inside.Add(-1)
				l.Release()
			}
		})
	}
	group.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held the lock at once", most.Load())
	}
	s.Sweep()
	if _, err := os.Stat(s.root); !errors.Is(err, os.ErrNotExist) {
		t.Error("locks leave files")
	}
}

func TestLockSaysForWhom(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	first := s.NewLocks(Owner{"1-a", 1, "one lab.vnet"})
	if err := first.Take(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	second := s.NewLocks(Owner{"2-b", 2, "two.vnet"})
	enough := errors.New("enough")
	second.Wait = func(name string, holder Owner) error {
		if name != "a" || holder.String() != "one lab.vnet (process 1)" {
			t.Errorf("waits for %s held by %s", name, holder)
		}
		return enough
	}
	if err := second.Take(t.Context(), []string{"b", "a"}); !errors.Is(err, enough) {
		t.Errorf("took a lock of another: %v", err)
	}
	if err := first.Take(t.Context(), []string{"a"}); err != nil {
		t.Errorf("a lock held already: %v", err)
	}
	t.Setenv(InsideKey, "0-z:1-a")
	if err := second.Take(t.Context(), []string{"a"}); !errors.Is(err, ErrInside) {
		t.Errorf("waits for itself: %v", err)
	}
	t.Setenv(InsideKey, "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	second.Wait = nil
	if err := second.Take(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("waits on: %v", err)
	}
	first.Release()
	if err := second.Take(t.Context(), []string{"a"}); err != nil {
		t.Errorf("a free lock: %v", err)
	}
	second.Release()
}

// Who dies lets go of its locks in its own time: they are swept behind it.
func TestSweepAfter(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	dying := s.NewLocks(Owner{Tx: "t", PID: 7, Script: "x.vnet"})
	if err := dying.Take(t.Context(), []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	swept := make(chan bool)
	go func() {
		s.SweepAfter(7)
		close(swept)
	}()
	dying.die()
	<-swept
	if _, err := os.Stat(s.root); !errors.Is(err, os.ErrNotExist) {
		t.Error("locks leave files")
	}
}

// die lets go of the locks as the end of a process does.
func (l *Locks) die() {
	for _, f := range l.files {
		unix.Close(f.fd)
	}
	l.files = nil
}

// What the dead held is free, and what they left is removed; two that find it
// at once do not both get it.
func TestLockOfTheDead(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		dead := s.NewLocks(Owner{Tx: "t", PID: 7, Script: "x.vnet"})
		if err := dead.Take(t.Context(), []string{"a", "b", "c"}); err != nil {
			t.Fatal(err)
		}
		dead.die()
		var inside atomic.Int32
		var group sync.WaitGroup
		for n := range 4 {
			group.Go(func() {
				l := s.NewLocks(Owner{Tx: "u", PID: 10 + n, Script: "y.vnet"})
				if err := l.Take(t.Context(), []string{"a", "b"}); err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) > 1 {
					t.Errorf("round %d: two hold the lock", i)
				}
				inside.Add(-1)
				l.Release()
			})
		}
		group.Wait()
	}
	s.Sweep()
	if _, err := os.Stat(s.root); !errors.Is(err, os.ErrNotExist) {
		t.Error("the dead leave files")
	}
}

// A file has a greatest number of names: 65,000 on ext4.
func TestLocksBeyondTheNamesOfAFile(t *testing.T) {
	if testing.Short() {
		t.Skip("many files")
	}
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 65_100)
	for i := range names {
		names[i] = fmt.Sprintf("n%05d", i)
	}
	l := s.NewLocks(Owner{Tx: "t", PID: 7, Script: "x.vnet"})
	if err := l.Take(t.Context(), names); err != nil {
		t.Fatal(err)
	}
	if !l.Hold(names) {
		t.Error("not all are held")
	}
	other := s.NewLocks(Owner{Tx: "u", PID: 8, Script: "y.vnet"})
	enough := errors.New("enough")
	other.Wait = func(string, Owner) error { return enough }
	for _, name := range []string{names[0], names[len(names)-1]} {
		if err := other.Take(t.Context(), []string{name}); !errors.Is(err, enough) {
			t.Errorf("%s: taken from its holder: %v", name, err)
		}
	}
	l.Release()
	other.Release()
	s.Sweep()
	if _, err := os.Stat(s.root); !errors.Is(err, os.ErrNotExist) {
		t.Error("locks leave files")
	}
}

// While somebody removes the locks of a process that has died, nobody is told
// that it is at work.
func TestLockIsRemovedByAnother(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	left := s.NewLocks(Owner{"tx", dead.Process.Pid, "dead.vnet"})
	if err := left.Take(t.Context(), []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { unix.Close(left.files[0].fd) })
	l := s.NewLocks(Owner{"other", os.Getpid(), "live.vnet"})
	l.Wait = func(name string, holder Owner) error { return fmt.Errorf("%s is changing %s", holder, name) }
	if err := l.Take(t.Context(), []string{"a", "b"}); err != nil {
		t.Error(err)
	}
	l.Release()
	s.Sweep()
}

// Who holds locks, or waits for one, does not mind that another sweeps what is
// empty.
func TestLockOutlivesASweep(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "vnet"))
	if err != nil {
		t.Fatal(err)
	}
	l := s.NewLocks(Owner{Tx: "t", PID: 7, Script: "x.vnet"})
	if err := l.Take(t.Context(), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	s.Sweep()
	if dirs, err := s.Dirs(); err != nil || len(dirs) > 0 {
		t.Errorf("transactions: %v, %v", dirs, err)
	}
	if err := l.Take(t.Context(), []string{"b"}); err != nil {
		t.Error(err)
	}
	j, err := s.Create(s.NewDir(), "x.vnet")
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Remove(); err != nil {
		t.Error(err)
	}
	l.Release()
	s.Sweep()
	if _, err := os.Stat(s.root); !errors.Is(err, os.ErrNotExist) {
		t.Error("locks leave files")
	}
}
