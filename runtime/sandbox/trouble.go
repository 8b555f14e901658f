package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
)

// A Trouble is why there is no sandbox, in words for the user.
type Trouble struct {
	Summary string
	Kernel  string // the kernel's own text
	Help    []string
	Lacking bool // the kernel cannot, whoever asks
	Ended   bool // there was one, and it ended with what ran in it
}

func (t *Trouble) Error() string {
	if t.Kernel == "" {
		return t.Summary
	}
	return t.Summary + ": " + t.Kernel
}

// Diagnostic is the trouble as vnet tells all others.
func (t *Trouble) Diagnostic() *diag.Diagnostic {
	code := diag.NeedsPrivilege
	switch {
	case t.Lacking:
		code = diag.KernelLacks
	case t.Ended:
		code = diag.Interrupted
	}
	d := diag.New(code, token.Span{}, "%s", t.Summary)
	d.Kernel = t.Kernel
	for _, h := range t.Help {
		d.WithHelp("%s", h)
	}
	return d
}

func (t *Trouble) help(format string, args ...any) *Trouble {
	t.Help = append(t.Help, fmt.Sprintf(format, args...))
	return t
}

// A knob is a switch by which a system keeps ordinary users from making
// namespaces.
type knob struct {
	name    string // as sysctl(8) writes it
	forbids string // the value that does
	allows  string
	remark  string
}

var knobs = []knob{
	{"kernel.apparmor_restrict_unprivileged_userns", "1", "0", "AppArmor: a user namespace is made, but without rights in it"},
	{"kernel.unprivileged_userns_clone", "0", "1", ""},
	{"user.max_ipc_namespaces", "0", "15000", ""},
	{"user.max_mnt_namespaces", "0", "15000", ""},
	{"user.max_net_namespaces", "0", "15000", ""},
	{"user.max_pid_namespaces", "0", "15000", ""},
	{"user.max_user_namespaces", "0", "15000", ""},
}

// A Switch is one of them that is on, and how to turn it.
type Switch struct{ Name, Value, Type, Remark string }

// forbidding lists the switches that are in the way, as /proc below root tells.
func forbidding(root string) []Switch {
	var out []Switch
	for _, k := range knobs {
		text, err := os.ReadFile(filepath.Join(root, "proc/sys", strings.ReplaceAll(k.name, ".", "/")))
		if err == nil && strings.TrimSpace(string(text)) == k.forbids {
			out = append(out, Switch{k.name, k.forbids, "sudo sysctl " + k.name + "=" + k.allows, k.remark})
		}
	}
	return out
}

// Explain says why the namespaces of a sandbox could not be made. What the
// kernel answers is nearly always EPERM: the reason is to be looked for.
func Explain(err error) *Trouble { return explain(err, "/") }

func explain(err error, root string) *Trouble {
	t := &Trouble{Summary: "cannot make a private network", Kernel: kernelWords(err)}
	if _, gone := os.Stat(filepath.Join(root, "proc/self/ns/user")); errors.Is(gone, os.ErrNotExist) {
		t.Summary += ": this kernel has no user namespaces (CONFIG_USER_NS)"
		t.Lacking = true
		return t.help("run it as root: sudo vnet …")
	}
	if found := forbidding(root); len(found) > 0 {
		k := found[0]
		t.Summary += ": this system keeps ordinary users from it, " + k.Name + " is " + k.Value
		if k.Remark != "" {
			t.Summary += " (" + k.Remark + ")"
		}
		for _, k := range found {
			t.help("to allow it: %s", k.Type)
		}
		return t.help("or run vnet as root: sudo vnet …")
	}
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EUSERS):
		t.Summary += ": there are too many namespaces, or namespaces within namespaces"
		t.help("the limits are user.max_user_namespaces, user.max_net_namespaces and the like: sysctl user")
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		t.Summary += ": something keeps this user from it"
		if seccomp(root) {
			t.Summary += ", most likely the seccomp filter of the container this runs in"
			t.help("start the container with namespaces allowed: docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined …")
		} else {
			t.help("a program in a chroot may make no user namespaces, nor one whose security module (SELinux, AppArmor) forbids it")
		}
	}
	return t.help("or run vnet as root: sudo vnet …")
}

// seccomp reports whether system calls of this process are filtered.
func seccomp(root string) bool {
	text, _ := os.ReadFile(filepath.Join(root, "proc/self/status"))
	return strings.Contains(string(text), "\nSeccomp:\t2")
}

// kernelWords is an error as other messages of vnet show one: text (NAME).
func kernelWords(err error) string {
	var errno unix.Errno
	if !errors.As(err, &errno) {
		return err.Error()
	}
	if n := host.ErrnoName(errno); n != "" {
		return fmt.Sprintf("%s (%s)", errno, n)
	}
	return errno.Error()
}
