package rollback

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/examples/vnettest"
)

// times is how often something random is done: n, or what a variable says.
func times(t testing.TB, variable string, n int) int {
	t.Helper()
	if v := os.Getenv(variable); v != "" {
		var err error
		if n, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// killed is a script that takes its time and touches all there is, so that a
// kill comes anywhere in it.
const killed = `
ns ka kb
veth ka:eth0 10.21.0.1/24 <-> kb:eth0 10.21.0.2/24
link set x0 down
link set x0 name y0 mtu 1400
link set y0 up
exec true
link set old:w1 mtu 1200
addr del w0 10.2.0.9/24
route replace 10.50.0.0/16 via 10.2.0.2
in old { forward on; hosts 10.2.0.1 gw }
sysctl net.ipv4.conf.all.rp_filter = 1
veth ka:up <-> br0 as kp
exec in ka true
link del t0
tap t0 10.22.0.1/24
exec true
spawn quiet in kb sleep 99
link del old:v1
ns del third
ns third
rule del from 10.3.0.0/24 table 70 priority 700
neigh del 10.2.0.2 dev w0
exec true
transaction { bridge br9; link set held mtu 1300; exec true }
link del br1
`

// A vnet that is killed at any moment leaves nothing: its guard takes back what
// it did. If that is killed too, the next one does, and if that is killed, the
// next. VNET_TEST_KILLS says how often.
func TestRollbackOfRandomKills(t *testing.T) {
	t.Parallel()
	n := times(t, "VNET_TEST_KILLS", 12)
	workers := 2
	if n > 100 {
		workers = 4
	}
	for w := range workers {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			dice := rand.New(rand.NewPCG(uint64(n), uint64(w)))
			began := time.Now()
			if o := l.TryCmd(l.vnet(t, killed, "--rm")); o.Status != 0 {
				t.Fatalf("status %d\n%s", o.Status, o.Err)
			}
			whole := time.Since(began)
			for i := w; i < n; i += workers {
				if r := l.residue(t); len(r) > 0 {
					t.Fatalf("before kill %d there is left\n%s", i, strings.Join(r, "\n"))
				}
				l.kill(t, dice, i, whole)
			}
			if r := l.residue(t); len(r) > 0 {
				t.Errorf("after the last kill there is left\n%s", strings.Join(r, "\n"))
			}
		})
	}
}

// kill kills a run at a random moment of the time it takes: alone, or with its
// guard; then also one to three recoveries.
func (l *lab) kill(t *testing.T, dice *rand.Rand, i int, whole time.Duration) {
	t.Helper()
	after := time.Duration(dice.Int64N(int64(whole)))
	cmd := l.vnet(t, killed, "--rm")
	guarded := i%3 == 0
	if guarded {
		vnettest.Guard(cmd)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := l.Start(cmd); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
	if guarded {
		l.recovered()
		return
	}
	if i%3 == 1 {
		for range 1 + dice.IntN(3) {
			recovery := vnettest.Command("recover")
			if err := l.Start(recovery); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(dice.Int64N(int64(100 * time.Millisecond))))
			_ = recovery.Process.Signal(syscall.SIGKILL)
			_ = recovery.Wait()
		}
	}
	if o := l.TryCmd(vnettest.Command("recover")); o.Status != 0 {
		t.Errorf("kill %d, after %s: recover ends with %d\n%s%s%s", i, after, o.Status, said.String(), o.Out, o.Err)
	}
}

// It dies before the single things that are asked of Linux, of which an
// operation may be many; a third of the recoveries die so as well.
// VNET_TEST_FULL tries every one, and by default every thirteenth.
func TestRollbackOfSteps(t *testing.T) {
	t.Parallel()
	stride := 13
	if full {
		stride = 1
	}
	l := newLab(t)
	dice := rand.New(rand.NewPCG(7, 7))
	places := 0
	for n := 1; ; n += stride {
		o := l.TryCmd(vnettest.Crash(l.vnet(t, killed, "--rm"), fmt.Sprintf("step %d", n)))
		if o.Status != 128+int(syscall.SIGKILL) {
			if o.Status != 0 {
				t.Fatalf("step %d: status %d\n%s", n, o.Status, o.Err)
			}
			break
		}
		if places++; places%3 == 0 {
			for range 1 + dice.IntN(3) {
				l.TryCmd(vnettest.Crash(vnettest.Command("recover"), fmt.Sprintf("step %d", 1+dice.IntN(30))))
			}
		}
		if o := l.TryCmd(vnettest.Command("recover")); o.Status != 0 {
			t.Fatalf("step %d: recover ends with %d\n%s%s", n, o.Status, o.Out, o.Err)
		}
		if r := l.residue(t); len(r) > 0 {
			t.Fatalf("step %d: there is left\n%s", n, strings.Join(r, "\n"))
		}
	}
	if places < 100/stride {
		t.Errorf("died at %d places only", places)
	}
	t.Log(places, "places")
}
