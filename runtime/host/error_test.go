package host_test

import (
	"syscall"
	"testing"

	"vnet/runtime/host"
)

func TestErrnoName(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.EOPNOTSUPP: "EOPNOTSUPP",
		syscall.EPERM:      "EPERM",
		0:                  "",
		9999:               "",
	} {
		if got := host.ErrnoName(errno); got != want {
			t.Errorf("%d is %q, want %q", errno, got, want)
		}
	}
}
