package examples

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"vnet/examples/vnettest"
	"vnet/runtime/kernel/kerneltest"
)

// before is what a script does before it tries something: what is there at the
// mark is neither what was there before the script nor all the script's.
const beforeMark = `
link set host:w0 mtu 1450 alias "ours"
link set old:w1 mtu 1450
addr add host:x0 10.97.0.1/24
veth host:own0 10.95.0.1/24 <-> old:own1 10.95.0.2/24
route add 10.96.0.0/16 via 10.95.0.2
route add 10.51.0.0/16 via 10.3.0.8 metric 8
in old {
  route add 10.88.0.0/16 via 10.2.0.1
  sysctl net.ipv4.conf.w1.rp_filter = 2
  neigh add 10.2.0.44 lladdr 02:00:00:00:00:44 dev w1
}
`

// pause is a program that waits until it is told to go on. It runs no other
// meanwhile: that would be a change of the machine.
const pause = "touch /run/at-$1\nread go </run/go-$1\n"

// ownAddresses waits until IPv6 has given the new cable what it gives, some
// time after the cable has come up.
const ownAddresses = `
given() { ip $1 -6 route show table local dev $2 | grep -q '^local fe80:'; }
for i in $(seq 400); do
  given "" own0 && given "-n old" own1 && break
  sleep 0.05
done
`

// A tried run is one of vnet that stands still before it tries something and
// after that was taken back.
type tried struct {
	*kerneltest.Machine
	t testing.TB
}

// at waits until the run is at a place, and takes a picture: of a machine that
// has settled, and where there is one to be alike, has had time for it.
func (r tried) at(place string, alike *vnettest.Picture) vnettest.Picture {
	r.t.Helper()
	for deadline := time.Now().Add(kerneltest.Patience(20 * time.Second)); r.Try("test", "-e", "/run/at-"+place).Status != 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatal("it does not get to the place:", place)
		}
	}
	if alike == nil {
		r.Script(ownAddresses)
	}
	p := vnettest.Settled(r.t, r.Machine)
	for deadline := time.Now().Add(kerneltest.Patience(5 * time.Second)); alike != nil && time.Now().Before(deadline); {
		p.Around = alike.Around
		if len(alike.Diff(p)) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
		p = vnettest.Settled(r.t, r.Machine)
	}
	r.Script("echo >/run/go-" + place)
	return p
}

// declaredAtMark is what the kernel lets nobody bring back (image.Residues).
var declaredAtMark = regexp.MustCompile(`sysfs .*addr_assign_type`)

// What fails in a try is taken back to what was there at its beginning, exactly:
// what was there before the script, and what the script had made of it.
func TestUndoToMark(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/undo/old.txtar")
	if err != nil {
		t.Fatal(err)
	}
	a := txtar.Parse(text)
	for _, f := range a.Files[1:] {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			m.Script(string(a.Files[0].Data) + "\nmkfifo /run/go-mark /run/go-back\n")
			m.Do(func() { err = os.WriteFile("/run/pause", []byte(pause), 0o600) })
			if err != nil {
				t.Fatal(err)
			}
			before := m.Settle()
			var said bytes.Buffer
			cmd := vnet(script(t, beforeMark+"exec sh /run/pause mark\ntry {\n"+string(f.Data)+"\nfail \"inside\"\n}\n"+
				"exec sh /run/pause back\nfail \"the end\"\n"))
			cmd.Stderr = &said
			if err := m.Start(cmd); err != nil {
				t.Fatal(err)
			}
			r := tried{m, t}
			mark := r.at("mark", nil)
			back := r.at("back", &mark)
			_ = cmd.Wait()
			if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "failed: inside") {
				t.Errorf("exit status %d\n%s", cmd.ProcessState.ExitCode(), &said)
			}
			mark.Around, back.Around = nil, nil
			for _, d := range mark.Diff(back) {
				if !declaredAtMark.MatchString(d) && (residual[f.Name] == nil || !residualAtMark.MatchString(d)) {
					t.Error(d)
				}
			}
			undone(t, m, before, f.Name)
		})
	}
}

// residualAtMark is what changes with the first port of a bridge.
var residualAtMark = regexp.MustCompile(`br1`)
