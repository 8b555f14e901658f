package value

import (
	"math/big"
	"net/netip"

	"vnet/lang/diag"
	"vnet/lang/literal"
)

// Host is the n-th address of the net of p, with its prefix length: 0 is the
// net's own, -1 the last.
func Host(p netip.Prefix, n int64) (netip.Prefix, error) {
	net := p.Masked()
	from := net.Addr()
	if n < 0 {
		from, n = last(net), n+1
	}
	a, ok := literal.Offset(from, big.NewInt(n))
	if !ok || !net.Contains(a) {
		size := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
		return netip.Prefix{}, Errorf(diag.NoElement, "`%s` has no address number %d", net, n).
			WithHelp("it has %s: the first is [0], the last is [-1]", size)
	}
	return netip.PrefixFrom(a, p.Bits()), nil
}

// Pair gives the addresses of the two ends of a cable in the net of p: the
// first two that a host may have.
func Pair(p netip.Prefix) (a, b netip.Prefix, err error) {
	first, last := usable(p)
	if first == last {
		return a, b, Errorf(diag.OutOfBounds, "`%s` has no room for two hosts", p).
			WithHelp("make it /%d or larger", p.Addr().BitLen()-1)
	}
	return netip.PrefixFrom(first, p.Bits()), netip.PrefixFrom(first.Next(), p.Bits()), nil
}

// Peer is the other end of the cable whose one end has the address p: the
// other of the two hosts that Pair names.
func Peer(p netip.Prefix) (netip.Prefix, error) {
	if spare := p.Addr().BitLen() - p.Bits(); spare != 1 && spare != 2 {
		return p, Errorf(diag.OutOfBounds, "`%s` has no peer: its net is not one of two hosts", p).
			WithHelp("IPv4 nets of two hosts are /30 and /31, IPv6 ones /126 and /127")
	}
	a, b, err := Pair(p)
	switch {
	case err != nil:
		return p, err
	case a == p:
		return b, nil
	case b == p:
		return a, nil
	}
	return p, Errorf(diag.OutOfBounds, "`%s` is not the address of a host", p).WithHelp("the hosts are %s and %s", a, b)
}

// usable are the first and the last address of a net that a host may have.
func usable(p netip.Prefix) (first, end netip.Addr) {
	first, end = p.Masked().Addr(), last(p)
	if p.Addr().BitLen()-p.Bits() < 2 {
		return first, end
	}
	if p.Addr().Is4() {
		end = end.Prev()
	}
	return first.Next(), end
}

func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func netmask(p netip.Prefix) netip.Addr {
	b := make([]byte, p.Addr().BitLen()/8)
	for i := range p.Bits() {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func broadcastField(c CIDR) (Value, error) {
	if !c.Prefix.Addr().Is4() {
		return nil, Errorf(diag.NoField, "`%s` has no broadcast address: IPv6 has none", c).WithHelp("its last address is .last")
	}
	if c.Prefix.Bits() > 30 {
		return nil, Errorf(diag.NoField, "`%s` has no broadcast address: all its addresses are hosts", c)
	}
	return NewIP(last(c.Prefix)), nil
}

func addIP(a IP, n *big.Int) (Value, error) {
	sum, ok := literal.Offset(a.Addr, n)
	if !ok {
		return nil, Errorf(diag.Overflow, "there is no address %s after `%s`", n, a)
	}
	return NewIP(sum), nil
}

// addCIDR goes n nets of the same size on; host bits stay.
func addCIDR(c CIDR, n *big.Int) (Value, error) {
	step := new(big.Int).Lsh(n, uint(c.Prefix.Addr().BitLen()-c.Prefix.Bits()))
	sum, ok := literal.Offset(c.Prefix.Addr(), step)
	if !ok {
		return nil, Errorf(diag.Overflow, "there is no net %s after `%s`", n, c)
	}
	return NewCIDR(netip.PrefixFrom(sum, c.Prefix.Bits())), nil
}

func subIP(a, b IP) (Value, error) {
	if a.Addr.Is4() != b.Addr.Is4() {
		return nil, Errorf(diag.WrongOperands, "`%s` and `%s` are not of one family", a, b)
	}
	d := literal.Difference(a.Addr, b.Addr)
	if !d.IsInt64() {
		return nil, Errorf(diag.Overflow, "`%s` and `%s` are too far apart for a number", a, b)
	}
	return NewInt(d.Int64()), nil
}

func addMAC(m MAC, n *big.Int) (Value, error) {
	sum := new(big.Int).Add(new(big.Int).SetBytes(m.Addr[:]), n)
	if sum.Sign() < 0 || sum.BitLen() > 48 {
		return nil, Errorf(diag.Overflow, "there is no MAC address %s after `%s`", n, m)
	}
	var out MAC
	sum.FillBytes(out.Addr[:])
	return out, nil
}
