package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// eachMirror calls f for each action of a filter that sends packets to another
// link, also with its parameters (struct tc_mirred): the number of that link is
// behind the first 24 bytes. A link that leaves the namespace is taken out of
// them (act_mirred.c: mirred_device_event).
func eachMirror(m Message, f func(action, parms []byte)) {
	t := tcOf(m)
	spec := filterTables[cString(find(t.attrs, tcaKind))]
	each(find(t.attrs, tcaOptions), func(kind uint16, data []byte) {
		if spec[kind].name != "action" {
			return
		}
		each(data, func(_ uint16, action []byte) {
			if parms := find(action, 2, 2); cString(find(action, 1)) == "mirred" && len(parms) >= 28 { // TCA_ACT_OPTIONS, TCA_MIRRED_PARMS
				f(action, parms)
			}
		})
	})
}

// findMirrors collects the links with filters that send packets to a touched
// one: their traffic control is touched too.
func (p *planner) findMirrors() {
	for _, m := range p.pre.Dumps[secFilter] {
		eachMirror(m, func(_, parms []byte) {
			if to, from := p.preView.link(int32(native.Uint32(parms[24:]))), p.preView.link(dev(m)); p.whole[to] {
				p.traffic[from] = true
				p.mirrors[from] = true
			}
		})
	}
}

// sameTraffic reports whether the traffic control of a link is as it was, but
// for where it sends packets if that was touched.
func (j *judgement) sameTraffic(name string) bool {
	was, is := *j.preView, *j.nowView
	was.blind, is.blind = j.mirrors[name], j.mirrors[name]
	return slices.Equal(was.tree(name), is.tree(name))
}

// restoreMirrors has a link's filters send packets where they did, if nothing
// else about them differs: an action is there for as long as it has users, also
// those that the kernel has yet to clear away, so that a new filter could get
// one without its target.
func (r *restorer) restoreMirrors(l link, want, is tree) bool {
	goal, now := *r.goal.view, *r.view
	goal.blind, now.blind = true, true
	if !slices.Equal(goal.tells(want), now.tells(is)) {
		return false
	}
	for _, m := range want.filters {
		eachMirror(m, func(action, _ []byte) {
			const tab, first = 1, 1 // TCA_ACT_TAB; the first of up to TCA_ACT_MAX_PRIO
			list := put(nil, first|unix.NLA_F_NESTED, actionBody(action))
			r.request("filter "+l.name, unix.RTM_NEWACTION, unix.NLM_F_CREATE|unix.NLM_F_REPLACE,
				put(make([]byte, 4), tab|unix.NLA_F_NESTED, list)) // struct tcamsg
		})
	}
	return true
}
