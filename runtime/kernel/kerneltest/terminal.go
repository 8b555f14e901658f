package kerneltest

import (
	"os"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Terminal opens a pseudo-terminal: the end of who types, which can be closed
// while it is read, and that of programs. Without any the test is skipped.
func Terminal(t testing.TB, cols, rows int) (master, slave *os.File) {
	t.Helper()
	opened, slave, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	defer opened.Close()
	if err := pty.Setsize(opened, &pty.Winsize{Rows: uint16(rows), Cols: uint16(cols)}); err != nil {
		t.Fatal(err)
	}
	// One that the runtime waits for can be closed while it is read.
	fd, err := unix.FcntlInt(opened.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "ptmx"), slave
}
