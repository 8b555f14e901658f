package image

import (
	"strings"
	"testing"
	"time"
)

// What an image does not show to be left to do, the kernel does not do: one that
// is taken as soon as that is so stays true.
func TestBusy(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"cable":             "ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up; ip addr add fd01::1/64 dev v0",
		"addresses":         "ip link add i0 type ifb; ip link set i0 up; for i in $(seq 40); do ip addr add fd01::$i/64 dev i0 nodad; done",
		"bridge":            "ip link add br0 type bridge; ip link add v0 type veth peer name v1; ip link set v0 master br0 up; ip link set v1 up; ip link set br0 up",
		"stack":             "ip link add v0 type veth peer name v1; ip link add m0 link v0 type macvlan mode bridge; ip link set m0 up; ip link set v0 up; ip link set v1 up",
		"no carrier":        "ip link add v0 type veth peer name v1; ip link set v0 up; ip tuntap add t0 mode tap; ip link set t0 up",
		"lost carrier":      "ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; sleep 1.5; ip link set v1 down",
		"IPv6 off":          "ip link add v0 type veth peer name v1; echo 1 > /proc/sys/net/ipv6/conf/v0/disable_ipv6; ip link set v0 up; ip link set v1 up",
		"too small":         "ip link add v0 mtu 1000 type veth peer name v1; ip link set v0 up; ip link set v1 up",
		"without an own ID": "ip link add v0 type veth peer name v1; ip link set v0 addrgenmode none; ip link set v0 up; ip link set v1 up",
		"loopback":          "ip link set lo up",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script("echo 1 > /proc/sys/net/ipv6/conf/default/accept_dad")
			l.Script(script)
			var img *Image
			for deadline := time.Now().Add(2 * patience); ; {
				if img = l.takeParts(Sysctls); img.Busy() == "" {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal(img.Busy())
				}
			}
			idle(1500 * time.Millisecond) // what is tested is that nothing happens
			if diff := Diff(img.Fingerprint(Indexed), l.takeParts(Sysctls).Fingerprint(Indexed)); len(diff) > 0 {
				t.Error("it was not over:\n", strings.Join(diff, "\n"))
			}
		})
	}
}
