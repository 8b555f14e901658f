package kernel

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// lookPath finds a program as execvp(3) does, in the PATH that it will have.
func lookPath(argv0, dir string, env []string) (string, error) {
	if strings.Contains(argv0, "/") {
		path := argv0
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		return path, runnable(argv0, path)
	}
	search := ""
	for _, kv := range env { // the last one counts
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			search = v
		}
	}
	var first error
	for _, d := range filepath.SplitList(search) {
		if d == "" || !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		path := filepath.Join(d, argv0)
		err := runnable(argv0, path)
		if err == nil {
			return path, nil
		}
		if e, ok := err.(*host.ProgramError); ok && e.Reason != host.NotFound && first == nil {
			first = err
		}
	}
	if first != nil {
		return "", first
	}
	return "", &host.ProgramError{Argv0: argv0, Reason: host.NotFound, Err: exec.ErrNotFound}
}

func runnable(argv0, path string) error {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
		return &host.ProgramError{Argv0: argv0, Reason: host.NotFound, Err: err}
	case err != nil:
		return &host.ProgramError{Argv0: argv0, Reason: host.NotPermitted, Detail: path, Err: err}
	case st.Mode&unix.S_IFMT == unix.S_IFDIR:
		return &host.ProgramError{Argv0: argv0, Reason: host.NotExecutable, Detail: path + " is a directory", Err: unix.EISDIR}
	case st.Mode&0o111 == 0:
		return &host.ProgramError{Argv0: argv0, Reason: host.NotExecutable, Detail: path, Err: unix.EACCES}
	}
	return nil
}

// startError says why a program that is there did not start.
func startError(cmd *host.Cmd, path string, err error) error {
	e := &host.ProgramError{Argv0: cmd.Argv[0], Reason: host.NotStarted, Err: err}
	switch {
	case errors.Is(err, unix.ENOEXEC):
		e.Reason = host.NoFormat
	case errors.Is(err, unix.ENOENT):
		e.Reason, e.Detail = host.NoInterpreter, interpreter(path)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		e.Reason, e.Detail = host.NotPermitted, cmd.User
	}
	return e
}

// interpreter reads the name behind #! of a script.
func interpreter(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 256)).ReadString('\n')
	rest, ok := strings.CutPrefix(line, "#!")
	if fields := strings.Fields(rest); ok && len(fields) > 0 {
		return fields[0]
	}
	return ""
}

// credential finds the user a program runs as, by name or number, with all its
// groups, and the environment that goes with it.
func credential(cmd *host.Cmd) (*syscall.Credential, []string, error) {
	if cmd.User == "" {
		return nil, nil, nil
	}
	u, err := user.Lookup(cmd.User)
	if err != nil {
		u, err = user.LookupId(cmd.User)
	}
	if err != nil {
		return nil, nil, &host.ProgramError{Argv0: cmd.Argv[0], Reason: host.NoUser, Detail: cmd.User, Err: err}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, nil, err
	}
	cred := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	ids, err := u.GroupIds()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if n, err := strconv.ParseUint(id, 10, 32); err == nil {
			cred.Groups = append(cred.Groups, uint32(n))
		}
	}
	return cred, []string{"HOME=" + u.HomeDir, "USER=" + u.Username, "LOGNAME=" + u.Username}, nil
}
