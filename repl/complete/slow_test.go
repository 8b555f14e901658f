package complete

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// spent is the processor time that f takes on its thread: the machine may be
// busy with something else.
func spent(t *testing.T, f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now := func() time.Duration {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
			t.Fatal(err)
		}
		return time.Duration(ts.Nano())
	}
	start := now()
	f()
	return now() - start
}

// growth is how many times as long large takes as small: the least of several
// looks at each, taken in turns. It is 0 where large takes next to nothing.
func growth(t *testing.T, small, large func()) float64 {
	const nothing = 20 * time.Millisecond
	a, b := time.Hour, time.Hour
	for range 4 {
		b = min(b, spent(t, large))
		if b < nothing {
			return 0
		}
		a = min(a, spent(t, small))
	}
	return float64(b) / float64(a)
}

// Text four times as long takes some four times as long, also where it is made
// to be slow; sixteen times would be quadratic.
func TestNotQuadratic(t *testing.T) {
	const n = 1 << 13
	s := alive()
	look := func(text string) func() {
		return func() {
			Marks(text, s)
			At(text, len(text), s)
		}
	}
	if g := growth(t, look(pasted(50)), look(pasted(200))); g > 10 {
		t.Errorf("four times as many lines take %.1f times as long", g)
	}
	for _, piece := range []string{
		"a ", "$a[", "${", "$ho ", "\"", "(", "[ ", "{ ", "{\n", "try ", "in a ", "ns h1..h999 ", "ns a;", "echo $x;", "let a = $b\n",
		"def f(a) {\n", "veth a:b 10.0.0.1/24 <-> b:c 10.0.0.2/24\n", "veth a:b <-> br1\n", "exec in a b\n", "mtu 5 ", "} ", "f(", "x={", "if a {} else ",
	} {
		for _, head := range []string{"", "let x = ", "exec in a ", "ns a\n"} {
			text := func(n int) string { return head + strings.Repeat(piece, n/len(piece)) }
			if g := growth(t, look(text(n/4)), look(text(n))); g > 10 {
				t.Errorf("%q and then %q: four times as much takes %.1f times as long", head, piece, g)
			}
		}
	}
}

// Ten times as many namespaces take at most some ten times as long.
func TestGrowsWithNetwork(t *testing.T) {
	few, many := crowd(1000), crowd(10000)
	for _, text := range long {
		if g := growth(t, func() { key(text, few) }, func() { key(text, many) }); g > 30 {
			t.Errorf("%.40q…: in ten times as many namespaces it takes %.1f times as long", text, g)
		}
	}
}
