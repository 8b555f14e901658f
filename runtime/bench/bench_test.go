package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "@") {
		os.Exit(hidden(os.Args[1], os.Args[2:]))
	}
	os.Exit(kerneltest.Main(m))
}

func testBench(t *testing.T) *bench {
	t.Helper()
	kerneltest.Need(t)
	b := &bench{options: &options{rounds: 1, compare: true, quiet: true, enough: time.Hour, longest: time.Hour, within: time.Hour},
		dir: t.TempDir(), began: time.Now()}
	b.vnet = filepath.Join(b.dir, "vnet")
	if out, err := exec.Command("go", "build", "-o", b.vnet, "vnet").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

// Every way that is to be had here gives the same networks, and removes them.
func TestSame(t *testing.T) {
	b := testBench(t)
	var here []way
	for _, w := range ways {
		if w.missing == nil || w.missing() == "" {
			here = append(here, w)
		}
	}
	for shape := range shapeOf {
		c, err := b.cell(t.Context(), &results{}, shape, 3, here)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, w := range c.Ways {
			for _, p := range phases {
				if w.Median[p] <= 0 && (p != cpu || w.cmd.all == nil) {
					t.Errorf("%s by %s: no figure for %s", shape, w.Way, p)
				}
			}
		}
	}
}

// What would take too long is left out, with what is larger, and named.
func TestLeftOut(t *testing.T) {
	b := &bench{options: &options{longest: time.Second, within: time.Hour}, began: time.Now()}
	slow, quick, gone := way{name: "slow"}, way{name: "quick"}, way{name: "gone"}
	r := &results{Cells: []*cell{{Shape: "star", Hosts: 10, cables: 10, Out: []out{{"gone", "why"}}, Ways: []*row{
		{Way: "slow", round: 300 * time.Millisecond}, {Way: "quick", round: 10 * time.Millisecond}}}}}
	for _, c := range []struct {
		w      way
		cables int
		out    bool
	}{{slow, 20, false}, {slow, 100, true}, {quick, 100, false}, {gone, 100, true}} {
		if why := b.tooLong(r, "star", c.cables, c.w); (why != "") != c.out {
			t.Errorf("%s with %d cables: %q", c.w.name, c.cables, why)
		}
	}
	if why := b.tooLong(r, "chain", 100, slow); why != "" {
		t.Errorf("a shape that was not measured yet: %q", why)
	}
	var text strings.Builder
	r.page(&text)
	if !strings.Contains(text.String(), "left out: star 10 by gone (why)") || !strings.Contains(text.String(), "| star of 10 |") {
		t.Error(text.String())
	}
	b.within = 0
	if b.tooLong(r, "chain", 1, quick) == "" {
		t.Error("the time is over")
	}
}

// stand builds a star, in a process that lets go of its namespaces.
func stand(t *testing.T, n string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := runOne(t.Context(), []string{self, "@limit", "build", "star", n}); err != nil {
		t.Fatal(err)
	}
}

// A comparison that finds no difference proves something only if it can find
// one.
func TestSameNotices(t *testing.T) {
	kerneltest.Need(t)
	ctx := t.Context()
	t.Cleanup(func() {
		if err := clearAll(context.Background()); err != nil {
			t.Error(err)
		}
	})
	stand(t, "2")
	first, err := atRest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []string{
		"ip -n h1 route del default", "ip -n h2 link set eth0 mtu 1400", "ip -n sw link set h1-eth0 nomaster",
		"ip netns exec sw sysctl -qw net.ipv4.ip_forward=1", "ip netns add more",
	} {
		if out, err := exec.Command("sh", "-c", change).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", change, err, out)
		}
		is, err := portray(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(differ(first, is)) == 0 {
			t.Errorf("%s: not noticed", change)
		}
		first = is
	}
}

// settle must not come back before a namespace that was dropped is gone.
func TestSettle(t *testing.T) {
	kerneltest.Need(t)
	stand(t, "20")
	// The other end of a cable goes when the kernel frees its namespace.
	if out, err := exec.Command("sh", "-c", "ip link add far type veth peer name near netns h20").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	began := time.Now()
	if err := clearAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if linkExists("far") {
		t.Error("the kernel is still at work after", time.Since(began))
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 2, 8}, 3}} {
		if got := median(c.of); got != c.want {
			t.Errorf("median of %v: %v, want %v", c.of, got, c.want)
		}
	}
}
