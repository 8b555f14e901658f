package eval_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"vnet/lang/parse"
	"vnet/runtime/eval"
	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
	"vnet/stdlib"
)

// onModel carries a script out on an empty model, as on a kernel.
func onModel(t *testing.T, text string) (*model.Net, *tx.Tx, string, error) {
	t.Helper()
	file, found := parse.File("test.vnet", text)
	if len(found) > 0 {
		t.Fatal(found)
	}
	var out bytes.Buffer
	net := model.New(model.Options{})
	log := tx.New(net, nil)
	in := eval.New(eval.Config{Host: net, Tx: log, Net: net, Module: stdlib.Module, Stdout: &out, Stderr: &out})
	err := in.Run(context.Background(), file)
	return net, log, out.String(), err
}

// What comes after a handler has run belongs to the script's transaction still.
func TestHandlerKeepsTransaction(t *testing.T) {
	net, log, _, err := onModel(t, `
try {
  on rollback echo back
  ns one
  fail "first"
} catch e { }
ns two
fail "second"
`)
	if err == nil {
		t.Fatal("the script did not fail")
	}
	if u := log.Rollback(t.Context(), 0, nil); u.Undone != 1 {
		t.Errorf("%d operations undone, want 1", u.Undone)
	}
	if names, _ := net.Namespaces(t.Context()); len(names) > 0 {
		t.Errorf("left: %s", names)
	}
}

func TestForOverMap(t *testing.T) {
	_, _, out, err := onModel(t, `
let m = {one: 1, two: 2}
for k, v in $m { echo $k $v }
for k in $m { echo $k }
for a, b in [[1 2] [3 4]] { echo ${a + b} }
`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "one 1\ntwo 2\none\ntwo\n3\n7\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	_, _, _, err = onModel(t, "for a, b in [[1 2 3]] { echo $a }")
	if err == nil || !strings.Contains(err.Error(), "V1012") {
		t.Errorf("three parts for two names: %v", err)
	}
}

func TestExpectRouteDev(t *testing.T) {
	const net = `
ns a b
veth a:x 10.0.0.1/24 <-> b:y 10.0.0.2/24
veth a:z 10.1.0.1/24 <-> b:w 10.1.0.2/24
in a route add default via 10.0.0.2
`
	for _, c := range []struct{ check, want string }{
		{"expect route a -> 10.0.0.9 dev x", ""},
		{"expect route a -> 10.0.0.9 dev z", "V4002"},
		{"expect no route a -> 10.0.0.9 dev z", ""},
		{"expect route a -> default dev x via b", ""},
		{"expect route a -> default dev z", "V4002"},
		{"expect route a -> 10.0.0.9 dev nosuch", "V1101"},
	} {
		_, _, _, err := onModel(t, net+c.check+" within 1ms")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.check, err, c.want)
		}
	}
}

// Where names or addresses are wanted, a list stands for its elements, written
// out or in a variable.
func TestListsOfNames(t *testing.T) {
	net, _, out, err := onModel(t, `
ns [a b] c1..c2
in [a b] tap t0 [10.0.0.1/24 10.0.1.1/24]
let both = [c1 c2]
in $both tap t1
ns a-name-longer-than-a-link
veth a-name-longer-than-a-link <-> a:x
ns del [c1 c2]
echo [1 [2 3]]
`)
	if err != nil {
		t.Fatal(err)
	}
	if out != "[1 [2 3]]\n" {
		t.Errorf("echo printed %q", out)
	}
	if names, _ := net.Namespaces(t.Context()); strings.Join(names, " ") != "a a-name-longer-than-a-link b" {
		t.Errorf("there are %s", names)
	}
	if addrs := net.Addrs(host.End{NS: "b", Name: "t0"}); len(addrs) != 2 {
		t.Errorf("b:t0 has %v", addrs)
	}
}

// An expect works its expression out once: next takes from a pool.
func TestExpectOnce(t *testing.T) {
	if _, _, _, err := onModel(t, `
let p = subnets(10.0.0.0/16, 30)
expect next($p) == 10.0.0.0/30
expect next($p) == 10.0.0.4/30
`); err != nil {
		t.Error(err)
	}
}

// A savepoint in one strand takes back what that strand did, and a refusal
// belongs to the strand it was in.
func TestSavepointInParallel(t *testing.T) {
	for range 20 {
		net, _, out, err := onModel(t, `
ns a b
parallel {
  try {
    bridge a:one
    wait 3ms
    fail "no"
  } catch e { echo $e.code }
  in b {
    bridge one
    wait 1ms
    bridge two
    wait 4ms
    bridge three
  }
  try { link set a:lo name x; wait 2ms } catch e { echo caught }
}
`)
		if err != nil {
			t.Fatal(err)
		}
		if bridges := net.Bridges("b"); strings.Join(bridges, " ") != "one two three" {
			t.Fatalf("b has %s", bridges)
		}
		if bridges := net.Bridges("a"); len(bridges) > 0 {
			t.Fatalf("a has %s", bridges)
		}
		if !strings.Contains(out, "V4010") {
			t.Fatalf("printed %q", out)
		}
	}
}
