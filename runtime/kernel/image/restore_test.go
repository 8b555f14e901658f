package image

import (
	"context"
	_ "embed"
	"strings"
	"testing"
	"time"
)

//go:embed testdata/restore.txt
var restores string

func (l *lab) restore(t *testing.T, pre *Image, set WriteSet) []string {
	t.Helper()
	began := time.Now()
	residue, err := Restore(context.Background(), l.ns, pre, set, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 5*settling {
		t.Errorf("took %v", d)
	}
	return residue
}

// same waits until nothing but what is declared differs from before.
func (l *lab) same(t *testing.T, pre *Image) bool {
	t.Helper()
	var diff []string
	for deadline := time.Now().Add(settling); ; {
		diff = declared(pre, l.take(), Indexed, nil)
		if len(diff) == 0 {
			return true
		}
		if time.Now().After(deadline) {
			t.Error(strings.Join(diff, "\n"))
			return false
		}
		idle(20 * time.Millisecond)
	}
}

// A route of several ways stays when a link that one leads over goes down, and
// is taken by the kernel only while that is up.
func TestRestoreOverDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, did string }{
		"routes":          {"", "ip route del 10.6.0.0/16; ip -6 route del fd06::/64"},
		"without address": {"ip addr flush dev v1", "ip route del 10.6.0.0/16; ip -6 route del fd06::/64"},
		"with addresses and neighbours": {"ip addr add fd88::1/64 dev v1 nodad; ip addr add 10.88.0.1/24 dev v1; ip neigh add 10.0.1.7 lladdr 02:00:00:00:00:07 dev v1",
			"ip link set v1 up; ip link set v1 down; ip addr flush dev v1; ip route flush table main || true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script(rich)
			l.settled()
			l.Script("ip link set mv0 down; ip link set v1 down;" + c.before)
			pre := l.settled()
			l.Script(c.did)
			if residue := l.restore(t, pre, WriteSet{All: true}); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.same(t, pre)
		})
	}
}

// An entry for a proxy is restored so that it stays: one that is not permanent
// goes with the carrier, and the kernel does not show which it is
// (net/core/neighbour.c: pneigh_ifdown).
func TestRestoredProxyStays(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script(rich)
	pre := l.settled()
	l.Script("ip neigh del proxy 10.0.0.77 dev v0")
	if residue := l.restore(t, pre, WriteSet{Links: []LinkRef{{Name: "v0", Only: Neighs}}}); len(residue) > 0 {
		t.Error("residue:\n", strings.Join(residue, "\n"))
	}
	l.Script("ip -n far link set p0 down; while ip link show v0 | grep -q LOWER_UP; do sleep 0.05; done")
	if proxies := l.Run("ip", "neigh", "show", "proxy"); !strings.Contains(proxies, "10.0.0.77") {
		t.Errorf("without a carrier there are left:\n%s", proxies)
	}
}

// A scene is a line of a table: its name, and a script.
type scene struct{ name, script string }

func scenes(text string) (list []scene) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		name, script, _ := strings.Cut(line, ": ")
		list = append(list, scene{name, script})
	}
	return list
}

// TestRestore does one thing after the other to a namespace and takes it back,
// each time exactly: the next begins with what the one before left.
func TestRestore(t *testing.T) {
	t.Parallel()
	list := scenes(restores)
	const lanes = 4
	for lane := range lanes {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			var l *lab
			var pre *Image
			step := lanes
			if testing.Short() {
				step *= 5
			}
			for i := lane; i < len(list); i += step {
				if l == nil {
					l = newLab(t)
					l.Script(rich)
					pre = l.settled()
				}
				s := list[i]
				t.Run(s.name, func(t *testing.T) {
					if o := l.Try("sh", "-e", "-c", s.script); o.Status != 0 {
						l = nil // half of it may be
						t.Skip("cannot be done here:", o.Err)
					}
					residue := l.restore(t, pre, WriteSet{All: true})
					if len(residue) > 0 {
						t.Error("residue:\n", strings.Join(residue, "\n"))
					}
					if !l.same(t, pre) {
						l = nil
					}
				})
			}
		})
	}
}
