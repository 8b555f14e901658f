package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// addOverDown adds routes of several ways of which some lead over links that
// are down, or without IPv6. Such a route stays when a link goes down, and is
// only taken while all of them are up, and its gateways are reached: so they are,
// for a moment. What that brings along goes with them again.
func (r *restorer) addOverDown(list []Message) {
	links := map[int32]link{}
	for _, l := range r.now.links() {
		links[l.index] = l
	}
	lower := map[int32]func(){}
	list = slices.DeleteFunc(list, func(m Message) bool {
		dead := false
		route := routeOf(m)
		eachHop(find(route.attrs, unix.RTA_MULTIPATH), func(hop, attrs []byte) {
			l, ok := links[int32(native.Uint32(hop[4:]))]
			if !ok {
				return
			}
			if lower[l.index] == nil {
				lower[l.index] = r.raise(l, route.family)
			}
			if lower[l.index] == nil {
				return
			}
			dead = true
			r.tried++
			_, _ = r.route.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, wayTo(m, l.index, attrs))
		})
		return !dead
	})
	r.addRoutes(list)
	for _, back := range lower {
		if back != nil {
			back()
		}
	}
}

// raise sets a link up that is down, for IPv6 also with that, and returns what
// takes it back; nil if there is nothing to do.
func (r *restorer) raise(l link, family byte) func() {
	var steps []func()
	off := "ipv6/conf/" + l.name + "/disable_ipv6"
	if family == unix.AF_INET6 {
		was := readSysctls(map[string]string{off: ""}, func(string) bool { return true })[off]
		if was != "" && was != "0" && r.writeSysctl(off, "0") {
			steps = append(steps, func() { r.writeSysctl(off, was) })
		}
	}
	if l.flags&unix.IFF_UP == 0 && r.request("link "+l.name+" flags", unix.RTM_SETLINK, 0, ifinfo(l.index, unix.IFF_UP, unix.IFF_UP)) {
		steps = append(steps, func() { r.request("link "+l.name+" flags", unix.RTM_SETLINK, 0, ifinfo(l.index, 0, unix.IFF_UP)) })
	}
	if len(steps) == 0 {
		return nil
	}
	return func() {
		for _, s := range slices.Backward(steps) {
			s()
		}
	}
}

// wayTo is a route to the gateway of a hop, which goes with its link.
func wayTo(m Message, index int32, attrs []byte) []byte {
	family, gateway := m.Data[0], find(attrs, unix.RTA_GATEWAY)
	if via := find(attrs, unix.RTA_VIA); len(via) > 2 {
		family, gateway = byte(native.Uint16(via)), via[2:]
	}
	body := header(unix.SizeofRtMsg, family)
	body[1] = byte(8 * len(gateway))
	body[4], body[5], body[6], body[7] = unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST
	return put32(put(body, unix.RTA_DST, gateway), unix.RTA_OIF, uint32(index))
}
