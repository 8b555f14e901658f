package path

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"vnet/runtime/host"
)

// A request is the question who has an address on a segment.
type request struct {
	near  *host.Link
	next  netip.Addr
	route host.Route
}

// cross follows a packet over a segment to the interface that has the address
// of its next hop.
func (w *walker) cross(near *host.Link, next netip.Addr, route host.Route) (host.End, error) {
	r := request{near, next, route}
	f := w.flood(near)
	var to *node
	for i, n := range f.reached {
		if n.end.NS != near.NS && w.carries(n.end, r) && (to == nil || to.bad != nil && n.bad == nil) {
			to = &f.reached[i]
		}
	}
	switch {
	case to == nil:
		return host.End{}, w.nobody(f, r)
	case to.bad != nil:
		w.r.Stop = to.bad
		return host.End{}, errStopped
	}
	if near.Oper == "LOWERLAYERDOWN" || near.Oper == "DOWN" {
		// All that leads there is up: the kernel takes up to a second to see it.
		w.doubt(near.NS, NoCarrier, "", "%s:%s has no carrier", near.NS, near.Name)
	}
	if err := w.neighbour(to.end, r); err != nil {
		return host.End{}, err
	}
	w.segmentDoubts(f, near, to.end)
	return to.end, nil
}

// neighbour compares what is known of the next hop with what it is.
func (w *walker) neighbour(far host.End, r request) error {
	s, o := w.states[r.near.NS], w.states[far.NS]
	for _, n := range s.Neighs {
		if n.Proxy || n.IP != r.next || n.Dev != r.near.Name {
			continue
		}
		l, ok := o.Link(far.Name)
		if ok && n.State == "permanent" && n.MAC != "" && l.MAC != "" && !strings.EqualFold(n.MAC, l.MAC) {
			return w.stop(r.near.NS, BadNeigh, fmt.Sprintf("in %s neigh replace %s lladdr %s dev %s", r.near.NS, n.IP, l.MAC, n.Dev),
				"%s takes %s for %s, and its MAC is %s", r.near.NS, n.MAC, n.IP, l.MAC)
		}
		if n.State == "failed" || n.State == "incomplete" {
			w.doubt(r.near.NS, BadNeigh, "", "%s has asked who has %s at %s, and nobody answered (%s)", r.near.NS, n.IP, n.Dev, n.State)
		}
	}
	return nil
}

// segmentDoubts notes what on a segment may stop some packets.
func (w *walker) segmentDoubts(f *flood, near *host.Link, far host.End) {
	for end := range f.bridges {
		if b, ok := w.states[end.NS].Link(end.Name); ok && b.Bridge != nil && b.Bridge.VLANFiltering != nil && *b.Bridge.VLANFiltering {
			w.doubt(end.NS, PortBlocks, "", "%s:%s filters VLANs; which its ports take is not looked at", end.NS, end.Name)
		}
	}
	if l, ok := w.states[far.NS].Link(far.Name); ok && l.MTU > 0 && l.MTU < near.MTU {
		w.doubt(far.NS, TooBig, fmt.Sprintf("link set %s:%s mtu %d", near.NS, near.Name, l.MTU),
			"packets over %d bytes are lost: the MTU of %s:%s is %d, that of %s:%s %d", l.MTU, near.NS, near.Name, near.MTU, far.NS, far.Name, l.MTU)
	}
}

// nobody says why no interface of a segment has the address of the next hop.
func (w *walker) nobody(f *flood, r request) error {
	ns := r.near.NS
	for _, n := range f.reached { // what is down may hide the rest
		if n.bad != nil && n.bad.Cause == LinkDown && n.end.NS != ns && w.mayHave(n.end, r) {
			w.r.Stop = n.bad
			return errStopped
		}
	}
	if dev := w.otherDevice(r); dev != "" {
		return w.stop(ns, WrongDevice, fmt.Sprintf("in %s route change %s dev %s", ns, r.route.Dest, dev),
			"the route of %s to %s leads through %s, and %s is behind %s", ns, r.route.Dest, r.near.Name, r.next, dev)
	}
	if len(f.beyond) > 0 {
		w.doubt(ns, NotOnLink, "", "the way leaves what can be seen through %s:%s", f.beyond[0].NS, f.beyond[0].Name)
		return errBeyond
	}
	owners, err := w.owners(r.next)
	if err != nil {
		return err
	}
	for _, owner := range owners {
		if err := w.apart(f, r, owner); err != nil {
			return err
		}
	}
	if r.route.Via.IsValid() && r.next == r.route.Via {
		repair := ""
		if gw := w.gateway(ns, w.towards()); gw.IsValid() {
			repair = fmt.Sprintf("in %s route replace %s via %s", ns, destText(r.route.Dest), gw)
		}
		return w.stop(ns, WrongVia, repair, "nobody behind %s:%s has %s, the gateway of %s to %s", ns, r.near.Name, r.next, ns, destText(r.route.Dest))
	}
	if len(f.reached) == 0 {
		return w.stop(ns, NotOnLink, "", "nothing is behind %s:%s, through which %s would go to %s", ns, r.near.Name, ns, r.next)
	}
	return w.stop(ns, NotOnLink, "", "nobody behind %s:%s has %s", ns, r.near.Name, r.next)
}

// mayHave says whether what is behind an interface that is down may be the
// next hop itself, which has lost its address with it or keeps it.
func (w *walker) mayHave(end host.End, r request) bool {
	owners, err := w.owners(r.next)
	return err == nil && (w.carries(end, r) || len(owners) == 0 && end.NS != r.near.NS)
}

func destText(p netip.Prefix) string {
	if p.Bits() == 0 {
		return "default"
	}
	return p.String()
}

// towards is where the packet goes that is followed now.
func (w *walker) towards() netip.Addr {
	if w.back {
		return w.r.Source
	}
	return w.r.Target
}

// otherDevice is an interface of the same namespace behind which the next hop
// is.
func (w *walker) otherDevice(r request) string {
	s := w.states[r.near.NS]
	for i := range s.Links {
		l := &s.Links[i]
		if l.Name == r.near.Name || l.Name == "lo" || l.Master != "" || !l.Up {
			continue
		}
		for _, n := range w.reached(l) {
			if n.end.NS != s.NS && n.bad == nil && w.carries(n.end, r) {
				return l.Name
			}
		}
	}
	return ""
}

// owners lists the interfaces that bear an address, wherever they are.
func (w *walker) owners(ip netip.Addr) ([]host.End, error) {
	names, err := w.all()
	if err != nil {
		return nil, err
	}
	var out []host.End
	for _, ns := range names {
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		s, err := w.state(ns)
		if err != nil {
			continue // gone meanwhile, or not to be looked at
		}
		for _, a := range s.Addrs {
			if a.Prefix.Addr() == ip && ns != host.Start || a.Prefix.Addr() == ip && !ip.IsLoopback() {
				out = append(out, host.End{NS: ns, Name: a.Link})
			}
		}
	}
	return out, nil
}

// apart says why the one who has an address is not on the segment: mostly a
// cable that ends beside a bridge.
func (w *walker) apart(f *flood, r request, owner host.End) error {
	l, ok := w.states[owner.NS].Link(owner.Name)
	if !ok || owner.NS == r.near.NS {
		return nil
	}
	theirs := w.flood(l)
	if err := w.beside(theirs.reached, f.bridges); err != nil {
		return err
	}
	if err := w.beside(f.reached, theirs.bridges); err != nil {
		return err
	}
	if !l.Up {
		w.r.Stop = w.downed(l)
		return errStopped
	}
	what, repair := r.next.String(), ""
	if r.route.Via.IsValid() {
		what += ", its gateway,"
	} else if gw := w.gateway(r.near.NS, r.next); gw.IsValid() {
		repair = fmt.Sprintf("in %s route add %s via %s", r.near.NS, netip.PrefixFrom(r.next, r.next.BitLen()), gw)
	}
	return w.stop(r.near.NS, NotOnLink, repair, "%s looks for %s behind %s, and it is at %s:%s, on another segment",
		r.near.NS, what, r.near.Name, owner.NS, owner.Name)
}

// beside finds an interface without a bridge in a namespace that has one of
// these.
func (w *walker) beside(ends []node, bridges map[host.End]bool) error {
	var names []host.End
	for b := range bridges {
		names = append(names, b)
	}
	slices.SortFunc(names, func(a, b host.End) int { return strings.Compare(a.NS+":"+a.Name, b.NS+":"+b.Name) })
	for _, n := range ends {
		for _, b := range names {
			if l, ok := w.states[n.end.NS].Link(n.end.Name); ok && b.NS == n.end.NS && l.Kind != "bridge" {
				return w.stop(b.NS, NotAPort, fmt.Sprintf("link set %s:%s master %s", n.end.NS, n.end.Name, b.Name),
					"%s:%s is not a port of %s", n.end.NS, n.end.Name, b.Name)
			}
		}
	}
	return nil
}
