package image

import (
	"maps"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// same reports whether sections are as they shall be to the last byte.
func (r *restorer) same(sections ...section) bool {
	return maps.Equal(r.goal.view.names, r.view.names) && !slices.ContainsFunc(sections, func(s section) bool {
		return !slices.EqualFunc(r.goal.Dumps[s], r.now.Dumps[s], Message.equal)
	})
}

// differences groups the messages of a section by what stands together, and
// calls f for each group that is not as it shall be, in the order of the goal.
func (r *restorer) differences(s section, key, say func(v *view, m Message) string, f func(key string, want, is []Message)) {
	if r.same(s) {
		return
	}
	group := func(v *view) (map[string][]Message, []string) {
		out := map[string][]Message{}
		var order []string
		for _, m := range v.img.Dumps[s] {
			k := key(v, m)
			if k == "" {
				continue
			}
			if out[k] == nil {
				order = append(order, k)
			}
			out[k] = append(out[k], m)
		}
		return out, order
	}
	want, keys := group(r.goal.view)
	is, others := group(r.view)
	for _, k := range others {
		if want[k] == nil {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		equal := func(a, b Message) bool { return say(r.goal.view, a) == say(r.view, b) }
		if !slices.EqualFunc(want[k], is[k], equal) {
			f(k, want[k], is[k])
		}
	}
}

// tail returns what follows the part that is the same.
func tail(v, w *view, say func(v *view, m Message) string, want, is []Message) (add, del []Message) {
	for len(want) > 0 && len(is) > 0 && say(v, want[0]) == say(w, is[0]) {
		want, is = want[1:], is[1:]
	}
	return want, is
}

// loose compares where the order is chance.
func loose(v, w *view, say func(v *view, m Message) string, want, is []Message) (add, del []Message) {
	there := map[string]int{} // how many, by what they say
	for _, m := range want {
		there[say(v, m)]++
	}
	for _, m := range is {
		if said := say(w, m); there[said] > 0 {
			there[said]--
		} else {
			del = append(del, m)
		}
	}
	for _, m := range slices.Backward(want) { // those that are alike are found from the first on
		if said := say(v, m); there[said] > 0 {
			there[said]--
			add = append(add, m)
		}
	}
	slices.Reverse(add)
	return add, del
}

func (r *restorer) restoreRoutes() {
	say := func(v *view, m Message) string { return v.route(routeOf(m)) }
	for _, s := range []section{secRoute4, secRoute6, secMPLS} {
		var add []Message
		r.differences(s, func(_ *view, m Message) string { return routeOf(m).key() }, say, func(_ string, want, is []Message) {
			one := append(slices.Clone(want), is...)[0]
			compare := tail
			if routeOf(one).unordered() {
				compare = loose
			}
			more, less := compare(r.goal.view, r.view, say, want, is)
			for _, m := range less {
				if route := routeOf(m); !route.made() {
					r.request(route.key(), unix.RTM_DELROUTE, 0, replay(m, 0))
				}
			}
			add = append(add, more...)
		})
		r.addUnreached(r.addRoutes(add))
	}
}

// made reports whether a route comes and goes with an address, and cannot be
// added by hand: IPv6 makes a metric of 1024 out of 0 (route.c:
// ip6_route_info_create).
func (r route) made() bool {
	return r.family == unix.AF_INET6 && r.table == unix.RT_TABLE_LOCAL && r.metric == 0
}

// addRoutes adds routes in their order; those whose gateway is reached by
// another one are tried again. It returns those that are not taken.
func (r *restorer) addRoutes(list []Message) []Message {
	passed := uint32(time.Since(r.pre.Taken) / time.Second)
	for range 3 {
		var left []Message
		later := map[string]bool{} // order matters: what follows one that failed waits
		for _, m := range list {
			route := routeOf(m)
			if route.made() {
				continue
			}
			if later[route.key()] || !r.request(route.key(), unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_APPEND, replay(m, passed)) {
				left = append(left, m)
				later[route.key()] = true
			}
		}
		if len(left) == 0 || len(left) == len(list) {
			return left
		}
		list = left
	}
	return list
}

// rtaExpires is RTA_EXPIRES; IPv6 shows it in struct rta_cacheinfo, in hundredths
// of a second (USER_HZ), and takes seconds.
const (
	rtaExpires = 23
	userHZ     = 100
)

// replay puts a route as it was shown into a request for it.
func replay(m Message, passed uint32) []byte {
	body := slices.Clone(m.Data[:unix.SizeofRtMsg])
	native.PutUint32(body[8:], native.Uint32(body[8:])&unix.RTNH_F_ONLINK)
	attrs := m.Data[unix.SizeofRtMsg:]
	object := find(attrs, rtaNHID) != nil
	var expires []byte
	attrs = edit(attrs, func(kind uint16, data []byte) ([]byte, bool) {
		switch kind {
		case unix.RTA_CACHEINFO:
			if len(data) >= 12 && native.Uint32(data[8:]) != 0 {
				left := native.Uint32(data[8:]) / userHZ
				expires = put32(nil, rtaExpires, max(left, passed+1)-passed)
			}
			return nil, false
		case unix.RTA_OIF, unix.RTA_GATEWAY, unix.RTA_VIA, unix.RTA_MULTIPATH:
			if object { // the nexthop object says it
				return nil, false
			}
		}
		if kind == unix.RTA_MULTIPATH {
			data = slices.Clone(data)
			eachHop(data, func(hop, _ []byte) { hop[2] &= unix.RTNH_F_ONLINK })
		}
		return data, true
	})
	if object {
		native.PutUint32(body[8:], 0)
	}
	return append(append(body, attrs...), expires...)
}

// nexthopAttrs are what a request for a nexthop may hold.
var nexthopAttrs = []uint16{nhaID, nhaGroup, 3, 4, nhaOIF, 6, 7, 8, 11, 12}

func (r *restorer) restoreNexthops() {
	var add, groups []Message
	r.differences(secNexthop, func(_ *view, m Message) string { return nexthopKey(m) }, (*view).nexthop, func(key string, want, is []Message) {
		switch {
		case len(want) == 0:
			body := header(8, unix.AF_UNSPEC)
			r.request(key, unix.RTM_DELNEXTHOP, 0, put(body, nhaID, find(is[0].Data[8:], nhaID)))
		case find(want[0].Data[8:], nhaGroup) != nil:
			groups = append(groups, want[0])
		default:
			add = append(add, want[0])
		}
	})
	for _, m := range append(add, groups...) {
		body := slices.Clone(m.Data[:8])
		body[1], body[3] = 0, 0 // nh_scope and resvd are refused as they are shown
		native.PutUint32(body[4:], native.Uint32(body[4:])&unix.RTNH_F_ONLINK)
		grouped := find(m.Data[8:], nhaGroup) != nil
		body = append(body, edit(m.Data[8:], func(kind uint16, data []byte) ([]byte, bool) {
			return data, slices.Contains(nexthopAttrs, kind) && (kind != 3 || grouped)
		})...)
		r.request(nexthopKey(m), unix.RTM_NEWNEXTHOP, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, body)
	}
}

func (r *restorer) restoreRules() {
	r.differences(secRule, func(_ *view, m Message) string { return ruleKey(m) }, (*view).rule, func(key string, want, is []Message) {
		add, del := tail(r.goal.view, r.view, (*view).rule, want, is)
		send := func(kind, flags uint16, m Message) {
			body := slices.Clone(m.Data)
			native.PutUint32(body[8:], native.Uint32(body[8:])&^rulePassing)
			r.request(key, kind, flags, body)
		}
		for _, m := range del {
			send(unix.RTM_DELRULE, 0, m)
		}
		for _, m := range add {
			send(unix.RTM_NEWRULE, unix.NLM_F_CREATE, m)
		}
	})
}
