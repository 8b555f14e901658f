package kernel

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// waitGroup waits until nothing of a process group that was killed runs any
// more. SIGKILL is certain, but not immediate; pidfd_open(2) tells the moment.
// What cannot die (a process that hangs in the kernel) is waited for 5 s.
func waitGroup(pgid int) {
	deadline := time.Now().Add(5 * time.Second)
	for time.Now().Before(deadline) {
		members := groupMembers(pgid)
		if len(members) == 0 {
			return
		}
		_ = unix.Kill(-pgid, unix.SIGKILL) // one may have been born meanwhile
		for _, pid := range members {
			waitProcess(pid, deadline)
		}
	}
}

// killAll kills processes. All are stopped first, so that none forks away.
func killAll(pids []int) {
	for _, s := range []unix.Signal{unix.SIGSTOP, unix.SIGKILL} {
		for _, pid := range pids {
			_ = unix.Kill(pid, s)
		}
	}
}

func waitProcess(pid int, deadline time.Time) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// groupMembers lists the processes of a group that are alive; the dead ones
// are their parents' to bury.
func groupMembers(pgid int) []int {
	entries, _ := os.ReadDir("/proc")
	var out []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		// pid (name) state ppid pgrp …; the name may hold anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 3 || string(fields[2]) != strconv.Itoa(pgid) {
			continue
		}
		if state := fields[0][0]; state != 'Z' && state != 'X' {
			out = append(out, pid)
		}
	}
	return out
}
