package image

import (
	"slices"

	"golang.org/x/sys/unix"
)

// A tree is the traffic control of a link, on its way out or in.
type tree struct{ qdiscs, classes, filters []Message }

// ingressParent is where ingress and clsact sit (TC_H_INGRESS, TC_H_CLSACT).
const ingressParent = tcHIngress | 0xfff1

// trees puts the traffic control of each link together: the tree at the root,
// and what is at ingress.
func trees(img *Image) (root, ingress map[int32]tree) {
	root, ingress = map[int32]tree{}, map[int32]tree{}
	put := func(m Message, in bool, f func(*tree) *[]Message) {
		side := root
		if in {
			side = ingress
		}
		t := side[dev(m)]
		*f(&t) = append(*f(&t), m)
		side[dev(m)] = t
	}
	for _, m := range img.Dumps[secQdisc] {
		put(m, tcOf(m).parent == ingressParent, func(t *tree) *[]Message { return &t.qdiscs })
	}
	for _, m := range img.Dumps[secClass] {
		put(m, tcOf(m).parent&tcHIngress == tcHIngress && tcOf(m).parent != tcHRoot, func(t *tree) *[]Message { return &t.classes })
	}
	for _, m := range img.Dumps[secFilter] {
		put(m, tcOf(m).parent&tcHIngress == tcHIngress, func(t *tree) *[]Message { return &t.filters })
	}
	return root, ingress
}

func (v *view) tells(t tree) []string {
	var list []string
	for _, m := range t.qdiscs {
		list = append(list, handle(tcOf(m).parent)+" "+v.qdisc(m))
	}
	for _, m := range t.classes {
		list = append(list, handle(tcOf(m).handle)+" "+v.class(m))
	}
	for _, m := range t.filters {
		list = append(list, handle(tcOf(m).parent)+" "+handle(tcOf(m).info)+" "+v.filter(m))
	}
	return list
}

// restoreTraffic builds a tree anew where anything in it differs.
func (r *restorer) restoreTraffic() {
	if r.same(secQdisc, secClass, secFilter) {
		return
	}
	wantRoot, wantIn := trees(r.goal.Image)
	isRoot, isIn := trees(r.now)
	for _, l := range r.now.links() {
		if !slices.Equal(r.goal.view.tells(wantIn[l.index]), r.view.tells(isIn[l.index])) {
			r.rebuild(l, wantIn[l.index], isIn[l.index], ingressParent)
		}
		if !slices.Equal(r.goal.view.tells(wantRoot[l.index]), r.view.tells(isRoot[l.index])) {
			r.rebuild(l, wantRoot[l.index], isRoot[l.index], tcHRoot)
		}
	}
}

func (r *restorer) rebuild(l link, want, is tree, parent uint32) {
	if r.restoreMirrors(l, want, is) {
		return
	}
	about := "qdisc " + l.name
	if slices.ContainsFunc(is.qdiscs, func(m Message) bool { return tcOf(m).parent == parent && !byDefault(m) }) {
		r.request(about, unix.RTM_DELQDISC, 0, tcHeader(uint32(l.index), 0, parent, 0))
	}
	r.dropDefaults(l, want, is)
	// What hangs below something comes after it. A class whose parent is not
	// there would be put at the root without a word (sch_htb.c).
	waiting := append(slices.Clone(want.qdiscs), want.classes...)
	there := map[uint32]bool{tcHRoot: true, ingressParent: true}
	for progress := true; progress; {
		progress = false
		waiting = slices.DeleteFunc(waiting, func(m Message) bool {
			t := tcOf(m)
			// A class at the top says root, not the qdisc it belongs to; where that
			// is is in its own number.
			if !there[t.parent] || isClass(m) && !there[t.handle&0xffff0000] {
				return false
			}
			there[t.handle] = true
			progress = true
			r.addTraffic(l, m)
			return true
		})
	}
	for _, m := range want.filters {
		r.addFilter(l, m)
	}
}

func isClass(m Message) bool { return m.Type == unix.RTM_NEWTCLASS }

// addTraffic adds a qdisc or a class as it was shown.
func (r *restorer) addTraffic(l link, m Message) {
	t := tcOf(m)
	kind := cString(find(t.attrs, tcaKind))
	if byDefault(m) || isClass(m) && kind != "htb" && !classful[kind] {
		return // the kernel's own: a default qdisc, the one class of a tbf
	}
	attrs := edit(t.attrs, func(a uint16, data []byte) ([]byte, bool) {
		switch a {
		case tcaKind, 8, 13, 14: // TCA_STAB, TCA_INGRESS_BLOCK, TCA_EGRESS_BLOCK
			return data, true
		case tcaOptions:
			if kind == "htb" && !isClass(m) {
				data = htbOptions(data)
			}
			return data, len(data) > 0
		}
		return nil, false
	})
	body := append(tcHeader(uint32(l.index), t.handle, t.parent, 0), attrs...)
	ask, about := uint16(unix.RTM_NEWQDISC), "qdisc "+l.name
	if isClass(m) {
		ask, about = unix.RTM_NEWTCLASS, "class "+l.name
	}
	r.request(about, ask, unix.NLM_F_CREATE|unix.NLM_F_EXCL, body)
}

// classful are qdiscs whose classes are made by hand.
var classful = map[string]bool{"htb": true, "hfsc": true, "drr": true, "qfq": true, "cbq": true}

// htbOptions puts the version into TCA_HTB_INIT that a request has to name: the
// kernel shows 0x30011 and takes 3 (sch_htb.c: HTB_VER >> 16).
func htbOptions(b []byte) []byte {
	const htbInitAttr, htbVersion = 2, 3
	return edit(b, func(kind uint16, data []byte) ([]byte, bool) {
		if kind == htbInitAttr && len(data) >= 4 {
			data = slices.Clone(data)
			native.PutUint32(data, htbVersion)
		}
		return data, true
	})
}

// addFilter adds a filter as it was shown. Those without a handle are heads of
// lists; so are the tables of u32 that it makes by itself, 800:, 801: and on.
func (r *restorer) addFilter(l link, m Message) {
	t := tcOf(m)
	kind := cString(find(t.attrs, tcaKind))
	if t.handle == 0 || kind == "u32" && t.handle&0xfffff == 0 && t.handle>>20 >= 0x800 {
		return
	}
	attrs := edit(t.attrs, func(a uint16, data []byte) ([]byte, bool) {
		if a == tcaOptions {
			return filterOptions(kind, data), true
		}
		return data, a == tcaKind || a == tcaChain
	})
	r.request("filter "+l.name, unix.RTM_NEWTFILTER, unix.NLM_F_CREATE|unix.NLM_F_EXCL,
		append(tcHeader(uint32(l.index), t.handle, t.parent, t.info), attrs...))
}

// Attributes of filters that are shown and not taken: what they count, and
// where their hardware stands (TCA_CLS_FLAGS_IN_HW, NOT_IN_HW).
func filterOptions(kind string, b []byte) []byte {
	t := filterTables[kind]
	return edit(b, func(a uint16, data []byte) ([]byte, bool) {
		s := t[a]
		switch {
		case s.omit == always:
			return nil, false
		case s.name == "flags":
			flags := u32of(data) &^ (0x4 | 0x8)
			return native.AppendUint32(nil, flags), flags != 0
		case s.name == "action":
			return edit(data, func(_ uint16, action []byte) ([]byte, bool) { return actionBody(action), true }), true
		}
		return data, true
	})
}

// actionBody makes a request of an action: kind, options, index and cookie.
func actionBody(b []byte) []byte {
	kind := cString(find(b, 1))
	return edit(b, func(a uint16, data []byte) ([]byte, bool) {
		switch a {
		case 1, 3, 6: // TCA_ACT_KIND, INDEX, COOKIE
			return data, true
		case 2: // TCA_ACT_OPTIONS
			t := actionTables[kind]
			return edit(data, func(o uint16, data []byte) ([]byte, bool) { return data, t[o].omit != always }), true
		}
		return nil, false
	})
}
