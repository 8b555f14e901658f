package kernel

import (
	"context"
	"fmt"
	"testing"

	"vnet/runtime/host"
)

// star is the network that PERFORMANCE figures are about: n hosts on a bridge.
func star(n int) []host.Op {
	ops := []host.Op{host.NamespaceAdd{Name: "kt-sw"}, host.LinkAdd{Link: host.Link{NS: "kt-sw", Name: "br0", Kind: "bridge", Up: true}}}
	for i := range n {
		ns := fmt.Sprintf("kt-h%d", i)
		ops = append(ops, host.NamespaceAdd{Name: ns},
			host.LinkAdd{Link: host.Link{NS: ns, Name: "eth0", Kind: "veth", Up: true},
				Peer: &host.Link{NS: "kt-sw", Name: ns, Kind: "veth", Up: true, Master: "br0"}},
			addr(ns, "eth0", fmt.Sprintf("10.%d.%d.2/8", i/250, i%250)),
			host.RouteSet{Verb: host.Add, Route: host.Route{NS: ns, Dest: dest("0.0.0.0/0"), Via: ip("10.255.0.1")}})
	}
	return ops
}

// BenchmarkStar builds and takes down a star, in one Apply and one operation
// at a time.
func BenchmarkStar(b *testing.B) {
	for _, single := range []bool{false, true} {
		b.Run(fmt.Sprintf("100 hosts, single %v", single), func(b *testing.B) {
			h := open(b)
			for b.Loop() {
				ops := star(100)
				if single {
					for _, op := range ops {
						apply(b, h, op)
					}
				} else {
					apply(b, h, ops...)
				}
				b.StopTimer()
				var del []host.Op
				for _, op := range ops {
					if op, ok := op.(host.NamespaceAdd); ok {
						sp, err := h.space(op.Name)
						if err != nil {
							b.Fatal(err)
						}
						del = append(del, host.NamespaceDel{Name: op.Name, ID: sp.cookie})
					}
				}
				apply(b, h, del...)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkExec(b *testing.B) {
	h := open(b)
	spaces(b, h, "kt-a")
	for b.Loop() {
		if _, err := h.Exec(context.Background(), &host.Cmd{NS: "kt-a", Argv: []string{"true"}}); err != nil {
			b.Fatal(err)
		}
	}
}
