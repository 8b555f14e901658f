package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	socketName = "sandbox"
	lockName   = "sandbox.lock"
)

// A place is the directory in which a user's sandbox is found. All is done
// relative to its descriptor, so that nobody can put another in its stead, and
// a long path does not matter to sockets (unix(7): 108 bytes).
type place struct {
	dir *os.File
}

// openPlace opens the directory for the socket, and makes it where it is
// missing: in the user's runtime directory, where there is none in the home.
func openPlace() (*place, error) {
	parent, err := parentDir()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(parent, "vnet")
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, &Trouble{Summary: fmt.Sprintf("cannot make %s: %s", path, reason(err))}
	}
	f, err := openPrivate(path)
	if err != nil {
		return nil, err
	}
	return &place{f}, nil
}

// Place tells where the socket of this user's sandbox is, or is to be, and
// whether there can be one.
func Place() (string, error) {
	parent, err := parentDir()
	if err != nil {
		return "", err
	}
	_, absent := os.Lstat(filepath.Join(parent, "vnet"))
	p, err := openPlace()
	if err != nil {
		return "", err
	}
	defer p.close()
	if absent != nil {
		_ = unix.Rmdir(p.dir.Name()) // refused when another has begun to use it
	}
	return p.dir.Name(), nil
}

// parentDir chooses by the rules of the XDG Base Directory Specification. The
// same user must find the same place from every terminal, and nobody else may
// have prepared it: so never below /tmp.
func parentDir() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		if err := checkPrivate(dir); err != nil {
			return "", err.help("to do without it: unset XDG_RUNTIME_DIR")
		}
		return dir, nil
	}
	if dir := filepath.Join("/run/user", strconv.Itoa(os.Geteuid())); checkPrivate(dir) == nil {
		return dir, nil
	}
	home := os.Getenv("HOME")
	if !filepath.IsAbs(home) {
		return "", (&Trouble{Summary: "there is no place for the socket of the sandbox"}).
			help("set XDG_RUNTIME_DIR to a directory that is yours alone (mode 0700), or HOME")
	}
	dir := filepath.Join(home, ".cache")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", &Trouble{Summary: fmt.Sprintf("there is no place for the socket of the sandbox: %s: %s", dir, reason(err))}
	}
	return dir, nil
}

// checkPrivate refuses what is not a directory of this user's alone.
func checkPrivate(path string) *Trouble {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &Trouble{Summary: fmt.Sprintf("cannot use %s for the socket of the sandbox: %s", path, err)}
	}
	return judge(path, &st)
}

func judge(path string, st *unix.Stat_t) *Trouble {
	why := ""
	switch {
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		why = "it is a symbolic link"
	case st.Mode&unix.S_IFMT != unix.S_IFDIR:
		why = "it is not a directory"
	case int(st.Uid) != os.Geteuid():
		why = fmt.Sprintf("it belongs to user %d, and you are %d", st.Uid, os.Geteuid())
	case st.Mode&0o077 != 0:
		why = fmt.Sprintf("others may enter it (mode %04o, want 0700)", st.Mode&0o7777)
	default:
		return nil
	}
	return &Trouble{Summary: fmt.Sprintf("cannot use %s for the socket of the sandbox: %s", path, why)}
}

// openPrivate opens a directory and judges what it has opened.
func openPrivate(path string) (*os.File, error) {
	if err := checkPrivate(path); err != nil {
		return nil, err
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &Trouble{Summary: fmt.Sprintf("cannot use %s for the socket of the sandbox: %s", path, err)}
	}
	f := os.NewFile(uintptr(fd), path)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		f.Close()
		return nil, err
	}
	if err := judge(path, &st); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (p *place) close() { p.dir.Close() }

// path names a file in the directory, whatever its path is by now.
func (p *place) path(name string) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", p.dir.Fd(), name)
}

// remove removes the socket.
func (p *place) remove() {
	_ = unix.Unlinkat(int(p.dir.Fd()), socketName, 0)
}

// lock keeps others from starting a holder at the same time.
func (p *place) lock() (unlock func(), err error) {
	fd, err := unix.Openat(int(p.dir.Fd()), lockName, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Join(p.dir.Name(), lockName), Err: err}
	}
	for {
		err = unix.Flock(fd, unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return func() { unix.Close(fd) }, nil
}

// reason is an error without the path that os puts before it.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
