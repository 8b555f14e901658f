package kernel

import (
	"context"
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// Messages and attributes of nf_tables (linux/netfilter/nf_tables.h).
const (
	nftSubsystem = unix.NFNL_SUBSYS_NFTABLES << 8

	nftaChainTable, nftaChainName, nftaChainHook, nftaChainPolicy, nftaChainType = 1, 3, 4, 5, 7
	nftaHookNum, nftaHookPrio                                                    = 1, 2
	nftaRuleTable, nftaRuleChain, nftaRuleHandle, nftaRuleExprs                  = 1, 2, 3, 4
	nftaExprName, nftaExprData                                                   = 1, 2
	nftaValue, nftaVerdict                                                       = 1, 2
	nftaVerdictCode, nftaVerdictChain                                            = 1, 2
)

var (
	nftHooks    = []string{"prerouting", "input", "forward", "output", "postrouting"}
	nftFamilies = map[byte]string{1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
	nftVerdicts = map[int32]string{0: "drop", 1: "accept", 3: "queue", -3: "jump", -4: "goto", -5: "return"}
)

// Chains lists the chains of nf_tables in a namespace with their rules, asked
// of the kernel itself: what nft(8) and iptables-nft(8) have made alike.
func (h *Host) Chains(ctx context.Context, ns string) ([]host.Chain, error) {
	h.life.RLock()
	defer h.life.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sp, err := h.space(ns)
	if err != nil {
		return nil, err
	}
	var c *conn
	err = sp.at(func() (err error) {
		c, err = openFamily(unix.NETLINK_NETFILTER)
		return err
	})
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil, nil // a kernel without netfilter
	}
	if err != nil {
		return nil, err
	}
	defer c.close()
	list, err := c.dump(newMessage(nftSubsystem|unix.NFT_MSG_GETCHAIN, 0, 4), nftSubsystem|unix.NFT_MSG_NEWCHAIN)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
		return nil, nil // a kernel without nf_tables
	}
	if err != nil || len(list) == 0 {
		return nil, err
	}
	chains := make([]host.Chain, len(list))
	places := map[[3]string]int{}
	for i, b := range list {
		chains[i] = nftChain(b)
		places[[3]string{chains[i].Family, chains[i].Table, chains[i].Name}] = i
	}
	rules, err := c.dump(newMessage(nftSubsystem|unix.NFT_MSG_GETRULE, 0, 4), nftSubsystem|unix.NFT_MSG_NEWRULE)
	if err != nil {
		return nil, err
	}
	for _, b := range rules {
		a := parseAttrs(b[4:])
		if i, ok := places[[3]string{nftFamilies[b[0]], a.text(nftaRuleTable), a.text(nftaRuleChain)}]; ok {
			chains[i].Rules = append(chains[i].Rules, nftRule(a))
		}
	}
	return chains, nil
}

// be32 reads a number in the order of the net, as netfilter writes them.
func (a attrs) be32(kind int) uint32 {
	if b := a[uint16(kind)]; len(b) >= 4 {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func nftChain(b []byte) host.Chain {
	a := parseAttrs(b[4:])
	c := host.Chain{Family: nftFamilies[b[0]], Table: a.text(nftaChainTable), Name: a.text(nftaChainName), Type: a.text(nftaChainType)}
	if !a.has(nftaChainHook) {
		return c
	}
	hook := a.nest(nftaChainHook)
	if n := int(hook.be32(nftaHookNum)); n < len(nftHooks) && c.Family != "netdev" {
		c.Hook = nftHooks[n]
	}
	c.Prio, c.Policy = int(int32(hook.be32(nftaHookPrio))), "accept"
	if a.has(nftaChainPolicy) && a.be32(nftaChainPolicy) == 0 {
		c.Policy = "drop"
	}
	return c
}

func nftRule(a attrs) host.ChainRule {
	r := host.ChainRule{}
	if b := a[nftaRuleHandle]; len(b) == 8 {
		r.Handle = binary.BigEndian.Uint64(b)
	}
	d := nftReader{registers: map[uint32]host.ChainMatch{}, rule: &r}
	eachAttr(a[nftaRuleExprs], func(_ uint16, elem []byte) {
		e := parseAttrs(elem)
		d.expression(e.text(nftaExprName), e.nest(nftaExprData))
	})
	return r
}

// An nftReader reads the expressions of a rule: they load fields into
// registers, and compare those.
type nftReader struct {
	registers map[uint32]host.ChainMatch
	rule      *host.ChainRule
}

func (d *nftReader) expression(name string, a attrs) {
	switch name {
	case "meta":
		fields := map[uint32]string{4: "iif", 5: "oif", 6: "iifname", 7: "oifname", 15: "nfproto", 16: "l4proto"}
		if a.has(1) {
			d.registers[a.be32(1)] = host.ChainMatch{Field: fields[a.be32(2)]}
		}
	case "ct":
		if a.has(1) {
			d.registers[a.be32(1)] = host.ChainMatch{Field: map[uint32]string{0: "ctstate"}[a.be32(2)]}
		}
	case "payload":
		if a.has(1) {
			d.registers[a.be32(1)] = host.ChainMatch{Field: nftField(a.be32(2), a.be32(3), a.be32(4))}
		}
	case "bitwise":
		m := d.registers[a.be32(1)]
		m.Mask = a.nest(4)[nftaValue]
		for _, b := range a.nest(5)[nftaValue] {
			if b != 0 {
				m.Field = ""
			}
		}
		d.registers[a.be32(2)] = m
	case "cmp":
		m := d.registers[a.be32(1)]
		m.Value = a.nest(3)[nftaValue]
		switch a.be32(2) {
		case 0:
		case 1:
			m.Not = true
		default:
			m.Field = "" // less, greater
		}
		d.rule.Match = append(d.rule.Match, m)
	case "immediate":
		d.verdict(a)
	case "reject":
		d.rule.Verdict = "reject"
	case "target": // of xt_tables
		if a.text(1) == "REJECT" {
			d.rule.Verdict = "reject"
		}
	case "counter", "log", "notrack", "masq", "nat", "redir", "objref", "rt":
	default: // lookup, limit, match of xt_tables …
		d.rule.Match = append(d.rule.Match, host.ChainMatch{})
	}
}

// verdict reads the data of an immediate for the register of verdicts, 0.
func (d *nftReader) verdict(a attrs) {
	data := a.nest(2)
	if a.be32(1) != 0 || !data.has(nftaVerdict) {
		return
	}
	v := data.nest(nftaVerdict)
	d.rule.Verdict, d.rule.To = nftVerdicts[int32(v.be32(nftaVerdictCode))], v.text(nftaVerdictChain)
}

// nftField names a stretch of a packet: base 1 is the network header (RFC 791,
// RFC 8200), 2 the transport header.
func nftField(base, offset, size uint32) string {
	switch [3]uint32{base, offset, size} {
	case [3]uint32{1, 12, 4}, [3]uint32{1, 8, 16}:
		return "saddr"
	case [3]uint32{1, 16, 4}, [3]uint32{1, 24, 16}:
		return "daddr"
	case [3]uint32{2, 0, 1}:
		return "icmptype"
	case [3]uint32{2, 0, 2}:
		return "sport"
	case [3]uint32{2, 2, 2}:
		return "dport"
	}
	switch { // a prefix of whole bytes is compared by as many
	case base == 1 && offset == 12 && size < 4, base == 1 && offset == 8 && size > 4 && size < 16:
		return "saddr"
	case base == 1 && offset == 16 && size < 4, base == 1 && offset == 24 && size < 16:
		return "daddr"
	}
	return ""
}

// portStates are the states of a bridge's ports (linux/if_bridge.h).
var portStates = [...]string{"disabled", "listening", "learning", "forwarding", "blocking"}

// PortState is the state of a port of a bridge; empty for what is none.
func (h *Host) PortState(ctx context.Context, port host.End) (string, error) {
	const slaveData, brportState = 5, 1 // IFLA_INFO_SLAVE_DATA, IFLA_BRPORT_STATE
	h.life.RLock()
	defer h.life.RUnlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	sp, err := h.space(port.NS)
	if err != nil {
		return "", err
	}
	l, err := sp.link(port.Name)
	if err != nil || l == nil {
		return "", err
	}
	data := parseAttrs(l.raw[unix.SizeofIfInfomsg:]).nest(unix.IFLA_LINKINFO).nest(slaveData)
	if state := data.u8(brportState); data.has(brportState) && state < len(portStates) {
		return portStates[state], nil
	}
	return "", nil
}
