// Package sandbox gives vnet a machine of its own to work on: a network with
// nothing but lo, an empty /run, an /etc that may be written to, processes and
// mounts that nobody else sees. All of it is gone when its first process ends,
// however that happens: the kernel kills the others with it
// (pid_namespaces(7)).
//
// A command may be that process (Attributes, Furnish). Or it is the holder, and
// several commands work in the same sandbox: each user has one, where the real
// network may not be touched. The holder is vnet itself; it keeps the
// namespaces alive, starts the commands that are to run inside, and buries what
// they leave running. A command of the command line is its client (Run): it
// hands arguments, environment and standard streams over a unix socket and
// waits for the exit status. Entering from outside would need setns(2) into a
// user namespace, which the kernel refuses to a program with several threads,
// and every Go program has several. When nothing is left in the sandbox the
// holder ends.
//
// The network of the sandbox is that of one thread of the holder, from which the
// commands are started; the others are still in the network that the sandbox was
// made in. Nothing inside may enter that one. What is to reach it (Outward) asks
// the holder over a socket in the sandbox's /run, and is born there: a process of
// the sandbox all the same, which ends with it.
package sandbox

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Attributes let a command start in namespaces of its own, to die with who
// started it. It then calls Furnish.
func Attributes() *syscall.SysProcAttr {
	a := apart()
	a.Cloneflags |= unix.CLONE_NEWNET
	a.Pdeathsig = syscall.SIGKILL
	a.Setpgid = true // Ctrl-C is for who started it
	return a
}

// Attempt runs a command that was prepared to furnish a machine of its own, and
// returns what it printed. Where it fails, what it complained about is the error.
func Attempt(cmd *exec.Cmd) (out []byte, err error) {
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err = cmd.Output()
	if said := strings.TrimSpace(errs.String()); err != nil && said != "" {
		err = errors.New(said)
	}
	return out, err
}

// apart are the namespaces of a sandbox, but for the network. Without the rights
// of root they belong to a user namespace, in which the user is root
// (user_namespaces(7)); with them it could do less.
func apart() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC,
	}
	if os.Geteuid() != 0 || !capable() {
		a.Cloneflags |= unix.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return a
}
