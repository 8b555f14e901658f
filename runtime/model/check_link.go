package model

import (
	"net"
	"strconv"
	"strings"

	"vnet/lang/diag"
	"vnet/runtime/host"
)

func (c *checker) linkAdd(o host.LinkAdd) {
	if p := o.Peer; p != nil && p.End() == o.Link.End() {
		f := c.add(diag.SameEnds, host.FieldPeer, "both ends of the cable are `%s`", p.End())
		help(f, "give the second end a name of its own")
		return
	}
	c.newLink(o.Link, host.FieldName)
	if o.Peer == nil {
		return
	}
	c.newLink(*o.Peer, host.FieldPeer)
	if o.Link.MAC != "" && strings.EqualFold(o.Link.MAC, o.Peer.MAC) {
		c.warn(diag.DuplicateMAC, host.FieldMAC, "the mac %s is there twice on one segment", o.Link.MAC)
	}
	c.loop(o)
}

// newLink checks one interface that is to be made.
func (c *checker) newLink(l host.Link, field host.Field) {
	at := host.FieldNS
	if field == host.FieldPeer {
		at = host.FieldPeerNS
	}
	s := c.space(l.NS, at)
	if s == nil {
		return
	}
	c.taken(s, l, field)
	c.mac(s, l.End(), l.MAC)
	var parent *link
	if l.Parent != "" {
		parent = c.link(s, l.Parent, host.FieldParent)
	}
	if l.MTU != 0 {
		low, high := mtuLimits(l.Kind, parent)
		c.mtu(l, low, high, parent)
	}
	if l.Master != "" {
		c.master(s, &link{Link: l}, l.Master)
	}
	c.vxlan(s, l)
}

// taken checks that the name is free.
func (c *checker) taken(s *space, l host.Link, field host.Field) {
	old := s.links[l.Name]
	if old == nil || old.assumed {
		return
	}
	if old.Kind == "veth" && l.Kind == "veth" {
		f := c.add(diag.TwoCables, field, "`%s` is at a cable already", l.End())
		if old.Peer != nil {
			f.Label = "leads to " + old.Peer.String()
		}
		relate(f, keyLink(l.End()), "the first cable")
		help(f, "choose another name: %s:%s", l.NS, c.free(s, l.Name))
		return
	}
	f := c.add(diag.DuplicateLink, field, "`%s` exists already", l.End())
	if old.Kind != "" {
		f.Label = "a " + old.Kind
	}
	relate(f, keyLink(l.End()), "`%s` is created here", l.Name)
	help(f, "choose another name: %s:%s", l.NS, c.free(s, l.Name))
}

// free proposes a name like one that is taken.
func (c *checker) free(s *space, taken string) string {
	stem := strings.TrimRight(taken, "0123456789")
	if stem == "" || len(stem) > 12 {
		stem = "eth"
	}
	for i := 0; ; i++ {
		if n := stem + itoa(i); s.links[n] == nil {
			return n
		}
	}
}

func (c *checker) mac(s *space, e host.End, mac string) {
	if mac == "" {
		return
	}
	if !goodMAC(mac) {
		f := c.add(diag.BadMAC, host.FieldMAC, "no interface can bear the mac %s", mac)
		switch hw, err := net.ParseMAC(mac); {
		case err != nil || len(hw) != 6:
			f.Label = "a mac has six bytes: 02:00:00:00:00:01"
		case hw[0]&1 == 1:
			f.Label = "a group address: the first byte is odd"
			hw[0] = hw[0]&^1 | 2
			help(f, "make the first byte even: %s", hw)
		default:
			f.Label = "all zero"
		}
		return
	}
	l := s.links[e.Name]
	if l == nil {
		return
	}
	for _, m := range c.n.segment(l).members {
		if m != l && strings.EqualFold(m.MAC, mac) && !sameMedium(m.Kind) && m.Kind != "bridge" && m.Master == "" {
			f := c.warn(diag.DuplicateMAC, host.FieldMAC, "the mac %s is there twice on one segment", mac)
			relate(f, keyLink(m.End()), "`%s` bears it too", m.End())
			return
		}
	}
}

// mtu checks an MTU against what the kind of interface takes.
func (c *checker) mtu(l host.Link, low, high int, parent *link) {
	if l.MTU >= low && l.MTU <= high {
		return
	}
	kind := l.Kind
	if kind == "" {
		kind = "interface"
	}
	f := c.add(diag.BadMTU, host.FieldMTU, "cannot set mtu %d on %s", l.MTU, l.End())
	if parent != nil && high < maxMTU {
		f.Label = "on " + parent.Name + " with its mtu of " + itoa(parent.MTU) + " at most " + itoa(high)
		return
	}
	f.Label = "a " + kind + " takes " + itoa(low) + " to " + itoa(high)
}

// master checks that an interface can become a port of a bridge.
func (c *checker) master(s *space, l *link, master string) {
	b := c.link(s, master, host.FieldMaster)
	switch {
	case b == nil || b.Kind == "vrf":
	case host.Aggregates(b.Kind):
		if l.Up {
			f := c.add(diag.CannotBePort, host.FieldName, "`%s` cannot become a port of `%s`", l.Name, master)
			f.Label = "is up: a " + b.Kind + " takes only what is down"
			help(f, "link set %s down", l.End())
		}
	case b.Kind == "" && b.Name != "lo": // a physical device, or a kind that is not known
	case !isBridge(b):
		f := c.add(diag.NotABridge, host.FieldMaster, "`%s`%s is no bridge", master, inSpace(s.name))
		f.Label = "a " + b.Kind
		relate(f, keyLink(b.End()), "`%s` is created here", master)
	case isBridge(l):
		f := c.add(diag.BridgeInBridge, host.FieldName, "a bridge cannot be a port of a bridge")
		f.Label = "`" + l.Name + "` is a bridge"
		relate(f, keyLink(l.End()), "`%s` is created here", l.Name)
		help(f, "join two bridges with a cable: veth %s <-> %s", l.End(), host.End{NS: l.NS, Name: master})
	case !canBePort(l):
		f := c.add(diag.CannotBePort, host.FieldName, "`%s` cannot be a port of a bridge", l.Name)
		f.Label = "carries no Ethernet frames"
		if l.Kind == "tun" {
			help(f, "a tap carries Ethernet frames: tap %s", l.End())
		}
	case l.carriesMacvlan():
		f := c.add(diag.CannotBePort, host.FieldName, "`%s` cannot be a port of a bridge", l.Name)
		f.Label = "a macvlan stands on it"
	}
}

// loop warns of a cable that closes a circle of bridges of which none runs
// the spanning tree protocol.
func (c *checker) loop(o host.LinkAdd) {
	a := c.port(o.Link.NS, o.Link.Master)
	b := c.port(o.Peer.NS, o.Peer.Master)
	if a == nil || b == nil {
		return
	}
	c.circle(a, b, o.Peer.End())
}

func (c *checker) port(ns, master string) *link {
	s := c.n.existing(ns)
	if s == nil || master == "" {
		return nil
	}
	if l := s.links[master]; isBridge(l) {
		return l
	}
	return nil
}

func (c *checker) circle(a, b *link, end host.End) {
	g := c.n.segment(a)
	if g != c.n.segment(b) {
		return
	}
	for _, l := range g.members {
		if isBridge(l) && (l.Bridge == nil || on(l.Bridge.STP) || on(l.Bridge.VLANFiltering)) {
			return
		}
	}
	f := c.warn(diag.BridgeLoop, host.FieldPeer, "the cable closes a loop of bridges, and none has stp on")
	if end == (host.End{}) {
		f.Field = host.FieldMaster
	}
	f.Label = "frames would go round for ever"
	help(f, "switch the spanning tree protocol on: bridge %s stp on", b.Name)
}

func on(b *bool) bool { return b != nil && *b }

func (c *checker) vxlan(s *space, l host.Link) {
	v := l.VXLAN
	if v == nil {
		return
	}
	if v.ID < 0 || v.ID > maxVNI {
		f := c.add(diag.BadVNI, host.FieldID, "no vxlan can have the id %d", v.ID)
		f.Label = "an id is from 0 to 16777215"
	}
	if v.Port < 0 || v.Port > 65535 {
		f := c.add(diag.BadPort, host.FieldValue, "no vxlan can use the port %d", v.Port)
		f.Label = "a port is from 1 to 65535"
	}
	if other := s.vniTaken(l); other != nil && s.links[other.Name] != other {
		f := c.add(diag.DuplicateVNI, host.FieldID, "the vxlan id %d is still held%s by the one that was deleted", v.ID, inSpace(s.name))
		f.Label = "it goes for good when the transaction is committed"
		help(f, "take another id, or `commit` before it")
	} else if other != nil {
		f := c.add(diag.DuplicateVNI, host.FieldID, "the vxlan id %d is taken%s", v.ID, inSpace(s.name))
		relate(f, keyLink(other.End()), "by `%s`", other.Name)
	}
	if v.Local.IsValid() && !s.opaque && !s.hasAddr(v.Local) && v.Remote.IsValid() && !v.Remote.IsMulticast() {
		f := c.warn(diag.ForeignSource, host.FieldLocal, "%s is no address of %s", v.Local, spaceName(s.name))
		f.Label = "the tunnel would send from it"
	}
	if v.Local.IsValid() && v.Remote.IsValid() && v.Local.Is6() != v.Remote.Is6() {
		f := c.add(diag.MixedFamilies, host.FieldRemote, "a tunnel from %s to %s", v.Local, v.Remote)
		f.Label = "one is IPv4, the other IPv6"
	}
}

func (c *checker) linkDel(o host.LinkDel) {
	if _, l := c.end(o.NS, o.Name, host.FieldName); l != nil && l.Name == "lo" {
		f := c.add(diag.LoopbackStays, host.FieldName, "lo cannot be removed")
		help(f, "take it down: link set %s:lo down", o.NS)
	}
}

func (c *checker) linkSet(o host.LinkSet) {
	s, l := c.end(o.NS, o.Name, host.FieldName)
	if l == nil {
		return
	}
	if o.NewName != nil && *o.NewName != l.Name {
		if old := s.links[*o.NewName]; old != nil && !old.assumed {
			f := c.add(diag.DuplicateLink, host.FieldValue, "`%s` exists already", old.End())
			relate(f, keyLink(old.End()), "`%s` is created here", old.Name)
		}
	}
	if o.MAC != nil && l.Name != "lo" && !strings.EqualFold(*o.MAC, l.MAC) {
		c.mac(s, l.End(), *o.MAC)
	}
	if o.MTU != nil {
		low, high := c.n.limits(l)
		want := l.Link
		want.MTU = *o.MTU
		before := len(c.found)
		c.mtu(want, low, high, l.lower)
		if len(c.found) == before && *o.MTU < minMTU6 && l.MTU >= minMTU6 {
			c.loses6(l, *o.MTU)
		}
	}
	if o.Master != nil && *o.Master != "" && *o.Master != l.Master {
		port := *l
		port.Up = port.Up && !o.Down
		c.master(s, &port, *o.Master)
		c.setLoop(s, l, *o.Master)
	}
}

// setLoop warns when a port closes a circle of bridges.
func (c *checker) setLoop(s *space, l *link, master string) {
	b := s.links[master]
	if !isBridge(b) || l.Peer == nil || l.Master != "" {
		return
	}
	far := c.n.at(*l.Peer)
	if far == nil || far.Master == "" {
		return
	}
	if f := c.port(far.NS, far.Master); f != nil {
		c.circle(b, f, host.End{})
	}
}

// loses6 warns when an MTU takes IPv6 off an interface that uses it.
func (c *checker) loses6(l *link, mtu int) {
	for _, a := range l.addrs {
		if is6(a.Prefix) && !a.Prefix.Addr().IsLinkLocalUnicast() {
			f := c.warn(diag.SmallMTU, host.FieldMTU, "mtu %d takes IPv6 off %s", mtu, l.End())
			f.Label = "IPv6 needs 1280"
			relate(f, keyAddr(a), "%s is lost", a.Prefix)
			return
		}
	}
}

func (c *checker) linkMove(o host.LinkMove) {
	_, l := c.end(o.NS, o.Name, host.FieldName)
	t := c.space(o.To, host.FieldTo)
	if l == nil {
		return
	}
	if !moves(l) {
		what := l.Kind
		if what == "" {
			what = l.Name
		}
		f := c.add(diag.CannotMove, host.FieldName, "`%s` cannot change its namespace", l.End())
		f.Label = "a " + what + " stays where it is made"
		if isBridge(l) {
			help(f, "make it there: bridge %s:%s", o.To, l.Name)
		}
		return
	}
	if t == nil || o.To == o.NS {
		return
	}
	if old := t.links[o.Name]; old != nil && !old.assumed {
		f := c.add(diag.DuplicateLink, host.FieldTo, "`%s` exists already", old.End())
		relate(f, keyLink(old.End()), "`%s` is created here", old.Name)
		help(f, "rename it first: link set %s:%s name %s", o.NS, o.Name, c.free(t, o.Name))
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
