package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/runtime/jobctl"
)

// Variables of the environment of what runs inside.
const (
	insideKey   = "VNET_SANDBOX"          // the umask of whom it works for, in octal
	linksKey    = "VNET_SANDBOX_LINKS"    // the interfaces of the real machine
	terminalKey = "VNET_SANDBOX_TERMINAL" // it leads the session of a terminal of its own
)

// Inside reports whether this process was started by a holder. Whoever sets the
// variable by hand gets no sandbox, and no rights either.
func Inside() bool { return os.Getenv(insideKey) != "" }

// adminDirs are where programs for root are.
var adminDirs = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// Settle takes over what a client could not hand on as an argument, and gives a
// user who is root only in the sandbox the programs that are for root. It is
// called once, when the program begins.
func Settle() {
	if Needed() {
		os.Setenv("PATH", withAdminDirs(os.Getenv("PATH")))
	}
	if mask, err := strconv.ParseUint(os.Getenv(insideKey), 8, 16); err == nil {
		unix.Umask(int(mask))
	}
	if os.Getenv(terminalKey) != "" {
		jobctl.Awaited()
		os.Unsetenv(terminalKey) // nobody waits so for its programs
	}
}

// withAdminDirs completes a PATH as some systems leave it to ordinary users
// (Debian's /etc/profile), who find neither nft(8) nor tc(8) then.
func withAdminDirs(path string) string {
	dirs := filepath.SplitList(path)
	for _, dir := range adminDirs {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// Needed reports whether this process may not change networks where it is:
// it is not root, or a root without the rights of one, as in containers.
func Needed() bool {
	if Inside() {
		return false
	}
	return os.Geteuid() != 0 || !capable()
}

// capable reports whether the process has what making namespaces and interfaces
// takes (capabilities(7)).
func capable() bool {
	var sets [2]unix.CapUserData // the second is of capabilities from 32 on
	if unix.Capget(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &sets[0]) != nil {
		return true // the kernel will say so
	}
	const want = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return sets[0].Effective&want == want
}

// Elsewhere says what to do about an interface that is missing in the sandbox
// because it is one of the real machine.
func Elsewhere(link string) (help string, ok bool) {
	if !Inside() || !slices.Contains(strings.Fields(os.Getenv(linksKey)), link) {
		return "", false
	}
	return "`" + link + "` is an interface of the real machine, and this is a private network: to use it, run vnet as root and without --isolated", true
}

// Elevated reports whether the program runs with rights that whoever started it
// does not have: it is installed setuid, setgid or with file capabilities
// (AT_SECURE of getauxval(3)).
func Elevated() bool {
	const atSecure = 23
	vector, err := unix.Auxv()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(vector, func(e [2]uintptr) bool { return e[0] == atSecure && e[1] != 0 })
}
