package image

import (
	"slices"
	"strings"
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
	{"that a bridge never had a port (its bridge id of zeros, its carrier, its limits of segmentation)",
		"they change with the first port and with the last one that goes (net/bridge/br_stp_if.c: br_stp_recalculate_bridge_id, br_stp.c: br_port_state_selection, br_if.c: br_set_gso_limits)"},
}

// declared compares what is there with what shall be, and leaves out Residues:
// a bridge without ports, and what leads over it, is compared by its settings
// only. So are links that were not ready yet.
func declared(want, is *Image, form Form, late map[string]bool) []string {
	empty := want.emptyBridges()
	of := func(img *Image, form Form, about bool) Fingerprint {
		return slices.DeleteFunc(img.Fingerprint(form), func(e Entry) bool {
			return about != slices.ContainsFunc(e.links, func(l string) bool { return empty[l] || late[l] })
		})
	}
	diff := Diff(of(want, form, false), of(is, form, false))
	if len(empty)+len(late) > 0 {
		diff = append(diff, Diff(of(want, settings, true), of(is, settings, true))...)
	}
	return slices.DeleteFunc(diff, func(d string) bool {
		return strings.HasPrefix(d, "sysfs ") && strings.Contains(d, " addr_assign_type: ")
	})
}

// emptyBridges are those without a port.
func (img *Image) emptyBridges() map[string]bool {
	out := map[string]bool{}
	for _, l := range img.links() {
		if l.kind == "bridge" {
			out[l.name] = true
		}
	}
	names := newView(img, settings).names
	for _, l := range img.links() {
		delete(out, names[l.master])
	}
	return out
}
