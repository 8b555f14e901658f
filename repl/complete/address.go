package complete

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"vnet/lang/literal"
	"vnet/lang/usage"
)

func isBridge(l Link) bool { return l.Kind == "bridge" }

// links offers interfaces of a namespace, but for the one that the statement
// is about.
func (o *offerer) links(ns string, keep func(Link) bool) {
	for _, l := range o.world.linksOf(ns) {
		if keep(l) && (o.end != end{ns, l.Name}) {
			o.add(KindLink, l.Name, linkDoc(l))
		}
	}
}

// linkDoc says in a line what an interface is.
func linkDoc(l Link) string {
	words := []string{l.Kind}
	if l.Master != "" {
		words = append(words, "in "+l.Master)
	}
	for _, a := range l.Addrs {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

// ends offers interfaces as NS:IF: namespaces until one is typed, then the
// interfaces of that one.
func (o *offerer) ends(k usage.Kind) {
	ns, _, typed := strings.Cut(o.typed, ":")
	if typed {
		if k == usage.NewEnd {
			o.freeLink(ns, ns+":", stemOf(o.walker.entry))
		}
		for _, l := range o.world.linksOf(ns) {
			doc := linkDoc(l)
			if k == usage.NewEnd {
				doc = strings.TrimSpace("taken " + doc)
			}
			o.add(KindLink, ns+":"+l.Name, doc)
		}
		return
	}
	if k == usage.NewEnd {
		if e := o.walker.entry; e != nil && e.Word == "veth" {
			o.links(o.walker.scope, isBridge)
		} else if e != nil && e.Word == "uplink" {
			o.spaces("") // its whole interface may be left out
		} else {
			o.freeLink(o.walker.scope, "", stemOf(e))
		}
	} else {
		for _, l := range o.world.linksOf(o.walker.scope) {
			o.add(KindLink, l.Name, linkDoc(l))
		}
	}
	o.spaces(":")
}

// farEnds offers the interfaces of the namespace that is typed.
func (o *offerer) farEnds() {
	ns, _, ok := strings.Cut(o.typed, ":")
	if !ok || !o.world.hasSpace(ns) {
		return
	}
	for _, l := range o.world.linksOf(ns) {
		o.add(KindLink, ns+":"+l.Name, linkDoc(l))
	}
}

// stems are how interfaces of a kind are usually called.
var stems = map[string]string{"veth": "eth", "bridge": "br"}

// stemOf is how the interfaces that a statement makes are usually called.
func stemOf(e *usage.Entry) string {
	if e == nil || e.Places["END"] != usage.NewEnd {
		return "eth"
	}
	if stem := stems[e.Word]; stem != "" {
		return stem
	}
	return e.Word
}

// newLink offers a name for an interface that an option names: the port of a
// bridge, which is where the statement works, or one that changes its name.
func (o *offerer) newLink(u *usage.Option) {
	if u != nil && u.Scope == usage.Side {
		o.freeLink(o.walker.scope, "", strings.ToLower(u.Arg))
		return
	}
	o.freeLink(o.about(), "", "eth")
}

// freeLink offers the next free name of an interface.
func (o *offerer) freeLink(ns, before, stem string) {
	taken := map[string]bool{}
	for _, l := range o.world.linksOf(ns) {
		taken[l.Name] = true
	}
	typed := strings.TrimPrefix(o.typed, before)
	if typed != "" && !strings.HasPrefix(stem, typed) && strings.Trim(typed, "abcdefghijklmnopqrstuvwxyz-") == "" && len(typed) < 13 {
		stem = typed
	}
	o.add(KindLink, before+nextOf(stem, taken), "free")
}

// nextOf gives the first name of a stem that is not taken.
func nextOf(stem string, taken map[string]bool) string {
	for i := 0; ; i++ {
		if n := stem + strconv.Itoa(i); !taken[n] {
			return n
		}
	}
}

// newName offers the next name of a series of namespaces: h3 after h1 and h2.
func (o *offerer) newName() {
	stem := strings.TrimRight(o.typed, "0123456789")
	last := o.typed
	if o.typed == "" {
		if o.inside == "" {
			return
		}
		last = o.inside
		stem = strings.TrimRight(o.inside, "0123456789")
	}
	if stem == "" || last == stem && o.typed == "" {
		return
	}
	highest := -1
	for _, n := range o.world.namespaces() {
		digits, ok := strings.CutPrefix(n, stem)
		if i, err := strconv.Atoi(digits); ok && err == nil && i >= 0 && strconv.Itoa(i) == digits {
			highest = max(highest, i)
		}
	}
	if highest >= 0 {
		o.add(KindNamespace, stem+strconv.Itoa(highest+1), "free")
	}
}

// addresses offers addresses that fit the place.
func (o *offerer) addresses(k usage.Kind) {
	switch {
	case k == usage.CIDR && slices.Contains(o.walker.words, "del"):
		l, _ := o.world.link(o.end.ns, o.end.link)
		for _, a := range l.Addrs {
			o.add(KindAddress, a.String(), "")
		}
	case k == usage.CIDR && o.walker.option != nil && len(o.walker.wants) > 0:
	case k == usage.CIDR:
		o.freeAddresses()
	case k == usage.Dest:
		o.add(KindAddress, "default", "everything that no other route is for")
		o.nets()
	case k == usage.OwnIP:
		for _, l := range o.world.linksOf(o.about()) {
			for _, a := range l.Addrs {
				o.add(KindAddress, a.Addr().String(), l.Name)
			}
		}
	default:
		o.neighbours(k)
	}
}

// few is how many nets are offered.
const few = 50

// nets offers the subnets that are alive.
func (o *offerer) nets() {
	seen := map[netip.Prefix]bool{}
	for _, ns := range append(o.world.namespaces(), "") {
		for _, l := range o.world.linksOf(ns) {
			for _, a := range given(l.Addrs) {
				if n := a.Masked(); !seen[n] && len(seen) < few && !a.IsSingleIP() {
					seen[n] = true
					o.add(KindAddress, n.String(), strings.TrimPrefix(ns+":"+l.Name, ":"))
				}
			}
		}
	}
}

// neighbours offers the addresses at the other ends of the namespace's links.
func (o *offerer) neighbours(k usage.Kind) {
	ns := o.about()
	for _, l := range o.world.linksOf(ns) {
		for _, e := range o.segment(end{ns, l.Name}) {
			if space(e.ns) == space(ns) {
				continue
			}
			far, _ := o.world.link(e.ns, e.link)
			for _, a := range given(far.Addrs) {
				o.add(KindAddress, a.Addr().String(), e.ns+":"+e.link)
			}
			if k == usage.Gateway && len(given(far.Addrs)) > 0 && e.ns != "" {
				o.add(KindNamespace, e.ns, "its address on "+e.link)
			}
		}
	}
}

// wide is how many ends of a segment are looked at.
const wide = 2000

// segment gives the interfaces that a packet from one reaches without a
// router, itself the first: over cables and bridges.
func (o *offerer) segment(from end) []end {
	from.ns = space(from.ns)
	list, seen := []end{from}, map[end]bool{from: true}
	visit := func(e end) {
		if e.link != "" && !seen[e] && len(list) < wide {
			seen[e] = true
			list = append(list, e)
		}
	}
	for i := 0; i < len(list); i++ {
		e := list[i]
		l, ok := o.world.link(e.ns, e.link)
		if !ok {
			continue
		}
		if ns, link, ok := strings.Cut(l.Peer, ":"); ok {
			visit(end{space(ns), link})
		}
		visit(end{e.ns, l.Master})
		if l.Kind != "bridge" {
			continue
		}
		for _, port := range o.world.linksOf(e.ns) {
			if port.Master == e.link {
				visit(end{e.ns, port.Name})
			}
		}
		for ns, made := range o.world.links {
			for _, m := range made {
				if m.Peer == e.ns+":"+e.link {
					visit(end{ns, m.Name})
				}
			}
		}
	}
	return list
}

// freeAddresses offers the next free address of each subnet of the segment
// that the interface is on, or else of the subnet typed last.
func (o *offerer) freeAddresses() {
	var used []netip.Prefix
	from := o.end
	if from.link == "" && o.first.link != "" {
		from = o.first // the bridge
	}
	if from.link != "" {
		used = o.addrsOf(o.segment(from))
	}
	if far, ok := o.farSide(); ok && len(used) == 0 {
		used = o.addrsOf(o.segment(far))
	}
	if len(used) == 0 {
		if n := len(o.world.addrs); n > 0 {
			last := o.world.addrs[n-1].Masked()
			for _, a := range o.world.addrs {
				if a.Masked() == last {
					used = append(used, a)
				}
			}
		}
	}
	offered := map[netip.Prefix]bool{}
	for _, a := range used {
		if n := a.Masked(); !offered[n] {
			offered[n] = true
			if free, ok := nextFree(n, used); ok {
				o.add(KindAddress, free.String(), "free in "+n.String())
			}
		}
	}
}

func (o *offerer) addrsOf(ends []end) []netip.Prefix {
	var list []netip.Prefix
	for _, e := range ends {
		if l, ok := o.world.link(e.ns, e.link); ok {
			list = append(list, given(l.Addrs)...)
		}
	}
	return list
}

// given leaves out the addresses that every interface gives itself.
func given(addrs []netip.Prefix) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(addrs), func(a netip.Prefix) bool { return a.Addr().IsLinkLocalUnicast() })
}

// farSide gives the other end of the cable, where it stands behind the cursor.
func (o *offerer) farSide() (end, bool) {
	line, _, _ := strings.Cut(o.text[o.cursor:], "\n")
	_, behind, ok := strings.Cut(line, "<->")
	words := strings.Fields(behind)
	if !ok || len(words) == 0 {
		return end{}, false
	}
	if ns, link, ok := literal.ParseEnd(words[0]); ok {
		return end{ns, link}, true
	}
	return end{o.walker.scope, words[0]}, true
}

// nextFree gives the first address of a subnet that nobody has. The network's
// and, of IPv4, the broadcast address are nobody's.
func nextFree(net netip.Prefix, used []netip.Prefix) (netip.Prefix, bool) {
	var taken []netip.Addr
	for _, p := range used {
		if net.Contains(p.Addr()) {
			taken = append(taken, p.Addr())
		}
	}
	slices.SortFunc(taken, netip.Addr.Compare)
	a := net.Addr()
	if net.Bits() < net.Addr().BitLen()-1 {
		a = a.Next()
	}
	for _, t := range taken {
		if t == a {
			a = a.Next()
		}
	}
	if !a.IsValid() || !net.Contains(a) {
		return netip.Prefix{}, false
	}
	if next := a.Next(); a.Is4() && net.Bits() < 31 && !net.Contains(next) {
		return netip.Prefix{}, false // the broadcast address
	}
	return netip.PrefixFrom(a, net.Bits()), true
}
