package image

import (
	"context"
	"slices"

	"golang.org/x/sys/unix"
)

// repeatable are the qdiscs that can be made from what the kernel tells of
// them. Of the others some want what it does not tell, as red does with its
// table of idle times (TCA_RED_STAB in net/sched/sch_red.c).
var repeatable = map[string]bool{
	"pfifo": true, "bfifo": true, "pfifo_head_drop": true, "pfifo_fast": true, "tbf": true, "htb": true, "netem": true,
	"ingress": true, "clsact": true, "prio": true, "sfq": true, "codel": true, "fq_codel": true, "fq": true, "cake": true, "pie": true,
	"hfsc": true, "drr": true, "qfq": true, "ets": true, "noqueue": true, "mq": true,
}

// Unrepeatable names what of a link's traffic control could not be put back if
// it was lost, as it is when the link goes to another namespace
// (dev_shutdown in net/core/dev.c: __dev_change_net_namespace).
func Unrepeatable(ctx context.Context, ns int, index int) (lost []string, err error) {
	err = inside(ns, func() error {
		c, err := open()
		if err != nil {
			return err
		}
		defer c.close()
		img := &Image{Dumps: map[section][]Message{}}
		list, err := c.route.dump(unix.RTM_GETQDISC, qdiscHeader())
		if err != nil {
			return err
		}
		img.Dumps[secQdisc] = slices.DeleteFunc(list, func(m Message) bool { return dev(m) != int32(index) })
		if err := c.takeTraffic(img); err != nil {
			return err
		}
		lost = img.unrepeatable()
		return nil
	})
	return lost, err
}

func (img *Image) unrepeatable() (lost []string) {
	for _, m := range img.Dumps[secQdisc] {
		t := tcOf(m)
		kind := cString(find(t.attrs, tcaKind))
		switch {
		case t.handle == 0: // the kernel's own, which it makes again
		case !repeatable[kind]:
			lost = append(lost, "qdisc "+kind)
		case sized(t.attrs):
			lost = append(lost, "the size table of qdisc "+kind)
		}
	}
	for _, m := range img.Dumps[secFilter] {
		t := tcOf(m)
		kind := cString(find(t.attrs, tcaKind))
		spec, known := filterTables[kind]
		options := find(t.attrs, tcaOptions)
		if t.handle == 0 && len(options) == 0 {
			continue // the head of a list
		}
		if !known || kind == "bpf" && find(options, bpfOps) == nil {
			lost = append(lost, "filter "+kind)
			continue
		}
		each(options, func(attr uint16, data []byte) {
			if spec[attr].name == "police" {
				lost = append(lost, "the police of filter "+kind)
			}
			if spec[attr].name == "action" {
				each(data, func(_ uint16, action []byte) {
					if kind := cString(find(action, 1)); !repeats(kind, action) {
						lost = append(lost, "action "+kind)
					}
				})
			}
		})
	}
	slices.Sort(lost)
	return slices.Compact(lost)
}

const (
	bpfOps    = 5 // TCA_BPF_OPS: classic; a program of eBPF is known to who loaded it
	bpfActOps = 4 // TCA_ACT_BPF_OPS
	tcaStab   = 8
)

// sized reports whether a qdisc has a table of sizes, which is not told
// (qdisc_dump_stab in net/sched/sch_api.c): tsize of struct tc_sizespec.
func sized(attrs []byte) bool {
	base := find(attrs, tcaStab, 1) // TCA_STAB_BASE
	return len(base) >= 24 && native.Uint32(base[20:]) > 0
}

// repeats reports whether an action can be made from what is told of it. One
// that polices wants its table of rates (tcf_police_init).
func repeats(kind string, action []byte) bool {
	_, known := actionTables[kind]
	switch kind {
	case "police":
		return false
	case "bpf":
		return find(action, 2, bpfActOps) != nil
	}
	return known
}
