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
// reach, such as nftables, is left out, and what Closeup shows.
func (h *Host) Save(ctx context.Context, ns string) ([]byte, error) {
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	img, err := image.Take(ctx, int(sp.fd), image.Shared)
	if err != nil {
		return nil, err
	}
	id, err := sp.id()
	if err != nil {
		return nil, err
	}
	return json.Marshal(saved{img, id})
}

// What is saved is an image of one namespace, whatever bears its name later.
type saved struct {
	*image.Image
	Space uint64 `json:"space"` // its cookie
}

// A scene is a namespace with what it was like and what was done to it.
type scene struct {
	*reach
	sp  *space
	pre *image.Image
	set image.WriteSet
}

// scene finds the namespace that a picture was taken of, be it parked and
// another made in its place. It is to be closed.
func (h *Host) scene(ns string, picture host.Picture, ops []host.Op) (*scene, error) {
	var was saved
	if err := json.Unmarshal(picture.Data, &was); err != nil {
		return nil, err
	}
	for _, piece := range picture.Closeups {
		var c shown
		if err := json.Unmarshal(piece, &c); err != nil {
			return nil, err
		}
		if c.Space == was.Space {
			was.Add(c.Closeup)
		}
	}
	was.Without(picture.Without)
	s := &scene{reach: h.reach(), pre: was.Image, set: writeSet(ns, ops)}
	var err error
	if was.Space == 0 { // of a lab that is older than this program
		s.sp, err = h.space(ns)
	} else if s.sp, err = s.space(was.Space, ns); err != nil {
		err = failed(unix.ENOENT, host.FieldNS, "the namespace is gone")
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// Judge tells what somebody else has changed of what ops touched.
func (h *Host) Judge(ctx context.Context, ns string, picture host.Picture, ops []host.Op) (host.Verdict, error) {
	s, err := h.scene(ns, picture, ops)
	if err != nil {
		return host.Verdict{}, err
	}
	defer s.close()
	// What is parked is out of everybody's sight, and changed by what went after it.
	if s.set.Empty() || s.sp.name != ns {
		return host.Verdict{}, nil
	}
	v, err := image.Judge(ctx, int(s.sp.fd), s.pre, s.set)
	if err != nil || v == nil {
		return host.Verdict{}, err
	}
	data, err := json.Marshal(v)
	return host.Verdict{Lines: v.Lines, Data: data}, err
}

// Restore converges what ops touched in a namespace to an image of it.
func (h *Host) Restore(ctx context.Context, ns string, picture host.Picture, v host.Verdict, ops []host.Op) ([]string, error) {
	s, err := h.scene(ns, picture, ops)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.set.Empty() {
		return nil, nil
	}
	verdict, err := readVerdict(v)
	if err != nil {
		return nil, err
	}
	h.forget() // links may get other numbers
	return image.Restore(ctx, int(s.sp.fd), s.pre, s.set, verdict)
}

func readVerdict(v host.Verdict) (*image.Verdict, error) {
	if v.Data == nil {
		return nil, nil
	}
	var verdict image.Verdict
	err := json.Unmarshal(v.Data, &verdict)
	return &verdict, err
}

// writeSet is what operations touch of a namespace, and what they make of it.
func writeSet(ns string, ops []host.Op) image.WriteSet {
	set := touched(ns, ops)
	set.Ours = ours(ns, ops)
	return set
}

// touched is what operations touch of a namespace.
func touched(ns string, ops []host.Op) image.WriteSet {
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
		case host.LinkExhume: // what a deletion took along
			for _, t := range op.Tombs() {
				if t.NS == ns {
					set.Links = append(set.Links, image.LinkRef{Index: int32(t.Index), Name: t.Name})
				}
			}
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
