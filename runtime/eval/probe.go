package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/path"
	"vnet/runtime/value"
)

// A target is where packets of a check go: a namespace, an interface or an
// address, and its addresses.
type target struct {
	arg
	ns    string // "" for an address alone
	addrs []netip.Addr
	text  string
}

// pairs works out the two sides of an arrow: every namespace on the left with
// every target on the right, itself left out where there are several.
func (t *thread) pairs(from, to ast.Expr) ([]string, [][]target, error) {
	left, err := t.flat(from)
	if err != nil {
		return nil, nil, err
	}
	right, err := t.flat(to)
	if err != nil {
		return nil, nil, err
	}
	spaces := make([]string, len(left))
	targets := make([][]target, len(left))
	for i, a := range left {
		if spaces[i], err = t.existingSpace(a); err != nil {
			return nil, nil, err
		}
		for _, b := range right {
			if len(left)+len(right) > 2 && a.v.String() == b.v.String() {
				continue
			}
			tgt, err := t.target(spaces[i], b)
			if err != nil {
				return nil, nil, err
			}
			targets[i] = append(targets[i], tgt)
		}
	}
	return spaces, targets, nil
}

// target finds the addresses behind the right side of an arrow.
func (t *thread) target(from string, a arg) (target, error) {
	tgt := target{arg: a, text: a.v.String()}
	if value.IsUnknown(a.v) {
		return tgt, value.ErrUnknown
	}
	if ip, err := value.AsIP(a.v); err == nil {
		tgt.addrs = []netip.Addr{ip}
		return tgt, nil
	}
	if _, ok := a.v.(value.CIDR); ok {
		p, _ := value.AsCIDR(a.v)
		tgt.addrs = []netip.Addr{p.Addr()}
		return tgt, nil
	}
	if e, ok := a.v.(value.End); ok {
		if err := t.mustExist(e.NS, a.at); err != nil {
			return tgt, err
		}
		tgt.ns = e.NS
		tgt.addrs = t.addrsOf(host.End{NS: e.NS, Name: e.If})
	} else {
		ns, err := t.existingSpace(a)
		if err != nil {
			return tgt, err
		}
		tgt.ns = ns
		tgt.addrs, err = t.cfg.Net.Target(from, ns)
		if errors.Is(err, host.ErrUnknown) {
			return tgt, t.later(err)
		}
	}
	if len(tgt.addrs) == 0 {
		return tgt, t.fail(diag.NoTarget, a.at, "`%s` has no address that %s could reach", tgt.text, spaceName(from)).
			help("give it one: addr add %s 10.0.0.2/24", endExample(tgt.text))
	}
	return tgt, nil
}

// later gives a rehearsal's answer to what only the run knows.
func (t *thread) later(err error) error {
	if t.cfg.Rehearse {
		return value.ErrUnknown
	}
	return err
}

func endExample(text string) string {
	if strings.Contains(text, ":") {
		return text
	}
	return text + ":eth0"
}

// addrsOf are the addresses of an interface that packets can be sent to: the
// first of each family that is not link-local.
func (t *thread) addrsOf(e host.End) []netip.Addr {
	state, err := t.cfg.Net.State(t.ctx, e.NS)
	if err != nil {
		return nil
	}
	var v4, v6 []netip.Addr
	for _, a := range state.Addrs {
		ip := a.Prefix.Addr()
		switch {
		case a.Link != e.Name || ip.IsLinkLocalUnicast():
		case ip.Is4():
			v4 = append(v4, ip)
		default:
			v6 = append(v6, ip)
		}
	}
	return slices.Concat(v4[:min(1, len(v4))], v6[:min(1, len(v6))])
}

// A limit is a comparison in a ping: loss < 5%, rtt < 10ms.
type limit struct {
	op    string
	bound value.Value
	at    token.Span
}

func (t *thread) limit(o *ast.Option) (*limit, error) {
	if o == nil {
		return nil, nil
	}
	op, at, err := t.text(o.Args[0])
	if err != nil {
		return nil, err
	}
	a, err := t.one(o.Args[1])
	if err != nil {
		return nil, err
	}
	if o.Name == "loss" {
		p, err := value.AsPercent(a.v)
		return &limit{op, value.Percent{P: p}, at}, t.wrong(a.at, err)
	}
	d, err := value.AsDuration(a.v)
	return &limit{op, value.NewDuration(d), at}, t.wrong(a.at, err)
}

// holds compares what was measured with the limit.
func (l *limit) holds(v value.Value) bool {
	got, err := value.Binary(l.op, v, l.bound)
	return err == nil && got == value.Bool(true)
}

func (t *thread) pings(c *ast.Ping) ([]probe, error) {
	echo := host.Echo{Count: 1, Size: 56, Timeout: probeTimeout, Interval: 20 * time.Millisecond}
	for _, o := range c.Opts {
		if o.Name != "count" && o.Name != "size" {
			continue
		}
		a, err := t.one(o.Args[0])
		if err != nil {
			return nil, err
		}
		read, low, high := value.AsInt, int64(1), int64(100000)
		if o.Name == "size" {
			read, low, high = value.AsSize, 0, 65507
		}
		n, err := read(a.v)
		if err != nil {
			return nil, t.wrong(a.at, err)
		}
		if n < low || n > high {
			return nil, t.fail(diag.OutOfBounds, a.at, "%s is from %d to %d", o.Name, low, high)
		}
		if o.Name == "count" {
			echo.Count = int(n)
		} else {
			echo.Size = int(n)
		}
	}
	loss, err := t.limit(c.Opts.Get("loss"))
	if err != nil {
		return nil, err
	}
	rtt, err := t.limit(c.Opts.Get("rtt"))
	if err != nil {
		return nil, err
	}
	spaces, targets, err := t.pairs(c.From, c.To)
	if err != nil {
		return nil, err
	}
	var out []probe
	for i, ns := range spaces {
		for _, tgt := range targets[i] {
			for _, addr := range tgt.addrs {
				e := echo
				e.NS, e.To = ns, addr
				out = append(out, probe{"ping " + ns + " -> " + tgt.text, t.pingOnce(e, loss, rtt),
					&path.Query{From: ns, To: tgt.ns, Addr: addr, Size: e.Size + headers(addr)}})
			}
		}
	}
	return out, nil
}

// headers is how many bytes stand before the payload of an echo request.
func headers(to netip.Addr) int {
	const ipv4, ipv6, icmp = 20, 40, 8
	if to.Is6() {
		return ipv6 + icmp
	}
	return ipv4 + icmp
}

func (t *thread) pingOnce(e host.Echo, loss, rtt *limit) func(context.Context) (verdict, error) {
	return func(ctx context.Context) (verdict, error) {
		e := e
		e.Timeout = patience(ctx, e.Timeout)
		rep, err := t.cfg.Host.Ping(ctx, e)
		if err != nil {
			return verdict{}, t.notMeasured(err)
		}
		return judgePing(e, rep, loss, rtt), nil
	}
}

// notMeasured is a check that could not be carried out at all.
func (t *thread) notMeasured(err error) error {
	var e *host.Error
	if !errors.As(err, &e) {
		return err
	}
	d := diag.New(codeOf(e.Errno), token.Span{}, "%s", e.Error())
	d.Kernel = e.Words()
	return &Failure{Diag: d, Cause: err}
}

func judgePing(e host.Echo, rep host.EchoReport, loss, rtt *limit) verdict {
	lost := 100 * float64(rep.Sent-rep.Received) / float64(max(rep.Sent, 1))
	if loss == nil && rep.Received < rep.Sent || rep.Received == 0 && rtt != nil || rep.Sent == 0 {
		if rep.Sent > 1 {
			return verdict{why: fmt.Sprintf("%d of %d requests to %s without an answer: %s", rep.Sent-rep.Received, rep.Sent, e.To, rep.Why)}
		}
		return verdict{why: cmp.Or(rep.Why, fmt.Sprintf("no answer from %s", e.To))}
	}
	if loss != nil && !loss.holds(value.Percent{P: lost}) {
		return verdict{why: fmt.Sprintf("the loss to %s is %.3g%%", e.To, lost)}
	}
	if rtt != nil {
		slowest := slices.Max(rep.RTT)
		if !rtt.holds(value.NewDuration(slowest)) {
			return verdict{why: fmt.Sprintf("the slowest answer from %s took %s", e.To, slowest)}
		}
	}
	return verdict{holds: true, why: fmt.Sprintf("%s answers", e.To)}
}

func (t *thread) dials(c *ast.Dial) ([]probe, error) {
	port, at, err := t.number(c.Port)
	if err != nil {
		return nil, err
	}
	if port < 1 || port > 65535 {
		return nil, t.fail(diag.OutOfBounds, at, "a port is from 1 to 65535, and this is %d", port)
	}
	spaces, targets, err := t.pairs(c.From, c.To)
	if err != nil {
		return nil, err
	}
	var out []probe
	for i, ns := range spaces {
		for _, tgt := range targets[i] {
			for _, addr := range tgt.addrs {
				d := host.Dial{NS: ns, Proto: c.Proto, To: netip.AddrPortFrom(addr, uint16(port)), Timeout: probeTimeout}
				what := fmt.Sprintf("%s %s -> %s port %d", c.Proto, ns, tgt.text, port)
				out = append(out, probe{what, t.dialOnce(d), &path.Query{From: ns, To: tgt.ns, Addr: addr, Port: int(port), UDP: c.Proto == "udp"}})
			}
		}
	}
	return out, nil
}

func (t *thread) dialOnce(d host.Dial) func(context.Context) (verdict, error) {
	return func(ctx context.Context) (verdict, error) {
		d := d
		d.Timeout = patience(ctx, d.Timeout)
		err := t.cfg.Host.Connect(ctx, d)
		switch {
		case err == nil:
			return verdict{holds: true, why: fmt.Sprintf("%s answers", d.To)}, nil
		case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
			return verdict{}, t.notMeasured(err)
		}
		why := plainError(err)
		if !strings.Contains(why, d.To.Addr().String()) {
			why = d.To.String() + ": " + why
		}
		return verdict{why: why}, nil
	}
}

func plainError(err error) string {
	var e *host.Error
	if errors.As(err, &e) {
		if e.Kernel != "" {
			return e.Kernel
		}
		return e.Errno.Error()
	}
	return err.Error()
}

// paths compares the routers that packets pass with those that are wanted, in
// their order and without others between.
func (t *thread) paths(c *ast.Path) ([]probe, error) {
	via, err := t.flat(c.Via...)
	if err != nil {
		return nil, err
	}
	want := make([]string, len(via))
	for i, a := range via {
		if want[i], err = value.AsText(a.v); err != nil {
			return nil, t.wrong(a.at, err)
		}
		if _, ipErr := value.AsIP(a.v); ipErr != nil {
			if _, err := t.existingSpace(a); err != nil {
				return nil, err
			}
		}
	}
	spaces, targets, err := t.pairs(c.From, c.To)
	if err != nil {
		return nil, err
	}
	var out []probe
	for i, ns := range spaces {
		for _, tgt := range targets[i] {
			for _, addr := range tgt.addrs {
				out = append(out, probe{what: "path " + ns + " -> " + tgt.text, once: t.traceOnce(ns, addr, want)})
			}
		}
	}
	return out, nil
}

func (t *thread) traceOnce(ns string, addr netip.Addr, want []string) func(context.Context) (verdict, error) {
	return func(ctx context.Context) (verdict, error) {
		hops, err := t.cfg.Host.Trace(ctx, ns, addr)
		if err != nil {
			var e *host.Error
			if errors.As(err, &e) && (e.Errno == syscall.EPERM || e.Errno == syscall.EACCES) {
				return verdict{}, t.notMeasured(err)
			}
			return verdict{why: plainError(err)}, nil
		}
		arrived := len(hops) > 0 && hops[len(hops)-1] == addr
		if arrived {
			hops = hops[:len(hops)-1]
		}
		way := make([]string, len(hops))
		holds := arrived && len(hops) == len(want)
		for i, h := range hops {
			way[i] = t.hopName(h)
			holds = holds && (want[i] == way[i] || want[i] == h.String())
		}
		why := "the way is " + strings.Join(append(way, addr.String()), " -> ")
		if !arrived {
			why = "packets do not arrive; they come as far as " + strings.Join(append([]string{ns}, way...), " -> ")
		}
		return verdict{holds: holds, why: why}, nil
	}
}

// hopName is the namespace a router's answer came from, or its address.
func (t *thread) hopName(a netip.Addr) string {
	if !a.IsValid() {
		return "*"
	}
	if end, ok := t.cfg.Net.Owner(a); ok {
		return end.NS
	}
	return a.String()
}

func (t *thread) routesTo(c *ast.RouteTo) ([]probe, error) {
	spaces, err := t.flat(c.NS)
	if err != nil {
		return nil, err
	}
	dest, err := t.one(c.Dest)
	if err != nil {
		return nil, err
	}
	var want netip.Prefix
	isDefault := dest.v.String() == "default"
	if !isDefault {
		if want, err = value.AsPrefixOrIP(dest.v); err != nil {
			return nil, t.wrong(dest.at, err)
		}
	}
	var out []probe
	for _, a := range spaces {
		ns, err := t.existingSpace(a)
		if err != nil {
			return nil, err
		}
		var via netip.Addr
		if c.Via != nil {
			in := *t
			in.space = ns
			if via, _, err = in.via(c.Via, where{}, isDefault, want.IsValid() && want.Addr().Is6()); err != nil {
				return nil, err
			}
		}
		dev := ""
		if o := c.Opts.Get("dev"); o != nil {
			in := *t
			in.space = ns
			e, err := in.device(o.Args[0])
			if err != nil {
				return nil, err
			}
			dev = e.Name
		}
		what := fmt.Sprintf("route %s -> %s", ns, dest.v)
		as := func(r host.Route) bool {
			return (!via.IsValid() || r.Via == via) && (dev == "" || r.Dev == dev)
		}
		out = append(out, probe{what: what, once: t.routeOnce(ns, want, isDefault, as)})
	}
	return out, nil
}

// routeOnce asks for the route that a packet to the first address of the
// destination would take; for default, whether the main table has one.
func (t *thread) routeOnce(ns string, want netip.Prefix, isDefault bool, as func(host.Route) bool) func(context.Context) (verdict, error) {
	return func(ctx context.Context) (verdict, error) {
		if isDefault {
			return t.defaultOnce(ctx, ns, as)
		}
		dst := want.Masked().Addr()
		if want.Bits() < dst.BitLen()-1 {
			dst = dst.Next()
		}
		r, err := t.cfg.Host.RouteGet(ctx, ns, dst)
		if err != nil {
			return verdict{why: plainError(err)}, nil
		}
		return verdict{holds: as(r), why: "the route is " + r.String()}, nil
	}
}

func (t *thread) defaultOnce(ctx context.Context, ns string, as func(host.Route) bool) (verdict, error) {
	state, err := t.cfg.Host.State(ctx, ns)
	if err != nil {
		return verdict{}, t.notMeasured(err)
	}
	for _, r := range state.Routes {
		if r.Dest.Bits() != 0 || r.Table != 0 && r.Table != 254 {
			continue
		}
		if as(r) {
			return verdict{holds: true, why: "the route is " + r.String()}, nil
		}
	}
	return verdict{why: "there is no such default route"}, nil
}
