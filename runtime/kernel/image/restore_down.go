package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// addUnreached adds routes whose gateways are not reached, as when an address
// has gone, or that have several ways, of which some lead over links that are
// down, or without IPv6. Such a route stays, and is only taken while all of its links
// are up and its gateways are reached: so they are, for a moment. What that brings
// along goes with it again.
func (r *restorer) addUnreached(list []Message) {
	links := map[int32]link{}
	for _, l := range r.now.links() {
		links[l.index] = l
	}
	lower := map[int32]func(){}
	var ways [][]byte
	list = slices.DeleteFunc(list, func(m Message) bool {
		reached := false
		route := routeOf(m)
		reach := func(index int32, attrs []byte, several bool) {
			l, ok := links[index]
			if !ok {
				return
			}
			if several && lower[l.index] == nil {
				lower[l.index] = r.raise(l, route.family)
			}
			way := wayTo(m, l.index, attrs)
			if way == nil {
				return
			}
			r.tried++
			if _, err := r.route.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, way); err == nil {
				ways = append(ways, way)
				reached = true
			}
		}
		reach(int32(u32of(find(route.attrs, unix.RTA_OIF))), route.attrs, false)
		eachHop(find(route.attrs, unix.RTA_MULTIPATH), func(hop, attrs []byte) {
			reach(int32(native.Uint32(hop[4:])), attrs, true)
			reached = reached || lower[int32(native.Uint32(hop[4:]))] != nil
		})
		return !reached
	})
	r.addRoutes(list)
	for _, way := range slices.Backward(ways) {
		r.tried++
		_, _ = r.route.do(unix.RTM_DELROUTE, 0, way)
	}
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

// wayTo is a route to the gateway of a hop over its link; nil where there is none.
func wayTo(m Message, index int32, attrs []byte) []byte {
	family, gateway := m.Data[0], find(attrs, unix.RTA_GATEWAY)
	if via := find(attrs, unix.RTA_VIA); len(via) > 2 {
		family, gateway = byte(native.Uint16(via)), via[2:]
	}
	if gateway == nil {
		return nil
	}
	body := header(unix.SizeofRtMsg, family)
	body[1] = byte(8 * len(gateway))
	body[4], body[5], body[6], body[7] = unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST
	const own = 1 << 30 // a metric that nobody else has: it is told apart when it goes
	return put32(put32(put(body, unix.RTA_DST, gateway), unix.RTA_OIF, uint32(index)), unix.RTA_PRIORITY, own)
}
