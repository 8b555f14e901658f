package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// addOverDown adds routes of several ways of which some lead over links that
// are down. Such a route stays when a link goes down, and is only taken while
// all of them are up, and its gateways are reached: so they are, for a moment.
// What that brings along goes with them again.
func (r *restorer) addOverDown(list []Message) {
	down := map[int32]link{}
	for _, l := range r.now.links() {
		if l.flags&unix.IFF_UP == 0 {
			down[l.index] = l
		}
	}
	raised := map[int32]bool{}
	list = slices.DeleteFunc(list, func(m Message) bool {
		dead := false
		eachHop(find(routeOf(m).attrs, unix.RTA_MULTIPATH), func(hop, attrs []byte) {
			l, ok := down[int32(native.Uint32(hop[4:]))]
			if !ok {
				return
			}
			dead = true
			if !raised[l.index] {
				raised[l.index] = r.request("link "+l.name+" flags", unix.RTM_SETLINK, 0, ifinfo(l.index, unix.IFF_UP, unix.IFF_UP))
			}
			r.tried++
			_, _ = r.route.do(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL, wayTo(m, l.index, attrs))
		})
		return !dead
	})
	r.addRoutes(list)
	for index := range raised {
		r.request("link "+down[index].name+" flags", unix.RTM_SETLINK, 0, ifinfo(index, 0, unix.IFF_UP))
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
