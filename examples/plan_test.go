package examples

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

// lines are those of a plan, without its end.
func lines(t testing.TB, m *kerneltest.Machine, status int, args ...string) []string {
	t.Helper()
	o := run(t, m, status, append([]string{"plan", "--exit-code"}, args...)...)
	body, _, ok := strings.Cut("\n"+o.Out, "\nPlan: ")
	if !ok {
		t.Fatalf("no plan:\n%s%s", o.Out, o.Err)
	}
	return strings.FieldsFunc(strings.TrimSpace(body), func(r rune) bool { return r == '\n' })
}

func sameLines(t testing.TB, got []string, want string) {
	t.Helper()
	var is []string
	for _, l := range got {
		is = append(is, strings.Join(strings.Fields(l), " "))
	}
	if text := strings.Join(is, "\n"); text != strings.TrimSpace(want) {
		t.Errorf("plans\n%s\nand not\n%s", text, want)
	}
}

// A lab that nobody has touched is as its script makes it, whatever that is.
func TestPlanOfUntouched(t *testing.T) {
	t.Parallel()
	for _, e := range examples(t) {
		t.Run(e.path, func(t *testing.T) {
			t.Parallel()
			if e.want() != 0 {
				t.Skip("makes no lab")
			}
			m := e.machine(t)
			run(t, m, 0, e.call()...)
			if len(status(t, m)) == 0 {
				t.Skip("makes no lab")
			}
			before := m.Settle()
			o := run(t, m, 0, append([]string{"plan", "--exit-code", e.path}, e.args...)...)
			if !strings.Contains(o.Out, "is up, and as "+e.path+" has built it") {
				t.Errorf("says\n%s", o.Out)
			}
			m.Same(t, before)
		})
	}
}

// What somebody changes by hand is told, each thing once; what is none of the
// lab's is not.
func TestPlanTellsDrift(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	path := script(t, towerScript+`
in tb route add default via 10.0.0.1
in tb rule add from 10.7.0.0/24 priority 40 table 100
in tb neigh add 10.0.0.77 lladdr 02:00:00:00:00:01 dev eth0
exec in ta ip route add 10.60.0.0/16 via 10.0.0.2
`)
	run(t, m, 0, "up", path)
	if got := lines(t, m, 0, path); len(got) > 0 {
		t.Errorf("nobody changed anything, and yet\n%s", got)
	}
	m.Script(`
ip link add theirs type ifb
ip addr add 10.77.0.1/24 dev kold
ip route add 10.51.0.0/16 via 10.8.0.7 dev kold onlink
`)
	if got := lines(t, m, 0, path); len(got) > 0 {
		t.Errorf("what others do besides is told:\n%s", got)
	}
	m.Script(`
ip -n ta addr add 10.0.9.1/24 dev eth0
ip -n ta addr del 10.9.0.2/24 dev up
ip -n tb link set bp mtu 1300
ip -n tb link add more type ifb
ip -n tb route del default
ip -n tb route add 192.0.2.0/24 via 10.0.0.9
ip -n ta route change 10.60.0.0/16 via 10.0.0.3
ip -n tb rule del priority 40
ip -n tb neigh del 10.0.0.77 dev eth0
ip netns exec ta sysctl -qw net.ipv4.ip_forward=0
ip netns exec old sysctl -qw net.ipv4.ip_default_ttl=71
ip link set kold mtu 1350
ip addr add 10.99.0.1/24 dev tbr
ip link set tp nomaster
`)
	before := m.Settle()
	got := lines(t, m, 10, path)
	m.Same(t, before)
	sameLines(t, got, `
- link tb:more # made since
- addr del host:tbr 10.99.0.1/24 # made since
- addr del ta:eth0 10.0.9.1/24 # made since
- in tb route del 192.0.2.0/24 via 10.0.0.9 dev eth0 # made since
~ link set host:kold mtu 1400 # changed since
~ link set host:tp master tbr # changed since
~ link set tb:bp mtu 1500 # changed since
+ addr add ta:up 10.9.0.2/24 # removed since
~ in ta route change 10.60.0.0/16 via 10.0.0.2 dev eth0 proto 3 # changed since
+ in tb route add default via 10.0.0.1 dev eth0 # removed since
+ in tb rule add from 10.7.0.0/24 priority 40 table 100 # removed since
+ in tb neigh add 10.0.0.77 lladdr 02:00:00:00:00:01 dev eth0 # removed since
~ in old sysctl net.ipv4.ip_default_ttl = 70 # changed since
~ in ta sysctl net.ipv4.ip_forward = 1 # changed since
`)
	run(t, m, 0, "run", "--replace", path)
	if got := lines(t, m, 0, "tower"); len(got) > 0 {
		t.Errorf("after it was built anew\n%s", got)
	}
}

// A namespace that somebody has removed is told with its cables, which are told
// once.
func TestPlanTellsRemovedNamespace(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	path := script(t, "lab pair\nns na nb\nveth na:eth0 10.0.0.1/24 <-> nb:eth0 10.0.0.2/24\nexec in nb true\n")
	run(t, m, 0, "up", path)
	m.Script("ip netns del nb")
	m.Settle()
	sameLines(t, lines(t, m, 10, path), `
+ namespace nb # removed since
+ veth na:eth0 10.0.0.1/24 <-> nb:eth0 10.0.0.2/24 # removed since
`)
}

// A program that has ended is told; whether it should have, nobody knows.
func TestPlanTellsEndedPrograms(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	path := script(t, "lab work\nns na\nspawn as web in na sleep 98\nspawn as db in na sleep 98\n")
	run(t, m, 0, "up", path)
	for _, p := range status(t, m)[0].Programs {
		if p.Name == "web" {
			_ = syscall.Kill(p.PIDs[0], syscall.SIGKILL)
		}
	}
	for deadline := time.Now().Add(kerneltest.Patience(10 * time.Second)); ; {
		o := run(t, m, 0, "plan", "--exit-code", "work")
		if strings.Contains(o.Out, "Its program web has ended") {
			if strings.Contains(o.Out, "db") {
				t.Errorf("says\n%s", o.Out)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("says\n%s", o.Out)
		}
	}
}

// What the script says otherwise than when its lab was built is told apart from
// what others have changed, which stays where the script says nothing new of it.
func TestPlanTellsEdits(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script(labMachine)
	text := "lab edit\nparam last = 2\nns ea eb\nveth ea:eth0 10.0.0.1/24 <-> eb:eth0 10.0.0.$last/24 mtu 1400\n" +
		"in eb sysctl net.ipv4.ip_default_ttl = 70\nlink set host:kold mtu 1400\n"
	path := script(t, text)
	run(t, m, 0, "up", path)
	m.Script("ip -n ea link add more type ifb")
	sameLines(t, lines(t, m, 10, path, "last=3"), `
- link ea:more # made since
- addr del eb:eth0 10.0.0.2/24
+ addr add eb:eth0 10.0.0.3/24
`)
	edited := "lab edit\nns ea eb ec\nveth ea:eth0 10.0.0.1/24 <-> eb:eth0 10.0.0.2/24 mtu 1450\nveth ec:eth0 10.1.0.1/24 <-> eb:up\n"
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	sameLines(t, lines(t, m, 10, "edit"), `
- link ea:more # made since
+ namespace ec
~ link set ea:eth0 mtu 1450
~ link set eb:eth0 mtu 1450
+ veth eb:up <-> ec:eth0 10.1.0.1/24
~ link set host:kold mtu 1500
~ in eb sysctl net.ipv4.ip_default_ttl = 64
`)
	o := run(t, m, 0, "plan", "--json", path)
	var doc struct {
		Lab    string
		Edited bool
		Steps  []struct {
			Text  string
			Drift bool
			File  string
			Line  int
		}
	}
	if err := json.Unmarshal([]byte(o.Out), &doc); err != nil {
		t.Fatal(err)
	}
	drifted := 0
	for _, s := range doc.Steps {
		if s.Drift {
			drifted++
		}
		if s.Text == "ns ec" && (s.File != path || s.Line != 2) {
			t.Errorf("%s is of %s:%d", s.Text, s.File, s.Line)
		}
	}
	if doc.Lab != "edit" || !doc.Edited || drifted != 1 {
		t.Errorf("lab %q, edited %v, %d drifted:\n%s", doc.Lab, doc.Edited, drifted, o.Out)
	}
	if err := os.WriteFile(path, []byte(edited+"nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := run(t, m, 3, "plan", "edit"); !strings.Contains(o.Err, "nonsense") || o.Out != "" {
		t.Errorf("says of a script that is not valid\n%s%s", o.Out, o.Err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, m, 10, "edit"); len(got) != 1 {
		t.Errorf("without its script the lab differs in\n%s", got)
	}
}
