package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// proc makes a directory that says what /proc would.
func proc(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, "proc", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Each way in which a system forbids namespaces is told apart, with a way out.
func TestExplain(t *testing.T) {
	const ns = "self/ns/user"
	for _, c := range []struct {
		name    string
		err     error
		files   map[string]string
		summary string
		help    string
		lacking bool
	}{
		{"no user namespaces in the kernel", unix.EINVAL, nil, "CONFIG_USER_NS", "sudo vnet", true},
		{"Debian's switch", unix.EPERM, map[string]string{ns: "", "sys/kernel/unprivileged_userns_clone": "0\n"},
			"kernel.unprivileged_userns_clone is 0", "sudo sysctl kernel.unprivileged_userns_clone=1", false},
		{"Ubuntu's switch", unix.EACCES, map[string]string{ns: "", "sys/kernel/unprivileged_userns_clone": "1\n", "sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"},
			"kernel.apparmor_restrict_unprivileged_userns is 1 (AppArmor", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0", false},
		{"a limit of none", unix.ENOSPC, map[string]string{ns: "", "sys/user/max_user_namespaces": "0\n"},
			"user.max_user_namespaces is 0", "sudo sysctl user.max_user_namespaces=15000", false},
		{"a limit of none for one kind", unix.ENOSPC, map[string]string{ns: "", "sys/user/max_user_namespaces": "100\n", "sys/user/max_net_namespaces": "0\n"},
			"user.max_net_namespaces is 0", "sudo sysctl user.max_net_namespaces=15000", false},
		{"a limit that is reached", unix.ENOSPC, map[string]string{ns: "", "sys/user/max_user_namespaces": "100\n"},
			"too many namespaces", "sysctl user", false},
		{"a container", unix.EPERM, map[string]string{ns: "", "self/status": "Name:\tvnet\nSeccomp:\t2\n"},
			"seccomp filter of the container", "docker run --security-opt seccomp=unconfined", false},
		{"something else", unix.EPERM, map[string]string{ns: "", "self/status": "Name:\tvnet\nSeccomp:\t0\n"},
			"something keeps this user from it", "SELinux", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := explain(c.err, proc(t, c.files))
			help := strings.Join(got.Help, "\n")
			if !strings.Contains(got.Summary, c.summary) || !strings.Contains(help, c.help) || !strings.Contains(help, "sudo vnet") || got.Lacking != c.lacking {
				t.Errorf("%+v", got)
			}
			if !strings.Contains(got.Kernel, "("+unix.ErrnoName(c.err.(unix.Errno))+")") {
				t.Errorf("the kernel's words: %s", got.Kernel)
			}
		})
	}
}
