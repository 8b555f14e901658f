package eval_test

import (
	"testing"

	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// What a run may do otherwise than its rehearsal is not repeated.
func TestRepeatable(t *testing.T) {
	alive := model.New(model.Options{})
	alive.Apply(t.Context(), []host.Op{host.NamespaceAdd{Name: "old"}}, nil)
	const two = "ns a b\nveth a:x 10.0.0.1/24 <-> b:y 10.0.0.2/24\n"
	for script, want := range map[string]bool{
		"":  true,
		two: true,
		"param n = 3\nlet all = [h1..h$n]\nns $all\nfor h in $all { in $h sysctl net.ipv4.ip_forward = 1 }": true,
		"ns sw h\nbridge sw:br0\nveth h:e 10.0.0.1/8 <-> sw:br0\nin h route add default via 10.0.0.9":       true,
		"def pair(x, y) { ns $x $y\n veth $x:e <-> $y:e }\npair(a, b)":                                      true,
		two + "if 1 < 2 { in a forward on }":                                                                true,
		"ns a b\nveth a <-> b net 10.0.0.0/30":                                                              true,
		two + "test \"t\" { expect ping a -> b }":                                                           true,

		two + "exec in a true":                                           false,
		two + "let x = exec in a hostname":                               false,
		two + "def f() { exec in a true }\nf()":                          false,
		two + "spawn in a sleep 9 as s":                                  false,
		two + "expect ping a -> b":                                       false,
		two + "print up":                                                 false,
		two + "show links":                                               false,
		two + "wait 1ms":                                                 false,
		two + "try { link del a:x }":                                     false,
		two + "transaction { link set a:x mtu 1400 }":                    false,
		two + "on rollback exec true":                                    false,
		two + "defer { in b forward on }":                                false,
		two + "commit":                                                   false,
		two + "parallel { in a forward on\n in b forward on }":           false,
		two + "ensure ns a":                                              false,
		two + "let n = len(links(a))":                                    false,
		two + "if exists(a:x) { in a forward on }":                       false,
		two + "let m = random(1, 9)":                                     false,
		two + "in a hosts 10.0.0.2 b":                                    false,
		"in host sysctl net.ipv4.ip_forward = 1":                         false,
		"addr add old:lo 10.9.9.9/32":                                    false,
		"ns a\nveth a:x 10.0.0.1/24 <-> old:y":                           false,
		"ns a\nns a":                                                     false,
		"ns a\nlet p = exec true\nns $p":                                 false,
		"ns a from pid 1":                                                false,
		two + "for i in 1..600000 { }\nns late":                          false,
		two + "let n = 0\nwhile $n < 150000 { set n = $n + 1 }\nns late": false,
		"let text = file(\"/etc/hostname\")\nns a":                       false,
	} {
		file, found := parse.File("t.vnet", script)
		if found.Failed() {
			t.Errorf("%q: %v", script, found)
			continue
		}
		net := model.New(model.Options{Source: alive})
		log := tx.New(net, nil)
		in := eval.New(eval.Config{Host: net, Tx: log, Net: net, Rehearse: true, Module: stdlib.Module})
		if err := in.Run(t.Context(), file); err != nil {
			t.Errorf("%q: %v", script, err)
		}
		if got := in.Repeatable(); got != want {
			t.Errorf("%q: repeatable is %v; %v", script, got, in.Diags())
		}
	}
}
