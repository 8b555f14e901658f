package vnettest

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/kernel/image"
	"vnet/runtime/kernel/kerneltest"
)

// A Picture is all of a machine: the fingerprint of each namespace, with the
// numbers of its links and the identity that no other namespace has, by name
// ("" is the one the machine starts in), and what is around the network.
type Picture struct {
	Spaces map[string]image.Fingerprint
	Around kerneltest.Snapshot
	busy   string // what the kernel has yet to do; "" for nothing
}

// Take takes a picture of a machine.
func Take(t testing.TB, m *kerneltest.Machine) Picture {
	t.Helper()
	p := Picture{Spaces: map[string]image.Fingerprint{}, Around: m.Surroundings()}
	var err error
	m.Do(func() {
		paths, _ := filepath.Glob("/run/netns/*")
		for _, path := range append(paths, "/proc/thread-self/ns/net") {
			var f image.Fingerprint
			var busy string
			if f, busy, err = fingerprint(path); err != nil {
				return
			}
			name := ""
			if strings.HasPrefix(path, "/run/netns/") {
				name = filepath.Base(path)
			}
			p.Spaces[name] = f
			p.busy = cmp.Or(p.busy, busy)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func fingerprint(path string) (f image.Fingerprint, busy string, err error) {
	ns, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer ns.Close()
	img, err := image.Take(context.Background(), int(ns.Fd()), image.All)
	if err != nil {
		return image.Fingerprint{{Thing: "cannot be looked at", Lines: []string{err.Error()}}}, "", nil
	}
	who, err := identity(ns)
	return append(img.Fingerprint(image.Indexed), image.Entry{Thing: "identity", Lines: []string{who}}), img.Busy(), err
}

// identity is the cookie of a namespace (SO_NETNS_COOKIE, socket(7)), which is
// not used twice, as its inode's number is.
func identity(ns *os.File) (who string, err error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return "", err
	}
	defer home.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return "", err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		var cookie uint64
		cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		who = fmt.Sprint(cookie)
		unix.Close(fd)
	}
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back)
	}
	return who, err
}

// Diff says how a machine differs, a line for each thing.
func (p Picture) Diff(now Picture) []string {
	var out []string
	names := map[string]bool{}
	for ns := range p.Spaces {
		names[ns] = true
	}
	for ns := range now.Spaces {
		names[ns] = true
	}
	for ns := range names {
		for _, d := range image.Diff(p.Spaces[ns], now.Spaces[ns]) {
			if ns != "" {
				d = ns + ": " + d
			}
			out = append(out, d)
		}
	}
	slices.Sort(out)
	for line := range strings.Lines(p.Around.Diff(now.Around)) {
		out = append(out, strings.TrimSuffix(line, "\n"))
	}
	return out
}

// Settling is how a machine differs from a picture when it has had the time to
// settle: the kernel looks at carriers once a second, and frees namespaces in
// the background.
func Settling(t testing.TB, m *kerneltest.Machine, p Picture) []string {
	t.Helper()
	rest := 5 * time.Millisecond
	for deadline := time.Now().Add(kerneltest.Patience(5 * time.Second)); ; rest = min(2*rest, 200*time.Millisecond) {
		diff := p.Diff(Take(t, m))
		if len(diff) == 0 || time.Now().After(deadline) {
			return diff
		}
		time.Sleep(rest)
	}
}

// Settled waits until a machine does not change any more and the kernel has
// nothing left to do, and takes its picture.
func Settled(t testing.TB, m *kerneltest.Machine) Picture {
	t.Helper()
	last, since := Take(t, m), time.Now()
	for deadline := since.Add(kerneltest.Patience(20 * time.Second)); time.Now().Before(deadline); time.Sleep(quiet / 8) {
		if now := Take(t, m); now.busy != "" || len(last.Diff(now)) > 0 {
			last, since = now, time.Now()
		}
		if time.Since(since) > quiet {
			return last
		}
	}
	t.Fatal("the machine does not settle: ", cmp.Or(last.busy, "it changes"))
	return Picture{}
}

// quiet is the longest time between two changes of a link that comes up.
const quiet = 1200 * time.Millisecond
