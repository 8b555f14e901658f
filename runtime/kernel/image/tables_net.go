package image

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// addrTable are the attributes of an address (linux/if_addr.h). What decides
// which address it is stands at the head of its line.
var addrTable = table{
	unix.IFA_ADDRESS:   {"address", address, always},
	unix.IFA_LOCAL:     {"local", address, always},
	unix.IFA_LABEL:     {"label", text, 0},
	unix.IFA_BROADCAST: {"broadcast", address, 0},
	unix.IFA_CACHEINFO: {"lifetime", lifetimes, 0},
	unix.IFA_FLAGS:     {"flags", masked(unix.IFA_F_TENTATIVE | unix.IFA_F_OPTIMISTIC | unix.IFA_F_DEPRECATED), 0},
	9:                  {"metric", num, 0},
	11:                 {"proto", num, 0},
}

// lifetimes tells only whether an address expires: the rest is a clock.
func lifetimes(_ *view, b []byte) string {
	if len(b) < 8 {
		return "?"
	}
	word := func(b []byte) string {
		if native.Uint32(b) == forever {
			return "forever"
		}
		return "finite"
	}
	return word(b) + "/" + word(b[4:])
}

// routeTable are the attributes of a route (linux/rtnetlink.h).
var routeTable = table{
	unix.RTA_DST:        {"dst", address, always},
	unix.RTA_TABLE:      {"table", num, always},
	unix.RTA_PRIORITY:   {"metric", num, always},
	unix.RTA_SRC:        {"from", address, 0},
	unix.RTA_IIF:        {"iif", linkName, 0},
	unix.RTA_OIF:        {"dev", linkName, 0},
	unix.RTA_GATEWAY:    {"via", address, 0},
	unix.RTA_PREFSRC:    {"src", address, 0},
	unix.RTA_METRICS:    {"metrics", nest(table{}), 0},
	unix.RTA_FLOW:       {"realm", num, 0},
	unix.RTA_CACHEINFO:  {"expires", expiry, 0},
	unix.RTA_PREF:       {"pref", num, 0},
	unix.RTA_VIA:        {"via", hexed, 0},
	unix.RTA_NEWDST:     {"newdst", hexed, 0},
	unix.RTA_ENCAP_TYPE: {"encap_type", num, 0},
	unix.RTA_ENCAP:      {"encap", hexed, 0},
	30:                  {"nhid", num, 0},
}

// mplsTable is that of routes by label.
var mplsTable = table{
	unix.RTA_DST:    {"label", hexed, always},
	unix.RTA_TABLE:  {"table", num, always},
	unix.RTA_OIF:    {"dev", linkName, 0},
	unix.RTA_VIA:    {"via", hexed, 0},
	unix.RTA_NEWDST: {"as", hexed, 0},
}

// The multipath attribute holds attributes of routes again.
func init() {
	routeTable[unix.RTA_MULTIPATH] = spec{"nexthops", hops(routeTable), 0}
	mplsTable[unix.RTA_MULTIPATH] = spec{"nexthops", hops(mplsTable), 0}
}

// expiry tells only whether a route expires (struct rta_cacheinfo).
func expiry(_ *view, b []byte) string {
	if len(b) >= 12 && native.Uint32(b[8:]) != 0 {
		return "finite"
	}
	return "never"
}

// hops shows struct rtnexthop, one after the other.
func hops(t table) shape {
	return func(v *view, b []byte) string {
		out := ""
		eachHop(b, func(hop, attrs []byte) {
			out += fmt.Sprintf("[dev=%s,weight=%d,flags=%#x,%s]", v.link(int32(native.Uint32(hop[4:]))), int(hop[3])+1,
				uint32(hop[2])&^v.passingHop(), nest(t)(v, attrs))
		})
		return out
	}
}

// eachHop goes through the hops of a multipath route.
func eachHop(b []byte, see func(hop, attrs []byte)) {
	for len(b) >= unix.SizeofRtNexthop {
		size := int(native.Uint16(b))
		if size < unix.SizeofRtNexthop || size > len(b) {
			return
		}
		see(b[:unix.SizeofRtNexthop], b[unix.SizeofRtNexthop:size])
		b = b[min(align(size), len(b)):]
	}
}

// Flags of routes and hops that say what became of them, and cannot be asked
// for (RTNH_F_DEAD, LINKDOWN, OFFLOAD, UNRESOLVED, TRAP; RTM_F_CLONED, OFFLOAD…).
const (
	hopDead       = unix.RTNH_F_DEAD | unix.RTNH_F_LINKDOWN
	hopPassing    = unix.RTNH_F_OFFLOAD | unix.RTNH_F_UNRESOLVED | 0x40
	routeDecorate = 0x100 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000 | 0x20000000
)

func (v *view) passingHop() uint32 {
	if v.form&(Portable|settings) != 0 {
		return hopDead | hopPassing
	}
	return hopPassing
}

// ruleTable are the attributes of a rule (linux/fib_rules.h).
var ruleTable = table{
	unix.FRA_DST: {"to", address, 0}, unix.FRA_SRC: {"from", address, 0},
	unix.FRA_IIFNAME: {"iif", text, 0}, unix.FRA_OIFNAME: {"oif", text, 0},
	unix.FRA_PRIORITY: {"priority", num, always}, unix.FRA_FWMARK: {"mark", num, 0}, unix.FRA_FWMASK: {"mask", num, 0},
	unix.FRA_TABLE: {"table", num, 0}, unix.FRA_GOTO: {"goto", num, 0},
	unix.FRA_SUPPRESS_PREFIXLEN: {"suppress_prefixlength", num, 0}, unix.FRA_SUPPRESS_IFGROUP: {"suppress_ifgroup", num, 0},
	unix.FRA_L3MDEV: {"l3mdev", num, 0}, unix.FRA_UID_RANGE: {"uids", hexed, 0}, unix.FRA_PROTOCOL: {"proto", num, 0},
	unix.FRA_IP_PROTO: {"ip_proto", num, 0}, unix.FRA_SPORT_RANGE: {"sports", hexed, 0}, unix.FRA_DPORT_RANGE: {"dports", hexed, 0},
}

// nexthopTable are the attributes of a nexthop object (linux/nexthop.h).
var nexthopTable = table{
	1: {"id", num, always}, 2: {"group", groupMembers, 0}, 3: {"type", num, 0}, 4: {"blackhole", flagged, 0}, 5: {"dev", linkName, 0},
	6: {"via", address, 0}, 7: {"encap_type", num, 0}, 8: {"encap", hexed, 0}, 11: {"fdb", flagged, 0},
	12: {"resilient", nest(table{4: {"unbalanced_timer", num, always}, 5: {"unbalanced_time", num, always}}), 0},
}

// groupMembers shows struct nexthop_grp, one after the other.
func groupMembers(_ *view, b []byte) string {
	out := ""
	for ; len(b) >= 8; b = b[8:] {
		out += "[" + strconv.Itoa(int(native.Uint32(b))) + "*" + strconv.Itoa((int(b[4])|int(b[5])<<8)+1) + "]"
	}
	return out
}

// neighTable are the attributes of a neighbour, and of an entry of a
// forwarding table (linux/neighbour.h).
var neighTable = table{
	unix.NDA_DST: {"to", address, 0}, unix.NDA_LLADDR: {"mac", mac, 0}, unix.NDA_CACHEINFO: {"cache", hexed, always},
	unix.NDA_PROBES: {"probes", num, always}, unix.NDA_VLAN: {"vlan", num, 0}, unix.NDA_PORT: {"port", net16, 0},
	unix.NDA_VNI: {"vni", num, 0}, unix.NDA_IFINDEX: {"via", linkName, 0}, unix.NDA_MASTER: {"master", linkName, 0},
	unix.NDA_SRC_VNI: {"src_vni", num, 0}, 12: {"proto", num, 0}, 13: {"nhid", num, 0},
	15: {"flags_ext", num, 0},
}

// forever is a lifetime that does not end (INFINITY_LIFE_TIME).
const forever = 0xffffffff
