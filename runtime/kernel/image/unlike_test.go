package image

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// What differs between two images differs without what they have in common, too.
func TestUnlike(t *testing.T) {
	t.Parallel()
	for _, script := range []string{
		"true",
		"ip link set v0 down; ip link set v0 up",
		"ip link set v0 name w0; ip link set w0 mtu 1400",
		"ip link set v2 nomaster; ip link set v2 master br0",
		"ip addr flush dev v0; ip route append 10.5.0.0/16 via 10.0.1.7",
		"tc qdisc del dev v0 root; ip rule add from 10.3.0.0/16 table 3 pref 300; ip nexthop del id 5",
		"echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; nft delete table inet filter",
		others,
	} {
		t.Run(strings.TrimSpace(script), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich)
			was := l.settled()
			l.Script(script)
			is := l.take()
			for _, form := range []Form{Strict, Indexed, Portable, settings} {
				want := Diff(was.Fingerprint(form), is.Fingerprint(form))
				a, b := unlike(was, is, form)
				if got := Diff(a.fingerprint(), b.fingerprint()); !slices.Equal(got, want) {
					t.Errorf("form %d: without what is the same:\n%s\nall:\n%s", form, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				if maps.Equal(a.names, b.names) && len(a.fingerprint()) >= len(was.Fingerprint(form)) {
					t.Error("nothing is left out")
				}
			}
		})
	}
}
