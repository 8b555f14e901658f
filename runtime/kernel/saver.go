package kernel

import (
	"context"
	"encoding/json"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
	"vnet/runtime/kernel/image"
)

var _ host.Saver = (*Host)(nil)

// Save takes an image of a namespace. What lies outside of an operation's
// reach, such as nftables, is left out.
func (h *Host) Save(ctx context.Context, ns string) ([]byte, error) {
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	img, err := image.Take(ctx, int(sp.fd), image.Sysctls)
	if err != nil {
		return nil, err
	}
	return json.Marshal(img)
}

// Restore converges what ops touched in a namespace to an image of it.
func (h *Host) Restore(ctx context.Context, ns string, picture []byte, ops []host.Op) ([]string, error) {
	var pre image.Image
	if err := json.Unmarshal(picture, &pre); err != nil {
		return nil, err
	}
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	set := writeSet(ns, ops)
	if set.Empty() {
		return nil, nil
	}
	h.forget() // links may get other numbers
	return image.Restore(ctx, int(sp.fd), &pre, set)
}

// writeSet is what operations touch of a namespace.
func writeSet(ns string, ops []host.Op) image.WriteSet {
	var set image.WriteSet
	for _, op := range ops {
		switch op := op.(type) {
		case host.LinkAdd:
			addMaster(&set, ns, &op.Link)
			addMaster(&set, ns, op.Peer)
		case host.LinkSet:
			addLink(&set, op.Name, 0)
			if op.NewName != nil {
				addLink(&set, *op.NewName, 0)
			}
			if op.Master != nil && *op.Master != "" {
				addLink(&set, *op.Master, 0)
			}
		case host.LinkMove:
			addLink(&set, op.Name, 0)
		case host.LinkDel:
			addLink(&set, op.Name, 0)
		case host.AddrSet:
			addLink(&set, op.Addr.Link, image.Addrs)
		case host.NeighSet:
			addLink(&set, op.Neigh.Dev, image.Neighs)
		case host.RouteSet:
			addRoute(&set, op.Route)
		case host.RuleSet:
			addRule(&set, op.Rule)
		case host.SysctlSet:
			if path, err := sysctlPath(op.Key); err == nil {
				set.Sysctls = append(set.Sysctls, path)
			}
		}
	}
	return set
}

func addLink(set *image.WriteSet, name string, only image.Touch) {
	set.Links = append(set.Links, image.LinkRef{Name: name, Only: only})
}

// addMaster notes the bridge that a new link in the namespace became a port of.
func addMaster(set *image.WriteSet, ns string, l *host.Link) {
	if l != nil && l.NS == ns && l.Master != "" {
		addLink(set, l.Master, 0)
	}
}

func addRoute(set *image.WriteSet, r host.Route) {
	table := r.Table
	if table == 0 {
		table = unix.RT_TABLE_MAIN
	}
	set.Routes = append(set.Routes, image.RouteRef{Family: familyByte(r.Dest.Addr().Is6()), Table: uint32(table), Dest: r.Dest.Masked()})
}

func addRule(set *image.WriteSet, r host.Rule) {
	if r.Priority != 0 {
		set.Rules = append(set.Rules, image.RuleRef{Family: familyByte(r.Family == 6), Priority: uint32(r.Priority)})
	}
}

func familyByte(v6 bool) byte {
	if v6 {
		return unix.AF_INET6
	}
	return unix.AF_INET
}
