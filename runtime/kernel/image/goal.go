package image

import (
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A goal is what a namespace shall look like: the pre-image where the
// transaction touched it, and what is there now where it did not. Then what is
// there can be compared and converged without asking again whose it is.
type goal struct {
	*Image
	view *view
	late map[string]bool // links that the pre-image was too early for
}

// A planner puts goals together.
type planner struct {
	*scope
	pre, now  *Image
	preView   *view
	nowView   *view
	verdict   *Verdict
	goal      *goal
	sameNames bool            // of links, then and now
	gained    map[string]bool // links: see findGained
	bare      map[addrOf]bool // addresses: see findBare
	asked     map[string]bool // MACs of the groups in which others ask for those
}

func newPlanner(set WriteSet, pre, now *Image) *planner {
	pre = renumbered(pre, now)
	was, is := newView(pre, settings), newView(now, settings)
	return &planner{scope: newScope(set, pre), pre: pre, now: now, preView: was, nowView: is, sameNames: maps.Equal(was.names, is.names),
		verdict: &Verdict{}, gained: map[string]bool{}, bare: map[addrOf]bool{}, asked: map[string]bool{}}
}

// find looks for what is touched besides the write set itself, and for what the
// pre-image does not show yet.
func (p *planner) find() {
	p.findSources()
	p.findNexthops()
	p.findMirrors()
	p.findGained()
	p.findBare()
}

// plan returns the goal for what is there now.
func plan(set WriteSet, pre, now *Image, verdict *Verdict) *goal {
	p := newPlanner(set, pre, now)
	if verdict != nil {
		p.verdict = verdict
	}
	p.goal = &goal{Image: &Image{Parts: now.Parts, Taken: p.pre.Taken, Dumps: map[section][]Message{}, Peers: now.Peers, Far: now.Far}, late: p.gained}
	p.find()
	p.planLinks()
	p.planNet()
	p.planTraffic()
	p.planDerived()
	p.planFiles()
	p.planTables()
	p.goal.view = newView(p.goal.Image, settings)
	return p.goal
}

// findSources collects the addresses of touched links: routes that name one as
// their source go with it.
func (p *planner) findSources() {
	for _, v := range []*view{p.preView, p.nowView} {
		for _, m := range v.img.Dumps[secAddr] {
			if p.addr(v.link(int32(native.Uint32(m.Data[4:])))) {
				p.sources[address(nil, localOf(m))] = true
			}
		}
	}
}

// findNexthops collects the nexthops that are touched, and the groups with one
// of them. A group may come before its members.
func (p *planner) findNexthops() {
	for range 2 {
		for _, v := range []*view{p.preView, p.nowView} {
			for _, m := range v.img.Dumps[secNexthop] {
				p.nexthop(v, m)
			}
		}
	}
}

// A kind tells how the objects of a section are dealt with.
type kind struct {
	in  func(v *view, m Message) bool   // touched
	key func(v *view, m Message) string // what stands together, in order
	say func(v *view, m Message) string // all that matters
	id  func(v *view, m Message) string // which one it is, where there is one of each
	own func(m Message) bool            // the kernel's, which is nobody else's
	bit func(m, of Message) bool        // what is left of another one
}

func dev(m Message) int32 { return int32(native.Uint32(m.Data[4:])) }

func (p *planner) kinds() map[section]kind {
	routes := kind{
		in:  func(v *view, m Message) bool { return p.scope.route(v, routeOf(m)) && !p.early(v, secRoute6, m) },
		key: func(_ *view, m Message) string { return routeOf(m).key() },
		say: func(v *view, m Message) string { return v.route(routeOf(m)) },
		own: func(m Message) bool { return routeOf(m).proto == unix.RTPROT_KERNEL },
		bit: func(m, of Message) bool { return routeOf(m).partOf(routeOf(of)) },
	}
	neighs := func(s section, key func(v *view, n neigh) string, say func(v *view, n neigh) string) kind {
		of := func(m Message) neigh { n, _ := neighOf(m); return n }
		return kind{
			in:  func(v *view, m Message) bool { return p.scope.neigh(v.link(dev(m))) && !p.early(v, s, m) },
			key: func(v *view, m Message) string { return key(v, of(m)) },
			say: func(v *view, m Message) string { return say(v, of(m)) },
			id:  func(*view, Message) string { return "" },
			own: func(m Message) bool { return of(m).derived() || !of(m).set() },
		}
	}
	return map[section]kind{
		secAddr: {
			in:  func(v *view, m Message) bool { return p.scope.addr(v.link(dev(m))) && !p.early(v, secAddr, m) },
			key: func(v *view, m Message) string { return "addr " + v.link(dev(m)) + " " + familyName(m.Data[0]) },
			say: func(v *view, m Message) string { return v.addr(m) },
			id:  func(_ *view, m Message) string { return addrKey(m) },
			own: func(m Message) bool { return find(m.Data[unix.SizeofIfAddrmsg:], ifaProto) != nil },
		},
		secRoute4: routes, secRoute6: routes, secMPLS: routes,
		secRule: {
			in:  func(v *view, m Message) bool { return p.scope.rule(v, m) },
			key: func(_ *view, m Message) string { return ruleKey(m) },
			say: func(v *view, m Message) string { return v.rule(m) },
		},
		secNexthop: {
			in:  func(v *view, m Message) bool { return p.scope.nexthop(v, m) },
			key: func(_ *view, m Message) string { return nexthopKey(m) },
			say: func(v *view, m Message) string { return v.nexthop(m) },
			id:  func(*view, Message) string { return "" },
		},
		secNeigh: neighs(secNeigh, (*view).neighKey, (*view).neigh),
		secProxy: neighs(secProxy, (*view).neighKey, (*view).neigh),
		secFDB:   neighs(secFDB, (*view).fdbKey, (*view).fdb),
	}
}

// netSections are merged one by one, in this order: whether a route was touched
// depends on the nexthops.
var netSections = []section{secAddr, secNexthop, secRoute4, secRoute6, secMPLS, secRule, secNeigh, secProxy, secFDB}

func (p *planner) planNet() {
	kinds := p.kinds()
	for _, s := range netSections {
		p.goal.Dumps[s] = p.merge(s, kinds[s])
	}
}

// An object is a message, by what it stands together with and all that matters
// of it.
type object struct {
	Message
	key, full string
}

// objects shows a section as it was and as it is. Where links have the same names,
// the same message says the same.
func (p *planner) objects(s section, k kind) (was, is []object) {
	known := map[string]object{}
	show := func(v *view) []object {
		if v == p.nowView && !p.sameNames {
			clear(known)
		}
		list := make([]object, len(v.img.Dumps[s]))
		for i, m := range v.img.Dumps[s] {
			o, ok := known[string(m.Data)]
			if !ok {
				o.key = k.key(v, m)
				o.full = o.key + "\x00" + k.say(v, m)
				known[string(m.Data)] = o
			}
			o.Message = m
			list[i] = o
		}
		return list
	}
	return show(p.preView), show(p.nowView)
}

// merge returns the touched objects of a section as they were, and the others
// as they are, those that stand together in the order they had.
func (p *planner) merge(s section, k kind) []Message {
	if p.sameNames && slices.EqualFunc(p.pre.Dumps[s], p.now.Dumps[s], Message.equal) {
		return p.now.Dumps[s]
	}
	before, after := p.objects(s, k)
	was, is := map[string]bool{}, map[string]bool{}
	for _, o := range before {
		was[o.full] = true
	}
	for _, o := range after {
		is[o.full] = true
	}
	foreign := map[string]bool{} // by id
	lost := map[string][]Message{}
	for _, o := range before {
		if k.bit != nil && !is[o.full] && k.in(p.preView, o.Message) {
			lost[o.key] = append(lost[o.key], o.Message)
		}
	}
	var kept []object
	for _, o := range after {
		switch m := o.Message; {
		case was[o.full]:
		case slices.ContainsFunc(lost[o.key], func(of Message) bool { return k.bit(m, of) }):
		case !k.in(p.nowView, m) || s == secFDB && p.ownEntry(m):
			kept = append(kept, o)
		case p.verdict.Kept[string(s)+"\x00"+o.full]:
			kept = append(kept, o)
			if k.id != nil {
				foreign[o.key+"\x00"+k.id(p.nowView, m)] = true
			}
		}
	}
	var out []object
	for _, o := range before {
		m := o.Message
		if k.id != nil && foreign[o.key+"\x00"+k.id(p.preView, m)] || p.verdict.Gone[string(s)+"\x00"+o.full] && !is[o.full] {
			continue
		}
		if is[o.full] || k.in(p.preView, m) && !(s == secFDB && p.masterless(m)) {
			out = append(out, o)
		}
	}
	return insert(out, kept, after)
}

// ownEntry reports whether an entry of the forwarding table is that of a
// bridge's own MAC, which is there where none of the ports has it.
func (p *planner) ownEntry(m Message) bool {
	n, ok := neighOf(m)
	about := find(n.attrs, unix.NDA_LLADDR)
	if !ok || n.state&unix.NUD_PERMANENT == 0 || int32(u32of(find(n.attrs, unix.NDA_MASTER))) != n.index {
		return false
	}
	own, ports := false, false
	for _, l := range p.goal.links() {
		same := string(find(l.attrs, unix.IFLA_ADDRESS)) == string(about)
		own = own || same && l.index == n.index
		ports = ports || same && l.master == n.index
	}
	return own && !ports
}

// masterless reports whether an entry was in the forwarding table of a bridge
// that is gone.
func (p *planner) masterless(m Message) bool {
	n, _ := neighOf(m)
	master := int32(u32of(find(n.attrs, unix.NDA_MASTER)))
	return master != 0 && p.nowView.names[master] == ""
}

// insert puts what stays as it is behind what it stands behind now.
func insert(out, kept, now []object) []Message {
	stays := map[string]bool{}
	for _, o := range kept {
		stays[o.full] = true
	}
	behind := map[string][]object{} // the first of those that stand together are behind nothing
	before := map[string]string{}
	for _, o := range now {
		if stays[o.full] {
			behind[before[o.key]] = append(behind[before[o.key]], o)
		}
		before[o.key] = o.full
	}
	var all []Message
	placed := map[*byte]bool{}
	var follow func(o object)
	follow = func(o object) {
		all = append(all, o.Message)
		placed[&o.Data[0]] = true
		next := behind[o.full]
		delete(behind, o.full)
		for _, n := range next {
			follow(n)
		}
	}
	for _, o := range behind[""] {
		follow(o)
	}
	delete(behind, "")
	for _, o := range out {
		follow(o)
	}
	for _, o := range kept { // behind something that goes
		if !placed[&o.Data[0]] {
			all = append(all, o.Message)
		}
	}
	return all
}

// planTraffic takes qdiscs, classes and filters by the link.
func (p *planner) planTraffic() {
	for _, s := range []section{secQdisc, secClass, secFilter} {
		p.byLink(s, func(name string) bool { return p.tc(name) && !p.verdict.Traffic[name] })
	}
}

// tree tells all of a link's traffic control but what the kernel gave it by
// itself, when it came up.
func (v *view) tree(name string) []string {
	var list []string
	for _, s := range []section{secQdisc, secClass, secFilter} {
		show := map[section]func(Message) string{secQdisc: v.qdisc, secClass: v.class, secFilter: v.filter}[s]
		for _, m := range v.img.Dumps[s] {
			if v.link(dev(m)) == name && !(s == secQdisc && byDefault(m)) {
				list = append(list, show(m))
			}
		}
	}
	return list
}

// byLink takes a section's messages from the pre-image for touched links, else
// from what is there.
func (p *planner) byLink(s section, touched func(name string) bool) {
	for _, m := range p.pre.Dumps[s] {
		if len(m.Data) >= 8 && touched(p.preView.link(dev(m))) {
			p.goal.Dumps[s] = append(p.goal.Dumps[s], m)
		}
	}
	for _, m := range p.now.Dumps[s] {
		if len(m.Data) >= 8 && !touched(p.nowView.link(dev(m))) {
			p.goal.Dumps[s] = append(p.goal.Dumps[s], m)
		}
	}
}

// planDerived takes what cannot be set by itself, or is not worth more care.
func (p *planner) planDerived() {
	p.byLink(secMDB, p.link)
	p.byLink(secPort, p.link)
	p.byLink(secVLAN, p.link)
	from := p.now
	if p.All || p.Labels {
		from = p.pre
	}
	p.goal.Dumps[secLabel] = from.Dumps[secLabel]
	for _, s := range []section{secNeighTbl, secNetconf, secFeatures, secXfrmState, secXfrmRule} {
		from := p.now
		if p.All && p.now.Dumps[s] != nil {
			from = p.pre
		}
		p.goal.Dumps[s] = from.Dumps[s]
	}
	p.goal.Groups = p.now.Groups
	if p.All && p.now.Groups != nil {
		p.goal.Groups = p.pre.Groups
	}
}

// planFiles takes parameters by their key.
func (p *planner) planFiles() {
	choose := func(pre, now map[string]string, in func(string) bool) map[string]string {
		if now == nil || pre == nil {
			return now
		}
		out := maps.Clone(now)
		for key, was := range pre {
			is, there := now[key]
			if in(key) && (is != was || !there) {
				out[key] = was
			}
		}
		if p.All {
			maps.DeleteFunc(out, func(key, _ string) bool { _, ok := pre[key]; return !ok })
		}
		return out
	}
	p.goal.Sysctl = choose(p.pre.Sysctl, p.now.Sysctl, func(key string) bool { return p.sysctl(key) && !p.verdict.Params[key] })
	p.goal.Sysfs = choose(p.pre.Sysfs, p.now.Sysfs, func(key string) bool {
		name, _, _ := strings.Cut(key, "/")
		return p.link(name)
	})
}

func (p *planner) planTables() {
	if p.now.Parts&p.pre.Parts&NFT == 0 {
		p.goal.Tables = p.now.Tables
		return
	}
	find := func(img *Image, name string) (Table, bool) {
		i := slices.IndexFunc(img.Tables, func(t Table) bool { return t.Name == name })
		if i < 0 {
			return Table{}, false
		}
		return img.Tables[i], true
	}
	done := map[string]bool{}
	for _, name := range tableList(p.pre, p.now) {
		if done[name] {
			continue
		}
		done[name] = true
		was, before := find(p.pre, name)
		is, there := find(p.now, name)
		switch touched := p.table(name); {
		case touched && before:
			p.goal.Tables = append(p.goal.Tables, was)
		case !touched && there:
			p.goal.Tables = append(p.goal.Tables, is)
		}
	}
}

func tableList(images ...*Image) []string {
	var names []string
	for _, img := range images {
		for _, t := range img.Tables {
			names = append(names, t.Name)
		}
	}
	return names
}
