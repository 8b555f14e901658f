package complete

import (
	"strings"

	"vnet/lang/lex"
	"vnet/lang/literal"
	"vnet/lang/name"
	"vnet/lang/usage"
)

// endMet takes in NS:IF, or a bare interface, bridge or, at a cable or an uplink,
// namespace.
func (r *reader) endMet(t *lex.Token, f found, text string, hopeful bool) {
	ns, link, ok := literal.ParseEnd(text)
	if !ok {
		r.bareEnd(t, f, text, hopeful)
		return
	}
	r.walker.place = ns
	at := strings.IndexByte(t.Value, ':')
	if at < 0 || t.Type != lex.Word {
		at = len(t.Value)
	}
	if _, isRange := literal.ParseRange(text); isRange {
		r.world.open = true
		return
	}
	r.namePart(t, 0, at, r.world.open || r.world.hasSpace(ns), hopeful)
	_, taken := r.world.link(ns, link)
	r.linkPart(t, min(at+1, len(t.Value)), f, end{ns, link}, taken, hopeful)
}

// linkPart takes in the interface of an end, from an offset in its token.
func (r *reader) linkPart(t *lex.Token, at int, f found, e end, taken, hopeful bool) {
	if f.kind == usage.NewEnd {
		bad := name.Link(e.link) != nil
		r.newPart(t, at, taken, bad, hopeful)
		r.made(f, e)
		return
	}
	r.end = e
	r.namePart(t, at, len(t.Value), taken || r.linksOpen(e.ns), hopeful)
}

// linksOpen reports whether a namespace may have interfaces that are not known.
func (r *reader) linksOpen(ns string) bool {
	return r.world.open || r.world.loose || ns == unknownSpace || !r.world.hasSpace(ns)
}

// made notes an interface that the statement makes.
func (r *reader) made(f found, e end) {
	kind := ""
	if f.entry != nil {
		kind = f.entry.Word
	}
	r.noPort = !r.world.isBridge(e.ns, e.link) && !r.linksOpen(e.ns)
	if kind == "uplink" {
		kind = "tap"
		r.world.spawned = append(r.world.spawned, Named{"uplink-" + e.ns, "of this entry"})
	}
	l := r.world.makes(e.ns, e.link, kind)
	if kind == "veth" && r.first.link != "" {
		l.Peer = space(r.first.ns) + ":" + r.first.link
		r.world.makes(r.first.ns, r.first.link, kind).Peer = space(e.ns) + ":" + e.link
	} else {
		r.first = e
	}
	r.end = e
}

func (r *reader) bareEnd(t *lex.Token, f found, text string, hopeful bool) {
	scope := r.walker.scope
	_, taken := r.world.link(scope, text)
	cable := f.kind == usage.NewEnd && f.entry != nil && f.entry.Word == "veth"
	uplink := f.kind == usage.NewEnd && f.entry != nil && f.entry.Word == "uplink"
	switch {
	case uplink && r.world.hasSpace(text):
		r.mark(t, ClassName)
		r.made(f, end{text, "uplink"})
	case uplink && scope == "" && !r.world.open:
		r.nameMark(t, false, hopeful)
	case cable && r.world.isBridge(scope, text):
		r.mark(t, ClassName)
		r.joins(end{scope, text})
	case cable && r.world.hasSpace(text):
		r.mark(t, ClassName)
		r.walker.place, r.noPort = text, true
	case cable && r.nearMiss(scope, text) && !r.world.open:
		r.nameMark(t, false, hopeful)
	default:
		r.linkPart(t, 0, f, end{scope, text}, taken, hopeful)
	}
}

// nearMiss reports whether the bare end of a cable is rather a misspelt bridge
// or namespace than a new interface.
func (r *reader) nearMiss(scope, text string) bool {
	var names []string
	for _, l := range r.world.linksOf(scope) {
		if isBridge(l) {
			names = append(names, l.Name)
		}
	}
	_, near := name.Near(text, append(names, r.world.namespaces()...))
	return near
}

// joins notes that the cable ends at a bridge.
func (r *reader) joins(bridge end) {
	if r.first.link != "" {
		r.world.makes(r.first.ns, r.first.link, "veth").Peer = space(bridge.ns) + ":" + bridge.link
	}
	r.first, r.end = bridge, end{}
}

// about is the namespace of an interface that is named without one.
func (r *reader) about() string {
	if r.walker.place != "" {
		return r.walker.place
	}
	return r.walker.scope
}

func (r *reader) linkMet(t *lex.Token, f found, text string, hopeful bool) {
	if strings.Contains(text, ":") {
		f.kind = usage.End
		r.endMet(t, f, text, hopeful)
		return
	}
	ns := r.about()
	if f.option != nil && f.option.Scope == usage.Side {
		ns = r.walker.scope // of the bridge
	}
	_, there := r.world.link(ns, text)
	if f.kind == usage.NewLink {
		r.newMark(t, there, name.Link(text) != nil, hopeful)
		return
	}
	r.nameMark(t, there || r.linksOpen(ns), hopeful)
}
