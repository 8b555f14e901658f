package model

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"syscall"

	"vnet/lang/name"
	"vnet/runtime/host"
)

func (n *Net) namespaceAdd(o host.NamespaceAdd) error {
	if o.Name == host.Start || n.exists(o.Name) {
		return refuse(o, syscall.EEXIST, host.FieldNS, "namespace %s", o.Name)
	}
	n.putSpace(fresh(o.Name))
	return nil
}

// exists reports whether a namespace is there, without assuming it is.
func (n *Net) exists(ns string) bool {
	if n.spaces[ns] != nil {
		return true
	}
	if n.gone[ns] || n.absent[ns] || n.opts.Source == nil {
		return false
	}
	if n.alive[ns] {
		return true
	}
	there, err := n.opts.Source.Exists(context.Background(), ns)
	if err != nil {
		return n.space(ns) != nil
	}
	if there {
		n.alive[ns] = true
	} else {
		n.absent[ns] = true
	}
	return there
}

// namespaceAdopt takes in a namespace of which nothing is known yet, or, for
// want of a path, brings back one that was known in part.
func (n *Net) namespaceAdopt(o host.NamespaceAdopt) error {
	if o.Name == host.Start || n.exists(o.Name) {
		return refuse(o, syscall.EEXIST, host.FieldNS, "namespace %s", o.Name)
	}
	s := newSpace(o.Name)
	if o.Path == "" {
		s = fresh(o.Name)
	}
	s.opaque = true
	n.putSpace(s)
	return nil
}

func (n *Net) namespaceDel(o host.NamespaceDel) error {
	if o.Made && o.ID == 0 && o.Name != host.Start && n.unseen(o.Name) {
		n.hide(o.Name)
		return nil
	}
	s, err := n.need(o, o.Name, host.FieldNS)
	if err != nil {
		return err
	}
	if o.Name == host.Start {
		return refuse(o, syscall.EINVAL, host.FieldNS, "namespace %s", o.Name)
	}
	for _, l := range slices.Backward(s.ordered()) {
		if s.links[l.Name] == l {
			n.unlink(s, l)
		}
	}
	for _, k := range sortedGroups(s) {
		n.setGroup(s, k, nil)
	}
	for k := range s.neighs {
		n.setNeigh(s, k, nil)
	}
	for k := range s.sysctls {
		n.setSysctl(s, k, nil)
	}
	if len(s.rules) > 0 {
		n.setRules(s, nil)
	}
	for f := range s.files {
		n.setFile(s, f, nil)
	}
	n.dropSpace(s)
	return nil
}

func (n *Net) linkAdd(o host.LinkAdd) error {
	s, err := n.need(o, o.Link.NS, host.FieldNS)
	if err != nil {
		return err
	}
	if err := n.linkRefusal(o, s, o.Link, false); err != nil {
		return err
	}
	if o.Peer == nil {
		return n.linkMake(o, s, o.Link)
	}
	t, err := n.need(o, o.Peer.NS, host.FieldPeerNS)
	if err != nil {
		return err
	}
	if err := n.linkRefusal(o, t, *o.Peer, true); err != nil {
		return err
	}
	if o.Peer.NS == o.Link.NS && o.Peer.Name == o.Link.Name {
		return refuse(o, syscall.EEXIST, host.FieldPeer, "%s in %s", o.Peer.Name, o.Peer.NS)
	}
	return n.vethMake(o, s, t)
}

// vethMake makes both ends; the peer gets its index first, as in the kernel.
func (n *Net) vethMake(o host.LinkAdd, s, t *space) error {
	one, two := o.Link, *o.Peer
	one.Kind, two.Kind = "veth", "veth"
	eOne, eTwo := one.End(), two.End()
	one.Peer, two.Peer = &eTwo, &eOne
	if err := n.linkMake(o, t, two); err != nil {
		return err
	}
	if err := n.linkMake(o, s, one); err != nil {
		return err
	}
	join(s.links[one.Name], t.links[two.Name])
	a, b := s.links[one.Name], t.links[two.Name]
	n.jr.back = append(n.jr.back, func() { a.leaveSegment(); b.leaveSegment() })
	return nil
}

// linkRefusal finds what the kernel would say against a new link.
func (n *Net) linkRefusal(o host.LinkAdd, s *space, l host.Link, peer bool) error {
	field, mtu := host.FieldName, host.FieldMTU
	if peer {
		field, mtu = host.FieldPeer, host.FieldNone
	}
	if name.ExistingLink(l.Name) != nil {
		return refuse(o, syscall.EINVAL, field, "%s in %s", l.Name, s.name)
	}
	if old := s.links[l.Name]; old != nil && !old.assumed {
		return refuse(o, syscall.EEXIST, field, "%s in %s", l.Name, s.name)
	}
	if l.MAC != "" && !goodMAC(l.MAC) {
		return refuse(o, syscall.EADDRNOTAVAIL, host.FieldMAC, "mac %s for %s in %s", l.MAC, l.Name, s.name)
	}
	var parent *link
	if l.Parent != "" {
		if parent = n.link(s, l.Parent); parent == nil {
			return refuse(o, syscall.ENODEV, host.FieldParent, "%s in %s", l.Parent, s.name)
		}
	}
	if l.Kind == "macvlan" && parent == nil {
		return refuse(o, syscall.EINVAL, host.FieldParent, "macvlan %s in %s", l.Name, s.name)
	}
	if low, high := mtuLimits(l.Kind, parent); l.MTU != 0 && (l.MTU < low || l.MTU > high) {
		return refuse(o, syscall.EINVAL, mtu, "mtu %d for %s in %s", l.MTU, l.Name, s.name)
	}
	return n.kindRefusal(o, s, l, parent)
}

func (n *Net) kindRefusal(o host.LinkAdd, s *space, l host.Link, parent *link) error {
	switch {
	case l.Kind == "macvlan" && parent.Master != "":
		return refuse(o, syscall.EBUSY, host.FieldParent, "%s in %s", l.Parent, s.name)
	case l.VXLAN == nil:
		return nil
	case l.VXLAN.ID < 0 || l.VXLAN.ID > maxVNI:
		return refuse(o, syscall.ERANGE, host.FieldID, "vxlan id %d", l.VXLAN.ID)
	}
	if s.vniTaken(l) != nil {
		return refuse(o, syscall.EEXIST, host.FieldID, "vxlan id %d in %s", l.VXLAN.ID, s.name)
	}
	return nil
}

// vniTaken finds a tunnel of the namespace with the id and port of a new one.
// One that was deleted has them still, unless it is that one which comes back.
func (s *space) vniTaken(v host.Link) *link {
	same := func(l *link) bool {
		return l.VXLAN != nil && l.VXLAN.ID == v.VXLAN.ID && cmp.Or(l.VXLAN.Port, portVXLAN) == cmp.Or(v.VXLAN.Port, portVXLAN)
	}
	for _, l := range s.links {
		if same(l) {
			return l
		}
	}
	for _, l := range s.buried {
		if same(l) && !l.is(v) {
			return l
		}
	}
	return nil
}

// is reports whether a link that was deleted is the one that comes back.
func (l *link) is(v host.Link) bool { return l.Name == v.Name && l.Index == v.Index }

// linkMake puts a link that nothing speaks against into its namespace.
func (n *Net) linkMake(op host.Op, s *space, spec host.Link) error {
	l := &link{Link: spec}
	l.Master, l.Parent, l.Oper, l.Carrier, l.Peer = "", spec.Parent, "", false, spec.Peer
	l.Index = s.index(spec.Index)
	parent := s.links[spec.Parent]
	if parent != nil && sameMedium(spec.Kind) && sameMedium(parent.Kind) && parent.lower != nil {
		parent = parent.lower // a macvlan on a macvlan is one on what that stands on
		l.Parent = parentName(parent, s.name)
	}
	if l.MTU == 0 {
		l.MTU = defaultMTU(spec.Kind, parent)
	}
	l.MinMTU, l.MaxMTU = mtuLimits(spec.Kind, parent)
	l.Bridge, l.Tun, l.Macvlan, l.VXLAN = copyKind(spec)
	if isBridge(l) {
		l.Bridge = bridgeDefaults(l.Bridge)
	}
	if old := s.links[l.Name]; old != nil {
		n.dropLink(s, old)
	}
	n.putLink(s, l)
	n.setBuried(s, slices.DeleteFunc(slices.Clone(s.buried), func(b *link) bool { return b.is(spec) }))
	n.setNext(s, max(s.next, l.Index+1))
	l.seg = newSegment(l)
	if parent != nil && spec.Parent != "" {
		n.stack(l, parent)
	}
	if spec.Master != "" {
		return n.enslave(op, s, l, spec.Master)
	}
	return nil
}

// index gives the next index, or the wanted one if it is free.
func (s *space) index(want int) int {
	if want == 0 || s.taken[want] {
		return s.next
	}
	return want
}

func copyKind(l host.Link) (b *host.Bridge, t *host.Tun, m *host.Macvlan, v *host.VXLAN) {
	if l.Bridge != nil {
		c := *l.Bridge
		b = &c
	}
	if l.Tun != nil {
		c := *l.Tun
		t = &c
	}
	if l.Macvlan != nil {
		c := *l.Macvlan
		m = &c
	}
	if l.VXLAN != nil {
		c := *l.VXLAN
		v = &c
		v.Port = cmp.Or(v.Port, portVXLAN)
	}
	return b, t, m, v
}

func (n *Net) linkDel(o host.LinkDel) error {
	s, l, err := n.needLink(o, o.NS, o.Name, host.FieldName)
	if err != nil {
		return err
	}
	if o.Index != 0 && l.Index != 0 && o.Index != l.Index || o.MAC != "" && l.MAC != "" && !strings.EqualFold(o.MAC, l.MAC) {
		return refuse(o, syscall.ENODEV, host.FieldName, "%s in %s is another one", o.Name, o.NS)
	}
	if l.Name == "lo" {
		return refuse(o, syscall.EOPNOTSUPP, host.FieldName, "%s in %s", o.Name, o.NS)
	}
	n.burying = o.Index == 0 && o.MAC == "" && !o.Made
	n.unlink(s, l)
	n.burying = false
	return nil
}

// linkPurge forgets links that were deleted, for good.
func (n *Net) linkPurge(o host.LinkPurge) error {
	for _, t := range o.Tombs {
		if s := n.spaces[t.NS]; s != nil {
			n.setBuried(s, slices.DeleteFunc(slices.Clone(s.buried), func(b *link) bool { return b.Name == t.Name && b.Index == t.Index }))
		}
	}
	return nil
}

// unlink takes a link away with what it takes along: its other end, its
// addresses, routes and neighbours, what is stacked on it; ports become free.
func (n *Net) unlink(s *space, l *link) {
	n.strip(s, l)
	for _, p := range sortedLinks(l.ports) {
		n.release(s, p)
	}
	if l.Master != "" {
		n.release(s, l)
	}
	for _, u := range sortedLinks(l.uppers) {
		n.unlink(n.spaces[u.NS], u)
	}
	if l.lower != nil {
		n.stack(l, nil)
	}
	n.dropLink(s, l)
	if n.burying && l.VXLAN != nil {
		n.setBuried(s, append(slices.Clone(s.buried), l))
		n.jr.buried = append(n.jr.buried, host.Tomb{NS: l.NS, Name: l.Name, Kind: l.Kind, Index: l.Index})
	}
	l.leaveSegment()
	if l.Peer == nil {
		return
	}
	if p := n.at(*l.Peer); p != nil && p.Peer != nil && *p.Peer == l.End() {
		n.unlink(n.spaces[l.Peer.NS], p)
	}
}

// strip removes all that a link carries in its namespace.
func (n *Net) strip(s *space, l *link) {
	n.dropSysctls(s, l.Name)
	n.dropRoutes(s, l.Name, nil)
	n.dropNeighs(s, l.Name, nil)
	for i := len(l.addrs) - 1; i >= 0; i-- {
		a := l.addrs[i]
		n.removeAddr(l, i)
		n.unprefer(s, a)
	}
}

func sortedLinks(m map[*link]bool) []*link {
	out := make([]*link, 0, len(m))
	for l := range m {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b *link) int { return cmp.Or(strings.Compare(a.NS, b.NS), a.Index-b.Index) })
	return out
}

func sortedGroups(s *space) []groupKey {
	out := make([]groupKey, 0, len(s.routes.groups))
	for k := range s.routes.groups {
		out = append(out, k)
	}
	slices.SortFunc(out, compareKeys)
	return out
}
