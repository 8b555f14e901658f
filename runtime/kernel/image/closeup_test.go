package image

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// closeup takes a closeup as it comes out of a journal.
func (l *lab) closeup(of ...Subject) *Closeup {
	l.t.Helper()
	c, err := TakeCloseup(context.Background(), l.ns, of)
	if err != nil {
		l.t.Fatal(err)
	}
	b, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	var out Closeup
	if err := json.Unmarshal(b, &out); err != nil {
		l.t.Fatal(err)
	}
	return &out
}

// odd gives links of several kinds values that none has by itself.
const odd = `
	ip link add by0 type veth peer name by1
	ip link add small mtu 1000 type ifb
	for dev in lo by0 by1 br0 i0 small; do
		echo 7 > /proc/sys/net/ipv4/conf/$dev/tag
		echo 1234 > /proc/sys/net/ipv4/neigh/$dev/retrans_time_ms
		echo 5000000 > /proc/sys/net/ipv4/neigh/$dev/gc_stale_time
		[ $dev = small ] && continue
		echo 1234567 > /proc/sys/net/ipv6/conf/$dev/router_solicitation_max_interval
	done
	echo 2001:db8:1:2:3:4:5:6 > /proc/sys/net/ipv6/conf/by0/stable_secret`

// Closeups of all links show what an image shows of them.
func TestCloseup(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script(rich + odd)
	img, whole := l.takeParts(Shared), l.takeParts(Sysctls)
	for key := range img.Sysctl {
		if dev := sysctlDevice(key); dev != "" && dev != "all" && dev != "default" {
			t.Fatal("an image without what is a link's shows", key)
		}
	}
	var all []Subject
	for _, link := range img.links() {
		all = append(all, Subject{Link: link.index, Name: link.name})
	}
	img.Add(l.closeup(all...))
	if !maps.Equal(img.Sysctl, whole.Sysctl) {
		for key, value := range whole.Sysctl {
			if img.Sysctl[key] != value {
				t.Errorf("%s: %q, in an image %q", key, img.Sysctl[key], value)
			}
		}
		t.Errorf("%d parameters, in an image %d", len(img.Sysctl), len(whole.Sysctl))
	}
}

// A closeup goes by the numbers of links, whatever they are called by then; the
// older of two counts, and links that came later do not.
func TestCloseupOfRenamed(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add v0 type veth peer name v1")
	img, whole := l.takeParts(Shared), l.takeParts(Sysctls)
	index := func(name string) int32 {
		links := img.links()
		return links[slices.IndexFunc(links, func(l link) bool { return l.name == name })].index
	}
	v0, v1 := index("v0"), index("v1")
	l.Script("ip link set v0 name tmp; ip link set v1 name v0; ip link set dev tmp name v1; ip link add later type ifb")
	img.Add(l.closeup(Subject{Link: v1, Name: "v0", Param: "ipv4/conf/*/tag"}))
	l.Script("for dev in v0 v1 later; do echo 9 > /proc/sys/net/ipv4/conf/$dev/tag; echo 2 > /proc/sys/net/ipv4/conf/$dev/rp_filter; done")
	img.Add(l.closeup(Subject{Param: "ipv4/conf/*/tag"}, Subject{Link: v0, Name: "v1"}))
	for key, want := range map[string]string{"ipv4/conf/v1/tag": "0", "ipv4/conf/v0/tag": "9", "ipv4/conf/v0/rp_filter": "2", "ipv4/conf/v1/rp_filter": "", "ipv4/conf/later/tag": "",
		"ipv4/conf/lo/tag": whole.Sysctl["ipv4/conf/lo/tag"]} {
		if is := img.Sysctl[key]; is != want {
			t.Errorf("%s: %q, want %q", key, is, want)
		}
	}
	for _, c := range []struct {
		set  WriteSet
		want int
	}{
		{WriteSet{Links: []LinkRef{{Index: v0, Name: "v1"}}}, 0},
		{WriteSet{Links: []LinkRef{{Name: "v1"}}}, 1},
		{WriteSet{Links: []LinkRef{{Name: "v1", Only: Addrs}, {Name: "later"}}}, 0},
		{WriteSet{Sysctls: []string{"ipv4/conf/all/tag", "ipv4/conf/v1/tag", "ipv4/conf/v0/rp_filter", "core/somaxconn"}}, 0},
		{WriteSet{Sysctls: []string{"ipv4/conf/all/rp_filter", "ipv4/conf/v1/rp_filter"}}, 2},
	} {
		if unseen := img.unseen(c.set); len(unseen) != c.want {
			t.Errorf("of %+v unseen: %q, want %d", c.set, unseen, c.want)
		}
	}
	if unseen := whole.unseen(WriteSet{Links: []LinkRef{{Name: "v0"}}}); unseen != nil {
		t.Error("an image of all does not show", unseen)
	}
}

// The MTU that IPv6 knows of a bridge is that of when the image was taken,
// whatever became of its ports until the closeup.
func TestCloseupOfMTU(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add br0 up type bridge; ip link add v0 up master br0 type veth peer name v1")
	img := l.takeParts(Shared)
	links := img.links()
	br := links[slices.IndexFunc(links, func(l link) bool { return l.name == "br0" })].index
	l.Script("ip link set v0 mtu 1400; [ $(cat /proc/sys/net/ipv6/conf/br0/mtu) = 1400 ]")
	img.Add(l.closeup(Subject{Link: br, Name: "br0"}))
	if is := img.Sysctl["ipv6/conf/br0/mtu"]; is != "1500" {
		t.Error("the MTU is", is)
	}
}

// What is restored by closeups is as exact as by an image of all.
func TestRestoreByCloseup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, script string
		set          WriteSet
	}{
		{"MTU", "ip link set v0 mtu 1000", WriteSet{Links: []LinkRef{{Name: "v0"}}}},
		{"one", "echo 3 > /proc/sys/net/ipv4/conf/v0/tag", WriteSet{Sysctls: []string{"ipv4/conf/v0/tag"}}},
		{"every", "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding; echo 0 > /proc/sys/net/ipv4/conf/v0/forwarding", WriteSet{Sysctls: []string{"ipv4/conf/all/forwarding", "ipv4/conf/v0/forwarding"}}},
		{"another unit", "echo 2000 > /proc/sys/net/ipv4/neigh/v0/retrans_time", WriteSet{Sysctls: []string{"ipv4/neigh/v0/retrans_time"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich + `
				echo 0 > /proc/sys/net/ipv4/conf/all/accept_redirects
				echo 1 > /proc/sys/net/ipv4/conf/v0/forwarding
				echo 1236 > /proc/sys/net/ipv4/neigh/v0/retrans_time_ms
				echo 99 > /proc/sys/net/ipv6/conf/v0/hop_limit`)
			pre := l.settled()
			img := l.takeParts(Shared)
			links := img.links()
			for _, s := range c.set.Subjects(func(ref LinkRef) (int32, string) {
				return links[slices.IndexFunc(links, func(l link) bool { return l.name == ref.Name })].index, ref.Name
			}) {
				img.Add(l.closeup(s))
			}
			l.Script(c.script)
			if residue := l.restore(t, img, c.set); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.same(t, pre)
		})
	}
}

// What was not looked at is told.
func TestRestoreUnseen(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add v0 type veth peer name v1")
	img := l.takeParts(Shared)
	residue, err := Restore(context.Background(), l.ns, img, WriteSet{Links: []LinkRef{{Name: "v0"}}, Sysctls: []string{"ipv4/ip_forward"}}, nil)
	want := []string{"sysctl v0: not looked at before it was touched", "sysctl ipv4/conf/*/forwarding: not looked at before it was touched"}
	if err != nil || !slices.Equal(residue, want) {
		t.Errorf("residue %q, %v", residue, err)
	}
}

// No parameter changes others than is said.
func TestChangedBy(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script("ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up")
	now := l.settled().Sysctl
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if dev := sysctlDevice(key); key != "ipv4/ip_forward" && dev != "all" && dev != "default" && dev != "v0" {
			continue
		}
		n, err := strconv.Atoi(now[key])
		if err != nil {
			continue
		}
		s := newScope(WriteSet{Sysctls: []string{key}}, &Image{})
		for _, value := range []int{n + 1, n - 1} {
			var refused error
			l.Do(func() { refused = write(unix.AT_FDCWD, sysctlRoot+"/"+key, strconv.Itoa(value), 0) })
			if refused != nil {
				continue
			}
			is := l.takeParts(Sysctls).Sysctl
			for other := range is {
				if is[other] != now[other] && !s.sysctl(other) {
					t.Errorf("%s = %d makes %s %q; it was %q", key, value, other, is[other], now[other])
				}
			}
			now = is
		}
	}
}
