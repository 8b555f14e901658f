package kernel

import (
	"bytes"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// families are those whose routes are looked after.
var families = []byte{unix.AF_INET, unix.AF_INET6}

// keptRoutes lists routes as the kernel tells them, but for those that come and
// go with addresses.
func (sp *space) keptRoutes() ([][]byte, error) {
	var out [][]byte
	for _, family := range families {
		ask := make([]byte, unix.SizeofRtMsg)
		ask[0] = family
		list, err := sp.list(unix.RTM_GETROUTE, unix.RTM_NEWROUTE, ask)
		if err != nil {
			return nil, err
		}
		for _, b := range list {
			if b[0] == family && !(b[4] == unix.RT_TABLE_LOCAL && b[5] == unix.RTPROT_KERNEL) {
				out = append(out, b)
			}
		}
	}
	return out, nil
}

// leavesBy says whether a route leads through one of some interfaces.
func leavesBy(b []byte, indexes map[int]bool) bool {
	a := parseAttrs(b[unix.SizeofRtMsg:])
	found := indexes[int(a.u32(unix.RTA_OIF))]
	eachWay(a[unix.RTA_MULTIPATH], func(index int, _ []byte) { found = found || indexes[index] })
	return found
}

// routeKey is what routes have in common whose order counts: the kernel takes
// the first that can be used. IPv6 joins those with gateways into one.
func routeKey(b []byte) string {
	a := parseAttrs(b[unix.SizeofRtMsg:])
	table := uint32(b[4])
	if a.has(unix.RTA_TABLE) {
		table = a.u32(unix.RTA_TABLE)
	}
	oif := uint32(0)
	if b[0] == unix.AF_INET6 && !a.has(unix.RTA_GATEWAY) && !a.has(unix.RTA_MULTIPATH) && !a.has(rtaNhID) {
		oif = a.u32(unix.RTA_OIF)
	}
	return fmt.Sprint(b[0], b[1], b[2], b[3], table, a[unix.RTA_DST], a[unix.RTA_SRC], a.u32(unix.RTA_PRIORITY), oif)
}

// lostRoutes finds the routes and nexthop objects that go with interfaces and
// their addresses, and the routes beside them.
func (sp *space) lostRoutes(indexes map[int]bool, addrs [][]byte) (nexthops, routes [][]byte, err error) {
	all, err := sp.rawNexthops()
	if err != nil {
		return nil, nil, err
	}
	lost := map[uint32]bool{}
	for _, grouped := range []bool{false, true} {
		for _, b := range all {
			a := parseAttrs(b[sizeofNhMsg:])
			if a.has(nhaGroup) == grouped && (indexes[int(a.u32(nhaOIF))] || hasMember(a, lost)) {
				lost[a.u32(nhaID)] = true
				nexthops = append(nexthops, b)
			}
		}
	}
	list, err := sp.keptRoutes()
	if err != nil {
		return nil, nil, err
	}
	own := map[string]bool{}
	for _, b := range addrs {
		own[firstAddr(parseAttrs(b[unix.SizeofIfAddrmsg:]), unix.IFA_LOCAL, unix.IFA_ADDRESS).String()] = true
	}
	keys := map[string]bool{}
	for _, b := range list {
		a := parseAttrs(b[unix.SizeofRtMsg:])
		if leavesBy(b, indexes) || lost[a.u32(rtaNhID)] || a.has(unix.RTA_PREFSRC) && own[firstAddr(a, unix.RTA_PREFSRC).String()] {
			keys[routeKey(b)] = true
		}
	}
	for _, b := range list {
		if keys[routeKey(b)] {
			routes = append(routes, b)
		}
	}
	return nexthops, routes, nil
}

// hasMember says whether a group has one of some nexthops (struct nexthop_grp).
func hasMember(a attrs, ids map[uint32]bool) bool {
	for b := a[nhaGroup]; len(b) >= 8; b = b[8:] {
		if ids[native.Uint32(b)] {
			return true
		}
	}
	return false
}

func (sp *space) rawNexthops() ([][]byte, error) {
	return sp.list(unix.RTM_GETNEXTHOP, unix.RTM_NEWNEXTHOP, make([]byte, sizeofNhMsg))
}

// stripRoutes removes what still leads through interfaces that are down: static
// routes, and ways of multipath routes.
func (sp *space) stripRoutes(indexes map[int]bool) error {
	list, err := sp.keptRoutes()
	if err != nil {
		return err
	}
	for _, b := range list {
		if leavesBy(b, indexes) {
			if err := sp.tell(told(unix.RTM_DELROUTE, 0, oneWay(b, indexes)), unix.ESRCH); err != nil {
				return err
			}
		}
	}
	return nil
}

// oneWay is what deletes the part of a route that goes with interfaces: of IPv4
// the whole, of IPv6 the ways through them.
func oneWay(b []byte, indexes map[int]bool) []byte {
	plain := plainRoute(b)
	if b[0] != unix.AF_INET6 {
		return plain
	}
	return append(plain[:unix.SizeofRtMsg:unix.SizeofRtMsg], editAttrs(plain[unix.SizeofRtMsg:], func(kind uint16, data []byte) ([]byte, bool) {
		if kind != unix.RTA_MULTIPATH {
			return data, true
		}
		var kept []byte
		eachWay(data, func(i int, whole []byte) {
			if indexes[i] {
				kept = append(kept, whole...)
			}
		})
		return kept, true
	})...)
}

// restoreRoutes puts back what a table holds. Where the kernel has other
// routes to the same destination, or in another order, they are laid anew from
// the first difference on.
func (sp *space) restoreRoutes(t host.Table, taken elapsed) (failures []error) {
	if err := sp.restoreNexthops(t.Nexthops); err != nil {
		failures = append(failures, err)
	}
	have, err := sp.keptRoutes()
	if err != nil {
		return append(failures, err)
	}
	now := groups(have)
	want := groups(t.Routes)
	left := slices.Collect(mapKeysInOrder(t.Routes))
	for progress := true; progress && len(left) > 0; { // a gateway may need another route first
		progress = false
		failures = slices.DeleteFunc(failures, func(err error) bool { _, ok := err.(routeFailure); return ok })
		var again []string
		for _, key := range left {
			if err := sp.restoreGroup(now[key], want[key], taken); err != nil {
				failures = append(failures, routeFailure{err})
				again = append(again, key)
				continue
			}
			progress = true
		}
		if left = again; progress && len(left) > 0 {
			if have, err = sp.keptRoutes(); err != nil {
				return append(failures, err)
			}
			now = groups(have)
		}
	}
	return failures
}

type routeFailure struct{ error }

func (f routeFailure) Unwrap() error { return f.error }

func groups(list [][]byte) map[string][][]byte {
	out := map[string][][]byte{}
	for _, b := range list {
		out[routeKey(b)] = append(out[routeKey(b)], b)
	}
	return out
}

// mapKeysInOrder gives the keys of routes as they first come.
func mapKeysInOrder(list [][]byte) func(func(string) bool) {
	return func(yield func(string) bool) {
		seen := map[string]bool{}
		for _, b := range list {
			key := routeKey(b)
			if !seen[key] && !yield(key) {
				return
			}
			seen[key] = true
		}
	}
}

func (sp *space) restoreGroup(have, want [][]byte, taken elapsed) error {
	same := 0
	for same < len(have) && same < len(want) && bytes.Equal(plainRoute(have[same]), plainRoute(want[same])) {
		same++
	}
	for _, b := range slices.Backward(have[same:]) {
		if err := sp.tell(told(unix.RTM_DELROUTE, 0, plainRoute(b)), unix.ESRCH); err != nil {
			return sp.routeTrouble(b, err)
		}
	}
	for _, b := range want[same:] {
		m := told(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_APPEND, plainRoute(b))
		if info := parseAttrs(b[unix.SizeofRtMsg:])[unix.RTA_CACHEINFO]; b[0] == unix.AF_INET6 && len(info) >= 12 {
			if left := int32(native.Uint32(info[8:])); left > 0 { // in 1/100 s (USER_HZ)
				m.u32(host.FieldNone, unix.RTA_EXPIRES, taken.left(uint32(left)/100))
			}
		}
		if err := sp.tell(m, unix.EEXIST); err != nil {
			return sp.routeTrouble(b, err)
		}
	}
	return nil
}

func (sp *space) routeTrouble(b []byte, err error) error {
	a := parseAttrs(b[unix.SizeofRtMsg:])
	return &host.Error{Errno: errnoOf(err), Kernel: kernelWords(err), Field: host.FieldDest,
		What: fmt.Sprintf("the route %s in %s cannot be put back", routeOf(sp.name, b, a, int(a.u32(unix.RTA_TABLE)), sp.nameOf), sp.where())}
}

// restoreNexthops puts nexthop objects back, single ones before groups.
func (sp *space) restoreNexthops(want [][]byte) error {
	if len(want) == 0 {
		return nil
	}
	have, err := sp.rawNexthops()
	if err != nil {
		return err
	}
	for _, b := range want {
		plain := plainNexthop(b)
		if slices.ContainsFunc(have, func(h []byte) bool { return bytes.Equal(plainNexthop(h), plain) }) {
			continue
		}
		if err := sp.tell(told(unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, plain)); err != nil {
			id := parseAttrs(b[sizeofNhMsg:]).u32(nhaID)
			return &host.Error{Errno: errnoOf(err), Kernel: kernelWords(err), Field: host.FieldDest, What: fmt.Sprintf("nexthop %d in %s cannot be put back", id, sp.where())}
		}
	}
	return nil
}
