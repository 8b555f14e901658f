package image

import (
	"strings"
	"testing"
)

// Ports have their numbers again, in whatever order they have left, also where
// numbers below are free, and where a recovery was killed in the middle. A port that
// was not touched keeps its own.
func TestRestorePortNumbers(t *testing.T) {
	t.Parallel()
	for name, did := range map[string]string{
		"one":              "ip link set i3 nomaster",
		"two":              "ip link set i2 nomaster; ip link set i4 nomaster; ip link set i4 master b9",
		"stopgaps left":    "ip link set i4 nomaster; ip link add ~port0a type veth peer name ~port0b; ip link set ~port0b master b9",
		"nothing but them": "ip link add ~port0a type veth peer name ~port0b; ip link set ~port0b master b9",
		"number taken":     "ip link set i5 nomaster; ip link set i1 master b9; ip link set i6 master b9; ip link set i5 master b9",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.Script("ip link add b9 type bridge; ip link set b9 up; for i in 1 2 3 4 5 6; do ip link add i$i type ifb; ip link set i$i up master b9; done")
			l.Script("ip link set i1 nomaster; ip link set i3 nomaster; ip link set i6 nomaster; ip link set i3 master b9; ip link set i3 mtu 1400; bridge link set dev i4 cost 9")
			pre := l.settled()
			l.Script(did)
			set := WriteSet{Links: []LinkRef{{Name: "i2"}, {Name: "i3"}, {Name: "i4"}, {Name: "i5"}}}
			residue := strings.Join(l.restore(t, pre, set), "\n")
			if name == "number taken" {
				if !strings.Contains(residue, "link i5 bridge port no: 6, was 5") {
					t.Errorf("residue:\n%s", residue)
				}
				return
			}
			if residue != "" {
				t.Errorf("residue:\n%s", residue)
			}
			l.same(t, pre)
		})
	}
}
