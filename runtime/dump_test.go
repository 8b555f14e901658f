package runtime

import (
	"context"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/kernel/kerneltest"
)

// Something stands in for the machine's devices whatever the kernel has; the
// last kind is one that every kernel has on which there are networks.
func TestStandIn(t *testing.T) {
	kerneltest.Need(t)
	all := standIns
	defer func() { standIns = all }()
	for _, standIns = range [][]string{all, append([]string{"none"}, all...), {"none", "bridge"}} {
		h, err := kernel.NewScratch(nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		if err := standIn(ctx, h, host.Link{NS: host.Start, Name: "enp3s0", MTU: 1400, Up: true}); err != nil {
			t.Errorf("%q: %v", standIns, err)
		}
		s, err := h.State(ctx, host.Start)
		if err != nil {
			t.Fatal(err)
		}
		if l, ok := s.Link("enp3s0"); !ok || l.MTU != 1400 || !l.Up {
			t.Errorf("%q: %+v", standIns, l)
		}
		_ = h.Close()
	}
}
