package image

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A pre-image that was taken while the kernel was still setting something up
// does not show all of it. What came since is no residue; what is missing is.
func TestEarlyPicture(t *testing.T) {
	t.Parallel()
	v1 := WriteSet{Links: []LinkRef{{Name: "v1"}}}
	for name, c := range map[string]struct {
		take func(*lab) *Image
		did  string
		set  WriteSet
	}{
		"a link that comes up": {func(l *lab) *Image {
			l.Script("ip -n far link set p1 down; ip link set v1 down; ip link set v1 up")
			img := l.takeParts(Sysctls)
			l.Script("ip -n far link set p1 up")
			return img
		}, "ip addr del 10.0.1.1/24 dev v1", v1},
		"an address without its route": {func(l *lab) *Image { // that takes too short to be seen
			l.Script("ip addr add fd77::1/128 dev lo")
			img := l.settled()
			img.Dumps[secRoute6] = slices.DeleteFunc(img.Dumps[secRoute6], func(m Message) bool {
				return routeOf(m).made() && routeOf(m).prefix() == "fd77::1/128"
			})
			return img
		}, "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6", WriteSet{Sysctls: []string{"ipv6/conf/all/disable_ipv6"}}},
		"an address without its route and group": {func(l *lab) *Image {
			l.Script("ip addr add fd77::7/64 dev v1 nodad")
			img := l.settled()
			img.Dumps[secRoute6] = slices.DeleteFunc(img.Dumps[secRoute6], func(m Message) bool {
				return routeOf(m).made() && routeOf(m).prefix() == "fd77::7/128"
			})
			img.Dumps[secFDB] = slices.DeleteFunc(img.Dumps[secFDB], func(m Message) bool {
				n, _ := neighOf(m)
				return mac(nil, []byte(n.mac())) == "33:33:ff:00:00:07"
			})
			return img
		}, "ip addr del 10.0.1.1/24 dev v1", v1},
		"a link that has just lost its carrier": {func(l *lab) *Image {
			l.Script("ip -n far link set p1 down")
			return l.takeParts(Sysctls)
		}, "ip addr del 10.0.1.1/24 dev v1", v1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich)
			l.settled()
			pre := c.take(l)
			settled := l.still(func(img *Image) bool { return img.Busy() == "" })
			l.Script(c.did)
			if residue := l.restore(t, pre, c.set); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.same(t, settled)

			l.Script("ip link set v1 down") // by somebody else, behind it
			r := &restorer{pre: pre, set: v1, now: l.takeParts(0)}
			r.goal = plan(r.set, pre, r.now, nil)
			if !slices.ContainsFunc(r.residue(), func(d string) bool { return strings.HasPrefix(d, "link v1 flags") }) {
				t.Errorf("what is missing is not seen: %q", r.residue())
			}
		})
	}
	if l := (link{flags: unix.IFF_UP | unix.IFF_RUNNING}); !l.ready() {
		t.Error("a link without IPv6 is never ready")
	}
}
