package tx_test

import (
	"strings"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/model"
	"vnet/runtime/tx"
)

func link(ns, name string) host.Link { return host.Link{NS: ns, Name: name, Kind: "veth", Up: true} }

func cable(a, an, b, bn string) host.Op {
	peer := link(b, bn)
	return host.LinkAdd{Link: link(a, an), Peer: &peer}
}

func ptr[T any](v T) *T { return &v }

// An undo leaves nothing and fails nowhere, although it does not undo step by
// step what goes with a namespace.
func TestRollbackWithLinksThatGo(t *testing.T) {
	for name, ops := range map[string][]host.Op{
		"moved between new namespaces": {
			host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"}, cable("a", "x", "b", "y"),
			host.NamespaceAdd{Name: "c"}, host.LinkMove{NS: "a", Name: "x", To: "c"},
		},
		"moved, renamed, removed": {
			host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"}, cable("a", "x", "b", "y"),
			host.NamespaceAdd{Name: "c"}, host.LinkMove{NS: "a", Name: "x", To: "c"},
			host.LinkSet{NS: "c", Name: "x", NewName: ptr("z")}, host.LinkDel{NS: "c", Name: "z"},
		},
		"the far end changed, then removed": {
			host.NamespaceAdd{Name: "a"}, cable("a", "x", "old", "y"),
			host.LinkSet{NS: "old", Name: "y", MTU: ptr(1400)}, host.LinkDel{NS: "a", Name: "x"},
		},
		"an old one moved in and on": {
			host.NamespaceAdd{Name: "a"}, host.NamespaceAdd{Name: "b"},
			host.LinkMove{NS: "old", Name: "t0", To: "a"}, host.LinkSet{NS: "a", Name: "t0", NewName: ptr("t1")},
			host.LinkMove{NS: "a", Name: "t1", To: "b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			net := model.New(model.Options{})
			before := []host.Op{host.NamespaceAdd{Name: "old"},
				host.LinkAdd{Link: host.Link{NS: "old", Name: "t0", Kind: "tap", Tun: &host.Tun{}, Up: true}}}
			for _, r := range net.Apply(t.Context(), before, nil) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
			}
			log := tx.New(net, nil)
			for _, op := range ops {
				if err := log.Do(t.Context(), tx.Step{Op: op}); err != nil {
					t.Fatal(err)
				}
			}
			for _, err := range log.Rollback(t.Context(), 0, nil).Left {
				t.Error(err)
			}
			if names, _ := net.Namespaces(t.Context()); strings.Join(names, " ") != "old" {
				t.Errorf("left: %s", names)
			}
			state, err := net.State(t.Context(), "old")
			if err != nil {
				t.Fatal(err)
			}
			var links []string
			for _, l := range state.Links {
				links = append(links, l.Name)
			}
			if strings.Join(links, " ") != "lo t0" {
				t.Errorf("old has %s", links)
			}
		})
	}
}
