package examples

import (
	"encoding/json"
	"os"
	"slices"
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

// What programs have set up, and files that statements have written, are the
// lab's as well: who changes them is told, each thing once.
func TestPlanTellsTraits(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	path := script(t, traitScript)
	run(t, m, 0, "up", path)
	if got := lines(t, m, 0, path); len(got) > 0 {
		t.Errorf("nobody changed anything, and yet\n%s", got)
	}
	m.Script(`
tc qdisc add dev trp root tbf rate 9mbit burst 20k latency 9ms
ip netns exec tra tc qdisc del dev one root
ip netns exec tra tc qdisc add dev two root tbf rate 9mbit burst 20k latency 9ms
ip netns exec tra tc filter del dev three ingress
ip netns exec tra nft add rule inet fw in tcp dport 23 accept
ip netns exec tra nft delete rule inet fw in handle $(ip netns exec tra nft -a list chain inet fw in | sed -n 's/.*dport 22 .*handle //p')
ip netns exec tra nft add table inet theirs
ip netns exec trb nft flush ruleset
printf '10.9.9.9 evil\n' >>/etc/netns/tra/hosts
sed -i /web/d /etc/netns/tra/hosts
printf 'nameserver 10.0.0.9\n' >/etc/netns/trb/resolv.conf
`)
	before := m.Settle()
	got := lines(t, m, 10, path)
	m.Same(t, before)
	sameLines(t, got, `
+ in tra hosts 10.0.0.2 web # removed since
~ in trb dns 10.0.0.3 # changed since
- in host qdisc trp at root tbf # made since
~ in tra file /etc/netns/tra/hosts: has besides `+"`10.9.9.9 evil`"+` # changed since
+ in tra filter three at ffff:fff2 pref 49152 proto 0x3 u32 # removed since
~ in tra nft inet fw: lacks `+"`tcp dport 22 accept`, has `tcp dport 23 accept`"+` # changed since
- in tra nft inet theirs # made since
+ in tra qdisc one at root htb # removed since
- in tra qdisc two at root tbf # made since
+ in trb nft ip nat # removed since
`)
	o := run(t, m, 0, "plan", "--json", path)
	type step struct {
		Op, Action string
		Drift      bool
		Namespaces []string
		Data       struct{ Wanted, Found []string }
	}
	var doc struct{ Steps []step }
	if err := json.Unmarshal([]byte(o.Out), &doc); err != nil {
		t.Fatal(err)
	}
	lost := slices.ContainsFunc(doc.Steps, func(s step) bool {
		return s.Op == "Trait" && s.Action == "make" && s.Drift && slices.Equal(s.Namespaces, []string{"trb"}) &&
			slices.Contains(s.Data.Wanted, "masquerade") && len(s.Data.Found) == 0
	})
	if !lost {
		t.Errorf("as JSON it does not tell of the lost table:\n%s", o.Out)
	}
	run(t, m, 0, "run", "--replace", path)
	if got := lines(t, m, 0, "traits"); len(got) > 0 {
		t.Errorf("after it was built anew\n%s", got)
	}
	m.Script("ip -n tra link del one; ip netns del trb")
	m.Settle()
	for _, l := range lines(t, m, 10, "traits") {
		if strings.Contains(l, "qdisc") || strings.Contains(l, "nft") {
			t.Errorf("what goes with something else is told: %s", l)
		}
	}
}

const traitScript = `lab traits
ns tra trb
ifb tra:one; ifb tra:two; ifb tra:three
veth host:trp <-> tra:up
in tra { hosts 10.0.0.2 web; hosts 10.0.0.4 db }
in trb dns 10.0.0.3
exec in tra {
  tc qdisc add dev one root handle 1: htb
  tc class add dev one parent 1: classid 1:1 htb rate 1mbit
  tc filter add dev one parent 1: u32 match u32 0 0 classid 1:1
  tc qdisc add dev three ingress
  tc filter add dev three ingress u32 match u32 0 0 action mirred egress redirect dev two
  nft add table inet fw
  nft add chain inet fw in '{ type filter hook input priority 0; policy accept; }'
  nft add rule inet fw in tcp dport 22 accept
}
exec in trb {
  nft add table ip nat
  nft add chain ip nat post '{ type nat hook postrouting priority 100; }'
  nft add rule ip nat post masquerade
}
`

// A program that has ended since is told; one that was over with the script, or
// that the script has stopped, is not.
func TestPlanTellsEndedPrograms(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	text := `lab work
ns na
spawn as web in na sleep 98
spawn as db in na sleep 98
spawn as once ready "x" in na sh "echo x"
spawn as gone in na sleep 98
stop gone
exec in na sh 'setsid sleep 97 >/dev/null 2>&1 & until grep -q sleep /proc/$!/comm; do :; done'
`
	path := script(t, text)
	run(t, m, 0, "up", path)
	if got := lines(t, m, 0, path); len(got) > 0 {
		t.Errorf("nothing has ended, and yet\n%s", got)
	}
	kill := func(name string) {
		for _, p := range status(t, m)[0].Programs {
			if p.Name == name {
				_ = syscall.Kill(p.PIDs[0], syscall.SIGKILL)
			}
		}
	}
	kill("web")
	kill("")
	var got []string
	for deadline := time.Now().Add(kerneltest.Patience(10 * time.Second)); len(got) < 2 && time.Now().Before(deadline); {
		o := m.TryCmd(vnet("plan", "--exit-code", "work"))
		got = nil
		for _, l := range strings.Split(o.Out, "\n") {
			if strings.Contains(l, "program") {
				got = append(got, l)
			}
		}
	}
	sameLines(t, got, `
+ program sleep # ended since
+ program web # ended since
`)
	if o := run(t, m, 10, "plan", "--exit-code", "work"); !strings.Contains(o.Out, "What web wrote: vnet logs work web") {
		t.Errorf("says\n%s", o.Out)
	}
	edited := strings.NewReplacer("as db in na sleep 98", "as db in na sleep 99", "as web", "as www").Replace(text)
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	sameLines(t, lines(t, m, 10, "work"), `
~ program db
+ program sleep # ended since
+ program www
`)
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
