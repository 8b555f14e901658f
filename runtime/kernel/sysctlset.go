package kernel

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A setting is a parameter that is going to be written.
type setting struct {
	op   host.SysctlSet
	path string
	sp   *space
	done bool // written, or refused with err
	err  error
}

// sysctlSet writes a kernel parameter, and those of the operations that follow
// together: what takes them back is read first and journalled at once, and one
// thread goes round their namespaces.
func (q *queue) sysctlSet() error {
	if len(q.settings) == 0 {
		if err := q.write(); err != nil {
			return err
		}
	}
	s := q.settings[0]
	q.settings = q.settings[1:]
	if s.err != nil {
		return sysctlError(s.err, s.op, true)
	}
	return nil
}

// write writes the parameter that is to be written now and those behind it, as
// far as they do not depend on each other. It ends with the first that is
// refused.
func (q *queue) write() error {
	if err := q.flushUnless(func(m *message) bool { return m.along }); err != nil {
		return err
	}
	list, err := q.nextSettings()
	if err != nil {
		return err
	}
	err = tour(list, func(i int, s *setting) error {
		q.results[q.at+i].Undo = s.takenBack()
		q.untold = append(q.untold, q.at+i)
		return nil
	})
	if err == nil {
		err = q.announce()
	}
	if err != nil {
		return sysctlError(err, list[0].op, true)
	}
	err = tour(list, func(i int, s *setting) error {
		s.done, s.err = true, writeSysctl(s.path, s.op.Value)
		q.acked[q.at+i] = s.err == nil
		return s.err
	})
	if err != nil && !slices.ContainsFunc(list, func(s setting) bool { return s.err != nil }) {
		return sysctlError(err, list[0].op, true)
	}
	behind := slices.IndexFunc(list, func(s setting) bool { return !s.done })
	if behind >= 0 {
		list = list[:behind]
	}
	q.settings = list
	return nil
}

// nextSettings gives the parameters that are to be written together: of one
// namespace none that is of the same family, since one may write another.
func (q *queue) nextSettings() ([]setting, error) {
	var list []setting
	seen := map[[2]string]bool{}
	for at := q.at; at < len(q.ops); at++ {
		op, ok := q.ops[at].(host.SysctlSet)
		if !ok {
			break
		}
		s := setting{op: op}
		var err error
		if s.path, err = sysctlPath(op.Key); err == nil {
			s.sp, err = q.h.space(op.NS)
		}
		if err != nil && at == q.at {
			return nil, err
		}
		family, _, _ := strings.Cut(s.path, "/")
		if err != nil || seen[[2]string{op.NS, family}] {
			break
		}
		seen[[2]string{op.NS, family}] = true
		list = append(list, s)
	}
	return list, nil
}

// tour does something for each setting on a thread in its namespace, until an
// error.
func tour(list []setting, do func(i int, s *setting) error) error {
	return onThread(func() (bool, error) {
		home, err := netns.Get()
		if err != nil {
			return true, err
		}
		defer home.Close()
		away := false
		for i := range list {
			s := &list[i]
			atHome := s.sp.name == host.Start && !s.sp.nameless // where going takes root for no gain
			switch {
			case atHome && away:
				err = netns.Set(home)
			case !atHome:
				err = netns.Set(s.sp.fd)
			}
			if away = !atHome; err != nil {
				err = entering(s.sp.name, err)
				break
			}
			if err = do(i, s); err != nil {
				break
			}
		}
		return !away || netns.Set(home) == nil, err
	})
}

// takenBack gives what takes a setting back, in the order to apply. What cannot
// be read cannot be put back: such a parameter (route/flush) is an order, not a
// state.
func (s *setting) takenBack() []host.Op {
	if family, ok := forwarding[s.path]; ok {
		if old, same := s.sp.forwards(family); same {
			return []host.Op{host.SysctlSet{NS: s.op.NS, Key: s.op.Key, Value: strconv.Itoa(old)}}
		}
	}
	old, err := readSysctl(s.path)
	undo := spread(s.op, s.path, old)
	if err == nil {
		undo = append([]host.Op{host.SysctlSet{NS: s.op.NS, Key: s.op.Key, Value: old}}, undo...)
	}
	return undo
}

// spreading are the parameters that overwrite one of every interface: see
// ip-sysctl.rst and the kernel's inet_forward_change and addrconf_disable_change.
var spreading = map[string]struct{ dir, file string }{
	"ipv4/ip_forward":            {"ipv4/conf", "forwarding"},
	"ipv4/conf/all/forwarding":   {"ipv4/conf", "forwarding"},
	"ipv6/conf/all/forwarding":   {"ipv6/conf", "forwarding"},
	"ipv6/conf/all/disable_ipv6": {"ipv6/conf", "disable_ipv6"},
}

// spread gives what puts the parameters of single interfaces back that differ
// from the one for all.
func spread(op host.SysctlSet, path, old string) []host.Op {
	all, ok := spreading[path]
	if !ok || old == op.Value {
		return nil
	}
	entries, err := os.ReadDir("/proc/sys/net/" + all.dir)
	if err != nil {
		return nil
	}
	var ops []host.Op
	for _, e := range entries {
		if e.Name() == "all" {
			continue
		}
		one := all.dir + "/" + e.Name() + "/" + all.file
		if value, err := readSysctl(one); err == nil && value != old {
			ops = append(ops, host.SysctlSet{NS: op.NS, Key: "net/" + one, Value: value})
		}
	}
	return ops
}

// forwarding are those of them that the kernel tells of by netlink as well, in
// one answer for all interfaces.
var forwarding = map[string]byte{
	"ipv4/ip_forward":          unix.AF_INET,
	"ipv4/conf/all/forwarding": unix.AF_INET,
	"ipv6/conf/all/forwarding": unix.AF_INET6,
}

// RTM_GETNETCONF (linux/netconf.h).
const (
	sizeofNetconf   = 4 // struct netconfmsg, aligned
	netconfIndex    = 1
	netconfForwards = 2
	netconfAll      = -1 // the index that stands for all
)

// forwards reads whether a namespace forwards packets of a family; same says
// that each of its interfaces does as it does for all.
func (sp *space) forwards(family byte) (all int, same bool) {
	c, err := sp.netlink()
	if err != nil {
		return 0, false
	}
	m := newMessage(unix.RTM_GETNETCONF, 0, sizeofNetconf)
	m.head()[0] = family
	answers, err := c.dump(m, unix.RTM_NEWNETCONF)
	if err != nil {
		return 0, false
	}
	found := false
	values := make([]int, 0, len(answers))
	for _, b := range answers {
		if len(b) < sizeofNetconf {
			return 0, false
		}
		a := parseAttrs(b[sizeofNetconf:])
		if !a.has(netconfForwards) {
			continue
		}
		if a.i32(netconfIndex) == netconfAll {
			all, found = a.i32(netconfForwards), true
		}
		values = append(values, a.i32(netconfForwards))
	}
	return all, found && !slices.ContainsFunc(values, func(v int) bool { return v != all })
}
