package kernel

import (
	"cmp"
	"encoding/binary"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// held says so when an interface cannot be made because one that was deleted,
// and is buried until the transaction is over, holds what there can be only
// one of: a VXLAN identifier on its port (vxlan_core.c: vxlan_vni_in_use), an
// interface beneath, when either wants all of it (macvlan.c:
// macvlan_common_newlink).
func held(a *end, e *host.Error) bool {
	if e.Errno != unix.EEXIST && e.Errno != unix.EBUSY && e.Errno != unix.EINVAL {
		return false
	}
	links, err := a.sp.allLinks()
	if err != nil {
		return false
	}
	for i := range links {
		l := &links[i]
		if !l.buried() || l.kind != a.Kind {
			continue
		}
		switch {
		case a.VXLAN != nil && sameTunnel(l, a.VXLAN):
			e.Field, e.What = host.FieldID, "the vxlan id is still held in "+name.Quote(a.NS)+
				" by the one that was deleted: it goes for good when the transaction is committed"
			return true
		case a.Macvlan != nil && e.Errno == unix.EINVAL && (a.Macvlan.Mode == "passthru" || l.data.u32(nl.IFLA_MACVLAN_MODE) == nl.MACVLAN_MODE_PASSTHRU):
			if parent, err := a.sp.link(a.Parent); err == nil && parent != nil && parent.index == l.stands() {
				e.Field, e.What = host.FieldParent, name.Quote(a.Parent)+" in "+name.Quote(a.NS)+
					" is still held by the macvlan that was deleted: it goes for good when the transaction is committed"
				return true
			}
		}
	}
	return false
}

func sameTunnel(l *link, v *host.VXLAN) bool {
	port := l.data[nl.IFLA_VXLAN_PORT]
	return int(l.data.u32(nl.IFLA_VXLAN_ID)) == v.ID && len(port) == 2 && int(binary.BigEndian.Uint16(port)) == cmp.Or(v.Port, 4789)
}
