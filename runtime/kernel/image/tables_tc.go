package image

// tcTable are the attributes of qdiscs, classes and filters (enum of
// TCA_UNSPEC), without what they count.
func tcTable(kind string, options map[string]table) table {
	return table{
		1: {"kind", text, always}, 2: {"options", keyed(kind, options), 0}, 3: {"stats", hexed, always},
		4: {"xstats", hexed, always}, 5: {"rate", hexed, always}, 7: {"stats2", hexed, always}, 8: {"stab", hexed, 0},
		11: {"chain", num, 0}, 12: {"hw_offload", num, 0}, 13: {"ingress_block", num, 0}, 14: {"egress_block", num, 0},
	}
}

var qdiscTables = map[string]table{
	"htb": {2: {"init", htbInit, 0}},
}

var classTables = map[string]table{
	"htb": {1: {"parms", hexed, 0}, 3: {"ctab", hexed, always}, 4: {"rtab", hexed, always}},
}

// htbInit shows struct tc_htb_glob without the count of packets that went
// past every class (sch_htb.c: htb_dump).
func htbInit(v *view, b []byte) string {
	if len(b) < 16 {
		return hexed(v, b)
	}
	return hexed(v, b[:16])
}

var filterTables = map[string]table{
	"u32": {
		1: {"classid", tcHandle, 0}, 2: {"hash", tcHandle, Portable}, 3: {"link", tcHandle, 0}, 4: {"divisor", num, 0},
		5: {"sel", hexed, 0}, 6: {"police", hexed, 0}, 7: {"action", actions, 0}, 8: {"indev", text, 0},
		9: {"pcnt", hexed, always}, 10: {"mark", u32Mark, 0}, 11: {"flags", masked(0x8 | 0x4), 0},
	},
	"matchall": {1: {"classid", tcHandle, 0}, 2: {"action", actions, 0}, 3: {"flags", masked(0x8 | 0x4), 0}, 4: {"pcnt", hexed, always}},
	"basic":    {1: {"classid", tcHandle, 0}, 2: {"ematches", hexed, 0}, 3: {"action", actions, 0}, 5: {"pcnt", hexed, always}},
	"bpf":      {1: {"action", actions, 0}, 3: {"classid", tcHandle, 0}},
	"fw":       {1: {"classid", tcHandle, 0}, 4: {"action", actions, 0}},
	"flower":   {1: {"classid", tcHandle, 0}, 3: {"action", actions, 0}, 22: {"flags", masked(0x8 | 0x4), 0}, 86: {"in_hw_count", num, always}},
}

// u32Mark shows struct tc_u32_mark without the count of hits.
func u32Mark(v *view, b []byte) string { return hexed(v, b[:min(8, len(b))]) }

// actionTables are the parameters of actions by kind. What begins as
// tc_gen (linux/pkt_cls.h) counts its users.
var actionTables = map[string]table{
	"mirred":  {1: {"tm", hexed, always}, 2: {"parms", mirredParms, 0}},
	"gact":    {1: {"tm", hexed, always}, 2: {"parms", genericParms, 0}},
	"police":  {2: {"parms", genericParms, 0}, 8: {"tm", hexed, always}},
	"skbedit": {1: {"tm", hexed, always}, 2: {"parms", genericParms, 0}},
	"vlan":    {1: {"tm", hexed, always}, 2: {"parms", genericParms, 0}},
	"nat":     {1: {"parms", genericParms, 0}, 2: {"tm", hexed, always}},
	"pedit":   {1: {"tm", hexed, always}, 2: {"parms", genericParms, 0}},
	"bpf":     {1: {"tm", hexed, always}, 2: {"parms", genericParms, 0}},
}

// actions shows a list of actions in their order (enum of TCA_ACT_UNSPEC).
func actions(v *view, b []byte) string {
	out := ""
	each(b, func(_ uint16, action []byte) {
		kind := cString(find(action, 1))
		out += "[" + kind + nest(table{
			1: {"kind", text, always}, 2: {"options", keyed(kind, actionTables), 0}, 3: {"index", num, Portable},
			4: {"stats", hexed, always}, 7: {"flags", hexed, 0}, 9: {"used_hw_stats", hexed, always}, 10: {"in_hw_count", num, always},
		})(v, action) + "]"
	})
	return out
}

// genericParms shows tc_gen { index, capab, action, refcnt, bindcnt } and what
// follows, without the counts, and the index where it is the kernel's.
func genericParms(v *view, b []byte) string {
	if len(b) < 20 {
		return hexed(v, b)
	}
	c := append([]byte(nil), b...)
	clear(c[12:20])
	if v.form&Portable != 0 {
		clear(c[:4])
	}
	return hexed(v, c)
}

// mirredParms shows struct tc_mirred with the name of the link.
func mirredParms(v *view, b []byte) string {
	if len(b) < 28 {
		return hexed(v, b)
	}
	to := ""
	if !v.blind {
		to = linkName(v, b[24:28])
	}
	return genericParms(v, b[:24]) + ">" + to
}

func tcHandle(v *view, b []byte) string { return handle(u32of(b)) }
