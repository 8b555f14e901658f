package kernel

import (
	"slices"
	"testing"
)

// Whatever one begins with, all names come.
func TestOutward(t *testing.T) {
	for _, list := range [][]string{nil, {"a"}, {"a", "b"}, {"a", "h2", "h10", "z"}} {
		slices.SortFunc(list, byNumber)
		for _, from := range []string{"", "a", "b", "h2", "h5", "host", "z", "zz"} {
			for _, last := range []string{"", "a", "host", "zz"} {
				seen := map[string]bool{}
				for ns := range (roll{list: list}).outward(from, last) {
					seen[ns] = true
				}
				if len(seen) != len(list) {
					t.Errorf("of %q those from %q and %q on are %v", list, from, last, seen)
				}
			}
		}
	}
}
