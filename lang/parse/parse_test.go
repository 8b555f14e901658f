package parse

import (
	"testing"

	"vnet/lang/ast"
)

var forms = []string{
	"ns left right\nveth left:eth0 10.0.0.1/24 <-> right:eth0 10.0.0.2/24\nexpect ping left -> right\nexec in left ping -c 1 10.0.0.2\n",
	"bridge br-test stp off\nveth ns1:tap1 10.0.0.1/24 <-> br-test as br-tap1 mtu 1400\n",
	"let hosts = [h1..h5]\nlet p2p   = subnets(10.0.0.0/16, 30)\nns $hosts\nfor a, b in pairs($hosts) {\n  veth $a:$b <-> $b:$a net next($p2p)      # x\n}\nexpect ping $hosts -> $hosts\n",
	"tap ns0:tap0 10.0.0.1/24\nexpect no ping ns0 -> 10.0.0.2\nin ns0 route change 10.0.0.0/24 dev veth0\nshow routes in ns0",
	"in inside route add default via gw\nin gw {\n  forward on\n}\nexpect tcp inside -> outside port 80 within 5s\ntransaction \"second uplink\" {\n  addr add gw:wan 203.0.113.5/24\n  in gw route add 198.51.100.0/24 via 203.0.113.9\n}\ntry in gw route add default via 203.0.113.2\non rollback exec in gw ip -s link\n",
	"def lan(name, net, count = 3) {\n  ns ${name}-sw\n  bridge ${name}-sw:br0\n  for i in 1..$count {\n    ns $name$i\n    veth $name$i:eth0 ${net[i]} <-> ${name}-sw:br0\n  }\n  return \"${name}-sw\"\n}\nlan office 10.1.0.0/24 count=4\nlet sw = lan(plant, 10.2.0.0/24)\n",
	"let r = exec status any timeout 5s in office1 curl -sf http://10.1.0.2/\nif $r.status != 0 { warn \"no web server yet: ${r.err}\" }\nexec in office1 sh '''\n  ip -br addr | grep -c UP\n  echo \"$sw\"\n'''\n",
	"lab demo\nparam nic = eth0 \"the uplink\"\nparam n\nns a { forward on }\nns a b forward on sysctl net.x = 1 private /run /tmp\nns web from pid 4711\nns web from /run/x\nns del a b",
	"addr h1:eth0 10.0.0.1/24 10.0.0.2/24\naddr del h1:eth0 10.0.0.1/24\nlink set h1:eth0 mtu 1400 up\nlink set a:b netns c name d\nlink del a:b c:d",
	"route add default via gw nexthop via 10.0.0.1 weight 2 nexthop dev eth1\nroute 10.0.0.0/8 dev x\nroute add blackhole 10.0.0.0/8 metric 5\nrule add from 10.1.0.0/16 lookup 100 pref 5\nrule del not to 10.0.0.0/8 prohibit\nneigh add 10.0.0.2 lladdr 02:00:00:00:00:01 dev eth0",
	"hosts 10.0.0.2 web db\ndns 10.0.0.53 10.0.0.54\nsysctl net.ipv4.ip_forward = 1\nsysctl a.b=2\nforward off",
	"exec {\n  ls [a] k=v\n  echo --name=\"a b\"c\n}\nexec env A=1 env B=\"x y\" quiet as nobody dir /tmp in h ls\nexec -- timeout 5 x\nexec in a find . -name {} ';'",
	"expect path h1 -> h5 via r1, r2 within 5s\nexpect route h1 -> 10.2.0.0/24 via 10.0.0.1 dev x\nexpect no exec in h1 test -e /x\nexpect $r.status == 0 \"why\"\nexpect ping a -> b loss < 5% rtt <= 10ms count 3 size 64",
	"wait 5s\nwait until ping a -> b timeout 5s every 1s\nwait timeout 5s until no exec in a true\nwait until $x > 3 timeout 1m",
	"try { ns a } catch e { echo $e.text }\ntry { ns a } catch { echo x }\ndefer { echo a }\ndefer echo b\ncommit\nensure ns x\nparallel 4 { ns a }\nparallel { ns b }",
	"let a, b = $pair\nset a = 3\nif $a == 1 { echo a } else if not $b in [1 2] and $c { echo b } else { echo c }\nwhile $n < 5 { set n = $n + 1; break; continue }",
	"import \"std/topo\" as t\nt.mesh $hosts\nimport x\nt.mesh($hosts, link={mtu: 9000})\nlet m = {a: 1, b: [1 + 2, a -b],\n c: -$x}\nlet x = subnets(10.0.0.0/8, 16)[0].first\nlet y = ($a + 1) * 2 % 3",
	"def f(a, rest…) { return }\ndef g() { return exec in a ls }\necho a $l[1].x \"b$i\" ${a + b} len($x)\nfail \"x\"\nwarn x y",
	"macvlan a:m on eth0 mode bridge\nvxlan a:vx 10.0.0.1/24 id 42 remote 10.0.0.2 dev eth0 port 4789 learning off\nvxlan a:vy learning on id 43 on eth0\nifb a:i\ndummy a:d down\ntun a:t user root multi_queue",
	"veth a:x mac 02:00:00:00:00:01 peer br0 as p trunk 10 20 mtu 1400 delay 5ms\nveth a:x <-> br0 as p access 5\nveth a:x <-> br0 trunk\n",
	"if $a {\n echo x\n} else {\n echo y\n}\n",
	"show links table 5 in a b\nshow ns",
}

func TestForms(t *testing.T) {
	for _, text := range forms {
		f, diags := File("t.vnet", text)
		for _, d := range diags {
			t.Errorf("%s\n%s", text, d)
		}
		if len(diags) > 0 {
			continue
		}
		for _, s := range f.Stmts {
			if _, bad := s.(*ast.BadStmt); bad {
				t.Errorf("%s: a BadStmt without a diagnostic", text)
			}
		}
	}
}
