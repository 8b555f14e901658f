package usage

import (
	"cmp"
	"slices"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	if !slices.IsSortedFunc(table, func(a, b Entry) int { return cmp.Compare(a.Word, b.Word) }) {
		t.Error("the table is not sorted by word")
	}
	if !slices.IsSortedFunc(later, func(a, b LaterWord) int { return cmp.Compare(a.Word, b.Word) }) {
		t.Error("the table of later words is not sorted")
	}
	for _, e := range table {
		if e.Doc == "" || len(e.Forms) == 0 {
			t.Errorf("%s has no doc or no form", e.Word)
		}
		if Later(e.Word) != nil {
			t.Errorf("%s is in this version and in a later one", e.Word)
		}
		for _, f := range e.Forms {
			if !strings.HasPrefix(f, e.Word) {
				t.Errorf("the form %q does not begin with %s", f, e.Word)
			}
		}
		for _, o := range e.Options {
			checkOption(t, e, o)
		}
	}
}

func checkOption(t *testing.T, e Entry, o Option) {
	t.Helper()
	if o.Doc == "" {
		t.Errorf("%s %s has no doc", e.Word, o.Name)
	}
	if (o.Kind == None) != (o.Arity == 0) {
		t.Errorf("%s %s takes %d arguments of kind %d", e.Word, o.Name, o.Arity, o.Kind)
	}
	if o.Same != "" && e.Option(o.Scope, o.Same) == nil {
		t.Errorf("%s %s is another spelling of %s, which is not there", e.Word, o.Name, o.Same)
	}
	if !strings.Contains(strings.Join(e.Forms, " "), o.Name) && o.Same == "" && o.Later == "" && e.Word != "wait" && o.Scope != Hop {
		t.Errorf("no form of %s has its option %s", e.Word, o.Name)
	}
}

func TestForeign(t *testing.T) {
	for _, c := range []struct{ typed, want string }{
		{"ip link add v0 type veth peer name v1", "veth a:v0 <-> b:v1"},
		{"ip link add name v0 type veth peer name v1", "veth a:v0 <-> b:v1"},
		{"ip link add br0 type bridge", "bridge br0"},
		{"ip link add link eth0 name m0 type macvlan mode bridge", "macvlan m0 on eth0"},
		{"ip link add vx0 type vxlan id 42 dev eth0", "vxlan vx0 id 42 dev eth0"},
		{"ip link set dev eth0 up", "link set eth0 up"},
		{"ip link set eth0 address 02:00:00:00:00:01", "link set eth0 mac 02:00:00:00:00:01"},
		{"ip -n h1 link set lo up", "in h1 link set lo up"},
		{"ip l", "show links"}, {"ip a", "show addrs"}, {"ip -br addr", "show addrs"}, {"ip r", "show routes"},
		{"ip netns add a b", "ns a b"}, {"ip netns del a", "ns del a"}, {"ip netns", "show ns"},
		{"ip netns exec a ip a add 1.2.3.4/24 dev x", "in a addr add x 1.2.3.4/24"},
		{"ip netns exec a curl x", "exec in a curl x"},
		{"ip route add default via 10.0.0.1", "route add default via 10.0.0.1"},
		{"ip rule add from 1.2.3.0/24 table 5", "rule add from 1.2.3.0/24 table 5"},
		{"brctl addbr b", "bridge b"}, {"brctl addif b e", "link set e master b"}, {"brctl", "bridge END"},
		{"ifconfig e 10.0.0.1 netmask 255.255.255.0", "addr add e 10.0.0.1/24"}, {"ifconfig e up", "link set e up"},
		{"ping -c 1 10.0.0.2", "expect ping NS -> 10.0.0.2"},
		{"iptables -A INPUT -j DROP", "exec in NS iptables -A INPUT -j DROP"},
		{"sudo ip netns add x", "ns x"}, {"sudo ns x", "ns x"}, {"sudo", "exec in NS PROGRAM ARG…"},
		{"ip", "ns NAME"}, {"ip link add", "veth a:eth0 <-> b:eth0"}, {"ip frobnicate", "ns NAME"},
	} {
		if got, ok := Foreign(strings.Fields(c.typed)); !ok || got != c.want {
			t.Errorf("%s: got %q, want %q", c.typed, got, c.want)
		}
	}
	if _, ok := Foreign([]string{"veth"}); ok {
		t.Error("veth is no other tool's")
	}
}

// Foreign stands on whatever was typed.
func FuzzForeign(f *testing.F) {
	f.Add("ip link add type vxlan")
	f.Fuzz(func(t *testing.T, typed string) {
		for _, head := range []string{"", "ip ", "brctl ", "sudo "} {
			Foreign(strings.Fields(head + typed))
		}
	})
}
