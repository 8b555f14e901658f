package tx

import (
	"encoding/json"
	"maps"
	"slices"

	"vnet/runtime/host"
)

// past is what a transaction needs to know of what was there before it, and
// before each of its marks.
type past struct {
	spaces   map[string][]birth        // the operations that made a namespace, or removed it
	links    map[host.End][]birth      // those that made what bears or bore this name
	queue    int                       // which is looked at
	renames  []renaming                // in that
	marks    []mark                    // that may be rolled back to; there is always one at 0
	leaving  map[string]bool           // namespaces that are about to go whole, with a lab that is replaced
	plates   map[string][]plate        // what namespaces were like, in the order they were taken
	files    int                       // plates, so far
	closeups map[string][]closeup      // what is not on those, in the order they were taken
	shown    map[string]map[string]int // by namespace, what closeups show, and the operation before which the last was taken
	deeds    map[string][]deed         // what was done to those, even if taken back since
	verdicts map[string]host.Verdict   // what others did to those meanwhile, once a rollback of all has begun
}

// A birth is the operation that made something, or removed it, and the queue that
// was in.
type birth struct {
	seq, queue int
	death      bool
}

// A renaming is that an interface is called otherwise, or is somewhere else.
type renaming struct {
	seq      int
	from, to host.End
}

// A mark is a place that a strand may roll back to.
type mark struct {
	at     int
	strand *strand
}

// A plate is a picture of a namespace.
type plate struct {
	before int // the operation it was taken before
	data   []byte
	file   string         // in the journal
	made   map[string]int // the interfaces there that the transaction had made, and by which operation
}

// A closeup shows what an operation touches and plates leave out.
type closeup struct {
	before int
	data   json.RawMessage
}

// A deed is what a strand did.
type deed struct {
	seq    int
	strand *strand
	op     host.Op
}

func newPast() past {
	return past{spaces: map[string][]birth{}, links: map[host.End][]birth{}, plates: map[string][]plate{},
		closeups: map[string][]closeup{}, shown: map[string]map[string]int{}, deeds: map[string][]deed{}, verdicts: map[string]host.Verdict{}}
}

// learn notes what an operation makes.
func (p *past) learn(e entry) {
	switch op := e.step.Op.(type) {
	case host.NamespaceAdd:
		p.spaces[op.Name] = append(p.spaces[op.Name], birth{seq: e.seq, queue: p.queue})
	case host.NamespaceDel:
		p.spaces[op.Name] = append(p.spaces[op.Name], birth{e.seq, p.queue, true})
	case host.LinkAdd:
		for _, end := range ends(op) {
			p.links[end] = append(p.links[end], birth{seq: e.seq, queue: p.queue})
		}
	case host.LinkSet:
		if op.NewName != nil {
			p.rename(e.seq, host.End{NS: op.NS, Name: op.Name}, host.End{NS: op.NS, Name: *op.NewName})
		}
	case host.LinkMove:
		p.rename(e.seq, host.End{NS: op.NS, Name: op.Name}, host.End{NS: op.To, Name: op.Name})
	}
}

// unlearn notes that an operation was taken back.
func (p *past) unlearn(e entry) {
	switch op := e.step.Op.(type) {
	case host.NamespaceAdd:
		pop(p.spaces, op.Name, e.seq)
	case host.NamespaceDel:
		pop(p.spaces, op.Name, e.seq)
	case host.LinkAdd:
		for _, end := range ends(op) {
			pop(p.links, end, e.seq)
		}
	case host.LinkSet:
		if op.NewName != nil {
			p.rename(e.seq, host.End{NS: op.NS, Name: *op.NewName}, host.End{NS: op.NS, Name: op.Name})
		}
	case host.LinkMove:
		p.rename(e.seq, host.End{NS: op.To, Name: op.Name}, host.End{NS: op.NS, Name: op.Name})
	}
}

func ends(op host.LinkAdd) []host.End {
	if op.Peer == nil {
		return []host.End{op.Link.End()}
	}
	return []host.End{op.Link.End(), op.Peer.End()}
}

// pop takes the newest of a list away, if it is of that operation.
func pop[K comparable](lists map[K][]birth, key K, seq int) {
	list := lists[key]
	switch n := len(list); {
	case n == 0 || list[n-1].seq != seq:
	case n == 1:
		delete(lists, key)
	default:
		lists[key] = list[:n-1]
	}
}

// rename notes that an interface it made is somewhere else.
func (p *past) rename(seq int, from, to host.End) {
	if list := p.links[from]; len(list) > 0 {
		b := list[len(list)-1]
		pop(p.links, from, b.seq)
		p.links[to] = append(p.links[to], b)
		p.renames = append(p.renames, renaming{seq, from, to})
	}
}

// last gives the newest of a list as it was before an operation of the queue
// that is looked at was sent.
func (p *past) last(list []birth, before int) (birth, bool) {
	for _, b := range slices.Backward(list) {
		if b.queue != p.queue || b.seq < before {
			return b, !b.death
		}
	}
	return birth{}, false
}

// madeSpace reports whether the transaction had made a namespace before an
// operation.
func (p *past) madeSpace(ns string, before int) bool {
	_, made := p.last(p.spaces[ns], before)
	return made
}

// made reports whether the transaction had made an interface before an operation
// and since a mark, or all of its namespace.
func (p *past) made(e host.End, since, before int) bool {
	if p.madeSpace(e.NS, before) {
		return true
	}
	for _, r := range p.renames {
		if r.seq >= before && r.from == e {
			e = r.to
		}
	}
	b, made := p.last(p.links[e], before)
	return made && b.seq > since
}

// madeIn gives the interfaces that the transaction has made in a namespace, and
// the operations that made them, as it is before an operation.
func (p *past) madeIn(ns string, before int) map[string]int {
	made := map[string]int{}
	for end, list := range p.links {
		for _, r := range slices.Backward(p.renames) {
			if r.seq >= before && r.to == end {
				end = r.from
			}
		}
		if b, ok := p.last(list, before); ok && end.NS == ns {
			made[end.Name] = b.seq
		}
	}
	return made
}

// touch notes an operation on namespaces of which there is a picture.
func (p *past) touch(e entry) {
	for _, ns := range e.step.Op.Spaces() {
		if len(p.plates[ns]) > 0 {
			p.deeds[ns] = append(p.deeds[ns], deed{e.seq, e.strand, e.step.Op})
		}
	}
}

// touchAlong notes what goes with something that is deleted, also in other
// namespaces: what brings it back tells.
func (p *past) touchAlong(e entry, undo []host.Op) {
	for _, op := range undo {
		if op, ok := op.(host.LinkExhume); ok {
			p.touch(entry{seq: e.seq, strand: e.strand, step: Step{Op: op}})
		}
	}
}

// newest returns the last mark that a strand may roll back to.
func (p *past) newest(s *strand) int {
	at := 0
	for _, m := range p.marks {
		if s.inside(m.strand) {
			at = max(at, m.at)
		}
	}
	return at
}

// plate finds the picture that a rollback to a mark goes by: the first that was
// taken behind it.
func (p *past) plate(ns string, mark int) (plate, bool) {
	i := slices.IndexFunc(p.plates[ns], func(pl plate) bool { return pl.before > mark })
	if i < 0 {
		return plate{}, false
	}
	return p.plates[ns][i], true
}

// A view is a namespace as it was at a mark, with what was done to it since.
type view struct {
	ns      string
	picture host.Picture
	ops     host.Ops
}

// views are those that a strand's rollback to a mark goes by. Where others have
// been at work too it cannot be told what is whose.
func (p *past) views(mark int, s *strand) []view {
	var list []view
	for _, ns := range slices.Sorted(maps.Keys(p.deeds)) {
		pl, ok := p.plate(ns, mark)
		if !ok {
			continue
		}
		v, alone := view{ns: ns, picture: host.Picture{Data: pl.data}}, true
		for _, c := range p.closeups[ns] {
			if c.before > mark {
				v.picture.Closeups = append(v.picture.Closeups, c.data)
			}
		}
		for name, seq := range pl.made {
			if seq > mark {
				v.picture.Without = append(v.picture.Without, name)
			}
		}
		for _, d := range p.deeds[ns] {
			if d.seq > mark {
				v.ops = append(v.ops, d.op)
				alone = alone && d.strand.inside(s)
			}
		}
		if len(v.ops) > 0 && alone {
			slices.Sort(v.picture.Without)
			list = append(list, v)
		}
	}
	return list
}

// leave forgets marks, and returns the pictures that nothing goes by any more.
func (p *past) leave(gone func(mark) bool) (files []string) {
	p.marks = slices.DeleteFunc(p.marks, gone)
	for ns, plates := range p.plates {
		needed := map[int]bool{} // by place
		for _, m := range append([]mark{{}}, p.marks...) {
			needed[slices.IndexFunc(plates, func(pl plate) bool { return pl.before > m.at })] = true
		}
		var kept []plate
		for i, pl := range plates {
			if needed[i] {
				kept = append(kept, pl)
			} else {
				files = append(files, pl.file)
			}
		}
		p.plates[ns] = kept
	}
	return files
}
