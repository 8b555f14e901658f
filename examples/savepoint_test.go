package examples

import (
	"strings"
	"testing"

	"vnet/runtime/kernel/kerneltest"
)

// What stays and what goes, and in which order things are said.
func TestSavepoints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		status     int
		out        string // words echoed, in order
		look       string
	}{
		{
			"a transaction is undone alone", `
			ns a
			try {
			  transaction "inner" { ns b; bridge br0; exec in b true; fail "x" }
			}
			ns c`, 0, "",
			"$ ip netns | sort | cut -d' ' -f1 | xargs\n> a c$\n$ ip -o link show type bridge\n=",
		},
		{
			"a transaction fails outward", `
			ns a
			transaction "inner" { ns b; fail "x" }`, 1, "",
			"$ ip netns\n=",
		},
		{
			"try and catch", `
			ns a
			try { bridge br0; echo tried; exec in a false; echo not } catch e { echo "caught ${e.code}"; bridge br1 }
			echo on`, 0, "tried caught V4001 on",
			"$ ip -o link show type bridge\n> \\d+: br1:\n! \\d+: br0:",
		},
		{
			"a refusal is caught at its place", `
			ns a
			veth a:x 10.0.0.1/24 <-> a:y
			try in a route add 10.9.0.0/16 via 10.0.0.2 dev lo
			in a route add 10.8.0.0/16 via 10.0.0.2`, 0, "",
			"$ ip -n a route\n> 10\\.8\\.0\\.0/16 via 10\\.0\\.0\\.2\n! 10\\.9",
		},
		{
			"nested", `
			ns a
			try {
			  ns b
			  try { ns c; fail "c" } catch e { echo "one ${e.text}"; ns d }
			  fail "b"
			} catch e { echo "two ${e.text}" }`, 0, "one c two b",
			"$ ip netns | sort | cut -d' ' -f1 | xargs\n> a$",
		},
		{
			"handlers run backwards, each at its place", `
			ns a
			on rollback echo first
			bridge br0
			on rollback { echo second; exec in a sh 'ip link show x 2>/dev/null || echo gone' }
			on rollback exec sh 'ip -o link show br0 | cut -c1-6'
			veth a:x <-> br0
			on rollback echo third
			fail "end"`, 1, "third 2: br0 second gone first",
			"$ ip netns\n=\n$ ip -o link show type bridge\n=",
		},
		{
			"no handler without a rollback", `
			ns a
			on rollback echo never
			defer echo late
			echo early`, 0, "early late",
			"$ ip netns\n> a",
		},
		{
			"defer at the end of its block", `
			ns a
			if true { defer echo inner; echo body }
			defer echo outer
			defer { echo last; exec in a true }
			fail "end"`, 1, "body inner last outer",
			"$ ip netns\n=",
		},
		{
			"commit keeps what came before", `
			ns a
			on rollback echo dropped
			defer echo kept
			commit
			ns b
			veth a:x <-> b:y
			on rollback echo undone
			fail "end"`, 1, "kept undone",
			"$ ip netns | sort | cut -d' ' -f1 | xargs\n> a$\n$ ip -n a -o link show type veth\n=",
		},
		{
			"a failed transaction runs its handlers only", `
			ns a
			on rollback echo outer
			try { on rollback echo inner; ns b; fail "x" }
			echo on`, 0, "inner on",
			"$ ip netns | cut -d' ' -f1 | xargs\n> a$",
		},
		{
			"parallel undoes all branches", `
			ns a b
			parallel {
			  { veth a:x 10.0.0.1/24 <-> b:x; exec in a true }
			  { veth a:y 10.0.1.1/24 <-> b:y; exec in b true }
			}`, 3, "", "$ ip netns\n=",
		},
		{
			"parallel", `
			ns a b
			parallel {
			  transaction "x" { veth a:x 10.0.0.1/24 <-> b:x; exec in a true }
			  transaction "y" { veth a:y 10.0.1.1/24 <-> b:y; exec in b sleep 60; fail "never" }
			  transaction "z" { bridge br0; exec in b true; fail "z" }
			}`, 1, "", "$ ip netns\n=\n$ ip -o link show type bridge\n=",
		},
		{
			"parallel done", `
			ns a b
			parallel 2 {
			  veth a:x 10.0.0.1/24 <-> b:x
			  veth a:y 10.0.1.1/24 <-> b:y
			  exec in a true
			  bridge br0
			}`, 0, "", "$ ip -n b -o link show type veth\n> \\d+: x@\n> \\d+: y@\n$ ip -o link show br0\n> \\d+: br0",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := kerneltest.New(t)
			o := runCmd(t, m, c.status, vnet(script(t, c.text+"\n")))
			if got := strings.Join(strings.Fields(o.Out), " "); !strings.HasPrefix(got, c.out) || c.out == "" && got != "" {
				t.Errorf("prints %q, want %q\n%s", got, c.out, o.Err)
			}
			lookAt(t, m, c.look)
			if t.Failed() {
				t.Log(o.Err)
			}
		})
	}
}

// A script of ensure may be run again and again: it makes what is missing,
// changes what differs, and leaves the rest alone.
func TestEnsure(t *testing.T) {
	t.Parallel()
	const text = `ensure {
		ns a b
		bridge br0 stp off
		veth a:eth0 10.0.0.1/24 <-> br0 as pa
		veth b:eth0 10.0.0.2/24 <-> br0 as pb
		in a {
			route add 10.9.0.0/16 via 10.0.0.2
			rule add from 10.7.0.0/16 table 70 priority 700
			neigh add 10.0.0.7 lladdr 02:00:00:00:00:07 dev eth0
			sysctl net.ipv4.ip_forward = 1
		}
		link set a:eth0 mtu 1400
	}
	expect ping a -> b
	`
	m := kerneltest.New(t)
	path := script(t, text)
	run(t, m, 0, path)
	once := m.Settle()
	o := run(t, m, 0, path)
	m.Same(t, once)
	if !strings.Contains(o.Err, "nothing made") {
		t.Error("the second run reports", o.Err)
	}
	// What is missing or different is put right.
	m.Script(`ip link del pa
		ip -n b addr del 10.0.0.2/24 dev eth0
		ip link set br0 type bridge stp_state 1
		ip -n a rule del priority 700`)
	run(t, m, 0, path)
	lookAt(t, m, "$ ip -d -o link show br0\n> .*stp_state 0\n$ ip -n a -o -4 addr show eth0\n> .* 10\\.0\\.0\\.1/24\n$ ip -n a rule\n> 700:")
	// A failure leaves what was there before.
	m.Script("ip link del pb; ip -n a neigh flush dev eth0")
	before := m.Settle()
	run(t, m, 1, script(t, text+"fail \"end\"\n"))
	m.Same(t, before)
	// What cannot be changed is refused.
	m.Script("ip link del br0; ip link add br0 type veth peer name other")
	o = run(t, m, 3, path)
	if !strings.Contains(o.Err, "br0") {
		t.Error(o.Err)
	}
}
