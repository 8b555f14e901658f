package image

import (
	"strings"
	"testing"
)

// A port that leaves its bridge and comes back has its VLANs again, and so has
// the bridge, where the kernel can filter them.
func TestPortVLANs(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"left and back":   "ip link set v0 nomaster; ip link set v0 master br0",
		"left":            "ip link set v0 nomaster",
		"others":          "bridge vlan del dev v0 vid 10; bridge vlan add dev v0 vid 20 pvid; bridge vlan add dev v0 vid 50",
		"the bridge's":    "bridge vlan add dev br0 vid 60 self; bridge vlan del dev br0 vid 30 self",
		"filtering off":   "ip link set br0 type bridge vlan_filtering 0",
		"another pvid":    "ip link set br0 type bridge vlan_default_pvid 7",
		"gone and tagged": "bridge vlan del dev v0 vid 1; bridge vlan add dev v0 vid 10",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			o := l.Try("sh", "-e", "-c", `ip link add br0 type bridge vlan_filtering 1
				ip link add v0 type veth peer name v1; ip link set v0 master br0
				for d in br0 v0 v1; do ip link set $d up; done
				bridge vlan add dev v0 vid 10 pvid untagged; bridge vlan add dev v0 vid 20; bridge vlan add dev br0 vid 30 self`)
			if o.Status != 0 {
				t.Skip("needs a kernel that filters VLANs on bridges:", o.Err)
			}
			pre := l.settled()
			l.Script(script)
			if residue := l.restore(t, pre, WriteSet{Links: []LinkRef{{Name: "v0"}, {Name: "br0"}}}); len(residue) > 0 {
				t.Error("residue:\n", strings.Join(residue, "\n"))
			}
			l.same(t, pre)
		})
	}
}
