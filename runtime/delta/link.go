package delta

import (
	"time"

	"vnet/runtime/host"
)

// same reports whether two operations make the same.
func same(a, b host.Op) bool {
	x, isLink := a.(host.LinkAdd)
	y, areLinks := b.(host.LinkAdd)
	if isLink && areLinks {
		_, differs := change(x.Link, y.Link)
		return !differs && alike(x.Link, y.Link) && sameFar(x, y)
	}
	return a.String() == b.String()
}

// sameFar reports whether two cables lead to the same place.
func sameFar(a, b host.Op) bool {
	x, _ := a.(host.LinkAdd)
	y, _ := b.(host.LinkAdd)
	return (x.Peer == nil) == (y.Peer == nil) && (x.Peer == nil || x.Peer.End() == y.Peer.End())
}

// alike reports whether an interface can be made to be another: what cannot be
// changed of it is the same.
func alike(a, b host.Link) bool {
	fixed := func(l host.Link) string {
		l.MAC, l.MTU, l.Master, l.Up, l.Bridge = "", 0, "", true, nil
		return host.LinkAdd{Link: l}.String()
	}
	return fixed(a) == fixed(b)
}

// change is the operation that makes an interface what is wanted, and whether
// there is anything to change. What is not known counts as the same.
func change(have, want host.Link) (host.LinkSet, bool) {
	set := host.LinkSet{NS: want.NS, Name: want.Name}
	differs := false
	pick := func(to **string, a, b string) {
		if a != b {
			*to, differs = &b, true
		}
	}
	if want.MAC != "" && have.MAC != "" {
		pick(&set.MAC, have.MAC, want.MAC)
	}
	if want.MTU != have.MTU && want.MTU != 0 && have.MTU != 0 {
		set.MTU, differs = &want.MTU, true
	}
	pick(&set.Master, have.Master, want.Master)
	pick(&set.Alias, have.Alias, want.Alias)
	if have.Promisc != want.Promisc {
		set.Promisc, differs = &want.Promisc, true
	}
	if b := bridgeChange(have.Bridge, want.Bridge); b != nil {
		set.Bridge, differs = b, true
	}
	if have.Up != want.Up {
		set.Up, set.Down, differs = want.Up, !want.Up, true
	}
	return set, differs
}

// bridgeChange is what to set of a bridge; nil for nothing.
func bridgeChange(have, want *host.Bridge) *host.Bridge {
	if have == nil || want == nil || have.String() == want.String() {
		return nil
	}
	out := &host.Bridge{}
	if on := want.STP != nil; on != (have.STP != nil) {
		out.STP = &on
	}
	if on := want.VLANFiltering != nil; on != (have.VLANFiltering != nil) {
		out.VLANFiltering = &on
	}
	if a, b := ageing(have), ageing(want); a != b {
		out.Ageing = &b
	}
	if *out == (host.Bridge{}) {
		return nil
	}
	return out
}

const usualAgeing = 5 * time.Minute // BR_DEFAULT_AGEING_TIME

func ageing(b *host.Bridge) time.Duration {
	if b.Ageing == nil {
		return usualAgeing
	}
	return *b.Ageing
}

// brief leaves out of an interface that is to be made what the kernel chooses.
func brief(l host.Link) host.Link {
	const usual = 1500 // ETH_DATA_LEN
	if l.MTU == usual || l.Kind == "vxlan" || l.Kind == "bridge" || l.Kind == "macvlan" {
		l.MTU = 0
	}
	return l
}
