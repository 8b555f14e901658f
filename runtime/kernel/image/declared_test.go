package image

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A bridge that had no port has had one, for a moment or longer: what stays
// different is what is declared, and nothing but that.
func TestDeclaredBridge(t *testing.T) {
	t.Parallel()
	const idleOnce = "; ip link add d0 type ifb; ip link set d0 master br1 up; ip link del d0"
	for name, c := range map[string]struct{ before, last string }{
		"never had one":          {"", ""},
		"never had one, a while": {"", "sleep 1.2"},
		"had one before":         {idleOnce + "; ip link set br1 address 02:00:00:00:00:01", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script("ip link add br1 type bridge" + c.before + "; ip link set br1 up; ip addr add 10.9.0.1/24 dev br1")
			pre := l.still(func(*Image) bool { return true })
			l.Script("ip link add p0 type veth peer name p1; ip link set p0 master br1 up; ip link set p1 up;" + c.last + "\nip link del p0")
			if residue := l.restore(t, pre, WriteSet{Links: []LinkRef{{Name: "br1"}}}); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.same(t, pre)
			for _, d := range Diff(pre.Fingerprint(Indexed), l.take().Fingerprint(Indexed)) {
				if !slices.ContainsFunc(bridgeResidues, func(p string) bool { return strings.HasPrefix(d, p) }) {
					t.Error("not declared:", d)
				}
			}
			l.Script("ip link set br1 mtu 1400")
			if diff := declared(pre, l.take(), Indexed, nil); len(diff) != 2 || !strings.Contains(diff[0], "mtu") {
				t.Errorf("what somebody else did to it is not seen: %v", diff)
			}
		})
	}
}

// The MAC that a bridge lost with its last port is there again after somebody
// gave it one, and cannot be taken away; all else is seen.
func TestDeclaredMAC(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add br1 type bridge; ip link set br1 up; ip link add d0 type ifb; ip link set d0 up master br1; ip link del d0")
	pre := l.still(func(*Image) bool { return true })
	if !slices.ContainsFunc(pre.links(), func(l link) bool { return l.name == "br1" && l.blank() }) {
		t.Fatal("the bridge has a MAC")
	}
	l.Script("ip link set br1 address 02:00:00:00:00:01 mtu 1400")
	if residue := l.restore(t, pre, WriteSet{Links: []LinkRef{{Name: "br1"}}}); len(residue) > 0 {
		t.Error("residue:\n", strings.Join(residue, "\n"))
	}
	l.same(t, pre)
	l.Script("bridge fdb add 02:00:00:00:00:02 dev br1 self local")
	if diff := declared(pre, l.take(), Indexed, nil); len(diff) != 1 || !strings.HasPrefix(diff[0], "fdb br1 02:00:00:00:00:02 ") {
		t.Errorf("what somebody else did to it is not seen: %v", diff)
	}
}

// A picture shows a bridge before the kernel has heard of its carrier, which
// takes too short to be waited for.
func TestDeclaredOperstate(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add br1 address 02:00:00:00:00:01 type bridge; ip link add d0 type ifb; ip link set d0 up master br1; ip link set br1 up")
	pre := l.still(func(img *Image) bool {
		return slices.ContainsFunc(img.links(), func(l link) bool { return l.name == "br1" && find(l.attrs, unix.IFLA_OPERSTATE)[0] == 6 })
	})
	for _, l := range pre.links() {
		if l.name == "br1" {
			find(l.attrs, unix.IFLA_OPERSTATE)[0] = 0
		}
	}
	set := WriteSet{Links: []LinkRef{{Name: "d0"}, {Name: "br1"}}}
	l.Script("ip link set br1 mtu 1400")
	if residue := l.restore(t, pre, set); len(residue) > 0 {
		t.Error("residue:\n", strings.Join(residue, "\n"))
	}
	l.same(t, pre)
	if diff := Diff(pre.Fingerprint(Indexed), l.take().Fingerprint(Indexed)); !slices.Equal(diff, []string{"link br1 operstate: 6, was 0"}) {
		t.Errorf("not declared: %q", diff)
	}
	l.Script("ip link set d0 down; while ip link show br1 | grep -q 'state UP'; do sleep 0.05; done")
	if diff := declared(pre, l.take(), Indexed, nil); !slices.Contains(diff, "link br1 operstate: 2, was 0") {
		t.Errorf("that it is down is not seen: %q", diff)
	}
}

// A module that is loaded meanwhile, by whomever, brings parameters to every
// namespace; those of links are told all the same.
func TestDeclaredModule(t *testing.T) {
	t.Parallel()
	pre := &Image{Parts: Sysctls, Sysctl: map[string]string{"core/somaxconn": "4096", "ipv4/ip_forward": "0", "ipv4/conf/all/rp_filter": "0", "netfilter/nf_log_all_netns": "0"}}
	now := &Image{Parts: Sysctls, Sysctl: map[string]string{"core/somaxconn": "4096", "ipv4/ip_forward": "1", "ipv4/conf/all/rp_filter": "0", "ipv4/conf/all/of_module": "1",
		"ipv4/conf/x0/rp_filter": "0", "ipv6/neigh/x0/ucast_solicit": "3", "netfilter/nf_conntrack_max": "65536", "netfilter/nf_conntrack_helper": "", "bridge/bridge-nf-call-iptables": "1"}}
	want := []string{"sysctl ipv4/conf/x0/rp_filter: new: 0", "sysctl ipv4/ip_forward: 1, was 0", "sysctl ipv6/neigh/x0/ucast_solicit: new: 3", "sysctl netfilter/nf_log_all_netns: gone: 0"}
	for _, form := range []Form{Strict, Indexed, settings} {
		if diff := declared(pre, now, form, nil); !slices.Equal(diff, want) {
			t.Errorf("%d: got %q, want %q", form, diff, want)
		}
		if diff := Diff(pre.Fingerprint(form), now.Fingerprint(form)); !slices.Equal(diff, want) {
			t.Errorf("%d: got %q, want %q", form, diff, want)
		}
	}
	if set := (WriteSet{All: true}); !slices.Equal(declared(plan(set, pre, now, nil).Image, now, Strict, nil), want) {
		t.Errorf("the goal differs by %q", declared(plan(set, pre, now, nil).Image, now, Strict, nil))
	}
}

var bridgeResidues = []string{
	"link br1 bridge bridge_id: ", "link br1 bridge root_id: ", "link br1 tso_max_size: ", "link br1 tso_max_segs: ",
	"link br1 carrier: 0, was 1", "link br1 flags: 0x1003, was 0x11043", "link br1 operstate: 2, was 0",
	"route inet6 table 254 fe80::/64 metric 256 tos 0: flags=0x10, was flags=0x0",
	"route inet6 table 255 ff00::/8 metric 256 tos 0: flags=0x10, was flags=0x0",
	"route inet table 254 10.9.0.0/24 metric 0 tos 0: flags=0x10, was flags=0x0",
	"route inet table 255 10.9.0.255/32 metric 0 tos 0: flags=0x10, was flags=0x0",
	"sysfs br1 addr_assign_type: 3, was 1",
}
