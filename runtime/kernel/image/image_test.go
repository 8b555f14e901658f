package image

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vnet/runtime/kernel/kerneltest"
)

// A lab is a machine with a descriptor of the namespace it starts in.
type lab struct {
	*kerneltest.Machine
	t  testing.TB
	ns int
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{Machine: kerneltest.New(t), t: t}
	l.Do(func() {
		fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Error(err)
		}
		l.ns = fd
	})
	t.Cleanup(func() { unix.Close(l.ns) })
	// Duplicate address detection waits a random time; nothing here is about it
	// but what says so.
	l.Script("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitations")
	return l
}

func (l *lab) take() *Image { l.t.Helper(); return l.takeParts(All) }

func (l *lab) takeParts(parts Parts) *Image {
	l.t.Helper()
	img, err := Take(context.Background(), l.ns, parts)
	if err != nil {
		l.t.Fatal(err)
	}
	return img
}

// patience is how long the kernel may take to settle.
const patience = 5 * time.Second

// settled waits until every link that is up has a carrier, the kernel has acted
// on that, and what is seen stays for longer than it takes to look at carriers
// again.
func (l *lab) settled() *Image {
	l.t.Helper()
	return l.still(func(img *Image) bool {
		return img.Busy() == "" && !slices.ContainsFunc(img.links(), func(l link) bool { return l.flags&(unix.IFF_UP|unix.IFF_RUNNING) == unix.IFF_UP })
	})
}

// still waits until a namespace is ready and does not change any more.
func (l *lab) still(ready func(*Image) bool) *Image {
	l.t.Helper()
	last := l.takeParts(0).Fingerprint(Indexed)
	since := time.Now()
	busy := ""
	for deadline := time.Now().Add(10 * patience); time.Now().Before(deadline); idle(50 * time.Millisecond) {
		img := l.takeParts(0)
		now := img.Fingerprint(Indexed)
		busy = img.Busy()
		if !ready(img) || len(Diff(last, now)) > 0 {
			last, since = now, time.Now()
		}
		if time.Since(since) > 1200*time.Millisecond {
			return l.take()
		}
	}
	l.t.Fatal("the namespace does not settle: ", cmp.Or(busy, "it changes"))
	return nil
}

// idle lets the processor go while something is waited for.
func idle(d time.Duration) { <-time.After(d) }

// rich is a namespace with some of everything this kernel has.
//
//go:embed testdata/rich.sh
var rich string

// An image written and read back says the same, and says it often.
func TestJSON(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script(rich)
	img := l.settled()
	b, err := json.Marshal(img)
	if err != nil {
		t.Fatal(err)
	}
	var back Image
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for _, form := range []Form{Strict, Indexed, Portable, settings} {
		if diff := Diff(img.Fingerprint(form), back.Fingerprint(form)); len(diff) > 0 {
			t.Error(strings.Join(diff, "\n"))
		}
	}
	small, _ := json.Marshal(l.takeParts(0))
	t.Logf("%d bytes with everything, %d with the least", len(b), len(small))
	for _, n := range img.Notes {
		t.Log(n)
	}
	if dir := os.Getenv("IMAGE_DUMP"); dir != "" {
		for name, form := range map[string]Form{"strict": Strict, "portable": Portable, "settings": settings} {
			_ = os.WriteFile(filepath.Join(dir, name), []byte(img.Fingerprint(form).String()), 0o600)
		}
	}
}

// Two builds of the same network are the same but for what is chance.
func TestPortable(t *testing.T) {
	t.Parallel()
	a, b := newLab(t), newLab(t)
	b.Script("ip link add x type ifb; ip link del x") // other numbers
	a.Script(rich)
	b.Script(rich)
	x, y := a.settled(), b.settled()
	if diff := Diff(x.Fingerprint(Portable), y.Fingerprint(Portable)); len(diff) > 0 {
		t.Error(strings.Join(diff, "\n"))
	}
	if len(Diff(x.Fingerprint(Indexed), y.Fingerprint(Indexed))) == 0 {
		t.Error("the numbers of links are the same")
	}
}

// Nothing is told that traffic or time changes.
func TestStable(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Script(rich)
	before := l.settled().Fingerprint(Indexed)
	same := func(what string) {
		t.Helper()
		if diff := Diff(before, l.take().Fingerprint(Indexed)); len(diff) > 0 {
			t.Errorf("%s:\n%s", what, strings.Join(diff, "\n"))
		}
	}
	idle(3 * time.Second) // what is tested is that nothing happens
	same("idle")
	l.Script(`for a in 10.0.0.9 10.0.1.9 10.0.2.9 fd00:0::9 fd00:1::9 fd00:2::9 239.1.1.1; do ping -c 2 -i 0.05 -W 1 $a >/dev/null || true; done
		python3 -c 'import socket
for a in ("10.0.0.9","10.0.1.9","10.5.0.1","10.10.0.1","10.99.0.1"):
    for i in range(20): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (a, 80))'`)
	same("traffic")
}

func BenchmarkTake(b *testing.B) {
	for _, scene := range []struct {
		name, script string
		parts        Parts
	}{
		{"empty", "", 0},
		{"empty all", "", All},
		{"rich least", rich, 0},
		{"rich sysctls", rich, Sysctls},
		{"rich nft", rich, NFT},
		{"rich all", rich, All},
	} {
		b.Run(scene.name, func(b *testing.B) {
			l := newLab(b)
			l.Script("true;" + scene.script)
			for b.Loop() {
				l.takeParts(scene.parts)
			}
		})
	}
	b.Run("fingerprint", func(b *testing.B) {
		l := newLab(b)
		l.Script(rich)
		img := l.take()
		for b.Loop() {
			img.Fingerprint(Strict)
		}
	})
}
