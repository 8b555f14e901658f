package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// insideKey says to the benchmark that it runs in its machine already.
const insideKey = "VNET_BENCH_INSIDE"

// compile builds a program of this module as contrib/build does for users: one
// static file. One that is linked with the C library takes 2 ms longer to start.
func compile(ctx context.Context, dir, pkg string) (path string, err error) {
	path = filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %v\n%s", pkg, err, out)
	}
	return path, nil
}

// inMachine runs the benchmark anew in namespaces of its own: what it builds
// is nowhere else, and dies with it.
func inMachine(ctx context.Context, self string, args []string) error {
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), insideKey+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd.Run()
}

// furnish gives the mount namespace an empty /run in memory: names of
// namespaces on a disk's file system cost 5 ms each after many were deleted.
func furnish() error {
	if err := unix.Mount("", "/", "none", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("a machine to measure in: %w", err)
	}
	for unix.Unmount("/run/netns", unix.MNT_DETACH) == nil { // the real machine's names
	}
	if err := unix.Mount("vnet-bench", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("a machine to measure in: %w", err)
	}
	// What others do may make the kernel load their modules only now.
	return exec.Command("ip", "link", "set", "lo", "up").Run()
}

// settle waits until the kernel has freed all namespaces that were dropped: it
// holds the lock of all networks meanwhile, and what is measured then would
// wait for it. The kernel frees in batches, one after the other
// (net/core/net_namespace.c, cleanup_net): a sentinel dropped now is in the
// next batch, and when a second one goes, that batch is over.
func settle(ctx context.Context) error {
	for range 2 {
		gone, err := sentinel()
		if err != nil {
			return err
		}
		for !gone() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
	return nil
}

// sentinel makes a namespace with one end of a cable in it and drops it. The
// other end, here, goes when the kernel comes to it.
func sentinel() (gone func() bool, err error) {
	const name = "bench-sentinel"
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread and its namespace end here
		done <- func() error {
			home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(home)
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			s, err := openSocket()
			if err != nil {
				return err
			}
			defer s.close()
			var b batch
			b.veth(side{name: name, index: 2}, side{name: name, fd: home})
			if err := s.send(&b); err != nil {
				return err
			}
			return unix.Setns(home, unix.CLONE_NEWNET)
		}()
	}()
	if err := <-done; err != nil {
		return nil, fmt.Errorf("wait for the kernel: %w", err)
	}
	// /sys shows the network it was mounted in; the list of /proc is ours.
	return func() bool { return !linkExists(name) }, nil
}

func linkExists(name string) bool {
	s, err := openSocket()
	if err != nil {
		return false
	}
	defer s.close()
	var b batch
	b.getLink(name)
	return s.send(&b) == nil
}
