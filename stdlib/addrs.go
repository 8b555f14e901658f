package stdlib

import (
	"crypto/sha256"
	"net/netip"

	"vnet/lang/diag"
	"vnet/runtime/value"
)

func subnets(c *Call) (value.Value, error) {
	var net netip.Prefix
	var bits int64
	if err := c.Unpack(&net, &bits); err != nil {
		return nil, err
	}
	// Anything outside of int's range is outside of an address as well.
	p, err := value.NewPool(net, int(max(-1, min(bits, 129))))
	if err != nil {
		return nil, err
	}
	return p, nil
}

// next takes from a pool; it is the one built-in that changes something.
func next(c *Call) (value.Value, error) {
	var v value.Value
	if err := c.Unpack(&v); err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case value.Unknown:
		return x, nil
	case *value.Pool:
		got, err := x.Next()
		if err != nil {
			return nil, err
		}
		return got, nil
	case value.Text:
		v = value.Parse(x.S)
	}
	switch v.(type) {
	case value.IP, value.CIDR, value.MAC:
		return value.Binary("+", v, value.NewInt(1))
	}
	return nil, value.Errorf(diag.WrongKind, "`%s` is %s, and nothing comes next", value.Show(v), v.Kind().A()).
		WithHelp("take from a pool, as in: let p = subnets(10.0.0.0/16, 24), then next($p)")
}

func host(c *Call) (value.Value, error) {
	var net netip.Prefix
	var n int64
	if err := c.Unpack(&net, &n); err != nil {
		return nil, err
	}
	p, err := value.Host(net, n)
	return value.NewCIDR(p), err
}

func peer(c *Call) (value.Value, error) {
	var addr netip.Prefix
	if err := c.Unpack(&addr); err != nil {
		return nil, err
	}
	p, err := value.Peer(addr)
	return value.NewCIDR(p), err
}

func toIP(c *Call) (value.Value, error) {
	var v value.Value
	if err := c.Unpack(&v); err != nil {
		return nil, err
	}
	if p, err := value.AsCIDR(v); err == nil {
		return value.NewIP(p.Addr()), nil
	}
	a, err := value.AsIP(v)
	return value.NewIP(a), err
}

func cidr(c *Call) (value.Value, error) {
	var v value.Value
	bits := int64(-1)
	if err := c.Unpack(&v, &bits); err != nil {
		return nil, err
	}
	if len(c.bound[1].args) == 0 {
		p, err := value.AsCIDR(v)
		return value.NewCIDR(p), err
	}
	p, err := value.AsPrefixOrIP(v)
	if err != nil {
		return nil, err
	}
	if bits < 0 || bits > int64(p.Addr().BitLen()) {
		return nil, &ArgError{c.bound[1].args[0], value.Errorf(diag.OutOfBounds, "`%d` is not a prefix length", bits).
			WithHelp("it is from 0 to %d here", p.Addr().BitLen())}
	}
	return value.NewCIDR(netip.PrefixFrom(p.Addr(), int(bits))), nil
}

// toMAC keeps a MAC address as it is; a number is put in as such, so that
// mac(1) can be told by its looks, and anything else is hashed.
func toMAC(c *Call) (value.Value, error) {
	var v value.Value
	if err := c.Unpack(&v); err != nil {
		return nil, err
	}
	if m, err := value.AsMAC(v); err == nil {
		return value.MAC{Addr: m}, nil
	}
	if n, ok := v.(value.Int); ok && n.N >= 0 && n.N < 1<<40 {
		return value.Binary("+", value.MAC{Addr: [6]byte{2}}, n)
	}
	s, err := value.AsText(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte("vnet mac " + s))
	m := value.MAC{Addr: [6]byte(sum[:6])}
	m.Addr[0] = m.Addr[0]&^1 | 2 // one device, locally administered
	return m, nil
}
