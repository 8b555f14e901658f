package tx_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

// A crowd is a model that notes what it is asked to remove together, and does
// not remove the one called stuck.
type crowd struct {
	*model.Net
	asked [][]string
	stuck string
}

func (c *crowd) Apply(ctx context.Context, ops []host.Op, intend host.Intend) []host.Result {
	var names []string
	for _, op := range ops {
		switch op := op.(type) {
		case host.NamespaceDel:
			names = append(names, op.Name)
		case host.LinkDel:
			names = append(names, op.NS+":"+op.Name)
		}
	}
	if len(names) == 0 {
		return c.Net.Apply(ctx, ops, intend)
	}
	c.asked = append(c.asked, names)
	if i := slices.Index(names, c.stuck); i >= 0 {
		results := c.Net.Apply(ctx, ops[:i], intend)
		results = append(results, host.Result{Err: errors.New("it is stuck")})
		for range ops[i+1:] {
			results = append(results, host.Result{Skipped: true})
		}
		return results
	}
	return c.Net.Apply(ctx, ops, intend)
}

// within makes a transaction on a network where there is a namespace old.
func within(t *testing.T, net *crowd) (log *tx.Tx, do func(...host.Op)) {
	t.Helper()
	if r := net.Apply(t.Context(), []host.Op{host.NamespaceAdd{Name: "old"}}, nil); r[0].Err != nil {
		t.Fatal(r[0].Err)
	}
	log = tx.New(net, model.New(model.Options{}))
	return log, func(ops ...host.Op) {
		t.Helper()
		for _, op := range ops {
			if err := log.Do(t.Context(), tx.Step{Op: op}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Cables to a namespace that stays go in one go too, with what was done to
// their ends, unless something that stays lies between them.
func TestRollbackRemovesLinksTogether(t *testing.T) {
	dummy := host.LinkAdd{Link: host.Link{NS: "old", Name: "d", Kind: "dummy", Up: true}}
	way := func(dev string) host.Op {
		return host.RouteSet{Verb: host.Add, Route: host.Route{NS: "old", Dest: netip.MustParsePrefix("10.9.0.0/16"), Dev: dev}}
	}
	name := "up"
	for _, c := range []struct {
		name    string
		between []host.Op // behind the second of three
		asked   string
	}{
		{"nothing", nil, "[[old:p2 old:p1 old:p0 old:d] [n2 n1 n0]]"},
		{"a route over one", []host.Op{way("p1")}, "[[old:p2 old:p1 old:p0 old:d] [n2 n1 n0]]"},
		{"a route that names none", []host.Op{host.RouteSet{Verb: host.Add, Route: host.Route{
			NS: "old", Dest: netip.MustParsePrefix("10.9.0.0/16"), Via: netip.MustParseAddr("10.0.1.9")}}},
			"[[old:p2] [n2] [old:p1 old:p0 old:d] [n1 n0]]"},
		{"a new name", []host.Op{host.LinkSet{NS: "old", Name: "d", NewName: &name}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := &crowd{Net: model.New(model.Options{})}
			log, do := within(t, net)
			do(dummy)
			for i := range 3 {
				ns, end := fmt.Sprint("n", i), fmt.Sprint("p", i)
				do(host.NamespaceAdd{Name: ns},
					host.LinkAdd{Link: host.Link{NS: "old", Name: end, Kind: "veth", Up: true}, Peer: &host.Link{NS: ns, Name: "eth0", Kind: "veth", Up: true}},
					host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "old", Link: end, Prefix: netip.MustParsePrefix(fmt.Sprintf("10.0.%d.1/24", i))}})
				if i == 1 {
					do(c.between...)
				}
			}
			u := log.Rollback(t.Context(), 0, nil)
			if got := fmt.Sprint(net.asked); c.asked != "" && got != c.asked {
				t.Errorf("asked for %s, want %s", got, c.asked)
			}
			if len(u.Left) > 0 {
				t.Errorf("trouble: %v", u.Left)
			}
			s, err := net.State(t.Context(), "old")
			if err != nil || len(s.Links) != 1 || len(s.Addrs) > 2 {
				t.Errorf("what is there: %+v, %v", s, err)
			}
			if names, _ := net.Namespaces(t.Context()); len(names) != 1 {
				t.Errorf("namespaces: %s", names)
			}
		})
	}
}

// What a rollback removes whole goes in one go, newest first, though other
// things were made in between.
func TestRollbackRemovesTogether(t *testing.T) {
	for _, c := range []struct {
		stuck string
		old   bool // something is done to what was there before, in the middle
		asked string
		left  string
	}{
		{asked: "[[n3 n2 n1 n0]]"},
		{old: true, asked: "[[n3 n2] [n1 n0]]"},
		{stuck: "n2", asked: "[[n3 n2 n1 n0] [n3] [n2] [n1] [n0]]", left: "n2"},
	} {
		t.Run(c.asked, func(t *testing.T) {
			net := &crowd{Net: model.New(model.Options{}), stuck: c.stuck}
			log, do := within(t, net)
			for i := range 4 {
				name := fmt.Sprintf("n%d", i)
				if c.old && i == 2 {
					do(host.RuleSet{Verb: host.Add, Rule: host.Rule{NS: "old", Family: 4, Priority: 9, Table: 100}})
				}
				do(host.NamespaceAdd{Name: name})
				do(host.LinkAdd{Link: host.Link{NS: name, Name: "d0", Kind: "dummy"}})
			}
			u := log.Rollback(t.Context(), 0, nil)
			if got := fmt.Sprint(net.asked); got != c.asked {
				t.Errorf("asked for %s, want %s", got, c.asked)
			}
			if len(u.Left) != len(c.left)/2 {
				t.Errorf("trouble: %v", u.Left)
			}
			names, _ := net.Namespaces(t.Context())
			if got := strings.Join(names, " "); got != strings.TrimSpace(c.left+" old") {
				t.Errorf("what is there: %s", got)
			}
		})
	}
}

// A lab that is replaced is taken down in one go as well, and what is gone
// already keeps nothing from that.
func TestReplaceRemovesTogether(t *testing.T) {
	for _, c := range []struct{ name, gone, other, asked string }{
		{"all of it", "", "", "[[n2 n1 n0] [old:d]]"},
		{"one is gone", "n1", "", "[[n2 n0] [old:d]]"},
		{"one is somebody else's", "", "n1", "[[n2] [old:p1] [n0] [old:d]]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := &crowd{Net: model.New(model.Options{})}
			lab, do := within(t, net)
			do(host.LinkAdd{Link: host.Link{NS: "old", Name: "d", Kind: "dummy"}})
			for i := range 3 {
				ns, end := fmt.Sprint("n", i), fmt.Sprint("p", i)
				do(host.NamespaceAdd{Name: ns},
					host.LinkAdd{Link: host.Link{NS: "old", Name: end, Kind: "veth"}, Peer: &host.Link{NS: ns, Name: "eth0", Kind: "veth"}},
					host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: "old", Link: end, Prefix: netip.MustParsePrefix(fmt.Sprintf("10.0.%d.1/24", i))}})
			}
			if err := lab.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if c.gone != "" {
				net.Net.Apply(t.Context(), []host.Op{host.NamespaceDel{Name: c.gone}}, nil)
			}
			next := tx.New(net, nil)
			next.Limit = 100
			told, err := next.Replace(t.Context(), "lab", []*tx.Tx{lab}, func(s tx.Space) bool { return s.Name != c.other && s.Name != c.gone })
			if got := fmt.Sprint(net.asked); got != c.asked || err != nil || len(told) > 0 {
				t.Errorf("asked for %s, want %s; %v, %v", got, c.asked, told, err)
			}
		})
	}
}
