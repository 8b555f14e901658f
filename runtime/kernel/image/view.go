package image

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A Form says what a fingerprint is for.
type Form uint

const (
	// Strict tells two states of one namespace apart: everything but clocks,
	// counters, and what the kernel learns from traffic.
	Strict Form = 1 << iota
	// Indexed is Strict with the numbers of links, which a link that was
	// deleted and made anew does not get back.
	Indexed
	// Portable tells two builds of a network apart: without MACs, numbers of
	// links, handles, queues, and what the kernel derives from them.
	Portable
	// settings are what can be restored: without what follows from carrier.
	settings

	always = Strict | Indexed | Portable | settings
)

// A spec says how an attribute is shown, and in which forms it is left out.
type spec struct {
	name string
	show shape
	omit Form
}

type table map[uint16]spec

// A shape puts the bytes of an attribute into a word without spaces.
type shape func(v *view, b []byte) string

// A view shows an image in one form.
type view struct {
	img   *Image
	form  Form
	names map[int32]string
	blind bool // does not show where filters send packets
}

func newView(img *Image, form Form) *view {
	v := &view{img: img, form: form, names: map[int32]string{0: "-"}}
	for _, l := range img.links() {
		v.names[l.index] = l.name
	}
	return v
}

// link gives the name of a link by its number.
func (v *view) link(index int32) string {
	if name, ok := v.names[index]; ok {
		return name
	}
	return "#" + strconv.Itoa(int(index))
}

// A pair is an attribute, shown.
type pair struct{ name, value string }

// pairs shows attributes, sorted by their numbers; those that come more than
// once stay in their order. Those without a name are shown too.
func (v *view) pairs(t table, b []byte) []pair {
	type numbered struct {
		kind uint16
		pair
	}
	var list []numbered
	each(b, func(kind uint16, data []byte) {
		s, known := t[kind]
		if !known {
			s = spec{name: fmt.Sprintf("attr%d", kind), show: guess}
		}
		if s.omit&v.form != 0 {
			return
		}
		list = append(list, numbered{kind, pair{s.name, s.show(v, data)}})
	})
	slices.SortStableFunc(list, func(a, b numbered) int { return int(a.kind) - int(b.kind) })
	out := make([]pair, len(list))
	for i, n := range list {
		out[i] = n.pair
	}
	return out
}

// words shows attributes in a line.
func (v *view) words(t table, b []byte) string {
	var words []string
	for _, p := range v.pairs(t, b) {
		words = append(words, p.name+"="+p.value)
	}
	return strings.Join(words, " ")
}

// guess shows what is not known: short ones are numbers more often than not.
func guess(v *view, b []byte) string {
	switch len(b) {
	case 1, 2, 4, 8:
		return num(v, b)
	}
	return hexed(v, b)
}

func num(v *view, b []byte) string {
	switch len(b) {
	case 1:
		return strconv.Itoa(int(b[0]))
	case 2:
		return strconv.Itoa(int(native.Uint16(b)))
	case 4:
		return strconv.FormatUint(uint64(native.Uint32(b)), 10)
	case 8:
		return strconv.FormatUint(native.Uint64(b), 10)
	}
	return hexed(v, b)
}

// net16 is a number in the order of the net.
func net16(v *view, b []byte) string {
	if len(b) != 2 {
		return hexed(v, b)
	}
	return strconv.Itoa(int(b[0])<<8 | int(b[1]))
}

func hexed(_ *view, b []byte) string { return fmt.Sprintf("0x%x", b) }

func text(_ *view, b []byte) string {
	s := cString(b)
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 127 || r == '"' }) {
		return strconv.Quote(s)
	}
	return s
}

func address(v *view, b []byte) string {
	if a, ok := netip.AddrFromSlice(b); ok {
		return a.String()
	}
	return hexed(v, b)
}

func mac(v *view, b []byte) string {
	if len(b) != 6 {
		return hexed(v, b)
	}
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5])
}

func linkName(v *view, b []byte) string { return v.link(int32(u32of(b))) }

func flagged(*view, []byte) string { return "yes" }

// nest shows attributes inside an attribute.
func nest(t table) shape {
	return func(v *view, b []byte) string {
		return "{" + strings.ReplaceAll(v.words(t, b), " ", ",") + "}"
	}
}

// vector shows an array of 32-bit numbers, those that are not zero, by their
// place.
func vector(_ *view, b []byte) string {
	var words []string
	for i := 0; i+4 <= len(b); i += 4 {
		if n := int32(native.Uint32(b[i:])); n != 0 {
			words = append(words, fmt.Sprintf("%d:%d", i/4, n))
		}
	}
	return strings.Join(words, ",")
}

// masked shows a number without some bits.
func masked(drop uint32) shape {
	return func(_ *view, b []byte) string { return fmt.Sprintf("%#x", u32of(b)&^drop) }
}

// keyed shows attributes whose numbers mean something else for each kind of
// qdisc, class, filter or action.
func keyed(kind string, tables map[string]table) shape { return nest(tables[kind]) }
