package kernel

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// neighStates are the names of neighbour states (ip-neighbour(8)).
var neighStates = []struct {
	bit  uint16
	name string
}{
	{unix.NUD_PERMANENT, "permanent"},
	{unix.NUD_NOARP, "noarp"},
	{unix.NUD_REACHABLE, "reachable"},
	{unix.NUD_STALE, "stale"},
	{unix.NUD_DELAY, "delay"},
	{unix.NUD_PROBE, "probe"},
	{unix.NUD_FAILED, "failed"},
	{unix.NUD_INCOMPLETE, "incomplete"},
}

// neighSet adds, replaces or removes a neighbour entry, permanent or proxy.
func (q *queue) neighSet(op host.NeighSet) error {
	n := op.Neigh
	sp, err := q.h.space(n.NS)
	if err != nil {
		return err
	}
	index := 0
	if n.Dev != "" {
		if index, err = q.index(sp, n.Dev, host.FieldDev); err != nil {
			return err
		}
	}
	kind, flags := uint16(unix.RTM_NEWNEIGH), uint16(unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	switch op.Verb {
	case host.Add:
	case host.Replace:
		flags = unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	case host.Change:
		flags = unix.NLM_F_REPLACE
	case host.Del:
		kind, flags = unix.RTM_DELNEIGH, 0
	default:
		return fmt.Errorf("neigh %s: no such verb", op.Verb)
	}
	m, err := neighMessage(kind, flags, index, n)
	if err != nil {
		return err
	}
	m.explain = explainNeigh(n)
	if op.Verb == host.Add {
		q.push(sp, m)
		q.undo(host.NeighSet{Verb: host.Del, Neigh: n})
		return nil
	}
	return q.neighChange(sp, m, n)
}

func (q *queue) neighChange(sp *space, m *message, n host.Neigh) error {
	if err := q.flush(); err != nil {
		return err
	}
	links, err := sp.allLinks()
	if err != nil {
		return err
	}
	all, err := sp.neighs(byIndex(links))
	if err != nil {
		return err
	}
	return q.change(sp, m, neighBack(m, n, all)...)
}

// neighBack is what takes a change of an entry back.
func neighBack(m *message, n host.Neigh, all []host.Neigh) []host.Op {
	for _, old := range all {
		if old.Dev != n.Dev || old.IP != n.IP || old.Proxy != n.Proxy {
			continue
		}
		if old.Proxy || old.State == "permanent" {
			old.State = ""
			return []host.Op{host.NeighSet{Verb: host.Replace, Neigh: old}}
		}
	}
	if m.kind() == unix.RTM_NEWNEIGH { // what was learnt comes back by itself
		return []host.Op{host.NeighSet{Verb: host.Del, Neigh: n}}
	}
	return nil
}

func neighMessage(kind, flags uint16, index int, n host.Neigh) (*message, error) {
	m := newMessage(kind, flags, unix.SizeofNdMsg)
	h := m.head()
	ip := n.IP.Unmap()
	h[0] = family(ip)
	native.PutUint32(h[4:], uint32(index))
	if kind == unix.RTM_NEWNEIGH {
		native.PutUint16(h[8:], unix.NUD_PERMANENT)
	}
	if n.Proxy {
		h[10] = unix.NTF_PROXY
	}
	m.put(host.FieldAddr, unix.NDA_DST, ip.AsSlice())
	m.field = host.FieldAddr
	if n.MAC != "" && kind == unix.RTM_NEWNEIGH {
		mac, err := parseMAC(n.MAC)
		if err != nil {
			return nil, err
		}
		m.put(host.FieldMAC, unix.NDA_LLADDR, mac)
	}
	return m, nil
}

func explainNeigh(n host.Neigh) func(*host.Error) {
	return func(e *host.Error) {
		where := fmt.Sprintf("neighbour %s on %s in %s", n.IP, n.Dev, n.NS)
		switch e.Errno {
		case unix.EEXIST:
			e.What = where + ": already there"
		case unix.ENOENT:
			e.What = where + ": not there"
		}
	}
}

// neighs lists neighbour and proxy entries, without those that the kernel keeps
// for addresses which need no resolution (NOARP).
func (sp *space) neighs(names func(int) string) ([]host.Neigh, error) {
	c, err := sp.netlink()
	if err != nil {
		return nil, err
	}
	var out []host.Neigh
	for _, flag := range []uint8{0, unix.NTF_PROXY} {
		for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
			m := newMessage(unix.RTM_GETNEIGH, 0, unix.SizeofNdMsg)
			m.head()[0], m.head()[10] = family, flag
			list, err := c.dump(m, unix.RTM_NEWNEIGH)
			if err != nil {
				return nil, fmt.Errorf("list the neighbours of %s: %w", sp.name, err)
			}
			for _, b := range list {
				if n, ok := parseNeigh(sp.name, b, names); ok {
					out = append(out, n)
				}
			}
		}
	}
	return out, nil
}

func parseNeigh(ns string, b []byte, names func(int) string) (host.Neigh, bool) {
	a := parseAttrs(b[unix.SizeofNdMsg:])
	state := native.Uint16(b[8:])
	n := host.Neigh{NS: ns, Dev: names(int(native.Uint32(b[4:]))), Proxy: b[10]&unix.NTF_PROXY != 0}
	n.IP, _ = netip.AddrFromSlice(a[unix.NDA_DST])
	if mac := a[unix.NDA_LLADDR]; len(mac) > 0 {
		n.MAC = net.HardwareAddr(mac).String()
	}
	if n.Proxy {
		return n, true
	}
	for _, s := range neighStates {
		if state&s.bit != 0 {
			n.State = s.name
			break
		}
	}
	return n, state&unix.NUD_NOARP == 0 && n.State != ""
}
