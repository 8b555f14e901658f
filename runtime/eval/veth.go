package eval

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"vnet/lang/ast"
	"vnet/lang/diag"
	"vnet/lang/name"
	"vnet/lang/token"
	"vnet/runtime/host"
	"vnet/runtime/value"
)

// A side is one end of a cable once its words are worked out.
type side struct {
	host.End
	at     token.Span // the word that names the end
	bridge string     // the bridge it becomes a port of, or ""
	chosen bool       // its name is vnet's choice
	addrs  []address
	mac    string
	macAt  token.Span
}

// An address is an address with the word that wrote it.
type address struct {
	prefix netip.Prefix
	at     token.Span
}

func (t *thread) veth(s *ast.Veth) error {
	a, errA := t.side(s.A)
	if errA != nil && !t.cfg.Rehearse {
		return errA
	}
	b, errB := t.side(s.B)
	if err := t.both(errA, errB); err != nil {
		return err
	}
	t.nameEnds(&a, &b)
	add := host.LinkAdd{Link: a.link(), Peer: new(b.link())}
	w := where{
		host.FieldName: a.at, host.FieldNS: a.at, host.FieldAddr: a.at, host.FieldMaster: a.at,
		host.FieldPeer: b.at, host.FieldPeerNS: b.at, host.FieldMAC: a.macAt,
	}
	if a.bridge == "" && b.bridge != "" {
		w[host.FieldMaster] = b.at
	}
	for _, o := range s.Opts {
		if err := t.cable(o, &add, &a, &b, w); err != nil {
			return err
		}
	}
	if err := t.do(s.Span, add, w); err != nil {
		return err
	}
	errA = t.addAddrs(s.Span, a.End, a.addrs)
	if errA != nil && !t.cfg.Rehearse {
		return errA
	}
	return t.both(errA, t.addAddrs(s.Span, b.End, b.addrs))
}

// both gives one of two errors; a rehearsal notes the other.
func (t *thread) both(a, b error) error {
	if a != nil && b != nil {
		if errors.Is(a, errTold) || errors.Is(a, value.ErrUnknown) {
			return b
		}
		t.note(a)
		return b
	}
	if a != nil {
		return a
	}
	return b
}

func (s side) link() host.Link {
	return host.Link{NS: s.NS, Name: s.Name, Kind: "veth", MAC: s.mac, Master: s.bridge, Up: true}
}

// side works out one end of a cable: what it is, its addresses, its options.
func (t *thread) side(s ast.Side) (side, error) {
	out, err := t.sideEnd(s.End)
	if err != nil {
		return out, err
	}
	if out.addrs, err = t.addresses(s.Addrs); err != nil {
		return out, err
	}
	for _, o := range s.Opts {
		switch o.Name {
		case "as":
			err = t.sidePort(&out, o)
		case "mac":
			out.mac, out.macAt, err = t.mac(o.Args[0])
		default:
			err = t.notYet(o)
		}
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// sideEnd decides what the word of an end means: an interface, a bridge whose
// port it becomes, or a namespace in which the interface's name is chosen.
func (t *thread) sideEnd(x ast.Expr) (side, error) {
	if ns, at, ok := t.bareSpace(x); ok {
		return side{End: host.End{NS: ns}, at: at, chosen: true}, nil
	}
	e, err := t.end(x)
	if err != nil {
		return side{}, err
	}
	out := side{End: e.End, at: e.at}
	if t.cfg.Net.IsBridge(e.NS, e.Name) {
		out.bridge, out.chosen = e.Name, true
		return out, nil
	}
	bare := t.isBare(x)
	if bare && e.Name == host.Start {
		return out, t.fail(diag.BadName, e.at, "`host` alone is no interface").help("name the interface: host:veth0")
	}
	if err := t.nearMiss(e, bare); err != nil {
		return out, err
	}
	if err := name.Link(e.Name); err != nil {
		return out, t.badName(e.name, err)
	}
	return out, nil
}

// bareSpace is the namespace that a word alone names, which may be longer than
// an interface's name. A bridge of that name goes first.
func (t *thread) bareSpace(x ast.Expr) (ns string, at token.Span, ok bool) {
	a, err := t.one(x)
	if err != nil {
		return "", a.at, false
	}
	text, err := value.AsText(a.v)
	// Last what takes a look at a whole namespace.
	if err != nil || text == host.Start || !t.isBare(x) || !t.cfg.Net.Known(text) || t.cfg.Net.IsBridge(t.space, text) {
		return "", a.at, false
	}
	return text, a.at, true
}

// isBare reports whether a word names no namespace of its own.
func (t *thread) isBare(x ast.Expr) bool {
	v, err := t.eval(x)
	if err != nil {
		return false
	}
	_, err = value.AsEnd(v)
	return err != nil
}

// nearMiss reports an end that is almost a bridge or, alone, almost a
// namespace: a new interface of such a name is hardly meant.
func (t *thread) nearMiss(e endpoint, bare bool) error {
	if t.cfg.Rehearse && (t.isSilenced(e.Name) || t.isSilenced(e.String())) {
		return nil
	}
	if near, ok := name.Near(e.Name, t.cfg.Net.Bridges(e.NS)); ok && slips(e.Name, near) {
		return t.fail(diag.UnknownLink, e.at, "no bridge `%s` in %s", e.Name, spaceName(e.NS)).help("did you mean `%s`?", near)
	}
	if !bare {
		return nil
	}
	if near, ok := name.Near(e.Name, t.madeSpaces()); ok && slips(e.Name, near) {
		f := t.fail(diag.UnknownNamespace, e.at, "no namespace `%s`", e.Name)
		f.Diag.WithLabel("not created before this line")
		return f.help("did you mean `%s`? for a new interface here, write host:%s", near, e.Name)
	}
	return nil
}

// slips reports whether two names differ by more than their numbers: eth1 is
// not a misspelt eth0.
func slips(a, b string) bool {
	letters := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, s)
	}
	return letters(a) != letters(b)
}

func (t *thread) sidePort(s *side, o *ast.Option) error {
	a, err := t.one(o.Args[0])
	if err != nil {
		return err
	}
	text, err := value.AsText(a.v)
	if err != nil {
		return t.wrong(a.at, err)
	}
	if s.bridge == "" && s.Name == "" {
		return t.fail(diag.PortWithoutBridge, o.Span, "`as %s` names a port, and `%s` is a namespace", name.Quote(text), s.NS).
			help("name the interface: %s:%s", s.NS, name.Quote(text))
	}
	if s.bridge == "" {
		return t.fail(diag.PortWithoutBridge, o.Span, "`as %s` names a port, and `%s` is no bridge", name.Quote(text), s.Name).
			help("make the bridge first: bridge %s", s.Name)
	}
	if err := name.Link(text); err != nil {
		return t.badName(a.at, err)
	}
	s.Name, s.chosen, s.at = text, false, a.at
	return nil
}

// nameEnds chooses the names that were left open: eth0, eth1 … in a
// namespace, h1-eth0 for the port of a bridge that leads there.
func (t *thread) nameEnds(a, b *side) {
	if a.chosen && a.bridge == "" {
		a.Name = t.cfg.Net.FreeName(a.NS, "eth")
	}
	if b.chosen && b.bridge == "" {
		b.Name = t.cfg.Net.FreeName(b.NS, "eth")
		if b.NS == a.NS && b.Name == a.Name {
			b.Name = t.cfg.Net.FreeName(b.NS, "veth")
		}
	}
	if a.chosen && a.bridge != "" {
		a.Name = t.portName(*a, *b)
	}
	if b.chosen && b.bridge != "" {
		b.Name = t.portName(*b, *a)
		for i := 1; b.End == a.End; i++ { // both are new, and neither is there yet
			if n := "port" + strconv.Itoa(i); !t.cfg.Net.HasLink(b.NS, n) {
				b.Name = n
			}
		}
	}
}

func (t *thread) portName(port, far side) string {
	if far.NS != host.Start && far.NS != port.NS {
		n := far.NS + "-" + far.Name
		if name.Link(n) == nil && !t.cfg.Net.HasLink(port.NS, n) {
			return n
		}
	}
	return t.cfg.Net.FreeName(port.NS, "port")
}

// cable applies an option of the whole cable.
func (t *thread) cable(o *ast.Option, add *host.LinkAdd, a, b *side, w where) error {
	switch o.Name {
	case "mtu":
		n, at, err := t.number(o.Args[0])
		if err != nil {
			return err
		}
		w[host.FieldMTU] = at
		add.Link.MTU, add.Peer.MTU = int(n), int(n)
	case "down":
		add.Link.Up, add.Peer.Up = false, false
	case "net":
		return t.cableNet(o, a, b)
	default:
		return t.notYet(o)
	}
	return nil
}

// cableNet gives the ends the first addresses of a subnet.
func (t *thread) cableNet(o *ast.Option, a, b *side) error {
	v, err := t.one(o.Args[0])
	if err != nil {
		return err
	}
	net, err := value.AsCIDR(v.v)
	if err != nil {
		return t.wrong(v.at, err)
	}
	addr := net.Masked().Addr()
	if net.Bits() < addr.BitLen()-1 {
		addr = addr.Next()
	}
	for _, s := range []*side{a, b} {
		if s.bridge != "" {
			continue
		}
		if !net.Contains(addr) {
			return t.fail(diag.OutOfBounds, v.at, "`%s` has no address for both ends", net)
		}
		s.addrs = append(s.addrs, address{netip.PrefixFrom(addr, net.Bits()), v.at})
		addr = addr.Next()
	}
	return nil
}

// addresses works out the addresses of an interface.
func (t *thread) addresses(xs []ast.Expr) ([]address, error) {
	args, err := t.flat(xs...)
	if err != nil {
		return nil, err
	}
	out := make([]address, len(args))
	for i, a := range args {
		p, err := value.AsCIDR(a.v)
		if err != nil {
			return nil, t.wrong(a.at, err)
		}
		out[i] = address{p, a.at}
	}
	return out, nil
}

func (t *thread) addAddrs(at token.Span, e host.End, addrs []address) error {
	var told error
	for _, a := range addrs {
		op := host.AddrSet{Verb: host.Add, Addr: host.Addr{NS: e.NS, Link: e.Name, Prefix: a.prefix}}
		switch err := t.do(at, op, where{host.FieldAddr: a.at}); {
		case errors.Is(err, errTold): // of a rehearsal: the others count, too
			told = err
		case err != nil:
			return err
		}
	}
	return told
}
