package path

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"

	"vnet/runtime/host"
)

// maxHops is the TTL that Linux gives a packet (net.ipv4.ip_default_ttl).
const maxHops = 64

// A spot is where a packet is: a namespace, and the interface it came in by.
type spot struct{ ns, in string }

// walk follows a packet to the namespace that has dst, and returns the source
// address it bears.
func (w *walker) walk(ns string, dst, src netip.Addr) (netip.Addr, error) {
	at := spot{ns: ns}
	for range maxHops {
		w.end = at.ns
		route, err := w.route(at, dst)
		if err != nil {
			return src, err
		}
		if route.Type == "local" {
			return src, w.arrive(at, src, dst)
		}
		near, err := w.device(at.ns, route)
		if err != nil {
			return src, err
		}
		if at.in == "" && !src.IsValid() {
			if src, err = w.source(near, route, dst); err != nil {
				return src, err
			}
		}
		if err := w.leave(at, near, src, dst); err != nil {
			return src, err
		}
		next := dst
		if route.Via.IsValid() {
			next = route.Via
		}
		w.step(at.ns, "%s goes out at %s%s", dst, near.Name, viaText(route))
		far, err := w.cross(near, next, route)
		if err != nil {
			return src, err
		}
		at = spot{far.NS, far.Name}
		if err := w.received(at, src); err != nil {
			return src, err
		}
	}
	return src, w.stop(at.ns, Loop, "", "packets to %s go round in a circle: they have passed %d routers", dst, maxHops)
}

func viaText(r host.Route) string {
	if r.Via.IsValid() {
		return " via " + r.Via.String()
	}
	return ""
}

// route looks the destination up; its failure is explained by what is missing.
func (w *walker) route(at spot, dst netip.Addr) (host.Route, error) {
	s, err := w.state(at.ns)
	if err != nil {
		return host.Route{}, err
	}
	if at.in == "" {
		if l, _ := s.Link("lo"); l != nil && !l.Up && bears(s, dst) {
			return host.Route{}, w.stop(at.ns, LinkDown, "link set "+at.ns+":lo up", "lo of %s is down", at.ns)
		}
	}
	r, err := w.net.RouteGet(w.ctx, at.ns, dst)
	var e *host.Error
	switch {
	case err == nil:
		if len(r.Nexthop) > 0 {
			h := r.Nexthop[0]
			r.Via, r.Dev = h.Via, h.Dev
			w.doubt(at.ns, NoRoute, "", "%s has several ways to %s; the first is followed", at.ns, dst)
		}
		return r, nil
	case errors.Is(err, host.ErrUnknown):
		return r, errBeyond
	case !errors.As(err, &e):
		return r, err
	case e.Errno != syscall.ENETUNREACH && e.Errno != syscall.EHOSTUNREACH || w.deniedBy(s, dst) != "":
		return r, w.stop(at.ns, Denied, "", "%s has a route or rule that refuses %s%s", at.ns, dst, w.deniedBy(s, dst))
	}
	return r, w.noRoute(at, s, dst)
}

// deniedBy names the route of the main table that refuses packets to dst.
func (w *walker) deniedBy(s *host.State, dst netip.Addr) string {
	best, what := -1, ""
	for _, r := range s.Routes {
		if (r.Table == 0 || r.Table == 254) && r.Dest.Contains(dst) && r.Dest.Bits() > best {
			best, what = r.Dest.Bits(), ""
			if r.Type != "" {
				what = fmt.Sprintf(" (%s %s)", r.Type, r.Dest)
			}
		}
	}
	return what
}

// noRoute says why there is no route: a link that is down, an address that is
// missing, or simply no route.
func (w *walker) noRoute(at spot, s *host.State, dst netip.Addr) error {
	var up, down []host.Link
	for _, l := range s.Links {
		switch {
		case l.Name == "lo" || l.Master != "":
		case l.Up:
			up = append(up, l)
		default:
			down = append(down, l)
		}
	}
	for _, l := range down {
		covers := slices.ContainsFunc(s.Addrs, func(a host.Addr) bool { return a.Link == l.Name && a.Prefix.Masked().Contains(dst) })
		if covers || len(up) == 0 {
			return w.stop(at.ns, LinkDown, "link set "+at.ns+":"+l.Name+" up", "%s:%s is down", at.ns, l.Name)
		}
	}
	if len(up) == 0 {
		return w.stop(at.ns, NoRoute, "", "%s has no interface but lo", at.ns)
	}
	if !hasAddress(s, dst.Is6()) {
		l := up[0]
		return w.stop(at.ns, NoAddress, w.freeAddress(l, dst), "%s has no %s address, and so no route to %s", at.ns, family(dst), dst)
	}
	repair := ""
	if gw := w.gateway(at.ns, dst); gw.IsValid() {
		repair = fmt.Sprintf("in %s route add %s via %s", at.ns, w.net4(dst), gw)
	}
	return w.stop(at.ns, NoRoute, repair, "%s has no route to %s", at.ns, dst)
}

// net4 is the destination of the route to propose: the subnet that dst is in,
// where it is known, for it does least.
func (w *walker) net4(dst netip.Addr) string {
	if w.back || !w.r.Target.IsValid() || dst != w.r.Target {
		return w.subnetOf(dst, w.q.From)
	}
	return w.subnetOf(dst, w.q.To)
}

func (w *walker) subnetOf(dst netip.Addr, ns string) string {
	if s := w.states[ns]; s != nil {
		for _, a := range s.Addrs {
			if a.Prefix.Addr() == dst && !a.Prefix.IsSingleIP() {
				return a.Prefix.Masked().String()
			}
		}
	}
	return "default"
}

// device is the interface a route goes out at, which must be up.
func (w *walker) device(ns string, r host.Route) (*host.Link, error) {
	s, err := w.state(ns)
	if err != nil {
		return nil, err
	}
	l, ok := s.Link(r.Dev)
	if !ok {
		return nil, fmt.Errorf("the route of %s leads through `%s`, which is not there", ns, r.Dev)
	}
	if !l.Up {
		return nil, w.stop(ns, LinkDown, "link set "+ns+":"+l.Name+" up", "%s:%s is down", ns, l.Name)
	}
	return l, nil
}

// source is the address the kernel will choose: that of the route, else one of
// the interface, else any other (RFC 6724 is not followed to its end).
func (w *walker) source(l *host.Link, r host.Route, dst netip.Addr) (netip.Addr, error) {
	if r.Src.IsValid() {
		return r.Src, nil
	}
	s := w.states[l.NS]
	var here, any netip.Addr
	tentative := false
	for _, a := range s.Addrs {
		ip := a.Prefix.Addr()
		if ip.Is6() != dst.Is6() || ip.IsLinkLocalUnicast() != dst.IsLinkLocalUnicast() || ip.IsLoopback() || a.Scope == "host" {
			continue
		}
		switch {
		case a.Tentative:
			tentative = true
		case a.Link != l.Name:
			any = first(any, ip)
		case a.Prefix.Masked().Contains(dst):
			return ip, nil
		default:
			here = first(here, ip)
		}
	}
	if src := first(here, any); src.IsValid() {
		return src, nil
	}
	if tentative {
		return src0, w.stop(l.NS, Tentative, "", "the address of %s:%s may not be used yet: the kernel looks for duplicates", l.NS, l.Name)
	}
	return src0, w.stop(l.NS, NoAddress, w.freeAddress(*l, dst), "%s has no %s address to send from", l.NS, family(dst))
}

var src0 netip.Addr

func first(a, b netip.Addr) netip.Addr {
	if a.IsValid() {
		return a
	}
	return b
}

// leave is what happens to a packet before it is on the wire.
func (w *walker) leave(at spot, near *host.Link, src, dst netip.Addr) error {
	p := packet{in: at.in, out: near.Name, src: src, dst: dst}
	hook := "output"
	if at.in != "" {
		hook = "forward"
		if err := w.forwards(at); err != nil {
			return err
		}
	}
	if near.MTU > 0 && w.q.Size > near.MTU {
		return w.stop(at.ns, TooBig, fmt.Sprintf("link set %s:%s mtu %d", at.ns, near.Name, w.q.Size),
			"a packet of %d bytes does not fit through %s:%s, whose MTU is %d", w.q.Size, at.ns, near.Name, near.MTU)
	}
	if err := w.filters(at.ns, hook, p); err != nil {
		return err
	}
	return w.filters(at.ns, "postrouting", p)
}

// forwards looks whether a namespace passes on what comes in by an interface
// (ip-sysctl.rst: forwarding).
func (w *walker) forwards(at spot) error {
	what, keys := "IPv4", []string{"net.ipv4.conf." + at.in + ".forwarding", "net.ipv4.ip_forward"}
	if w.v6() {
		what, keys = "IPv6", []string{"net.ipv6.conf." + at.in + ".forwarding", "net.ipv6.conf.all.forwarding"}
	}
	// An interface's own parameter decides; the model knows only what was written.
	for _, key := range keys {
		switch w.sysctl(at.ns, key) {
		case "0":
			return w.stop(at.ns, NotRouting, "in "+at.ns+" forward on", "%s does not forward %s: %s is 0", at.ns, what, key)
		case "1", "2":
			return nil
		}
	}
	w.doubt(at.ns, NotRouting, "in "+at.ns+" forward on", "whether %s forwards %s is not known", at.ns, what)
	return nil
}

func (w *walker) v6() bool { return w.r.Target.Is6() }

// received is what happens to a packet that has come in by an interface.
func (w *walker) received(at spot, src netip.Addr) error {
	s, err := w.state(at.ns)
	if err != nil {
		return err
	}
	dst := w.r.Target
	if w.back {
		dst = w.r.Source
	}
	if err := w.filters(at.ns, "prerouting", packet{in: at.in, src: src, dst: dst}); err != nil {
		return err
	}
	if src.Is6() || !src.IsValid() {
		return nil
	}
	if bears(s, src) {
		return w.stop(at.ns, ReversePath, "", "%s has the address %s itself, and drops what comes from it", at.ns, src)
	}
	return w.reversePath(at, src)
}

// reversePath is RFC 3704 as Linux does it: the greater of conf.all and the
// interface's own counts.
func (w *walker) reversePath(at spot, src netip.Addr) error {
	key := "net.ipv4.conf." + at.in + ".rp_filter"
	all, own := w.sysctl(at.ns, "net.ipv4.conf.all.rp_filter"), w.sysctl(at.ns, key)
	mode := max(all, own)
	if mode != "1" && mode != "2" {
		return nil
	}
	if all > own {
		key = "net.ipv4.conf.all.rp_filter"
	}
	r, err := w.net.RouteGet(w.ctx, at.ns, src)
	if errors.Is(err, host.ErrUnknown) {
		return nil
	}
	through := func(h host.Nexthop) bool { return h.Dev == at.in }
	if err == nil && (mode == "2" || r.Dev == at.in || slices.ContainsFunc(r.Nexthop, through)) {
		return nil
	}
	where := "it has no route back to it"
	if err == nil {
		where = "its own way there is through " + r.Dev
	}
	return w.stop(at.ns, ReversePath, fmt.Sprintf("in %s sysctl %s = 0", at.ns, key),
		"%s drops what comes from %s by %s, since %s: rp_filter is %s", at.ns, src, at.in, where, mode)
}

// arrive is what happens to a packet whose destination is here.
func (w *walker) arrive(at spot, src, dst netip.Addr) error {
	if at.in == "" {
		w.step(at.ns, "%s is its own address", dst)
		return nil
	}
	w.step(at.ns, "%s arrives at %s", dst, at.in)
	return w.filters(at.ns, "input", packet{in: at.in, src: src, dst: dst})
}
