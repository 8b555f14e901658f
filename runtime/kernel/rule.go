package kernel

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"vnet/lang/name"
	"vnet/runtime/host"
)

// Actions and flags of rules (linux/fib_rules.h).
const (
	ruleToTable = 1
	ruleInvert  = 2
)

var ruleActions = map[string]uint8{
	"":            ruleToTable,
	"blackhole":   6,
	"unreachable": 7,
	"prohibit":    8,
}

// ruleSet adds or removes a routing policy rule (ip-rule(8)). The kernel takes
// a priority of 0 to mean one less than the lowest but that of rule 0.
func (q *queue) ruleSet(op host.RuleSet) error {
	sp, err := q.h.space(op.Rule.NS)
	if err != nil {
		return err
	}
	switch op.Verb {
	case host.Add:
		m, err := ruleMessage(unix.RTM_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, op.Rule)
		if err != nil {
			return err
		}
		m.explain = explainRule(op.Rule)
		q.push(sp, m)
		q.undo(host.RuleSet{Verb: host.Del, Rule: op.Rule})
		return nil
	case host.Del:
		return q.ruleDel(sp, op.Rule)
	}
	return fmt.Errorf("rule %s: no such verb", op.Verb)
}

func (q *queue) ruleDel(sp *space, r host.Rule) error {
	if err := q.flush(); err != nil {
		return err
	}
	rules, err := sp.rules()
	if err != nil {
		return err
	}
	m, err := ruleMessage(unix.RTM_DELRULE, 0, r)
	if err != nil {
		return err
	}
	m.explain = explainRule(r)
	var back []host.Op
	for _, old := range rules {
		if ruleMatches(r, old) {
			back = []host.Op{host.RuleSet{Verb: host.Add, Rule: old}}
			break
		}
	}
	return q.change(sp, m, back...)
}

func ruleMatches(want, r host.Rule) bool {
	return want.Family == r.Family && want.Not == r.Not &&
		(want.Priority == 0 || want.Priority == r.Priority) &&
		(want.Table == 0 || want.Table == r.Table) &&
		(want.Action == r.Action) &&
		want.From == r.From && want.To == r.To && want.IIf == r.IIf && want.OIf == r.OIf &&
		want.Mark == r.Mark && want.TOS == r.TOS
}

func ruleMessage(kind, flags uint16, r host.Rule) (*message, error) {
	m := newMessage(kind, flags, unix.SizeofRtMsg) // struct fib_rule_hdr has the size of struct rtmsg
	h := m.head()
	h[0] = unix.AF_INET
	if r.Family == 6 {
		h[0] = unix.AF_INET6
	}
	action, ok := ruleActions[r.Action]
	if !ok {
		return nil, failed(unix.EINVAL, host.FieldNone, "no rule does %s", name.Quote(r.Action))
	}
	h[3], h[7] = uint8(r.TOS), action
	if r.Not {
		native.PutUint32(h[8:], ruleInvert)
	}
	table := r.Table
	if table == 0 && action == ruleToTable && kind == unix.RTM_NEWRULE {
		table = unix.RT_TABLE_MAIN
	}
	if table > 0 && table < 256 {
		h[4] = uint8(table)
	}
	if r.From.IsValid() {
		h[2] = uint8(r.From.Bits())
		m.put(host.FieldSrc, nl.FRA_SRC, r.From.Addr().AsSlice())
	}
	if r.To.IsValid() {
		h[1] = uint8(r.To.Bits())
		m.put(host.FieldDest, nl.FRA_DST, r.To.Addr().AsSlice())
	}
	if table >= 256 {
		m.u32(host.FieldTable, nl.FRA_TABLE, uint32(table))
	}
	if r.Priority != 0 {
		m.u32(host.FieldNone, nl.FRA_PRIORITY, uint32(r.Priority))
	}
	if r.IIf != "" {
		m.text(host.FieldDev, nl.FRA_IIFNAME, r.IIf)
	}
	if r.OIf != "" {
		m.text(host.FieldDev, nl.FRA_OIFNAME, r.OIf)
	}
	if r.Mark != 0 || r.Mask != 0 {
		m.u32(host.FieldNone, nl.FRA_FWMARK, r.Mark)
	}
	if r.Mask != 0 {
		m.u32(host.FieldNone, nl.FRA_FWMASK, r.Mask)
	}
	return m, nil
}

func explainRule(r host.Rule) func(*host.Error) {
	return func(e *host.Error) {
		switch e.Errno {
		case unix.EEXIST:
			e.What = fmt.Sprintf("rule %s in %s: already there", r, r.NS)
		case unix.ENOENT:
			e.What = fmt.Sprintf("rule %s in %s: not there", r, r.NS)
		}
	}
}

// rules lists the routing policy, IPv4 first.
func (sp *space) rules() ([]host.Rule, error) {
	c, err := sp.netlink()
	if err != nil {
		return nil, err
	}
	var out []host.Rule
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		m := newMessage(unix.RTM_GETRULE, 0, unix.SizeofRtMsg)
		m.head()[0] = family
		list, err := c.dump(m, unix.RTM_NEWRULE)
		if err != nil {
			return nil, fmt.Errorf("list the rules of %s: %w", sp.name, err)
		}
		for _, b := range list {
			out = append(out, parseRule(sp.name, b))
		}
	}
	return out, nil
}

func parseRule(ns string, b []byte) host.Rule {
	a := parseAttrs(b[unix.SizeofRtMsg:])
	r := host.Rule{
		NS: ns, Family: 4,
		Priority: int(a.u32(nl.FRA_PRIORITY)),
		Not:      native.Uint32(b[8:])&ruleInvert != 0,
		IIf:      a.text(nl.FRA_IIFNAME), OIf: a.text(nl.FRA_OIFNAME),
		Mark: a.u32(nl.FRA_FWMARK), Mask: a.u32(nl.FRA_FWMASK),
		TOS: int(b[3]), Table: int(b[4]),
	}
	if b[0] == unix.AF_INET6 {
		r.Family = 6
	}
	if a.has(nl.FRA_TABLE) {
		r.Table = int(a.u32(nl.FRA_TABLE))
	}
	for name, action := range ruleActions {
		if action == b[7] && name != "" {
			r.Action, r.Table = name, 0
		}
	}
	if r.Mask == 0xFFFFFFFF {
		r.Mask = 0
	}
	if addr, ok := netip.AddrFromSlice(a[nl.FRA_SRC]); ok {
		r.From = netip.PrefixFrom(addr, int(b[2]))
	}
	if addr, ok := netip.AddrFromSlice(a[nl.FRA_DST]); ok {
		r.To = netip.PrefixFrom(addr, int(b[1]))
	}
	return r
}
