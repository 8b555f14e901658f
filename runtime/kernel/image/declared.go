package image

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"vnet/runtime/host"
)

// A Residue is something that the kernel lets nobody bring back. It is not
// counted as left by a rollback.
type Residue struct {
	What, Why string
}

// Residues are all there are. The package's tests hold Restore to these.
var Residues = []Residue{
	{"that a MAC address was not set by hand (sysfs: addr_assign_type)",
		"setting it back is setting it by hand (net/core/dev_addr_lists.c: dev_set_mac_address); a bridge whose MAC was set does not follow its ports any more"},
	{"that a bridge or a bond never had a port (its bridge id of zeros, its carrier, its limits of segmentation)",
		"they change with the first port and with the last one that goes (net/bridge/br_stp_if.c: br_stp_recalculate_bridge_id, br_stp.c: br_port_state_selection, br_if.c: br_set_gso_limits, drivers/net/bonding/bond_main.c: bond_compute_features)"},
	{"that nothing was ever heard of a link's carrier (its operstate: unknown, and not up)",
		"it is up with the first news of a carrier, as when a bridge gets a port back, and cannot be set to unknown (net/core/link_watch.c: rfc2863_policy, rtnetlink.c: set_operstate)"},
	{"that a bridge has no MAC address any more, which its last port has taken along",
		"it can be set, and not taken away (br_stp_if.c: br_stp_recalculate_bridge_id; dev_set_mac_address wants a valid one)"},
	{"that a kernel module had not been loaded (the parameters that it brings to every namespace, as nf_conntrack does)",
		"they go with the module alone, which is the whole machine's, and which anybody may have needed meanwhile (net/netfilter/nf_conntrack_standalone.c: nf_conntrack_standalone_init_sysctl)"},
}

// declared compares what is there with what shall be, and leaves out Residues:
// a bridge or bond without ports, and what leads over it, is compared by its settings
// only. So are links that were not ready yet.
func declared(want, is *Image, form Form, late map[string]bool) []string {
	empty := want.portless()
	compare := func(form Form, about bool) []string {
		of := func(v *view) Fingerprint {
			return slices.DeleteFunc(v.fingerprint(), func(e Entry) bool {
				return about != slices.ContainsFunc(e.links, func(l string) bool { return empty[l] || late[l] })
			})
		}
		was, now := unlike(want, is, form)
		return Diff(of(was), of(now))
	}
	diff := compare(form, false)
	if len(empty)+len(late) > 0 {
		diff = append(diff, compare(settings, true)...)
	}
	blank := want.blank(is)
	return slices.DeleteFunc(diff, func(d string) bool {
		return strings.HasPrefix(d, "sysfs ") && strings.Contains(d, " addr_assign_type: ") ||
			strings.HasPrefix(d, "link ") && strings.HasSuffix(d, " operstate: 6, was 0") || // IF_OPER_UP, IF_OPER_UNKNOWN
			slices.ContainsFunc(blank, func(about string) bool { return strings.HasPrefix(d, about) })
	})
}

// blank gives how what is said of a MAC begins, with its entry in the forwarding
// table, for each bridge that shall have none.
func (img *Image) blank(now *Image) []string {
	var out []string
	is := map[int32]link{}
	for _, l := range now.links() {
		is[l.index] = l
	}
	for _, l := range img.links() {
		if l.kind == "bridge" && l.blank() {
			out = append(out, "link "+l.name+" mac: ", "fdb "+l.name+" "+mac(nil, find(is[l.index].attrs, unix.IFLA_ADDRESS))+" ")
		}
	}
	return out
}

// blank reports whether a link has a MAC of zeros.
func (l link) blank() bool {
	a := find(l.attrs, unix.IFLA_ADDRESS)
	return len(a) > 0 && !slices.ContainsFunc(a, func(b byte) bool { return b != 0 })
}

// portless are the bridges and bonds without a port.
func (img *Image) portless() map[string]bool {
	out := map[string]bool{}
	for _, l := range img.links() {
		if l.kind == "bridge" || host.Aggregates(l.kind) {
			out[l.name] = true
		}
	}
	names := newView(img, settings).names
	for _, l := range img.links() {
		delete(out, names[l.master])
	}
	return out
}
