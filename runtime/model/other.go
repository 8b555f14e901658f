package model

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"vnet/runtime/host"
)

func (n *Net) ruleSet(o host.RuleSet) error {
	s, err := n.need(o, o.Rule.NS, host.FieldNS)
	if err != nil {
		return err
	}
	r := o.Rule
	if o.Verb == host.Del {
		at := slices.IndexFunc(s.rules, func(g host.Rule) bool { return ruleMeant(r, g) })
		if at < 0 && s.opaque {
			return nil
		}
		if at < 0 {
			return refuse(o, syscall.ENOENT, host.FieldNone, "rule in %s", s.name)
		}
		n.setRules(s, slices.Delete(slices.Clone(s.rules), at, at+1))
		return nil
	}
	if r.Action == "" {
		r.Table = cmp.Or(r.Table, tableMain)
	}
	if r.Priority == 0 {
		r.Priority = s.freePriority(r.Family)
	}
	if slices.Contains(s.rules, r) {
		return refuse(o, syscall.EEXIST, host.FieldNone, "rule in %s", s.name)
	}
	at := len(s.rules)
	for at > 0 && compareRules(s.rules[at-1], r) > 0 {
		at--
	}
	n.setRules(s, slices.Insert(slices.Clone(s.rules), at, r))
	return nil
}

func compareRules(a, b host.Rule) int {
	return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.Priority, b.Priority))
}

// freePriority is the kernel's choice: one before the second rule.
func (s *space) freePriority(family int) int {
	seen := 0
	for _, r := range s.rules {
		if r.Family != family {
			continue
		}
		if seen++; seen == 2 && r.Priority > 0 {
			return r.Priority - 1
		}
	}
	return 0
}

// ruleMeant reports whether r, of which only some parts may be given, names g.
func ruleMeant(r, g host.Rule) bool {
	switch {
	case r.Family != g.Family,
		r.Priority != 0 && r.Priority != g.Priority,
		r.Table != 0 && r.Table != g.Table,
		r.From.IsValid() && r.From != g.From,
		r.To.IsValid() && r.To != g.To,
		r.IIf != "" && r.IIf != g.IIf,
		r.OIf != "" && r.OIf != g.OIf,
		r.Mark != 0 && r.Mark != g.Mark,
		r.Mask != 0 && r.Mask != g.Mask,
		r.TOS != 0 && r.TOS != g.TOS,
		r.Action != "" && r.Action != g.Action,
		r.Not != g.Not:
		return false
	}
	return true
}

func (n *Net) neighSet(o host.NeighSet) error {
	g := o.Neigh
	s, l, err := n.needLink(o, g.NS, g.Dev, host.FieldDev)
	if err != nil {
		return err
	}
	k := neighKey{g.Dev, g.IP, g.Proxy}
	_, have := s.neighs[k]
	switch o.Verb {
	case host.Del:
		if !have && s.opaque {
			return nil
		}
		if !have {
			return refuse(o, syscall.ENOENT, host.FieldAddr, "neighbour %s on %s in %s", g.IP, g.Dev, g.NS)
		}
		n.setNeigh(s, k, nil)
		return nil
	case host.Add:
		if have && !g.Proxy {
			return refuse(o, syscall.EEXIST, host.FieldAddr, "neighbour %s on %s in %s", g.IP, g.Dev, g.NS)
		}
	case host.Change:
		if !have && !s.opaque {
			return refuse(o, syscall.ENOENT, host.FieldAddr, "neighbour %s on %s in %s", g.IP, g.Dev, g.NS)
		}
	}
	if !l.Up && g.IP.Is6() && !g.Proxy && l.MTU > 0 && l.MTU < minMTU6 {
		return refuse(o, syscall.EINVAL, host.FieldDev, "%s in %s", g.Dev, g.NS)
	}
	if !g.Proxy {
		g.State = "permanent"
	}
	n.setNeigh(s, k, &g)
	return nil
}

// dropNeighs removes the neighbours on a link; which nil means all.
func (n *Net) dropNeighs(s *space, dev string, which func(netip.Addr) bool) {
	for k := range s.neighs {
		if k.dev == dev && (which == nil || which(k.ip)) {
			n.setNeigh(s, k, nil)
		}
	}
}

func (n *Net) takeNeighs(s *space, dev string) []host.Neigh {
	var out []host.Neigh
	for k, g := range s.neighs {
		if k.dev == dev {
			out = append(out, g)
		}
	}
	n.dropNeighs(s, dev, nil)
	return out
}

func (n *Net) giveNeighs(s *space, neighs []host.Neigh, dev string) {
	for _, g := range neighs {
		g.NS, g.Dev = s.name, dev
		n.setNeigh(s, neighKey{g.Dev, g.IP, g.Proxy}, &g)
	}
}

// sysctlKey gives a parameter its dotted name.
func sysctlKey(key string) string { return strings.ReplaceAll(key, "/", ".") }

// sysctlDevice is the link a parameter is about, or "".
func sysctlDevice(key string) string {
	parts := strings.Split(key, ".")
	if len(parts) != 5 || parts[0] != "net" || parts[2] != "conf" && parts[2] != "neigh" || parts[3] == "all" || parts[3] == "default" {
		return ""
	}
	return parts[3]
}

// dropSysctls forgets the parameters of a link that goes.
func (n *Net) dropSysctls(s *space, dev string) {
	for key := range s.sysctls {
		if sysctlDevice(key) == dev {
			n.setSysctl(s, key, nil)
		}
	}
}

// sysctlSet writes a parameter; the empty value, which no undo of the kernel
// holds, makes it unknown again.
func (n *Net) sysctlSet(o host.SysctlSet) error {
	s, err := n.need(o, o.NS, host.FieldNS)
	if err != nil {
		return err
	}
	key := sysctlKey(o.Key)
	if dev := sysctlDevice(key); dev != "" && n.link(s, dev) == nil {
		return refuse(o, syscall.ENOENT, host.FieldKey, "%s in %s", o.Key, s.name)
	}
	if o.Value == "" {
		n.setSysctl(s, key, nil)
		return nil
	}
	n.setSysctl(s, key, &o.Value)
	if o.Value == "1" && strings.HasPrefix(key, "net.ipv6.conf.") && strings.HasSuffix(key, ".disable_ipv6") {
		n.disable6(s, strings.TrimSuffix(strings.TrimPrefix(key, "net.ipv6.conf."), ".disable_ipv6"))
	}
	return nil
}

// disable6 takes IPv6 off one link, or off all.
func (n *Net) disable6(s *space, which string) {
	for _, l := range s.ordered() {
		if which != "all" && which != l.Name {
			continue
		}
		n.drop6(s, l)
		n.dropRoutes(s, l.Name, func(r host.Route) bool { return !is6(r.Dest) })
		n.dropNeighs(s, l.Name, netip.Addr.Is6)
	}
}

func (n *Net) hostsAdd(o host.HostsAdd) error {
	s, err := n.need(o, o.NS, host.FieldNS)
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s\t%s\n", o.IP, strings.Join(o.Names, " "))
	n.setFile(s, "hosts", &file{slices.Concat(s.files["hosts"].content, []byte(line))})
	return nil
}

func (n *Net) dnsSet(o host.DNSSet) error {
	s, err := n.need(o, o.NS, host.FieldNS)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, a := range o.Servers {
		fmt.Fprintf(&b, "nameserver %s\n", a)
	}
	n.setFile(s, "resolv.conf", &file{b.Bytes()})
	return nil
}

func (n *Net) fileRestore(o host.FileRestore) error {
	s, err := n.need(o, o.NS, host.FieldNS)
	if err != nil {
		return err
	}
	if o.Absent {
		n.setFile(s, o.Name, nil)
		return nil
	}
	n.setFile(s, o.Name, &file{bytes.Clone(o.Content)})
	return nil
}
