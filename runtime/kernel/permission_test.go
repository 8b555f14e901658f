package kernel

import (
	"context"
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// TestNotPermitted runs without root only: what is refused says that root is
// missing, and looking at the starting namespace is allowed.
func TestNotPermitted(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("is about what happens without root")
	}
	h, _ := New()
	defer h.Close()
	ctx := context.Background()
	for _, op := range []host.Op{
		host.NamespaceAdd{Name: "kt-a"},
		host.LinkAdd{Link: host.Link{NS: host.Start, Name: "ktp", Kind: "bridge"}},
		host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: host.Start, Link: "lo", Prefix: dest("10.0.0.1/8")}},
	} {
		r := h.Apply(ctx, []host.Op{op}, nil)[0]
		if !errors.Is(r.Err, unix.EPERM) && !errors.Is(r.Err, unix.EACCES) {
			t.Errorf("%s: %v", op, r.Err)
		}
	}
	if s, err := h.State(ctx, host.Start); err != nil || len(s.Links) == 0 {
		t.Errorf("%+v %v", s, err)
	}
	if v, err := h.Sysctl(ctx, host.Start, "net.ipv4.ip_forward"); err != nil || v == "" {
		t.Errorf("%q %v", v, err)
	}
}
