package image

import (
	"strings"
	"testing"
)

// A link that was never up is again as if it never had been.
func TestRestoreNeverUp(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]string{
		"veth":   "ip link add v0 type veth peer name v1",
		"tap":    "ip tuntap add v0 mode tap",
		"ifb":    "ip link add v0 type ifb",
		"bridge": "ip link add v0 type bridge",
		"queues": "ip link add v0 numtxqueues 4 numrxqueues 4 type veth peer name v1",
		"IPv6":   "ip link add v0 type ifb; ip addr add fd00::1/64 dev v0 nodad; echo 1 >/proc/sys/net/ipv6/conf/v0/accept_ra_mtu; echo 0 >/proc/sys/net/ipv6/conf/v0/autoconf",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(add)
			pre := l.still(func(*Image) bool { return true })
			for _, change := range []string{"ip link set v0 up", "ip link set v0 up; ip link set v0 down", "ip link set v0 up; ip addr add 10.9.0.1/24 dev v0"} {
				l.Script(change)
				if residue := l.restore(t, pre, WriteSet{Links: []LinkRef{{Name: "v0"}}}); len(residue) > 0 {
					t.Errorf("%s:\n%s", change, strings.Join(residue, "\n"))
				}
				if !l.same(t, pre) {
					return
				}
			}
		})
	}
}
