package kernel

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// TestNursery: of namespaces made ahead of their names, a failure in the midst
// leaves none behind, neither by name nor by descriptor.
func TestNursery(t *testing.T) {
	h := open(t)
	spaces(t, h, "kt-taken")
	open := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := open()
	names := []string{"kt-n1", "kt-n2", "kt-taken", "kt-n3", "kt-n4", "kt-n5"}
	var ops []host.Op
	for _, ns := range names {
		ops = append(ops, host.NamespaceAdd{Name: ns})
	}
	results := h.Apply(context.Background(), ops, nil)
	for i, r := range results {
		if i == 2 && !errors.Is(r.Err, unix.EEXIST) || i < 2 && r.Err != nil || r.Skipped != (i > 2) {
			t.Errorf("%s: %+v", ops[i], r)
		}
		ok, err := h.Exists(context.Background(), names[i])
		if err != nil || ok != (i <= 2) {
			t.Errorf("%s is there: %v, %v", names[i], ok, err)
		}
	}
	a, b := h.spaces["kt-n1"], h.spaces["kt-n2"]
	if a.cookie == b.cookie || a.ino == b.ino || a.ino == 0 {
		t.Errorf("one namespace has two names: %d %d", a.ino, b.ino)
	}
	apply(t, h, results[1].Undo...)
	apply(t, h, results[0].Undo...)
	if after := open(); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// Nobody waits for one that is not made any more: with an error comes that there
// will be no others.
func TestNurseryFails(t *testing.T) {
	open(t)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	y := &nursery{ready: make(chan newborn), end: make(chan struct{})}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	y.order(1000)
	for given := false; !given; time.Sleep(time.Millisecond) {
		y.mu.Lock()
		select {
		case b := <-y.ready:
			if given = true; b.err == nil || y.ordered != y.begun {
				t.Errorf("after the error %v, of %d that were ordered %d are begun", b.err, y.ordered, y.begun)
			}
			b.sp.close()
		default:
		}
		y.mu.Unlock()
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	y.close()
}
