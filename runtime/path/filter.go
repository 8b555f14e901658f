package path

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"vnet/runtime/host"
)

// A packet is what a filter sees of the one that is followed.
type packet struct {
	in, out  string
	src, dst netip.Addr
}

// An outcome is what a chain does with a packet. Unsure: it depends on what is
// not read here.
type outcome int

const (
	goesOn outcome = iota
	accepted
	dropped
	unsure
)

// The bits of a connection's state as nf_tables shows them
// (NF_CT_STATE_BIT, linux/netfilter/nf_conntrack_common.h).
const (
	ctEstablished = 1 << 1
	ctNew         = 1 << 3
)

// filters looks what the packet filter of a namespace does with a packet at a
// hook, in the order of its chains.
func (w *walker) filters(ns, hook string, p packet) error {
	if w.inspect == nil {
		return nil
	}
	chains, err := w.inspect.Chains(w.ctx, ns)
	if err != nil {
		w.doubt(ns, Filtered, "", "the packet filter of %s cannot be looked at: %s", ns, err)
		return nil
	}
	chains = slices.Clone(chains)
	slices.SortStableFunc(chains, func(a, b host.Chain) int { return a.Prio - b.Prio })
	for _, c := range chains {
		if c.Hook != hook || !ours(c.Family, p.dst) {
			continue
		}
		if c.Type == "nat" {
			if len(c.Rules) > 0 {
				w.nat = true
			}
			continue
		}
		if err := w.base(ns, chains, c, p); err != nil {
			return err
		}
	}
	return nil
}

func ours(family string, dst netip.Addr) bool {
	return family == "inet" || family == "ip" && dst.Is4() || family == "ip6" && dst.Is6()
}

// base carries out a base chain.
func (w *walker) base(ns string, all []host.Chain, c host.Chain, p packet) error {
	e := &evaluation{w: w, all: all, p: p}
	got := e.chain(c, 0)
	if got == goesOn && c.Policy == "drop" {
		got = dropped
		if e.unread {
			got = unsure
		}
		e.by, e.rule = &c, nil
	}
	where := fmt.Sprintf("the chain %s %s %s of %s", c.Family, c.Table, c.Name, ns)
	switch {
	case got == dropped && e.rule == nil:
		return w.stop(ns, Filtered, acceptance(ns, c, p), "%s drops it: its policy is drop, and no rule accepts the packet", where)
	case got == dropped:
		return w.stop(ns, Filtered, removal(ns, e.by, e.rule), "a rule of %s %ss it (handle %d)", where, e.rule.Verdict, e.rule.Handle)
	case got == unsure && e.rule == nil:
		w.doubt(ns, Filtered, acceptance(ns, c, p), "%s has the policy drop; whether one of its rules accepts the packet is not known", where)
	case got == unsure:
		w.doubt(ns, Filtered, removal(ns, e.by, e.rule), "%s has a rule that may %s it (handle %d)", where, e.rule.Verdict, e.rule.Handle)
	case e.doubted != nil:
		w.doubt(ns, Filtered, "", "%s has a rule that may drop it (handle %d)", where, e.doubted.Handle)
	}
	return nil
}

// The repairs are commands of nft(8): the filter is not the language's.
func acceptance(ns string, c host.Chain, p packet) string {
	key := "ip"
	if p.dst.Is6() {
		key = "ip6"
	}
	return fmt.Sprintf("exec in %s nft insert rule %s %s %s %s daddr %s accept", ns, c.Family, c.Table, c.Name, key, p.dst)
}

func removal(ns string, c *host.Chain, r *host.ChainRule) string {
	return fmt.Sprintf("exec in %s nft delete rule %s %s %s handle %d", ns, c.Family, c.Table, c.Name, r.Handle)
}

// An evaluation carries out the rules of a base chain and those it jumps to.
type evaluation struct {
	w       *walker
	all     []host.Chain
	p       packet
	by      *host.Chain
	rule    *host.ChainRule // that decided
	unread  bool            // a rule that may have decided was passed
	doubted *host.ChainRule // the first that may have dropped it
}

const mostJumps = 16 // NFT_JUMP_STACK_SIZE

func (e *evaluation) chain(c host.Chain, depth int) outcome {
	if depth > mostJumps {
		return goesOn
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		holds, known := e.matches(r.Match)
		if !holds && known || r.Verdict == "" {
			continue
		}
		if !known {
			e.unread = true
			if e.doubted == nil && slices.Contains([]string{"drop", "reject", "jump", "goto"}, r.Verdict) {
				e.doubted = r
			}
			continue
		}
		switch r.Verdict {
		case "accept", "queue":
			return accepted
		case "drop", "reject":
			e.by, e.rule = &c, r
			if e.unread {
				return unsure
			}
			return dropped
		case "return":
			return goesOn
		case "jump", "goto":
			got := e.jump(c, r.To, depth)
			if got != goesOn || r.Verdict == "goto" {
				return got
			}
		}
	}
	return goesOn
}

func (e *evaluation) jump(from host.Chain, to string, depth int) outcome {
	for _, c := range e.all {
		if c.Family == from.Family && c.Table == from.Table && c.Name == to {
			return e.chain(c, depth+1)
		}
	}
	return goesOn
}

// matches reports whether all of them hold; where one does not for sure, the
// rest do not matter.
func (e *evaluation) matches(list []host.ChainMatch) (holds, known bool) {
	holds, known = true, true
	for _, m := range list {
		v := e.field(m)
		if v == nil {
			known = false
			continue
		}
		if len(m.Mask) > 0 {
			v = masked(v, m.Mask)
		}
		n := min(len(m.Value), len(v))
		if bytes.Equal(v[:n], m.Value[:n]) == m.Not {
			return false, true
		}
	}
	return holds, known
}

func masked(v, mask []byte) []byte {
	out := make([]byte, len(v))
	for i := range out {
		if i < len(mask) {
			out[i] = v[i] & mask[i]
		}
	}
	return out
}

// field is what the packet has where a match looks; nil: not known.
func (e *evaluation) field(m host.ChainMatch) []byte {
	udpOrTCP := e.w.q.Port != 0
	switch m.Field {
	case "iifname":
		return deviceName(e.p.in)
	case "oifname":
		return deviceName(e.p.out)
	case "saddr":
		return sameFamily(e.p.src, m.Value)
	case "daddr":
		return sameFamily(e.p.dst, m.Value)
	case "nfproto":
		if e.p.dst.Is6() {
			return []byte{10}
		}
		return []byte{2}
	case "l4proto":
		switch {
		case e.w.q.UDP:
			return []byte{17}
		case udpOrTCP:
			return []byte{6}
		case e.p.dst.Is6():
			return []byte{58}
		}
		return []byte{1}
	case "icmptype":
		return e.echoType()
	case "ctstate":
		bits := uint32(ctNew)
		if e.w.back {
			bits = ctEstablished
		}
		return binary.NativeEndian.AppendUint32(nil, bits)
	case "dport", "sport":
		if udpOrTCP && (m.Field == "dport") != e.w.back {
			return binary.BigEndian.AppendUint16(nil, uint16(e.w.q.Port))
		}
	}
	return nil
}

// echoType is the type of an echo request or reply (RFC 792, RFC 4443).
func (e *evaluation) echoType() []byte {
	switch {
	case e.w.q.Port != 0:
		return nil
	case e.p.dst.Is6() && e.w.back:
		return []byte{129}
	case e.p.dst.Is6():
		return []byte{128}
	case e.w.back:
		return []byte{0}
	}
	return []byte{8}
}

func deviceName(name string) []byte {
	b := make([]byte, 16)
	copy(b, name)
	return b
}

func sameFamily(ip netip.Addr, like []byte) []byte {
	if !ip.IsValid() || ip.BitLen()/8 < len(like) {
		return nil
	}
	return ip.AsSlice()
}
